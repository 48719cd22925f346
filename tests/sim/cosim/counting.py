"""A small streaming component for the tests of the bench, with its expected answers and its stimulus."""

from itertools import pairwise

import numpy as np
from amaranth.back import verilog
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sim.cosim import stream
from sim.cosim.ports import Design, Port, StreamPorts
from sim.cosim.wrapper import Header

BEATS = 4
LATENCY = 3
NUMBER_BITS, MARK_BITS, TOTAL_BITS = 13, 5, 15
PORTS = StreamPorts(
    module="counting",
    inputs=(Port(name="in_first", width=1), Port(name="in_number", width=NUMBER_BITS), Port(name="in_mark", width=MARK_BITS)),
    outputs=(Port(name="out_total", width=TOTAL_BITS), Port(name="out_mark", width=MARK_BITS)),
)


class Counting(wiring.Component):
    """Sum of four numbers and the mark of the last beat, `latency` cycles after that beat.

    A beat with in_first starts a window in any state; a beat without it is ignored while no window is open.
    """

    def __init__(self, latency: int = LATENCY) -> None:
        self._latency = latency
        ports = {port.name: In(port.width) for port in PORTS.inputs} | {port.name: Out(port.width) for port in PORTS.outputs}
        super().__init__({"in_valid": In(1), "out_valid": Out(1), **ports})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left, total = Signal(range(BEATS)), Signal(TOTAL_BITS)
        stages = [(Signal(1), Signal(TOTAL_BITS), Signal(MARK_BITS)) for _ in range(self._latency)]
        m.d.sync += stages[0][0].eq(0)
        with m.If(self.in_valid & self.in_first):
            m.d.sync += [left.eq(BEATS - 1), total.eq(self.in_number)]
        with m.Elif(self.in_valid & (left != 0)):
            m.d.sync += [left.eq(left - 1), total.eq(total + self.in_number), stages[0][0].eq(left == 1)]
            m.d.sync += [stages[0][1].eq(total + self.in_number), stages[0][2].eq(self.in_mark)]
        for before, after in pairwise(stages):
            m.d.sync += [target.eq(source) for source, target in zip(before, after, strict=True)]
        m.d.comb += [self.out_valid.eq(stages[-1][0]), self.out_total.eq(stages[-1][1]), self.out_mark.eq(stages[-1][2])]
        return m


def design(latency: int = LATENCY) -> Design:
    """The component as a design for the bench."""
    return Design(ports=PORTS, verilog=verilog.convert(Counting(latency), name=PORTS.module))


def records(numbers: np.ndarray, marks: np.ndarray, idle: np.ndarray) -> np.ndarray:
    """Stimulus of windows: numbers, marks and idle cycles (n, BEATS)."""
    rows = np.arange(numbers.size)
    place = rows % BEATS
    out = stream.empty_records(PORTS, len(rows))
    flags = np.where(place == BEATS - 1, stream.flag(Header.VALID, Header.MARK), stream.flag(Header.VALID))
    stream.put_header(out, flags=flags, idle=idle.ravel())
    for name, width, values in (("in_first", 1, place == 0), ("in_number", NUMBER_BITS, numbers), ("in_mark", MARK_BITS, marks)):
        stream.put_bits(out, rows, np.full(len(rows), PORTS.input_low(name)), width, values.ravel().astype(np.int64))
    return out


def answers(response: stream.Response) -> tuple[np.ndarray, np.ndarray]:
    """(totals, marks) of a response; marks signed."""
    low = PORTS.output_low
    total = stream.get_bits(response.results, low("out_total"), TOTAL_BITS, False)
    return total, stream.get_bits(response.results, low("out_mark"), MARK_BITS, True)
