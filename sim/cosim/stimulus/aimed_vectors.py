"""Input vectors that bring the sum of one node exactly to where its activation changes, and some that drive an output far.

A sum at such an edge shows a fault of one unit. Of a hidden node that is seen only where an output lies at an edge of its own, so
that vectors are tried until the node decides an output.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

import numpy as np

from sim.cosim.neuro import Vectors
from sim.cosim.stimulus.vectors import random_vectors
from trigger.cdc.neuro import ClassicMlp
from trigger.cdc.neuro.activation import ADDRESS_SHIFT, activate, tanh_half_table
from trigger.cdc.neuro.formats import NODE_ONE
from trigger.cdc.neuro.mlp import N_INPUTS, N_OUTPUTS

AIMED_SHARE = 3 / 4
"""Part of the vectors that are aimed (our choice)."""
OUTPUT_SHARE, FULL_SHARE = 1 / 8, 1 / 8
"""Parts of the aimed ones for outputs: at an edge, and driven far (our choice); the others are for hidden nodes."""
NEAR_ADDRESSES = 64
"""Addresses around zero, where the activation is steepest, at which sums are aimed more often (our choice)."""
ZERO_SHARE, END_SHARE = 1 / 4, 1 / 4
"""Parts of the edges: change of sign, and end of the table (our choice)."""
TRIES = 48
"""Vectors that are tried for a hidden node to decide (our choice)."""
PAIRS = 8
"""Pairs of inputs of a node that can make any sum, at most (our choice)."""
OUTPUT_POOL = 48
"""Different vectors for the edges of outputs, at most: each is a search (our choice)."""
ROUNDS, PROPOSALS = 128, 64
"""Of that search: vectors beside the best one, so many in each round (our choice)."""
MOVED, MAX_MOVE = 3, 2
"""Inputs that differ in a vector beside another one, and by how much, at most (our choice)."""
BISECTIONS = 12
SWEEPS, LIMITS = 3, (-NODE_ONE, 0, NODE_ONE)
"""Of the search for the largest output: times that each input is tried, and its values."""
Edges = tuple[np.ndarray, np.ndarray]
"""Sums on one side of changes of the activation, and those one unit beyond."""


def vectors_for(rng: np.random.Generator, n_vectors: int, networks: Sequence[ClassicMlp]) -> Vectors:
    """Random vectors of every kind, and aimed ones for each network, in random places."""
    vectors = random_vectors(rng, n_vectors, len(networks))
    aimed = rng.random(n_vectors) < AIMED_SHARE
    for number, network in enumerate(networks):
        rows = np.flatnonzero(aimed & (vectors.expert == number))
        vectors.x_raw[rows] = aimed_vectors(rng, len(rows), network)
    return vectors


def aimed_vectors(rng: np.random.Generator, n: int, network: ClassicMlp) -> np.ndarray:
    """Vectors int16 (n, 27): most with a sum of the first layer at an edge, nodes in turns; some at edges of outputs; some driven.

    Where no integers in range give the sum, or none was found, it is near.
    """
    kind = rng.random(n)
    outputs, full = np.flatnonzero(kind < OUTPUT_SHARE), np.flatnonzero(kind >= 1 - FULL_SHARE)
    x = _deciding(rng, n, network)
    if len(outputs):
        pool = _at_output_edges(rng, min(len(outputs), OUTPUT_POOL), network)
        x[outputs] = pool[np.arange(len(outputs)) % len(pool)]
    x[full] = _driving(rng, network, len(full))
    return x.astype(np.int16)


def edges(rng: np.random.Generator, n: int) -> Edges:
    """Random sums, int64 (n,), beside each of which the activation is another one, of both signs and on both sides."""
    table = tanh_half_table()
    steps = np.flatnonzero(np.diff(table)) + 1
    address = np.where(rng.random(n) < 1 / 2, rng.choice(steps, n), rng.choice(steps[steps <= NEAR_ADDRESSES], n))
    kind = rng.random(n)
    address[kind < END_SHARE] = len(table) - 1
    first, sign = address << ADDRESS_SHIFT, rng.choice((-1, 1), n)
    is_zero = kind >= 1 - ZERO_SHARE
    upper, lower = np.where(is_zero, 0, sign * first), np.where(is_zero, -1, sign * (first - 1))
    swapped = rng.random(n) < 1 / 2
    return np.where(swapped, lower, upper), np.where(swapped, upper, lower)


def _deciding(rng: np.random.Generator, n: int, network: ClassicMlp) -> np.ndarray:
    """Vectors with the sum of a hidden node at an edge, most of which have another answer if the sum is beyond it."""
    weights, biases = (np.asarray(values[0], np.int64) for values in (network.weights, network.biases))
    pairs = np.array([_pairs(row) for row in weights])
    node = (rng.integers(0, len(weights)) + np.arange(n)) % len(weights)
    wanted, beyond = edges(rng, n)
    x, left = np.zeros((n, N_INPUTS), np.int64), np.arange(n)
    for _ in range(TRIES):
        of = node[left]
        tried = _towards(rng, weights[of], wanted[left] - biases[of] * NODE_ONE)
        is_exact = _adjust(rng, tried, weights[of], pairs[of], wanted[left] - biases[of] * NODE_ONE)
        x[left] = np.where(is_exact[:, None] | ~x[left].any(axis=1, keepdims=True), tried, x[left])
        left = left[~(is_exact & _decides(network, tried, of, beyond[left]))]
    return x


def _decides(network: ClassicMlp, x: np.ndarray, node: np.ndarray, beyond: np.ndarray) -> np.ndarray:
    """Whether the answers change if the sums of these hidden nodes are the others, bool (n,)."""
    hidden = activate(_sums(network, 0, x))
    plain = _outputs(network, hidden)
    hidden[np.arange(len(x)), node] = activate(beyond)
    return (activate(plain) != activate(_outputs(network, hidden))).any(axis=1)


def _outputs(network: ClassicMlp, hidden: np.ndarray) -> np.ndarray:
    """Sums of the output nodes, int64 (n, 2), of the values of the first hidden layer."""
    sums = _sums(network, 1, hidden)
    for layer in range(2, len(network.weights)):
        sums = _sums(network, layer, activate(sums))
    return sums


def _sums(network: ClassicMlp, layer: int, values: np.ndarray) -> np.ndarray:
    """Sums of a layer, int64: products and sums of 36 bits are exact in floats."""
    weights, biases = (np.asarray(of[layer], float) for of in (network.weights, network.biases))
    return (values.astype(float) @ weights.T + biases * NODE_ONE).astype(np.int64)


def _towards(rng: np.random.Generator, weights: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Vectors of random values, small ones and large ones, moved along the signs of the weights to about the wanted sums."""
    limit = NODE_ONE >> rng.choice((0, 1, 2, 4), (len(wanted), 1))
    x = rng.integers(-limit, limit + 1, weights.shape)
    missing = (wanted - (weights * x).sum(axis=1)) / np.maximum(np.abs(weights).sum(axis=1), 1)
    return np.clip(x + np.rint(missing).astype(np.int64)[:, None] * np.sign(weights), -NODE_ONE, NODE_ONE)


