"""The global decision with its prescales and masks in registers: the addresses are those of the register map."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.menu.ftdl import Ftdl
from hdl.register_bank import ADDRESS_BITS, bank_of, write_bank
from trigger.menu import Menu
from trigger.menu.menu import PRESCALE_BITS
from trigger.registers import REGISTER_BITS, REGISTER_BYTES, RegisterMap


class RegisterMenu(wiring.Component):
    """Decision of one menu, a new event every cycle; reset sets every register to its default.

    registers: those of the menu alone, prescales in line order and then masks, as `trigger.registers` has them.

    Ports:
        in_valid, in_bits, out_valid, out_ftdl, out_psnm, out_l1: as for `MenuTrigger`.
        in_write: `in_data` goes to the register at the byte address `in_address`; other addresses are ignored. It holds for events
            that come in with the write or later. A prescale that is written starts its line's counter anew; 0 acts as 1.
    """

    LATENCY = Ftdl.LATENCY + 1
    INITIATION_INTERVAL = 1

    def __init__(self, menu: Menu, registers: RegisterMap) -> None:
        self._menu, self._registers = menu, registers.registers
        n_lines = len(menu.lines)
        n_masks = -(-n_lines // REGISTER_BITS)
        if len(self._registers) != n_lines + n_masks:
            msg = f"registers must be {n_lines} prescales and {n_masks} masks, not {len(self._registers)}"
            raise ValueError(msg)
        super().__init__(
            {
                "in_valid": In(1),
                "in_bits": In(menu.n_inputs),
                "in_write": In(1),
                "in_address": In(ADDRESS_BITS),
                "in_data": In(REGISTER_BITS),
                "out_valid": Out(1),
                "out_ftdl": Out(n_lines),
                "out_psnm": Out(n_lines),
                "out_l1": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.ftdl = ftdl = Ftdl(self._menu)
        m.d.comb += [ftdl.in_valid.eq(self.in_valid), ftdl.in_bits.eq(self.in_bits), self.out_l1.eq(self.out_psnm.any())]
        m.d.sync += [self.out_valid.eq(ftdl.out_valid), self.out_ftdl.eq(ftdl.out_ftdl)]
        base = self._registers[0].address
        assert all(one.address == base + REGISTER_BYTES * place for place, one in enumerate(self._registers))
        values = bank_of(self._registers)
        written = write_bank(m, self._registers, values, self.in_write, self.in_address, self.in_data)
        n_lines = len(self._menu.lines)
        masks = values[n_lines:]
        for line in range(n_lines):
            fires, prescale = ftdl.out_ftdl[line], values[line]
            count, is_last = Signal(PRESCALE_BITS, name=f"count_{line}"), Signal(name=f"is_last_{line}")
            m.d.comb += is_last.eq(count + 1 >= prescale)
            m.d.sync += self.out_psnm[line].eq(fires & is_last & masks[line // REGISTER_BITS][line % REGISTER_BITS])
            with m.If(written[line]):
                m.d.sync += count.eq(0)
            with m.Elif(ftdl.out_valid & fires):
                with m.If(is_last):
                    m.d.sync += count.eq(0)
                with m.Else():
                    m.d.sync += count.eq(count + 1)
        return m
