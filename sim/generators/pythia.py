"""e+e- -> tau tau, q qbar and the Y(4S) by Pythia 8: what needs hadronisation or decay tables.

Beams without energy spread, along their nominal directions; the interaction point is drawn as for every process. Muons, charged
pions and kaons, K_L and neutrons are left to the detector; K_S and hyperons decay here, at their place. Source of the settings:
Pythia 8.3 manual; the radiative return needs the lowest pair mass written out, its default of 10 GeV removes it without a word.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar

import numpy as np

from sim.generators.beams import NOMINAL, Beams, sample_vertices
from sim.generators.muon_pair import radiative_cross_section_nb
from sim.generators.particles import Particles
from sim.generators.process import CrossSection
from sim.generators.qed import TAU_MASS_GEV

_UPSILON_4S = 300553
_NS_PER_MM = 1e6 / 299_792_458
_CM_PER_MM = 0.1
_LARGEST_SEED = 900_000_000
"""Source: Pythia 8.3 manual, Random:seed."""
_QUIET = ("Print:quiet = on",)


@dataclass(frozen=True, kw_only=True)
class PythiaProcess:
    """Events of Pythia; subclasses say which. The same generator state gives the same events, on a used instance as on a fresh one.

    settings: lines of Pythia. Raises ModuleNotFoundError without the extra `pythia`.
    """

    settings: ClassVar[tuple[str, ...]]
    beams: Beams = field(default=NOMINAL)

    def cross_section(self) -> CrossSection | None:
        """None: the samples are normalised to the published cross-section of the process."""
        return None

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of final particles in the laboratory, photons along the beams and neutrinos included."""
        pythia = _started(_QUIET + _collision(self.beams) + self.settings)
        pythia.rndm.init(int(rng.integers(1, _LARGEST_SEED)))
        return _placed(_batches(pythia, n), sample_vertices(self.beams, n, rng))


@dataclass(frozen=True, kw_only=True)
class TauPair(PythiaProcess):
    """e+e- -> tau+ tau- with initial-state radiation; spin correlations of the decays are left out."""

    settings: ClassVar[tuple[str, ...]] = (
        "WeakSingleBoson:ffbar2gmZ = on",
        "23:onMode = off",
        "23:onIfAny = 15",
        "23:mMin = 3.56",
        "PhaseSpace:mHatMin = 3.56",
        "TauDecays:mode = 0",
    )

    def cross_section(self) -> CrossSection:
        """Born cross-section with the initial-state radiator."""
        nb = radiative_cross_section_nb(self.beams.s_gev2, TAU_MASS_GEV, 2.0 * TAU_MASS_GEV)
        return CrossSection(nb=nb, source="DERIVED: Born with initial-state radiator")


@dataclass(frozen=True, kw_only=True)
class StableTauPair(PythiaProcess):
    """The same tau pairs before they decay, for decays of one's own; the taus have the mass that `TAU_MASS_GEV` says."""

    settings: ClassVar[tuple[str, ...]] = (*TauPair.settings, "15:mayDecay = off", f"15:m0 = {TAU_MASS_GEV}")


def _quarks(pdg: int, mass_min_gev: float) -> tuple[str, ...]:
    return (
        "WeakSingleBoson:ffbar2gmZ = on",
        "23:onMode = off",
        f"23:onIfAny = {pdg}",
        f"23:mMin = {mass_min_gev}",
        f"PhaseSpace:mHatMin = {mass_min_gev}",
    )


@dataclass(frozen=True, kw_only=True)
class DownQuarks(PythiaProcess):
    """e+e- -> d dbar, pair mass above 2 GeV."""

    settings: ClassVar[tuple[str, ...]] = _quarks(1, 2.0)


@dataclass(frozen=True, kw_only=True)
class UpQuarks(PythiaProcess):
    """e+e- -> u ubar, pair mass above 2 GeV."""

    settings: ClassVar[tuple[str, ...]] = _quarks(2, 2.0)


@dataclass(frozen=True, kw_only=True)
class StrangeQuarks(PythiaProcess):
    """e+e- -> s sbar, pair mass above 2 GeV."""

    settings: ClassVar[tuple[str, ...]] = _quarks(3, 2.0)


@dataclass(frozen=True, kw_only=True)
class CharmQuarks(PythiaProcess):
    """e+e- -> c cbar."""

    settings: ClassVar[tuple[str, ...]] = _quarks(4, 3.74)


