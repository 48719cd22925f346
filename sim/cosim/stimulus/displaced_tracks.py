"""Windows of fitted tracks for the vertex stage of the displaced-vertex trigger: pairs, duplicates, crowds, anything, nothing.

Most are aimed (`displaced_aimed`, `displaced_lists`): pairs at edges, tracks that one other crosses, lists that are full.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from sim.cosim.stimulus.displaced_aimed import Arrivals, aimed_windows
from sim.cosim.stimulus.displaced_lists import list_windows
from sim.cosim.stimulus.displaced_pairs import fit_row
from trigger.displaced.fit import N_AXIAL
from trigger.displaced.fit_rows import N_BEND, N_IMPACT
from trigger.displaced.formats import BEND, CHI2, DEPTH, IMPACT, RAD_PER_TURN, SLOPE, TURN, TURN_RAW
from trigger.displaced.parameters import DisplacedParameters
from trigger.displaced.stereo import MIN_STEREO, N_STEREO

CYCLES, LANES = 32, 2
"""Cycles of a window, tracks that may come in each."""


class Kind(IntEnum):
    """What a window is made of."""

    EMPTY = 0
    PAIRS = 1
    BUNDLE = 2
    CROWD = 3
    ANY = 4
    EDGES = 5
    STAR = 6
    LIST = 7


SHARES = (0.02, 0.09, 0.05, 0.05, 0.03, 0.42, 0.2, 0.14)
"""Part of the windows of each kind. Our choice."""
AIMED = (Kind.EDGES, Kind.STAR)


@dataclass(frozen=True, kw_only=True, eq=False)
class TrackWindows:
    """Tracks of n windows, CSR, m tracks in the order in which they come, int64.

    offsets (n + 1,); place (m,): cycle x LANES + lane, ascending in a window. numbers: bend, impact, phi, t0, z0, slope, chi2,
    n_stereo, row, all (m,); position (m, 5): segment of each axial superlayer among those of the window, -1 = none.
    """

    offsets: NDArray[np.int64]
    place: NDArray[np.int64]
    numbers: dict[str, NDArray[np.int64]]
    position: NDArray[np.int64]

    @property
    def n_windows(self) -> int:
        """Number of windows."""
        return len(self.offsets) - 1

    @property
    def window(self) -> NDArray[np.int64]:
        """Window of each track."""
        return np.repeat(np.arange(self.n_windows), np.diff(self.offsets))


def track_windows(rng: np.random.Generator, n_windows: int) -> TrackWindows:
    """Windows of every kind in random order; numbers of a track are at the edges of their formats in windows of kind ANY."""
    kind = rng.choice(len(Kind), n_windows, p=SHARES)
    drawn = _drawn(rng, kind)
    aimed, full = np.flatnonzero(np.isin(kind, AIMED)), np.flatnonzero(kind == Kind.LIST)
    parts = [
        (np.arange(n_windows), drawn),
        (aimed, aimed_windows(rng, kind[aimed] == Kind.STAR, CYCLES * LANES)),
        (full, list_windows(rng, len(full), CYCLES * LANES)),
    ]
    window = np.concatenate([windows[part.window] for windows, part in parts])
    order = np.argsort(window, kind="stable")
    return TrackWindows(
        offsets=np.concatenate([[0], np.cumsum(np.bincount(window, minlength=n_windows))]),
        place=np.concatenate([part.place for _, part in parts])[order],
        numbers={name: np.concatenate([part.numbers[name] for _, part in parts])[order] for name in drawn.numbers},
        position=np.concatenate([part.position for _, part in parts])[order],
    )


def _drawn(rng: np.random.Generator, kind: NDArray) -> Arrivals:
    """Tracks of the windows that are not aimed."""
    n_windows, room = len(kind), CYCLES * LANES
    most = np.array([0, 12, 24, room, room, 0, 0, 0])[kind]
    taken = rng.random((n_windows, room)).argsort(axis=1).argsort(axis=1) < rng.integers(0, most + 1)[:, None]
    window, place = np.nonzero(taken)
    kinds = kind[window]
    n = len(window)
    numbers = _from_vertices(rng, window, kinds, n_windows)
    for name, format_ in (("bend", BEND), ("impact", IMPACT), ("z0", DEPTH), ("slope", SLOPE)):
        edges = rng.choice([-format_.raw_max, -1, 0, 1, format_.raw_max], n)
        anywhere = np.where(rng.random(n) < 0.5, edges, rng.integers(-format_.raw_max, format_.raw_max + 1, n))
        numbers[name] = np.where(kinds == Kind.ANY, anywhere, np.clip(numbers[name], -format_.raw_max, format_.raw_max))
    numbers["phi"] %= TURN_RAW
    numbers["t0"] = rng.integers(-200, 200, n)
    numbers["chi2"] = np.where(kinds == Kind.ANY, rng.integers(0, CHI2.raw_max + 1, n), rng.integers(0, 12, n))
    numbers["n_stereo"] = rng.integers(MIN_STEREO, N_STEREO + 1, n)
    row = fit_row(numbers["bend"], numbers["impact"])
    numbers["row"] = np.where(kinds == Kind.ANY, rng.integers(0, N_BEND * N_IMPACT, n), row)
    n_segments = np.array([1, 12, 4, DisplacedParameters().max_segments, DisplacedParameters().max_segments])[kinds]
    position = (rng.random((n, N_AXIAL)) * n_segments[:, None]).astype(np.int64)
    position[np.arange(n), rng.integers(0, 2 * N_AXIAL, n) % N_AXIAL] *= np.where(rng.random(n) < 0.5, 1, -1)
    missing = rng.random(n) < 0.5
    position = np.abs(position)
    position[missing, rng.integers(0, N_AXIAL, n)[missing]] = -1
    return Arrivals(window=window, place=place, numbers=numbers, position=position)


def _from_vertices(rng: np.random.Generator, window: NDArray, kinds: NDArray, n_windows: int) -> dict[str, NDArray[np.int64]]:
    """Numbers of tracks through one point of each window, smeared: source of true and of wrong crossings."""
    n = len(window)
    radius, azimuth, z = rng.uniform(1, 45, n_windows), rng.uniform(0, RAD_PER_TURN, n_windows), rng.uniform(-40, 60, n_windows)
    smear = np.where(kinds == Kind.CROWD, 30.0, rng.choice([0.0, 0.5, 3.0], n))
    radius = np.abs(radius[window] + smear * rng.normal(size=n)) + 0.5
    bend, angle = rng.uniform(-0.012, 0.012, n), rng.uniform(-1.0, 1.0, n)
    # At the vertex the direction makes an angle with the radius: sin = F r / 2 - E / r, of the azimuth F r / 2 + E / r.
    impact = np.clip(radius * (bend * radius / 2 - np.sin(angle)), -IMPACT.maximum, IMPACT.maximum)
    phi = azimuth[window] - np.arcsin(np.clip(bend * radius / 2 + impact / radius, -1, 1))
    slope = rng.uniform(-1, 2, n)
    return {
        "bend": BEND.quantise(bend).astype(np.int64),
        "impact": IMPACT.quantise(impact).astype(np.int64),
        "phi": TURN.quantise(phi / RAD_PER_TURN).astype(np.int64),
        "z0": DEPTH.quantise(z[window] + rng.normal(0, 3, n) - slope * radius).astype(np.int64),
        "slope": SLOPE.quantise(slope).astype(np.int64),
    }
