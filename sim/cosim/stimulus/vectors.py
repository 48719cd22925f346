"""Input vectors and networks for the verification of the neuro trigger's network: random ones and the corners of the formats."""

from __future__ import annotations

import numpy as np

from sim.cosim.neuro import Vectors
from trigger.cdc.neuro import ClassicMlp
from trigger.cdc.neuro.formats import NODE_ONE, WEIGHT
from trigger.cdc.neuro.mlp import N_INPUTS, N_OUTPUTS
from trigger.geometry.cdc import N_SUPERLAYERS

N_HIDDEN = 81
"""Hidden nodes of the experiment's network. Source: basf2 neurotrigger_default.conf [SIM]."""
SPREAD_RAW = 1000
"""Standard deviation of weights and inputs about as large as trained ones and tracks give (our choice)."""
SMALL_WEIGHT_RAW = 3
MISSING_PROBABILITY = 0.2


def random_network(rng: np.random.Generator, n_hidden: int = N_HIDDEN) -> ClassicMlp:
    """Weights about as large as trained ones."""
    shapes = ((n_hidden, N_INPUTS), (N_OUTPUTS, n_hidden))
    weights = [np.rint(rng.normal(0, SPREAD_RAW, shape)).astype(np.int64) for shape in shapes]
    return ClassicMlp(weights, [np.rint(rng.normal(0, SPREAD_RAW, shape[0])).astype(np.int64) for shape in shapes])


def corner_networks(rng: np.random.Generator, n_hidden: int = N_HIDDEN) -> list[ClassicMlp]:
    """Five networks: as trained; the largest weights; the smallest; outputs that always sum to zero; no biases."""
    shapes = ((n_hidden, N_INPUTS), (N_OUTPUTS, n_hidden))
    usual = random_network(rng, n_hidden)

    def uniform(limit: int, shape: tuple[int, ...]) -> np.ndarray:
        return rng.integers(-limit, limit + 1, shape)

    largest, smallest = (
        ClassicMlp([uniform(limit, shape) for shape in shapes], [uniform(limit, (shape[0],)) for shape in shapes])
        for limit in (WEIGHT.raw_max, SMALL_WEIGHT_RAW)
    )
    silent = ClassicMlp(
        [usual.weights[0], np.zeros(shapes[1], np.int64)],
        [usual.biases[0], np.zeros(N_OUTPUTS, np.int64)],
    )
    unbiased = ClassicMlp(usual.weights, [np.zeros(shape[0], np.int64) for shape in shapes])
    return [usual, largest, smallest, silent, unbiased]


def corner_vectors() -> np.ndarray:
    """Vectors int16 (n, 27): all values 0, 1, -1 and the limits, and each of these in one place with zeros elsewhere."""
    values = np.array([0, 1, -1, NODE_ONE - 1, NODE_ONE, -NODE_ONE], np.int16)
    same = np.repeat(values[:, None], N_INPUTS, axis=1)
    single = (values[1:, None, None] * np.eye(N_INPUTS, dtype=np.int16)).reshape(-1, N_INPUTS)
    return np.concatenate([same, single])


def random_vectors(rng: np.random.Generator, n_vectors: int, n_networks: int) -> Vectors:
    """A third anywhere in the range, a third like tracks with missing superlayers, a sixth at the limits, the rest corners."""
    kind = rng.integers(0, 6, n_vectors)
    x_raw = rng.integers(-NODE_ONE, NODE_ONE + 1, (n_vectors, N_INPUTS)).astype(np.int16)
    usual = np.clip(np.rint(rng.normal(0, SPREAD_RAW, x_raw.shape)), -NODE_ONE, NODE_ONE).astype(np.int16)
    is_there = rng.random((n_vectors, N_SUPERLAYERS)) >= MISSING_PROBABILITY
    usual *= np.repeat(is_there, N_INPUTS // N_SUPERLAYERS, axis=1)
    limits = (NODE_ONE * rng.integers(-1, 2, x_raw.shape)).astype(np.int16)
    corners = corner_vectors()
    x_raw = np.where((kind >= 2)[:, None], usual, x_raw)
    x_raw = np.where((kind == 4)[:, None], limits, x_raw)
    x_raw = np.where((kind == 5)[:, None], corners[rng.integers(0, len(corners), n_vectors)], x_raw)
    return Vectors(x_raw=x_raw, expert=rng.integers(0, n_networks, n_vectors))
