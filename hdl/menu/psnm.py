"""Prescale and mask: one counter per prescaled line."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from trigger.menu import Period


class Psnm(wiring.Component):
    """Lines after prescale, one cycle after the lines before it.

    Each line's counter counts the events in which the line fires and passes every N-th of them; N = 1 passes all, N = 0 none and
    has no counter. Reset starts all counters anew.
    """

    LATENCY = 1
    INITIATION_INTERVAL = 1

    def __init__(self, period: Period) -> None:
        self._prescales = period.prescales
        n_lines = len(period.prescales)
        super().__init__({"in_valid": In(1), "in_ftdl": In(n_lines), "out_valid": Out(1), "out_psnm": Out(n_lines)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.sync += self.out_valid.eq(self.in_valid)
        for position, prescale in enumerate(self._prescales):
            fires, passes = self.in_ftdl[position], self.out_psnm[position]
            if prescale < 2:
                m.d.sync += passes.eq(fires if prescale else 0)
                continue
            count = Signal(range(prescale), name=f"count_{position}")
            is_last = Signal(name=f"is_last_{position}")
            m.d.comb += is_last.eq(count == prescale - 1)
            m.d.sync += passes.eq(fires & is_last)
            with m.If(self.in_valid & fires):
                with m.If(is_last):
                    m.d.sync += count.eq(0)
                with m.Else():
                    m.d.sync += count.eq(count + 1)
        return m
