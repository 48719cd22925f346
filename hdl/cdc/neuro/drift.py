"""Drift times: from the event time, cut to the range of the input."""

from amaranth.hdl import Module, Mux, Signal, Value, signed

from hdl.cdc.neuro.segments import Time
from trigger.cdc.neuro.inputs import TIME_MAX_LOG2

DRIFT_BITS = TIME_MAX_LOG2 + 1


def drift_time(m: Module, time: Value, has_t0: Value, t0: Value, name: str) -> Signal:
    """Drift time of a segment in time units; 0 without an event time."""
    difference, drift = Signal(signed(Time.width + 1), name=f"difference_{name}"), Signal(DRIFT_BITS, name=f"drift_{name}")
    is_long = difference[TIME_MAX_LOG2:-1].any()
    m.d.comb += difference.eq(time - t0)
    with m.If(has_t0 & ~difference[-1]):
        m.d.comb += drift.eq(Mux(is_long, 1 << TIME_MAX_LOG2, difference[:TIME_MAX_LOG2]))
    return drift
