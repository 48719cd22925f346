"""The priority wire of a segment.

Ref: basf2 trg/cdc Segment.cc (read in public source) [SIM].
"""

from amaranth.hdl import Cat, Module, Mux
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.segments.layout import Cell
from trigger.cdc.segments.kernels import FIRST, SECOND_LEFT, SECOND_RIGHT
from trigger.cdc.segments.shapes import Shape
from trigger.cdc.segments.word import POSITION_BITS


class Priority(wiring.Component):
    """Pattern, priority position and priority time of one segment, without a register.

    cells: side by side in the order of the pattern bits, of layout `cell`, which has a hit and its time. The first-priority wire if
    it is hit, else the earlier of the second ones, on a tie the right one. position and time mean nothing where none of the three
    is hit.
    """

    def __init__(self, shape: Shape, cell: data.StructLayout = Cell) -> None:
        self._shape, self._cell = shape, cell
        super().__init__(
            {
                "cells": In(cell.size * shape.bits),
                "pattern": Out(shape.bits),
                "position": Out(POSITION_BITS),
                "time": Out(cell["time"].width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        cells = data.View(data.ArrayLayout(self._cell, self._shape.bits), self.cells)
        first, right, left = (cells[k] for k in (self._shape.first, self._shape.second_right, self._shape.second_left))
        is_left = left.hit & (~right.hit | (left.time < right.time))
        m.d.comb += [
            self.pattern.eq(Cat(cells[k].hit for k in range(self._shape.bits))),
            self.position.eq(Mux(first.hit, FIRST, Mux(is_left, SECOND_LEFT, SECOND_RIGHT))),
            self.time.eq(Mux(first.hit, first.time, Mux(is_left, left.time, right.time))),
        ]
        return m
