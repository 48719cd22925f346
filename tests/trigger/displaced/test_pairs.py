"""List of tracks, pairs and vertices against plain Python and plain floats."""

import math

import numpy as np
import pytest

from trigger.displaced import DisplacedTrigger
from trigger.displaced.constants import N_RADII, constants
from trigger.displaced.fit import row_of as fit_row
from trigger.displaced.grid import crossing_sine
from trigger.displaced.pairs import OUTSIDE, candidates, scan
from trigger.displaced.tracks import insert, make_tracks
from trigger.displaced.vertex import find

TABLE = constants()
CUTS = DisplacedTrigger().cuts
TURN = 2 * math.pi / 16384
ROOM = 16


def put(tracks, place, track, *, chosen=None, line=(0, 0), row=0, chi2=0):
    tracks.values[place], tracks.lines[place], tracks.rows[place], tracks.chi2[place] = track, line, row, chi2
    tracks.chosen[place] = [place * 5 + k for k in range(5)] if chosen is None else chosen
    tracks.there[place] = True
    scan(track, TABLE, tracks.scans[place])


def raw_of(kappa, d, phi0):
    return (
        round(kappa / (1 + kappa * d) * 2**18),
        round(d * (1 + kappa * d / 2) / (1 + kappa * d) * 2**7),
        round(phi0 / TURN) % 16384,
    )


def row_of(bend, impact, _):
    return fit_row(bend, impact)


def plain_insert(places, new):
    """The same list in dictionaries, place by place; False if the track finds no place."""
    same = [k for k, old in enumerate(places) if old and sum(a == b >= 0 for a, b in zip(old[0], new[0], strict=True)) > 1]
    if not all((sum(k < 0 for k in new[0]), new[1]) < (sum(k < 0 for k in places[j][0]), places[j][1]) for j in same):
        return True
    free = [k for k, old in enumerate(places) if not old]
    if not same and not free:
        return False
    for k in same:
        places[k] = None
    places[same[0] if same else free[0]] = new
    return True


@pytest.mark.parametrize("n_segments", [2, 4, 12])
def test_list_of_tracks(n_segments):
    rng = np.random.default_rng(n_segments)
    overflows = 0
    for _ in range(60):
        tracks, places = make_tracks(ROOM, N_RADII), [None] * ROOM
        for _ in range(30):
            chosen, chi2 = rng.integers(0, n_segments, 5), int(rng.integers(0, 6))
            if rng.random() < 0.5:
                chosen[rng.integers(5)] = -1
            tracks.chosen[ROOM], tracks.chi2[ROOM] = chosen, chi2
            overflow = insert(tracks, 1)
            assert overflow == (not plain_insert(places, (chosen.tolist(), chi2)))
            overflows += overflow
            assert tracks.there[:ROOM].tolist() == [place is not None for place in places]
            for k, place in enumerate(places):
                assert place is None or (tracks.chosen[k].tolist(), tracks.chi2[k]) == place
    assert (overflows > 0) == (n_segments == 12)


def test_azimuths_of_a_scan_equal_the_plain_ones():
    azimuths = np.zeros(N_RADII, np.int64)
    for bend, impact in ((0.006, 7.0), (-0.011, 1.0), (0.02, 30.0)):
        track = (round(bend * 2**18), round(impact * 2**7), 3000)
        scan(track, TABLE, azimuths)
        for k, found in enumerate(azimuths.tolist()):
            sine = float(crossing_sine(track[0] / 2**18, track[1] / 2**7, 2.0 * (k + 1)))
            if abs(sine) >= 1:
                assert found == OUTSIDE
            elif abs(sine) < 0.99:
                assert abs(math.remainder(found * TURN - 3000 * TURN - math.asin(sine), 2 * math.pi)) < 2.5e-3


