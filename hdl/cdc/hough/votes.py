"""Votes of the segments in one sector of the plane: the window table as logic, the same for every sector."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.hough.layout import Layout
from hdl.logic import add


class Votes(wiring.Component):
    """Candidate cells of a sector, `LATENCY` cycles after its `hits` (see `Sweep`): bit n_omega x + y."""

    LATENCY = 2

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        super().__init__({"hits": In(layout.n_window * layout.sector_bits), "candidates": Out(layout.cells * layout.plane.n_omega)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layout, plane = self._layout, self._layout.plane
        first = layout.vote_reach[0]
        for x in range(layout.cells):
            for y in range(plane.n_omega):
                votes = Signal(len(layout.per_sector), name=f"votes_{x}_{y}")
                for superlayer in range(len(layout.per_sector)):
                    hits = layout.votes.get((superlayer, x, y), [])
                    m.d.sync += votes[superlayer].eq(
                        Cat(self.hits[(sector - first) * layout.sector_bits + bit] for sector, bit in hits).any()
                    )
                m.d.sync += self.candidates[plane.n_omega * x + y].eq(add(list(votes)) >= plane.min_superlayers)
        return m
