"""The codesign network as a co-simulated block, and its other realisations beside it: Keras and hls4ml's C++ model."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.cosim import neuro, runner
from sim.cosim.exchange import Answers, slices_of
from sim.cosim.ports import Port, StreamPorts
from trigger.cdc.neuro.codesign import ANSWER, NEURO, Interface
from trigger.cdc.neuro.formats import NODE
from trigger.ecl.layout import DecisionField

if TYPE_CHECKING:
    from trigger.cdc.neuro.codesign import CodesignNetwork

SOFTWARE = ("keras", "c_model")
"""Realisations beside integer model and RTL."""
_BATCH = 8192
_MEANING = {
    "z": "z of the track at the beam line, 12 fraction bits",
    "theta": "polar angle of the track, 12 fraction bits",
    "class": "odds of an origin at the interaction point, 12 fraction bits",
    "score": "odds of a true displaced vertex, 12 fraction bits",
}


def fields(interface: Interface = NEURO) -> tuple[DecisionField, ...]:
    """What one vector is answered with by the RTL."""
    return tuple(
        DecisionField(name=name, length=1, width=ANSWER.width, signed=True, meaning=_MEANING[name]) for name in interface.answers
    )


def software_fields(interface: Interface = NEURO) -> tuple[DecisionField, ...]:
    """The same answers, once per realisation in software: `keras_z` and so on."""
    return tuple(replace(field, name=f"{name}_{field.name}") for name in SOFTWARE for field in fields(interface))


def ports(interface: Interface = NEURO, module: str = "codesign_mlp") -> StreamPorts:
    """Ports of the network RTL. module: its name."""
    return StreamPorts(
        module=module,
        inputs=(Port(name="in_x", width=interface.n_inputs * NODE.width),),
        outputs=tuple(Port(name=f"out_{field.name}", width=field.width) for field in fields(interface)),
    )


def expected(network: CodesignNetwork, x_raw: np.ndarray) -> dict[str, np.ndarray]:
    """What the integer model answers, for the fields of all realisations."""
    answers = dict(zip(network.interface.answers, network.run(x_raw).T, strict=True))
    return answers | {f"{name}_{field}": values for name in SOFTWARE for field, values in answers.items()}


def simulate(
    model: runner.Model,
    x_raw: np.ndarray,
    declared_latency: int,
    idle: np.ndarray,
    cancel: threading.Event | None = None,
    *,
    interface: Interface = NEURO,
) -> Answers:
    """Run vectors through a model of the network RTL. idle: cycles after each vector, at least the initiation interval - 1."""
    slices = (neuro.vector_records(model.ports, x_raw[a:b], idle[a:b]) for a, b in slices_of(len(x_raw)))
    return neuro.answered(model, slices, len(x_raw), declared_latency, fields(interface), cancel)


@dataclass(frozen=True, kw_only=True)
class Software:
    """The network in Keras, thawed from its integers, and in the C++ of its hls4ml project. One thread at a time uses them."""

    keras_model: Any
    project: Any
    interface: Interface
    lock: threading.Lock

    @classmethod
    def build(cls, network: CodesignNetwork, folder: Path, seed: int) -> Software:
        """Both realisations; the project is written to `folder` and compiled (a minute for the shipped network)."""
        from hls.convert import convert
        from hls.freeze import thaw
        from hls.networks import set_up_tensorflow

        set_up_tensorflow(seed)
        keras_model = thaw(network)
        project = convert(keras_model, network, folder)
        project.compile()
        return cls(keras_model=keras_model, project=project, interface=network.interface, lock=threading.Lock())

    def run(self, x_raw: np.ndarray) -> dict[str, np.ndarray]:
        """The answers, by field of `software_fields`."""
        from hls.convert import to_float, to_raw

        with self.lock:
            of_keras = to_raw(self.keras_model.predict(to_float(x_raw), batch_size=_BATCH, verbose=0))
            of_c_model = self.project.predict(x_raw)
        columns = np.concatenate([of_keras, of_c_model], axis=1).T
        return {field.name: values for field, values in zip(software_fields(self.interface), columns, strict=True)}


def beside(answers: Answers, software: dict[str, np.ndarray]) -> Answers:
    """The RTL's answers with those of the software for the same events; results that belong to no event get those of event 0."""
    event = np.maximum(answers.event, 0)
    return replace(answers, arrays=answers.arrays | {name: values[event] for name, values in software.items()})
