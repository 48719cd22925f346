"""Windows of segments for the displaced-vertex trigger: every kind, the model's answers row by row, and the beats of a window."""

import numpy as np

from sim.cosim import displaced
from sim.cosim.stimulus.displaced_grid_pairs import ABOVE, full_segments
from sim.cosim.stimulus.displaced_segments import SHARES, Kind, segment_windows
from sim.cosim.stream import get_bits
from sim.cosim.wrapper import HEADER_BITS, Header
from trigger.displaced import DisplacedTrigger
from trigger.displaced.grid import PATCH
from trigger.geometry.cdc import N_SUPERLAYERS, superlayers

N = 60


def test_beats_hold_the_segments_in_their_order():
    """A superlayer brings one segment per beat, in the order of the file; a window ends behind its last one."""
    assert len(SHARES) == len(Kind)
    windows, trigger = segment_windows(np.random.default_rng(2), N), DisplacedTrigger()
    declared = displaced.ports(trigger.parameters)
    words = displaced.records(declared, windows, 0, N, np.random.default_rng(3))[:, ::-1]
    header = 8 * words.shape[1] - HEADER_BITS
    marks = get_bits(words, header + Header.MARK, 1, False)
    assert (marks == get_bits(words, declared.input_low("in_last"), 1, False)).all()
    length = np.diff(np.flatnonzero(marks), prepend=-1)
    assert len(length) == N
    assert (length.min(), length.max() > displaced.CYCLES) == (displaced.CYCLES, True)
    window, hit, lines = np.repeat(np.arange(N), length), displaced.hits().Hit, superlayers()
    of_file = np.repeat(np.arange(N), np.diff(windows.offsets))
    for superlayer in range(N_SUPERLAYERS):
        low = declared.input_low("in_segments") + hit.size * superlayer
        there = get_bits(words, low + hit["valid"].offset, 1, False) == 1
        own = lines.of_segment[windows.columns[0]] == superlayer
        assert window[there].tolist() == of_file[own].tolist()
        columns = (windows.columns[0] - lines.offset[superlayer], *windows.columns[1:])
        for (name, signed), column in zip(
            (("number", False), ("priority", False), ("lr", False), ("time", True)), columns, strict=True
        ):
            given = get_bits(words, low + hit[name].offset, hit[name].width, signed)[there]
            assert given.tolist() == column[own].tolist()


def test_pairs_give_seeds_all_over_the_grid():
    """Every patch of bend and impact, and a vertex of two tracks in many windows."""
    trigger, n = DisplacedTrigger(), 400
    windows = segment_windows(np.random.default_rng(6), n)
    seeds, grid = trigger.seeds(windows.offsets, *windows.columns), trigger.parameters.grid
    place = [axis // PATCH for axis in np.divmod(seeds[:, 1], grid.n_impact)]
    count = np.zeros(grid.patches, int)
    np.add.at(count, tuple(place), 1)
    assert count.min() > 5
    assert set(seeds[:, 2]) == set(range(grid.n_phi))
    decision = trigger.run(windows.offsets, *windows.columns)
    assert (np.diff(decision.displaced_offsets) > 0).mean() > 0.1


def test_one_segment_too_many_is_all_that_is_lost():
    """Windows with 31 to 36 segments in a superlayer; with 33 and more the overflow says so."""
    trigger, n, room = DisplacedTrigger(), 300, DisplacedTrigger().parameters.max_segments
    made = full_segments(np.random.default_rng(7), n, trigger.parameters.grid)
    count = np.zeros((n, N_SUPERLAYERS), int)
    np.add.at(count, (made["window"], made["superlayer"]), 1)
    assert set(count.max(axis=1)) == set(range(room - 1, room + ABOVE + 1))
    assert (np.sort(count, axis=1)[:, -2] < room).all()
    ids = superlayers().offset[made["superlayer"]] + made["number"]
    offsets = np.searchsorted(made["window"], np.arange(n + 1))
    decision = trigger.run(offsets, ids, made["priority"], made["lr"], made["time"])
    assert decision.displaced_overflow[count.max(axis=1) > room].all()
    assert (decision.displaced_overflow[count.max(axis=1) <= room] == 0).sum() > 20


def test_rows_of_the_model():
    windows, trigger = segment_windows(np.random.default_rng(4), N), DisplacedTrigger()
    decision = trigger.run(windows.offsets, *windows.columns)
    wanted, window = displaced.expected(trigger.parameters, decision)
    assert set(wanted) == {field.name for field in displaced.fields(trigger.parameters)}
    ends = wanted["last"] == 1
    assert window[ends].tolist() == list(range(N))
    assert wanted["n_seeds"][ends].tolist() == decision.displaced_n_seeds.tolist()
    assert wanted["radius"][~ends].tolist() == decision.displaced_radius_raw.tolist()
    assert wanted["features"][~ends].tolist() == decision.displaced_features.tolist()
    assert (wanted["slot"][ends] == trigger.parameters.max_vertices).all()
    assert (np.diff(wanted["slot"])[np.diff(window) == 0] > 0).all(), "one answer per cycle"
    assert (~ends).sum() > 3
