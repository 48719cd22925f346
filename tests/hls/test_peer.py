"""da4ml's RTL of a codesign network: the same answers as the integer model, a module per stage."""

import re

import numpy as np

from hls.peer import NAME, da4ml_rtl
from trigger.cdc.neuro.codesign import CodesignLayer, CodesignNetwork


def test_peer_of_a_small_network_answers_like_the_model():
    rng = np.random.default_rng(4)
    layers = [
        CodesignLayer(
            integer=np.zeros(inputs, int), fraction=np.full(inputs, 5), signed=first, weight=rng.integers(-40, 41, (nodes, inputs)),
            weight_fraction=6, bias=rng.integers(-30, 31, nodes), bias_fraction=5,
        )
        for first, inputs, nodes in ((True, 27, 5), (False, 5, 3))
    ]  # fmt: skip
    network = CodesignNetwork(layers)
    peer = da4ml_rtl(network)
    x_raw = rng.integers(-4096, 4096, (500, 27))
    np.testing.assert_array_equal(peer.run(x_raw), network.run(x_raw))
    assert len(re.findall(rf"module {NAME}_stage\d+", peer.verilog)) == peer.latency
    assert re.search(rf"module {NAME}\b", peer.verilog)
