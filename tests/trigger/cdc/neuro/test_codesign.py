"""The codesign network against the same layers written with the format object and Python integers, at its edges and door."""

from itertools import pairwise

import numpy as np
import pytest

from trigger.cdc.neuro.codesign import ANSWER, CodesignLayer, CodesignNetwork
from trigger.cdc.neuro.formats import NODE
from trigger.errors import InputError
from trigger.fixed import Fixed, Overflow, Rounding


def layer(rng, inputs, nodes, signed):
    """Formats of 0 to 9 bits, two thirds of the weights."""
    fraction = rng.integers(-1, 7, inputs)
    integer = rng.integers(-1, 1 if signed else 3, inputs)
    return CodesignLayer(
        integer=integer,
        fraction=fraction,
        signed=signed,
        weight=rng.integers(-100, 101, (nodes, inputs)) * (rng.random((nodes, inputs)) < 0.67),
        weight_fraction=int(rng.integers(6, 9)),
        bias=rng.integers(-30, 31, nodes),
        bias_fraction=int(rng.integers(6, 10)),
    )


def random_network(seed, hidden=(17, 9)):
    rng = np.random.default_rng(seed)
    sizes = (27, *hidden, 3)
    return CodesignNetwork([layer(rng, m, n, k == 0) for k, (m, n) in enumerate(pairwise(sizes))])


def wide(fraction):
    return Fixed(width=60, fraction=fraction, signed=True, rounding=Rounding.TRN, overflow=Overflow.WRAP)


def witness(network, x_raw):
    """The network, lane by lane through Fixed, sums in Python integers."""
    values, fraction = [[int(v) for v in row] for row in x_raw], NODE.fraction
    for k, part in enumerate(network.layers):
        if k:
            values = [[max(v, 0) for v in row] for row in values]
        columns = np.array(values, dtype=np.int64).T
        lanes = []
        for lane, column in enumerate(columns):
            if not part.used[lane]:
                lanes.append([0] * len(column))
                continue
            form = part.lane_format(lane)
            raw = form.requantise(column, wide(fraction))
            lanes.append([int(v) << (20 - form.fraction) for v in raw])
        fraction = 20 + part.weight_fraction + 20
        values = [
            [
                sum(w * lanes[i][track] for i, w in enumerate(row)) * 2**20 + (b << (fraction - part.bias_fraction))
                for row, b in zip(part.weight.tolist(), part.bias.tolist(), strict=True)
            ]
            for track in range(len(x_raw))
        ]
        shift = fraction - part.sum_fraction
        assert all(v % (1 << shift) == 0 for row in values for v in row), "the sums have the declared fraction"
        assert all(abs(v >> shift) <= part.sum_bound for row in values for v in row)
        values, fraction = [[v >> shift for v in row] for row in values], part.sum_fraction
    return ANSWER.requantise(np.array(values, dtype=np.int64).reshape(-1, 3), wide(fraction))


CORNERS = 4096 * np.concatenate([np.zeros((1, 27)), np.ones((1, 27)), -np.ones((1, 27)), np.eye(27), -np.eye(27)]).astype(int)


@pytest.mark.parametrize("hidden", [(17, 9), (40,), (), (15, 16, 17, 18)])
@pytest.mark.parametrize("seed", range(3))
def test_equal_to_the_witness(seed, hidden):
    """Corners (all 0, all +-1, one input alone) and random inputs, more than one block of tracks."""
    network = random_network([seed, len(hidden)], hidden)
    x = np.concatenate([CORNERS, np.random.default_rng(seed).integers(-4096, 4097, (500, 27))])
    expected = witness(network, x)
    assert (network.run(x) == expected).all()
    assert len(np.unique(expected, axis=0)) > 100


def one_lane(integer, fraction, *, weight=1, weight_fraction=0, bias=0):
    """A network whose z is its first input in one format, and nothing else."""
    matrix = np.zeros((3, 27), int)
    matrix[0, 0] = weight
    formats = {"integer": np.full(27, integer), "fraction": np.full(27, fraction)}
    return CodesignNetwork(
        [
            CodesignLayer(
                **formats, signed=True, weight=matrix, weight_fraction=weight_fraction, bias=np.array([bias, 0, 0]), bias_fraction=0
            )
        ]
    )


@pytest.mark.parametrize(
    ("x", "z"),
    [(0, 0), (511, 0), (512, 1024), (1535, 1024), (1536, 2048), (-512, 0), (-513, -1024), (4096, 3072), (-4096, -4096)],
)
def test_lanes_round_half_up_and_saturate(x, z):
    """Two fraction bits: 1024 input LSB per step; 1 saturates at 3/4, -1 is there."""
    assert one_lane(0, 2).run([[x] + [0] * 26])[0].tolist() == [z, 0, 0]


def test_a_lane_of_the_sign_alone():
    """No integer and no fraction bits: -1 and 0 are left."""
    assert one_lane(0, 0).run([[v] + [0] * 26 for v in (-4096, -2049, -2048, 0, 4096)])[:, 0].tolist() == [-4096, -4096, 0, 0, 0]


