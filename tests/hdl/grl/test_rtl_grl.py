# amaranth: UnusedElaboratable=no
"""RTL of the GRL == model at full rate and with gaps; the protocol of its ports, latency and interval, a checker that can fail."""

import numpy as np
import pytest

from hdl.grl import beats
from hdl.grl.rings import quotient
from hdl.grl.trigger import GrlTrigger as Rtl
from sim.cosim import exchange, grl, runner, stream
from sim.cosim.compare import compare
from sim.cosim.stimulus.grl import GrlEvents, grl_events
from sim.cosim.wrapper import Header
from trigger.grl import GrlParameters, GrlTrigger
from trigger.grl.layout import DECISION_FIELDS, NOT_MODELLED

N_EVENTS = 4500
PARAMETERS = GrlParameters()


@pytest.fixture(scope="module")
def model():
    """Verilator model of the RTL with the experiment's parameters."""
    return runner.build(grl.grl_rtl(PARAMETERS).design)


@pytest.fixture(scope="module")
def events() -> GrlEvents:
    return grl_events(np.random.default_rng(17), N_EVENTS, PARAMETERS)


@pytest.fixture(scope="module")
def wanted(events):
    return GrlTrigger(PARAMETERS).run(**events.arguments()).arrays()


@pytest.mark.parametrize("with_gaps", [False, True])
def test_model_equals_rtl(model, events, wanted, with_gaps):
    """At full rate an event every 16 cycles; every modelled bit is 0 in some event and 1 in another."""
    n_beats = N_EVENTS * beats.N_BEATS
    rng = np.random.default_rng(2)
    idle = np.where(rng.random(n_beats) < 0.1, rng.integers(1, 50, n_beats), 0) if with_gaps else np.zeros(n_beats, int)
    answers = grl.simulate(model, events, Rtl.LATENCY, idle)
    outcome = compare(wanted, answers, DECISION_FIELDS)
    assert outcome.differences == ()
    assert outcome.is_equal(Rtl.LATENCY)
    absent = {one.name for one in NOT_MODELLED}
    for field in DECISION_FIELDS:
        bits = answers.arrays[field.name].reshape(N_EVENTS, -1)
        assert (bits.max(axis=0) > bits.min(axis=0)).all() != (field.name in absent), field.name


def test_latency_and_interval():
    """0.21 us after the last beat, as often as the ECL decides; a change does not go unnoticed."""
    assert (Rtl.LATENCY, Rtl.INITIATION_INTERVAL) == (27, 16)


@pytest.mark.parametrize("name", ["grl_ts", "grl_p5", "grl_cdcklm", "grl_inner_map"])
def test_one_edited_value_is_caught(model, events, wanted, name):
    answers = grl.simulate(model, events.slice(0, 100), Rtl.LATENCY, np.zeros(100 * beats.N_BEATS, int))
    edited = {key: array[:100].copy() for key, array in wanted.items()}
    edited[name].reshape(100, -1)[70, 0] ^= 1
    outcome = compare(edited, answers, DECISION_FIELDS)
    assert outcome.mismatched == (70,)
    assert outcome.differences[0].field == name


def test_protocol(model, events, wanted):
    """Unfinished events are dropped, beats outside an event ignored, and a reset forgets everything."""
    declared, n_beats = grl.ports(), beats.N_BEATS
    chosen = np.flatnonzero(wanted["grl_n_inner"] > 3)[:4]
    whole = [grl.records(declared, events.slice(k, k + 1), np.zeros(n_beats, int)) for k in chosen]

    def stray(records: np.ndarray, count: int, *, first: bool) -> np.ndarray:
        part = records[:count].copy()
        stream.put_header(part, flags=np.full(count, stream.flag(Header.VALID)), idle=np.zeros(count, int))
        part[0, -1] = part[0, -1] & 0xFE | first
        return part

    pause, reset = stream.empty_records(declared, 1), stream.empty_records(declared, 1)
    stream.put_header(pause, flags=np.zeros(1, int), idle=np.array([Rtl.LATENCY]))
    stream.put_header(reset, flags=np.array([stream.flag(Header.RESET)]), idle=np.array([3]))
    stimulus = [
        stray(whole[3], n_beats, first=False),
        whole[0],
        stray(whole[3], n_beats, first=False),
        stray(whole[3], 9, first=True),
        whole[1],
        pause,
        stray(whole[3], 15, first=True),
        reset,
        stray(whole[3], n_beats, first=False),
        whole[2],
    ]
    response = exchange.exchange(model, stimulus, 3)
    arrays = exchange.decode_fields(declared, DECISION_FIELDS, response.results)
    assert (response.cycles - response.marks == Rtl.LATENCY).all()
    for field in DECISION_FIELDS:
        assert np.array_equal(arrays[field.name], wanted[field.name][chosen[:3]]), field.name


def test_wire_format_holds_what_it_must():
    assert beats.N_BEATS * beats.SEGMENT_BITS == 992
    assert (beats.FLAG_BEAT, beats.FIRST_TRACK_BEAT) == (3, 4)
    assert beats.Track.size == beats.SLOT_BITS == 32


@pytest.mark.parametrize(("divisor", "width"), [(160, 13), (720, 13), (5, 8), (7, 3)])
def test_quotient(divisor, width):
    """Every value, in Amaranth's simulator."""
    from amaranth.hdl import Module, Signal
    from amaranth.sim import Simulator

    m, value, answer = Module(), Signal(width), Signal(width)
    m.d.comb += answer.eq(quotient(value, divisor))
    found = []

    async def bench(ctx) -> None:
        for number in range(1 << width):
            ctx.set(value, number)
            found.append(ctx.get(answer))

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
    assert found == [number // divisor for number in range(1 << width)]
