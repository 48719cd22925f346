# amaranth: UnusedElaboratable=no
"""RTL of the classic network: published outputs, every reuse factor and weight store, corners, latency and interval."""

import numpy as np
import pytest

from hdl.cdc.neuro.activation import Activation
from hdl.cdc.neuro.beats import Lanes
from hdl.cdc.neuro.mlp import ClassicMlp as Rtl
from hdl.cdc.neuro.weights import WeightStore
from sim.cosim import neuro, runner, verify_tracks
from sim.cosim.compare import compare
from sim.cosim.stimulus.aimed_vectors import vectors_for
from sim.cosim.stimulus.vectors import corner_networks, corner_vectors, random_network, random_vectors
from trigger.cdc.neuro import ClassicMlp
from trigger.cdc.neuro.activation import ADDRESS_SHIFT
from trigger.cdc.neuro.formats import ACCUMULATOR, NODE, NODE_ONE, WEIGHT
from trigger.fixed import Fixed, Overflow, Rounding

BUDGET_CYCLES = 38
"""300 ns at 127.216 MHz. Source: DESIGN of this project, section 5."""
CYCLES_PER_CLOCK = 4
NODE_13 = Fixed(width=13, fraction=12, signed=True, rounding=Rounding.TRN, overflow=Overflow.SAT)


def published_network(bench) -> ClassicMlp:
    """The network of the published outputs: for each output node its inputs, then its bias."""
    flat = bench.published("neuro_fixed")["net_weight_int"].astype(np.int64)
    first, second = flat[: 81 * 28].reshape(81, 28), flat[81 * 28 :].reshape(2, 82)
    return ClassicMlp([first[:, :-1], second[:, :-1]], [first[:, -1], second[:, -1]])


@pytest.fixture(scope="module")
def full(bench):
    """(networks, RTL, interval, Verilator model) of the full size: the published network and four corner networks."""
    networks = [published_network(bench), *corner_networks(np.random.default_rng(3))[1:]]
    rtl, interval = verify_tracks.neuro_rtl(networks)
    return networks, rtl, interval, runner.build(rtl.design)


def test_published_outputs(bench, full):
    _, rtl, interval, model = full
    reference = bench.published("neuro_fixed")
    n_vectors = len(reference["x_int"])
    vectors = neuro.Vectors(x_raw=reference["x_int"], expert=np.zeros(n_vectors, int))
    answers = neuro.simulate(model, vectors, rtl.latency, np.full(n_vectors, interval - 1))
    wanted = {"z": reference["out_int"][:, 0], "theta": reference["out_int"][:, 1]}
    outcome = compare(wanted, answers, neuro.fields())
    assert outcome.differences == ()
    assert outcome.is_equal(rtl.latency)
    assert outcome.n_events == 1146


def test_corner_networks_on_random_corner_and_aimed_vectors_with_gaps(full):
    networks, rtl, interval, model = full
    rng = np.random.default_rng(11)
    vectors = vectors_for(rng, 4000, networks)
    idle = interval - 1 + np.where(rng.random(4000) < 0.2, rng.integers(0, 60, 4000), 0)
    wanted = neuro.expected(networks, vectors)
    assert np.unique(wanted["z"][vectors.expert == 3]).tolist() == [1], "a sum of zero answers +1"
    assert {-NODE_ONE, NODE_ONE} <= set(wanted["z"][vectors.expert == 1].tolist()), "saturation is reached"
    outcome = compare(wanted, neuro.simulate(model, vectors, rtl.latency, idle), neuro.fields())
    assert outcome.differences == ()
    assert outcome.is_equal(rtl.latency)


def test_full_size_meets_the_budget(full):
    _, rtl, interval, _ = full
    assert rtl.latency <= BUDGET_CYCLES
    assert interval <= CYCLES_PER_CLOCK


def test_one_changed_weight_is_caught(full):
    networks, rtl, interval, model = full
    vectors = random_vectors(np.random.default_rng(5), 500, 1)
    answers = neuro.simulate(model, vectors, rtl.latency, np.full(500, interval - 1))
    assert compare(neuro.expected(networks[:1], vectors), answers, neuro.fields()).is_equal(rtl.latency)
    changed = [weights.copy() for weights in networks[0].weights]
    changed[0][40, 13] += 1
    outcome = compare(neuro.expected([ClassicMlp(changed, networks[0].biases)], vectors), answers, neuro.fields())
    assert outcome.mismatched
    assert {row.field for row in outcome.differences} <= {"z", "theta"}
    assert not outcome.is_equal(rtl.latency + 1)


