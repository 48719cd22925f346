"""A cocotb test that fails, and none that passes."""

from typing import Any

import cocotb


@cocotb.test()
async def fails(dut: Any) -> None:
    raise AssertionError("on purpose")
