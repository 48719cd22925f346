"""Seed windows against their definition and against tracks, votes and peaks against plain counting."""

import math

import numpy as np
import pytest

from trigger.displaced import DisplacedTrigger, SeedGrid, seeds, windows
from trigger.displaced.windows import seed_windows
from trigger.geometry.cdc import N_SECTORS, superlayers

GRID = SeedGrid()
AXIAL = (0, 2, 4, 6, 8)


def cells_of(segment, priority):
    """Cells (row, azimuth) in which one segment votes."""
    hits = DisplacedTrigger()._hits({"cdc_offsets": np.array([0, 1]), **dict(zip(
        ("cdc_ts_id", "cdc_priority", "cdc_lr", "cdc_time"), np.array([[segment], [priority], [1], [0]]), strict=True
    ))})  # fmt: skip
    planes = np.ones((5, 2, GRID.n_rows), np.uint64)
    mask = seed_windows(GRID).mask
    seeds.vote(hits.window, hits.turn, hits.member, mask.reshape(-1, 2, GRID.n_rows), planes)
    assert not np.delete(planes, hits.member[0], axis=0).any()
    return set(map(tuple, np.argwhere(unpacked(planes[hits.member[0]]))))


def unpacked(words):
    """bool (rows, 128) of words (2, rows)."""
    bits = (words[:, :, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    return np.concatenate(list(bits), axis=1).astype(bool)


@pytest.mark.parametrize(
    ("superlayer", "sector", "priority"), [(0, 0, 3), (0, 31, 1), (2, 17, 2), (4, 5, 3), (6, 30, 1), (8, 16, 3)]
)
def test_windows_equal_the_definition(superlayer, sector, priority):
    lines = superlayers()
    n = int(lines.n_segments[superlayer])
    local = sector * (n // 32) + n // 64
    shift = {1: -0.5, 2: 0.5, 3: 0.0}[priority]
    radius, phi = float(lines.radius_cm[superlayer, 0]), (local + shift) * 2 * math.pi / n
    expected = set()
    for a in range(32):
        for b in range(32):
            bend = [0.018 * (2 * (a + k) / 32 - 1) for k in (0, 1)]
            impact = [32.0 * (2 * (b + k) / 32 - 1) for k in (0, 1)]
            low, high = (bend[k] * radius / 2 + impact[k] / radius for k in (0, 1))
            if low >= 1 or high <= -1:
                continue
            first = phi - math.pi / n - math.asin(min(high, 1.0))
            last = phi + math.pi / n - math.asin(max(low, -1.0))
            cells = range(math.floor(first / (math.pi / 64) + 1e-7), math.floor(last / (math.pi / 64) - 1e-7) + 1)
            expected |= {(32 * a + b, cell % 128) for cell in cells}
    assert cells_of(int(lines.offset[superlayer]) + local, priority) == expected


def test_every_track_fires_its_own_cell(segments_of):
    rng = np.random.default_rng(2)
    for _ in range(60):
        kappa, d, phi0 = rng.uniform(0.001, 0.016) * rng.choice([-1, 1]), rng.uniform(-15, 15), rng.uniform(0, 2 * math.pi)
        ids = segments_of((kappa, d, phi0, 0.0, 0.3))[0]
        bend, impact = kappa / (1 + kappa * d), d * (1 + kappa * d / 2) / (1 + kappa * d)
        row = 32 * math.floor((bend / 0.018 + 1) * 16) + math.floor((impact / 32 + 1) * 16)
        axial = [i for i in ids if superlayers().axial[superlayers().of_segment[i]]]
        assert len(axial) >= 4
        for segment in axial:
            assert (row, math.floor(phi0 / (math.pi / 64))) in cells_of(int(segment), 3)


def packed(cells):
    """Words (2, rows) of bool (rows, 128)."""
    weights = np.uint64(1) << np.arange(64, dtype=np.uint64)
    return np.stack([(cells[:, :64] * weights).sum(1, dtype=np.uint64), (cells[:, 64:] * weights).sum(1, dtype=np.uint64)])


def selected(cells, n_impact, slots=N_SECTORS * 100):
    """(seeds, those that leave) of fired cells (rows, 128)."""
    patches = (len(cells) // n_impact // 4, n_impact // 4, 128)
    score, peaks = np.zeros(patches, np.uint8), np.zeros(patches, bool)
    places, order = np.empty((score.size, 3), np.int64), np.empty((2 * slots, 3), np.int64)
    room = np.zeros((2 * slots, 2), np.int64)
    count, n_left = seeds.select(packed(cells), slots, score, peaks, places, order, room)
    assert not score.any(), "the score is cleared for the next event"
    assert not peaks.any()
    return count, [tuple(seed) for seed in room[:n_left].tolist()]


def plain_seeds(cells, n_impact):
    """Seeds by plain counting, as {(patch in bend, patch in impact, azimuth): row}."""
    fired = cells.reshape(-1, n_impact, 128)
    n_bend = len(fired) // 4
    count = fired.reshape(n_bend, 4, n_impact // 4, 4, 128).sum(axis=(1, 3))
    score = np.minimum(count, 15)
    found = {}
    for a, b, c in np.argwhere(score):
        others = [
            (x, y, z)
            for x in range(max(a - 1, 0), min(a + 2, n_bend))
            for y in range(max(b - 1, 0), min(b + 2, n_impact // 4))
            for z in (-1, 0, 1)
            if 0 < abs(x - a) + abs(y - b) + abs(z) < 3
        ]
        if all(score[x, y, (c + z) % 128] + ((x, y, z) < (a, b, 0)) <= score[a, b, c] for x, y, z in others):
            inside = np.argwhere(fired[4 * a : 4 * a + 4, 4 * b : 4 * b + 4, c]).mean(axis=0)
            bend, impact = (math.floor(place + 0.5) for place in inside)
            found[int(a), int(b), int(c)] = (4 * int(a) + bend) * n_impact + 4 * int(b) + impact
    return found


@pytest.mark.parametrize("n_superlayers", [4, 5])
def test_cells_that_fire(n_superlayers):
    hit = np.random.default_rng(3).random((5, 24, 128)) < 0.7
    fired = np.zeros((2, 24), np.uint64)
    seeds.fire(np.stack([packed(plane) for plane in hit]), n_superlayers == 5, fired)
    assert (unpacked(fired) == (hit.sum(0) >= n_superlayers)).all()


@pytest.mark.parametrize("density", [0.001, 0.02, 0.3])
def test_seeds_equal_plain_counting(density):
    cells = np.random.default_rng(4).random((16 * 24, 128)) < density
    expected = plain_seeds(cells, 24)
    count, found = selected(cells, 24)
    assert count == len(found) == len(expected) > 0
    assert sorted(found) == sorted((row, azimuth) for (_, _, azimuth), row in expected.items())


@pytest.mark.parametrize(("density", "slots"), [(1e-4, 20), (1e-4, 32), (0.001, 20), (0.02, 32)])
def test_order_and_loss(density, slots):
    """A plain queue per lane: one seed per slot, and none before its step."""
    cells = np.random.default_rng(5).random((32 * 32, 128)) < density
    expected = plain_seeds(cells, 32)
    waiting: dict[int, list[tuple[int, int, int, int, int]]] = {0: [], 1: []}
    for (a, b, c), row in expected.items():
        turned = (c - 7) % 128
        waiting[b % 2].append((turned // 8, turned, a, b, row))
    leaving = []
    for lane, queue in waiting.items():
        slot = 0
        for step, turned, _, _, row in sorted(queue):
            slot = max(slot, step)
            if slot < slots:
                leaving.append((slot, lane, (row, (turned + 7) % 128)))
            slot += 1
    count, found = selected(cells, 32, slots)
    assert found == [seed for _, _, seed in sorted(leaving)]
    assert count == len(expected)
    assert (len(found) < count) == (density > 5e-4)


def test_a_window_that_ends_on_an_edge():
    """The rule for edges does not depend on how small its margin is."""
    expected = seed_windows(GRID)
    for margin in (1e-12, 1e-6):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(windows, "EDGE_CELLS", margin)
            made = seed_windows.__wrapped__(GRID)
        assert (made.start == expected.start).all()
        assert (made.length == expected.length).all()


def test_azimuths_are_a_ring():
    cells = np.zeros((32, 128), bool)
    cells[8, [0, 1, 127]] = True
    assert selected(cells, 8)[1] == [(8, 127)], "of equal scores the earliest on the ring counts, here the last azimuth"


def test_a_ring_of_equal_scores_gives_none():
    cells = np.zeros((32, 128), bool)
    cells[8] = True
    assert selected(cells, 8) == (0, [])


def test_mean_place_of_a_patch():
    """By hand: cells of bend 0 and 1 (mean 0.5: up), of impact 0, 0, 3 (mean 1)."""
    cells = np.zeros((32, 128), bool)
    cells[[0, 8 + 0], 40] = True
    assert selected(cells, 8)[1] == [(8, 40)]
    cells[8 + 3, 40] = True
    assert selected(cells, 8)[1] == [(8 + 1, 40)]
