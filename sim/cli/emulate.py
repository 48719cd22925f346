"""`darktrigger emulate`: the decisions of the model for an event file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.klm_mode import LAYERS

if TYPE_CHECKING:
    from trigger.chain import ChainPlan

SHOWN = 6
"""Names of a list that are printed; the metadata of the output has all of them."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger emulate events.npz --out decisions.npz")(emulate)


def emulate(
    events: Annotated[Path, typer.Argument(metavar="IN", help="Event file (.npz, .parquet, .root) or basf2 output (.root).")],
    out: Annotated[Path, typer.Option(help="Decision file to write (.npz, .parquet, .root).")],
    blocks: Annotated[
        str, typer.Option(help="Blocks, separated by commas: ecl, tracks, klm, grl, menu; chain: all whose input is there.")
    ] = "chain",
    menu: Annotated[str, typer.Option(help="Shipped menu or a TOML file.")] = "exp16",
    period: Annotated[str | None, typer.Option(help="Period of the menu whose prescales hold; the first by default.")] = None,
    prescale: Annotated[str, typer.Option(help="Lines after prescale: random draws, or counters along the file.")] = "random",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random draws.")] = 0,
    parameters: Annotated[Path | None, typer.Option(help="TOML file that changes ETM parameters.")] = None,
    calibration: Annotated[Path | None, typer.Option(help="TOML file with dead, hot and calibrated cells.")] = None,
    dead: Annotated[Path | None, typer.Option(help="TOML file with dead wires and segments of the drift chamber.")] = None,
    network: Annotated[str | None, typer.Option(help="Neuro trigger: classic (default), codesign or an .npz file.")] = None,
    klm_mode: Annotated[str, typer.Option(help="KLM trigger: layers, or lines for straight lines of strips.")] = LAYERS,
    injection: Annotated[
        str | None,
        typer.Option(help="Fill the injection veto: injections per second, for times drawn at random, or `file`: injection_us."),
    ] = None,
    injection_windows: Annotated[
        str | None, typer.Option(help="--injection: full veto, end of the gated veto, gate per turn in us; 500,10000,2 is a guess.")
    ] = None,
    event_blocks: Annotated[str | None, typer.Option(help="Logical blocks a:b of the input, b excluded.")] = None,
    with_input: Annotated[bool, typer.Option("--with-input", help="Copy the fields of the input beside the decisions.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")] = False,
) -> None:
    """Run the bit-accurate model over an event file.

    The output has the decision fields and the numbers and weights of the events. The input is streamed, so its size
    does not matter. An interrupted run goes on where it stopped when the same command is given again.
    """
    from sim.cli._options import injection_of, parse_blocks, parse_event_blocks
    from sim.emulation import Prescaling, emulate_file
    from sim.files import check_output, n_blocks_in
    from sim.klm_mode import klm_parameters
    from trigger.cdc.mask import CdcMask
    from trigger.chain import CHAIN_BLOCKS, Chain
    from trigger.ecl.calibration import EclCalibration
    from trigger.ecl.parameters import EclParameters
    from trigger.errors import InputError
    from trigger.networks import DEFAULT_NETWORK, load_network

    chosen = None if blocks == "chain" else parse_blocks(blocks, CHAIN_BLOCKS)
    if prescale not in {kind.value for kind in Prescaling}:
        raise InputError(f"--prescale must be {' or '.join(kind.value for kind in Prescaling)}, not {prescale!r}")
    klm, veto = klm_parameters(klm_mode), injection_of(injection, injection_windows)
    check_output(out, overwrite=overwrite)
    chain = Chain(
        menu=menu,
        period=period,
        blocks=chosen,
        parameters=EclParameters.default() if parameters is None else EclParameters.from_toml(parameters),
        calibration=EclCalibration() if calibration is None else EclCalibration.from_toml(calibration),
        mask=CdcMask() if dead is None else CdcMask.from_toml(dead),
        network=load_network(DEFAULT_NETWORK if network is None else network),
        klm=klm,
    )
    n_events, plan = emulate_file(
        events,
        out,
        chain=chain,
        blocks=parse_event_blocks(event_blocks, n_blocks_in(events)),
        prescaling=Prescaling(prescale),
        seed=seed,
        injection=veto,
        with_input=with_input,
        overwrite=overwrite,
    )
    typer.echo(f"{n_events:,} events -> {out}")
    if chosen is None:
        _show(plan)


def _show(plan: ChainPlan) -> None:
    """What was left out, what the menu read as 0, and what it took from the file."""
    for name, reason in plan.left_out.items():
        typer.echo(f"left out: {name} ({reason})")
    by_reason: dict[str, list[str]] = {}
    for name, reason in plan.not_supplied.items():
        by_reason.setdefault(reason, []).append(name)
    for reason, names in by_reason.items():
        typer.echo(f"read 0: {_some(names)} ({reason})")
    if plan.inputs is not None and plan.inputs.from_file:
        typer.echo(f"taken from the file: {_some(list(plan.inputs.from_file))}")
    if plan.inputs is not None and plan.inputs.unread:
        typer.echo(f"not an input of the menu: {_some(list(plan.inputs.unread))}")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
