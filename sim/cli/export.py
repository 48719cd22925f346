"""`darktrigger export`: a block as a folder for a firmware engineer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trigger.errors import InputError

EXIT_FAILED = 1
ALL = "all"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger export klm --out klm_export")(export)


def export(
    block: Annotated[
        str,
        typer.Argument(
            help="ecl, tracks, tracks.{segments,stream,hough,...}, klm[.line], grl, displaced[.{fits,vertices,network}], menu, "
            "chain or all."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write; its parent must exist.")],
    events: Annotated[int | None, typer.Option(help="Events of the golden vectors; 200 by default, fewer of large blocks.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the golden vectors.")] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export.")] = False,
    parameters: Annotated[Path | None, typer.Option(help="ecl, chain: TOML file that changes ETM parameters.")] = None,
    calibration: Annotated[Path | None, typer.Option(help="ecl, chain: TOML file with dead, hot and calibrated cells.")] = None,
    menu: Annotated[str | None, typer.Option("--menu", help="menu, chain: shipped menu or a TOML file; exp16 by default.")] = None,
    period: Annotated[str | None, typer.Option(help="menu, chain: run period with the prescales; the first by default.")] = None,
    network: Annotated[
        str | None,
        typer.Option(
            help="tracks, tracks.{neuro,codesign,neuro_path}, displaced[.{vertices,network}], chain: network by name or file."
        ),
    ] = None,
    reuse: Annotated[
        int | None, typer.Option(min=1, help="Of tracks and chain: cycles in which a multiplier serves one track; 4 by default.")
    ] = None,
    settings: Annotated[
        str | None,
        typer.Option(help="ecl: thresholds, menu: prescales and masks, as constants or registers; constants by default."),
    ] = None,
    hls: Annotated[
        bool, typer.Option("--hls/--no-hls", help="tracks.codesign, displaced.network: with or without the hls4ml project.")
    ] = True,
) -> None:
    """Write a block as Verilog with everything around it.

    The folder has the manifest (ports, formats, latency, digests), constraints and an out-of-context script for Vivado, a FuseSoC
    core, the register map where there are thresholds, golden vectors of the numpy model, and a plain Verilog test bench that
    compares every output in every cycle: `make -C FOLDER test` runs it in Icarus and in Verilator without Python. Quantised
    networks bring their hls4ml project. The same command gives the same bytes; an export that is already there is left alone.

    `all` writes every block to a folder of its own, runs each bench in both simulators in a shell without Python, exports once
    more and compares (exports.json); the same command goes on where it was interrupted. Status 1 if anything fails.
    """
    from sim.cosim.export import export_block
    from sim.cosim.export_blocks import events_of
    from sim.cosim.export_order import Order, parse_settings

    if block == ALL:
        given = {"--events": events, "--parameters": parameters, "--calibration": calibration, "--menu": menu, "--period": period,
                 "--network": network, "--reuse": reuse, "--settings": settings}  # fmt: skip
        _export_all(out, seed, [name for name, value in given.items() if value is not None])
        return
    order = Order(
        n_events=events_of(block) if events is None else events,
        seed=seed,
        parameters=parameters,
        calibration=calibration,
        menu=menu,
        period=period,
        network=network,
        reuse=reuse,
        settings=None if settings is None else parse_settings(settings),
    )
    if export_block(block, order, out, overwrite=overwrite, hls=hls):
        typer.echo(f"{block}: {out}; run its bench with: make -C {out} test")
    else:
        typer.echo(f"{block}: {out} is this export already; nothing was written")


def _export_all(out: Path, seed: int, given: list[str]) -> None:
    """Every block as it ships, checked; one line each."""
    from sim.cosim.export_check import RECORD, TARGETS, check_all, row_passed

    if given:
        raise InputError(f"export all writes every block as it ships: leave out {', '.join(given)}")
    passed = True
    for row in check_all(out, seed):
        passed &= row_passed(row)
        ran = ", ".join(f"{target} {row[target]}" for target in TARGETS)
        equal = "equal to the byte" if row["identical"] else "NOT EQUAL"
        counts = f"{row['events']} events, {row['results']} results, {row['latency']} cycles"
        typer.echo(f"{row['block']}: {counts}; {ran}; again: {equal}")
    typer.echo(f"{'passed' if passed else 'FAILED'}: {out / RECORD}")
    if not passed:
        raise typer.Exit(EXIT_FAILED)
