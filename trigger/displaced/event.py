"""Compiled loop over events: seeds, tracks, vertices."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trigger.compiled import kernel
from trigger.displaced import features, fit, pairs, seeds, stereo, vertex
from trigger.displaced.constants import N_RADII
from trigger.displaced.fit import N_AXIAL
from trigger.displaced.grid import N_LANES, PATCH
from trigger.displaced.tracks import insert, make_tracks


class Hits(NamedTuple):
    """Track segments of all events, int64 unless said otherwise.

    offsets: (n + 1,). member, stereo: axial superlayer 0..4 and stereo superlayer 0..3, -1 = the other kind. window, turn: row in
    the window table and cells that the sector is further. kind: 1 for a second-priority wire. angle: AZIMUTH. side: +1 where the
    track passes at larger azimuth than the wire, -1 smaller, 0 not known. time: time units.
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
    """Parameters as raw integers: misses MISS; chi2 CHI2; depth, radius_low, radius_high, behind DEPTH; impacts IMPACT."""

    only_five: bool
    fastest_ahead: int
    chi2: int
    misses: NDArray[np.int64]
    depth: int
    impact_high: int
    impact_low: int
    radius_low: int
    radius_high: int
    behind: int
    tangent: int
    shared: int


class Found(NamedTuple):
    """Answers per window: counts and overflow; vertex (n, cap, 4): radius, azimuth, z, slot; tracks (n, cap, 2, 8).

    tracks: values and lines, CHI2, axial segments, stereo superlayers. features (n, cap, 16): inputs of the network.
    """

    n_seeds: NDArray[np.uint16]
    n_tracks: NDArray[np.uint8]
    n_vertices: NDArray[np.int64]
    overflow: NDArray[np.uint8]
    vertex: NDArray[np.int16]
    tracks: NDArray[np.int32]
    features: NDArray[np.int16]


@kernel
def find(hits, given, has_given, grid, masks, tables, table, cuts, caps, found):
    """Fill the answers of all events.

    grid: (rows, impacts). tables: of seeds, of the fit. caps: slots of seeds, tracks, candidates.
    """
    n_rows, n_impact = grid
    planes = np.zeros((N_AXIAL, 2, n_rows), np.uint64)
    fired = np.zeros((2, n_rows), np.uint64)
    patches = (n_rows // n_impact // PATCH, n_impact // PATCH, seeds.N_CELLS)
    score, peaks = np.zeros(patches, np.uint8), np.zeros(patches, np.bool_)
    places, order = np.empty((score.size, 3), np.int64), np.empty((N_LANES * caps[0], 3), np.int64)
    seed = np.zeros((len(order), 2), np.int64)
    chosen, shift = np.zeros(N_AXIAL, np.int64), np.zeros(fit.N_STEREO, np.int64)
    half_cell = fit.HALF_TURN // seeds.N_CELLS
    tracks = make_tracks(caps[1], N_RADII)
    new = caps[1]
    queue = np.zeros((caps[2], 3), np.int64)
    for event in range(len(hits.offsets) - 1):
        first, last = hits.offsets[event], hits.offsets[event + 1]
        axial = hits.member[first:last]
        present = 0
        for k in range(N_AXIAL):
            present += (axial == k).any()
        if present < N_AXIAL - 1:
            continue
        seeds.vote(hits.window[first:last][axial >= 0], hits.turn[first:last][axial >= 0], axial[axial >= 0], masks, planes)
        seeds.fire(planes, cuts.only_five, fired)
        n_seeds, n_left = seeds.select(fired, caps[0], score, peaks, places, order, seed)
        found.n_seeds[event] = n_left
        overflow = found.overflow[event] > 0 or n_seeds > n_left
        tracks.there[:] = False
        for i in range(n_left):
            at = (seed[i, 0], (2 * seed[i, 1] + 1) * half_cell)
            good, track, t0, chi2, row, phi = fit.fit(
                hits, first, last, at, given[event], has_given, cuts.fastest_ahead, tables, chosen, shift
            )
            if not good or chi2 > cuts.chi2:
                continue
            n_stereo, start, slope, _ = stereo.line(hits, first, last, at, (row, phi), shift, t0, cuts.misses, tables)
            if n_stereo == 0:
                continue
            tracks.values[new, 0], tracks.values[new, 1], tracks.values[new, 2] = track
            tracks.lines[new, 0], tracks.lines[new, 1] = start, slope
            tracks.rows[new], tracks.chi2[new], tracks.times[new] = row, chi2, t0
            tracks.chosen[new], tracks.n_stereo[new] = chosen, n_stereo
            pairs.scan(track, table, tracks.scans[new])
            overflow |= insert(tracks, cuts.shared)
        found.n_tracks[event] = tracks.there[:new].sum()
        overflow |= pairs.candidates(tracks, cuts, table, queue)
        found.overflow[event] = overflow
        found.n_vertices[event] = vertices(
            tracks, queue, cuts, table, found.vertex[event], found.tracks[event], found.features[event]
        )


@kernel
def vertices(tracks, queue, cuts, table, answers, pairs, inputs):
    """Write the vertices of a window in the order of the queue; returns how many there are."""
    count = 0
    for slot in range(len(queue)):
        a, b, radius = queue[slot]
        if a < 0:
            continue
        good, phi, depths, sines, cosines = vertex.find(tracks, a, b, radius, cuts, table)
        if not good:
            continue
        answers[count, 0], answers[count, 1], answers[count, 2] = radius, phi, (depths[0] + depths[1]) >> 1
        answers[count, 3] = slot
        for side, track in enumerate((a, b)):
            for k in range(3):
                pairs[count, side, k] = tracks.values[track, k]
            for k in range(2):
                pairs[count, side, 3 + k] = tracks.lines[track, k]
            pairs[count, side, 5] = tracks.chi2[track]
            pairs[count, side, 6] = (tracks.chosen[track] >= 0).sum()
            pairs[count, side, 7] = tracks.n_stereo[track]
        features.fill(tracks, a, b, radius, depths, sines, cosines, inputs[count])
        count += 1
    return count
