# amaranth: UnusedElaboratable=no
"""RTL of the clocked segment finder: segments across frames, gaps, lost beats, resets and slips by hand; streams; broken RTL."""

from dataclasses import replace

import numpy as np
import pytest

from hdl.cdc.segments import stream as stream_module
from hdl.cdc.segments.octant import OctantFinder
from hdl.cdc.segments.stream import SegmentStream as Rtl
from hdl.cdc.segments.stream_layout import StreamLayout
from sim.cosim import runner, segment_stream
from sim.cosim.compare import compare
from sim.cosim.rtl import rtl_of
from sim.cosim.simulators import Simulator
from sim.cosim.stimulus.wire_streams import wire_streams
from sim.cosim.verify_stream import OCTANTS, stream_rtl
from trigger.cdc.segments.shapes import segment_wires
from trigger.cdc.segments.word import unpack

SEGMENT = 512 - 192 - 1
"""The last one of superlayer 1: its wires reach across the seam; the last of an octant's sector."""
COLUMN = 9
"""Its place in the words of an answer: behind five of superlayer 0."""
WIRES = segment_wires()[SEGMENT].tolist()
CYCLE = 3
"""Cycle of its sector in a data clock."""


@pytest.fixture(scope="module")
def finder():
    """(RTL, Verilator model) of the octants of the verification."""
    rtl = stream_rtl()
    return rtl, runner.build(rtl.design)


