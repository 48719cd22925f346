# amaranth: UnusedElaboratable=no
"""RTL of the codesign network: hand-worked answers, every reuse factor, corners, faults that must be seen, latency and interval."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hdl.cdc.neuro import codesign_layer
from hdl.cdc.neuro.codesign import CodesignMlp
from hdl.cdc.neuro.codesign_multiples import odd_part, steps
from hdl.cdc.neuro.codesign_sums import ADDED_PER_STAGE, tree_stages
from sim.cosim import codesign, runner
from sim.cosim.compare import compare
from sim.cosim.network import corner_inputs, random_inputs
from sim.cosim.stimulus.codesign_networks import random_codesign
from sim.cosim.verify_codesign import codesign_rtl
from trigger.cdc.neuro.codesign import ANSWER, CodesignLayer, CodesignNetwork
from trigger.cdc.neuro.formats import NODE, NODE_ONE
from trigger.fixed import Overflow, Rounding
from trigger.networks import load_network

BUDGET_CYCLES = 38 - 12
"""300 ns at 127.216 MHz (DESIGN of this project, section 5), less what input block and single-track trigger take (our choice)."""
CYCLES_PER_CLOCK = 4


def run(bench, dut: CodesignMlp, x_raw: np.ndarray, spacing: int) -> tuple[list[int], list[list[int]]]:
    """Cycles and values of all answers, with a vector every `spacing` cycles from cycle 0 on."""
    n_cycles = spacing * len(x_raw) + dut.LATENCY + 2
    stimulus: list[dict[str, int]] = [{"in_valid": 0, "in_x": (1 << 27 * 14) - 1} for _ in range(n_cycles)]
    for k, vector in enumerate(x_raw):
        stimulus[k * spacing] = {"in_valid": 1, "in_x": bench.packed(vector, NODE.width)}
    seen = bench.trace(dut, stimulus, ["out_valid", "out_z", "out_theta", "out_class"])
    answers = [(cycle, one) for cycle, one in enumerate(seen) if one["out_valid"]]
    return [cycle for cycle, _ in answers], [[one["out_z"], one["out_theta"], one["out_class"]] for _, one in answers]


def plain(integer: int, fraction: int, weight: np.ndarray, bias: list[int]) -> CodesignNetwork:
    """One layer: inputs of one format, weights and biases in whole numbers and halves."""
    formats = {"integer": np.full(27, integer), "fraction": np.full(27, fraction)}
    return CodesignNetwork(
        [CodesignLayer(**formats, signed=True, weight=weight, weight_fraction=0, bias=np.array(bias), bias_fraction=1)]
    )


@pytest.mark.parametrize("reuse", [1, 4])
def test_hand_worked_answers(bench, reuse):
    """Two fraction bits: 1/8 is a tie and becomes 1/4, -1/8 becomes 0; 1 ends at 3/4, -1 stays; outputs end at 1 - 2^-12 and -1."""
    weight = np.zeros((3, 27), int)
    weight[0, 0], weight[1, 0], weight[2, 1] = 1, -1, 3
    x_raw = np.zeros((5, 27), int)
    x_raw[:, 0] = [NODE_ONE // 8, -NODE_ONE // 8, NODE_ONE // 8 - 1, NODE_ONE, -NODE_ONE]
    x_raw[:, 1] = [0, NODE_ONE // 4, -NODE_ONE // 4, NODE_ONE // 2, -NODE_ONE // 2]
    quarter = 1 << (ANSWER.fraction - 2)
    wanted = [
        [quarter, -quarter, 0],
        [0, 0, 3 * quarter],
        [0, 0, -3 * quarter],
        [3 * quarter, -3 * quarter, 4 * quarter - 1],
        [-4 * quarter, 4 * quarter - 1, -4 * quarter],
    ]
    network = plain(0, 2, weight, [0, 0, 0])
    dut = CodesignMlp(network, reuse=reuse)
    assert network.run(x_raw).tolist() == wanted
    assert run(bench, dut, x_raw, dut.INITIATION_INTERVAL)[1] == wanted


@pytest.mark.parametrize("hidden", [(), (6,), (7, 5), (9, 5, 6)], ids=str)
@pytest.mark.parametrize("reuse", [1, 3, 4, 100])
def test_every_reuse_is_the_same_network(bench, reuse, hidden):
    """Back to back at the declared interval; with an odd number of layers the inputs go in beats."""
    rng = np.random.default_rng(reuse)
    network = random_codesign(rng, hidden)
    x_raw = np.concatenate([corner_inputs()[:7], random_inputs(9, rng)])
    dut = CodesignMlp(network, reuse=reuse)
    cycles, answers = run(bench, dut, x_raw, dut.INITIATION_INTERVAL)
    assert cycles == [dut.LATENCY + k * dut.INITIATION_INTERVAL for k in range(len(x_raw))]
    assert answers == network.run(x_raw).tolist()
    assert reuse >= dut.INITIATION_INTERVAL


def test_silent_network_answers_its_rounded_biases(bench):
    """Without weights no product and no lane is left: the sums are the biases."""
    network = plain(0, 2, np.zeros((3, 27), int), [1, -1, 0])
    for reuse in (1, 4):
        dut = CodesignMlp(network, reuse=reuse)
        half = 1 << (ANSWER.fraction - 1)
        assert run(bench, dut, np.zeros((1, 27), int), 1)[1] == [[half, -half, 0]]


def changed(network: CodesignNetwork, place: int, **values: Any) -> CodesignNetwork:
    layers = list(network.layers)
    layers[place] = replace(layers[place], **values)
    return CodesignNetwork(layers)


def bumped(array: np.ndarray, place: tuple[int, ...], by: int) -> np.ndarray:
    copy = array.copy()
    copy[place] += by
    return copy


@pytest.mark.parametrize(
    ("reuse", "place", "name", "element", "by"),
    [
        (1, 0, "weight", (4, 20), 16),
        (3, 2, "weight", (2, 4), 1),
        (1, 1, "bias", (3,), 4),
        (3, 2, "bias", (0,), 1),
        (1, 0, "fraction", (5,), 1),
        (3, 1, "integer", (3,), -1),
    ],
    ids=str,
)
def test_a_changed_number_is_seen(bench, reuse, place, name, element, by):
    network = random_codesign(np.random.default_rng(12), (7, 5))
    faulty = changed(network, place, **{name: bumped(getattr(network.layers[place], name), element, by)})
    assert not equal(bench, CodesignMlp(faulty, reuse=reuse), network)
    assert equal(bench, CodesignMlp(faulty, reuse=reuse), faulty)


def equal(bench, dut: CodesignMlp, network: CodesignNetwork) -> bool:
    """Whether the RTL answers as the network does, to corner and random inputs."""
    rng = np.random.default_rng(3)
    x_raw = np.concatenate([corner_inputs()[:7], random_inputs(40, rng)])
    return run(bench, dut, x_raw, dut.INITIATION_INTERVAL)[1] == network.run(x_raw).tolist()


def test_faulty_rounding_overflow_and_bias_are_seen(bench, monkeypatch):
    network = random_codesign(np.random.default_rng(12), (7, 5))
    convert, choose_signed = codesign_layer.convert, codesign_layer.choose_signed
    with monkeypatch.context() as patch:
        patch.setattr(
            codesign_layer, "convert", lambda m, value, source, to: convert(m, value, source, replace(to, rounding=Rounding.TRN))
        )
        assert not equal(bench, CodesignMlp(network), network)
    with monkeypatch.context() as patch:
        patch.setattr(
            codesign_layer, "convert", lambda m, value, source, to: convert(m, value, source, replace(to, overflow=Overflow.WRAP))
        )
        assert not equal(bench, CodesignMlp(network), network)
    with monkeypatch.context() as patch:
        patch.setattr(codesign_layer, "choose_signed", lambda values, index: choose_signed([0 for _ in values], index))
        assert not equal(bench, CodesignMlp(network), network)
    assert equal(bench, CodesignMlp(network), network)


def test_vectors_that_come_too_early_are_ignored(bench):
    network = random_codesign(np.random.default_rng(4), (8,))
    dut = CodesignMlp(network, reuse=4)
    x_raw = random_inputs(12, np.random.default_rng(4))
    cycles, answers = run(bench, dut, x_raw, 1)
    assert [cycle - dut.LATENCY for cycle in cycles] == [0, 4, 8]
    assert answers == network.run(x_raw)[::4].tolist()


def test_reset_drops_what_is_in_flight(bench):
    network = random_codesign(np.random.default_rng(6), (8,))
    dut = CodesignMlp(network, reuse=4)
    x_raw = random_inputs(2, np.random.default_rng(6))
    stimulus: list[dict[str, int]] = [{"in_valid": 0, "rst": 0} for _ in range(20 + dut.LATENCY)]
    for cycle, vector in ((0, x_raw[0]), (10, x_raw[1])):
        stimulus[cycle] = {"in_valid": 1, "in_x": bench.packed(vector, NODE.width), "rst": 0}
    stimulus[2]["rst"] = 1
    seen = bench.trace(dut, stimulus, ["out_valid", "out_z"])
    answers = [(cycle, one["out_z"]) for cycle, one in enumerate(seen) if one["out_valid"]]
    assert answers == [(10 + dut.LATENCY, network.run(x_raw)[1, 0])]


def test_shipped_network_meets_the_budget_and_the_model():
    """20,000 inputs with gaps, at one track per data clock, in Verilator; and the budget at every interval of a data clock."""
    network = load_network("codesign").codesign
    for reuse in (1, 2, 4):
        dut = CodesignMlp(network, reuse=reuse)
        assert dut.LATENCY <= BUDGET_CYCLES
        assert reuse == dut.INITIATION_INTERVAL
    rtl, interval = codesign_rtl(network)
    assert interval == CYCLES_PER_CLOCK
    rng = np.random.default_rng(9)
    x_raw = np.concatenate([corner_inputs(), random_inputs(20_000, rng)]).astype(np.int16)
    idle = interval - 1 + np.where(rng.random(len(x_raw)) < 0.2, rng.integers(0, 60, len(x_raw)), 0)
    answers = codesign.simulate(runner.build(rtl.design), x_raw, rtl.latency, idle)
    outcome = compare(codesign.expected(network, x_raw), answers, codesign.fields())
    assert outcome.differences == ()
    assert outcome.is_equal(rtl.latency)


def test_multiples_are_what_they_say():
    """Every odd constant below 2^9 alone; many together take one addition each."""
    for constant in range(1, 512, 2):
        made = {1: 1}
        for step in steps({constant}):
            larger, smaller = made[step.larger] << step.shift, made[step.smaller]
            if step.larger_negative:
                larger, smaller = smaller, larger
            made[step.constant] = larger + smaller if step.is_sum else larger - smaller
            assert made[step.constant] == step.constant
        assert constant in made
        assert len(made) <= 5, "five signed digits take four additions at most"
    assert len(steps(range(1, 100, 2))) == 49
    assert steps({1}) == ()
    assert [(step.larger, step.shift, step.smaller, step.is_sum) for step in steps({7, 5})] == [(1, 2, 1, True), (1, 3, 1, False)]


def test_parts_of_numbers_and_trees():
    assert [odd_part(number) for number in (1, 12, -20)] == [(1, 0), (3, 2), (-5, 2)]
    assert [tree_stages(n) for n in (0, 1, ADDED_PER_STAGE, ADDED_PER_STAGE + 1, ADDED_PER_STAGE**3)] == [1, 1, 1, 2, 3]
