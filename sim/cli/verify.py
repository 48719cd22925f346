"""`darktrigger verify`: millions of events through model and RTL, compared exactly."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

EXIT_FAILED = 1


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger verify ecl --events 20000 --out verify-ecl.json")(verify)


def verify(
    block: Annotated[str, typer.Argument(help="Block of the trigger: ecl.")],
    events: Annotated[int, typer.Option(help="Number of events.")] = 100_000,
    out: Annotated[Path, typer.Option(help="Record to write (.json).")] = Path("verify-ecl.json"),
    seed: Annotated[int, typer.Option(help="Seed of the events.")] = 1,
    simulator: Annotated[str, typer.Option(help="verilator or icarus.")] = "verilator",
    parameters: Annotated[Path | None, typer.Option(help="TOML file that changes ETM parameters.")] = None,
    calibration: Annotated[Path | None, typer.Option(help="TOML file with dead, hot and calibrated cells.")] = None,
    waves: Annotated[bool, typer.Option("--waves", help="Keep the waveform of the last event that differs.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted verification.")] = False,
    workers: Annotated[int | None, typer.Option(help="Simulations at a time; as many as cores by default.")] = None,
) -> None:
    """Compare every field of every event between the model and the RTL, exactly, latency included.

    Events: on, below and above every threshold, at every angle edge, random, adversarial, timed, physics. The record
    has the verdict, digests, versions and the upper limit on the mismatch rate. Status 1 if anything differs, is
    missing or comes in excess.
    """
    from sim.cli._options import parse_blocks
    from sim.cosim.simulators import parse_simulator
    from sim.cosim.verify import Request, verify_ecl
    from trigger.ecl.calibration import EclCalibration
    from trigger.ecl.parameters import EclParameters

    parse_blocks(block)
    request = Request(
        n_events=events,
        out=out,
        seed=seed,
        simulator=parse_simulator(simulator),
        parameters=EclParameters.default() if parameters is None else EclParameters.from_toml(parameters),
        calibration=EclCalibration() if calibration is None else EclCalibration.from_toml(calibration),
        waves=waves,
        resume=resume,
        workers=os.cpu_count() or 1 if workers is None else workers,
    )
    record = verify_ecl(request)
    _show(record, out)
    if not record["passed"]:
        raise typer.Exit(EXIT_FAILED)


def _show(record: dict[str, Any], out: Path) -> None:
    """Differences, five at most, then the verdict."""
    for row in record["differences"]:
        place = f"{row['field']}[{row['element']}]"
        sides = " ".join(f"{side} {row[f'{side}_raw']} ({row[side]})" for side in ("model", "rtl"))
        typer.echo(f"event {row['event']} {place}: {sides}", err=True)
    counts = ", ".join(f"{record[f'{kind}_events']} {kind}" for kind in ("mismatched", "missing", "extra", "late"))
    latency = ", ".join(f"{cycles} cycles: {n:,}" for cycles, n in record["latency_measured"].items())
    typer.echo(f"{'passed' if record['passed'] else 'FAILED'}: {record['n_events']:,} events, {counts}")
    typer.echo(f"mismatch rate below {record['mismatch_rate_upper_limit_95']:.2g} (95 %); latency {latency}")
    typer.echo(f"{record['wall_s']:.1f} s in {record['simulator']} after {record['build_s']:.1f} s for the model; record {out}")
    for name in record["evidence"].get("event_files", []):
        typer.echo(f"events that differ: {out.with_name(name)}")
    if "waveform" in record["evidence"]:
        typer.echo(f"waveform: {out.with_name(record['evidence']['waveform'])}")
