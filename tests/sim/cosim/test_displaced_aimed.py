"""Aimed windows of the vertex stage: pairs do what is wanted at their radius, every circuit has every case, lists are full."""

from dataclasses import replace

import numpy as np
import pytest

from hdl.displaced.crossing import CLOSE as CLOSE_IN_RTL
from sim.cosim.stimulus import displaced_aimed, displaced_edges, displaced_lists, displaced_pairs
from sim.cosim.stimulus.displaced_edges import CLOSE, FOUND, Edge
from sim.cosim.stimulus.displaced_pairs import Given, Wanted, declared_cuts, search
from trigger.displaced.constants import N_RADII, constants
from trigger.displaced.fit import N_AXIAL
from trigger.displaced.pairs import OUTSIDE, PAIR_STEPS, candidates, scan
from trigger.displaced.stereo import signed_turn
from trigger.displaced.tracks import better, insert, make_tracks, shared

RADII = np.tile(np.arange(2, 19), 6)
N = len(RADII)
SIDES = np.arange(N) % 2
OUTER = np.zeros((N, 2), bool)


def wanted(edge: Edge) -> Wanted:
    return Wanted(edge=np.full(N, edge), radius=RADII, side=SIDES, inner=OUTER)


def scans_of(pairs: displaced_pairs.Pairs) -> np.ndarray:
    out = np.zeros((*pairs.values.shape[:2], N_RADII), np.int64)
    for place in np.ndindex(out.shape[:2]):
        scan(pairs.values[place], constants(), out[place])
    return out


def queue_of(pairs: displaced_pairs.Pairs, i: int) -> list[list[int]]:
    """Crossings that the model finds in a list of one pair, none of whose tracks has a segment in the first superlayer."""
    tracks, queue = make_tracks(2, N_RADII), np.zeros((4, 3), np.int64)
    for side in range(2):
        tracks.values[side] = pairs.values[i, side]
        tracks.chosen[side] = [-1, *[side] * (N_AXIAL - 1)]
        tracks.there[side] = True
        scan(tracks.values[side], constants(), tracks.scans[side])
    candidates(tracks, declared_cuts(), constants(), queue)
    return queue[queue[:, 0] >= 0].tolist()


@pytest.mark.parametrize("edge", Edge)
def test_pairs_hang_on_their_radius(edge):
    pairs = search(np.random.default_rng(5), wanted(edge))
    assert (pairs.grade == FOUND).mean() > (0.4 if edge is Edge.LAST else 0.95)
    good = np.flatnonzero(pairs.grade == FOUND)
    scans, radius, side = scans_of(pairs)[good], RADII[good], SIDES[good]
    rows = np.arange(len(good))
    outside = scans[rows, :, radius] == OUTSIDE
    away = signed_turn(scans[rows, 0, radius] - scans[rows, 1, radius])
    queues = [queue_of(pairs, i) for i in good]
    behind = [[crossing[2] - 16 * (k + 1) for crossing in queue] for queue, k in zip(queues, radius, strict=True)]
    if edge is Edge.TURNS:
        assert (outside[rows, side] & ~outside[rows, 1 - side]).all()
        return
    assert not outside.any()
    if edge in (Edge.ZERO, Edge.NEGATIVE):
        assert (away == -(edge is Edge.NEGATIVE)).all()
    elif edge is Edge.CLOSE:
        assert (away == CLOSE * (1 - 2 * side)).all()
        assert all(any(0 <= step <= 16 for step in steps) for steps in behind)
    elif edge is Edge.BEYOND:
        assert (away * (1 - 2 * side) > CLOSE).all()
        assert {CLOSE + 1} < set(np.abs(away))
        assert not any(any(0 < step < 16 for step in steps) for steps in behind)
    elif edge is Edge.LAST:
        assert all(len(steps) == 2 and 0 <= steps[1] <= 16 for steps in behind)
    elif edge is Edge.IMPACT:
        cuts, impact = declared_cuts(), np.abs(pairs.values[good, side, 1])
        assert set(impact) == {cuts.impact_low, cuts.impact_low + 1, cuts.impact_high, cuts.impact_high + 1}
        passes = np.isin(impact, (cuts.impact_low + 1, cuts.impact_high + 1))
        assert [len(queue) > 0 for queue in queues] == passes.tolist()
    else:
        assert all(any(0 <= step <= 16 for step in steps) for steps in behind)


def test_the_edge_is_that_of_the_rtl():
    assert CLOSE == CLOSE_IN_RTL == displaced_edges.CLOSE


def test_a_given_track_stays():
    """In either place of the pair, azimuth and line too; the other one has an impact between the cuts."""
    rng = np.random.default_rng(6)
    given = Given(
        place=SIDES, values=np.stack([rng.integers(-900, 900, N), 60 + 0 * RADII, 3 * RADII], axis=1), lines=np.full((N, 2), 5)
    )
    pairs = search(rng, wanted(Edge.CROSSES), given)
    rows = np.arange(N)
    assert (pairs.values[rows, SIDES] == given.values).all()
    assert (pairs.lines[rows, SIDES] == given.lines).all()
    cuts, impact = declared_cuts(), np.abs(pairs.values[rows, 1 - SIDES, 1])
    assert ((impact > cuts.impact_low) & (impact <= cuts.impact_high)).all()
    assert (pairs.grade == FOUND).mean() > 0.95
    assert all(queue_of(pairs, i) for i in range(N) if pairs.grade[i] == FOUND)


