"""Events for the verification of the GRL: planted patterns, tracks at the edges of what they are compared with, any filling."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from sim.cosim.stimulus.grl_endcaps import endcap_events
from sim.cosim.stimulus.grl_pointed import phi_raw, pointed_events
from trigger.cdc.neuro.formats import NODE_ONE
from trigger.ecl.thresholds import CLUSTER_ADC_MAX, MAX_CLUSTERS
from trigger.geometry.cdc import N_SEGMENTS, superlayers
from trigger.geometry.ecl import N_CELLS
from trigger.grl.parameters import N_SECTORS, N_SUPERLAYERS, GrlParameters
from trigger.grl.patterns import all_patterns
from trigger.grl.tables import MAX_OMEGA, N_PHI, cell_tables, energy_counts
from trigger.grl.trigger import segment_sectors
from trigger.klm import N_SECTORS as N_KLM_SECTORS

MAX_PLANTED = 4
MISSING_PROBABILITY = 0.3
"""Part of the planted patterns that lack one superlayer (our choice)."""
MAX_NOISE = 60
MAX_FILLING = 0.5
CROWD = 48
"""Largest number of tracks of a crowded event: more than all quadrants send (our choice)."""
NEAR_SECTORS = 8
"""Half cells around a planted pattern at which a track starts, in sectors: beyond the widest veto (our choice)."""
EDGE_PROBABILITY = 0.5
POINTED_SHARE = 0.6
"""Part of the events in which one comparison decides (our choice)."""
ENDCAP_SHARE = 0.12
"""Part of the events with one short track and a cluster of an endcap (our choice)."""
N_CHOICES = 12
"""A multiple of the numbers of segments, three or four, that set a sector."""


@dataclass(frozen=True, kw_only=True)
class GrlEvents:
    """Events as arguments of `trigger.grl.GrlTrigger.run`."""

    cdc_offsets: np.ndarray
    cdc_ts_id: np.ndarray
    track_offsets: np.ndarray
    track_phi_raw: np.ndarray
    track_omega_raw: np.ndarray
    track_expert: np.ndarray
    track_theta_raw: np.ndarray
    ecl_cluster_tc: np.ndarray
    ecl_cluster_adc: np.ndarray
    ecl_bhabha3d_veto: np.ndarray
    klm_fired: np.ndarray

    @property
    def n_events(self) -> int:
        """Number of events."""
        return len(self.cdc_offsets) - 1

    def arguments(self) -> dict[str, np.ndarray]:
        """The arrays by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def slice(self, first: int, last: int) -> GrlEvents:
        """The events first .. last - 1."""
        segments = slice(self.cdc_offsets[first], self.cdc_offsets[last])
        tracks = slice(self.track_offsets[first], self.track_offsets[last])
        part = {}
        for name, array in self.arguments().items():
            if name.endswith("_offsets"):
                part[name] = array[first : last + 1] - array[first]
            else:
                rows = segments if name.startswith("cdc_") else tracks if name.startswith("track_") else slice(first, last)
                part[name] = array[rows]
        return GrlEvents(**part)


