"""`darktrigger menu rates`: what each line costs in Hz."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from sim.klm_mode import LAYERS
from trigger.errors import InputError


class Level(enum.StrEnum):
    """Beam-background presets; all are guesses."""

    low = "low"
    nominal = "nominal"
    high = "high"


def register(group: typer.Typer) -> None:
    """Add the command to the group `menu`."""
    group.command("rates", epilog="Example: darktrigger menu rates --luminosity 6e35 --events 2000 --out rates")(rates)


def rates(
    out: Annotated[Path, typer.Option(help="Folder for tables (CSV, JSON).")],
    menu: Annotated[str, typer.Option("--menu", help="Shipped menu or a TOML file.")] = "exp16",
    period: Annotated[str | None, typer.Option("--period", help="Run period whose prescales act; the first by default.")] = None,
    luminosity: Annotated[
        list[float] | None, typer.Option(help="Luminosity in cm^-2 s^-1; may be repeated. Pilot run, record and both designs.")
    ] = None,
    background: Annotated[Level, typer.Option(help="Beam background of all subdetectors; presets are guesses.")] = Level.nominal,
    scales: Annotated[str, typer.Option(help="Factors on the background, at each of which all rates are made.")] = "0.3,1,3",
    injection: Annotated[
        str, typer.Option(help="Injections per second, whose veto closes the trigger; 50: every pulse of the injector; 0: none.")
    ] = "50",
    injection_windows: Annotated[
        str | None, typer.Option(help="Full veto, end of the gated veto, gate per turn in us; 500,10000,2 is a guess.")
    ] = None,
    klm_mode: Annotated[str, typer.Option(help="KLM trigger: layers, or lines for straight lines of strips.")] = LAYERS,
    events: Annotated[int, typer.Option(help="Events of the large samples; others have a share of it.")] = 65_536,
    seed: Annotated[int, typer.Option(help="Seed of all samples.")] = 1,
    workers: Annotated[int, typer.Option(help="Processes; the numbers do not depend on it.")] = 1,
) -> None:
    """Rates of every line in Hz, before and after prescale, exclusive and cumulative, and of the whole menu against 30 kHz.

    The whole menu also after injection veto and dead time of the readout.

    Collisions are normalised to published cross-sections, beam background is a continuous stream. What is guessed is marked. An
    interrupted run goes on where it stopped when the same command is given again.
    """
    from sim.cli._options import injection_of
    from sim.klm_mode import klm_parameters
    from sim.progress import progress
    from sim.studies.rates import LUMINOSITIES, RateStudy, run_study
    from sim.studies.tables import as_text
    from trigger.chain import Chain

    points = LUMINOSITIES if not luminosity else {f"{value:g}": value for value in luminosity}
    if min(points.values()) <= 0:
        msg = f"--luminosity must be positive, not {min(points.values()):g}"
        raise InputError(msg)
    chain = Chain(menu=menu, period=period, klm=klm_parameters(klm_mode))
    study = RateStudy(
        chain=chain,
        events=events,
        seed=seed,
        preset=background.name.upper(),
        scales=_scales(scales),
        injection=None if injection == "0" and injection_windows is None else injection_of(injection, injection_windows),
    )
    with progress("menu rates", sum(job.events for job in study.jobs())) as advance:
        tables = run_study(study, out, points, workers, lambda job: advance(job.events))
    point, scale = next(iter(points)) if luminosity else "design", study.scales[len(study.scales) // 2]
    chosen = tables["rates"].where(point=point, background_scale=scale)
    place = chosen.columns.index("kept_hz")
    largest = sorted(chosen.rows, key=lambda row: -float(row[place] or 0.0))[:20]
    columns = ("line", "prescale", "fired_hz", "kept_hz", "kept_low", "kept_high", "exclusive_hz", "guessed_hz")
    typer.echo(f"largest lines at {point}, background x {scale:g} (GUESS):")
    typer.echo(as_text(type(chosen)(name="", title="", columns=chosen.columns, rows=tuple(largest)), columns))
    typer.echo(as_text(tables["rate_totals"]))
    for text in tables["rate_totals"].notes:
        typer.echo(text)
    typer.echo(f"{len(tables)} tables, menu {chain.menu.name}, period {chain.period.name}, seed {seed} -> {out}")


def _scales(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        msg = f"--scales must be numbers with commas between, not {text!r}"
        raise InputError(msg) from None
