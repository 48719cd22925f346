"""Which faults of a netlist change nothing: proven by z3 for all inputs and all contents of registers and memories.

What the fault can reach within a cycle is compared: the data of registers, the inputs of memories, the outputs, as far as an output
depends on them. Equality of all of them for every state is more than what is needed, but what is read from a memory that is never
written is one of its words; a fault that only shows in other states that never occur stays open.
Ref: Yosys manual, "Word-level cells".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sim.cosim.mutation_reach import observed, values_of

if TYPE_CHECKING:
    from hdl.mutation import Fault
    from hdl.mutation_netlist import Bit, Cell, Netlist

LIMIT_MS = 20_000
"""Longest time of the solver for one fault (our choice)."""
_TACTICS = ("simplify", "propagate-values", "solve-eqs", "bit-blast", "sat")
"""How z3 decides: all in bits (our choice: 0.2 s for the absolute value of 58 bits, which its default does not decide in 20 s)."""
_TWO_OPERANDS = ("$and", "$or", "$xor", "$xnor", "$add", "$sub", "$mul")
_COMPARISONS = ("$lt", "$le", "$gt", "$ge", "$eq", "$ne")
_SHIFTS = ("$shl", "$shr", "$sshr", "$shift", "$shiftx")
_ONE_OPERAND = ("$not", "$neg", "$pos", "$reduce_or", "$reduce_bool", "$reduce_and", "$reduce_xor", "$logic_not")
KNOWN = frozenset((*_TWO_OPERANDS, *_COMPARISONS, *_SHIFTS, *_ONE_OPERAND, "$mux", "$logic_and", "$logic_or"))
"""Cells that are computed; at any other cell the paths end."""


def is_equivalent(netlist: Netlist, fault: Fault) -> bool:
    """Whether the fault changes nothing, proven; False if it does or if that is not decided in time.

    ModuleNotFoundError without z3.
    """
    import z3

    from hdl.mutation_insert import CHOSEN, insert

    faulty = insert(netlist, [fault])
    chosen = faulty.module["netnames"][CHOSEN]["bits"]
    touched = _behind(faulty, chosen)
    sides = [_Values(netlist=faulty, fixed=dict.fromkeys(chosen, value), touched=touched) for value in ("0", "1")]
    sides[1].shared = sides[0]
    differs = [one != other for bits in _ends(faulty, touched, chosen) for one, other in [[side.word(bits) for side in sides]]]
    solver = z3.Then(*_TACTICS).solver()
    solver.set("timeout", LIMIT_MS)
    solver.add(z3.Or(*differs), *_known(netlist, sides[0].unknown | sides[1].unknown))
    return solver.check() == z3.unsat


def _behind(netlist: Netlist, bits: Iterable[Bit]) -> set[str]:
    """Cells that these bits reach within a cycle, the ends of the paths not among them."""
    found: set[str] = set()
    waiting = list(bits)
    while waiting:
        for name in netlist.readers.get(waiting.pop(), ()):
            cell = netlist.cells[name]
            if name not in found and cell.type in KNOWN:
                found.add(name)
                waiting += [bit for pin in cell.outputs for bit in cell.pins[pin]]
    return found


def _known(netlist: Netlist, bits: Iterable[int]) -> Iterable[Any]:
    """What holds for these bits of registers and memories."""
    import z3

    together: dict[str, list[Bit]] = {}
    for bit in sorted(bits):
        if bit in netlist.driver:
            together.setdefault(netlist.driver[bit], []).append(bit)
    for own in together.values():
        values = values_of(netlist, own)
        if values is not None:
            word = z3.Concat(*(z3.BitVec(f"b{bit}", 1) for bit in reversed(own)), z3.BitVecVal(0, 1))
            yield z3.Or(*(word == value << 1 for value in sorted(values)))


def _ends(netlist: Netlist, touched: set[str], chosen: list[Bit]) -> Iterable[list[Bit]]:
    """What is compared: operands of other cells and output ports with a bit that a touched cell drives; not the choice itself.

    Of registers the bits on which an output depends, if any.
    """
    driven = {bit for name in touched for pin in netlist.cells[name].outputs for bit in netlist.cells[name].pins[pin]}
    seen = observed(netlist)
    for cell in netlist.cells.values():
        if cell.type in KNOWN or chosen in cell.pins.values():
            continue
        for bits in (cell.pins[pin] for pin in cell.inputs):
            if cell.type == "$dff" and len(bits) == len(cell.pins["Q"]):
                bits = [bit for bit, result in zip(bits, cell.pins["Q"], strict=True) if result in seen]
            if driven & set(bits):
                yield bits
    for port in netlist.module["ports"].values():
        if port["direction"] == "output" and driven & set(port["bits"]):
            yield port["bits"]


@dataclass(kw_only=True)
class _Values:
    """Expressions of the bits of a netlist. fixed: bits that are given; shared: side that has the cells that are not touched."""

    netlist: Netlist
    fixed: dict[Bit, str]
    touched: set[str]
    shared: _Values | None = None
    cells: dict[str, Any] = field(default_factory=dict)
    unknown: set[int] = field(default_factory=set)
    """Bits that are taken as they come: inputs, registers, memories."""

    def word(self, bits: list[Bit]) -> Any:
        """The bits as one vector, the first one lowest."""
        self.compute(bits)
        return self.joined(bits)

    def compute(self, bits: list[Bit]) -> None:
        """Expressions of all cells before these bits, first ones first."""
        waiting = [name for bit in bits if (name := self.before(bit)) is not None]
        while waiting:
            name = waiting[-1]
            if self.known(name) is not None:
                waiting.pop()
                continue
            cell = self.netlist.cells[name]
            missing = {
                earlier
                for pin in cell.inputs
                for bit in cell.pins[pin]
                if (earlier := self.before(bit)) is not None and self.known(earlier) is None
            }
            if missing:
                waiting += missing
                continue
            owner = self if name in self.touched or self.shared is None else self.shared
            owner.cells[name] = self.result(cell)
            waiting.pop()

    def before(self, bit: Bit) -> str | None:
        """The computed cell that drives a bit."""
        name = None if bit in self.fixed else self.netlist.driver.get(bit)
        return name if name is not None and self.netlist.cells[name].type in KNOWN else None

    def known(self, name: str) -> Any:
        return self.shared.cells.get(name) if self.shared is not None and name not in self.touched else self.cells.get(name)

    def joined(self, bits: list[Bit]) -> Any:
        import z3

        if not bits:
            return z3.BitVecVal(0, 1)
        parts: list[Any] = []
        start = 0
        while start < len(bits):
            name = self.before(bits[start])
            if name is None:
                parts.append(self.free(bits[start]))
                start += 1
                continue
            cell = self.netlist.cells[name]
            own = cell.pins[cell.outputs[0]]
            low = own.index(bits[start])
            n = 1
            while start + n < len(bits) and low + n < len(own) and bits[start + n] == own[low + n]:
                n += 1
            whole = self.known(name)
            parts.append(whole if n == whole.size() else z3.Extract(low + n - 1, low, whole))
            start += n
        return parts[0] if len(parts) == 1 else z3.Concat(*reversed(parts))

    def free(self, bit: Bit) -> Any:
        import z3

        value = self.fixed.get(bit, bit)
        if not isinstance(value, str):
            self.unknown.add(value)
        return z3.BitVecVal(int(value == "1"), 1) if isinstance(value, str) else z3.BitVec(f"b{value}", 1)

    def result(self, cell: Cell) -> Any:
        """Expression of the result of a cell, whose operands are known."""
        import z3

        if cell.type == "$mux":
            a, b, s = (self.joined(cell.pins[pin]) for pin in "ABS")
            return z3.If(s == 1, b, a)
        width, kind = cell.number("Y_WIDTH"), cell.type
        a = self.joined(cell.pins["A"])
        if kind in _ONE_OPERAND:
            return _of_one(kind, a, width, bool(cell.number("A_SIGNED")))
        b = self.joined(cell.pins["B"])
        if kind in _SHIFTS:
            return _shifted(kind, a, b, width, bool(cell.number("A_SIGNED")), bool(cell.number("B_SIGNED")))
        signed = bool(cell.number("A_SIGNED")) and bool(cell.number("B_SIGNED"))
        if kind in ("$logic_and", "$logic_or"):
            both = z3.And if kind == "$logic_and" else z3.Or
            return _flag(both(a != 0, b != 0), width)
        if kind in _COMPARISONS:
            size = max(a.size(), b.size())
            return _flag(_compared(kind, _sized(a, size, signed), _sized(b, size, signed), signed), width)
        a, b = _sized(a, width, signed), _sized(b, width, signed)
        operations = {
            "$and": a & b, "$or": a | b, "$xor": a ^ b, "$xnor": ~(a ^ b), "$add": a + b, "$sub": a - b, "$mul": a * b,
        }  # fmt: skip
        return operations[kind]


def _sized(value: Any, size: int, signed: bool) -> Any:
    """A vector cut or extended to a size."""
    import z3

    if value.size() >= size:
        return z3.Extract(size - 1, 0, value)
    return (z3.SignExt if signed else z3.ZeroExt)(size - value.size(), value)


def _flag(condition: Any, width: int) -> Any:
    import z3

    return z3.If(condition, z3.BitVecVal(1, width), z3.BitVecVal(0, width))


def _of_one(kind: str, a: Any, width: int, signed: bool) -> Any:
    import z3

    match kind:
        case "$reduce_or" | "$reduce_bool":
            return _flag(a != 0, width)
        case "$reduce_and":
            return _flag(a == (1 << a.size()) - 1, width)
        case "$logic_not":
            return _flag(a == 0, width)
        case "$reduce_xor":
            bits = [z3.Extract(k, k, a) for k in range(a.size())]
            total = bits[0]
            for bit in bits[1:]:
                total = total ^ bit
            return _sized(total, width, False)
    a = _sized(a, width, signed)
    return {"$not": ~a, "$neg": -a, "$pos": a}[kind]


def _compared(kind: str, a: Any, b: Any, signed: bool) -> Any:
    import z3

    match kind:
        case "$eq":
            return a == b
        case "$ne":
            return a != b
        case "$lt":
            return a < b if signed else z3.ULT(a, b)
        case "$le":
            return a <= b if signed else z3.ULE(a, b)
        case "$gt":
            return a > b if signed else z3.UGT(a, b)
    return a >= b if signed else z3.UGE(a, b)


def _shifted(kind: str, a: Any, b: Any, width: int, a_signed: bool, b_signed: bool) -> Any:
    """Shifts of Yosys: `$shift` and `$shiftx` go to the left for a negative signed B."""
    import z3

    two_ways = kind in ("$shift", "$shiftx")
    size = max(a.size(), width, b.size() + 1)
    wide, places = _sized(a, size, a_signed and not two_ways), _sized(b, size, b_signed and two_ways)
    match kind:
        case "$shl":
            return _sized(wide << places, width, False)
        case "$sshr" if a_signed:
            return _sized(wide >> places, width, False)
    right = z3.LShR(wide, places)
    return _sized(z3.If(places < 0, wide << -places, right) if two_ways and b_signed else right, width, False)
