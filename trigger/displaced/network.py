"""The network that tells true displaced vertices from background by their features."""

from functools import cache

import numpy as np

from trigger.cdc.neuro.codesign import CodesignLayer, CodesignNetwork
from trigger.displaced.features import VERTEX

SILENT = CodesignNetwork(
    [
        CodesignLayer(
            integer=np.zeros(VERTEX.n_inputs, np.int64),
            fraction=np.zeros(VERTEX.n_inputs, np.int64),
            signed=True,
            weight=np.zeros((1, VERTEX.n_inputs), np.int64),
            weight_fraction=0,
            bias=np.zeros(1, np.int64),
            bias_fraction=0,
        )
    ],
    VERTEX,
)
"""A network that gives every vertex the score 0: for samples to train on."""


@cache
def shipped_network() -> CodesignNetwork:
    """The network that comes with the package."""
    from trigger.networks import DISPLACED, load_network  # here: files of networks know the features that they are for

    return load_network(DISPLACED).displaced
