"""From a file of real tracks to a frozen network: simulated sample, training, integers, record, curves; resumable."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.files import atomic, check_output
from sim.parts import Interrupted
from sim.progress import progress
from sim.provenance import file_digest, stamp
from sim.studies.neuro_samples import Kinematics, NeuroRecipe, make_block, real_kinematics
from sim.studies.tables import Table, write
from trigger.digest import canonical, digest
from trigger.errors import InputError
from trigger.networks import FrozenNetwork, save_network

if TYPE_CHECKING:
    from hls.data import RealTracks
    from hls.networks import CodesignDesign
    from hls.sets import TrainingSet
    from hls.train import Training

_SET = ("x_raw", "z_cm", "theta_deg", "weight")


@dataclass(frozen=True, kw_only=True)
class TrainRequest:
    """tracks: file of real tracks. out: network to write (.npz). runs: only events of these; all by default. everything: the part
    kept aside is trained on as well."""

    tracks: Path
    out: Path
    design: CodesignDesign
    training: Training
    recipe: NeuroRecipe = field(default_factory=NeuroRecipe)
    runs: tuple[int, ...] = ()
    everything: bool = False
    overwrite: bool = False


def train_network(request: TrainRequest) -> FrozenNetwork:
    """Train, freeze and write a network, with its curves beside it; after an interruption the same request goes on.

    Events that are kept aside by hash are not looked at, unless asked for. InputError for a bad file, an unknown run, an output
    that exists. On KeyboardInterrupt, `Interrupted` says what is kept.
    """
    from hls.freeze import freeze
    from hls.sets import real_training_set
    from hls.train import train

    out = check_output(request.out, overwrite=request.overwrite, suffixes=(".npz",))
    chosen = training_part(request)
    folder = out.with_name(f".{out.name}.train")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        simulated = _simulated(request.recipe, real_kinematics(chosen), folder)
        epochs = request.training.float_epochs + request.training.epochs
        with progress("training", epochs, unit="epochs") as advance:
            trained = train(
                request.design, request.training, simulated, real_training_set(chosen), folder, lambda _, __: advance(1)
            )
    except KeyboardInterrupt as error:
        msg = f"interrupted; what is done is kept in {folder}: the same command goes on"
        raise Interrupted(msg) from error
    record = _record(request, chosen, len(simulated), trained.history, trained.runs_on)
    frozen = FrozenNetwork(network=freeze(trained.model, request.design), record=record, seen_events=np.unique(chosen.event_hash))
    with atomic(out) as temporary:
        save_network(temporary, frozen)
    curves = learning_curves(frozen, f"{out.stem}_curves")
    write(curves, out.parent)
    plot_curves(curves, out.parent / f"{curves.name}.png")
    shutil.rmtree(folder)
    return frozen


def training_part(request: TrainRequest) -> RealTracks:
    """The rows of the file that the training sees."""
    from hls.data import kept_aside, read_tracks

    tracks = read_tracks(request.tracks)
    unknown = sorted(set(request.runs) - set(tracks.run.tolist()))
    if unknown:
        msg = f"{request.tracks}: has no run {unknown[0]}; it has {', '.join(map(str, sorted(set(tracks.run.tolist()))))}"
        raise InputError(msg)
    wanted = np.isin(tracks.run, request.runs) if request.runs else np.ones(len(tracks), np.bool_)
    if not request.everything:
        wanted &= ~kept_aside(tracks)
    if not wanted.any():
        msg = f"{request.tracks}: no event is left to train on"
        raise InputError(msg)
    return tracks.select(wanted)


def learning_curves(frozen: FrozenNetwork, name: str) -> Table:
    """The history of a training as the table `name`, a row per epoch; cells that an epoch does not have are empty."""
    history = frozen.record["history"]
    columns = tuple(dict.fromkeys(column for row in history for column in row))
    return Table(
        name=name,
        title="Training of the neuro trigger's codesign network",
        columns=columns,
        rows=tuple(tuple(row.get(column) for column in columns) for row in history),
        notes=("loss: distorted tracks, cost of bits included; validation: simulated tracks that are not trained on, undistorted",),
        stamp=dict(frozen.record["stamp"]) | {"network": frozen.digest},
    )


def plot_curves(curves: Table, path: Path) -> None:
    """Picture of losses and bit operations against epochs."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(7, 6), layout="constrained")
    epochs = np.array(curves.column("epoch"), dtype=float)
    for name in (name for name in curves.columns if name.endswith("loss")):
        above.plot(epochs, np.array(curves.column(name), dtype=float), label=name.replace("_", " "))
    above.set_ylabel("loss")
    above.legend()
    below.plot(epochs, np.array(curves.column("bit_operations"), dtype=float))
    below.set(xlabel="epoch", ylabel="bit operations")
    figure.text(0.99, 0.005, f"network {curves.stamp['network'][:12]}", ha="right", fontsize=7)
    with atomic(path) as temporary:
        figure.savefig(temporary, dpi=120)
    plt.close(figure)


def _simulated(recipe: NeuroRecipe, real: Kinematics, folder: Path) -> TrainingSet:
    """The simulated sample; blocks that an earlier call made are read back."""
    from hls.sets import TrainingSet

    job = digest(recipe, real.z_cm, real.theta_rad, real.omega_per_cm)[:16]
    parts: list[TrainingSet] = []
    with progress("simulated tracks", recipe.blocks, unit="blocks") as advance:
        for block in range(recipe.blocks):
            path = folder / f"sample-{job}-{block:04d}.npz"
            parts.append(_kept(path, lambda block=block: make_block(recipe, real, block)))  # type: ignore[misc]
            advance(1)
    return TrainingSet(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in _SET})


def _kept(path: Path, make: Callable[[], TrainingSet]) -> TrainingSet:
    """The set of a file, made and written if there is none."""
    from hls.sets import TrainingSet

    if not path.exists():
        made = make()
        with atomic(path) as temporary:
            np.savez(temporary, allow_pickle=False, **{name: getattr(made, name) for name in _SET})
        return made
    with np.load(path, allow_pickle=False) as archive:
        return TrainingSet(**{name: archive[name] for name in _SET})


def _record(
    request: TrainRequest, chosen: RealTracks, n_simulated: int, history: tuple[dict[str, float], ...], runs_on: dict[str, Any]
) -> dict[str, Any]:
    """Everything that a reader may ask about the training, plain JSON values."""
    parts = {"design": request.design, "training": request.training, "recipe": request.recipe}
    made_by = stamp(
        "train",
        seed=request.training.seed,
        digests={"tracks": file_digest(request.tracks)} | {name: digest(part) for name, part in parts.items()},
        labels={"runs": list(request.runs) or "all", "kept_aside": "nothing" if request.everything else "3/10 of the events"},
        packages=("tensorflow", "keras", "HGQ2"),
    )
    counts = {
        "real_rows": len(chosen),
        "real_tracks": len(chosen.first_of_track),
        "real_events": len(np.unique(chosen.event_number)),
        "simulated_tracks": n_simulated,
    }
    settings = {name: json.loads(json.dumps(canonical(part))) for name, part in parts.items()}
    return {"stamp": made_by, "counts": counts, "settings": settings, "runs_on": runs_on, "history": list(history)}
