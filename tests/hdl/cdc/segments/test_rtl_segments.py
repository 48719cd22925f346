# amaranth: UnusedElaboratable=no
"""RTL of the segment finders: the priority rule in full, a segment by hand, every kind of event, the protocol, broken RTL."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from amaranth.hdl import Cat
from amaranth.lib import data

from hdl.cdc.segments import finder as finder_module
from hdl.cdc.segments.chamber import ChamberSegments
from hdl.cdc.segments.finder import SegmentFinder as Rtl
from hdl.cdc.segments.layout import Cell
from hdl.cdc.segments.priority import Priority
from hdl.cdc.segments.ring import Ring
from hdl.logic import delayed
from sim.cosim import exchange, hough, runner, segments, stream, verify_tracks
from sim.cosim.compare import compare
from sim.cosim.rtl import rtl_of
from sim.cosim.stimulus.wires import wire_events
from sim.cosim.wrapper import Header
from trigger.cdc.segments import LeftRightTable, SegmentFinder
from trigger.cdc.segments.shapes import HOURGLASS, PYRAMID
from trigger.cdc.segments.word import unpack
from trigger.geometry.cdc import N_SECTORS

CHOSEN = (0, 1, 8)
"""The pyramid, a stereo superlayer, and the one whose local ids are shifted."""
WORDS = {0: slice(0, 5), 1: slice(5, 10), 8: slice(10, 22)}


@pytest.fixture(scope="module")
def finders():
    """(RTL, Verilator model) of the chosen superlayers."""
    rtl = verify_tracks.segments_rtl(CHOSEN)
    return rtl, runner.build(rtl.design)


@pytest.fixture(scope="module")
def events():
    return wire_events(np.random.default_rng(5), 1000)


def expected(events, chosen=CHOSEN):
    return segments.expected(SegmentFinder().run(events.offsets, events.wire_id, events.time), events.clock, chosen)


def answered(finders, events, idle=None, chosen=CHOSEN):
    rtl, model = finders
    idle = hough.full_rate(events.n_events) if idle is None else idle
    answers = segments.simulate(model, events, rtl.latency, idle, chosen=chosen)
    return compare(expected(events, chosen), answers, segments.fields(chosen)), answers


@pytest.mark.parametrize("shape", [PYRAMID, HOURGLASS])
def test_priority_rule_in_full(bench, shape):
    """All hits of the three priority wires, with the second ones before, at and after each other."""
    cases = list(product([0, 1], [0, 1], [0, 1], [7, 8, 9]))
    stimulus = []
    for first, right, left, time in cases:
        cells = [0] * shape.bits
        cells[shape.first] = first | 200 << 1
        cells[shape.first + 1], cells[shape.first + 2] = right | 8 << 1, left | time << 1
        stimulus.append({"cells": bench.packed(cells, 9)})
    for (first, right, left, time), out in zip(cases, bench.trace(Priority(shape), stimulus, ("position", "time")), strict=True):
        wanted = (3, 200)
        if not first:
            wanted = (2, time) if left and (time < 8 or not right) else (1, 8)
        if first or right or left:
            assert (out["position"], out["time"]) == wanted


def test_a_segment_by_hand_across_the_seam(finders):
    """Segment 0 of superlayer 8 with the last wires of two layers; local id 16, clock 5, time 2 after it: 82."""
    wires, ticks = np.array([12032 + 383, 12416 + 383, 12800, 13184 + 383]), np.array([4, 3, 2, 1])
    pattern = 1 << 0 | 1 << 3 | 1 << 5 | 1 << 6
    side = int(LeftRightTable.default().outer[2 * pattern])
    events = segments.Wires(offsets=np.array([0, 4]), wire_id=wires, time=80 + ticks, clock=np.array([5]))
    outcome, answers = answered(finders, events)
    assert outcome.is_equal(finders[0].latency)
    words = answers.arrays["words"]
    assert np.argwhere(words).tolist() == [[0, 10]]
    assert [int(field) for field in unpack(words[0, 10])] == [16, 82, side, 3]
    assert answers.arrays["counts"][:9, 2].tolist() == [1] * 8 + [0]


def test_every_kind_of_event_at_full_rate_and_with_gaps(finders, events):
    for idle in (hough.full_rate(1000), hough.random_idle(np.random.default_rng(6), 1000)):
        outcome, answers = answered(finders, events, idle)
        assert outcome.differences == ()
        assert outcome.is_equal(finders[0].latency)
        assert outcome.latencies == {9: 1000 * N_SECTORS}
    words = answers.arrays["words"]
    for columns in WORDS.values():
        fired = (words[:, columns] != 0).reshape(1000, N_SECTORS, -1)
        assert fired.any(axis=0).all(), "every segment is found"
        position, side = (np.unique(field[words[:, columns] != 0]) for field in unpack(words[:, columns])[:1:-1])
        assert position.tolist() == side.tolist() == [1, 2, 3]
    assert answers.arrays["overflow"].any(axis=0).all(), "links are full in every superlayer"


def test_latency_and_interval():
    """71 ns after the last wires; a change does not go unnoticed."""
    for component in (Rtl(1), ChamberSegments([Rtl(1)])):
        assert component.LATENCY == 9
        assert component.INITIATION_INTERVAL == 64


def test_a_dropped_frame_is_caught(finders, events, monkeypatch):
    make = segments.records

    def without_first_flag(declared, events, idle, chosen):
        records = make(declared, events, idle, chosen)
        records[100 * N_SECTORS, -1] &= 0xFE
        return records

    monkeypatch.setattr(segments, "records", without_first_flag)
    outcome, _ = answered(finders, events.slice(0, 300))
    assert not outcome.is_equal(finders[0].latency)
    assert outcome.missing == tuple(range(100 * N_SECTORS, 101 * N_SECTORS))
    assert outcome.mismatched == ()


def test_protocol(finders, events):
    """Unfinished frames are dropped, beats outside a frame ignored, and a reset forgets everything."""
    declared = segments.ports(CHOSEN)
    beats = [segments.records(declared, events.slice(k, k + 1), np.ones(N_SECTORS, int), CHOSEN) for k in range(4)]

    def stray(records: np.ndarray, n_beats: int, *, first: bool) -> np.ndarray:
        part = records[:n_beats].copy()
        stream.put_header(part, flags=np.full(n_beats, stream.flag(Header.VALID)), idle=np.full(n_beats, 3))
        part[0, -1] = part[0, -1] & 0xFE | first
        return part

    reset = stream.empty_records(declared, 1)
    stream.put_header(reset, flags=np.array([stream.flag(Header.RESET)]), idle=np.array([3]))
    stimulus = [
        stray(beats[3], N_SECTORS, first=False),
        beats[0],
        stray(beats[3], 20, first=True),
        beats[1],
        stray(beats[3], 31, first=True),
        reset,
        stray(beats[3], N_SECTORS, first=False),
        beats[2],
    ]
    response = exchange.exchange(finders[1], stimulus, 3)
    assert (response.cycles == (response.marks[:, None] + 9 + np.arange(N_SECTORS)).ravel()).all()
    arrays = exchange.decode_fields(declared, segments.fields(CHOSEN), response.results)
    wanted = expected(events.slice(0, 3))
    for name, values in arrays.items():
        assert np.array_equal(values, wanted[name]), name


class LeftOnTies(Priority):
    """Pyramids whose left wire wins a tie."""

    def elaborate(self, platform):
        m = super().elaborate(platform)
        if self._shape is PYRAMID:
            first, right, left = data.View(data.ArrayLayout(Cell, 3), self.cells[: 3 * Cell.size])
            with m.If(~first.hit & right.hit & left.hit & (left.time == right.time)):
                m.d.comb += self.position.eq(2)
        return m


class OpenRing(Ring):
    """Superlayer 1 without the wires before its first one."""

    def elaborate(self, platform):
        m = super().elaborate(platform)
        if self._layout.superlayer == 1:
            with m.If(self.sector == 0):
                m.d.comb += [data.View(self._layout.window, self.window)[layer][0].eq(0) for layer in range(5)]
        return m


class LateChamber(ChamberSegments):
    """Everything a cycle late."""

    def elaborate(self, platform):
        m, first = super().elaborate(platform), self._finders[0]
        m.d.comb += [
            self.out_valid.eq(delayed(m, first.out_valid, 1, "late_valid")),
            self.out_sector.eq(delayed(m, first.out_sector, 1, "late_sector")),
            self.out_clock.eq(delayed(m, first.out_clock, 1, "late_clock")),
            self.out_words.eq(delayed(m, Cat(one.out_words for one in self._finders), 1, "late_words")),
        ]
        return m


def test_broken_rtl_is_caught(events, monkeypatch):
    """A tie for the left wire, a ring that is cut, one wrong table value, a late answer: each is seen, where it is."""
    table = LeftRightTable.default()
    seen = SegmentFinder().run(events.offsets, events.wire_id, events.time)
    of_superlayer_2 = (seen.cdc_ts_id >= 320) & (seen.cdc_ts_id < 512)
    addresses = 2 * seen.pattern[of_superlayer_2].astype(int) + (seen.cdc_priority[of_superlayer_2] == 2)
    outer = table.outer.copy()
    outer[addresses[0]] = outer[addresses[0]] % 3 + 1
    monkeypatch.setattr(finder_module, "Priority", LeftOnTies)
    monkeypatch.setattr(finder_module, "Ring", OpenRing)
    chosen = (0, 1, 2)
    component = LateChamber([Rtl(0), Rtl(1), Rtl(2, replace(table, outer=outer))])
    rtl = rtl_of(component, component.LATENCY, segments.ports(chosen), ("broken",))
    outcome, answers = answered((rtl, runner.build(rtl.design)), events, chosen=chosen)
    assert not outcome.is_equal(rtl.latency)
    assert outcome.latencies == {10: 1000 * N_SECTORS}
    wrong = expected(events, chosen)["words"] != answers.arrays["words"]
    rows, places = np.nonzero(wrong)
    assert 0 < np.count_nonzero(places < 5) < len(seen.cdc_ts_id) // 100
    ring = rows[(places >= 5) & (places < 10)] % N_SECTORS
    assert len(ring) > 0
    assert (ring == 0).all()
    assert np.count_nonzero(places >= 10) == np.count_nonzero(addresses == addresses[0])


def test_bad_superlayer():
    with pytest.raises(ValueError, match="superlayer must be 0..8, not 9"):
        Rtl(9)
