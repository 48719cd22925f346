"""Golden vectors of blocks whose thresholds or prescales are registers: the bus, and the records that write them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.cosim import stream
from sim.cosim.export_order import Input
from sim.cosim.ports import Port, StreamPorts
from trigger.registers import REGISTER_BITS, RegisterMap

HELD = ("in_write",)
"""Inputs that keep their value in idle cycles, so that nothing is written in them."""
BUS = {
    "in_write": Input(meaning="write to a register"),
    "in_address": Input(meaning="byte address of the register"),
    "in_data": Input(meaning="its new value"),
}


def with_bus(plain: StreamPorts) -> StreamPorts:
    """The ports of the same block with registers, under a name of its own."""
    from hdl.register_bank import ADDRESS_BITS

    bus = {"in_write": 1, "in_address": ADDRESS_BITS, "in_data": REGISTER_BITS}
    inputs = (*plain.inputs, *(Port(name=name, width=width) for name, width in bus.items()))
    return replace(plain, module=f"{plain.module}_registers", inputs=inputs)


def writes(declared: StreamPorts, wanted: RegisterMap) -> np.ndarray:
    """Stimulus records that write the defaults of these registers, one after the other."""
    out = stream.empty_records(declared, len(wanted.registers))
    rows = np.arange(len(out))
    columns = {
        "in_write": [1] * len(out),
        "in_address": [one.address for one in wanted.registers],
        "in_data": [one.default % (1 << REGISTER_BITS) for one in wanted.registers],
    }
    for port in (port for port in declared.inputs if port.name in columns):
        low = np.full(len(out), declared.input_low(port.name))
        stream.put_bits(out, rows, low, port.width, np.array(columns[port.name], np.int64))
    return out
