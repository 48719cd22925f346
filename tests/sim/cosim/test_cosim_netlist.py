"""`verify --netlist`: the mapped component in place of its RTL, and one wrong cell in it."""

import re
import shutil
from dataclasses import replace

import pytest

from sim.cosim import campaign
from sim.cosim.campaign import Job
from sim.cosim.klm import klm_rtl, verify_klm
from sim.cosim.netlist import netlist_of
from sim.cosim.simulators import Simulator
from trigger.klm import KlmParameters

QUICKEST = Simulator.ICARUS if shutil.which("iverilog") else Simulator.VERILATOR
N_EVENTS = 150


@pytest.fixture(scope="module")
def mapped():
    """KLM trigger after synthesis."""
    return netlist_of(klm_rtl(KlmParameters()).design)


def job(folder) -> Job:
    return Job(n_events=N_EVENTS, out=folder / "record.json", simulator=QUICKEST, workers=1, netlist=True)


def test_the_netlist_decides_as_the_model(mapped, tmp_path):
    record = verify_klm(job(tmp_path))
    assert record["passed"]
    assert record["n_events"] == N_EVENTS
    assert record["latency_measured"] == {"2": N_EVENTS}
    assert record["netlist"] == mapped.about
    assert record["netlist"]["mapping"].startswith("synth_xilinx -family xcu")
    assert record["netlist"]["cells"]["FDRE"] > 0


def test_one_wrong_cell_is_found(mapped, tmp_path, monkeypatch):
    """The table of every eighth look-up table of six inputs is inverted."""
    cells = iter(range(10**6))

    def invert(cell: re.Match[str]) -> str:
        return f"64'h{int(cell[1], 16) ^ (2**64 - 1):016x}" if next(cells) % 8 == 0 else cell[0]

    text = re.sub(r"64'h([0-9a-f]+)", invert, mapped.design.verilog)
    assert text != mapped.design.verilog
    monkeypatch.setattr(campaign, "netlist_of", lambda _: replace(mapped, design=replace(mapped.design, verilog=text)))
    record = verify_klm(job(tmp_path), cache=tmp_path / "models")
    assert not record["passed"]
    assert record["mismatched_events"] > 0
