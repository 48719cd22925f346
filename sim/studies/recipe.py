"""What a study of searches was asked for, as plain values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from sim.generation import FileSource
from sim.generators.readers import InputFrame
from sim.klm_mode import LAYERS, klm_parameters
from sim.studies.asked import Asked
from sim.studies.channel_study import ChannelStudy
from sim.studies.channel_task import Scenario, View
from sim.studies.counting import Counters
from sim.studies.plugins import Catalogue, Plugin
from trigger.ecl.parameters import EclParameters
from trigger.errors import InputError
from trigger.menu import Menu, load_menu

ALL = "all"
_PERIOD_KEYS = {"name", "luminosity", "menu", "period", "parameters"}


@dataclass(frozen=True, kw_only=True)
class Recipe(Asked[ChannelStudy]):
    """Options of `darktrigger study CHANNEL` and `study all`.

    names: searches, or `all`. levels: multiples of the nominal background, 0 for none. menu, changes: the trigger that is
    compared with the search's own, none for no comparison; changes are (ETM parameter, value). periods: file of run periods.
    plugins, source: files. frame: of the source. wanted: events of the yield. rate_events: size of the samples behind a change of
    rates. klm_mode: of the KLM trigger, in all that are compared.
    """

    verb: ClassVar[str] = "study"
    names: tuple[str, ...]
    events: int
    seed: int
    levels: tuple[float, ...]
    period: str | None = None
    menu: str | None = None
    changes: tuple[tuple[str, str], ...] = ()
    periods: str | None = None
    plugins: tuple[str, ...] = ()
    source: str | None = None
    frame: str = InputFrame.LAB.value
    wanted: float = 10.0
    rate_events: int = 4096
    klm_mode: str = LAYERS

    def __post_init__(self) -> None:
        klm_parameters(self.klm_mode)
        if not self.levels or min(self.levels) < 0 or max(self.levels) > 100 or len(set(self.levels)) < len(self.levels):
            msg = f"--background must be different numbers within 0..100, not {', '.join(map(str, self.levels))}"
            raise InputError(msg)
        if not self.wanted > 0:
            msg = f"--yield must be positive, not {self.wanted:g}"
            raise InputError(msg)
        if self.rate_events < 0:
            msg = f"--rate-events must not be negative, not {self.rate_events}"
            raise InputError(msg)
        if self.periods is not None and self.compares:
            msg = "--periods and a changed trigger (--set, --menu) must not be given together"
            raise InputError(msg)

    @property
    def compares(self) -> bool:
        """Whether a changed trigger is compared with the search's own."""
        return self.menu is not None or bool(self.changes)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The searches that can be asked for."""
        return Catalogue(plugins=tuple(Plugin.read(Path(path)) for path in self.plugins))

    def study(self) -> ChannelStudy:
        """The study; InputError for anything that does not exist or cannot be read."""
        scenarios, view = self._scenarios()
        source = None if self.source is None else FileSource(path=Path(self.source), frame=InputFrame(self.frame))
        return ChannelStudy(
            names=tuple(self.catalogue.channels) if self.names == (ALL,) else self.names,
            catalogue=self.catalogue,
            scenarios=scenarios,
            view=view,
            events=self.events,
            seed=self.seed,
            levels=tuple(("NOMINAL", level) if level else ("NONE", 1.0) for level in self.levels),
            source=source,
        )

    def _scenarios(self) -> tuple[tuple[Scenario, ...], View]:
        klm = klm_parameters(self.klm_mode)
        if self.periods is not None:
            return tuple(replace(scenario, klm=klm) for scenario in read_periods(Path(self.periods))), View.PERIODS
        before = Scenario(name="before", period=self.period, klm=klm)
        if not self.compares:
            return (before,), View.ONE
        after = Scenario(
            name="after",
            menu=None if self.menu is None else load_menu(self.menu),
            period=self.period,
            parameters=EclParameters.from_mapping(dict(self.changes), where="--set"),
            klm=klm,
        )
        return (before, after), View.WHAT_IF

    @property
    def name(self) -> str:
        """Names of the searches."""
        return "-".join(self.names)

    def finish(
        self, study: ChannelStudy, counters: dict[str, Counters], out: Path, workers: int = 1, scheduler: str | None = None
    ) -> list[str]:
        """Everything that is written of searches; their efficiencies."""
        from sim.studies.channel_results import in_words, write_results

        tables = write_results(self, study, counters, out, workers, scheduler)
        return in_words(study, tables, out)


def read_periods(path: Path) -> tuple[Scenario, ...]:
    """Run periods of a TOML file: tables `[[period]]` with `name`, `luminosity` (fb^-1), and where they differ from the search's
    own, `menu`, `period` (of the menu, for its prescales) and a table `parameters` of ETM parameters.

    InputError with file, period and reason.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"{path}: not a readable TOML file: {error}"
        raise InputError(msg) from error
    entries = table.get("period")
    if set(table) != {"period"} or not isinstance(entries, list) or not entries:
        msg = f"{path}: must hold tables [[period]] and nothing else"
        raise InputError(msg)
    found = tuple(_period(path, number, entry) for number, entry in enumerate(entries, 1))
    names = [scenario.name for scenario in found]
    if len(set(names)) < len(names):
        msg = f"{path}: names of periods must be different, not {', '.join(names)}"
        raise InputError(msg)
    return found


def _period(path: Path, number: int, entry: Mapping[str, Any]) -> Scenario:
    where = f"{path}: period {entry.get('name', number)}"
    unknown = sorted(set(entry) - _PERIOD_KEYS)
    if unknown:
        msg = f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(_PERIOD_KEYS))}"
        raise InputError(msg)
    luminosity = entry.get("luminosity")
    if isinstance(luminosity, bool) or not isinstance(luminosity, int | Decimal) or not 0 < luminosity < 1e9:
        msg = f"{where}: luminosity must be a positive number of fb^-1, not {luminosity!r}"
        raise InputError(msg)
    texts = {key: entry.get(key) for key in ("name", "menu", "period")}
    for key, value in texts.items():
        if not isinstance(value, str) and (value is not None or key == "name"):
            msg = f"{where}: {key} must be text, not {value!r}"
            raise InputError(msg)
    parameters = entry.get("parameters", {})
    if not isinstance(parameters, Mapping):
        msg = f"{where}: parameters must be a table, not {parameters!r}"
        raise InputError(msg)
    return Scenario(
        name=str(texts["name"]),
        menu=None if texts["menu"] is None else _menu(texts["menu"], path),
        period=texts["period"],
        parameters=EclParameters.from_mapping(parameters, where=where),
        luminosity=float(luminosity),
    )


def _menu(name: str, path: Path) -> Menu:
    """A menu of a period: files are looked for beside the file of periods."""
    return load_menu(path.parent / name if name.endswith(".toml") else name)
