"""Windows from a stream of halves, as hardware against the model: every segment in its cycle, gaps in the clock, overflow."""

from itertools import pairwise

import numpy as np
import pytest
from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from hdl.displaced.collector import DisplacedStream, WindowCollector
from hdl.displaced.hits import Hit
from hdl.logic import delayed
from sim.cosim.stimulus.displaced_halves import random_halves
from trigger.displaced.collector import HALF_CYCLES, collect
from trigger.geometry.cdc import N_SUPERLAYERS, superlayers


def lanes_of(segments, offsets, cycle):
    """Segments by (half or window, superlayer, cycle)."""
    lines = superlayers()
    half = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    lane = lines.of_segment[segments["cdc_ts_id"]]
    number = segments["cdc_ts_id"] - lines.offset[lane]
    numbers = zip(number, segments["cdc_priority"], segments["cdc_lr"], segments["cdc_time"], strict=True)
    places = zip(half.tolist(), lane.tolist(), cycle.tolist(), strict=True)
    return {place: tuple(map(int, values)) for place, values in zip(places, numbers, strict=True)}


def from_rtl(halves, n_halves, idle):
    """What the collector brings, as `lanes_of`, and which windows lost some; idle: cycles without one of the stream."""
    component, brought, lost = WindowCollector(), {}, []

    async def bench(ctx):
        for half in range(n_halves):
            for cycle in range(HALF_CYCLES):
                for _ in range(idle[half, cycle]):
                    ctx.set(component.in_valid, 0)
                    assert not ctx.get(component.out_valid)
                    assert not ctx.get(component.out_last)
                    await ctx.tick()
                ctx.set(component.in_valid, 1)
                ctx.set(component.in_last, int(cycle == HALF_CYCLES - 1))
                for s in range(N_SUPERLAYERS):
                    numbers = halves.get((half, s, cycle), (0, 0, 0, 0))
                    names = ("number", "priority", "lr", "time")
                    segment = {"valid": int((half, s, cycle) in halves), **dict(zip(names, numbers, strict=True))}
                    ctx.set(component.in_segments[s], segment)
                assert ctx.get(component.out_valid)
                assert ctx.get(component.out_last) == (cycle == HALF_CYCLES - 1)
                for s in range(N_SUPERLAYERS):
                    segment = ctx.get(component.out_segments[s])
                    if segment.valid:
                        brought[half, s, cycle] = (segment.number, segment.priority, segment.lr, segment.time)
                if cycle == HALF_CYCLES - 1:
                    lost.append(bool(ctx.get(component.out_lost)))
                await ctx.tick()

    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return brought, lost


@pytest.mark.parametrize("gaps", [False, True])
def test_every_segment_in_its_cycle(gaps):
    rng = np.random.default_rng(7 + gaps)
    offsets, segments, cycle = random_halves(rng, densities=[0.0, 0.2, 0.9, 0.9, 1.0, 0.1, 0.0, 0.6, 0.5, 0.0, 0.0, 1.0])
    windows = collect(offsets, *segments.values(), cycle)
    idle = rng.integers(3, size=(len(offsets) - 1, HALF_CYCLES)) * gaps
    brought, lost = from_rtl(lanes_of(segments, offsets, cycle), len(offsets) - 1, idle)
    expected = {name: getattr(windows, name) for name in segments}
    assert brought == lanes_of(expected, windows.cdc_offsets, windows.cycle)
    assert lost == windows.lost.tolist()
    assert any(lost)
    assert not all(lost)


class Counter(wiring.Component):
    """In the place of the trigger: how many segments superlayer 0 brought in a window."""

    LATENCY = 5

    def __init__(self):
        lanes = data.ArrayLayout(Hit, N_SUPERLAYERS)
        ports = {"in_valid": In(1), "in_last": In(1), "in_segments": In(lanes)}
        super().__init__({**ports, "out_last": Out(1), "out_count": Out(8), "out_overflow": Out(1)})

    def elaborate(self, platform):
        m = Module()
        last, count, found = Signal(), Signal(8), Signal(8)
        m.d.comb += [last.eq(self.in_valid & self.in_last), found.eq(count + (self.in_valid & self.in_segments[0].valid))]
        m.d.sync += count.eq(Mux(last, 0, found))
        m.d.comb += [
            self.out_last.eq(delayed(m, last, self.LATENCY, "last")),
            self.out_count.eq(delayed(m, found, self.LATENCY, "found")),
        ]
        return m


def test_the_trigger_behind_it_takes_the_windows_and_tells_what_was_lost():
    offsets, segments, cycle = random_halves(np.random.default_rng(11), densities=[0.3, 0.9, 0.9, 0.0, 1.0, 0.1, 0.2])
    windows = collect(offsets, *segments.values(), cycle)
    halves, n_halves = lanes_of(segments, offsets, cycle), len(offsets) - 1
    component, found = DisplacedStream(Counter()), []
    assert component.LATENCY == Counter.LATENCY

    async def bench(ctx):
        for tick in range(n_halves * HALF_CYCLES + component.LATENCY):
            half, cycle = divmod(tick, HALF_CYCLES)
            ctx.set(component.in_valid, int(half < n_halves))
            ctx.set(component.in_last, int(cycle == HALF_CYCLES - 1))
            for s in range(N_SUPERLAYERS):
                ctx.set(component.in_segments[s].valid, int((half, s, cycle) in halves))
            if ctx.get(component.out_last):
                found.append((tick, ctx.get(component.out_count), bool(ctx.get(component.out_overflow))))
            else:
                assert not ctx.get(component.out_overflow)
            await ctx.tick()

    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    first = superlayers().of_segment[windows.cdc_ts_id] == 0
    counts = [int(first[a:b].sum()) for a, b in pairwise(windows.cdc_offsets)]
    ends = [(n + 1) * HALF_CYCLES - 1 + Counter.LATENCY for n in range(n_halves)]
    assert found == list(zip(ends, counts, windows.lost.tolist(), strict=True))
    assert {lost for _, _, lost in found} == {False, True}
