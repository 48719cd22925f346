"""A design taken apart for synthesis: every module alone, what it contains as black boxes; tables counted, not mapped.

Whole designs can be too large for Yosys in its memory. Counts of the parts add up to those of the design, but for what a tool gains
across the borders of modules, and a path through several modules is seen in pieces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from amaranth.back import verilog
from amaranth.hdl import ClockSignal, Fragment, Instance, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory

_MODULE = re.compile(r"^module (\\\S+ |\w+)\(.*?\);$.*?^endmodule$", re.MULTILINE | re.DOTALL)
_DIRECTION = re.compile(r"^  (?:input|output) .*;$", re.MULTILINE)
_NAME = re.compile(r"\\\S+ ")
_BRACKETS = str.maketrans("[]", "<>")
"""Amaranth names fields of arrays so that they look like bits of words; to Yosys, which maps bits, the two would be one."""
_ROM = re.compile(r"ROM_(\d+)x(\d+)_(\d+)")
_SHAPES = ((16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18))
"""(rows, bits) of a RAMB18 with two ports to read. Source: AMD UG573, block RAM data width."""
_SHAPE_OF_ONE = (512, 36)
"""The same with one port."""


@dataclass(frozen=True)
class Rom:
    """A table: rows of `width` bits, and how many are read in a cycle."""

    rows: int
    width: int
    ports: int

    @property
    def kind(self) -> str:
        """Name of the black box that stands for it."""
        return f"ROM_{self.rows}x{self.width}_{self.ports}"

    @classmethod
    def of_kind(cls, kind: str) -> Rom | None:
        """The table of a black box, None for another cell."""
        found = _ROM.fullmatch(kind)
        return cls(*(int(number) for number in found.groups())) if found else None

    @property
    def bits(self) -> int:
        """Contents, once however many read it."""
        return self.rows * self.width

    @property
    def ramb18(self) -> int:
        """Block memories of 18 kbit: rows and width rounded up to those of one shape, a copy for each two ports, or for each."""
        shared, alone = (
            min(-(-self.rows // rows) * -(-self.width // width) for rows, width in shapes) for shapes in (_SHAPES, (_SHAPE_OF_ONE,))
        )
        return min(-(-self.ports // 2) * shared, self.ports * alone)


class _CountedTables:
    """A platform on which a memory that nobody writes is a black box if the clock reads it, which then happens in every cycle."""

    def __init__(self) -> None:
        self.roms: set[Rom] = set()

    def get_memory(self, memory: Memory) -> Fragment:
        """What stands for a memory."""
        ports = memory.read_ports
        if memory.write_ports or any(port.domain == "comb" for port in ports):
            return memory.elaborate(None)
        rom = Rom(memory.depth, len(Value.cast(ports[0].data)), len(ports))
        self.roms.add(rom)
        addresses = {f"i_addr_{k}": port.addr for k, port in enumerate(ports)}
        return Instance(rom.kind, i_clk=ClockSignal(), **addresses, **{f"o_data_{k}": port.data for k, port in enumerate(ports)})

    def declarations(self) -> str:
        """Verilog of the black boxes."""
        return "\n".join(_declared(rom) for rom in sorted(self.roms, key=lambda rom: rom.kind))


def _declared(rom: Rom) -> str:
    address = f"[{(rom.rows - 1).bit_length() - 1}:0]"
    pins = [f"input {address} addr_{k}, output [{rom.width - 1}:0] data_{k}" for k in range(rom.ports)]
    return f"(* blackbox *) module {rom.kind}(input clk, {', '.join(pins)}); endmodule"


def parts(component: wiring.Component, name: str) -> dict[str, str]:
    """Verilog of each module of a component by its place, `name` for the outermost, `name.a.b` for those inside.

    Every text has one module with contents, whose name is its place with underscores for the points; those that it contains are
    declared as black boxes, and so are tables.
    """
    platform = _CountedTables()
    text = verilog.convert(component, name=name, platform=platform, emit_src=False, strip_internal_attrs=True)
    text = _NAME.sub(lambda found: found[0].translate(_BRACKETS), text)
    modules = {found[1].strip().removeprefix("\\"): found[0] for found in _MODULE.finditer(text)}
    made = {}
    for place, body in modules.items():
        inside = [_box(other, modules[other]) for other in modules if re.search(rf"^  \\?{re.escape(other)} ", body, re.MULTILINE)]
        own = re.sub(r"^module (\\\S+ |\w+)", f"module {module_name(place)}", body)
        made[place] = "\n".join([platform.declarations(), *inside, own, ""])
    return made


def module_name(place: str) -> str:
    """Name of the module in the text of a part."""
    return place.replace(".", "_")


def _box(place: str, body: str) -> str:
    header = body[: body.index(";") + 1]
    return "\n".join(["(* blackbox *)", header, *_DIRECTION.findall(body), "endmodule"])
