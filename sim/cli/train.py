"""`darktrigger train`: a network, frozen to integers: of the neuro trigger, from simulated and real tracks, or of vertices."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hls.plans import Plan


class Family(enum.StrEnum):
    """Families of networks."""

    CLASSIC = "classic"
    CODESIGN = "codesign"
    DISPLACED = "displaced"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger train --family classic --out network.npz --blocks 1 --epochs 4 --more-epochs 2")(train)


def train(
    out: Annotated[Path, typer.Option(help="Frozen network to write (.npz); learning curves go beside it.")],
    tracks: Annotated[Path | None, typer.Argument(metavar="FILE", help="Real tracks: tab-separated text, plain or gzip.")] = None,
    family: Annotated[
        Family, typer.Option(help="classic: five experts, 27-81-2; codesign: one quantised network; displaced: of vertices.")
    ] = Family.CODESIGN,
    hidden: Annotated[str | None, typer.Option(help="Nodes of the hidden layers.")] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Epochs of the first expert; codesign: in which formats are trained along.")
    ] = None,
    more_epochs: Annotated[int | None, typer.Option(help="Epochs of each further expert (classic alone).")] = None,
    float_epochs: Annotated[int | None, typer.Option(help="Epochs without formats, before the others (not classic).")] = None,
    blocks: Annotated[
        int | None, typer.Option(help="Blocks of simulated events; displaced: of beam background, of others in proportion.")
    ] = None,
    rate_blocks: Annotated[
        int | None, typer.Option(help="Blocks of background that the cuts on the score are chosen on (displaced alone).")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of simulation and training.")] = 20261121,
    runs: Annotated[str | None, typer.Option(help="Only real events of these runs, as 639,738.")] = None,
    everything: Annotated[bool, typer.Option("--everything", help="Train on the events that are kept aside, too.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")] = False,
) -> None:
    """Train a network of the neuro trigger on simulated tracks and, with a FILE, on real ones, whose kinematics the simulated have.

    The network of displaced vertices sees those of simulated windows; its record has the cuts on its score for given rates.
    Three tenths of the real events are kept aside for `evaluate`. The same seed gives the same network on one machine; a GPU
    is used where TensorFlow finds one. An interrupted training goes on when the same command is given again.
    """
    from sim.studies.neuro_samples import FLAT_RECIPE, NeuroRecipe
    from sim.studies.neuro_training import TrainRequest, train_network
    from trigger.errors import InputError

    counts_of = {"epochs": epochs, "more_epochs": more_epochs, "float_epochs": float_epochs}
    schedule = {"seed": seed, **{name: count for name, count in counts_of.items() if count is not None}}
    if family is Family.DISPLACED:
        foreign = {"FILE": tracks, "--hidden": hidden, "--more-epochs": more_epochs, "--runs": runs, "--everything": everything}
        _train_vertices(out, schedule, blocks, rate_blocks, foreign, overwrite=overwrite)
        return
    if rate_blocks is not None:
        raise InputError(f"--rate-blocks does not exist for the family {family}")
    recipe = FLAT_RECIPE if tracks is None else NeuroRecipe()
    try:
        request = TrainRequest(
            out=out,
            plan=_plan(family, hidden, schedule),
            tracks=tracks,
            recipe=replace(recipe, seed=seed, blocks=recipe.blocks if blocks is None else blocks),
            runs=() if runs is None else _numbers("--runs", runs),
            everything=everything,
            overwrite=overwrite,
        )
    except InputError:
        raise
    except ValueError as error:
        raise InputError(str(error)) from error
    frozen = train_network(request)
    counts, last = frozen.record["counts"], frozen.record["history"][-1]
    typer.echo(
        f"{counts['simulated_tracks']:,} simulated tracks, {counts['real_tracks']:,} real ones of {counts['real_events']} events"
    )
    if "bit_operations" in last:
        typer.echo(f"{frozen.codesign.multiplications} multiplications, {last['bit_operations']:,} bit operations")
    typer.echo(f"loss {last['loss']:.4f}, validation {last.get('validation_loss', float('nan')):.4f}")
    typer.echo(f"network {frozen.digest[:12]}, seed {seed} -> {out}")


def _train_vertices(
    out: Path,
    schedule: dict[str, Any],
    blocks: int | None,
    rate_blocks: int | None,
    foreign: Mapping[str, object],
    *,
    overwrite: bool,
) -> None:
    """The network of displaced vertices; foreign: options that it does not have."""
    from hls.displaced import VertexPlan, VertexTraining
    from sim.studies.displaced_rates import RateRecipe
    from sim.studies.displaced_training import VertexRequest, train_vertices
    from sim.studies.displaced_vertices import VertexRecipe
    from trigger.errors import InputError

    given = [name for name, value in foreign.items() if value]
    if given:
        raise InputError(f"{given[0]} does not exist for the family {Family.DISPLACED}")
    try:
        request = VertexRequest(
            out=out,
            plan=VertexPlan(training=VertexTraining(**schedule)),
            recipe=VertexRecipe().scaled(seed=schedule["seed"], beam_blocks=blocks),
            rates=RateRecipe().scaled(seed=schedule["seed"] + 1, blocks=rate_blocks),
            overwrite=overwrite,
        )
    except ValueError as error:
        raise InputError(str(error)) from error
    frozen = train_vertices(request)
    counts, last = frozen.record["counts"], frozen.record["history"][-1]
    typer.echo(f"{counts['signal']:,} true vertices, {counts['background']:,} of background")
    typer.echo(f"{frozen.displaced.multiplications} multiplications, {last['bit_operations']:,} bit operations")
    for point in frozen.record["working_points"]["points"]:
        rate = point["unique"]
        typer.echo(
            f"score {point['score_raw']} for {point['wanted_hz']:g} Hz: unique rate {rate['rate_hz']:.0f} Hz, "
            f"{rate['low_hz']:.0f} to {rate['high_hz']:.0f} (68 %), below {rate['upper_95_hz']:.0f} (95 %), of guessed background"
        )
    typer.echo(f"network {frozen.digest[:12]}, seed {schedule['seed']} -> {out}")


def _plan(family: Family, hidden: str | None, training: dict[str, Any]) -> Plan:
    """What is trained; training: its settings that are not the default. InputError for one that the family does not have."""
    from hls.classic import ClassicDesign, ClassicTraining
    from hls.networks import CodesignDesign
    from hls.plans import ClassicPlan, CodesignPlan
    from hls.train import Training
    from trigger.errors import InputError

    design: dict[str, Any] = {} if hidden is None else {"hidden": _numbers("--hidden", hidden)}
    kind = ClassicTraining if family is Family.CLASSIC else Training
    foreign = sorted(set(training) - {field.name for field in fields(kind)})
    if foreign:
        msg = f"--{foreign[0].replace('_', '-')} does not exist for the family {family}"
        raise InputError(msg)
    if family is Family.CLASSIC:
        return ClassicPlan(design=ClassicDesign(**design), training=ClassicTraining(**training))
    return CodesignPlan(design=CodesignDesign(**design), training=Training(**training))


def _numbers(option: str, text: str) -> tuple[int, ...]:
    from trigger.errors import InputError

    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        msg = f"{option} must be whole numbers with commas, not {text!r}"
        raise InputError(msg) from error
