"""Four-momenta of reconstructed tracks and photons, and what selections make of them: sums, recoils, pairs, angles.

Four-momenta are float64 (n, 4): energy, px, py, pz in GeV, laboratory unless a name says `star` (CM frame of the beams). Groups are
jagged: offsets (events + 1) and flat arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.offline import jagged
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration, boost_to_cm, total_momentum

ELECTRON_MASS_GEV, MUON_MASS_GEV = 0.51099895e-3, 0.1056583755
PION_MASS_GEV, KAON_MASS_GEV = 0.13957039, 0.493677
"""Source: PDG 2024."""
_TINY = np.finfo(float).tiny

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """Tracks or photons of many events. lab, star: (m, 4) in the laboratory and in the CM frame."""

    offsets: Indices
    lab: Floats
    star: Floats

    def total(self, which: Flags) -> Floats:
        """(events, 4) sum of the marked ones in the laboratory; 0 where there are none."""
        return total(self.offsets, self.lab, which)


def group(offsets: Indices, energy: Floats, momentum: Floats, beams: BeamDeclaration = Y4S_BEAMS) -> Group:
    """The group of these energies (m,) and momenta (m, 3)."""
    star_e, star_p = boost_to_cm(energy, momentum, beams)
    return Group(offsets=offsets, lab=four(energy, momentum), star=four(star_e, star_p))


def tracks(arrays: Arrays, mass_gev: float | Floats, beams: BeamDeclaration = Y4S_BEAMS) -> Group:
    """All tracks with this mass, one for all or one each."""
    momentum = np.stack([arrays[f"off_track_p{axis}"] for axis in "xyz"], axis=1).astype(np.float64)
    energy = np.sqrt(np.sum(momentum**2, axis=1) + np.square(mass_gev))
    return group(arrays["off_track_offsets"], energy, momentum, beams)


def photons(arrays: Arrays, beams: BeamDeclaration = Y4S_BEAMS) -> Group:
    """All photons, as if they came from the origin."""
    energy = np.asarray(arrays["off_photon_e"], dtype=np.float64)
    direction = unit(arrays["off_photon_theta"], arrays["off_photon_phi"])
    return group(arrays["off_photon_offsets"], energy, energy[:, None] * direction, beams)


def good_tracks(arrays: Arrays, dr: float, dz: float) -> Flags:
    """Tracks from the interaction point: |dr| and |dz| below these, cm."""
    return (np.abs(arrays["off_track_dr"]) < dr) & (np.abs(arrays["off_track_dz"]) < dz)


def e_over_p(arrays: Arrays) -> Floats:
    """Cluster energy over momentum of each track."""
    p = np.sqrt(sum(np.square(arrays[f"off_track_p{axis}"]) for axis in "xyz"))
    return np.asarray(arrays["off_track_e_cluster"] / np.maximum(p, _TINY))


def charge(arrays: Arrays, which: Flags) -> Indices:
    """Sum of the charges of the marked tracks of each event."""
    return np.rint(jagged.total(arrays["off_track_offsets"], np.where(which, arrays["off_track_charge"], 0))).astype(np.int64)


def unit(theta_rad: Floats, phi_rad: Floats) -> Floats:
    """Unit vectors (m, 3)."""
    sine = np.sin(theta_rad)
    return np.stack([sine * np.cos(phi_rad), sine * np.sin(phi_rad), np.cos(theta_rad)], axis=1)


def four(energy: Floats, momentum: Floats) -> Floats:
    """Four-momenta of energies (n,) and momenta (n, 3)."""
    return np.concatenate([np.asarray(energy)[:, None], momentum], axis=1)


def total(offsets: Indices, values: Floats, which: Flags) -> Floats:
    """(events, k) sum of the marked rows of values (m, k)."""
    return np.stack([jagged.total(offsets, np.where(which, column, 0.0)) for column in values.T], axis=1)


def recoil(seen: Floats, beams: BeamDeclaration = Y4S_BEAMS) -> Floats:
    """What these four-momenta leave of the beams."""
    return np.asarray(total_momentum(beams)) - seen


def to_star(lab: Floats, beams: BeamDeclaration = Y4S_BEAMS) -> Floats:
    """The same four-momenta in the CM frame."""
    return four(*boost_to_cm(lab[:, 0], lab[:, 1:], beams))


def sqrt_s(beams: BeamDeclaration = Y4S_BEAMS) -> float:
    """CM energy in GeV."""
    return float(mass(np.array([total_momentum(beams)]))[0])


def mass_squared(p: Floats) -> Floats:
    """E^2 - p^2 in GeV^2."""
    return np.asarray(p[:, 0] ** 2 - np.sum(p[:, 1:] ** 2, axis=1))


def mass(p: Floats) -> Floats:
    """Invariant mass in GeV; 0 where the square is negative."""
    return np.sqrt(np.maximum(mass_squared(p), 0.0))


def momentum(p: Floats) -> Floats:
    """Size of the momentum."""
    return np.asarray(np.linalg.norm(p[:, 1:], axis=1))


def pt(p: Floats) -> Floats:
    """Momentum across z."""
    return np.hypot(p[:, 1], p[:, 2])


def theta_deg(p: Floats) -> Floats:
    """Polar angle in degrees; 90 for a vanishing momentum."""
    return np.degrees(np.arctan2(pt(p), p[:, 3], out=np.full(len(p), np.pi / 2), where=momentum(p) > 0))


def angle_deg(a: Floats, b: Floats) -> Floats:
    """Angle between the momenta of a and b in degrees; 90 where one vanishes."""
    size = np.maximum(momentum(a) * momentum(b), _TINY)
    return np.degrees(np.arccos(np.clip(np.sum(a[:, 1:] * b[:, 1:], axis=1) / size, -1.0, 1.0)))


def delta_phi_deg(a: Floats, b: Floats) -> Floats:
    """Difference of azimuths, 0 to 180 degrees."""
    turn = np.arctan2(a[:, 2], a[:, 1]) - np.arctan2(b[:, 2], b[:, 1])
    return np.degrees(np.abs(np.remainder(turn + np.pi, 2 * np.pi) - np.pi))


def inside(value: Floats, limits: tuple[float, float]) -> Flags:
    """Marks values strictly between the limits."""
    return (value > limits[0]) & (value < limits[1])


def leading(offsets: Indices, value: Floats, which: Flags, n: int) -> Indices:
    """(events, n) flat indices of the n marked entries with the largest value, largest first, -1 where there are fewer; the first
    entry wins a tie."""
    events = offsets.size - 1
    marked = np.flatnonzero(which)
    event = jagged.event_index(offsets)[marked]
    order = np.lexsort((-np.asarray(value)[marked], event))
    rows, at = marked[order], event[order]
    place = np.arange(rows.size) - np.searchsorted(at, at)
    chosen = np.full((events, n), -1, np.int64)
    kept = place < n
    chosen[at[kept], place[kept]] = rows[kept]
    return chosen


def smallest(event: Indices, value: Floats, events: int) -> Indices:
    """Row with the smallest value of each event, -1 for an event without rows; the first row wins a tie."""
    order = np.lexsort((value, event))
    chosen = np.full(events, -1, np.int64)
    at, first = np.unique(event[order], return_index=True)
    chosen[at] = order[first]
    return chosen


def product(left: Indices, right: Indices, events: int) -> tuple[Indices, Indices]:
    """Rows of all combinations of entries of two lists that have the same event; left, right: event of each entry."""
    order = np.argsort(right, kind="stable")
    n_right = np.bincount(right, minlength=events)
    first = np.cumsum(n_right) - n_right
    repeat = n_right[left]
    rows = np.repeat(np.arange(left.size), repeat)
    within = np.arange(rows.size) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    return rows, order[first[left[rows]] + within]


def take(values: NDArray, index: Indices, missing: float = np.nan) -> NDArray:
    """values[index] with `missing` where the index is -1; values (m,) or (m, k)."""
    filler = np.full((1, *values.shape[1:]), missing, dtype=np.result_type(values.dtype, type(missing)))
    return np.concatenate([values, filler])[index]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Pairs of entries of one event: flat indices of both, and the event; each pair once, the earlier entry first."""

    first: Indices
    second: Indices
    event: Indices

    def select(self, which: Flags) -> Pairs:
        """The marked pairs."""
        return Pairs(first=self.first[which], second=self.second[which], event=self.event[which])

    def any(self, which: Flags, events: int) -> Flags:
        """Events with a marked pair."""
        return np.bincount(self.event[which], minlength=events) > 0

    def largest(self, value: Floats, events: int, empty: float) -> Floats:
        """Largest value of the pairs of each event; `empty` without pairs."""
        found = np.full(events, -np.inf)
        np.maximum.at(found, self.event, value)
        return np.where(np.isneginf(found), empty, found)