def streams_of(*runs, n_clocks=40, first_clock=0):
    """Runs of hits (bit of SEGMENT, time), undisturbed."""
    n = len(runs)
    cycles = np.arange(4 * n_clocks)
    return segment_stream.WireStreams(
        offsets=np.cumsum([0, *(len(hits) for hits in runs)]),
        wire_id=np.array([WIRES[bit] for hits in runs for bit, _ in hits], np.int16),
        time=np.array([time for hits in runs for _, time in hits], np.int64),
        n_cycles=np.full(n, len(cycles)),
        n_stray=np.arange(n) % 3,
        arrives=np.ones((n, len(cycles)), bool),
        first=np.tile(cycles % 4 == 0, (n, 1)),
        clock=np.tile((first_clock + cycles // 4) % 512, (n, 1)),
    )


def answered(finder, streams, octants=OCTANTS):
    rtl, model = finder
    answers = segment_stream.simulate(model, streams, octants, rtl.latency)
    outcome = compare(segment_stream.expected(streams, octants, rtl.latency), answers, segment_stream.fields(octants))
    return outcome, answers


def words(finder, streams):
    """(cycle of all runs, position, time) of the words of SEGMENT; the model says the same."""
    outcome, answers = answered(finder, streams)
    assert outcome.differences == ()
    assert outcome.is_equal(finder[0].latency)
    sent = answers.arrays["words"][:, COLUMN]
    fields = unpack(sent[sent != 0].astype(np.int64))
    assert set(fields.local_id.tolist()) <= {39}
    return list(zip(np.flatnonzero(sent).tolist(), fields.position.tolist(), fields.time.tolist(), strict=True))


ACROSS = ((0, 250), (3, 255), (5, 256), (9, 259))
"""Four layers at the edge of two frames: the third and fourth hits come in data clock 16."""


def test_a_segment_across_two_frames_at_any_data_clock(finder):
    """It is sent in the data clock of its fourth layer; times go on from the number of the first data clock, modulo 512."""
    assert words(finder, streams_of(ACROSS)) == [(4 * 16 + CYCLE, 3, 256)]
    assert words(finder, streams_of(ACROSS, first_clock=505)) == [(4 * 16 + CYCLE, 3, (256 + 16 * 505) % 512)]


def test_back_to_back_segments_share_hits_until_they_leave(finder):
    """The segment again, 16 to 18 data clocks later.

    16 and 17: in clock 32 the first two hits have left, the others are still there beside new ones; in clock 33 those have left.
    18: nothing is left when the first new hit comes.
    """
    for period, sent in ((16, [(32, 256), (33, 0)]), (17, [(32, 256), (33, 16)]), (18, [(34, 32)])):
        again = [(bit, time + 16 * period) for bit, time in ACROSS]
        wanted = [(4 * clock + CYCLE, 3, time) for clock, time in [(16, 256), *sent]]
        assert words(finder, streams_of([*ACROSS, *again], n_clocks=60)) == wanted


def test_a_lost_beat_takes_its_hits_and_the_clock_goes_on(finder):
    """Without the beat of data clock 15 two layers are left; in a gap before or behind it nothing changes."""
    streams = streams_of(ACROSS, ACROSS, ACROSS)
    streams.arrives[0, 4 * 15 + CYCLE] = False
    streams.arrives[1, 4 * 3 : 4 * 15 + CYCLE] = False
    streams.arrives[2, 4 * 15 + CYCLE + 1 : 4 * 16 + CYCLE] = False
    answers_per_run = 4 * 40 - finder[0].latency + 1
    assert [cycle // answers_per_run for cycle, _, _ in words(finder, streams)] == [1, 2]


def test_a_reset_between_the_hits_of_a_segment_forgets_them(finder):
    """The first run ends after the first two layers; the next one gets the other two, and then the whole segment."""
    before, behind = ACROSS[:2], [(bit, time - 256) for bit, time in ACROSS[2:]]
    streams = streams_of(before, behind, ACROSS)
    streams.n_cycles[:] = (4 * 16 + 2, 4 * 40, 4 * 40 - 1)
    sent = words(finder, streams)
    first_of_last = int(segment_stream.answered(streams, finder[0].latency)[:2].sum())
    assert [cycle - first_of_last for cycle, _, _ in sent] == [4 * 16 + CYCLE]


def test_nothing_of_a_run_is_left_in_the_first_data_clock_of_the_next(finder):
    """Every wire of the octant is hit up to the reset and from the first data clock on; resets in any cycle, stray beats."""
    near = segment_wires()[segment_stream.segments_of(OCTANTS[1:2])]
    wires = np.unique(near[near >= 0])
    times = np.repeat(16 * np.arange(6), len(wires))
    n_runs = 24
    streams = streams_of(*n_runs * [()], n_clocks=6)
    cycles = 24 - np.arange(n_runs) % 5
    streams = replace(
        streams,
        offsets=np.arange(n_runs + 1) * len(times),
        wire_id=np.tile(wires, 6 * n_runs).astype(np.int16),
        time=np.tile(times, n_runs),
        n_cycles=cycles,
        n_stray=np.arange(n_runs) % 7,
    )
    kept = streams.time // 16 < cycles[streams.run] // 4
    offsets = np.concatenate([[0], np.cumsum(kept)])[streams.offsets]
    outcome, _ = answered(finder, replace(streams, offsets=offsets, wire_id=streams.wire_id[kept], time=streams.time[kept]))
    assert outcome.differences == ()
    assert outcome.is_equal(finder[0].latency)


def test_wrong_marks_are_reported_and_do_not_shift_the_clock(finder):
    streams = streams_of(ACROSS)
    streams.first[0, 9] = True
    streams.first[0, 12] = False
    streams.clock[0, 20] += 1
    streams.clock[0, 21] += 1
    assert words(finder, streams) == [(4 * 16 + CYCLE, 3, 256)]
    _, answers = answered(finder, streams)
    assert np.flatnonzero(answers.arrays["slip"]).tolist() == [9, 12, 20], "the number counts at the beginning of a data clock"


def test_streams_of_every_kind(finder):
    streams = wire_streams(np.random.default_rng(4), 160, OCTANTS)
    outcome, answers = answered(finder, streams)
    assert outcome.differences == ()
    assert outcome.is_equal(finder[0].latency)
    assert (answers.arrays["words"] != 0).any(axis=0).all()
    assert answers.arrays["slip"].any()


def test_lost_beats_that_the_model_does_not_know_of_are_caught(finder):
    streams, (rtl, model) = wire_streams(np.random.default_rng(5), 40, OCTANTS), finder
    wanted = segment_stream.expected(replace(streams, arrives=np.ones_like(streams.arrives)), OCTANTS, rtl.latency)
    answers = segment_stream.simulate(model, streams, OCTANTS, rtl.latency)
    assert compare(wanted, answers, segment_stream.fields(OCTANTS)).mismatched


def test_another_latency_is_caught(finder):
    """A cycle less would answer one more beat before each reset."""
    streams, (rtl, model) = wire_streams(np.random.default_rng(5), 40, OCTANTS), finder
    wanted = segment_stream.expected(streams, OCTANTS, rtl.latency - 1)
    answers = segment_stream.simulate(model, streams, OCTANTS, rtl.latency - 1)
    assert not compare(wanted, answers, segment_stream.fields(OCTANTS)).is_equal(rtl.latency - 1)


def test_latency_and_interval():
    """47 ns; four beats a data clock."""
    assert (Rtl.LATENCY, Rtl.INITIATION_INTERVAL) == (6, 4)
    with pytest.raises(ValueError, match="octant must be 0..7, not 8"):
        StreamLayout(1, 8)


class Careless(OctantFinder):
    """Does not look at hits that leave the window."""

    def _is_sent(self, m, k, value, position, left, is_first):
        return super()._is_sent(m, k, value, position, left & False, is_first)


def test_broken_rtl_is_caught(monkeypatch):
    """In Icarus, one octant: wrong words and nothing else."""
    octants = ((1, 7),)
    monkeypatch.setattr(stream_module, "OctantFinder", Careless)
    component = Rtl([StreamLayout(*octants[0])])
    rtl = rtl_of(component, component.LATENCY, segment_stream.ports(octants), ("broken",))
    streams = wire_streams(np.random.default_rng(6), 40, octants)
    outcome, _ = answered((rtl, runner.build(rtl.design, Simulator.ICARUS)), streams, octants)
    assert outcome.mismatched
    assert outcome.missing == ()
    assert {row.field for row in outcome.differences} == {"words"}
