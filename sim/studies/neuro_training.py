"""From simulated tracks, and real ones of a file, to a frozen network: training, integers, record, curves; resumable."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.files import atomic, check_output
from sim.parts import Interrupted
from sim.progress import progress
from sim.provenance import file_digest, stamp
from sim.studies.neuro_samples import NeuroRecipe, real_kinematics, training_sample
from sim.studies.tables import Table, write
from trigger.digest import canonical, digest
from trigger.errors import InputError
from trigger.networks import FrozenNetwork, save_network

if TYPE_CHECKING:
    from hls.data import RealTracks
    from hls.plans import Outcome, Plan
    from hls.sets import TrainingSet


@dataclass(frozen=True, kw_only=True)
class TrainRequest:
    """tracks: file of real tracks, None = simulated ones alone. out: network to write (.npz). runs: only events of these; all by
    default. everything: the part kept aside is trained on as well."""

    out: Path
    plan: Plan
    tracks: Path | None = None
    recipe: NeuroRecipe = field(default_factory=NeuroRecipe)
    runs: tuple[int, ...] = ()
    everything: bool = False
    overwrite: bool = False


def train_network(request: TrainRequest) -> FrozenNetwork:
    """Train, freeze and write a network, with its curves beside it; after an interruption the same request goes on.

    Events that are kept aside by hash are not looked at, unless asked for. InputError for a bad file, an unknown run, an output
    that exists. On KeyboardInterrupt, `Interrupted` says what is kept.
    """
    out = check_output(request.out, overwrite=request.overwrite, suffixes=(".npz",))
    chosen = None if request.tracks is None else training_part(request.tracks, request)
    folder = out.with_name(f".{out.name}.train")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        simulated = training_sample(request.recipe, None if chosen is None else real_kinematics(chosen), folder)
        with progress("training", request.plan.epochs, unit="epochs") as advance:
            outcome = request.plan.run(simulated, _real(chosen), folder, lambda _, __: advance(1))
    except KeyboardInterrupt as error:
        msg = f"interrupted; what is done is kept in {folder}: the same command goes on"
        raise Interrupted(msg) from error
    seen = np.zeros(0, np.uint64) if chosen is None else np.unique(chosen.event_hash)
    frozen = FrozenNetwork(network=outcome.network, record=_record(request, chosen, len(simulated), outcome), seen_events=seen)
    write_trained(out, frozen)
    shutil.rmtree(folder)
    return frozen


def write_trained(out: Path, frozen: FrozenNetwork) -> None:
    """Write a network, and its curves beside it."""
    with atomic(out) as temporary:
        save_network(temporary, frozen)
    curves = learning_curves(frozen, f"{out.stem}_curves")
    write(curves, out.parent)
    plot_curves(curves, out.parent / f"{curves.name}.png")


def training_part(path: Path, request: TrainRequest) -> RealTracks:
    """The rows of the file that the training sees."""
    from hls.data import kept_aside, read_tracks

    tracks = read_tracks(path)
    unknown = sorted(set(request.runs) - set(tracks.run.tolist()))
    if unknown:
        msg = f"{path}: has no run {unknown[0]}; it has {', '.join(map(str, sorted(set(tracks.run.tolist()))))}"
        raise InputError(msg)
    wanted = np.isin(tracks.run, request.runs) if request.runs else np.ones(len(tracks), np.bool_)
    if not request.everything:
        wanted &= ~kept_aside(tracks)
    if not wanted.any():
        msg = f"{path}: no event is left to train on"
        raise InputError(msg)
    return tracks.select(wanted)


def learning_curves(frozen: FrozenNetwork, name: str) -> Table:
    """The history of a training as the table `name`, a row per epoch; cells that an epoch does not have are empty."""
    history = frozen.record["history"]
    columns = tuple(dict.fromkeys(column for row in history for column in row))
    return Table(
        name=name,
        title=f"Training of a network, {frozen.family} family",
        columns=columns,
        rows=tuple(tuple(row.get(column) for column in columns) for row in history),
        notes=("loss: of what is trained on, cost of bits included; validation: simulated, undistorted, not trained on",),
        stamp=dict(frozen.record["stamp"]) | {"network": frozen.digest},
    )


def plot_curves(curves: Table, path: Path) -> None:
    """Picture of losses against epochs, and of bit operations where the family has them."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    panels = ["loss", *(name for name in ("bit_operations",) if name in curves.columns)]
    figure, axes = plt.subplots(
        len(panels), 1, sharex=True, squeeze=False, figsize=(7, 1 + 2.5 * len(panels)), layout="constrained"
    )
    epochs = np.array(curves.column("epoch"), dtype=float)
    for panel, axis in zip(panels, axes[:, 0], strict=True):
        for name in (name for name in curves.columns if name.endswith(panel)):
            axis.plot(epochs, np.array(curves.column(name), dtype=float), label=name.replace("_", " "))
        axis.set_ylabel(panel.replace("_", " "))
    axes[0, 0].legend()
    axes[-1, 0].set_xlabel("epoch")
    figure.text(0.99, 0.005, f"network {curves.stamp['network'][:12]}", ha="right", fontsize=7)
    with atomic(path) as temporary:
        figure.savefig(temporary, dpi=120)
    plt.close(figure)


def _real(chosen: RealTracks | None) -> TrainingSet:
    """The real tracks of a training, none without a file."""
    from hls.sets import TrainingSet, real_training_set

    return TrainingSet.empty() if chosen is None else real_training_set(chosen)


def _record(request: TrainRequest, chosen: RealTracks | None, n_simulated: int, outcome: Outcome) -> dict[str, Any]:
    """Everything that a reader may ask about the training, plain JSON values."""
    parts = {"design": request.plan.design, "training": request.plan.training, "recipe": request.recipe}
    digests = {} if request.tracks is None else {"tracks": file_digest(request.tracks)}
    labels = {"runs": list(request.runs) or "all", "kept_aside": "nothing" if request.everything else "3/10 of the events"}
    made_by = stamp(
        "train",
        seed=request.plan.training.seed,
        digests=digests | {name: digest(part) for name, part in parts.items()},
        labels={"tracks": "simulated alone"} if chosen is None else labels,
        packages=("tensorflow", "keras", "HGQ2"),
    )
    counts = {
        "real_rows": 0 if chosen is None else len(chosen),
        "real_tracks": 0 if chosen is None else len(chosen.first_of_track),
        "real_events": 0 if chosen is None else len(np.unique(chosen.event_number)),
        "simulated_tracks": n_simulated,
    }
    settings = {name: json.loads(json.dumps(canonical(part))) for name, part in parts.items()}
    head = {"stamp": made_by, "counts": counts, "settings": settings, "runs_on": outcome.runs_on}
    return head | outcome.notes | {"history": list(outcome.history)}
