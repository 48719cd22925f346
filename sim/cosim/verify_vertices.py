"""Verification of the network of displaced vertices: integer model, Keras, hls4ml's C++ model and RTL on the same inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.blocks import Stage, stream
from sim.cosim import codesign
from sim.cosim.campaign import Job, check_job
from sim.cosim.network import corner_inputs, random_inputs
from sim.cosim.rtl import Rtl
from sim.cosim.stimulus.vertex_features import vertex_inputs
from sim.cosim.verify_codesign import Stimulus, network_rtl, verify_realisations
from trigger.digest import digest
from trigger.displaced import DisplacedParameters
from trigger.displaced.features import VERTEX

if TYPE_CHECKING:
    from trigger.cdc.neuro.codesign import CodesignNetwork
    from trigger.networks import FrozenNetwork

NETWORK = "displaced.network"
EVENTS_PER_VERTEX = 11
"""One input in so many is that of a vertex of a simulated window (our choice); the others are random and corners."""


def vertex_network_rtl(network: CodesignNetwork) -> tuple[Rtl, int]:
    """(RTL as it stands in the trigger, initiation interval), generated in seconds."""
    from hdl.cdc.neuro.codesign import CodesignMlp
    from hdl.cdc.neuro.codesign_sums import SHORT

    return network_rtl(CodesignMlp(network, pipelining=SHORT), codesign.ports(network.interface, "displaced_network"))


def counts(block: int, n_events: int) -> dict[str, int]:
    """Inputs of each kind in one block; corners are in the first one, as far as there is room."""
    n_vertices = -(-n_events // EVENTS_PER_VERTEX)
    corners = min(len(corner_inputs(VERTEX.n_inputs)), n_events - n_vertices) if block == 0 else 0
    return {"simulated vertices": n_vertices, "corners": corners, "random": n_events - n_vertices - corners}


def inputs(seed: int, block: int, n_events: int) -> np.ndarray:
    """Input vectors int16 (n_events, 16) of one block."""
    rng = stream(seed, f"verify.{NETWORK}", Stage.STIMULUS, block)
    wanted = counts(block, n_events)
    parts = [
        vertex_inputs(rng, wanted["simulated vertices"]),
        corner_inputs(VERTEX.n_inputs)[: wanted["corners"]],
        random_inputs(wanted["random"], rng, VERTEX.n_inputs),
    ]
    return np.concatenate(parts).astype(np.int16)


def verify_vertices(job: Job, frozen: FrozenNetwork, *, rtl: Rtl | None = None) -> dict[str, Any]:
    """The record of a verification of a frozen network in four realisations; errors as for `verify_ecl`, InputError too for a
    network of another family."""
    check_job(job)
    network = frozen.displaced
    own_rtl, interval = vertex_network_rtl(network)
    stimulus = Stimulus(
        inputs=lambda block, n_events: inputs(job.seed, block, n_events), counts=counts, digest=digest(DisplacedParameters())
    )
    return verify_realisations(job, NETWORK, network, (rtl or own_rtl, interval), stimulus, {"network": frozen.digest})
