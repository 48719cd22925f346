"""Verification of the codesign network: integer model, Keras, hls4ml's C++ model and RTL on the same inputs."""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.blocks import Stage, blocks, stream
from sim.cosim import codesign, runner
from sim.cosim.campaign import Job, check_job, record_of, run_campaign
from sim.cosim.compare import Comparison, compare
from sim.cosim.network import corner_inputs, random_inputs
from sim.cosim.ports import StreamPorts
from sim.cosim.record import write_record
from sim.cosim.rtl import Rtl, rtl_of
from sim.cosim.stimulus.neuro_vectors import track_inputs
from sim.provenance import versions
from trigger.cdc.neuro.mlp import N_INPUTS
from trigger.digest import digest

if TYPE_CHECKING:
    from hdl.cdc.neuro.codesign import CodesignMlp
    from trigger.cdc.neuro.codesign import CodesignNetwork
    from trigger.networks import FrozenNetwork

CODESIGN = "tracks.codesign"
REUSE = 4
"""One track per data clock of four cycles. Source: our choice, the data clock of 31.8 MHz (ARCHITECTURE, Hardware)."""
EVENTS_PER_TRACK = 11
"""One input in so many is that of a track, real or simulated (our choice); the others are random and corners."""
IDLE_SHARE, MAX_IDLE = 1 / 8, 40
"""Part of the inputs that random idle gaps follow, and the longest one in cycles (our choice)."""


def codesign_rtl(network: CodesignNetwork, *, reuse: int = REUSE) -> tuple[Rtl, int]:
    """(RTL of the network, initiation interval), generated in seconds."""
    from hdl.cdc.neuro.codesign import CodesignMlp

    return network_rtl(CodesignMlp(network, reuse=reuse), codesign.ports())


def network_rtl(component: CodesignMlp, declared: StreamPorts) -> tuple[Rtl, int]:
    """(RTL of a component with these ports, initiation interval), generated in seconds."""
    layers = [list(vars(layer).values()) for layer in component.network.layers]
    return rtl_of(component, component.LATENCY, declared, (layers, component.reuse)), component.INITIATION_INTERVAL


def counts(block: int, n_events: int, n_real: int) -> dict[str, int]:
    """Inputs of each kind in one block; corners and real tracks are in the first one, as far as there is room."""
    n_tracks = -(-n_events // EVENTS_PER_TRACK)
    real = min(n_real, n_tracks) if block == 0 else 0
    corners = min(len(corner_inputs()), n_events - n_tracks) if block == 0 else 0
    return {"real tracks": real, "simulated tracks": n_tracks - real, "corners": corners, "random": n_events - n_tracks - corners}


def inputs(seed: int, block: int, n_events: int, real: np.ndarray) -> np.ndarray:
    """Input vectors int16 (n_events, 27) of one block. real: vectors of real tracks (m, 27)."""
    rng = stream(seed, f"verify.{CODESIGN}", Stage.STIMULUS, block)
    wanted = counts(block, n_events, len(real))
    parts = [
        real[: wanted["real tracks"]],
        track_inputs(rng, wanted["simulated tracks"]),
        corner_inputs()[: wanted["corners"]],
        random_inputs(wanted["random"], rng),
    ]
    return np.concatenate(parts).astype(np.int16)


def verify_codesign(
    job: Job,
    frozen: FrozenNetwork,
    *,
    reuse: int = REUSE,
    tracks: Path | None = None,
    rtl: Rtl | None = None,
    cache: Path | None = None,
) -> dict[str, Any]:
    """The record of a verification of a frozen network in four realisations.

    tracks: file of real tracks, whose inputs are compared as well. reuse: of the RTL. Other arguments, record and errors as for
    `verify_ecl`; InputError too for a network of another family. Keras and the C++ model are compared in fields of their own.
    """
    check_job(job)
    real = _real_inputs(tracks)
    own_rtl, interval = codesign_rtl(frozen.codesign, reuse=reuse)
    stimulus = Stimulus(
        inputs=lambda block, n_events: inputs(job.seed, block, n_events, real),
        counts=lambda block, n_events: counts(block, n_events, len(real)),
        digest=digest(real),
    )
    settings = {"network": frozen.digest, "reuse": reuse}
    return verify_realisations(job, CODESIGN, frozen.codesign, (rtl or own_rtl, interval), stimulus, settings, cache=cache)


@dataclass(frozen=True, kw_only=True)
class Stimulus:
    """Inputs of a network. inputs: vectors of a block of n, int16 (n, inputs); counts: how many of each kind; digest: of what they
    depend on besides block and seed."""

    inputs: Callable[[int, int], np.ndarray]
    counts: Callable[[int, int], dict[str, int]]
    digest: str


def verify_realisations(
    job: Job,
    name: str,
    network: CodesignNetwork,
    rtl_and_interval: tuple[Rtl, int],
    stimulus: Stimulus,
    settings: dict[str, Any],
    *,
    cache: Path | None = None,
) -> dict[str, Any]:
    """Compare the four realisations of a network, RTL among them; the record, written, with the settings in it."""
    rtl, interval = rtl_and_interval
    latency, interface = rtl.latency, network.interface
    compared = (*codesign.fields(interface), *codesign.software_fields(interface))

    with tempfile.TemporaryDirectory(prefix="darktrigger-hls-") as folder:
        software = codesign.Software.build(network, Path(folder) / "project", job.seed)

        def check(model: runner.Model, block: int, n_events: int, cancel: threading.Event) -> Comparison:
            x_raw = stimulus.inputs(block, n_events)
            rng = stream(job.seed, f"verify.{name}.gaps", Stage.STIMULUS, block)
            gaps = np.where(rng.random(n_events) < IDLE_SHARE, rng.integers(0, MAX_IDLE + 1, n_events), 0)
            answers = codesign.simulate(model, x_raw, latency, gaps + interval - 1, cancel, interface=interface)
            return compare(codesign.expected(network, x_raw), codesign.beside(answers, software.run(x_raw)), compared)

        campaign = run_campaign(job, name, rtl, check, cache=cache, stimulus=stimulus.digest)
    record = record_of(job, name, rtl, campaign) | {
        "realisations": ["model", "rtl", *codesign.SOFTWARE],
        "inputs": dict(sum((Counter(stimulus.counts(block, n)) for block, n in blocks(job.n_events)), Counter())),
        **settings,
        "initiation_interval": interval,
    }
    record["versions"] |= versions("tensorflow", "keras", "HGQ2", "hls4ml")
    write_record(job.out, record)
    campaign.checkpoint.remove()
    return record


def _real_inputs(tracks: Path | None) -> np.ndarray:
    if tracks is None:
        return np.zeros((0, N_INPUTS), np.int16)
    from hls.data import read_tracks

    return read_tracks(tracks).x_raw
