"""Events of the GRL in which one comparison decides: a track meets one place of clusters, or one KLM sector, at an edge.

Everything else of the event is silent: other clusters lie in the endcaps or on the other side, other tracks have no network
answer and do not reach the KLM.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from trigger.cdc.neuro.formats import NODE_ONE
from trigger.ecl.thresholds import CLUSTER_ADC_MAX, MAX_CLUSTERS
from trigger.geometry.ecl import N_CELLS
from trigger.grl.parameters import N_BINS, GrlParameters
from trigger.grl.tables import (
    MAX_OMEGA,
    N_KLM_SECTORS,
    N_PHI,
    PLANE,
    STEPS_PER_BIN,
    STEPS_PER_HALF_CELL,
    STEPS_PER_KLM_SECTOR,
    cell_tables,
    energy_counts,
    klm_steps,
    track_tables,
)
from trigger.klm import N_SECTORS as N_ALL_KLM

N_LANES = 2
"""Tracks that the hardware looks at together: the first of a quadrant, and the next one."""
RIVAL_PROBABILITY = 0.25
"""Part of the matches with a second cluster near the track, which has the other energy (our choice)."""
SPREAD = 15
"""Half cells that other clusters lie around the track, or around the point opposite to it (our choice)."""
CLOSE = 2
"""Steps of azimuth around an edge at which a track shall meet the KLM (our choice)."""
NEARLY = 3
"""Steps by which another bend may miss that place by more than the best one, as tracks start on half cells (our choice)."""
_SEAM = (N_BINS - 2, N_BINS - 1, 0, 1)
"""Bins beside the place where azimuth starts again."""


@dataclass(frozen=True, kw_only=True)
class Pointed:
    """Events with one decisive comparison.

    tc, adc: int64 (n, 6). veto, fired: uint8 (n,) and (n, KLM sectors). event: of each track, ascending. half_cell: azimuth at
    the origin from 0 degree. omega, expert, theta: as in `GrlEvents`.
    """

    tc: np.ndarray
    adc: np.ndarray
    veto: np.ndarray
    fired: np.ndarray
    event: np.ndarray
    half_cell: np.ndarray
    omega: np.ndarray
    expert: np.ndarray
    theta: np.ndarray


def pointed_events(rng: np.random.Generator, n_events: int, parameters: GrlParameters) -> Pointed:
    """Half of them for the match of track and cluster, a third for hemispheres and Bhabha clusters, the rest for the KLM.

    Every place of clusters, in each of two lanes of tracks, meets each of its edges equally often.
    """
    n_match, n_arc = n_events // 2, n_events // 3
    parts = [_matches(rng, n_match, parameters), _arcs(rng, n_arc, parameters), _klm(rng, n_events - n_match - n_arc, parameters)]
    first = np.cumsum([0, n_match, n_arc])
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in Pointed.__dataclass_fields__}
    joined["event"] = np.concatenate([part.event + start for part, start in zip(parts, first, strict=True)])
    return Pointed(**joined)


def deck(rng: np.random.Generator, n: int, *sizes: int) -> tuple[np.ndarray, ...]:
    """n combinations of numbers below these sizes in random order, none once more than another by more than one."""
    total = prod(sizes)
    shuffled = [rng.permutation(total) for _ in range(-(-n // total))]
    return np.unravel_index(np.concatenate([np.zeros(0, np.int64), *shuffled])[:n], sizes)


def _matches(rng: np.random.Generator, n: int, parameters: GrlParameters) -> Pointed:
    """A track in a bin around that of a barrel cluster, which has the energy just so; the other clusters are in the endcaps."""
    cells, table = cell_tables(parameters), track_tables(parameters)
    reach = parameters.match_below_bins
    place, lane, seam, distance = deck(rng, n, MAX_CLUSTERS, N_LANES, len(_SEAM) + 1, 2 * reach + 1)
    at = np.append(_SEAM, 0)[seam] + np.where(seam < len(_SEAM), 0, rng.integers(0, N_BINS, n))
    track_bin = at + distance - reach
    barrel = [np.flatnonzero((cells.azimuth_bin == number) & (cells.is_barrel == 1)) for number in range(N_BINS)]
    endcaps = np.flatnonzero(cells.is_barrel[1:] == 0) + 1

    def at_bin(number: np.ndarray) -> np.ndarray:
        wide = np.array([np.resize(one, N_CELLS) for one in barrel])
        return wide[number % N_BINS, rng.integers(0, N_CELLS, n)]

    tc = np.where(_is_there(rng, place), rng.choice(endcaps, (n, MAX_CLUSTERS)), 0)
    adc = rng.integers(1, CLUSTER_ADC_MAX + 1, tc.shape)
    every, enough = np.arange(n), energy_counts(parameters)[0]
    rival = rng.integers(0, MAX_CLUSTERS, n)
    has_rival = (rng.random(n) < RIVAL_PROBABILITY) & (tc[every, rival] > 0)
    energy = enough + rng.integers(-1, 2, n)
    tc[every[has_rival], rival[has_rival]] = at_bin(track_bin + rng.integers(1 - reach, reach, n))[has_rival]
    adc[every[has_rival], rival[has_rival]] = np.where(energy < enough, enough, enough - 1)[has_rival]
    tc[every, place], adc[every, place] = at_bin(at), energy
    omega = rng.integers(-MAX_OMEGA, MAX_OMEGA + 1, n)
    # A half cell below a point in the target bin, at least so far from its lower end.
    inside = rng.integers(STEPS_PER_HALF_CELL - 1, STEPS_PER_BIN, n)
    position = track_bin * STEPS_PER_BIN + inside + table.ecl_bend[omega + MAX_OMEGA]
    return _with_tracks(
        rng, lane, position // STEPS_PER_HALF_CELL, omega, is_3d=rng.integers(0, 2, n), theta=_ends(rng, n),
        tc=tc, adc=np.where(tc > 0, adc, 0), veto=rng.integers(0, 2, n), fired=np.zeros((n, N_ALL_KLM)),
    )  # fmt: skip


def _arcs(rng: np.random.Generator, n: int, parameters: GrlParameters) -> Pointed:
    """A hard 3D track at the edges of hemisphere, Bhabha azimuth, polar angle and energy of a cluster, or anywhere.

    The other clusters, without the energy, are all on the track's side, or all on the other.
    """
    cells, table = cell_tables(parameters), track_tables(parameters)
    place, lane, company, aspect = deck(rng, n, MAX_CLUSTERS, N_LANES, 2, 16)
    cell = rng.integers(1, N_CELLS + 1, n)
    near = cells.near_first[cell].astype(np.int64), cells.near_count[cell].astype(np.int64)
    bhabha = cells.bhabha_first[cell].astype(np.int64), cells.bhabha_count[cell].astype(np.int64)
    every, edge = np.arange(n), aspect % 4

    def at_edge(first: np.ndarray, count: np.ndarray) -> np.ndarray:
        return first + np.choose(edge, [-1, 0, count - 1, count])

    half_cell = np.choose(
        aspect // 4,
        [
            at_edge(*near),
            at_edge(*bhabha),
            near[0] + rng.integers(0, near[1]),
            np.where(edge < 2, bhabha[0] + rng.integers(0, bhabha[1]), rng.integers(0, N_PHI, n)),
        ],
    )
    middle = (cells.near_first[1:] + cells.near_count[1:] // 2) % N_PHI
    by_azimuth = np.argsort(middle, kind="stable")
    around = half_cell[:, None] + rng.integers(-SPREAD, SPREAD + 1, (n, MAX_CLUSTERS)) + N_PHI // 2 * company[:, None]
    others = by_azimuth[np.searchsorted(middle[by_azimuth], around % N_PHI) % N_CELLS] + 1
    tc = np.where(_is_there(rng, place), others, 0)
    adc = np.where(tc > 0, 1, 0)
    tc[every, place], adc[every, place] = cell, np.maximum(cells.bhabha_adc[cell] - (aspect == 12), 1)
    last, first = cells.theta_last[cell].astype(np.int64), cells.theta_first[cell].astype(np.int64)
    at_theta = np.clip(np.choose(edge, [last, last + 1, first - 1, first]), -NODE_ONE, NODE_ONE)
    apart = np.where(last >= -NODE_ONE, -NODE_ONE, NODE_ONE)
    hard = np.flatnonzero(table.is_hard) - MAX_OMEGA
    return _with_tracks(
        rng, lane, half_cell, rng.choice(hard, n), is_3d=np.ones(n), theta=np.where(aspect // 4 == 2, at_theta, apart),
        tc=tc, adc=adc, veto=np.ones(n), fired=np.zeros((n, N_ALL_KLM)),
    )  # fmt: skip


def _klm(rng: np.random.Generator, n: int, parameters: GrlParameters) -> Pointed:
    """A track between the centres of two sectors, half way or at the edge of a match, and one straight to one of them."""
    table, limit = track_tables(parameters), klm_steps(parameters)
    edges = np.array([0, STEPS_PER_KLM_SECTOR // 2, limit, STEPS_PER_KLM_SECTOR - limit])
    sector, lane, edge, fires, straight = deck(rng, n, N_KLM_SECTORS, N_LANES, len(edges), 3, 2)
    following = (sector + 1) % N_KLM_SECTORS
    fired, every = np.zeros((n, N_ALL_KLM), np.int64), np.arange(n)
    section = N_KLM_SECTORS * rng.integers(0, 2, n)
    fired[every, section + sector] = fires != 1
    fired[every, section + following] = fires != 0
    reached = np.flatnonzero(table.klm_reached) - MAX_OMEGA
    off = np.where(rng.random(n) < 0.5, 0, rng.integers(-CLOSE, CLOSE + 1, n))
    target = sector * STEPS_PER_KLM_SECTOR + edges[edge] + off
    beside = (target[:, None] + table.klm_bend[reached + MAX_OMEGA]) % STEPS_PER_HALF_CELL
    nearest = reached[np.argmin(np.minimum(beside, STEPS_PER_HALF_CELL - beside) + rng.uniform(0, NEARLY, beside.shape), axis=1)]
    omega = np.where(rng.random(n) < 0.25, 0, nearest)
    position = target + table.klm_bend[omega + MAX_OMEGA]
    none = np.zeros((n, MAX_CLUSTERS), np.int64)
    second = np.where(straight == 0, sector, following) * (N_PHI // N_KLM_SECTORS)
    return _with_tracks(
        rng, lane, (position + STEPS_PER_HALF_CELL // 2) // STEPS_PER_HALF_CELL, omega, is_3d=rng.integers(0, 2, n),
        theta=_ends(rng, n), tc=none, adc=none, veto=np.zeros(n), fired=fired, second=second,
    )  # fmt: skip


def _is_there(rng: np.random.Generator, place: np.ndarray) -> np.ndarray:
    """Places with a cluster: all up to the decisive one, any number behind it."""
    return np.arange(MAX_CLUSTERS) <= rng.integers(place, MAX_CLUSTERS)[:, None]


def _ends(rng: np.random.Generator, n: int) -> np.ndarray:
    """The smallest or the largest polar angle that the network answers."""
    return rng.choice([-NODE_ONE, NODE_ONE], n)


def _with_tracks(
    rng: np.random.Generator, lane: np.ndarray, half_cell: np.ndarray, omega: np.ndarray, *,
    is_3d: np.ndarray, theta: np.ndarray, second: np.ndarray | None = None, **event: np.ndarray,
) -> Pointed:  # fmt: skip
    """The decisive tracks, for the second lane behind a silent one of the same quadrant; second: azimuth of a straight one more."""
    quadrant = PLANE.quadrant(phi_raw(np.arange(N_PHI)))
    members = np.array([np.flatnonzero(quadrant == number) for number in np.unique(quadrant)])
    rows, behind = np.arange(len(lane)), np.flatnonzero(lane)
    silent = members[quadrant[half_cell[behind] % N_PHI], rng.integers(0, members.shape[1], len(behind))]
    none = np.zeros(len(lane) if second is not None else 0, np.int64)
    parts = {
        "event": (behind, rows, rows[: len(none)]),
        "half_cell": (silent, half_cell % N_PHI, none if second is None else second),
        "omega": (rng.choice([-MAX_OMEGA, MAX_OMEGA], len(behind)), omega, none),
        "expert": (np.full(len(behind), -1), np.where(is_3d, rng.integers(0, 5, len(rows)), -1), none - 1),
        "theta": (np.zeros(len(behind), np.int64), theta, none),
    }
    joined = {name: np.concatenate(part) for name, part in parts.items()}
    order = np.argsort(joined["event"], kind="stable")
    return Pointed(**event, **{name: array[order] for name, array in joined.items()})


def phi_raw(half_cell: np.ndarray) -> np.ndarray:
    """Half cells from the edge of the Hough plane, of half cells from 0 degree."""
    return (half_cell - 1 + PLANE.n_phi) % N_PHI
