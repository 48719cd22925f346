"""Particles of many events as arrays: what every generator returns and every detector model takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from sim.generators.beams import NOMINAL, energy_in_cm

PHOTON = 22
INVISIBLE_DARK_PHOTON = 55
"""Particle code of an invisible A' (PDG numbering: spin-1 mediator to dark matter); detectors ignore it."""

_PER_PARTICLE = ("pdg", "px", "py", "pz", "energy", "vx", "vy", "vz", "t")


@dataclass(frozen=True, kw_only=True, eq=False)
class Particles:
    """Stable particles, events first; the particles of event i are offsets[i]..offsets[i+1]-1.

    offsets: int64 (n_events + 1). pdg: int32 particle code. px, py, pz, energy: float64 (n_particles), GeV, laboratory.
    vx, vy, vz: float64, production vertex in cm, laboratory. t: float64, production time in ns after the nominal
    collision time. weight: float64 (n_events). ValueError if the lengths disagree.
    """

    offsets: np.ndarray
    pdg: np.ndarray
    px: np.ndarray
    py: np.ndarray
    pz: np.ndarray
    energy: np.ndarray
    vx: np.ndarray
    vy: np.ndarray
    vz: np.ndarray
    t: np.ndarray
    weight: np.ndarray

    def __post_init__(self) -> None:
        if len(self.offsets) != len(self.weight) + 1:
            msg = f"offsets must have n_events + 1 = {len(self.weight) + 1} entries, not {len(self.offsets)}"
            raise ValueError(msg)
        if self.offsets[0] != 0 or np.any(np.diff(self.offsets) < 0):
            msg = "offsets must start at 0 and not decrease"
            raise ValueError(msg)
        for name in _PER_PARTICLE:
            if len(getattr(self, name)) != self.offsets[-1]:
                msg = f"{name} must have {self.offsets[-1]} entries (last offset), not {len(getattr(self, name))}"
                raise ValueError(msg)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Particles):
            return NotImplemented
        return all(np.array_equal(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))

    __hash__ = None  # type: ignore[assignment]

    @property
    def n_events(self) -> int:
        """Number of events, those without particles included."""
        return len(self.weight)

    def event_index(self) -> np.ndarray:
        """Event number (0..n_events-1) of every particle, int64."""
        return np.repeat(np.arange(self.n_events), np.diff(self.offsets))

    def first(self, n_events: int) -> Particles:
        """The first n_events events (all of them if there are fewer)."""
        return self.select(np.arange(min(n_events, self.n_events)))

    def select(self, which: np.ndarray) -> Particles:
        """Chosen events in the order asked for: indices, or one boolean per event."""
        events = np.arange(self.n_events)[which]
        counts = np.diff(self.offsets)[events]
        ends = np.cumsum(counts)
        rows = np.repeat(self.offsets[events] - (ends - counts), counts) + np.arange(counts.sum())
        chosen = {name: getattr(self, name)[rows] for name in _PER_PARTICLE}
        return Particles(offsets=np.concatenate([[0], ends]), weight=self.weight[events], **chosen)

    def only(self, keep: np.ndarray) -> Particles:
        """The same events with the particles of `keep` alone, bool (n_particles)."""
        chosen = {name: getattr(self, name)[keep] for name in _PER_PARTICLE}
        kept = np.concatenate([[0], np.cumsum(keep, dtype=np.int64)])
        return Particles(offsets=kept[self.offsets], weight=self.weight, **chosen)

    def moved(self, dx: np.ndarray, dy: np.ndarray, dz: np.ndarray) -> Particles:
        """The same events with every vertex shifted by (dx, dy, dz) cm of its event."""
        counts = np.diff(self.offsets)
        shift = {"vx": dx, "vy": dy, "vz": dz}
        return replace(self, **{name: getattr(self, name) + np.repeat(by, counts) for name, by in shift.items()})

    def to_truth(self) -> dict[str, np.ndarray]:
        """Event-file fields: `true_particle_*`, `weight`, and the event's hardest photon in E*.

        `true_photon_estar` (GeV, nominal CM frame), `true_photon_theta` and `true_photon_phi` (rad, laboratory) are 0
        in an event without a photon; the first photon wins a tie.
        """
        momentum = {f"true_particle_{name}": getattr(self, name) for name in ("px", "py", "pz")}
        vertex = {f"true_particle_{name}": getattr(self, name) for name in ("vx", "vy", "vz", "t")}
        hardest, e_star = self._hardest_photon()
        has_photon = hardest >= 0
        px, py, pz = (np.where(has_photon, values[hardest], 0.0) if len(values) else np.zeros(self.n_events)
                      for values in (self.px, self.py, self.pz))  # fmt: skip
        return {
            "weight": self.weight,
            "true_particle_offsets": self.offsets,
            "true_particle_pdg": self.pdg,
            **momentum,
            "true_particle_e": self.energy,
            **vertex,
            "true_photon_estar": e_star,
            "true_photon_theta": np.arctan2(np.hypot(px, py), pz),
            "true_photon_phi": np.arctan2(py, px),
        }

    def _hardest_photon(self) -> tuple[np.ndarray, np.ndarray]:
        """Row of the event's hardest photon (-1: none) and its E* in GeV (0: none)."""
        photons = np.flatnonzero(self.pdg == PHOTON)
        e_star = energy_in_cm(NOMINAL, *(column[photons] for column in (self.energy, self.px, self.py, self.pz)))
        event = self.event_index()[photons]
        order = np.lexsort((-np.arange(len(photons)), e_star, event))
        row = np.full(self.n_events, -1, np.int64)
        best = np.zeros(self.n_events)
        row[event[order]] = photons[order]
        best[event[order]] = e_star[order]
        return row, best


