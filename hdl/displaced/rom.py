"""Tables of integers as memories: every row holds all numbers of an index, each as wide as its largest value needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from amaranth.hdl import Module, Value
from amaranth.lib.memory import Memory
from numpy.typing import NDArray


def bits_of(values: NDArray) -> tuple[int, bool]:
    """Width that holds all values, and whether it has a sign."""
    low, high = int(values.min()), int(values.max())
    return max(high.bit_length(), (~low).bit_length() if low < 0 else 0, 1) + (low < 0), low < 0


class Rom:
    """A memory of columns (rows, ...) of integers; every reader has a port of its own, whose answer is there one cycle later.

    Columns may have several leading indices of rows: their number is then the address, the last index in the lowest bits, each as
    wide as it needs.
    """

    def __init__(self, columns: dict[str, NDArray], n_indices: int = 1) -> None:
        self._columns = columns
        shape = next(iter(columns.values())).shape[:n_indices]
        self.index_bits = [max((n - 1).bit_length(), 1) for n in shape]
        self._places: dict[str, tuple[int, int, bool]] = {}
        place, words = 0, np.zeros(shape, object)
        for name, column in columns.items():
            width, is_signed = bits_of(column)
            self._places[name] = place, width, is_signed
            for number in column.reshape(*shape, -1).astype(object).transpose(-1, *range(n_indices)):
                words = words + ((number & ((1 << width) - 1)) << place)
                place += width
        padded = np.zeros(tuple(1 << bits for bits in self.index_bits[1:]), object)
        init: list[int] = []
        for row in words:
            padded[...] = 0
            padded[tuple(slice(0, n) for n in np.shape(row))] = row
            init += np.ravel(padded).tolist()
        self.memory = Memory(shape=place, depth=len(init), init=init)

    def read(self, m: Module, address: Value) -> dict[str, Any]:
        """Numbers by name, nested lists of values like the columns, one cycle after the address."""
        port = self.memory.read_port()
        m.d.comb += [port.en.eq(1), port.addr.eq(address)]
        return {name: self._nested(name, port.data) for name in self._columns}

    def _nested(self, name: str, word: Value) -> Any:
        place, width, is_signed = self._places[name]
        shape = self._columns[name].shape[len(self.index_bits) :]

        def parts(at: int, sizes: tuple[int, ...]) -> Iterator[Any]:
            step = width * int(np.prod(sizes[1:]))
            for k in range(sizes[0]):
                yield one(at + k * step, sizes[1:])

        def one(at: int, sizes: tuple[int, ...]) -> Any:
            if sizes:
                return list(parts(at, sizes))
            value = word[at : at + width]
            return value.as_signed() if is_signed else value

        return one(place, shape)
