"""The segments of an octant of a superlayer, sector by sector and data clock by data clock: cells in, words out."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.segments.history import SLOT_BITS, History
from hdl.cdc.segments.layout import Word
from hdl.cdc.segments.priority import Priority
from hdl.cdc.segments.sides import Sides
from hdl.cdc.segments.stream_layout import SECTORS_PER_OCTANT, StreamLayout, WireState
from hdl.logic import choose, delayed
from trigger.cdc.segments.kernels import FIRST, SECOND_LEFT
from trigger.cdc.segments.lr_table import UNKNOWN, LeftRightTable
from trigger.cdc.segments.stream_kernels import WINDOW_CLOCKS
from trigger.cdc.segments.word import POSITION_BITS, SIDE_BITS, TICK_BITS

_PATTERN, _WORD = 1, 1
Sent = data.StructLayout({"any": 1, "unknown": 1, "first": 1})
"""Of a place: there is a segment; its last word had no side; its last word had the first-priority wire."""


class OctantFinder(wiring.Component):
    """Words of the sectors of an octant, one sector per cycle and in turn, `LATENCY` cycles after its cells.

    sector, is_first, slot, cells: see `History`. words: in the order of the ids, 0 for a place that sends none.
    """

    LATENCY = History.LATENCY + _PATTERN + Sides.LATENCY + _WORD

    def __init__(self, layout: StreamLayout, table: LeftRightTable) -> None:
        self.layout = layout
        self._values = (table.inner if layout.superlayer == 0 else table.outer).tolist()
        super().__init__(
            {
                "sector": In(range(SECTORS_PER_OCTANT)),
                "is_first": In(1),
                "slot": In(SLOT_BITS),
                "cells": In(layout.cells.size),
                "words": Out(Word.size * layout.per_sector),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layout, shape = self.layout, self.layout.shape
        m.submodules.history = history = History(layout)
        m.submodules.sides = sides = Sides(self._values, layout.per_sector)
        m.d.comb += [getattr(history, name).eq(getattr(self, name)) for name in ("sector", "is_first", "slot", "cells")]
        until_value = self.LATENCY - _WORD
        is_first, slot = delayed(m, self.is_first, until_value, "is_first"), delayed(m, self.slot, until_value, "slot")
        first_id = choose(layout.first_ids, delayed(m, self.sector, until_value, "sector"))
        states, addresses = data.View(layout.states, history.states), []
        for k in range(layout.per_sector):
            m.submodules[f"priority_{k}"] = priority = Priority(shape, WireState)
            places = zip(shape.layer_of_bit, shape.wires, strict=True)
            wires = [states[layer][layout.before + k + wire] for layer, (_, wire) in places]
            position, time = Signal(POSITION_BITS, name=f"position_{k}"), Signal.like(priority.time, name=f"time_{k}")
            pattern, left = Signal(shape.bits, name=f"pattern_{k}"), Signal(name=f"left_{k}")
            m.d.comb += priority.cells.eq(Cat(wires))
            m.d.sync += [
                position.eq(priority.position),
                time.eq(priority.time),
                pattern.eq(priority.pattern),
                left.eq(Cat(wire.left for wire in wires).any()),
            ]
            addresses += [position == SECOND_LEFT, pattern]
            value = sides.values.word_select(k, SIDE_BITS)
            position, time, left = (delayed(m, one, Sides.LATENCY, one.name) for one in (position, time, left))
            word, since = Signal(Word, name=f"word_{k}"), (slot - WINDOW_CLOCKS + time[TICK_BITS:])[:SLOT_BITS]
            with m.If(self._is_sent(m, k, value, position, left, is_first)):
                m.d.sync += [
                    word.position.eq(position),
                    word.lr.eq(value),
                    word.time.eq(Cat(time[:TICK_BITS], since)),
                    word.local_id.eq(first_id + k),
                ]
            with m.Else():
                m.d.sync += word.eq(0)
            m.d.comb += self.words.word_select(k, Word.size).eq(word)
        m.d.comb += sides.addresses.eq(Cat(addresses))
        return m

    def _is_sent(self, m: Module, k: int, value: Value, position: Value, left: Value, is_first: Value) -> Value:
        """Whether a place sends a word: a new segment, another earliest hit, a side or a first-priority wire that it had not.

        is_first: nothing of what was kept counts; a reset leaves the outputs of memories, and with them what a place kept. Hits
        leave the window with their data clock, and the earliest is among those that leave: it changes just then.
        """
        sent, kept = Signal(Sent, name=f"sent_{k}"), Signal(Sent, name=f"kept_{k}")
        m.d.comb += sent.eq(Mux(is_first, 0, delayed(m, kept, SECTORS_PER_OCTANT, f"last_{k}")))
        is_new = ~sent.any | left | (sent.unknown & (value != UNKNOWN)) | (~sent.first & (position == FIRST))
        is_sent = (value != 0) & is_new
        m.d.comb += [
            kept.any.eq(value != 0),
            kept.unknown.eq(Mux(is_sent, value == UNKNOWN, sent.unknown)),
            kept.first.eq(Mux(is_sent, position == FIRST, sent.first)),
        ]
        return is_sent
