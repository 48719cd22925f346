"""Vertex hypotheses: cells by hand, a pair at its vertex, symmetry, and the loop against a plain one."""

import math

import numpy as np
import pytest

from trigger.displaced.hypotheses import LOWEST, N_PHI, HypothesesTrigger, HypothesisGrid, _tables
from trigger.errors import InputError
from trigger.geometry.cdc import N_SECTORS, superlayers

GRID = HypothesisGrid(radii_cm=(6.0, 12.0, 20.0))
ALL = len(GRID.radii_cm) * N_SECTORS + 1


def run(*events, grid=GRID):
    offsets = np.cumsum([0, *(len(event[0]) for event in events)])
    return HypothesesTrigger(grid).run(offsets, *(np.concatenate([event[k] for event in events]) for k in range(4)))


def pair_at(from_vertex, radius, azimuth, opening=1.0):
    x, y = radius * math.cos(azimuth), radius * math.sin(azimuth)
    return [from_vertex(x, y, 5, azimuth + side * opening / 2, side * 0.005, 0.3) for side in (-1, 1)]


def test_cells_of_a_wire_by_hand():
    """Segment 0 is at azimuth 0: a straight track along x from any origin on x inside it, so the middle cells about azimuth 0."""
    tables, middle = _tables(GRID), GRID.n_bend // 2
    for origin in range(len(GRID.radii_cm)):
        for k in (middle - 1, middle):
            cells = int(tables.mask[origin, 0, 2, k])
            assert cells & 1
            assert cells >> (N_PHI - 1) & 1
            assert not cells >> (N_PHI // 2) & 1
    assert not tables.mask[3, 0, 2].any() or superlayers().radius_cm[0, 0] >= 18.0
    far = HypothesisGrid(radii_cm=(30.0,))
    assert not _tables(far).mask[1, :160].any()
    assert _tables(far).mask[1, 160:].any(axis=-1).all()


def test_a_pair_is_found_at_its_vertex(from_vertex, segments_of):
    events = [segments_of(*pair_at(from_vertex, 12, 2 * math.pi * sector / N_SECTORS)) for sector in (0, 5, 19)]
    found = run(*events)
    assert (found.displaced_score_raw > 0).all()
    assert np.abs(found.displaced_radius_raw / 8 - 12).max() <= 8
    turned = (found.displaced_phi_raw / 16384 - np.array([0, 5, 19]) / N_SECTORS + 0.5) % 1 - 0.5
    assert np.abs(turned).max() <= 1.5 / N_SECTORS


def test_a_pair_from_the_axis_scores_less(from_vertex, segments_of):
    displaced, prompt = (segments_of(*pair_at(from_vertex, radius, 0.4)) for radius in (12, 0.01))
    found = run(displaced, prompt)
    assert found.displaced_score_raw[0] > 0 > found.displaced_score_raw[1]


def test_no_event_and_one_track_have_no_vertex(from_vertex, segments_of):
    nothing = tuple(np.zeros(0, np.int64) for _ in range(4))
    found = run(nothing, segments_of(pair_at(from_vertex, 12, 0.4)[0]))
    assert found.displaced_score_raw.tolist() == [LOWEST, LOWEST]
    assert found.displaced_radius_raw.tolist() == [0, 0]
    assert len(HypothesesTrigger().run([0], *[np.zeros(0, np.int64)] * 4).displaced_score_raw) == 0


def test_a_turn_of_the_event_turns_the_vertex(from_vertex, segments_of):
    """By seven sectors: the same score, and one of its vertices (equal ones may come in another order)."""
    ids, *rest = segments_of(*pair_at(from_vertex, 12, 0.4))
    lines = superlayers()
    of = lines.of_segment[ids]
    turned = lines.offset[of] + (ids - lines.offset[of] + 7 * lines.n_segments[of] // N_SECTORS) % lines.n_segments[of]
    found = run((ids, *rest), (turned, *rest))
    assert found.displaced_score_raw[0] == found.displaced_score_raw[1]


def weight_of(planes):
    """Weight of the two heaviest clusters of (5, n_bend, N_PHI) cells, by walking twice round the ring."""
    count = planes.sum(axis=0)
    value = ((count >= 4).astype(int) + (count >= 5)).sum(axis=0)
    if (value > 0).all() or not value.any():
        return 0
    start = int(np.flatnonzero(value == 0)[0])
    clusters = [0]
    for place in range(start, start + N_PHI):
        if value[place % N_PHI]:
            clusters[-1] += int(value[place % N_PHI])
        elif clusters[-1]:
            clusters.append(0)
    heaviest = sorted(clusters)[::-1]
    return sum(heaviest[:2]) if len([weight for weight in clusters if weight]) > 1 else 0


def test_loop_against_a_plain_one():
    """Random segments; a segment turned back by the vertex's sector sets the cells of the table, bit by bit."""
    rng, lines, tables = np.random.default_rng(3), superlayers(), _tables(GRID)
    events = []
    for n in (0, 30, 60, 90):
        ids = rng.choice(2336, n, replace=False)
        events.append((ids, rng.integers(1, 4, n), rng.integers(0, 4, n), rng.integers(0, 100, n)))
    found = run(*events)
    for event, (ids, positions, *_) in enumerate(events):
        weights = np.zeros(ALL, int)
        for vertex in range(ALL):
            ring, sector = (0, 0) if vertex == 0 else (1 + (vertex - 1) // N_SECTORS, (vertex - 1) % N_SECTORS)
            planes = np.zeros((5, GRID.n_bend, N_PHI), bool)
            for segment, position in zip(ids, positions, strict=True):
                of = int(lines.of_segment[segment])
                if of % 2 == 0:
                    size, first = int(lines.n_segments[of]), int(lines.offset[of])
                    place = (segment - first - sector * (size // N_SECTORS)) % size
                    row = sum(int(lines.n_segments[s]) for s in range(0, of, 2)) + place
                    words = tables.mask[ring, row, position - 1]
                    planes[of // 2] |= (words[:, None] >> np.arange(N_PHI, dtype=np.uint64) & np.uint64(1)).astype(bool)
            weights[vertex] = weight_of(planes)
        best = 1 + int(np.argmax(weights[1:]))
        axial = sum(int(lines.of_segment[segment]) % 2 == 0 for segment in ids)
        expected = 2 * (weights[best] - weights[0]) - axial if weights[best] else LOWEST
        assert found.displaced_score_raw[event] == expected
        assert found.displaced_radius_raw[event] == (round(8 * GRID.vertices[best, 0]) if weights[best] else 0)
    assert (found.displaced_score_raw[2:] > LOWEST).all()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"radii_cm": ()}, "radii_cm must be positive and ascending"),
        ({"radii_cm": (5.0, 4.0)}, "radii_cm must be positive and ascending"),
        ({"n_bend": 0}, "n_bend, bend_max_per_cm must be positive"),
    ],
)
def test_impossible_grids_are_refused(change, reason):
    with pytest.raises(ValueError, match=reason):
        HypothesisGrid(**change)


def test_bad_segments_are_refused():
    with pytest.raises(InputError, match="HypothesesTrigger: field cdc_ts_id, event 0"):
        HypothesesTrigger().run([0, 1], [2336], [3], [1], [0])
