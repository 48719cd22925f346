"""The hits of an octant's wires in the present data clock and the 16 before, sector by sector."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.cdc.segments.stream_layout import ORDER_BITS, SECTORS_PER_OCTANT, StreamLayout
from hdl.logic import delayed, first_set
from trigger.cdc.segments.shapes import N_SEGMENT_LAYERS
from trigger.cdc.segments.stream_kernels import WINDOW_CLOCKS
from trigger.cdc.segments.word import TICK_BITS, TIME_BITS

SLOT_BITS = TIME_BITS - TICK_BITS
"""Lowest bits of the data clock's number: times are kept by them. A window is shorter than they count."""
_N_HITS = WINDOW_CLOCKS + 1


class History(wiring.Component):
    """State of the wires of a beat, `LATENCY` cycles after its cells.

    One sector comes per cycle, in turn. sector: its number in the octant; is_first: nothing of what was kept counts; slot: lowest
    bits of the data clock's number. cells, states: as `StreamLayout` has them.
    """

    LATENCY = 3

    def __init__(self, layout: StreamLayout) -> None:
        self._layout = layout
        super().__init__(
            {
                "sector": In(range(SECTORS_PER_OCTANT)),
                "is_first": In(1),
                "slot": In(SLOT_BITS),
                "cells": In(layout.cells.size),
                "states": Out(layout.states.size),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layout = self._layout
        n_wires = N_SEGMENT_LAYERS * layout.per_beat
        m.submodules.hits = hits = Memory(shape=_N_HITS * n_wires, depth=SECTORS_PER_OCTANT, init=[])
        read, write, kept = hits.read_port(), hits.write_port(), Signal(_N_HITS * n_wires)
        sector, slot = delayed(m, self.sector, 1, "sector"), delayed(m, self.slot, 1, "slot")
        came = data.View(layout.cells, delayed(m, self.cells, 1, "cells"))
        m.d.comb += [
            read.addr.eq(self.sector),
            read.en.eq(1),
            kept.eq(Mux(delayed(m, self.is_first, 1, "is_first"), 0, read.data)),
            write.addr.eq(sector),
            write.en.eq(1),
        ]
        times = _Times(m, slot, sector)
        wires: list[Value] = []
        states: list[Value] = []
        for layer in range(N_SEGMENT_LAYERS):
            for k in range(layout.per_beat):
                name, cell = f"wire_{layer}_{k}", came[layer][k]
                before = kept.word_select(len(wires), _N_HITS)
                now = Signal(_N_HITS, name=name)
                m.d.comb += now.eq(Cat(cell.hit, before[: _N_HITS - 1]))
                wires.append(now)
                hit, left = delayed(m, now.any(), 2, f"{name}_hit"), delayed(m, before[_N_HITS - 1], 2, f"{name}_left")
                time = times.first(name, cell, now) if layer in layout.timed_layers else Const(0)
                states.append(Cat(hit, Mux(hit, time, Const(0, TICK_BITS + ORDER_BITS)), left))
        m.d.comb += [write.data.eq(Cat(wires)), self.states.eq(Cat(states))]
        return m


class _Times:
    """Memories with the times of the wires' hits below one data clock. slot, sector: of the cells that are put in."""

    def __init__(self, m: Module, slot: Value, sector: Value) -> None:
        self._m, self._slot, self._sector = m, slot, sector
        self._later = delayed(m, slot, 1, "slot_of_order"), delayed(m, sector, 1, "sector_of_order")

    def first(self, name: str, cell: data.View, now: Value) -> Value:
        """Time of a wire's first hit in the window, two cycles after `now`, its hits from the present data clock back."""
        m = self._m
        m.submodules[name] = ticks = Memory(shape=TICK_BITS, depth=SECTORS_PER_OCTANT << SLOT_BITS, init=[])
        put, get = ticks.write_port(), ticks.read_port()
        slot, sector = self._later
        order = delayed(m, first_set(now[::-1]), 1, f"{name}_order")
        m.d.comb += [
            put.addr.eq(Cat(self._slot, self._sector)),
            put.data.eq(cell.tick),
            put.en.eq(cell.hit),
            get.addr.eq(Cat((slot + order - WINDOW_CLOCKS)[:SLOT_BITS], sector)),
            get.en.eq(1),
        ]
        return Cat(get.data, delayed(m, order, 1, f"{name}_order_of_state"))
