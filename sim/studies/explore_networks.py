"""The networks of an exploration: designs by name or from a file, each trained once and kept as a frozen network."""

from __future__ import annotations

import itertools
import json
import shutil
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.files import atomic
from sim.provenance import stamp
from trigger import __version__
from trigger.digest import canonical, digest
from trigger.errors import InputError
from trigger.networks import FrozenNetwork, load_network, save_network

if TYPE_CHECKING:
    from hls.networks import CodesignDesign
    from hls.sets import TrainingSet
    from hls.train import Training
    from sim.studies.neuro_samples import NeuroRecipe

_TABLE = "design"
_INTERFACE = "interface"
"""What no file of designs sets: all of them are networks of the neuro trigger."""


def grid(hidden: Sequence[tuple[int, ...]], weight_fractions: Sequence[int]) -> tuple[CodesignDesign, ...]:
    """Every shape with every ceiling of the weights' fraction; InputError for an impossible number."""
    return tuple(
        _design(f"design {shape} with {bits} bits", {"hidden": shape, "weight_fraction": bits})
        for shape, bits in itertools.product(hidden, weight_fractions)
    )


def read_designs(path: Path) -> tuple[CodesignDesign, ...]:
    """Designs of a TOML file: one table [[design]] each, whose keys are fields of CodesignDesign; the others have their defaults.

    InputError for a file that cannot be read, an unknown key, an impossible value.
    """
    from hls.networks import CodesignDesign

    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"{path}: not a readable TOML file: {error}"
        raise InputError(msg) from error
    tables = content.get(_TABLE, [])
    if set(content) - {_TABLE} or not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        msg = f"{path}: must have tables [[{_TABLE}]] and nothing else, not {', '.join(map(repr, content))}"
        raise InputError(msg)
    known = [field.name for field in fields(CodesignDesign) if field.name != _INTERFACE]
    for number, table in enumerate(tables, start=1):
        unknown = sorted(set(table) - set(known))
        if unknown:
            msg = f"{path}: design {number}: unknown key {unknown[0]!r}; known are {', '.join(known)}"
            raise InputError(msg)
    return tuple(_design(f"{path}: design {number}", table) for number, table in enumerate(tables, start=1))


def label(design: CodesignDesign) -> str:
    """Short name of a design: nodes and weight bits, then what else is not the default."""
    from hls.networks import CodesignDesign

    default = CodesignDesign()
    named = ("hidden", "weight_fraction", _INTERFACE)
    other = (field.name for field in fields(design) if field.name not in named)
    changed = [f"{name}={getattr(design, name):g}" for name in other if getattr(design, name) != getattr(default, name)]
    return " ".join(("-".join(map(str, design.hidden)), f"w{design.weight_fraction}", *changed))


def trained_network(
    design: CodesignDesign,
    training: Training,
    recipe: NeuroRecipe,
    sample: TrainingSet,
    folder: Path,
    on_epoch: Callable[[int], None],
) -> FrozenNetwork:
    """The network of a design: that of the folder if it was trained in the same way, else trained now, and kept there.

    sample: the tracks of the recipe. An interrupted training goes on with the next call. on_epoch is called with the number of
    epochs done since its last call.
    """
    from hls.plans import CodesignPlan
    from hls.sets import TrainingSet

    job = digest(design, training, recipe, __version__)
    path = folder / f"{label(design).replace(' ', '_')}.npz"
    plan = CodesignPlan(design=design, training=training)
    if path.exists():
        kept = load_network(path)
        if kept.record.get("job") == job:
            on_epoch(plan.epochs)
            return kept
    seen = 0

    def advance(done: int, _: dict[str, float]) -> None:
        nonlocal seen
        on_epoch(done - seen)
        seen = done

    checkpoints = folder / f".{path.stem}"
    outcome = plan.run(sample, TrainingSet.empty(), checkpoints, advance)
    settings: dict[str, Any] = {"design": design, "training": training, "recipe": recipe}
    record = {
        "job": job,
        "stamp": stamp("explore", seed=training.seed, packages=("tensorflow", "keras", "HGQ2")),
        "counts": {"simulated_tracks": len(sample), "real_tracks": 0},
        "settings": {name: json.loads(json.dumps(canonical(part))) for name, part in settings.items()},
        "runs_on": outcome.runs_on,
        "history": list(outcome.history),
    }
    frozen = FrozenNetwork(network=outcome.network, record=record)
    with atomic(path) as temporary:
        save_network(temporary, frozen)
    shutil.rmtree(checkpoints)
    return frozen


def _design(where: str, values: dict[str, Any]) -> CodesignDesign:
    from hls.networks import CodesignDesign

    try:
        hidden = values.get("hidden", CodesignDesign().hidden)
        return CodesignDesign(**values | {"hidden": tuple(hidden)})
    except (TypeError, ValueError) as error:
        msg = f"{where}: {error}"
        raise InputError(msg) from error