def run(bench, dut: Rtl, x_raw: np.ndarray, expert: np.ndarray, spacing: int) -> list[tuple[int, int, int]]:
    """(cycle, z, theta) of every answer, with a vector every `spacing` cycles from cycle 0 on."""
    n_cycles = spacing * len(x_raw) + dut.LATENCY + 2
    stimulus: list[dict[str, int]] = [{"in_valid": 0, "in_x": (1 << 27 * 14) - 1} for _ in range(n_cycles)]
    for k, (vector, number) in enumerate(zip(x_raw, expert, strict=True)):
        stimulus[k * spacing] = {"in_valid": 1, "in_expert": int(number), "in_x": bench.packed(vector, NODE.width)}
    seen = bench.trace(dut, stimulus, ["out_valid", "out_z", "out_theta"])
    return [(cycle, one["out_z"], one["out_theta"]) for cycle, one in enumerate(seen) if one["out_valid"]]


@pytest.mark.parametrize("store", WeightStore)
@pytest.mark.parametrize("n_networks", [1, 3])
@pytest.mark.parametrize("reuse", [1, 2, 4, 5, 27, 100])
def test_every_reuse_and_store_is_the_same_network(bench, reuse, n_networks, store):
    """Back to back at the declared interval; reuse 5 leaves an empty lane, 100 exceeds both layers."""
    rng = np.random.default_rng(reuse)
    networks = [random_network(rng, 7) for _ in range(n_networks)]
    dut = Rtl(networks, reuse=reuse, store=store)
    vectors = random_vectors(rng, 8, n_networks)
    answers = run(bench, dut, vectors.x_raw, vectors.expert, dut.INITIATION_INTERVAL)
    wanted = neuro.expected(networks, vectors)
    assert [cycle for cycle, *_ in answers] == [dut.LATENCY + k * dut.INITIATION_INTERVAL for k in range(8)]
    assert [values for _, *values in answers] == [list(pair) for pair in zip(wanted["z"], wanted["theta"], strict=True)]
    assert min(reuse, 27) >= dut.INITIATION_INTERVAL


def test_three_layers(bench):
    rng = np.random.default_rng(8)
    shapes = ((6, 27), (5, 6), (2, 5))
    weights = [rng.integers(-2000, 2001, shape) for shape in shapes]
    networks = [ClassicMlp(weights, [rng.integers(-2000, 2001, shape[0]) for shape in shapes])]
    dut = Rtl(networks, reuse=4)
    vectors = random_vectors(rng, 12, 1)
    answers = run(bench, dut, vectors.x_raw, vectors.expert, dut.INITIATION_INTERVAL)
    wanted = neuro.expected(networks, vectors)
    assert [(z, theta) for _, z, theta in answers] == list(zip(wanted["z"].tolist(), wanted["theta"].tolist(), strict=True))


def test_corner_vectors(bench):
    networks = [random_network(np.random.default_rng(2), 3)]
    vectors = neuro.Vectors(x_raw=corner_vectors(), expert=np.zeros(len(corner_vectors()), int))
    answers = run(bench, Rtl(networks, reuse=1), vectors.x_raw, vectors.expert, 1)
    wanted = neuro.expected(networks, vectors)
    assert [(z, theta) for _, z, theta in answers] == list(zip(wanted["z"].tolist(), wanted["theta"].tolist(), strict=True))


def test_outputs_saturate_to_13_bits_on_request(bench):
    """Largest weights and inputs of either sign: +4096 becomes 4095, -4096 stays."""
    top = WEIGHT.raw_max
    networks = [ClassicMlp([np.full((2, 27), top), np.array([[top, top], [-top, -top]])], [np.zeros(2, int), np.zeros(2, int)])]
    x_raw = np.full((2, 27), NODE_ONE)
    x_raw[1] *= -1
    for output, largest in ((NODE, NODE_ONE), (NODE_13, NODE_ONE - 1)):
        dut = Rtl(networks, reuse=4, output=output)
        answers = run(bench, dut, x_raw, np.zeros(2, int), dut.INITIATION_INTERVAL)
        assert [(z, theta) for _, z, theta in answers] == [(largest, -NODE_ONE), (-NODE_ONE, largest)]


