"""The global decision: input bits to lines, prescaled lines and the L1 accept."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.menu.ftdl import Ftdl
from hdl.menu.psnm import Psnm
from trigger.menu import Menu


class MenuTrigger(wiring.Component):
    """Decision of one menu and one period, a new event every cycle.

    Ports: `in_valid`, `in_bits` (menu order); after LATENCY cycles `out_valid`, `out_ftdl` and `out_psnm` (line order), `out_l1`.
    All outputs belong to the same event and are meaningful only while `out_valid`.
    """

    LATENCY = Ftdl.LATENCY + Psnm.LATENCY
    INITIATION_INTERVAL = 1

    def __init__(self, menu: Menu, period_name: str) -> None:
        self._menu = menu
        self._period = menu.period(period_name)
        n_lines = len(menu.lines)
        super().__init__(
            {
                "in_valid": In(1),
                "in_bits": In(menu.n_inputs),
                "out_valid": Out(1),
                "out_ftdl": Out(n_lines),
                "out_psnm": Out(n_lines),
                "out_l1": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.ftdl = ftdl = Ftdl(self._menu)
        m.submodules.psnm = psnm = Psnm(self._period)
        m.d.comb += [
            ftdl.in_valid.eq(self.in_valid),
            ftdl.in_bits.eq(self.in_bits),
            psnm.in_valid.eq(ftdl.out_valid),
            psnm.in_ftdl.eq(ftdl.out_ftdl),
            self.out_valid.eq(psnm.out_valid),
            self.out_psnm.eq(psnm.out_psnm),
            self.out_l1.eq(psnm.out_psnm.any()),
        ]
        m.d.sync += self.out_ftdl.eq(ftdl.out_ftdl)
        return m
