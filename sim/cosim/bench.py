"""The cocotb bench: drives clock, reset and start of the wrapper, waits for the end, checks its flags.

Runs inside the simulator's process. `stream` is the only test here; protocol tests with per-cycle stimulus import `start`.
"""

import json
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge

CLOCK_PERIOD_PS = 7860
"""System clock, RF/4 = 127.216 MHz, to the even picosecond step; the logic does not depend on it."""
RESET_CYCLES = 4
COUNTS_FILE = "counts.json"


async def start(dut: Any) -> None:
    """Clock running, all wrapper inputs low, reset given and released."""
    for name in ("run", "manual", "manual_rst", "manual_valid", "manual_payload"):
        getattr(dut, name).value = 0
    dut.rst.value = 1
    Clock(dut.clk, CLOCK_PERIOD_PS, "ps").start()
    await ClockCycles(dut.clk, RESET_CYCLES)
    dut.rst.value = 0


@cocotb.test()
async def stream(dut: Any) -> None:
    """The whole stimulus file goes through the component; the wrapper's counts are left for the runner."""
    await start(dut)
    dut.run.value = 1
    await RisingEdge(dut.done)
    await ClockCycles(dut.clk, 1)
    assert dut.fault.value == 0, "stimulus is missing or ends inside a record, or results cannot be written"
    counts = {name: int(getattr(dut, name).value) for name in ("n_marks", "n_results", "cycle")}
    Path(COUNTS_FILE).write_text(json.dumps(counts))