@dataclass(frozen=True, kw_only=True)
class Upsilon4S(PythiaProcess):
    """e+e- -> Y(4S) -> B Bbar; the B mesons fly isotropically, which no quantity of the trigger notices.

    Mass and branching fractions: Particle Data Group, Review of Particle Physics 2024.
    """

    settings: ClassVar[tuple[str, ...]] = (
        "ProcessLevel:all = off",
        f"{_UPSILON_4S}:new = Upsilon(4S) Upsilon(4S) 3 0 0 10.5794 0.0205 10.55 10.65 0",
        f"{_UPSILON_4S}:addChannel = 1 0.514 0 521 -521",
        f"{_UPSILON_4S}:addChannel = 1 0.486 0 511 -511",
    )

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of final particles in the laboratory."""
        pythia = _started(_QUIET + self.settings)
        pythia.rndm.init(int(rng.integers(1, _LARGEST_SEED)))
        mothers = np.repeat(np.array(self.beams.total)[:, None], n, axis=1)
        found = _decays(pythia, np.full(n, _UPSILON_4S), mothers, self.beams.sqrt_s_gev)
        return _placed(found, sample_vertices(self.beams, n, rng))


def decayed(pdg: np.ndarray, momenta: np.ndarray, mass_gev: float, vertices: np.ndarray, rng: np.random.Generator) -> Particles:
    """Events of what Pythia's decay tables make of one particle each, which flies its own lifetime first.

    pdg: codes (n,). momenta: (4, n), (E, px, py, pz) in GeV, laboratory. vertices: (3, n), where and at t = 0 the particles are
    born, cm. Spin correlations of tau decays are left out, as in `TauPair`.
    """
    pythia = _started((*_QUIET, "ProcessLevel:all = off", "TauDecays:mode = 0"))
    pythia.rndm.init(int(rng.integers(1, _LARGEST_SEED)))
    return _placed(_decays(pythia, pdg, momenta, mass_gev), vertices)


def _decays(pythia: Any, pdg: np.ndarray, momenta: np.ndarray, mass_gev: float) -> tuple[np.ndarray, np.ndarray]:
    """(particles of each event (n,), table (particles, 9) as `_row`) of the decays of mothers; failed ones are tried again."""
    events: list[list[tuple[float, ...]]] = []
    mothers = list(zip(pdg.tolist(), *momenta.tolist(), strict=True))
    while len(events) < len(mothers):
        code, energy, px, py, pz = mothers[len(events)]
        pythia.event.reset()
        mother = pythia.event[pythia.event.append(code, 1, 0, 0, px, py, pz, energy, mass_gev)]
        if mother.tau0() > 0.0:
            # Pythia lets only particles fly that it made itself.
            mother.tau(mother.tau0() * pythia.rndm.exp())
        if pythia.next():
            events.append([_row(particle) for particle in pythia.event if particle.isFinal()])
    counts = np.array([len(event) for event in events], np.int64)
    table = np.array([row for event in events for row in event]).reshape(-1, 9)
    return counts, table


def _row(particle: Any) -> tuple[float, ...]:
    return (
        particle.id(), particle.px(), particle.py(), particle.pz(), particle.e(),
        particle.xProd(), particle.yProd(), particle.zProd(), particle.tProd(),
    )  # fmt: skip


def _collision(beams: Beams) -> tuple[str, ...]:
    sin, cos = math.sin(beams.half_crossing_rad), math.cos(beams.half_crossing_rad)
    electron, positron = beams.electron_energy_gev, beams.positron_energy_gev
    return (
        "Beams:idA = 11",
        "Beams:idB = -11",
        "Beams:frameType = 3",
        f"Beams:pxA = {electron * sin!r}",
        f"Beams:pzA = {electron * cos!r}",
        f"Beams:pxB = {positron * sin!r}",
        f"Beams:pzB = {-positron * cos!r}",
        "PDF:lepton = on",
    )


@cache
def _started(settings: tuple[str, ...]) -> Any:
    """A running Pythia; RuntimeError for a line that it does not know."""
    import pythia8mc

    pythia = pythia8mc.Pythia("", False)
    for line in settings:
        if not pythia.readString(line):
            msg = f"Pythia does not know the setting {line!r}"
            raise RuntimeError(msg)
    if not pythia.init():
        msg = f"Pythia does not start with the settings {settings}"
        raise RuntimeError(msg)
    return pythia


def _batches(pythia: Any, n: int) -> tuple[np.ndarray, np.ndarray]:
    """(particles of each event (n,), table (particles, 9) as `_row`) of n events; events that Pythia gives up are replaced."""
    import awkward

    counts, tables = [np.zeros(0, np.int64)], [np.zeros((0, 9))]
    missing = n
    while missing > 0:
        particles = pythia.nextBatch(missing).prt
        final = particles[particles.status > 0]
        vertex = awkward.fill_none(awkward.zip({axis: final.vProd[axis] for axis in ("px", "py", "pz", "e")}), 0.0)
        columns = [final.id, final.p.px, final.p.py, final.p.pz, final.p.e, vertex.px, vertex.py, vertex.pz, vertex.e]
        counts.append(awkward.to_numpy(awkward.num(final)))
        tables.append(np.stack([awkward.to_numpy(awkward.flatten(column)).astype(float) for column in columns], axis=1))
        missing -= len(final)
    return np.concatenate(counts), np.concatenate(tables)


def _placed(found: tuple[np.ndarray, np.ndarray], vertices: np.ndarray) -> Particles:
    """Events at their interaction points; found: counts, and rows of `_row` in mm and GeV."""
    counts, table = found
    x, y, z = (np.repeat(axis, counts) for axis in vertices)
    return Particles(
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        pdg=table[:, 0].astype(np.int32),
        px=table[:, 1].copy(),
        py=table[:, 2].copy(),
        pz=table[:, 3].copy(),
        energy=table[:, 4].copy(),
        vx=x + table[:, 5] * _CM_PER_MM,
        vy=y + table[:, 6] * _CM_PER_MM,
        vz=z + table[:, 7] * _CM_PER_MM,
        t=table[:, 8] * _NS_PER_MM,
        weight=np.ones(len(counts)),
    )
