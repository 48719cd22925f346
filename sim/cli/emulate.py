"""`darktrigger emulate`: the decisions of the model for an event file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger emulate events.npz --out decisions.npz")(emulate)


def emulate(
    events: Annotated[Path, typer.Argument(metavar="IN", help="Event file with primitives (.npz, .parquet, .root).")],
    out: Annotated[Path, typer.Option(help="Decision file to write (.npz, .parquet, .root).")],
    blocks: Annotated[str, typer.Option(help="Blocks of the trigger, separated by commas: ecl, tracks.")] = "ecl",
    parameters: Annotated[Path | None, typer.Option(help="TOML file that changes ETM parameters.")] = None,
    calibration: Annotated[Path | None, typer.Option(help="TOML file with dead, hot and calibrated cells.")] = None,
    dead: Annotated[Path | None, typer.Option(help="TOML file with dead wires and segments of the drift chamber.")] = None,
    network: Annotated[str | None, typer.Option(help="Network of the neuro trigger: codesign (default) or an .npz file.")] = None,
    event_blocks: Annotated[str | None, typer.Option(help="Logical blocks a:b of the input, b excluded.")] = None,
    with_input: Annotated[bool, typer.Option("--with-input", help="Copy the fields of the input beside the decisions.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")] = False,
) -> None:
    """Run the bit-accurate model over an event file.

    The output has the decision fields and the numbers and weights of the events. The input is streamed, so its size
    does not matter. An interrupted run goes on where it stopped when the same command is given again.
    """
    from sim.cli._options import parse_blocks, parse_event_blocks
    from sim.emulation import emulate_file
    from sim.files import check_output, n_blocks_in
    from sim.trigger_blocks import EMULATED_BLOCKS
    from trigger.cdc.mask import CdcMask
    from trigger.ecl.calibration import EclCalibration
    from trigger.ecl.parameters import EclParameters
    from trigger.networks import DEFAULT_NETWORK, load_network

    chosen = parse_blocks(blocks, EMULATED_BLOCKS)
    check_output(out, overwrite=overwrite)
    n_events = emulate_file(
        events,
        out,
        parameters=EclParameters.default() if parameters is None else EclParameters.from_toml(parameters),
        calibration=EclCalibration() if calibration is None else EclCalibration.from_toml(calibration),
        mask=CdcMask() if dead is None else CdcMask.from_toml(dead),
        network=load_network(DEFAULT_NETWORK if network is None else network),
        trigger_blocks=chosen,
        blocks=parse_event_blocks(event_blocks, n_blocks_in(events)),
        with_input=with_input,
        overwrite=overwrite,
    )
    typer.echo(f"{n_events:,} events -> {out}")
