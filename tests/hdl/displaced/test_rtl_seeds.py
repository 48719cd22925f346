"""The seed search as hardware against its model on a small grid: every seed in its order, windows with and without a gap."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from hdl.displaced.seed_layout import N_SEGMENTS
from hdl.displaced.seeds import Seeds
from trigger.displaced import DisplacedParameters, SeedGrid, seeds
from trigger.displaced.windows import N_POSITIONS, seed_windows

WINDOW = 32
"""Cycles of a window."""
DRAIN = 60
"""Cycles after the last window."""


def seeds_of(parameters, hits):
    """(seeds in their order, whether some were lost) of the model; hits: (axial superlayer, number, priority)."""
    grid = parameters.grid
    windows = seed_windows(grid)
    member = np.array([s for s, _, _ in hits], np.int64)
    sector, inside = np.divmod(np.array([n for _, n, _ in hits], np.int64), windows.per_sector[2 * member])
    rows = (windows.first[2 * member] + inside) * N_POSITIONS + np.array([p for _, _, p in hits], np.int64) - 1
    planes, fired = np.zeros((5, 2, grid.n_rows), np.uint64), np.zeros((2, grid.n_rows), np.uint64)
    seeds.vote(rows, 4 * sector, member, windows.mask.reshape(-1, *windows.mask.shape[2:]), planes)
    seeds.fire(planes, grid.min_superlayers == 5, fired)
    patches = (*grid.patches, 128)
    score, peaks, places = np.zeros(patches, np.uint8), np.zeros(patches, bool), np.empty((64 * 128, 3), np.int64)
    slots = parameters.seed_slots
    order, found = np.empty((2 * slots, 3), np.int64), np.zeros((2 * slots, 2), np.int64)
    count, n_left = seeds.select(fired, slots, score, peaks, places, order, found)
    return [tuple(seed) for seed in found[:n_left].tolist()], count > n_left


def answers(component, windows, gaps):
    """Per window (seeds, lost, cycles from the last one of the window to the last slot), from simulation."""
    found: list[tuple[list[tuple[int, int]], bool, int]] = []
    cycles: list[tuple[list[tuple[int, int, int]], bool]] = []
    for window, gap in zip(windows, gaps, strict=True):
        cycles += [([], False)] * gap + [(hits, k == WINDOW - 1) for k, hits in enumerate(window)]
    lasts = [cycle for cycle, (_, is_last) in enumerate(cycles) if is_last]
    cycles += [([], False)] * DRAIN

    async def bench(ctx):
        left = []
        for cycle, (hits, is_last) in enumerate(cycles):
            for s in range(5):
                ctx.set(component.in_segments[s].valid, 0)
            for s, number, priority in hits:
                ctx.set(component.in_segments[s], {"valid": 1, "number": number, "priority": priority})
            ctx.set(component.in_last, int(is_last))
            await ctx.tick()
            for lane in range(2):
                seed = ctx.get(component.out_seeds[lane])
                if seed.valid:
                    assert seed.bank == len(found) % 2
                    left.append((seed.row, seed.cell))
            if ctx.get(component.out_last):
                found.append((left, bool(ctx.get(component.out_overflow)), cycle + 1 - lasts[len(found)]))
                left = []
        assert not left, "no seeds outside the slots"

    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return found


def windows_of(rng, densities):
    """Random windows: the segments (axial superlayer, number, priority) of each cycle; density: probability of one in a lane."""
    return [
        [
            [(s, int(rng.integers(N_SEGMENTS[s])), int(rng.integers(1, 4))) for s in range(5) if rng.random() < density]
            for _ in range(WINDOW)
        ]
        for density in densities
    ]


@pytest.mark.parametrize("n_superlayers", [4, 5])
def test_seeds_equal_the_model(n_superlayers):
    rng = np.random.default_rng(6)
    grid = SeedGrid(n_bend=8, n_impact=16, bend_max_per_cm=0.006, impact_max_cm=16.0, min_superlayers=n_superlayers)
    component = Seeds(DisplacedParameters(grid=grid))
    windows = windows_of(rng, [0.3, 1.0, 0.0, 0.6, 0.15, 1.0, 0.8])
    found = answers(component, windows, [0, 0, 0, 0, 17, 40, 0])
    wanted = [seeds_of(component.parameters, [hit for hits in window for hit in hits]) for window in windows]
    assert [(left, lost) for left, lost, _ in found] == wanted
    assert {latency for *_, latency in found} == {component.LATENCY}
    assert any(lost for _, lost in wanted)
    assert any(left and not lost for left, lost in wanted)
