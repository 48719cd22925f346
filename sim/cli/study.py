"""`darktrigger study`: efficiencies, rates and losses as tables and pictures."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from sim.cli import _channels
from sim.cli._block_studies import EventBlocks, Scheduler, Workers, full_path, run


class Level(enum.StrEnum):
    """Beam-background presets of the command line; all but none are guesses."""

    none = "none"
    low = "low"
    nominal = "nominal"
    high = "high"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    group = typer.Typer(
        cls=_channels.StudyGroup,
        help="Measure what the trigger finds: tables first, pictures from the tables.",
        epilog=f"CHANNEL of a search may stand in place of a command: {', '.join(_channels.names_of_searches())}.",
        no_args_is_help=True,
    )
    group.command("single-photon", epilog="Example: darktrigger study single-photon --events 200000 --out photon_study")(
        single_photon
    )
    group.command("tracks", epilog="Example: darktrigger study tracks --events 20000 --out track_study")(tracks)
    group.command("displaced", epilog="Example: darktrigger study displaced --mass 2 --decay pi-pi --out displaced_study")(
        displaced
    )
    group.command(
        "drift-times", epilog="Example: darktrigger study drift-times tests/reference/neuro_tracks_exp20.csv.gz --out drift_study"
    )(drift_times)
    group.command("generators", epilog="Example: darktrigger study generators --out generator_study")(generators)
    _channels.register(group)
    app.add_typer(group, name="study")


def single_photon(
    out: Annotated[Path, typer.Option(help="Folder for tables (CSV, JSON) and pictures (PNG).")],
    events: Annotated[int, typer.Option(help="Photons of the gun, and mu mu gamma events.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Seed of all samples.")] = 1,
    background: Annotated[Level, typer.Option(help="Beam background of the turn-on samples (presets are guesses).")] = Level.none,
    parameters: Annotated[Path | None, typer.Option(help="TOML file that changes ETM parameters.")] = None,
    calibration: Annotated[Path | None, typer.Option(help="TOML file with dead, hot and calibrated cells.")] = None,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    event_blocks: EventBlocks = None,
) -> None:
    """Efficiency of the 0.5, 1 and 2 GeV single-photon lines.

    Isolated photons, mu mu gamma and gamma A' go through response, trigger and offline selection in logical blocks; only
    integer counters are kept. An interrupted study goes on where it stopped when the same command is given again.
    """
    from sim.studies.sample_recipes import PhotonRecipe

    asked = PhotonRecipe(
        events=events,
        seed=seed,
        background=background.name.upper(),
        parameters=full_path(parameters),
        calibration=full_path(calibration),
    )
    run(asked, out, workers, scheduler, event_blocks)


def generators(
    out: Annotated[Path, typer.Option(help="Folder for tables (CSV, JSON) and the picture (PNG).")],
    seed: Annotated[int, typer.Option(help="Seed of all samples.")] = 1,
) -> None:
    """Cross-sections and angles of the generators against published numbers and closed formulas.

    Status 1 if a cross-section does not agree with its reference within the stated tolerance.
    """
    from sim.studies.generators import run_study
    from sim.studies.tables import as_text

    table, _ = run_study(seed, out)
    typer.echo(as_text(table, ("quantity", "ours", "error", "reference", "unit", "agrees")))
    wrong = [row for row in table.column("agrees") if not row]
    typer.echo(f"{len(table.rows)} comparisons, {len(wrong)} differ, seed {seed} -> {out}")
    if wrong:
        raise typer.Exit(1)


def tracks(
    out: Annotated[Path, typer.Option(help="Folder for tables (CSV, JSON), pictures (PNG) and the report (HTML).")],
    events: Annotated[int, typer.Option(help="Muons from the interaction point at each background level.")] = 40_000,
    seed: Annotated[int, typer.Option(help="Seed of all samples.")] = 1,
    network: Annotated[
        list[str] | None, typer.Option(help="Shipped network or .npz file; may be repeated. All shipped ones.")
    ] = None,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    event_blocks: EventBlocks = None,
) -> None:
    """2D finder, neuro trigger and single-track trigger on simulated tracks.

    Efficiency and resolution against momentum, angle, z and wire background, rejection of background tracks, and lines on muon
    pairs. An interrupted study goes on where it stopped when the same command is given again.
    """
    from sim.studies.sample_recipes import TrackRecipe

    networks = tuple(str(Path(name).resolve()) if name.endswith(".npz") else name for name in network or ())
    run(TrackRecipe(events=events, seed=seed, networks=networks), out, workers, scheduler, event_blocks)


def displaced(
    out: Annotated[Path, typer.Option(help="Folder for tables (CSV, JSON) and pictures (PNG).")],
    events: Annotated[int, typer.Option(help="Pairs at each background level; other sources and variations have half.")] = 20_000,
    windows: Annotated[int, typer.Option(help="Windows of beam background, from which the cuts come.")] = 400_000,
    seed: Annotated[int, typer.Option(help="Seed of all samples.")] = 1,
    mass: Annotated[float, typer.Option(help="Mass of the long-lived particle, GeV.")] = 1.0,
    decay: Annotated[str, typer.Option(help="What it decays to: e-e, mu-mu, pi-pi or k-k.")] = "mu-mu",
    workers: Workers = 1,
    scheduler: Scheduler = None,
    event_blocks: EventBlocks = None,
) -> None:
    """Displaced-vertex algorithms at fixed rate, beside their ceiling and the existing lines.

    Efficiency against radius, opening angle, momentum, mass, lifetime and what a detector may lose; other sources of vertices; what
    the first level keeps of selected events. An interrupted study goes on where it stopped when the same command is given again.
    """
    from sim.studies.sample_recipes import DisplacedRecipe

    asked = DisplacedRecipe(events=events, windows=windows, seed=seed, mass_gev=mass, decay=decay)
    run(asked, out, workers, scheduler, event_blocks)


def drift_times(
    real: Annotated[Path, typer.Argument(metavar="FILE", help="Real tracks of the neuro trigger (text, plain or gzip).")],
    out: Annotated[Path, typer.Option(help="Folder for the table (CSV, JSON) and the picture (PNG).")],
    events: Annotated[int, typer.Option(help="Simulated events of two tracks at each background level.")] = 4000,
    seed: Annotated[int, typer.Option(help="Seed of all samples.")] = 1,
) -> None:
    """Spectra of simulated and real drift times, superlayer by superlayer."""
    from sim.studies.drift_times import KEPT, DriftStudy, run_study
    from sim.studies.tables import as_text

    table = run_study(DriftStudy(real=real, events=events, seed=seed), out)
    columns = (
        "source",
        "superlayer",
        "kind",
        "lost",
        "present",
        "unknown_or_first",
        "q50",
        "q50_error",
        "above_225_ns",
        "above_225_units",
    )
    typer.echo(as_text(table.where(selection=KEPT), columns))
    typer.echo(f"seed {seed} -> {out}")