def _pairs(weights: np.ndarray) -> list[tuple[int, int, int]]:
    """Pairs of inputs whose weights have no common factor, small ones first, with the inverse of one modulo the other.

    Always PAIRS of them: repeated where there are fewer, and with the inverse 0 where there is none.
    """
    order, found = np.argsort(np.abs(weights), kind="stable").tolist(), []
    for place, j in enumerate(order):
        one, other = 0, abs(int(weights[j]))
        for i in order[:place]:
            one = int(weights[i])
            if one and gcd(one, other) == 1:
                found.append((i, j, pow(one, -1, other) if other > 1 else 1))
        if len(found) >= PAIRS:
            break
    found = found or [(0, 1, 0)]
    return [found[k % len(found)] for k in range(PAIRS)]


def _adjust(rng: np.random.Generator, x: np.ndarray, weights: np.ndarray, pairs: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Change two values of each vector so that its sum is the wanted one, if they stay in range; whether it is, bool (n,)."""
    rows = np.arange(len(x))
    i, j, inverse = pairs[rows, rng.integers(0, PAIRS, len(x))].T
    one, other = weights[rows, i], weights[rows, j]
    period = np.maximum(np.abs(other), 1)
    missing = wanted - (weights * x).sum(axis=1)
    step = missing * inverse % period
    step -= period * (2 * step > period)
    more = (missing - one * step) // np.where(other == 0, 1, other)
    changed = x.copy()
    changed[rows, i] += step
    changed[rows, j] += more
    fits = (np.abs(changed).max(axis=1) <= NODE_ONE) & ((weights * changed).sum(axis=1) == wanted)
    x[fits] = changed[fits]
    return fits


def _at_output_edges(rng: np.random.Generator, n: int, network: ClassicMlp) -> np.ndarray:
    """Vectors with the sum of an output at an edge, where one is found: sums between those of two others, then of those beside."""
    wanted, _ = edges(rng, n)
    output = rng.integers(0, N_OUTPUTS, n)
    x = _between(rng, network, output, wanted)
    left = np.arange(n)
    for _ in range(ROUNDS):
        rows = np.arange(len(left))
        beside = _beside(rng, x[left])
        sums = network.accumulate(beside.reshape(-1, N_INPUTS)).reshape(len(left), PROPOSALS, -1)
        distance = np.abs(sums[rows, :, output[left]] - wanted[left][:, None])
        best = distance.argmin(axis=1)
        x[left] = beside[rows, best]
        left = left[distance[rows, best] > 0]
        if not len(left):
            break
    return x


def _beside(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Each vector, and others that differ in a few values, (n, PROPOSALS, 27)."""
    out = np.repeat(x[:, None], PROPOSALS, axis=1)
    row, proposal = np.indices(out.shape[:2])
    for _ in range(MOVED):
        out[row, proposal, rng.integers(0, N_INPUTS, row.shape)] += rng.integers(-MAX_MOVE, MAX_MOVE + 1, row.shape)
    out[:, 0] = x
    return np.clip(out, -NODE_ONE, NODE_ONE)


def _between(rng: np.random.Generator, network: ClassicMlp, output: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Vectors between two random or driven ones, with about the wanted sums of these outputs."""
    known = np.concatenate([_driving(rng, network, PROPOSALS), rng.integers(-NODE_ONE, NODE_ONE + 1, (PROPOSALS, N_INPUTS))])
    sums = network.accumulate(known)[:, output].T
    above = sums > wanted[:, None]
    # Random ones of either kind; the largest and the smallest where there is none.
    weight = rng.random(above.shape)
    high = known[np.where(above.any(axis=1), (weight * above).argmax(axis=1), sums.argmax(axis=1))].astype(float)
    low = known[np.where((~above).any(axis=1), (weight * ~above).argmax(axis=1), sums.argmin(axis=1))].astype(float)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        is_high = network.accumulate(np.rint(middle).astype(np.int16))[np.arange(len(output)), output] > wanted
        high, low = np.where(is_high[:, None], middle, high), np.where(is_high[:, None], low, middle)
    return np.rint(low).astype(np.int64)


def _driving(rng: np.random.Generator, network: ClassicMlp, n: int) -> np.ndarray:
    """Vectors at the limits that make an output as large or as small as one input at a time can, in half of them some changed."""
    matrices = [np.asarray(matrix, float) for matrix in network.weights]
    gradient = matrices[-1]
    for matrix in matrices[-2::-1]:
        gradient = gradient @ matrix
    output, sign = rng.integers(0, N_OUTPUTS, n), rng.choice((-1, 1), n)
    x = (NODE_ONE * np.sign(gradient[output]) * sign[:, None]).astype(np.int64)
    x = np.where(rng.random(x.shape) < 1 / 4, rng.integers(-NODE_ONE, NODE_ONE + 1, x.shape), x)
    for place in np.concatenate([rng.permutation(N_INPUTS) for _ in range(SWEEPS)]):
        tried = np.repeat(x[None], len(LIMITS), axis=0)
        tried[:, :, place] = np.array(LIMITS)[:, None]
        sums = network.accumulate(tried.reshape(-1, N_INPUTS)).reshape(len(LIMITS), n, N_OUTPUTS)
        x = tried[(sums[:, np.arange(n), output] * sign).argmax(axis=0), np.arange(n)]
    changed = (rng.random((n, 1)) < 1 / 2) & (rng.random(x.shape) < 1 / 16)
    return np.where(changed, rng.integers(-NODE_ONE, NODE_ONE + 1, x.shape), x)
