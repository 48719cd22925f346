"""Deliberate faults of a netlist, one of which is active at a time: what kinds there are, where they fit, a random sample.

Ref: Yosys manual, "Word-level cells"; R. DeMillo, R. Lipton, F. Sayward, Computer 11 (1978) 34, for tests judged by mutants.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import cycle, islice

import numpy as np

from hdl.mutation_netlist import CONSTANTS, REGISTERS, Bit, Cell, Netlist

COMPARED = {"$lt": "$le", "$le": "$lt", "$gt": "$ge", "$ge": "$gt", "$eq": "$ne", "$ne": "$eq"}
ORDERED = ("$sub", "$lt", "$le", "$gt", "$ge", "$shl", "$shr", "$sshr", "$shift", "$shiftx", "$mux")
"""Cells in which operands A and B have different roles."""
COUNTING = ("$add", "$sub", "$mul", "$neg")
OPERANDS = ("A", "B")


class Kind(Enum):
    """What is wrong. Where the source of a model has such a fault (`sim.cosim.mutation_source`), it has the same name."""

    COMPARISON = "comparison"
    CONSTANT = "constant"
    OFF_BY_ONE = "off by one"
    STUCK_BIT = "stuck bit"
    SWAPPED_OPERAND = "swapped operand"
    REGISTER_DROPPED = "register dropped"
    RESET_VALUE = "reset value"
    """A register starts with a wrong bit. Without effect for all that is loaded again before it is read."""


SCORED = tuple(kind for kind in Kind if kind is not Kind.RESET_VALUE)
"""Kinds of which a test bench should kill nearly all."""
RESET_VALUE_SHARE = 10
"""One reset value for so many other faults (our choice): most registers of a pipeline need none."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault at one cell.

    pin: the operand that it concerns, "" for the cell or its result. bit: of that operand or of the result. value: of a stuck bit,
    or what is added (+1, -1).
    """

    kind: Kind
    cell: str
    pin: str = ""
    bit: int = 0
    value: int = 0

    def says(self, cell: Cell) -> str:
        """What is wrong, in words."""
        name = cell.type.removeprefix("$")
        match self.kind:
            case Kind.COMPARISON:
                return f"{name} is {COMPARED[cell.type].removeprefix('$')}"
            case Kind.CONSTANT:
                return f"bit {self.bit} of constant {self.pin} = {constant(cell, self.pin)} of {name} is wrong"
            case Kind.OFF_BY_ONE:
                what = f"constant {self.pin} = {constant(cell, self.pin)}" if self.pin else "result"
                return f"{what} of {name} {self.value:+d}"
            case Kind.RESET_VALUE:
                return f"bit {self.bit} of the value after reset is wrong"
            case Kind.STUCK_BIT:
                return f"bit {self.bit} of the result of {name} is {self.value}"
            case Kind.SWAPPED_OPERAND:
                return f"operands of {name} are swapped"
            case Kind.REGISTER_DROPPED:
                return "register is left out" if self.value else "register never loads"


def result_pin(cell: Cell) -> str | None:
    """Output pin of a cell, of which it has one; None for a write port of a memory or its initial values."""
    return next(iter(cell.outputs), None)


def is_constant(bits: list[Bit]) -> bool:
    """Whether an operand is a constant."""
    return bool(bits) and all(bit in CONSTANTS for bit in bits)


def constant(cell: Cell, pin: str) -> int:
    """Value of a constant operand."""
    value = sum(1 << k for k, bit in enumerate(cell.pins[pin]) if bit == "1")
    is_negative = f"{pin}_SIGNED" in cell.data["parameters"] and cell.number(f"{pin}_SIGNED") and cell.pins[pin][-1] == "1"
    return value - (1 << len(cell.pins[pin])) if is_negative else value


def faults_of(netlist: Netlist, name: str, kind: Kind) -> list[Fault]:
    """Every fault of a kind that fits a cell; none where its result is not read."""
    cell = netlist.cells[name]
    pin = result_pin(cell)
    if pin is None:
        return []
    read = [k for k, bit in enumerate(cell.pins[pin]) if bit in netlist.read]
    if not read:
        return []
    is_reset = cell.type == "$mux" and cell.pins["S"] == netlist.reset
    constants = [operand for operand in OPERANDS if is_constant(cell.pins.get(operand, []))]
    match kind:
        case Kind.COMPARISON:
            return [Fault(kind=kind, cell=name)] if cell.type in COMPARED else []
        case Kind.RESET_VALUE if is_reset:
            return [Fault(kind=kind, cell=name, pin="B", bit=bit) for bit in read if "B" in constants]
        case _ if is_reset and kind is not Kind.STUCK_BIT:
            return []
        case Kind.CONSTANT:
            return [Fault(kind=kind, cell=name, pin=pin, bit=bit) for pin in constants for bit in range(len(cell.pins[pin]))]
        case Kind.OFF_BY_ONE:
            places = [""] if cell.type in COUNTING else constants if cell.type in COMPARED else []
            return [Fault(kind=kind, cell=name, pin=place, value=step) for place in places for step in (1, -1)]
        case Kind.STUCK_BIT:
            return [Fault(kind=kind, cell=name, bit=bit, value=value) for bit in read for value in (0, 1)]
        case Kind.SWAPPED_OPERAND:
            return [Fault(kind=kind, cell=name)] if cell.type in ORDERED else []
        case Kind.REGISTER_DROPPED:
            return [Fault(kind=kind, cell=name, value=1)] if cell.type in REGISTERS else []
    return []


def sample(netlist: Netlist, n: int, rng: np.random.Generator, without: Iterable[str] = ()) -> list[Fault]:
    """n different faults, or all if there are fewer, the kinds in turns as long as they have any; then some reset values.

    Within a kind the cells are drawn first, so that wide cells do not take more than their share. A dropped register through which
    a loop would close without a register becomes one that never loads. without: submodules that stay as they are, names of a
    path joined by dots; ValueError for one that has no cell.
    """
    cells = _cells(netlist, [tuple(part.split(".")) for part in without])
    queues = {kind: _drawn(netlist, cells, kind, rng) for kind in SCORED}
    chosen: list[Fault] = []
    bypassed: set[str] = set()
    for kind in cycle(SCORED):
        if len(chosen) >= n or not queues:
            break
        fault = next(queues[kind], None) if kind in queues else None
        if fault is None:
            queues.pop(kind, None)
            continue
        if kind is Kind.REGISTER_DROPPED:
            if netlist.closes_loop(fault.cell, bypassed):
                fault = Fault(kind=kind, cell=fault.cell)
            else:
                bypassed.add(fault.cell)
        chosen.append(fault)
    return [*chosen, *islice(_drawn(netlist, cells, Kind.RESET_VALUE, rng), -(-n // RESET_VALUE_SHARE))]


def _cells(netlist: Netlist, without: Sequence[tuple[str, ...]]) -> list[str]:
    """Cells that lie in none of these submodules."""
    of_part = {part: {name for name in netlist.cells if netlist.inside(name)[: len(part)] == part} for part in without}
    for part, cells in of_part.items():
        if not cells:
            msg = f"{netlist.name} must have cells in {'.'.join(part)}, not none"
            raise ValueError(msg)
    left_out = set().union(*of_part.values())
    return [name for name in netlist.cells if name not in left_out]


def _drawn(netlist: Netlist, cells: Iterable[str], kind: Kind, rng: np.random.Generator) -> Iterator[Fault]:
    """Faults of a kind in random order: one of every cell, then a second one of every cell that has it, and so on."""
    waiting = [list(rng.permutation(np.array(found, object))) for name in cells if (found := faults_of(netlist, name, kind))]
    while waiting:
        for place in rng.permutation(len(waiting)):
            yield waiting[place].pop()
        waiting = [faults for faults in waiting if faults]
