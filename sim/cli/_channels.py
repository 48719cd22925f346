"""The studies of `darktrigger study` that belong to searches."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from sim.cli._block_studies import EventBlocks, Scheduler, Workers, full_path, run
from sim.klm_mode import LAYERS
from trigger.errors import InputError

if TYPE_CHECKING:
    from sim.studies.recipe import Recipe

SEARCH = "search"

Out = Annotated[Path, typer.Option(help="Folder for tables (CSV, JSON), pictures (PNG), maps (JSON) and reports (HTML).")]
Events = Annotated[int, typer.Option(help="Generated events of each sample, at each background level.")]
Seed = Annotated[int, typer.Option(help="Seed of all samples.")]
Background = Annotated[str, typer.Option(help="Multiples of the nominal background (a guess), 0 for none; separated by commas.")]
PeriodName = Annotated[
    str | None, typer.Option("--period", help="Period of the menu whose prescales hold; the search's by default.")
]
MenuName = Annotated[str | None, typer.Option("--menu", help="Menu (shipped or TOML file) that is compared with the search's own.")]
Changes = Annotated[
    list[str] | None, typer.Option("--set", help="ETM parameter KEY=VALUE that is compared with the default; may be repeated.")
]
Periods = Annotated[Path | None, typer.Option(help="TOML file of run periods: average over them, weighted by luminosity.")]
Plugins = Annotated[list[Path] | None, typer.Option("--plugin", help="Python file with a search or blocks; may be repeated.")]
Wanted = Annotated[float, typer.Option("--yield", help="Selected events whose luminosity is quoted.")]
KlmModeName = Annotated[str, typer.Option("--klm-mode", help="KLM trigger: layers, or lines for straight lines of strips.")]
RateEvents = Annotated[int, typer.Option(help="Events of the large samples behind a change of rates; 0: no rates.")]


class StudyGroup(TyperGroup):
    """The group `study`: what is no command of it is the name of a search."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """`study NAME ...` is `study search NAME ...`."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            args = [SEARCH, *args]
        return super().resolve_command(ctx, args)


def names_of_searches() -> list[str]:
    """Names of our searches, from the files of their modules alone: nothing is loaded."""
    spec = find_spec("sim.studies.searches")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    files = (path for folder in spec.submodule_search_locations for path in Path(folder).glob("[a-z]*.py"))
    return sorted(path.stem.replace("_", "-") for path in files)


def register(group: typer.Typer) -> None:
    """Add the studies."""
    names = ", ".join(names_of_searches())
    group.command(
        SEARCH,
        epilog=f"Example: darktrigger study search tau --events 20000 --out tau_study. CHANNEL is one of {names}, or of a plug-in.",
    )(search)
    group.command("all", epilog="Example: darktrigger study all --workers 2 --out all_searches")(everything)


def search(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Name of the search, or several with commas between.")],
    out: Out,
    events: Events = 20_000,
    seed: Seed = 1,
    background: Background = "0,0.3,1,3",
    period: PeriodName = None,
    set_: Changes = None,
    menu: MenuName = None,
    periods: Periods = None,
    plugin: Plugins = None,
    file: Annotated[
        Path | None, typer.Option(help="Signal events of another generator (LHE, HepMC) in place of the samples.")
    ] = None,
    frame: Annotated[str, typer.Option(help="Frame of that file: lab, cm or head-on.")] = "lab",
    wanted: Wanted = 10.0,
    rate_events: RateEvents = 4096,
    klm_mode: KlmModeName = LAYERS,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    event_blocks: EventBlocks = None,
) -> None:
    """What the trigger keeps of one search: `study CHANNEL` for short.

    Efficiency of each line, of groups and of the menu, of generated and of offline-selected events; unique shares, kill
    attribution, luminosity of a yield, maps. With --set or --menu: what a change would gain and lose, on the same events.
    """
    from sim.generators.readers import InputFrame

    frames = [known.value for known in InputFrame]
    if frame not in frames:
        msg = f"--frame must be one of {', '.join(frames)}, not {frame!r}"
        raise InputError(msg)
    run(
        _recipe(channel, events, seed, background, period, set_, menu, periods, plugin, file, frame, wanted, rate_events, klm_mode),
        out,
        workers,
        scheduler,
        event_blocks,
    )


def everything(
    out: Out,
    events: Events = 16_000,
    seed: Seed = 1,
    background: Background = "0,1",
    period: PeriodName = None,
    set_: Changes = None,
    menu: MenuName = None,
    periods: Periods = None,
    plugin: Plugins = None,
    wanted: Wanted = 10.0,
    rate_events: RateEvents = 4096,
    klm_mode: KlmModeName = LAYERS,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    event_blocks: EventBlocks = None,
) -> None:
    """All searches, each in a folder of its own, and the summary: search by line, what carries it, what would be lost without."""
    run(
        _recipe("all", events, seed, background, period, set_, menu, periods, plugin, None, "lab", wanted, rate_events, klm_mode),
        out,
        workers,
        scheduler,
        event_blocks,
    )


def _recipe(
    name: str, events: int, seed: int, background: str, period: str | None, changes: list[str] | None, menu: str | None,
    periods: Path | None, plugins: list[Path] | None, source: Path | None, frame: str, wanted: float, rate_events: int,
    klm_mode: str,
) -> Recipe:  # fmt: skip
    from sim.studies.recipe import Recipe

    return Recipe(
        names=tuple(part.strip() for part in name.split(",")),
        events=events,
        seed=seed,
        levels=_levels(background),
        period=period,
        menu=full_path(Path(menu)) if menu is not None and menu.endswith(".toml") else menu,
        changes=tuple(_change(text) for text in changes or ()),
        periods=full_path(periods),
        plugins=tuple(str(path.resolve()) for path in plugins or ()),
        source=full_path(source),
        frame=frame,
        wanted=wanted,
        rate_events=rate_events,
        klm_mode=klm_mode,
    )


def _levels(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        msg = f"--background must be numbers with commas between, not {text!r}"
        raise InputError(msg) from None


def _change(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        msg = f"--set must be KEY=VALUE, not {text!r}"
        raise InputError(msg)
    return key.strip(), value.strip()