@pytest.mark.parametrize(
    ("fraction", "z"),
    [
        (10, [4092, 4, 4, 4, 4, 0, 0, 0, 0, -4, -4096]),
        (11, [4094, 6, 4, 4, 2, 2, 0, 0, -2, -2, -4096]),
        (12, [4095, 5, 4, 3, 2, 1, 0, -1, -2, -3, -4096]),
        (13, [4095, 5, 4, 3, 2, 1, 0, -1, -2, -3, -4096]),
    ],
)
def test_lanes_around_the_fraction_of_the_inputs(fraction, z):
    """Inputs have 12 fraction bits: two or one are rounded off, half up; with as many and with more the value stays."""
    assert one_lane(0, fraction).run([[v] + [0] * 26 for v in (4096, 5, 4, 3, 2, 1, 0, -1, -2, -3, -4096)])[:, 0].tolist() == z


def test_a_lane_without_bits_is_not_used():
    """A sign and minus one fraction bit; the bias is left. With two integer bits for it, 1/2 rounds up to the LSB of 2."""
    unused, coarse = one_lane(0, -1, bias=-1), one_lane(2, -1)
    assert unused.multiplications == 0
    assert not unused.layers[0].used.any()
    assert coarse.layers[0].used.all()
    rows = [[v] + [0] * 26 for v in (4096, 4095, 0, -4096)]
    assert unused.run(rows)[:, 0].tolist() == [-4096] * 4
    assert coarse.run(rows)[:, 0].tolist() == [4095, 0, 0, 0], "2 saturates"


def test_every_expert_has_the_one_answer_and_none_has_zero():
    network = random_network(3)
    x = np.random.default_rng(3).integers(-4096, 4097, (60, 27))
    expert = np.arange(60) % 6 - 1
    answers, plain = network.answer(x, expert), network.run(x)
    assert (answers[expert >= 0] == plain[expert >= 0]).all()
    assert not answers[expert < 0].any()
    assert plain.any(axis=1).all()
    with pytest.raises(InputError, match=r"expert must be -1\.\.4, not 5"):
        network.answer(x, np.full(60, 5))


def test_answers_saturate():
    network = one_lane(0, 10, weight=3)
    assert network.run([[v] + [0] * 26 for v in (4096, 1400, 0, -1400, -4096)])[:, 0].tolist() == [4095, 4095, 0, -4096, -4096]


def test_answers_round_half_up():
    """A sum of 14 fraction bits: 2/4 of an answer LSB goes up, for either sign."""
    network = one_lane(0, 10, weight=1, weight_fraction=4)
    assert network.run([[v] + [0] * 26 for v in (32, 28, -32, -36)])[:, 0].tolist() == [2, 2, -2, -2]


def test_sizes():
    network = random_network(1, (64, 32, 32))
    assert network.hidden == (64, 32, 32)
    assert network.multiplications == sum(np.count_nonzero(np.where(p.used, p.weight, 0)) for p in network.layers)
    assert network.run(np.zeros((0, 27), int)).shape == (0, 3)
    assert network.run(np.zeros((1, 27), np.int8)).dtype == np.int16


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((3, 26), int), r"x_raw must be integers of shape \(n, 27\), not int64 of shape \(3, 26\)"),
        (np.zeros((1, 27)), "not float64"),
        (np.array([[0] * 27, [0] * 20 + [4097] + [0] * 6]), r"x_raw must be -4096..4096, not 4097 \(vector 1, input 20\)"),
    ],
)
def test_bad_inputs_are_refused(x, message):
    with pytest.raises(InputError, match=message):
        random_network(1).run(x)


GOOD = {
    "integer": np.zeros(27, int), "fraction": np.full(27, 6), "signed": True, "weight": np.ones((3, 27), int), "weight_fraction": 4,
    "bias": np.zeros(3, int), "bias_fraction": 2,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"integer": np.zeros(26, int)}, r"a layer \(3, 27\) must have lengths \(27, 27, 3\), not \(26, 27, 3\)"),
        ({"bias": np.zeros(3)}, r"bias must be integers in 1 dimension\(s\), not float64"),
        ({"fraction": np.full(27, 14)}, "input 0 must have at most 14 bits"),
    ],
)
def test_bad_layers_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        CodesignLayer(**(GOOD | change))


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((), "the last layer must have 3 nodes, not 0"),
        ((GOOD | {"signed": False},), "layer 0 must have 27 signed inputs, not 27"),
        ((GOOD | {"weight": np.ones((4, 27), int), "bias": np.zeros(4, int)},), "must have 3 nodes, not 4"),
        ((GOOD, GOOD), "layer 1 must have 3 unsigned inputs, not 27"),
        ((GOOD | {"weight": np.full((3, 27), 5000)},), "sums of layer 0 must fit into 24 bits, but reach 8640000"),
    ],
)
def test_networks_that_do_not_fit_are_refused(layers, message):
    with pytest.raises(InputError, match=message):
        CodesignNetwork([CodesignLayer(**values) for values in layers])
