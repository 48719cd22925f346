"""The integer network against the simulation's own, against plain integers, and at its door."""

import numpy as np
import pytest

from trigger.cdc import ClassicMlp
from trigger.cdc.neuro.activation import activate
from trigger.errors import InputError


def exact(network, x):
    """Output sums in Python integers."""
    for k, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
        sums = np.array(x, dtype=object) @ np.array(weights.tolist(), dtype=object).T + 4096 * np.array(
            biases.tolist(), dtype=object
        )
        if k == len(network.weights) - 1:
            return sums.astype(np.int64)
        x = activate(sums.astype(np.int64)).tolist()
    raise AssertionError


def random_network(rng, largest, hidden=(81,)):
    sizes = [27, *hidden, 2]
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
    return ClassicMlp(
        [rng.integers(-largest, largest + 1, shape) for shape in shapes],
        [rng.integers(-largest, largest + 1, n) for n, _ in shapes],
    )


def test_published_outputs(reference, network):
    assert (network.accumulate(reference["x_int"]) == reference["out_acc"]).all()
    assert (network.run(reference["x_int"]) == reference["out_int"]).all()
    assert len(reference["x_int"]) == 1146


@pytest.mark.parametrize("hidden", [(81,), (1,), (4, 3), (), (30, 20, 10)])
@pytest.mark.parametrize("largest", [10, 4096, 65535])
def test_equal_to_plain_integers(largest, hidden):
    """Random inputs and the corners: all zero, all +-1, one input alone; 32-bit and 64-bit sums."""
    rng = np.random.default_rng([largest, *hidden])
    network = random_network(rng, largest, hidden)
    corners = np.concatenate([np.zeros((1, 27)), np.ones((1, 27)), -np.ones((1, 27)), np.eye(27), -np.eye(27)]).astype(int)
    x = np.concatenate([4096 * corners, rng.integers(-4096, 4097, (700, 27))])
    expected = exact(network, x.tolist())
    assert (network.accumulate(x) == expected).all()
    assert (network.run(x) == activate(expected)).all()


@pytest.mark.parametrize("extra", [0, 1])
def test_sums_at_the_limit_of_32_bits(extra):
    """Every product of the hidden layer has the sign of the sum, at the largest bound that still takes 32-bit sums and above."""
    weights = np.full((81, 27), 18724)
    weights[:, 0] = 2**19 - 1 - 26 * 18724 + extra
    network = ClassicMlp([weights, np.eye(2, 81, dtype=int)], [np.zeros(81, int), np.zeros(2, int)])
    assert network.accumulator_bound == 2**31 - 4096 + 4096 * extra
    x = np.array([[4096] * 27, [-4096] * 27])
    assert network.run(x).tolist() == activate(exact(network, x.tolist())).tolist()


def test_each_vector_alone_and_many_blocks(reference, network):
    x = np.tile(reference["x_int"], (3, 1))
    assert (network.run(x) == np.tile(reference["out_int"], (3, 1))).all()
    assert [network.run(vector[None])[0].tolist() for vector in x[:40]] == reference["out_int"][:40].tolist()


def test_shapes_and_dtypes(network):
    assert network.run(np.zeros((0, 27), int)).shape == (0, 2)
    assert network.run(np.zeros((1, 27), np.int8)).dtype == np.int16
    assert network.accumulate(np.zeros((1, 27), np.uint16)).dtype == np.int64
    assert not network.weights[0].flags.writeable


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((3, 26), int), r"x_raw must be integers of shape \(n, 27\), not int64 of shape \(3, 26\)"),
        (np.zeros(27, int), r"not int64 of shape \(27,\)"),
        (np.zeros((1, 27)), "not float64"),
        (np.array([[0] * 27, [0] * 20 + [4097] + [0] * 6]), r"x_raw must be -4096..4096, not 4097 \(vector 1, input 20\)"),
        (np.full((1, 27), -4097), "not -4097"),
        (np.full((1, 27), 2**63, np.uint64), "not 9223372036854775808"),
    ],
)
def test_bad_inputs_are_refused(network, x, message):
    with pytest.raises(InputError, match=message):
        network.run(x)


W, B = (np.zeros((81, 27), int), np.zeros((2, 81), int)), (np.zeros(81, int), np.zeros(2, int))


@pytest.mark.parametrize(
    ("weights", "biases", "message"),
    [
        (W, B[:1], "weights and biases must have the same number of layers, not 2 and 1"),
        ((), (), "same number of layers, not 0 and 0"),
        ((W[0][:, :26], W[1]), B, r"layer 0 must have weights \(81, 27\) and biases \(81,\), not \(81, 26\)"),
        ((W[0], W[1][:, :80]), B, r"layer 1 must have weights \(2, 81\)"),
        ((W[0], np.zeros((3, 81), int)), B, r"layer 1 must have weights \(2, 81\)"),
        (W, (B[0], np.zeros(3, int)), r"biases \(2,\), not \(2, 81\) and \(3,\)"),
        ((W[0] + 65536, W[1]), B, "weights of layer 0: raw must be -65536 to 65535"),
        (W, (B[0], B[1] - 65537), "biases of layer 1: raw must be -65536 to 65535"),
        ((W[0] + 0.5, W[1]), B, "weights of layer 0 must be integers in 2 dimension"),
        ((W[0], W[1].ravel()), B, r"weights of layer 1 must be integers in 2 dimension\(s\), not int64 of shape \(162,\)"),
        ((np.full((200, 27), 9), np.full((2, 200), 65535)), (np.zeros(200, int), B[1]), "36 bits, but reach 53686272000"),
    ],
)  # fmt: skip
def test_bad_networks_are_refused(weights, biases, message):
    with pytest.raises(InputError, match=message):
        ClassicMlp(weights, biases)
