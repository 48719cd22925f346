"""RTL as a design for the bench, with what identifies it."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cosim.ports import Design, StreamPorts
from trigger.digest import digest

if TYPE_CHECKING:
    from amaranth.lib import wiring


@dataclass(frozen=True, kw_only=True)
class Rtl:
    """Verilog of a component.

    latency: declared, in cycles. declarations, verilog: digests of what it was built from and of its text. component: what the text
    was made from.
    """

    design: Design
    latency: int
    declarations: str
    verilog: str
    component: "wiring.Component" = field(repr=False, compare=False)


def rtl_of(component: "wiring.Component", latency: int, declared: StreamPorts, declarations: tuple[object, ...]) -> Rtl:
    """The RTL of a streaming component with these ports, generated (seconds). declarations: everything that it was built from."""
    from hdl.verilog import write_verilog

    with tempfile.TemporaryDirectory() as folder:
        path = write_verilog(component, Path(folder) / f"{declared.module}.v", name=declared.module, declarations=declarations)
        text = path.read_text(encoding="utf-8")
    return Rtl(
        design=Design(ports=declared, verilog=text),
        latency=latency,
        declarations=digest(*declarations),
        verilog=digest(text),
        component=component,
    )