def plain_queue(tracks, n_slots):
    """Crossings of pairs that miss the axis, in the order of the ring, and whether some are lost."""
    queue, slot, lost = {}, 0, False
    for apart in range(1, ROOM // 2 + 1):
        slot = max(slot, (apart - 1) // 2)
        for a in range(ROOM):
            b = (a + apart) % ROOM
            impacts = sorted(abs(int(tracks.values[k, 1])) for k in (a, b))
            if not (tracks.there[a] and tracks.there[b]) or (apart == 8 and a >= 8):
                continue
            if impacts[0] <= CUTS.impact_low or impacts[1] <= CUTS.impact_high:
                continue
            found, before = [], None
            for k in range(N_RADII):
                one, other = (int(tracks.scans[t, k]) for t in (a, b))
                away = None if OUTSIDE in (one, other) else (one - other + 8192) % 16384 - 8192
                if away is not None and abs(away) > 2048:
                    away = None
                if None not in (away, before) and (away < 0) != (before < 0):
                    found.append(16 * k + int(16 * abs(before) / (abs(before) + abs(away))))
                before = away
            limit = 8 * 19.8 + CUTS.behind  # every track has a segment of superlayer 0
            found = [r for r in found if r // 16 * 16 <= limit]
            for r in found[:1] + found[1:][-1:]:
                if slot == n_slots:
                    lost = True
                else:
                    queue[slot] = [a, b, r]
                    slot += 1
    return [queue.get(k, [-1]) for k in range(n_slots)], lost


def test_pairs_of_a_ring():
    """Lists with any filling: the crossings of a plain search, in the order of the ring, as many as there are slots."""
    rng = np.random.default_rng(3)
    queue, n_lost, n_found = np.zeros((8, 3), np.int64), 0, 0
    for event in range(120):
        tracks = make_tracks(ROOM, N_RADII)
        for place in np.flatnonzero(rng.random(ROOM) < rng.random()):
            put(
                tracks, place, (rng.integers(-3000, 3000), rng.integers(-1500, 1500), rng.integers(0, 16384 if event % 2 else 2000))
            )
        wanted, lost = plain_queue(tracks, len(queue))
        assert candidates(tracks, CUTS, TABLE, queue) == lost
        assert [row if row[0] >= 0 else [-1] for row in queue.tolist()] == wanted
        n_lost, n_found = n_lost + lost, n_found + sum(row != [-1] for row in wanted)
    assert 0 < n_lost < 60
    assert n_found > 300


def test_tracks_with_common_segments_are_no_pair():
    tracks, queue = make_tracks(ROOM, N_RADII), np.zeros((8, 3), np.int64)
    for chosen, found in (
        ([9, 9, 7, 7, 7], [0, 3]),
        ([9, 7, 7, 7, 7], [0, 3]),
        ([0, 1, 7, 7, 7], [-1, -1]),
        ([-1, 1, 7, 7, 7], [0, 3]),
    ):
        put(tracks, 0, (1000, 700, 0))
        put(tracks, 3, (-1000, -700, 2600), chosen=chosen)
        tracks.chosen[0] = range(5)
        assert not candidates(tracks, CUTS, TABLE, queue)
        slot = 1 if found[0] >= 0 else 0
        assert queue[slot, 0] == found[0]
        assert found[0] < 0 or queue[slot, 1] == found[1]


def test_vertex_of_two_tracks(from_vertex):
    """Random vertices and directions: the radius is that of the point where both tracks were put."""
    rng = np.random.default_rng(5)
    errors, queue = [], np.zeros((8, 3), np.int64)
    for _ in range(200):
        radius, phi, z = rng.uniform(3, 40), rng.uniform(0, 2 * math.pi), rng.uniform(-20, 40)
        x, y = radius * math.cos(phi), radius * math.sin(phi)
        tracks = make_tracks(ROOM, N_RADII)
        for place, sign in ((4, -1), (9, 1)):
            kappa, cot = sign * rng.uniform(0.002, 0.008), rng.uniform(-0.3, 1.0)
            kappa, d, phi0, z0, cot = from_vertex(x, y, z, phi + sign * rng.uniform(0.25, 0.6), kappa, cot)
            raw = raw_of(kappa, d, phi0)
            put(tracks, place, raw, chosen=[-1] * 5, line=(round(8 * z0), round(64 * cot)), row=row_of(*raw))
        wide = CUTS._replace(behind=400)
        assert not candidates(tracks, wide, TABLE, queue)
        for a, b, r in queue[queue[:, 0] >= 0].tolist():
            found, azimuth, depths, _, _ = find(tracks, a, b, r, wide, TABLE)
            if found:
                off = abs(math.remainder(azimuth * TURN - phi, 2 * math.pi)) * radius
                errors.append((abs(r / 8 - radius), off, abs(sum(depths) / 16 - z)))
    assert len(errors) >= 180
    assert (np.median(errors, axis=0) < (0.12, 0.06, 0.5)).all()
