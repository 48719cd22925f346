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
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_TOKEN = re.compile(r"\"[^\"]*\"|\d*'s?[bodh][\da-fxz_?]+|\\\S+ |\$?[A-Za-z_][\w$]*")
_KEPT = re.compile(r"[\"'$\d].*|ROM_\w+", re.DOTALL)
_WORD = re.compile(
    "always|assign|begin|blackbox|casez?|default|else|end|endcase|endmodule|if|initial|input|module|negedge|or|output|posedge|reg|"
    "signed|wire"
)
PART = "part"
"""Name of the module in the text of a part."""
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

    def declarations(self, body: str) -> list[str]:
        """Verilog of the black boxes of a module."""
        return [_declared(rom) for rom in sorted(self.roms, key=lambda rom: rom.kind) if re.search(rf"\b{rom.kind}\b", body)]


def _declared(rom: Rom) -> str:
    address = f"[{(rom.rows - 1).bit_length() - 1}:0]"
    pins = [f"input {address} addr_{k}, output [{rom.width - 1}:0] data_{k}" for k in range(rom.ports)]
    return f"(* blackbox *) module {rom.kind}(input clk, {', '.join(pins)}); endmodule"


def parts(component: wiring.Component, name: str) -> dict[str, str]:
    """Verilog of each module of a component by its place, `name` for the outermost, `name.a.b` for those inside.

    Every text has one module with contents, `PART`; those that it contains are declared as black boxes, and so are tables. Names of
    the design are replaced by numbers in the order in which they come: modules that are built alike have the same text.
    """
    platform = _CountedTables()
    text = verilog.convert(component, name=name, platform=platform, emit_src=False, strip_internal_attrs=True)
    modules = {found[1].strip().removeprefix("\\"): found[0] for found in _MODULE.finditer(text)}
    made = {}
    for place, body in modules.items():
        inside = [_box(other, modules[other]) for other in modules if re.search(rf"^  \\?{re.escape(other)} ", body, re.MULTILINE)]
        made[place] = _numbered("\n".join([body, *inside, *platform.declarations(body), ""]), place)
    return made


def _numbered(text: str, own: str) -> str:
    """The text with numbers for names, `PART` for that of its own module.

    Names with brackets go with the others: fields of arrays, which to Yosys look like bits of words.
    """
    names = {own: PART}

    def number(found: re.Match[str]) -> str:
        token = found[0]
        if _WORD.fullmatch(token) or _KEPT.fullmatch(token):
            return token
        return names.setdefault(token.strip().removeprefix("\\"), f"n{len(names)}")

    return _TOKEN.sub(number, _COMMENT.sub("", text))


def _box(place: str, body: str) -> str:
    header = body[: body.index(";") + 1]
    return "\n".join(["(* blackbox *)", header, *_DIRECTION.findall(body), "endmodule"])
