"""RTL as a design for the bench, with what identifies it."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cosim.ecl import ports
from sim.cosim.ports import Design, StreamPorts
from trigger.digest import digest
from trigger.ecl import EclCalibration, EclParameters, EclThresholds
from trigger.ecl.layout import DECISION_FIELDS, WORD_FIELDS

if TYPE_CHECKING:
    from amaranth.lib import wiring

    from hdl.ecl.mutant import Mutant


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


def ecl_rtl(parameters: EclParameters, calibration: EclCalibration, *, mutant: "Mutant | None" = None) -> Rtl:
    """The RTL, generated (seconds). mutant: with one deliberate fault, for tests of the checker."""
    from hdl.ecl.trigger import EclTrigger

    thresholds = EclThresholds.from_parameters(parameters)
    component = EclTrigger(thresholds=thresholds, calibration=calibration, mutant=mutant)
    return rtl_of(component, component.LATENCY, ports(), (thresholds, calibration, DECISION_FIELDS, WORD_FIELDS))


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
