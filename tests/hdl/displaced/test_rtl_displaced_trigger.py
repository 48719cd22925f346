"""The stages of the displaced-vertex trigger fit together: formats of the ports, and the latency of the whole."""

import pytest

from hdl.displaced.trigger import WINDOW_CYCLES, DisplacedTrigger
from sim.cosim import displaced
from sim.cosim.verify_displaced import BUDGET_CYCLES
from trigger.displaced import DisplacedTrigger as Model
from trigger.displaced.constants import constants


@pytest.mark.usefixtures("not_elaborated")
def test_latency_is_within_the_budget_and_ports_are_those_of_the_bench():
    model = Model()
    rtl = DisplacedTrigger(model.parameters, model.cuts, constants(), model.network)
    assert rtl.LATENCY == BUDGET_CYCLES == 82
    assert rtl.INITIATION_INTERVAL == WINDOW_CYCLES == displaced.CYCLES
    widths = {"in_last": 1, "in_segments": len(rtl.in_segments.as_value())}
    ports = displaced.ports(model.parameters)
    assert {port.name: port.width for port in ports.inputs} == widths
    members = rtl.signature.members
    for port in ports.outputs:
        assert members[port.name].flow.name == "Out"
