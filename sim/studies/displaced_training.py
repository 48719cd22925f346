"""From simulated windows to the frozen network of the displaced-vertex trigger: training, integers, cuts on its score, record."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.files import check_output
from sim.parts import Interrupted
from sim.progress import progress
from sim.provenance import stamp
from sim.studies.displaced_rates import RateRecipe, working_points
from sim.studies.displaced_vertices import VertexRecipe, vertex_set
from sim.studies.neuro_training import write_trained
from trigger.digest import canonical, digest
from trigger.displaced import DisplacedParameters
from trigger.networks import FrozenNetwork

if TYPE_CHECKING:
    from hls.displaced import VertexPlan, VertexSet
    from hls.plans import Outcome


@dataclass(frozen=True, kw_only=True)
class VertexRequest:
    """out: network to write (.npz). parameters: of the trigger whose vertices are trained on. rates: windows to choose cuts on."""

    out: Path
    plan: VertexPlan
    parameters: DisplacedParameters = field(default_factory=DisplacedParameters)
    recipe: VertexRecipe = field(default_factory=VertexRecipe)
    rates: RateRecipe = field(default_factory=RateRecipe)
    overwrite: bool = False


def train_vertices(request: VertexRequest) -> FrozenNetwork:
    """Train, freeze and write a network with its curves; its record has the cuts on the score and what they keep.

    After an interruption the same request goes on. InputError for an output that exists, a source without vertices and fewer
    vertices than a batch. On KeyboardInterrupt, `Interrupted` says what is kept.
    """
    out = check_output(request.out, overwrite=request.overwrite, suffixes=(".npz",))
    folder = out.with_name(f".{out.name}.train")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with progress("vertices", len(request.recipe.blocks()), unit="blocks") as advance:
            vertices = vertex_set(request.recipe, request.parameters, folder, advance)
        with progress("training", request.plan.epochs, unit="epochs") as advance:
            outcome = request.plan.run(vertices, folder, lambda _, __: advance(1))
        trained = FrozenNetwork(network=outcome.network).displaced
        with progress("rates", request.rates.blocks, unit="blocks") as advance:
            points = working_points(request.rates, request.parameters, trained, folder, advance)
    except KeyboardInterrupt as error:
        msg = f"interrupted; what is done is kept in {folder}: the same command goes on"
        raise Interrupted(msg) from error
    frozen = FrozenNetwork(network=outcome.network, record=_record(request, vertices, outcome) | {"working_points": points})
    write_trained(out, frozen)
    shutil.rmtree(folder)
    return frozen


def _record(request: VertexRequest, vertices: VertexSet, outcome: Outcome) -> dict[str, Any]:
    """Everything that a reader may ask about the training, plain JSON values."""
    parts = {
        "design": request.plan.design,
        "training": request.plan.training,
        "recipe": request.recipe,
        "rates": request.rates,
        "parameters": request.parameters,
    }
    made_by = stamp(
        "train",
        seed=request.plan.training.seed,
        digests={name: digest(part) for name, part in parts.items()},
        labels={"windows": "simulated; beam background and wire noise are guesses", "left_out": "K_S, with which it is checked"},
        packages=("tensorflow", "keras", "HGQ2"),
    )
    counts = {"signal": int(vertices.is_signal.sum()), "background": int((~vertices.is_signal).sum())}
    settings = {name: json.loads(json.dumps(canonical(part))) for name, part in parts.items()}
    head = {"stamp": made_by, "counts": counts, "settings": settings, "runs_on": outcome.runs_on}
    return head | outcome.notes | {"history": list(outcome.history)}
