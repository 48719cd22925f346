"""`darktrigger cosim`: the decisions of the RTL in a simulator for an event file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger cosim ecl events.npz --out rtl.npz")(cosim)


def cosim(
    block: Annotated[str, typer.Argument(help="Block of the trigger: ecl.")],
    events: Annotated[Path, typer.Argument(metavar="IN", help="Event file with primitives (.npz, .parquet, .root).")],
    out: Annotated[Path, typer.Option(help="Decision file to write (.npz, .parquet, .root).")],
    simulator: Annotated[str, typer.Option(help="verilator or icarus.")] = "verilator",
    parameters: Annotated[Path | None, typer.Option(help="TOML file that changes ETM parameters.")] = None,
    calibration: Annotated[Path | None, typer.Option(help="TOML file with dead, hot and calibrated cells.")] = None,
    event_blocks: Annotated[str | None, typer.Option(help="Logical blocks a:b of the input, b excluded.")] = None,
    waves: Annotated[bool, typer.Option("--waves", help="Write a waveform (.vcd, .fst) beside the output.")] = False,
    workers: Annotated[int | None, typer.Option(help="Simulations at a time; as many as cores by default.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")] = False,
) -> None:
    """Run the RTL under cocotb over an event file; the output has the field names of `emulate`, and the latency of every event.

    The simulation model is built on first use and kept. An interrupted run goes on where it stopped when the same
    command is given again.
    """
    from sim.cli._options import parse_blocks, parse_event_blocks
    from sim.cosim.files import cosimulate_file
    from sim.cosim.simulators import parse_simulator
    from sim.files import n_blocks_in
    from trigger.ecl.calibration import EclCalibration
    from trigger.ecl.parameters import EclParameters

    parse_blocks(block)
    n_events = cosimulate_file(
        events,
        out,
        parameters=EclParameters.default() if parameters is None else EclParameters.from_toml(parameters),
        calibration=EclCalibration() if calibration is None else EclCalibration.from_toml(calibration),
        simulator=parse_simulator(simulator),
        selected=parse_event_blocks(event_blocks, n_blocks_in(events)),
        waves=waves,
        workers=os.cpu_count() or 1 if workers is None else workers,
        overwrite=overwrite,
    )
    typer.echo(f"{n_events:,} events -> {out}")
