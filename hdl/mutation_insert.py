"""A netlist that has many faults at once, of which a new input port chooses one: one simulation model serves them all.

The number on port `mutant` counts while the reset is given: 0 is the design as it is, k the k-th fault.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

from hdl.mutation import COMPARED, COUNTING, Fault, Kind, result_pin
from hdl.mutation_netlist import Bit, Cell, Netlist

PORT, CHOSEN = "mutant", "mutant_chosen"


def select_bits(n_faults: int) -> int:
    """Width of the port for so many faults."""
    return max(n_faults.bit_length(), 1)


def insert(netlist: Netlist, faults: Sequence[Fault]) -> Netlist:
    """A copy of the netlist with all faults, each behind a multiplexer. ValueError if the design has no reset."""
    if "rst" not in netlist.module["ports"]:
        msg = f"{netlist.name} must have a reset, with which the fault is chosen"
        raise ValueError(msg)
    return _Insertion(netlist, len(faults)).with_all(faults)


class _Insertion:
    """A copy under change."""

    def __init__(self, netlist: Netlist, n_faults: int) -> None:
        self.original = netlist
        self.result = Netlist(copy.deepcopy(netlist.data))
        self.module = self.result.module
        numbers = [bit for net in self.module["netnames"].values() for bit in net["bits"] if isinstance(bit, int)]
        self.next_bit = max(numbers) + 1
        self.clock: list[Bit] = self.module["ports"]["clk"]["bits"]
        width = select_bits(n_faults)
        chosen, given = self.fresh(width), self.fresh(width)
        self.module["ports"][PORT] = {"direction": "input", "bits": given}
        self.name_net(PORT, given)
        self.name_net(CHOSEN, chosen, {"init": "0" * width})
        loaded = self.mux(chosen, given, netlist.reset)
        self.cell("$dff", {"CLK_POLARITY": 1, "WIDTH": width}, {"CLK": self.clock, "D": loaded}, {"Q": chosen})
        self.chosen = chosen

    def with_all(self, faults: Sequence[Fault]) -> Netlist:
        by_cell: dict[str, list[tuple[int, Fault]]] = {}
        for number, fault in enumerate(faults, 1):
            by_cell.setdefault(fault.cell, []).append((number, fault))
        for name, numbered in by_cell.items():
            self.at_cell(name, numbered)
        return Netlist(self.result.data)

    def at_cell(self, name: str, numbered: list[tuple[int, Fault]]) -> None:
        """The result of a cell gets a chain of multiplexers, one per fault."""
        cell = self.result.cells[name]
        pin = result_pin(cell)
        assert pin is not None
        old = list(cell.pins[pin])
        intact = self.fresh(len(old))
        cell.pins[pin] = intact
        if pin == "Q":
            self.move_initial(name, old, intact)
        current = intact
        for place, (number, fault) in enumerate(numbered):
            wrong = self.wrong(cell, pin, intact, old, fault)
            is_last = place == len(numbered) - 1
            current = self.mux(current, wrong, self.is_chosen(number), old if is_last else None)

    def wrong(self, cell: Cell, pin: str, intact: list[Bit], old: list[Bit], fault: Fault) -> list[Bit]:
        """What the cell gives with the fault."""
        match fault.kind:
            case Kind.STUCK_BIT:
                return [*intact[: fault.bit], str(fault.value), *intact[fault.bit + 1 :]]
            case Kind.REGISTER_DROPPED:
                return list(cell.pins["D"]) if fault.value else [self.original.initial.get(bit, "0") for bit in old]
            case Kind.OFF_BY_ONE if not fault.pin:
                return self.plus(intact, fault.value)
        return self.clone(cell, pin, fault)

    def clone(self, cell: Cell, pin: str, fault: Fault) -> list[Bit]:
        """Result of a copy of the cell with the fault inside."""
        data = copy.deepcopy(cell.data)
        pins, parameters = data["connections"], data["parameters"]
        match fault.kind:
            case Kind.COMPARISON:
                data["type"] = COMPARED[cell.type]
            case Kind.CONSTANT | Kind.RESET_VALUE:
                pins[fault.pin][fault.bit] = "1" if pins[fault.pin][fault.bit] != "1" else "0"
            case Kind.OFF_BY_ONE:
                pins[fault.pin] = _moved(pins[fault.pin], fault.value)
            case Kind.SWAPPED_OPERAND:
                pins["A"], pins["B"] = pins["B"], pins["A"]
                for one, other in (("A_WIDTH", "B_WIDTH"), ("A_SIGNED", "B_SIGNED")):
                    if one in parameters:
                        parameters[one], parameters[other] = parameters[other], parameters[one]
        out = self.fresh(len(pins[pin]))
        pins[pin] = out
        self.add(data)
        return out

    def plus(self, bits: list[Bit], step: int) -> list[Bit]:
        """bits + step, wrapped."""
        out, width = self.fresh(len(bits)), len(bits)
        one: list[Bit] = ["1" if k == 0 or step < 0 else "0" for k in range(width)]
        parameters = {"A_SIGNED": 0, "A_WIDTH": width, "B_SIGNED": 0, "B_WIDTH": width, "Y_WIDTH": width}
        self.cell(COUNTING[0], parameters, {"A": bits, "B": one}, {"Y": out})
        return out

    def is_chosen(self, number: int) -> list[Bit]:
        width, out = len(self.chosen), self.fresh(1)
        constant: list[Bit] = [str(number >> k & 1) for k in range(width)]
        parameters = {"A_SIGNED": 0, "A_WIDTH": width, "B_SIGNED": 0, "B_WIDTH": width, "Y_WIDTH": 1}
        self.cell("$eq", parameters, {"A": self.chosen, "B": constant}, {"Y": out})
        return out

    def mux(self, off: list[Bit], on: list[Bit], select: list[Bit], out: list[Bit] | None = None) -> list[Bit]:
        out = self.fresh(len(off)) if out is None else out
        self.cell("$mux", {"WIDTH": len(off)}, {"A": off, "B": on, "S": select}, {"Y": out})
        return out

    def cell(self, kind: str, parameters: dict[str, int], inputs: dict[str, list[Bit]], outputs: dict[str, list[Bit]]) -> None:
        self.add(
            {
                "hide_name": 1,
                "type": kind,
                "parameters": {name: f"{value:032b}" for name, value in parameters.items()},
                "attributes": {},
                "port_directions": dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output"),
                "connections": inputs | outputs,
            }
        )

    def add(self, data: dict) -> None:
        self.module["cells"][f"$mutation${len(self.module['cells'])}"] = data

    def fresh(self, n_bits: int) -> list[Bit]:
        self.next_bit += n_bits
        return list(range(self.next_bit - n_bits, self.next_bit))

    def name_net(self, name: str, bits: list[Bit], attributes: dict[str, str] | None = None) -> None:
        self.module["netnames"][name] = {"hide_name": 0, "bits": bits, "attributes": attributes or {}}

    def move_initial(self, name: str, old: list[Bit], new: list[Bit]) -> None:
        """The initial values of a register stay with the register, not with the multiplexer behind it."""
        values = [self.original.initial.get(bit, "x") for bit in old]
        moved = set(old)
        for net in self.module["netnames"].values():
            text = net["attributes"].get("init")
            if text is not None and moved & set(net["bits"]):
                kept = ["x" if bit in moved else value for bit, value in zip(net["bits"], reversed(text), strict=False)]
                net["attributes"]["init"] = "".join(reversed(kept))
                if set(kept) == {"x"}:
                    del net["attributes"]["init"]
        if set(values) != {"x"}:
            self.name_net(f"mutated_register_{new[0]}", new, {"init": "".join(reversed(values))})


def _moved(bits: list[Bit], step: int) -> list[Bit]:
    """A constant, one more or less, wrapped."""
    value = sum(1 << k for k, bit in enumerate(bits) if bit == "1") + step
    return [str(value >> k & 1) for k in range(len(bits))]