def grl_events(rng: np.random.Generator, n_events: int, parameters: GrlParameters) -> GrlEvents:
    """Events of all kinds, shuffled.

    Segments: up to four patterns of any number, used or not, at any sector, a third of them without one superlayer, on noise; a
    sixth of the events has any filling, some have all. Tracks: few, near planted patterns, at the edges of clusters, or
    anywhere; in an eighth of the events a crowd. Clusters: half of them at the cuts of energy. KLM: from no sector to all. In most
    events tracks, clusters and KLM are instead those in which one comparison decides (`pointed_events`); some have nothing but one
    short track and a cluster of an endcap (`endcap_events`).
    """
    planted, sector = _planted(rng, n_events)
    kind = rng.integers(0, 40, n_events)
    filling = np.select([kind < 7, kind == 7], [rng.uniform(0, MAX_FILLING, n_events), 1.0], 0.0)
    filled, n_used = np.flatnonzero(filling), int(superlayers().offset[N_SUPERLAYERS])
    place, ts_id = np.nonzero(rng.random((len(filled), n_used), np.float32) < filling[filled, None])
    n_noise = rng.integers(0, MAX_NOISE + 1, n_events) * (rng.random(n_events) < 0.5)
    noise = np.repeat(np.arange(n_events), n_noise)
    event = np.concatenate([planted[0], filled[place], noise])
    ids = np.concatenate([planted[1], ts_id, rng.integers(0, N_SEGMENTS, len(noise))])

    tc, adc = _clusters(rng, n_events, parameters)
    track_event, tracks = _tracks(rng, n_events, sector, tc, parameters)
    veto = rng.integers(0, 2, n_events, np.uint8)
    fired = rng.random((n_events, N_KLM_SECTORS)) < rng.choice([0, 0.05, 0.3, 1], (n_events, 1))

    shuffled, n_pointed = rng.permutation(n_events), int(n_events * POINTED_SHARE)
    chosen, lone = np.sort(shuffled[:n_pointed]), np.sort(shuffled[n_pointed:][: int(n_events * ENDCAP_SHARE)])
    pointed = pointed_events(rng, len(chosen), parameters)
    tc[chosen], adc[chosen], veto[chosen], fired[chosen] = pointed.tc, pointed.adc, pointed.veto, pointed.fired
    sectors, tc[lone], adc[lone] = endcap_events(rng, len(lone), parameters)
    kept = ~np.isin(event, lone)
    event = np.concatenate([event[kept], np.repeat(lone, N_SUPERLAYERS)])
    ids = np.concatenate([ids[kept], _lone_segments()[np.arange(N_SUPERLAYERS), sectors].ravel()])
    order = np.lexsort((rng.random(len(event)), event))
    others = ~np.isin(track_event, np.concatenate([chosen, lone]))
    track_event = np.concatenate([track_event[others], chosen[pointed.event]])
    by_event = np.argsort(track_event, kind="stable")
    of_pointed = {
        "track_phi_raw": phi_raw(pointed.half_cell),
        "track_omega_raw": pointed.omega,
        "track_expert": pointed.expert,
        "track_theta_raw": pointed.theta,
    }
    return GrlEvents(
        cdc_offsets=np.searchsorted(event[order], np.arange(n_events + 1)),
        cdc_ts_id=ids[order].astype(np.int16),
        track_offsets=np.searchsorted(track_event[by_event], np.arange(n_events + 1)),
        **{name: np.concatenate([array[others], of_pointed[name].astype(array.dtype)])[by_event] for name, array in tracks.items()},
        ecl_cluster_tc=tc.astype(np.uint16),
        ecl_cluster_adc=adc.astype(np.uint16),
        ecl_bhabha3d_veto=veto,
        klm_fired=fired.astype(np.uint8),
    )


def _planted(rng: np.random.Generator, n_events: int) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """((event, segment) of planted patterns, sector of SL2 of the event's first one)."""
    shifts = np.array([(p.sl0, p.sl1, 0, p.sl3, p.sl4) for p in all_patterns()])
    event = np.repeat(np.arange(n_events), rng.integers(0, MAX_PLANTED + 1, n_events))
    at = rng.integers(0, N_SECTORS, len(event))
    first = np.zeros(n_events, np.int64)
    first[event[::-1]] = at[::-1]
    sectors = (at[:, None] + shifts[rng.integers(0, len(shifts), len(event))]) % N_SECTORS
    kept = np.ones(sectors.shape, bool)
    lacking = np.flatnonzero(rng.random(len(event)) < MISSING_PROBABILITY)
    kept[lacking, rng.integers(0, N_SUPERLAYERS, len(lacking))] = False
    row, superlayer = np.nonzero(kept)
    choice = rng.integers(0, N_CHOICES, len(row))
    return (event[row], _segments_of_sector()[superlayer, sectors[row, superlayer], choice]), first


@cache
def _segments_of_sector() -> np.ndarray:
    """Segments that set a sector, (superlayer, sector, choice): each of its three or four segments equally often."""
    words, superlayer = segment_sectors(), superlayers().of_segment
    sets = (words[:, None] >> np.arange(N_SECTORS, dtype=np.uint64)) & np.uint64(1) != 0
    rows = [[np.flatnonzero(sets[:, s] & (superlayer == number)) for s in range(N_SECTORS)] for number in range(N_SUPERLAYERS)]
    return np.array([[np.resize(choices, N_CHOICES) for choices in row] for row in rows])