def test_every_pair_of_places_has_its_circuit():
    """As the ring of the RTL turns: place a meets place a + apart + PAIR_STEPS x step, apart 1 to PAIR_STEPS."""
    n = displaced_aimed.N_TRACKS
    pairs = {}
    for step in range(n // (2 * PAIR_STEPS)):
        for apart in range(1, PAIR_STEPS + 1):
            for a in range(n):
                if apart + PAIR_STEPS * step < n // 2 or a < n // 2:
                    pairs[a, (a + apart + PAIR_STEPS * step) % n] = (apart - 1) * n + a
    assert len(pairs) == n * (n - 1) // 2
    for one, other in pairs:
        for places in ((one, other), (other, one)):
            first, second, circuit = (int(each) for each in displaced_aimed.copy_of(*np.array(places)))
            assert (first, second, circuit) == (one, other, pairs[one, other])


def test_cases_come_in_turn():
    cases, rng = displaced_aimed.arm_cases(), np.random.default_rng(7)
    circuits = np.repeat(np.arange(2 * displaced_aimed.N_TRACKS), len(cases))
    turns = displaced_aimed._turns(rng, rng.permutation(circuits), cases)
    assert sorted(map(tuple, turns)) == sorted(map(tuple, np.tile(cases, (2 * displaced_aimed.N_TRACKS, 1))))


def test_lists_are_full_and_have_duplicates():
    """Tracks come in order; without the later ones all places are taken; duplicates share segments, some are better."""
    stars = np.random.default_rng(8).random(60) < 0.5
    made = displaced_aimed.aimed_windows(np.random.default_rng(8), stars, 64)
    again = displaced_aimed.aimed_windows(np.random.default_rng(8), stars, 64)
    assert all((made.numbers[name] == again.numbers[name]).all() for name in made.numbers)
    inside = np.diff(made.window) == 0
    assert (np.diff(made.place)[inside] > 0).all()
    assert made.place.max() < 64
    assert ((made.position >= 0).sum(axis=1) >= N_AXIAL - 1).all()
    count, taken, replaced, dropped = np.bincount(made.window), [], 0, 0
    assert (count.min(), 16 < count.max() <= 32) == (16, True)
    for window in range(60):
        tracks = make_tracks(displaced_aimed.N_TRACKS, N_RADII)
        for i in np.flatnonzero(made.window == window):
            before = tracks.there.sum()
            tracks.chosen[-1], tracks.chi2[-1] = made.position[i], made.numbers["chi2"][i]
            alike = [
                k for k in range(16) if tracks.there[k] and shared(tracks.chosen[k], made.position[i]) > declared_cuts().shared
            ]
            insert(tracks, declared_cuts().shared)
            stays = any((tracks.chosen[k] == made.position[i]).all() and tracks.chi2[k] == tracks.chi2[-1] for k in alike)
            replaced, dropped = replaced + (len(alike) > 0 and stays), dropped + (len(alike) > 0 and not stays)
            assert tracks.there.sum() >= before - len(alike)
        taken.append(int(tracks.there.sum()))
    assert min(replaced, dropped) > 30
    assert (np.array(taken)[count == 16] == 16).all()
    assert (np.array(taken) == 16).mean() > 0.8


def test_every_two_places_are_met_by_one_track():
    """Full lists; of tracks that are like two others, those between them change nothing, better ones leave a place free."""
    made = displaced_lists.list_windows(np.random.default_rng(4), 60, 64)
    assert (np.diff(made.place)[np.diff(made.window) == 0] > 0).all()
    assert ((made.position >= 0).sum(axis=1) >= N_AXIAL - 1).all()
    pairs, kept, shrunk, followed = set(), 0, 0, 0
    for window in range(60):
        tracks = make_tracks(displaced_aimed.N_TRACKS, N_RADII)
        for i in np.flatnonzero(made.window == window):
            before = tracks.there.sum()
            tracks.chosen[-1], tracks.chi2[-1] = made.position[i], made.numbers["chi2"][i]
            alike = [
                k for k in range(16) if tracks.there[k] and shared(tracks.chosen[k], made.position[i]) > declared_cuts().shared
            ]
            verdicts = {bool(better(tracks, len(tracks.there) - 1, k)) for k in alike}
            insert(tracks, declared_cuts().shared)
            followed += len(alike) == 1 and verdicts == {True}
            if len(alike) == 2:
                kept, shrunk = kept + (verdicts == {False, True}), shrunk + (verdicts == {True})
                pairs.add((*alike, len(verdicts)))
                assert tracks.there.sum() == before - (verdicts == {True})
    assert len({pair[:2] for pair in pairs if pair[2] == 2}) > 110
    assert min(kept // 10, shrunk, followed // 10) > 50, (kept, shrunk, followed)


def test_another_edge_is_judged_otherwise():
    """The search does not find pairs that no radius allows: twice the largest distance is not near."""
    far = replace(wanted(Edge.CLOSE), radius=np.full(N, N_RADII - 2))
    assert (search(np.random.default_rng(9), far).grade <= 0).all()
