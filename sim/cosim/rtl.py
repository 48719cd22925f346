"""The ECL RTL as a design for the bench, with what identifies it."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cosim.ecl import ports
from sim.cosim.ports import Design
from trigger.digest import digest
from trigger.ecl import EclCalibration, EclParameters, EclThresholds
from trigger.ecl.layout import DECISION_FIELDS, WORD_FIELDS

if TYPE_CHECKING:
    from hdl.ecl.mutant import Mutant


@dataclass(frozen=True, kw_only=True)
class EclRtl:
    """Verilog of the ECL trigger for one set of parameters and one calibration.

    latency: declared, in cycles. declarations, verilog: digests of what it was built from and of its text.
    """

    design: Design
    latency: int
    declarations: str
    verilog: str


def ecl_rtl(parameters: EclParameters, calibration: EclCalibration, *, mutant: "Mutant | None" = None) -> EclRtl:
    """The RTL, generated (seconds). mutant: with one deliberate fault, for tests of the checker."""
    from hdl.ecl.trigger import EclTrigger
    from hdl.verilog import write_verilog

    thresholds = EclThresholds.from_parameters(parameters)
    declarations = (thresholds, calibration, DECISION_FIELDS, WORD_FIELDS)
    component = EclTrigger(thresholds=thresholds, calibration=calibration, mutant=mutant)
    with tempfile.TemporaryDirectory() as folder:
        path = write_verilog(component, Path(folder) / "ecl_trigger.v", name=ports().module, declarations=declarations)
        text = path.read_text(encoding="utf-8")
    return EclRtl(
        design=Design(ports=ports(), verilog=text),
        latency=component.LATENCY,
        declarations=digest(*declarations),
        verilog=digest(text),
    )
