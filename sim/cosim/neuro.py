"""The classic neuro-trigger network as a co-simulated block: input vectors to beats, results back to z and theta."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.cosim import runner, stream
from sim.cosim.exchange import Answers, answered, slices_of
from sim.cosim.ports import Port, StreamPorts
from sim.cosim.wrapper import Header
from trigger.cdc.neuro import ClassicMlp
from trigger.cdc.neuro.formats import NODE
from trigger.cdc.neuro.mlp import N_INPUTS
from trigger.ecl.layout import DecisionField


@dataclass(frozen=True, kw_only=True)
class Vectors:
    """Input vectors int16 (n, 27) and the number of the network of each, (n,)."""

    x_raw: np.ndarray
    expert: np.ndarray


def fields(width: int = NODE.width) -> tuple[DecisionField, ...]:
    """What one vector is answered with; width: of the outputs."""
    return (
        DecisionField(name="z", length=1, width=width, signed=True, meaning="z of the track at the beam line, 12 fraction bits"),
        DecisionField(name="theta", length=1, width=width, signed=True, meaning="polar angle of the track, 12 fraction bits"),
    )


def ports(n_networks: int, width: int = NODE.width) -> StreamPorts:
    """Ports of the network RTL."""
    return StreamPorts(
        module="classic_mlp",
        inputs=(
            Port(name="in_expert", width=max((n_networks - 1).bit_length(), 1)),
            Port(name="in_x", width=N_INPUTS * NODE.width),
        ),
        outputs=tuple(Port(name=f"out_{field.name}", width=width) for field in fields(width)),
    )


def expected(networks: Sequence[ClassicMlp], vectors: Vectors, width: int = NODE.width) -> dict[str, np.ndarray]:
    """What the model answers, each vector with its own network; values are saturated to the width."""
    out = np.zeros((len(vectors.x_raw), 2), np.int16)
    for k, network in enumerate(networks):
        rows = vectors.expert == k
        out[rows] = network.run(vectors.x_raw[rows])
    last = (1 << (width - 1)) - 1
    out = np.clip(out, -last - 1, last)
    return {"z": out[:, 0], "theta": out[:, 1]}


def vector_records(declared: StreamPorts, x_raw: np.ndarray, idle: np.ndarray) -> np.ndarray:
    """Stimulus records, one per input vector; other ports than `in_x` are 0. idle: cycles after each."""
    rows = np.arange(len(x_raw))
    out = stream.empty_records(declared, len(rows))
    stream.put_header(out, flags=np.full(len(rows), stream.flag(Header.VALID, Header.MARK)), idle=idle)
    for k in range(x_raw.shape[1]):
        low = np.full(len(rows), declared.input_low("in_x") + k * NODE.width)
        stream.put_bits(out, rows, low, NODE.width, x_raw[:, k].astype(np.int64))
    return out


def records(declared: StreamPorts, vectors: Vectors, idle: np.ndarray) -> np.ndarray:
    """Stimulus records, one per vector with its network; idle: cycles after each."""
    out = vector_records(declared, vectors.x_raw, idle)
    rows = np.arange(len(out))
    low = np.full(len(rows), declared.input_low("in_expert"))
    stream.put_bits(out, rows, low, declared.inputs[0].width, vectors.expert.astype(np.int64))
    return out


def simulate(
    model: runner.Model,
    vectors: Vectors,
    declared_latency: int,
    idle: np.ndarray,
    *,
    width: int = NODE.width,
    cancel: threading.Event | None = None,
) -> Answers:
    """Run the vectors through a model of the network RTL. idle: cycles after each vector, at least the initiation interval - 1."""
    n_events = len(vectors.x_raw)
    slices = (
        records(model.ports, Vectors(x_raw=vectors.x_raw[a:b], expert=vectors.expert[a:b]), idle[a:b])
        for a, b in slices_of(n_events)
    )
    return answered(model, slices, n_events, declared_latency, fields(width), cancel)
