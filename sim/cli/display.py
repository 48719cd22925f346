"""`darktrigger display`: pictures of single events."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb."""
    group = typer.Typer(help="Draw single events.", no_args_is_help=True)
    group.command("event", epilog="Example: darktrigger display event events.npz 0 --out event.png")(event)

    app.add_typer(group, name="display")


def event(
    events: Annotated[Path, typer.Argument(metavar="FILE", help="Event file with ECL primitives (.npz, .parquet, .root).")],
    number: Annotated[int, typer.Argument(metavar="N", help="Event, counted from 0.")],
    out: Annotated[Path, typer.Option(help="Picture to write (.png).")],
    parameters: Annotated[Path | None, typer.Option(help="TOML file that changes ETM parameters.")] = None,
    calibration: Annotated[Path | None, typer.Option(help="TOML file with dead, hot and calibrated cells.")] = None,
) -> None:
    """The 576 trigger cells unrolled in theta and phi, with energies, seeds, clusters and the bits that fired."""
    from sim.files import EventFile
    from sim.studies.display import display
    from trigger.ecl.calibration import EclCalibration
    from trigger.ecl.parameters import EclParameters
    from trigger.errors import InputError

    if out.suffix != ".png":
        msg = f"--out must end in .png, not {out.name!r}"
        raise InputError(msg)
    with EventFile(events, required=("ecl_offsets", "ecl_tc_id", "ecl_adc")) as file:
        if not 0 <= number < file.n_events:
            msg = f"{events}: event must be 0..{file.n_events - 1}, not {number}"
            raise InputError(msg)
        record = file.read(number, number + 1)
    display(
        record.arrays,
        0,
        out,
        parameters=None if parameters is None else EclParameters.from_toml(parameters),
        calibration=None if calibration is None else EclCalibration.from_toml(calibration),
        source=events.name,
    )
    typer.echo(f"event {number} of {events} -> {out}")
