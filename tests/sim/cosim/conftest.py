"""Makes the helpers of this folder importable, for the tests and for the simulator's own Python, which inherits the path."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def rtl():
    """The RTL with the experiment's parameters."""
    from sim.cosim.ecl import ecl_rtl
    from trigger.ecl import EclCalibration, EclParameters

    return ecl_rtl(EclParameters.default(), EclCalibration())


@pytest.fixture(scope="session")
def model(rtl):
    """Its Verilator model, from the user's cache or built now."""
    from sim.cosim import runner

    return runner.build(rtl.design)