def concatenate(parts: Sequence[Particles]) -> Particles:
    """All events of the parts, in order."""
    starts = np.cumsum([0, *(part.offsets[-1] for part in parts)])
    offsets = [np.zeros(1, np.int64), *(part.offsets[1:] + start for part, start in zip(parts, starts, strict=False))]
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in (*_PER_PARTICLE, "weight")}
    return Particles(offsets=np.concatenate(offsets), **columns)


def from_table(
    pdg: Sequence[int],
    momenta: np.ndarray,
    vertices: np.ndarray,
    *,
    weight: np.ndarray | None = None,
    keep: np.ndarray | None = None,
) -> Particles:
    """Particles of events that all have the same particle list.

    pdg: k codes. momenta: float64 (4, k, n_events), (energy, px, py, pz) in GeV, laboratory. vertices: float64
    (3, n_events), cm; all particles start there at t = 0. weight: 1 if absent. keep: bool (k, n_events), particles that
    exist; all if absent.
    """
    _, k, n_events = momenta.shape
    codes = np.broadcast_to(np.asarray(pdg, np.int32)[:, None], (k, n_events))
    columns = [codes, *momenta, *(np.broadcast_to(v, (k, n_events)) for v in vertices)]
    if keep is None:
        energy_first = [column.T.flatten() for column in columns]
        offsets = np.arange(n_events + 1, dtype=np.int64) * k
    else:
        present = np.ascontiguousarray(keep.T)
        energy_first = [column.T[present] for column in columns]
        offsets = np.concatenate([[0], np.cumsum(present.sum(axis=1))]).astype(np.int64)
    code, energy, px, py, pz, vx, vy, vz = energy_first
    weight = np.ones(n_events) if weight is None else weight
    return Particles(
        offsets=offsets, pdg=code, px=px, py=py, pz=pz, energy=energy, vx=vx, vy=vy, vz=vz,
        t=np.zeros(len(code)), weight=weight,
    )  # fmt: skip


def merge(first: Particles, second: Particles) -> Particles:
    """Events with the particles of both, those of `first` ahead; weights of `first`. ValueError for unequal numbers of events."""
    if first.n_events != second.n_events:
        msg = f"both must have the same number of events, not {first.n_events} and {second.n_events}"
        raise ValueError(msg)
    event = np.concatenate([first.event_index(), second.event_index()])
    order = np.argsort(event, kind="stable")
    columns = {name: np.concatenate([getattr(first, name), getattr(second, name)])[order] for name in _PER_PARTICLE}
    return Particles(offsets=first.offsets + second.offsets, weight=first.weight, **columns)
