"""What is known of the bits of a netlist without solving anything: which ones an output depends on, and which values some can have.

Both hold for every run that begins with a reset of two cycles, after which memories that are never written have read a word.
Ref: Yosys manual, "Word-level cells" and "Memories".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hdl.mutation_netlist import Bit, Cell, Netlist

BITWISE = ("$and", "$or", "$xor", "$xnor", "$not", "$pos", "$mux", "$dff")
"""Cells in which bit k of the result depends on bit k of the data alone."""
MAX_VALUES = 4096
"""Largest number of values that is kept (our choice: more than any table here has)."""


def observed(netlist: Netlist) -> set[Bit]:
    """Bits on which an output port depends, within a cycle or later."""
    waiting = [bit for port in netlist.module["ports"].values() if port["direction"] == "output" for bit in port["bits"]]
    waiting += [bit for cell in netlist.cells.values() if not cell.outputs for pin in cell.inputs for bit in cell.pins[pin]]
    found: set[Bit] = set()
    while waiting:
        bit = waiting.pop()
        if bit in found:
            continue
        found.add(bit)
        if bit in netlist.driver:
            waiting += _behind(netlist.cells[netlist.driver[bit]], bit)
    return found


def _behind(cell: Cell, bit: Bit) -> list[Bit]:
    """Inputs of a cell on which a bit of its result depends."""
    pins = [cell.pins[pin] for pin in cell.inputs]
    if cell.type not in BITWISE:
        return [each for pin in pins for each in pin]
    place = cell.pins[cell.outputs[0]].index(bit)
    return [pin[min(place, len(pin) - 1)] for pin in pins if pin]


def values_of(netlist: Netlist, bits: Sequence[Bit]) -> set[int] | None:
    """Every value that these bits of one register or read port can have together, the first bit lowest; None if that is not known.

    They are known where all data come from constants and memories that are never written, through registers and choices.
    """
    return _Values(netlist).of(tuple(bits))


class _Values:
    """Values under search. seen: registers on the way, which can have no others than those that come from elsewhere."""

    def __init__(self, netlist: Netlist) -> None:
        self.netlist = netlist
        self.seen: set[tuple[Bit, ...]] = set()

    def of(self, bits: tuple[Bit, ...]) -> set[int] | None:
        if all(isinstance(bit, str) for bit in bits):
            return {_number(bits)} if set(bits) <= {"0", "1"} else None
        if bits in self.seen:
            return set()
        names = {self.netlist.driver.get(bit) for bit in bits}
        name = names.pop()
        if names or name is None:
            return None
        cell = self.netlist.cells[name]
        places = [cell.pins[cell.outputs[0]].index(bit) for bit in bits]
        match cell.type:
            case "$mux":
                return self.either([[cell.pins[pin][place] for place in places] for pin in "AB"])
            case "$dff":
                self.seen.add(bits)
                started = [self.netlist.initial.get(bit, "x") for bit in bits]
                return self.either([[cell.pins["D"][place] for place in places], started])
            case "$memrd_v2":
                return self.words(cell, places)
        return None

    def either(self, choices: Sequence[Sequence[Bit]]) -> set[int] | None:
        found: set[int] = set()
        for bits in choices:
            values = self.of(tuple(bits))
            if values is None or len(found | values) > MAX_VALUES:
                return None
            found |= values
        return found

    def words(self, port: Cell, places: Sequence[int]) -> set[int] | None:
        """These bits of all words of a memory that is never written and has a word at every address."""
        memory = port.data["parameters"]["MEMID"]
        users = [cell for cell in self.netlist.cells.values() if cell.data["parameters"].get("MEMID") == memory]
        contents = [cell for cell in users if cell.type == "$meminit_v2"]
        width = port.number("WIDTH")
        if any(cell.type == "$memwr_v2" for cell in users) or len(contents) != 1:
            return None
        data = contents[0].pins["DATA"]
        if len(data) != width << len(port.pins["ADDR"]):
            return None
        return {_number(data[start + place] for place in places) for start in range(0, len(data), width)}


def _number(bits: Iterable[Bit]) -> int:
    return sum(1 << k for k, bit in enumerate(bits) if bit == "1")
