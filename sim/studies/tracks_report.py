"""The report of the track study: one HTML page from its tables and pictures."""

from collections.abc import Mapping
from pathlib import Path

from sim.studies import html
from sim.studies.tables import Table
from sim.studies.tracks_counts import ACCEPTANCES, EVERY
from sim.studies.tracks_plots import REFERENCE_LEVEL
from sim.studies.tracks_tables import PUBLISHED_CM, STT_AIM


def write_report(tables: Mapping[str, Table], pictures: Mapping[str, Path], path: Path) -> Path:
    """Writes the page; the path."""
    stamp = tables["plateau"].stamp
    digests = "; ".join(f"{name} {value[:16]}" for name, value in stamp["digests"].items())
    versions = ", ".join(f"{name} {version}" for name, version in stamp["versions"].items())
    return html.write_page(
        path,
        "Track trigger on simulated tracks",
        """Muons, background tracks and muon pairs through the drift-chamber response, track segments, 2D finder, neuro trigger
        and single-track trigger of the bit-accurate model. Not a product of the Belle II collaboration.""",
        _tiles(tables),
        [part(tables, pictures) for part in (_assumptions, _finder, _resolution, _single, _rejection, _lines)],
        f"Seed {stamp['seed']}. Digests: {digests}. Versions: {versions}.",
    )


def _tiles(tables: Mapping[str, Table]) -> list[html.Tile]:
    """The z widths and the single-track efficiency of each network at the reference level."""
    found = []
    for row in tables["resolution_summary"].where(background=REFERENCE_LEVEL, quantity="z_cm").rows:
        network, _, _, region, _, width, error, *_ = row
        label = f"width of z, {network}, {region}; published about {PUBLISHED_CM[str(region)]:g} cm"
        found.append(html.Tile(value=f"{width:.2f} ± {error:.2f} cm", label=label))
    for row in tables["plateau"].where(background=REFERENCE_LEVEL, step="stt", given="2D track").rows:
        network, value = str(row[0]), row[6]
        assert isinstance(value, float)
        label = f"STT for p > 1 GeV given a 2D track, {network}; aim {STT_AIM:g}"
        found.append(html.Tile(value=f"{value:.4f}", label=label, good=value >= STT_AIM))
    return found


def _assumptions(tables: Mapping[str, Table], pictures: Mapping[str, Path]) -> str:
    labels = tables["plateau"].stamp["labels"]
    rows = tuple((name, str(value)) for name, value in labels.items())
    return html.section(
        "What it rests on",
        html.guess(
            """The rates of background hits on wires and in the calorimeter are guesses, as are momenta and species of background
            tracks: every number is given without background hits and for 0.3, 1 and 3 times the guess."""
        ),
        html.text(
            """Event times come from the fastest axial segment of a track, as in the default of the model. No track has to be found
            in the real detector's noise, dead channels or misalignment: the simulation is better than the experiment."""
        ),
        html.details("All settings", html.table(Table(name="", title="", columns=("setting", "value"), rows=rows))),
    )


def _finder(tables: Mapping[str, Table], pictures: Mapping[str, Path]) -> str:
    return html.section(
        "2D finder",
        html.picture(pictures["efficiency_2d"], "Muons that have a 2D track, with exact intervals (68.27 %)."),
        html.text("2D tracks that belong to no particle, in events of one muon:"),
        html.table(tables["extra_tracks"]),
    )


def _resolution(tables: Mapping[str, Table], pictures: Mapping[str, Path]) -> str:
    return html.section(
        "Resolution of the neuro trigger",
        html.picture(pictures["resolution"], "Half of the central 68.27 % of network minus truth; errors from a bootstrap."),
        html.table(tables["resolution_summary"]),
        html.picture(
            pictures["response"], "Bias and width along the beam line: a network that pulls z toward 0 is narrow at z = 0."
        ),
        html.text(" ".join((*tables["resolution_summary"].notes, *tables["resolution"].notes))),
    )


def _single(tables: Mapping[str, Table], pictures: Mapping[str, Path]) -> str:
    return html.section(
        "Single-track trigger",
        html.picture(
            pictures["single_track"], "Given a 2D track (above) and of all muons (below); dotted: the cut on z and the aim."
        ),
        html.table(tables["plateau"]),
        html.text("Tracks that are straight in the Hough plane have no momentum in the firmware's steps, and fail."),
    )


def _rejection(tables: Mapping[str, Table], pictures: Mapping[str, Path]) -> str:
    return html.section(
        "Background rejection",
        html.picture(
            pictures["rejection"], "A point per cut. Triangles: no background passed, drawn at the upper end of the interval."
        ),
        html.table(tables["rejection"].where(among=EVERY)),
        html.details("After the momentum cut, and all cuts", html.table(tables["rejection"]), html.table(tables["cuts"])),
    )


def _lines(tables: Mapping[str, Table], pictures: Mapping[str, Path]) -> str:
    return html.section(
        "Lines on muon pairs",
        html.picture(pictures["lines"], "Two-track and single-track lines by acceptance, without vetoes and prescales."),
        html.table(tables["lines"].where(acceptance=ACCEPTANCES[2])),
        html.details("All acceptances", html.table(tables["lines"])),
        html.text(
            """The reference shares no input with the lines, yet it chooses events: it takes muons that are back to back in the
            calorimeter, so over all events it stands for a narrower acceptance, and pairs that are not open for lack of an
            opening angle, which cost ffo and fyo efficiency, are not among its events. The column minus truth shows both."""
        ),
        html.text(" ".join(tables["lines"].notes)),
    )
