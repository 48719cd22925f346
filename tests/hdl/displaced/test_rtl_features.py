# amaranth: UnusedElaboratable=no
"""RTL of the features of a vertex and of its network: equal to the model for random and extreme tracks, one per cycle."""

import numpy as np
import pytest
from amaranth.hdl import Const

from hdl.cdc.neuro.codesign import CodesignMlp
from hdl.cdc.neuro.codesign_sums import SHORT
from hdl.displaced.features import VertexFeatures
from hdl.displaced.layout import Track
from trigger.cdc.neuro.formats import NODE, NODE_ONE
from trigger.displaced import features
from trigger.displaced.features import FEATURES
from trigger.displaced.fit import N_AXIAL
from trigger.displaced.formats import BEND, CHI2, CROSSING, DEPTH, IMPACT, SLOPE
from trigger.displaced.network import shipped_network
from trigger.displaced.tracks import make_tracks

AHEAD = 6
MAX_RADIUS = 400
LATENCY_BUDGET = 8
"""Cycles for features and network together, of the budget of the trigger."""


def spread(rng, low, high, n):
    """Integers in low..high: flat, at the ends, and near 0 or the middle."""
    kind = rng.integers(0, 4, n)
    near = np.clip(rng.integers(-3, 4, n), low, high)
    ends = np.where(rng.random(n) < 0.5, low, high)
    return np.select([kind == 0, kind == 1], [ends, near], rng.integers(low, high + 1, n))


def random_vertices(n):
    """Columns of n vertices: two rows for what both tracks have."""
    rng = np.random.default_rng(8)
    both = {
        "bend": (-BEND.raw_max, BEND.raw_max),
        "impact": (-IMPACT.raw_max, IMPACT.raw_max),
        "slope": (-SLOPE.raw_max, SLOPE.raw_max),
        "chi2": (0, CHI2.raw_max),
        "time": (-40, 700),
        "axial": (0, (1 << N_AXIAL) - 1),
        "n_stereo": (0, 4),
        "depth": (-DEPTH.raw_max, DEPTH.raw_max),
        "sine": (-CROSSING.raw_max, CROSSING.raw_max),
        "cosine": (0, CROSSING.raw_max),
    }
    columns = {name: np.stack([spread(rng, *ends, n), spread(rng, *ends, n)]) for name, ends in both.items()}
    equal = rng.random(n) < 0.1
    columns["bend"][1, equal] = columns["bend"][0, equal]
    return columns | {"radius": rng.integers(0, MAX_RADIUS + 1, n)}


def expected(columns, k):
    """Features of vertex k by the model."""
    tracks = make_tracks(2, 1)
    for side in range(2):
        tracks.values[side, :2] = columns["bend"][side, k], columns["impact"][side, k]
        tracks.lines[side, 1] = columns["slope"][side, k]
        tracks.chi2[side], tracks.times[side] = columns["chi2"][side, k], columns["time"][side, k]
        tracks.chosen[side] = np.where(columns["axial"][side, k] >> np.arange(N_AXIAL) & 1, 7, -1)
        tracks.n_stereo[side] = columns["n_stereo"][side, k]
    out = np.zeros(len(FEATURES), np.int16)
    pairs = (tuple(columns[name][:, k].tolist()) for name in ("depth", "sine", "cosine"))
    features.fill(tracks, 0, 1, int(columns["radius"][k]), *pairs, out)
    return out


def track(columns, side, k):
    """A track of a vertex as one number."""
    numbers = {name: int(columns[name][side, k]) for name in ("bend", "impact", "slope", "chi2", "time", "axial", "n_stereo")}
    axial = [{"there": numbers["axial"] >> layer & 1, "position": 5} for layer in range(N_AXIAL)]
    fields = {
        "found": 1,
        "t0": numbers["time"],
        "axial": axial,
        "transverse": {"bend": numbers["bend"], "impact": numbers["impact"]},
    }
    fields |= {name: numbers[name] for name in ("slope", "chi2", "n_stereo")}
    return Const.cast(Track.const(fields)).value


def test_features_are_those_of_the_model(bench):
    n = 400
    columns = random_vertices(n)
    dut = VertexFeatures(AHEAD)
    stimulus = [{} for _ in range(n + AHEAD + dut.LATENCY)]
    for k in range(n):
        stimulus[k] |= {name: track(columns, side, k) for side, name in enumerate(("in_one", "in_other"))}
        stimulus[k + AHEAD] |= {"in_radius": int(columns["radius"][k])}
        for port, name, kind in (("in_depths", "depth", DEPTH), ("in_sines", "sine", CROSSING), ("in_cosines", "cosine", CROSSING)):
            stimulus[k + AHEAD][port] = bench.packed(columns[name][:, k], kind.width)
    seen = bench.trace(dut, stimulus, ["out_x"])
    answers = [one["out_x"] for one in seen[AHEAD + dut.LATENCY :]]
    assert answers == [bench.packed(expected(columns, k), NODE.width) for k in range(n)]


def test_tracks_that_come_too_late_are_refused():
    with pytest.raises(ValueError, match="ahead must be at least 2 cycles, not 1"):
        VertexFeatures(1)


def test_shipped_network_answers_at_once(bench):
    """A vertex per cycle, within the budget, the same answers as the model."""
    network = shipped_network()
    dut = CodesignMlp(network, pipelining=SHORT)
    assert dut.INITIATION_INTERVAL == 1
    assert dut.LATENCY + VertexFeatures.LATENCY <= LATENCY_BUDGET
    rng = np.random.default_rng(3)
    x_raw = rng.integers(-NODE_ONE, NODE_ONE + 1, (60, len(FEATURES)))
    x_raw[::3] //= 16
    stimulus = [{"in_valid": 1, "in_x": bench.packed(row, NODE.width)} for row in x_raw] + [{"in_valid": 0}] * (dut.LATENCY + 1)
    seen = bench.trace(dut, stimulus, ["out_valid", "out_score"])
    assert [cycle for cycle, one in enumerate(seen) if one["out_valid"]] == [dut.LATENCY + k for k in range(len(x_raw))]
    assert [one["out_score"] for one in seen if one["out_valid"]] == network.run(x_raw)[:, 0].tolist()