@pytest.mark.parametrize("store", WeightStore)
@pytest.mark.parametrize("value", [0, 1, WEIGHT.raw_max, -1, WEIGHT.raw_min])
def test_networks_of_one_weight(bench, value, store):
    """Every weight and bias the same: no bit of a sum may be lost, and a sum of zero is +1."""
    networks = [ClassicMlp([np.full((2, 27), value), np.full((2, 2), value)], [np.full(2, value), np.full(2, value)])]
    vectors = neuro.Vectors(x_raw=corner_vectors()[:6], expert=np.zeros(6, int))
    dut = Rtl(networks, reuse=4, store=store)
    answers = run(bench, dut, vectors.x_raw, vectors.expert, dut.INITIATION_INTERVAL)
    assert [z for _, z, _ in answers] == neuro.expected(networks, vectors)["z"].tolist()


def test_vectors_that_come_too_early_are_ignored(bench):
    networks = [random_network(np.random.default_rng(4), 3)]
    dut = Rtl(networks, reuse=4)
    vectors = random_vectors(np.random.default_rng(4), 12, 1)
    answers = run(bench, dut, vectors.x_raw, vectors.expert, 1)
    wanted = neuro.expected(networks, vectors)["z"].tolist()
    assert [cycle - dut.LATENCY for cycle, *_ in answers] == [0, 4, 8]
    assert [z for _, z, _ in answers] == wanted[::4]


def test_reset_drops_what_is_in_flight(bench):
    networks = [random_network(np.random.default_rng(6), 3)]
    dut = Rtl(networks, reuse=4)
    vectors = random_vectors(np.random.default_rng(6), 2, 1)
    stimulus: list[dict[str, int]] = [{"in_valid": 0, "rst": 0} for _ in range(20 + dut.LATENCY)]
    for cycle, vector in ((0, vectors.x_raw[0]), (10, vectors.x_raw[1])):
        stimulus[cycle] = {"in_valid": 1, "in_expert": 0, "in_x": bench.packed(vector, NODE.width), "rst": 0}
    stimulus[2]["rst"] = 1
    seen = bench.trace(dut, stimulus, ["out_valid", "out_z"])
    answers = [(cycle, one["out_z"]) for cycle, one in enumerate(seen) if one["out_valid"]]
    assert answers == [(10 + dut.LATENCY, neuro.expected(networks, vectors)["z"][1])]


def test_every_table_entry_on_both_edges_and_signs(bench):
    """The table of the published simulation, first and last sum of every address, and the largest sums."""
    table = bench.published("neuro_fixed")["lut_int"].astype(int)
    first = np.arange(len(table)) << ADDRESS_SHIFT
    magnitude = np.concatenate([first, first + (1 << ADDRESS_SHIFT) - 1, [ACCUMULATOR.raw_max]])
    wanted = np.concatenate([table, table, [NODE_ONE]])
    magnitude, wanted = np.concatenate([magnitude, -magnitude[1:]]), np.concatenate([wanted, -wanted[1:]])
    n_lanes = 64
    padded = np.zeros((-len(magnitude) % n_lanes + len(magnitude)) // n_lanes * n_lanes, int)
    padded[: len(magnitude)] = magnitude
    stimulus = [{"sums": bench.packed(row, ACCUMULATOR.width)} for row in padded.reshape(-1, n_lanes)]
    seen = bench.trace(Activation(n_lanes, ACCUMULATOR.width), [*stimulus, *[{}] * Activation.LATENCY], ["values"])
    words = [one["values"] for one in seen[Activation.LATENCY :]]
    bits = np.array([[word >> (NODE.width * lane) & ((1 << NODE.width) - 1) for lane in range(n_lanes)] for word in words])
    values = (bits - (bits >> (NODE.width - 1) << NODE.width)).ravel()[: len(wanted)]
    assert np.flatnonzero(values != wanted)[:5].tolist() == []


def test_lanes_share_multipliers_evenly():
    """Our 27-81-2 network: multipliers per node and cycles per vector."""
    assert [(Lanes(n_values=27, reuse=r).n_lanes, Lanes(n_values=27, reuse=r).n_beats) for r in (1, 4, 27)] == [
        (27, 1),
        (7, 4),
        (1, 27),
    ]
    assert (Lanes(n_values=81, reuse=4).n_lanes, Lanes(n_values=81, reuse=4).n_beats) == (21, 4)


def test_bad_arguments():
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="networks must be at least one"):
        Rtl([], reuse=1)
    with pytest.raises(ValueError, match="equal shapes"):
        Rtl([random_network(rng, 3), random_network(rng, 4)], reuse=1)
    with pytest.raises(ValueError, match="reuse must be at least 1 cycle, not 0"):
        Rtl([random_network(rng, 3)], reuse=0)
