"""Where the weights of a layer are kept: as constants of the logic, or in memories of one row per beat and set."""

import enum

import numpy as np
from amaranth.hdl import Const, Module, Shape, Signal, Value
from amaranth.lib.memory import Memory
from numpy.typing import NDArray

from hdl.logic import select
from trigger.cdc.neuro.formats import WEIGHT


class WeightStore(enum.Enum):
    """CONSTANT: only the bits that the weights need, and no logic for what never changes. MEMORY: full width, so that other
    weights are a matter of the memories' contents alone."""

    CONSTANT = "constant"
    MEMORY = "memory"


def weight_bits(weights: NDArray[np.int64], store: WeightStore) -> int:
    """Width of the stored weights, sign included."""
    if store is WeightStore.MEMORY:
        return WEIGHT.width
    return Shape.cast(range(min(int(weights.min()), -1), int(weights.max()) + 1)).width


def stored(m: Module, rows: NDArray[np.int64], address: Value, width: int, store: WeightStore, name: str) -> list[Value]:
    """The signed numbers of row `address`, one cycle later. rows: (rows, numbers)."""
    if store is WeightStore.CONSTANT:
        values = []
        for k, column in enumerate(rows.T.tolist()):
            value = Signal(Shape(width, signed=True), name=f"{name}_{k}")
            constants = [Const(number, Shape(width, signed=True)) for number in column]
            m.d.sync += value.eq(constants[0] if len(set(column)) == 1 else select(constants, address))
            values.append(value)
        return list(values)
    mask = (1 << width) - 1
    words = [sum((number & mask) << (width * k) for k, number in enumerate(row)) for row in rows.tolist()]
    m.submodules[name] = memory = Memory(shape=width * rows.shape[1], depth=len(words), init=words)
    port = memory.read_port()
    m.d.comb += [port.addr.eq(address), port.en.eq(1)]
    return [port.data.word_select(k, width).as_signed() for k in range(rows.shape[1])]
