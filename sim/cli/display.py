"""`darktrigger display`: pictures of single events."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sim.files import EventFile


class View(enum.StrEnum):
    """Which trigger an event is shown for."""

    auto = "auto"
    ecl = "ecl"
    tracks = "tracks"
    displaced = "displaced"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    group = typer.Typer(help="Draw single events.", no_args_is_help=True)
    group.command("event", epilog="Example: darktrigger display event events.npz 0 --out event.png")(event)

    app.add_typer(group, name="display")


def event(
    events: Annotated[Path, typer.Argument(metavar="FILE", help="Event file with primitives (.npz, .parquet, .root).")],
    number: Annotated[int, typer.Argument(metavar="N", help="Event, counted from 0.")],
    out: Annotated[Path, typer.Option(help="Picture to write (.png).")],
    view: Annotated[View, typer.Option(help="ecl, tracks, displaced, or auto: ecl where the file has trigger cells.")] = View.auto,
    network: Annotated[str | None, typer.Option(help="tracks: shipped network or an .npz file; the default one.")] = None,
    parameters: Annotated[Path | None, typer.Option(help="ecl: TOML file that changes ETM parameters.")] = None,
    calibration: Annotated[Path | None, typer.Option(help="ecl: TOML file with dead, hot and calibrated cells.")] = None,
) -> None:
    """One event as the trigger sees it.

    ecl: the 576 trigger cells unrolled in theta and phi, with energies, seeds, clusters and the bits that fired. tracks: wire hits
    and segments, Hough plane, 2D tracks, z and the single-track decision. displaced: segments, seeds, tracks and vertices.
    """
    from sim.files import EventFile
    from sim.studies import display, display_chamber, display_displaced, display_tracks
    from trigger.ecl.calibration import EclCalibration
    from trigger.ecl.parameters import EclParameters
    from trigger.errors import InputError
    from trigger.events import check_names
    from trigger.networks import DEFAULT_NETWORK, load_network

    if out.suffix != ".png":
        msg = f"--out must end in .png, not {out.name!r}"
        raise InputError(msg)
    with EventFile(events) as file:
        if view is View.auto:
            view = _view_of(file)
        has_wires = "wire_offsets" in file.names
        tracks = display_chamber.WIRE_FIELDS if has_wires else display_chamber.SEGMENT_FIELDS
        check_names(file.names, str(events), ("ecl_offsets", "ecl_tc_id", "ecl_adc") if view is View.ecl else tracks)
        if not 0 <= number < file.n_events:
            msg = f"{events}: event must be 0..{file.n_events - 1}, not {number}"
            raise InputError(msg)
        arrays = file.read(number, number + 1).arrays
    if view is View.ecl:
        display.display(
            arrays,
            0,
            out,
            parameters=None if parameters is None else EclParameters.from_toml(parameters),
            calibration=None if calibration is None else EclCalibration.from_toml(calibration),
            source=events.name,
        )
    elif view is View.displaced:
        display_displaced.display(arrays, 0, out, source=events.name)
    else:
        name = network or DEFAULT_NETWORK
        display_tracks.display(arrays, 0, out, load_network(name), name, source=events.name)
    typer.echo(f"event {number} of {events} -> {out}")


def _view_of(file: EventFile) -> View:
    """What a file is drawn for unless it is said."""
    has_tracks = {"wire_offsets", "cdc_offsets"} & set(file.names)
    return View.tracks if has_tracks and "ecl_offsets" not in file.names else View.ecl
