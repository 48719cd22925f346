"""What the first level keeps of the selected events of displaced searches, with and without the lines for displaced vertices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.detector.whole import Detector
from sim.generation import BlockTask, make_block
from sim.generation import Sample as EventSample
from sim.generators.b_mesons import BToKS
from sim.generators.inelastic import IdmDarkHiggs
from sim.generators.long_lived import Daughters
from sim.generators.process import Generator
from sim.studies.channels import Selection
from sim.studies.counting import Counters, Job
from sim.studies.displaced_samples import DVT, LINES
from sim.studies.photon_reading import EFFICIENCY_COLUMNS, efficiency_row
from sim.studies.searches.b_to_k_s import CHANNEL as B_TO_K_S
from sim.studies.searches.idm_dark_higgs import CHANNEL as IDM_DARK_HIGGS
from sim.studies.tables import Table, Value
from trigger.chain import Chain

MENU = "darktrigger"
CTAUS_CM = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
NEW = (DVT, "dvt_ecl")
"""Lines for displaced vertices."""
FIVE, FIVE_NEW = "ffy, stt, fyo, hie, lml", "the five, dvt and dvt_ecl"
MENU_OLD, MENU_NEW = "whole menu without dvt and dvt_ecl", "whole menu"
KEPT = (FIVE, FIVE_NEW, MENU_OLD, MENU_NEW, *NEW)
"""Decisions that are compared."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """A search. at: the decay length in cm to the generator. select: its offline selection."""

    title: str
    at: Callable[[float], Generator]
    select: Selection


def _soft(ctau_cm: float) -> IdmDarkHiggs:
    """Masses with which most of the energy leaves with the dark matter. Our choice."""
    return IdmDarkHiggs(
        mass_gev=9.5,
        chi_mass_gev=3.0,
        splitting_gev=0.3,
        ctau_cm=ctau_cm,
        higgs_mass_gev=0.5,
        higgs_ctau_cm=ctau_cm,
        higgs_decay=Daughters.MUONS,
    )


SEARCHES: Mapping[str, Search] = {
    "idm_dark_higgs": Search(
        title="inelastic dark matter with a dark Higgs boson: m(A') = 3, splitting 0.4, h' -> pi pi of 1 GeV",
        at=lambda ctau: IdmDarkHiggs(ctau_cm=ctau, higgs_ctau_cm=ctau),
        select=IDM_DARK_HIGGS.select,
    ),
    "idm_dark_higgs_soft": Search(
        title="the same with little energy: m(A') = 9.5, splitting 0.3, h' -> mu mu of 0.5 GeV",
        at=_soft,
        select=IDM_DARK_HIGGS.select,
    ),
    "b_to_k_s": Search(title="B -> K S, S -> mu mu of 1 GeV", at=lambda ctau: BToKS(ctau_cm=ctau), select=B_TO_K_S.select),
}


@dataclass(frozen=True, kw_only=True)
class OfflineSample:
    """Events of a search at a decay length, under the nominal background."""

    search: str
    ctau_cm: float
    events: int

    @property
    def name(self) -> str:
        """Name in file names and tables."""
        return f"offline_{self.search}_ctau{self.ctau_cm:g}"


def offline_samples(events: int) -> tuple[OfflineSample, ...]:
    """Every search at every decay length."""
    return tuple(OfflineSample(search=search, ctau_cm=ctau, events=events) for search in SEARCHES for ctau in CTAUS_CM)


@cache
def offline_chain() -> Chain:
    """The trigger with the lines for displaced vertices; without KLM."""
    return Chain(menu=MENU, blocks=("ecl", "tracks", "grl", "displaced", "menu"))


def count_offline(sample: OfflineSample, job: Job, seed: int) -> Counters:
    """`generated` and `selected` (1,): events; `<decision>` (1,): selected ones that it keeps."""
    search, detector = SEARCHES[sample.search], Detector.at("NOMINAL", 1.0)
    source = EventSample(
        name=sample.search, source=search.at(sample.ctau_cm), response=detector.ecl, drift_chamber=detector.cdc, offline=True
    )
    arrays = make_block(BlockTask(sample=source, seed=seed, block=job.block, n_events=job.events))
    selected = search.select(arrays).flow.passed
    kept = decide(arrays)
    return {
        "generated": np.array([job.events]),
        "selected": np.array([selected.sum()]),
        **{name: np.array([(selected & fired).sum()]) for name, fired in kept.items()},
    }


def decide(arrays: Mapping[str, np.ndarray]) -> dict[str, NDArray[np.bool_]]:
    """Every decision of KEPT on events, bool (n,)."""
    decision = offline_chain().run({name: array for name, array in arrays.items() if not name.startswith(("true_", "off_"))})
    names = decision.line_names
    old = [place for place, name in enumerate(names) if name not in NEW]
    five = [place for place, name in enumerate(names) if name in LINES or name.startswith(LINES[-1])]
    bits = {name: decision.ftdl[:, names.index(name)] for name in NEW}
    new = np.any([*bits.values()], axis=0)
    any_five, any_old = (decision.ftdl[:, places].any(axis=1) for places in (five, old))
    return {FIVE: any_five, FIVE_NEW: any_five | new, MENU_OLD: any_old, MENU_NEW: any_old | new, **bits}


def offline_table(counters: Mapping[str, Counters], samples: tuple[OfflineSample, ...], stamp: Mapping[str, Any]) -> Table:
    """Selected events that each decision keeps, by search and decay length."""
    rows: list[tuple[Value, ...]] = []
    for sample in samples:
        found = counters[sample.name]
        for name in KEPT:
            row = efficiency_row(int(found[name][0]), int(found["selected"][0]))
            rows.append((SEARCHES[sample.search].title, sample.ctau_cm, int(found["generated"][0]), name, *row))
    return Table(
        name="displaced_offline",
        title="Events that pass the offline selections of displaced searches: part that the first level keeps",
        columns=("search", "ctau_cm", "generated", "decision", *EFFICIENCY_COLUMNS),
        rows=tuple(rows),
        notes=(
            f"menu {MENU}, before prescale, nominal background (a guess); cuts on the score as they are declared",
            f"{FIVE}: any of them",
        ),
        stamp=stamp,
    )
