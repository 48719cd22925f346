"""Stereo segments from sectors to the rows in which the input stage keeps them."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.neuro.segments import SEGMENTS_PER_ROW, Row, RowAddress, Segment
from hdl.logic import choose, delayed, select
from trigger.geometry.cdc import N_SECTORS


class StereoRows(wiring.Component):
    """Rows of one superlayer, each `LATENCY` cycles after the sector that completes it.

    n_segments: of a sector, fewer than a row has. Sectors come in order with `taken`; sector 0 begins a frame in any state.
    """

    LATENCY = 1

    def __init__(self, n_segments: int) -> None:
        if not 0 < n_segments < SEGMENTS_PER_ROW:
            msg = f"n_segments must be 1..{SEGMENTS_PER_ROW - 1}, not {n_segments}"
            raise ValueError(msg)
        self._n = n_segments
        super().__init__(
            {
                "taken": In(1),
                "sector": In(range(N_SECTORS)),
                "segments": In(data.ArrayLayout(Segment, n_segments)),
                "has_row": Out(1),
                "number": Out(RowAddress["row"].shape),
                "row": Out(Row),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        before = [self._n * sector for sector in range(N_SECTORS)]
        new = self.segments.as_value()
        rest, joined = Signal(Segment.size * (SEGMENTS_PER_ROW - 1)), Signal(Segment.size * (SEGMENTS_PER_ROW - 1 + self._n))
        # Which place the sector's first segment takes repeats after as many sectors as a row has segments.
        places = [Cat(Const(0, Segment.size * (n % SEGMENTS_PER_ROW)), new) for n in before[:SEGMENTS_PER_ROW]]
        completes = choose([int((n % SEGMENTS_PER_ROW) + self._n >= SEGMENTS_PER_ROW) for n in before], self.sector)
        m.d.comb += joined.eq(Mux(self.sector == 0, 0, rest) | select(places, self.sector))
        with m.If(self.taken):
            m.d.sync += rest.eq(Mux(completes, joined[Row.size :], joined))
        m.d.sync += [
            self.number.eq(choose([max((n + self._n) // SEGMENTS_PER_ROW - 1, 0) for n in before], self.sector)),
            self.row.as_value().eq(joined),
        ]
        m.d.comb += self.has_row.eq(delayed(m, self.taken & completes, self.LATENCY, "has_row"))
        return m
