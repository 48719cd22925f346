"""The ECL RTL in the bench: against the answers of the published simulation, and under a disturbed protocol."""

from pathlib import Path

import numpy as np
import pytest

from sim.cosim import ecl, runner, stream, wrapper
from sim.cosim.compare import compare
from sim.cosim.exchange import decode_fields
from sim.cosim.stimulus.cuts import Cuts
from sim.cosim.stimulus.fills import RandomFill
from sim.cosim.stimulus.timed import Timed
from sim.cosim.wrapper import Header
from trigger.ecl import EclTrigger, choose_window
from trigger.ecl.layout import DECISION_FIELDS

REFERENCE = Path(__file__).parents[2] / "reference" / "ecl_decisions.npz"
RENAMED = {"b3d_intrack": "bhabha3d_intrack", "b3d_sel_theta": "bhabha3d_theta", "bg_veto": "bgveto"}
NOT_COMPARED = {"offsets", "tc_id", "adc", "category", "trg", "n_before_limit", "bhabha2d_raw"}
TRIGGER = EclTrigger()


@pytest.fixture(scope="module")
def published():
    """(events, decisions): decisions of the published simulation, fields that it does not have from the model."""
    with np.load(REFERENCE, allow_pickle=False) as file:
        arrays = dict(file)
    events = {f"ecl_{name}": arrays[name] for name in ("offsets", "tc_id", "adc")}
    answers = {f"ecl_{RENAMED.get(name, name)}": array for name, array in arrays.items() if name not in NOT_COMPARED}
    decisions = TRIGGER.run(*events.values()).arrays()
    known = {f.name: answers[f.name].astype(f.dtype) for f in DECISION_FIELDS if f.name in answers}
    assert len(known) > 20
    return events, decisions | known


@pytest.fixture(scope="module")
def answered(published, rtl, model):
    return ecl.simulate(model, ecl.windows_of(published[0]), rtl.latency)


def test_the_rtl_answers_as_the_published_simulation(published, answered, rtl):
    outcome = compare(published[1], answered)
    assert outcome.differences == ()
    assert outcome.is_equal(rtl.latency)
    assert outcome.n_events == 4000


@pytest.mark.parametrize(("field", "event"), [("ecl_lml", 0), ("ecl_cluster_adc", 1234), ("ecl_bhabha3d_sel", 3999)])
def test_one_edited_golden_value_is_caught(published, answered, rtl, field, event):
    golden = published[1] | {field: published[1][field].copy()}
    golden[field][event] ^= 1
    outcome = compare(golden, answered)
    assert outcome.mismatched == (event,)
    assert {row.field for row in outcome.differences} == {field}
    assert not outcome.is_equal(rtl.latency)


def test_windows_are_the_chosen_ones_with_times_from_their_start():
    events = Timed(RandomFill(Cuts(TRIGGER.thresholds))).make(200, 0, np.random.default_rng(5))
    windows = ecl.windows_of(events)
    offsets, tc_id, adc, time, start = choose_window(*(events[f"ecl_{n}"] for n in ("offsets", "tc_id", "adc", "time", "phase")))
    np.testing.assert_array_equal(windows.offsets, offsets)
    np.testing.assert_array_equal(windows.tc_id, tc_id)
    np.testing.assert_array_equal(windows.adc, adc)
    np.testing.assert_array_equal(windows.time + np.repeat(windows.start, np.diff(offsets)), time)
    np.testing.assert_array_equal(windows.start, start)
    assert windows.time.min() >= 0
    assert windows.time.max() < 256


def test_taken_and_concatenated_windows_are_the_same_windows():
    source = RandomFill(Cuts(TRIGGER.thresholds))
    one, two = (ecl.windows_of(source.make(30, 0, np.random.default_rng(seed))) for seed in (1, 2))
    both = ecl.concatenate([one, two])
    order = np.random.default_rng(3).permutation(60)
    taken = both.take(order)
    for place, event in enumerate(order.tolist()):
        part, row = (one, event) if event < 30 else (two, event - 30)
        for name in ("tc_id", "adc", "time"):
            expected = getattr(part, name)[part.offsets[row] : part.offsets[row + 1]]
            np.testing.assert_array_equal(getattr(taken, name)[taken.offsets[place] : taken.offsets[place + 1]], expected)
        assert taken.start[place] == part.start[row]


def test_every_complete_window_of_a_disturbed_stream_is_answered_and_no_other(rtl, model, tmp_path):
    """Random unfinished windows, stray beats, idle gaps and resets between and inside windows."""
    rng = np.random.default_rng(11)
    events = Timed(RandomFill(Cuts(TRIGGER.thresholds))).make(120, 0, rng)
    windows = ecl.windows_of(events)
    n_beats = ecl.beats().N_BEATS
    records = ecl.records(windows, ecl.random_idle(rng, windows.n_events)).reshape(windows.n_events, n_beats, -1)
    reset = stream.empty_records(ecl.ports(), 1)
    stream.put_header(reset, flags=np.array([stream.flag(Header.RESET)]), idle=np.array([1]))
    pause = stream.empty_records(ecl.ports(), 1)
    stream.put_header(pause, flags=np.array([0]), idle=np.array([rtl.latency]))
    parts, answered = [], []
    for event, beats in enumerate(records):
        cut = int(rng.integers(1, n_beats))
        kind = event % 6
        if kind == 0:
            parts.append(beats[:cut])
        elif kind == 1:
            parts += [pause, reset, beats[cut:]]
        elif kind == 2:
            parts += [pause, beats[:cut], reset, beats[cut:]]
        elif kind == 3:
            parts += [pause, beats, reset]
        else:
            parts.append(beats)
            answered.append(event)
    np.concatenate(parts).tofile(tmp_path / wrapper.STIMULUS_FILE)
    runner.run(model, tmp_path)
    response = stream.read_response(ecl.ports(), tmp_path)
    decoded = decode_fields(ecl.ports(), DECISION_FIELDS, response.results)
    decision = TRIGGER.run(*(events[f"ecl_{name}"] for name in ("offsets", "tc_id", "adc", "time", "phase"))).arrays()
    assert len(response.cycles) == len(answered)
    for name, array in decision.items():
        np.testing.assert_array_equal(decoded[name], array[answered], err_msg=name)
    assert set(response.cycles - rtl.latency) <= set(response.marks)


def test_an_answer_lost_between_bench_and_reader_is_an_error(model, rtl, monkeypatch):
    windows = ecl.windows_of(RandomFill(Cuts(TRIGGER.thresholds)).make(20, 0, np.random.default_rng(1)))
    read = stream.read_response

    def lossy(ports, folder):
        response = read(ports, folder)
        return stream.Response(marks=response.marks, cycles=response.cycles[1:], results=response.results[1:])

    monkeypatch.setattr(ecl.stream, "read_response", lossy)
    with pytest.raises(runner.SimulationError, match="bench counted"):
        ecl.simulate(model, windows, rtl.latency)