def pairs(offsets: Indices, which: Flags) -> Pairs:
    """All pairs of marked entries."""
    marked = np.flatnonzero(which)
    event = jagged.event_index(offsets)[marked]
    last = np.searchsorted(event, event, side="right")
    first, second = [], []
    for step in range(1, int(np.bincount(event).max(initial=0))):
        rows = np.flatnonzero(np.arange(marked.size) + step < last)
        first.append(rows)
        second.append(rows + step)
    one, other = (np.concatenate([np.zeros(0, np.int64), *rows]) for rows in (first, second))
    order = np.lexsort((other, one))
    one, other = one[order], other[order]
    return Pairs(first=marked[one], second=marked[other], event=event[one])


def near(arrays: Arrays, name: str, direction: Floats, within_deg: float) -> Indices:
    """Number of entries of a group (`off_photon`, `off_klm`) of each event within an angle of a direction, (events, 3), in the
    laboratory; 0 for a direction of NaN."""
    offsets = arrays[f"{name}_offsets"]
    size = np.maximum(np.linalg.norm(direction, axis=1), _TINY)
    along = unit(arrays[f"{name}_theta"], arrays[f"{name}_phi"])
    cosine = np.sum(along * (direction / size[:, None])[jagged.event_index(offsets)], axis=1)
    return jagged.count(offsets, cosine > np.cos(np.radians(within_deg)))


def extra_energy(arrays: Arrays, e_min: float = 0.0) -> Floats:
    """Energy of the photons above e_min of each event, GeV."""
    energy = arrays["off_photon_e"]
    return jagged.total(arrays["off_photon_offsets"], np.where(energy > e_min, energy, 0.0))
