"""The ECL trigger with its thresholds in registers: the addresses are those of the register map."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from amaranth.hdl import Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hdl.ecl.trigger import EclTrigger
from hdl.register_bank import ADDRESS_BITS, bank_of, write_bank
from trigger.ecl import EclParameters, EclThresholds
from trigger.ecl.calibration import EclCalibration
from trigger.registers import REGISTER_BITS, RegisterMap

PREFIX = "ecl_"


class RegisterEcl(wiring.Component):
    """Decision of one window every 16 cycles; reset sets every register to its default.

    registers: those of the ECL alone, as `trigger.registers` has them. calibration: a constant, nothing changed by default.

    Ports:
        in_valid, in_first, in_start, in_adc, in_time, out_valid and the fields of the decision: as for `EclTrigger`.
        in_write: `in_data` goes to the register at the byte address `in_address`, signed ones in two's complement; other addresses
            are ignored. It holds for windows whose first beat comes with the write or later, and of which none before is under
            way: one that is may meet some of its cuts with the old number and others with the new one.
    """

    LATENCY = EclTrigger.LATENCY
    INITIATION_INTERVAL = EclTrigger.INITIATION_INTERVAL

    def __init__(self, registers: RegisterMap, calibration: EclCalibration | None = None) -> None:
        self._registers = registers.registers
        self._bank = bank_of(self._registers)
        values = dict(zip((one.name for one in self._registers), self._bank, strict=True))
        self._trigger = EclTrigger(thresholds=thresholds_of(values), calibration=calibration)
        super().__init__(
            {
                **self._trigger.signature.members,
                "in_write": In(1),
                "in_address": In(ADDRESS_BITS),
                "in_data": In(REGISTER_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.trigger = trigger = self._trigger
        write_bank(m, self._registers, self._bank, self.in_write, self.in_address, self.in_data)
        for name, member in trigger.signature.members.items():
            port, inner = getattr(self, name), getattr(trigger, name)
            m.d.comb += inner.eq(port) if member.flow == In else port.eq(inner)
        return m


def thresholds_of(values: Mapping[str, Value]) -> Any:
    """Thresholds whose numbers are values of the hardware, by the names of their registers."""

    def built(like: Any, name: str) -> Any:
        if is_dataclass(like):
            kind: Any = type(like)
            return kind(**{part.name: built(getattr(like, part.name), f"{name}_{part.name}") for part in fields(like)})
        if isinstance(like, tuple):
            return tuple(built(one, f"{name}_{place}") for place, one in enumerate(like))
        return values[PREFIX + name]

    shape = EclThresholds.from_parameters(EclParameters.default())
    return EclThresholds(**{part.name: built(getattr(shape, part.name), part.name) for part in fields(shape)})
