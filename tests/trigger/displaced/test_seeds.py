"""Seed windows against their definition and against tracks, votes and peaks against plain counting."""

import math

import numpy as np
import pytest

from trigger.displaced import DisplacedTrigger, SeedGrid, seeds, windows
from trigger.displaced.windows import seed_windows
from trigger.geometry.cdc import superlayers

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
    radius, phi = float(lines.radius_cm[superlayer, int(priority != 3)]), (local + shift) * 2 * math.pi / n
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


def selected(fired4, fired5, n_impact, cap=1000):
    score, room = np.zeros(fired4.shape, np.uint8), np.zeros((cap, 2), np.int64)
    count = seeds.select(packed(fired4), packed(fired5), n_impact, cap, score, np.empty((fired4.size, 2), np.int64), room)
    assert not score.any(), "the score is cleared for the next event"
    return count, room[: min(count, cap)]


@pytest.mark.parametrize("density", [0.02, 0.2, 0.5])
def test_counts_and_peaks_equal_plain_counting(density):
    rng = np.random.default_rng(3)
    hit = rng.random((5, 24, 128)) < density + 0.3
    four, five = np.zeros((2, 24), np.uint64), np.zeros((2, 24), np.uint64)
    seeds.count_superlayers(np.stack([packed(plane) for plane in hit]), four, five)
    assert (unpacked(four) == (hit.sum(0) >= 4)).all()
    assert (unpacked(five) == (hit.sum(0) == 5)).all()
    fired4, fired5 = (hit.sum(0) >= 4).reshape(4, 6, 128), (hit.sum(0) == 5).reshape(4, 6, 128)
    weight = np.pad(fired4.astype(int) + fired5, ((1, 1), (1, 1), (0, 0)))
    near = [(a, b, c) for a in (-1, 0, 1) for b in (-1, 0, 1) for c in (-1, 0, 1)]
    total = sum(np.roll(weight[1 + a : 5 + a, 1 + b : 7 + b], -c, axis=2) for a, b, c in near)
    score = np.pad(np.where(fired4, total, 0), ((1, 1), (1, 1), (0, 0)))
    peak = fired4.copy()
    for a, b, c in near:
        other, own = np.roll(score[1 + a : 5 + a, 1 + b : 7 + b], -c, axis=2), score[1:5, 1:7]
        if (a, b, c) != (0, 0, 0):
            peak &= (other <= own) if (a, b, c) > (0, 0, 0) else (other < own)
    count, found = selected(fired4.reshape(24, 128), fired5.reshape(24, 128), 6)
    assert count == peak.sum() > 0
    assert [tuple(s) for s in found] == [tuple(s) for s in np.argwhere(peak.reshape(24, 128))]


def test_a_window_that_ends_on_an_edge():
    """The rule for edges does not depend on how small its margin is."""
    expected = seed_windows(GRID)
    for margin in (1e-12, 1e-6):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(windows, "EDGE_CELLS", margin)
            made = seed_windows.__wrapped__(GRID)
        assert (made.start == expected.start).all()
        assert (made.length == expected.length).all()


def test_seeds_beyond_the_cap_are_counted_but_not_written():
    cells = np.zeros((24, 128), bool)
    cells[::2, ::4] = True
    count, found = selected(cells, np.zeros_like(cells), 6, cap=5)
    assert count > 5
    assert len(found) == 5
    assert (found == selected(cells, np.zeros_like(cells), 6)[1][:5]).all()


def test_azimuths_are_a_ring():
    cells = np.zeros((24, 128), bool)
    cells[8, [0, 1, 127]] = True
    assert [tuple(s) for s in selected(cells, np.zeros_like(cells), 6)[1]] == [(8, 0)]
