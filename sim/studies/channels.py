"""Searches as the trigger sees them: a process, the analysis's selection, the groups of lines that serve it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.generators.process import Generator
from sim.generators.pythia import TauPair
from sim.generators.z_prime import ZPrime
from sim.offline import tau_pairs, z_prime_2018
from sim.offline.cuts import CutFlow

Selection = Callable[[Mapping[str, np.ndarray]], tuple[CutFlow, NDArray[np.float64]]]
"""Event fields to (cut flow, the variable of every event)."""


@dataclass(frozen=True, kw_only=True)
class LineGroup:
    """Lines that are quoted together: an event counts if any of them fires."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ChannelSample:
    """One sample of a channel; label, value: what distinguishes it, such as a mass; None for a channel of one sample."""

    label: str
    process: Generator
    value: float | None = None


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One search.

    select: its offline selection. variable, edges: what efficiencies are shown against. scanned: what the samples differ in, if
    there are several. menu, period: the menu of its lines, and the prescales of the expected efficiency. notes: what a reader
    must know. published: what was published, with its source; shown beside, never tuned to.
    """

    name: str
    title: str
    samples: tuple[ChannelSample, ...]
    select: Selection
    variable: str
    edges: tuple[float, ...]
    groups: tuple[LineGroup, ...]
    scanned: str = ""
    menu: str = "exp16"
    period: str | None = None
    notes: tuple[str, ...] = ()
    published: str = ""


def _tau(arrays: Mapping[str, np.ndarray]) -> tuple[CutFlow, NDArray[np.float64]]:
    selected = tau_pairs.select(arrays)
    return selected.flow, selected.visible_e_star_gev


def _z_prime(arrays: Mapping[str, np.ndarray]) -> tuple[CutFlow, NDArray[np.float64]]:
    selected = z_prime_2018.select(arrays)
    return selected.flow, np.nan_to_num(selected.recoil_mass_gev, nan=-1.0)


TAU = Channel(
    name="tau",
    title="tau pairs, one and three charged particles",
    samples=(ChannelSample(label="tau tau", process=TauPair()),),
    select=_tau,
    variable="visible E* / GeV",
    edges=(2.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.4),
    groups=(
        LineGroup(name="two tracks", lines=("ffo",)),
        LineGroup(name="three tracks", lines=("fff",)),
        LineGroup(name="short tracks", lines=("fso", "sso", "ffs", "fss", "sss")),
        LineGroup(name="total energy", lines=("hie",)),
        LineGroup(name="four clusters", lines=("c4",)),
        LineGroup(name="three clusters", lines=("lml0", "lml12")),
        LineGroup(name="back to back", lines=("lml8", "lml9", "lml10")),
        LineGroup(name="energetic cluster", lines=("lml1", "lml2", "lml4", "lml6", "lml7")),
        LineGroup(name="mu mu clusters", lines=("eclmumu",)),
    ),
    period="e18r781",
    notes=("Pythia without spin correlations. Groups of lines as in the tau figure of the collaboration's talk of 2021.",),
    published="the figure has no readable numbers",
)

Z_PRIME_2018 = Channel(
    name="z-prime-2018",
    title="Z' -> invisible in 2018",
    samples=tuple(
        ChannelSample(label=f"{mass:g} GeV", process=ZPrime(mass_gev=mass), value=mass) for mass in (0.5, 1.0, 2.0, 4.0, 6.0, 8.0)
    ),
    select=_z_prime,
    variable="recoil mass / GeV",
    edges=(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0),
    groups=(LineGroup(name="two tracks", lines=("ffo",)), LineGroup(name="muon with KLM", lines=("cdcklm1", "cdcklm2"))),
    scanned="mass of the Z' / GeV",
    period="e18r781",
    notes=(
        "The search used the two-track line alone; the other is shown for comparison, with the conditions of 2021.",
        "Energies of the muons as for massless ones, no initial-state radiation.",
    ),
    published="0.79 +- 6 % for the two-track line in 2018 (talks; with the hardware losses of that year: for comparison only)",
)

CHANNELS: Mapping[str, Channel] = {channel.name: channel for channel in (TAU, Z_PRIME_2018)}
"""Searches by the name of their study."""
