"""Line conditions as logic: one product of the menu text per line, one register behind."""

from amaranth.hdl import Cat, Const, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from trigger.menu import Menu
from trigger.menu.condition import And, Bit, Condition, Constant, Not, Or


def logic(condition: Condition, bits: Value) -> Value:
    """Return the one-bit value of a condition over input bits."""
    match condition:
        case Bit(position):
            return bits[position]
        case Constant(value):
            return Const(int(value), 1)
        case Not(operand):
            return ~logic(operand, bits)
        case And(operands):
            return Cat(logic(operand, bits) for operand in operands).all()
        case Or(operands):
            return Cat(logic(operand, bits) for operand in operands).any()


class Ftdl(wiring.Component):
    """Lines before prescale, bit k of `out_ftdl` is line k of the menu, one cycle after the input bits."""

    LATENCY = 1
    INITIATION_INTERVAL = 1

    def __init__(self, menu: Menu) -> None:
        self._menu = menu
        super().__init__(
            {
                "in_valid": In(1),
                "in_bits": In(menu.n_inputs),
                "out_valid": Out(1),
                "out_ftdl": Out(len(menu.lines)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.sync += self.out_valid.eq(self.in_valid)
        for position, line in enumerate(self._menu.lines):
            m.d.sync += self.out_ftdl[position].eq(logic(line.condition, self.in_bits))
        return m
