"""Input vectors that bring the sum of one node exactly to where its activation changes, and some that drive an output far."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

import numpy as np

from sim.cosim.neuro import Vectors
from sim.cosim.stimulus.vectors import random_vectors
from trigger.cdc.neuro import ClassicMlp
from trigger.cdc.neuro.activation import ADDRESS_SHIFT, tanh_half_table
from trigger.cdc.neuro.formats import NODE_ONE
from trigger.cdc.neuro.mlp import N_INPUTS

AIMED_SHARE = 1 / 2
"""Part of the vectors that are aimed (our choice)."""
FULL_SHARE = 1 / 8
"""Part of the aimed ones that drive an output (our choice)."""
NEAR_ADDRESSES = 64
"""Addresses around zero, where the activation is steepest, at which sums are aimed (our choice)."""


def vectors_for(rng: np.random.Generator, n_vectors: int, networks: Sequence[ClassicMlp]) -> Vectors:
    """Random vectors of every kind, and aimed ones for each network, in random places."""
    vectors = random_vectors(rng, n_vectors, len(networks))
    aimed = rng.random(n_vectors) < AIMED_SHARE
    for number, network in enumerate(networks):
        rows = np.flatnonzero(aimed & (vectors.expert == number))
        vectors.x_raw[rows] = aimed_vectors(rng, len(rows), network)
    return vectors


def aimed_vectors(rng: np.random.Generator, n: int, network: ClassicMlp) -> np.ndarray:
    """Vectors int16 (n, 27) with which the sum of a node of the first layer is the first or last one of a table address.

    Nodes take turns; addresses around zero, and at both ends of the table. Where no integers in range give the sum, it is near.
    """
    weights, biases = (np.asarray(values[0], np.int64) for values in (network.weights, network.biases))
    node = (rng.integers(0, len(weights)) + np.arange(n)) % len(weights)
    beyond = len(tanh_half_table()) - 1
    address = np.where(
        rng.random(n) < 1 / 4, rng.choice((-beyond, beyond), n), rng.integers(-NEAR_ADDRESSES, NEAR_ADDRESSES + 1, n)
    )
    address[rng.random(n) < 1 / 8] = 0
    target = (address << ADDRESS_SHIFT) + rng.integers(-1, 2, n)
    x = _towards(rng, weights[node], target - biases[node] * NODE_ONE)
    pairs = [_coprime(row) for row in weights]
    for row in range(n):
        pair = pairs[node[row]]
        if pair is not None:
            _adjust(x[row], weights[node[row]], pair, int(target[row] - biases[node[row]] * NODE_ONE))
    full = np.flatnonzero(rng.random(n) < FULL_SHARE)
    x[full] = _driving(rng, network, len(full))
    return x.astype(np.int16)


def _towards(rng: np.random.Generator, weights: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Vectors of small random values, moved along the signs of the weights to about the wanted sums, in range."""
    x = rng.integers(-NODE_ONE // 16, NODE_ONE // 16 + 1, weights.shape)
    missing = (wanted - (weights * x).sum(axis=1)) / np.maximum(np.abs(weights).sum(axis=1), 1)
    return np.clip(x + np.rint(missing).astype(np.int64)[:, None] * np.sign(weights), -NODE_ONE, NODE_ONE)


def _coprime(weights: np.ndarray) -> tuple[int, int] | None:
    """Two inputs whose weights have no common factor, of the smallest ones."""
    order = np.argsort(np.abs(weights), kind="stable").tolist()
    pairs = ((i, j) for place, j in enumerate(order) for i in order[:place] if gcd(int(weights[i]), int(weights[j])) == 1)
    return next(((i, j) for i, j in pairs if weights[i] and weights[j]), None)


def _adjust(x: np.ndarray, weights: np.ndarray, pair: tuple[int, int], wanted: int) -> None:
    """Change two values so that the sum is the wanted one, if they stay in range."""
    i, j = pair
    missing, one, other = wanted - int(weights @ x), int(weights[i]), int(weights[j])
    period = abs(other)
    step = missing * pow(one, -1, period) % period if period > 1 else 0
    step -= period * (2 * step > period)
    steps = (step, (missing - one * step) // other)
    if all(abs(int(x[k]) + change) <= NODE_ONE for k, change in zip(pair, steps, strict=True)):
        x[[i, j]] += steps


def _driving(rng: np.random.Generator, network: ClassicMlp, n: int) -> np.ndarray:
    """Vectors at the limits that make an output as large or as small as a linear network would, a few values changed."""
    matrices = [np.asarray(matrix, float) for matrix in network.weights]
    gradient = matrices[-1]
    for matrix in matrices[-2::-1]:
        gradient = gradient @ matrix
    x = NODE_ONE * np.sign(gradient[rng.integers(0, len(gradient), n)]) * rng.choice((-1, 1), (n, 1))
    changed = rng.random((n, N_INPUTS)) < 1 / 16
    return np.where(changed, rng.integers(-NODE_ONE, NODE_ONE + 1, x.shape), x.astype(np.int64))
