"""The suite's process: interrupts reach it and what it starts, TensorFlow adds in one order, no test is timed."""

import gc
import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# A process started in the background of a shell ignores interrupts, and so would all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# TensorFlow reads these when it is loaded: one thread, no kernels that add in another order from run to run.
os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "TF_ENABLE_ONEDNN_OPTS": "0"}

# A first example may compile a kernel, and machines differ.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture
def not_elaborated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Components that are made for their numbers or ports alone are no mistake."""
    from amaranth.hdl import UnusedElaboratable

    monkeypatch.setattr(UnusedElaboratable, "_MustUse__silence", True)
    yield
    gc.collect()
