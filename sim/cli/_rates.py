"""`darktrigger menu rates`: what each line costs in Hz."""

from __future__ import annotations

import enum
from dataclasses import astuple
from pathlib import Path
from typing import Annotated

import typer

from sim.cli._block_studies import EventBlocks, Scheduler, Workers, run
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
    workers: Workers = 1,
    scheduler: Scheduler = None,
    event_blocks: EventBlocks = None,
) -> None:
    """Rates of every line in Hz, before and after prescale, exclusive and cumulative, and of the whole menu against 30 kHz.

    The whole menu also after injection veto and dead time of the readout.

    Collisions are normalised to published cross-sections, beam background is a continuous stream. What is guessed is marked. An
    interrupted run goes on where it stopped when the same command is given again.
    """
    from sim.cli._options import injection_of
    from sim.studies.rates import LUMINOSITIES
    from sim.studies.sample_recipes import RateRecipe

    found = None if injection == "0" and injection_windows is None else injection_of(injection, injection_windows)
    asked = RateRecipe(
        menu=str(Path(menu).resolve()) if menu.endswith(".toml") else menu,
        period=period,
        luminosities=tuple((f"{value:g}", value) for value in luminosity) if luminosity else tuple(LUMINOSITIES.items()),
        preset=background.name.upper(),
        scales=_scales(scales),
        injection=None if found is None else (found.rate_hz, *astuple(found.windows)),
        klm_mode=klm_mode,
        events=events,
        seed=seed,
    )
    run(asked, out, workers, scheduler, event_blocks)


def _scales(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        msg = f"--scales must be numbers with commas between, not {text!r}"
        raise InputError(msg) from None
