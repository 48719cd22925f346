"""Compiled loop over events: seeds, tracks, vertices."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trigger.compiled import kernel
from trigger.displaced import fit, seeds, stereo, vertex
from trigger.displaced.constants import N_RADII
from trigger.displaced.fit import N_AXIAL


class Hits(NamedTuple):
    """Track segments of all events, int64 unless said otherwise.

    offsets: (n + 1,). member, stereo: axial superlayer 0..4 and stereo superlayer 0..3, -1 = the other kind. window, turn: row in
    the window table and cells that the sector is further. kind: 1 for a second-priority wire. angle: TURN. side: +1 where the track
    passes at larger azimuth than the wire, -1 smaller, 0 not known. time: time units.
    """

    offsets: NDArray[np.int64]
    member: NDArray[np.int64]
    stereo: NDArray[np.int64]
    window: NDArray[np.int64]
    turn: NDArray[np.int64]
    kind: NDArray[np.int64]
    angle: NDArray[np.int64]
    side: NDArray[np.int64]
    time: NDArray[np.int64]


class Cuts(NamedTuple):
    """Parameters as raw integers: roads LENGTH; chi2 CHI2; depth, radius_low, radius_high, behind DEPTH; impacts IMPACT."""

    only_five: bool
    roads: NDArray[np.int64]
    fastest_ahead: int
    chi2: int
    bin_log2: int
    depth: int
    impact_high: int
    impact_low: int
    radius_low: int
    radius_high: int
    behind: int
    tangent: int
    shared: int


class Tracks(NamedTuple):
    """Tracks of an event, with room for the largest number.

    values: (bend, impact, phi0). lines: (z at path 0, slope). rows: row of the seed. chosen: axial segments, -1 = none.
    scans: azimuths at the radii of the scan.
    """

    values: NDArray[np.int64]
    lines: NDArray[np.int64]
    rows: NDArray[np.int64]
    chi2: NDArray[np.int64]
    chosen: NDArray[np.int64]
    scans: NDArray[np.int64]


class Found(NamedTuple):
    """Answers per event: counts and overflow; vertex (n, cap, 3): radius, azimuth, z; tracks (n, cap, 2, 5): values and lines."""

    n_seeds: NDArray[np.uint16]
    n_tracks: NDArray[np.uint8]
    n_vertices: NDArray[np.int64]
    overflow: NDArray[np.uint8]
    vertex: NDArray[np.int16]
    tracks: NDArray[np.int16]


@kernel
def better(n_hits, chi2, n_other, chi2_other):
    """Whether a track is preferred to another: more axial segments, then the smaller sum of squares."""
    return n_hits > n_other or (n_hits == n_other and chi2 < chi2_other)


@kernel
def keep(tracks, count, chosen, chi2, shared_max):
    """Place of a new track: that of an earlier one that shares more segments and is worse, `count` if there is none, -1 = drop it.

    Of several earlier ones the first is replaced; a track that is not better than one of them is dropped.
    """
    place, n_hits = count, (chosen >= 0).sum()
    for other in range(count):
        if vertex.shared(chosen, tracks.chosen[other]) > shared_max:
            if not better(n_hits, chi2, (tracks.chosen[other] >= 0).sum(), tracks.chi2[other]):
                return -1
            if place == count:
                place = other
    return place


@kernel
def find(hits, given, has_given, grid, masks, table, cuts, caps, found):
    """Fill the answers of all events. grid: (rows, impacts). caps: seeds, tracks, vertices."""
    n_rows, n_impact = grid
    planes = np.zeros((N_AXIAL, 2, n_rows), np.uint64)
    four, five = np.zeros((2, n_rows), np.uint64), np.zeros((2, n_rows), np.uint64)
    seed = np.zeros((caps[0], 2), np.int64)
    score = np.zeros((n_rows, seeds.N_CELLS), np.uint8)
    fired = np.empty((n_rows * seeds.N_CELLS, 2), np.int64)
    chosen, distance = np.zeros(N_AXIAL, np.int64), np.zeros(N_AXIAL, np.int64)
    bins = np.zeros(((2 * stereo.DEPTH_MAX) >> cuts.bin_log2) + 2, np.uint8)
    room = caps[1]
    tracks = Tracks(
        np.zeros((room, 3), np.int64), np.zeros((room, 2), np.int64), np.zeros(room, np.int64), np.zeros(room, np.int64),
        np.zeros((room, N_AXIAL), np.int64), np.zeros((room, N_RADII), np.int64),
    )  # fmt: skip
    for event in range(len(hits.offsets) - 1):
        first, last = hits.offsets[event], hits.offsets[event + 1]
        axial = hits.member[first:last]
        present = 0
        for k in range(N_AXIAL):
            present += (axial == k).any()
        if present < N_AXIAL - 1:
            continue
        seeds.vote(hits.window[first:last][axial >= 0], hits.turn[first:last][axial >= 0], axial[axial >= 0], masks, planes)
        seeds.count_superlayers(planes, four, five)
        if cuts.only_five:
            four[:] = five
        n_seeds = seeds.select(four, five, n_impact, caps[0], score, fired, seed)
        found.n_seeds[event] = n_seeds
        overflow = n_seeds > caps[0]
        n_tracks = 0
        z, member = np.zeros(2 * (last - first), np.int64), np.zeros(2 * (last - first), np.int64)
        for i in range(min(n_seeds, caps[0])):
            row = seed[i, 0]
            good, track, t0, chi2 = fit.fit(
                hits, first, last, row, seed[i, 1], cuts.roads, given[event], has_given, cuts.fastest_ahead, table, chosen, distance
            )
            if not good or chi2 > cuts.chi2:
                continue
            place = keep(tracks, n_tracks, chosen, chi2, cuts.shared)
            if place < 0:
                continue
            n_points = stereo.depths(hits, first, last, track, t0, row, table, z, member)
            good, start, slope = stereo.line(z, member, n_points, row, cuts.bin_log2, table, bins)
            if not good:
                continue
            if place == room:
                overflow = True
                continue
            n_tracks = max(n_tracks, place + 1)
            tracks.values[place, 0], tracks.values[place, 1], tracks.values[place, 2] = track
            tracks.lines[place, 0], tracks.lines[place, 1] = start, slope
            tracks.rows[place], tracks.chi2[place] = row, chi2
            tracks.chosen[place] = chosen
            vertex.scan(track, table, tracks.scans[place])
        found.n_tracks[event] = n_tracks
        n_vertices = pair_up(tracks, n_tracks, cuts, table, caps[2], found.vertex[event], found.tracks[event])
        found.n_vertices[event] = min(n_vertices, caps[2])
        found.overflow[event] = overflow or n_vertices > caps[2]


@kernel
def pair_up(tracks, n_tracks, cuts, table, cap, vertices, pairs):
    """Write the vertices of an event, at most `cap`, in order of the tracks; returns how many there are."""
    count = 0
    for a in range(n_tracks):
        for b in range(a + 1, n_tracks):
            impact_a, impact_b = abs(tracks.values[a, 1]), abs(tracks.values[b, 1])
            if max(impact_a, impact_b) <= cuts.impact_high or min(impact_a, impact_b) <= cuts.impact_low:
                continue
            if vertex.shared(tracks.chosen[a], tracks.chosen[b]) > cuts.shared:
                continue
            one = (tracks.values[a, 0], tracks.values[a, 1], tracks.values[a, 2])
            other = (tracks.values[b, 0], tracks.values[b, 1], tracks.values[b, 2])
            good, radius, phi, z = vertex.find(
                one, other, (tracks.scans[a], tracks.scans[b]), (tracks.lines[a], tracks.lines[b]),
                (tracks.rows[a], tracks.rows[b]), (tracks.chosen[a], tracks.chosen[b]), cuts, table,
            )  # fmt: skip
            if not good:
                continue
            if count < cap:
                vertices[count, 0], vertices[count, 1], vertices[count, 2] = radius, phi, z
                for k in range(3):
                    pairs[count, 0, k], pairs[count, 1, k] = tracks.values[a, k], tracks.values[b, k]
                for k in range(2):
                    pairs[count, 0, 3 + k], pairs[count, 1, 3 + k] = tracks.lines[a, k], tracks.lines[b, k]
            count += 1
    return count