@cache
def _lone_segments() -> np.ndarray:
    """A segment that sets this sector and no other, (superlayer, sector)."""
    words, superlayer = segment_sectors(), superlayers().of_segment
    return np.array(
        [
            [np.flatnonzero((words == np.uint64(1 << s)) & (superlayer == k))[0] for s in range(N_SECTORS)]
            for k in range(N_SUPERLAYERS)
        ]
    )


def _clusters(rng: np.random.Generator, n_events: int, parameters: GrlParameters) -> tuple[np.ndarray, np.ndarray]:
    """Centre cells and counts of up to six clusters."""
    shape = (n_events, MAX_CLUSTERS)
    is_there = np.arange(MAX_CLUSTERS) < rng.integers(0, MAX_CLUSTERS + 1, n_events)[:, None]
    tc = np.where(is_there, rng.integers(1, N_CELLS + 1, shape), 0)
    cut = np.where(rng.random(shape) < 0.5, rng.choice(energy_counts(parameters), shape), cell_tables(parameters).bhabha_adc[tc])
    at_cut = cut + rng.integers(-1, 2, shape)
    anything = rng.integers(1, CLUSTER_ADC_MAX + 1, shape) >> rng.integers(0, 12, shape)
    adc = np.where(rng.random(shape) < EDGE_PROBABILITY, at_cut, anything)
    return tc, np.where(is_there, np.maximum(adc, 1), 0)


def _tracks(
    rng: np.random.Generator, n_events: int, sector: np.ndarray, tc: np.ndarray, parameters: GrlParameters
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(event of each track, its fields): a third anywhere, a third near the planted pattern, a third at the edges of a cluster."""
    is_crowd = rng.random(n_events) < 1 / 8
    event = np.repeat(np.arange(n_events), np.where(is_crowd, rng.integers(0, CROWD + 1, n_events), rng.integers(0, 5, n_events)))
    n_tracks, cells = len(event), cell_tables(parameters)
    cell = tc[event, rng.integers(0, MAX_CLUSTERS, n_tracks)]
    half_cells = N_PHI // N_SECTORS
    near_pattern = sector[event] * half_cells + rng.integers(-NEAR_SECTORS * half_cells, (NEAR_SECTORS + 1) * half_cells, n_tracks)
    is_near_arc = rng.random(n_tracks) < 0.5
    first = np.where(is_near_arc, cells.near_first[cell], cells.bhabha_first[cell]).astype(np.int64)
    count = np.where(is_near_arc, cells.near_count[cell], cells.bhabha_count[cell])
    at_edge = first + np.where(rng.random(n_tracks) < 0.5, 0, count) + rng.integers(-1, 1, n_tracks)
    kind = rng.integers(0, 3, n_tracks)
    half_cell = np.select([kind == 0, kind == 1], [near_pattern, at_edge], rng.integers(0, N_PHI, n_tracks))
    crowded = is_crowd[event] & (rng.random(n_tracks) < 0.5)
    half_cell = np.where(crowded, sector[event] * half_cells + half_cell % (N_PHI // 4), half_cell)
    theta_edge = np.where(
        rng.random(n_tracks) < 0.5,
        cells.theta_last[cell].astype(np.int64) + rng.integers(0, 2, n_tracks),
        cells.theta_first[cell].astype(np.int64) - rng.integers(0, 2, n_tracks),
    )
    theta = np.where(rng.random(n_tracks) < EDGE_PROBABILITY, theta_edge, rng.integers(-NODE_ONE, NODE_ONE + 1, n_tracks))
    answered = rng.random(n_tracks) < rng.choice([0, 0.3, 1], n_events)[event]
    return event, {
        "track_phi_raw": phi_raw(half_cell).astype(np.int16),
        "track_omega_raw": rng.integers(-MAX_OMEGA, MAX_OMEGA + 1, n_tracks).astype(np.int8),
        "track_expert": np.where(answered, rng.integers(0, 5, n_tracks), -1).astype(np.int8),
        "track_theta_raw": theta.astype(np.int16),
    }
