"""Codesign networks with formats of every kind, for the verification of their RTL."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from trigger.cdc.neuro.codesign import ANSWER_NAMES, CodesignLayer, CodesignNetwork
from trigger.cdc.neuro.mlp import N_INPUTS

UNUSED_LANE, NO_BITS = 2, -9
"""One input of every layer has a format without bits."""
ZERO_SHARE = 0.3


def random_codesign(rng: np.random.Generator, hidden: Sequence[int]) -> CodesignNetwork:
    """A network whose inputs differ in integer and fraction bits, one of them unused, and some of whose weights are 0."""
    sizes = (N_INPUTS, *hidden, len(ANSWER_NAMES))
    layers = []
    for k, (inputs, nodes) in enumerate(pairwise(sizes)):
        fraction = rng.integers(1, 7, inputs)
        fraction[UNUSED_LANE] = NO_BITS
        weight = rng.integers(-60, 61, (nodes, inputs))
        layers.append(
            CodesignLayer(
                integer=rng.integers(-1, 1 if k == 0 else 3, inputs),
                fraction=fraction,
                signed=k == 0,
                weight=np.where(rng.random(weight.shape) < ZERO_SHARE, 0, weight),
                weight_fraction=6,
                bias=rng.integers(-30, 31, nodes),
                bias_fraction=5,
            )
        )
    return CodesignNetwork(layers)
