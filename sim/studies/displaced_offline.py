"""What the first level keeps of the selected events of displaced searches, with and without the lines for displaced vertices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.generation import BlockTask, make_block
from sim.generation import Sample as EventSample
from sim.studies.counting import Counters, Job
from sim.studies.displaced_samples import DVT, LINES, NOMINAL, Kind, Sample, columns
from sim.studies.displaced_searches import SEARCHES
from sim.studies.photon_reading import EFFICIENCY_COLUMNS, efficiency_row
from sim.studies.tables import Table, Value
from trigger.chain import Chain
from trigger.events import EventRecord

MENU, PERIOD = "exp16", "e18r781"
"""The latest menu that is public, and the latest prescales."""
NEW_MENU = "darktrigger"
NEW = (DVT, "dvt_ecl")
"""Lines for displaced vertices."""
FIVE, RUN, EVERY = "ffy, stt, fyo, hie, lml", "lines without prescale", "whole menu before prescale"
EXISTING = (FIVE, RUN, EVERY)
"""Sets of lines of the experiment that the new ones are added to."""
SHOWN_LINES = 8
"""Lines of a sample that are in the table of lines."""


def with_new(existing: str) -> str:
    """Name of the decision of a set of lines or the new ones."""
    return f"{existing}; or dvt, dvt_ecl"


def gained(existing: str) -> str:
    """Name of the decision of the new lines where a set of lines does not fire."""
    return f"dvt, dvt_ecl and not {existing}"


KEPT = (*(name(existing) for existing in EXISTING for name in (str, with_new, gained)), *NEW)
"""Decisions that are compared."""


@dataclass(frozen=True, kw_only=True)
class OfflineSample:
    """Events of a search at a value of what it scans; the wires have the nominal background, the calorimeter and the KLM none."""

    search: str
    value: float
    events: int

    @property
    def name(self) -> str:
        """Name in file names and tables."""
        return f"offline_{self.search}_{self.value:g}"


def offline_samples(events: int) -> tuple[OfflineSample, ...]:
    """Every search at every value, with its share of the events."""
    return tuple(
        OfflineSample(search=name, value=value, events=max(round(events * search.share * share), 1))
        for name, search in SEARCHES.items()
        for value, share in search.values
    )


@cache
def offline_chain() -> Chain:
    """The trigger of the experiment's menu, with the block of the new lines beside it."""
    return Chain(menu=MENU, period=PERIOD, blocks=("ecl", "tracks", "klm", "grl", "displaced", "menu"))


@cache
def _new_lines() -> Chain:
    """The menu that has the new lines, on decisions made before."""
    return Chain(menu=NEW_MENU, blocks=("menu",))


def count_offline(sample: OfflineSample, job: Job, seed: int) -> Counters:
    """`generated`, `selected` (1,): events; `<decision>` (1,), `lines` (lines,): selected ones that it and that each line keep."""
    search, detector = SEARCHES[sample.search], Sample(kind=Kind.PAIR, scale=NOMINAL, events=sample.events).detector
    source = EventSample(
        name=sample.search,
        source=search.at(sample.value),
        response=detector.ecl,
        drift_chamber=detector.cdc,
        klm=detector.klm,
        offline=True,
    )
    arrays = make_block(BlockTask(sample=source, seed=seed, block=job.block, n_events=job.events))
    selected = EventRecord(arrays, {}).select(search.select(arrays).flow.passed)
    kept, lines = decide(selected.arrays)
    return {
        "generated": np.array([job.events]),
        "selected": np.array([selected.n_events]),
        "lines": lines.sum(axis=0),
        **{name: np.array([fired.sum()]) for name, fired in kept.items()},
    }


def decide(arrays: Mapping[str, np.ndarray]) -> tuple[dict[str, NDArray[np.bool_]], NDArray[np.bool_]]:
    """Every decision of KEPT on events, bool (n,), and all lines of the experiment's menu, bool (n, lines)."""
    given = {name: array for name, array in arrays.items() if not name.startswith(("true_", "off_"))}
    decision = offline_chain().run(given)
    again = _new_lines().run(given | {field: array for field, array in decision.arrays().items() if field not in _MENU_FIELDS})
    bits = {name: again.ftdl[:, again.line_names.index(name)] for name in NEW}
    new = np.any([*bits.values()], axis=0)
    kept: dict[str, NDArray[np.bool_]] = {}
    for existing, places in _places().items():
        fired = np.any(decision.ftdl[:, places], axis=1)
        kept |= {existing: fired, with_new(existing): fired | new, gained(existing): new & ~fired}
    return {**kept, **bits}, decision.ftdl


_MENU_FIELDS = frozenset({"input_bits", "ftdl", "psnm", "l1", "l1_probability"})
"""Answers of the menu itself."""


@cache
def _places() -> dict[str, tuple[int, ...]]:
    """Columns of the lines of each set of EXISTING."""
    prescales = offline_chain().period.prescales
    return {
        FIVE: tuple(place for line in LINES for place in columns()[line]),
        RUN: tuple(place for place, prescale in enumerate(prescales) if prescale == 1),
        EVERY: tuple(range(len(prescales))),
    }


def offline_tables(counters: Mapping[str, Counters], samples: tuple[OfflineSample, ...], stamp: Mapping[str, Any]) -> list[Table]:
    """Selected events that each decision keeps, and the lines that take most of them, by search and what is scanned."""
    kept: list[tuple[Value, ...]] = []
    lines: list[tuple[Value, ...]] = []
    names, prescales = offline_chain().menu.line_names, offline_chain().period.prescales
    for sample in samples:
        search, found = SEARCHES[sample.search], counters[sample.name]
        n, at = int(found["selected"][0]), (search.title, search.scanned, sample.value)
        kept += [(*at, int(found["generated"][0]), name, *efficiency_row(int(found[name][0]), n)) for name in KEPT]
        run = [place for place in np.argsort(-found["lines"], kind="stable") if prescales[place] == 1]
        lines += [(*at, names[place], *efficiency_row(int(found["lines"][place]), n)) for place in run[:SHOWN_LINES]]
    notes = (
        f"menu {MENU}; {RUN}: in period {PERIOD}; {FIVE}: any of them, before prescale; no injection veto",
        "wires with the nominal background (a guess), calorimeter and KLM without; cuts on the score as they are declared",
    )
    return [
        Table(
            name="displaced_offline",
            title="Events that pass the offline selections of displaced searches: part that the first level keeps",
            columns=("search", "scanned", "value", "generated", "decision", *EFFICIENCY_COLUMNS),
            rows=tuple(kept),
            notes=notes,
            stamp=stamp,
        ),
        Table(
            name="displaced_offline_lines",
            title=f"Lines without prescale that take most of these events, {SHOWN_LINES} of each sample",
            columns=("search", "scanned", "value", "line", *EFFICIENCY_COLUMNS),
            rows=tuple(lines),
            notes=notes,
            stamp=stamp,
        ),
    ]
