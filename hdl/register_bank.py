"""Registers that a slow control writes: one per entry of a register map, with the map's addresses, widths and defaults."""

from collections.abc import Sequence

from amaranth.hdl import Module, Signal, ValueLike, signed, unsigned

from trigger.registers import Register

ADDRESS_BITS = 16


def bank_of(registers: Sequence[Register]) -> list[Signal]:
    """A signal per register, which reset sets to its default."""
    return [Signal(signed(one.width) if one.signed else unsigned(one.width), init=one.default, name=one.name) for one in registers]


def write_bank(
    m: Module, registers: Sequence[Register], bank: Sequence[Signal], write: ValueLike, address: Signal, data: ValueLike
) -> Signal:
    """Load the register at the byte address in a cycle with `write`; which one that is. Other addresses are ignored."""
    written = Signal(len(bank))
    for place, (one, value) in enumerate(zip(registers, bank, strict=True)):
        m.d.comb += written[place].eq(write & (address == one.address))
        with m.If(written[place]):
            m.d.sync += value.eq(data)
    return written
