"""The classic neuro-trigger network: 27 inputs in, z and theta out."""

from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.neuro.activation import Activation
from hdl.cdc.neuro.beats import Beats, Lanes, accepted
from hdl.cdc.neuro.layer import Layer
from hdl.cdc.neuro.weights import WeightStore
from hdl.fixed import convert, shape
from hdl.logic import delayed
from trigger.cdc import neuro
from trigger.cdc.neuro.formats import NODE
from trigger.cdc.neuro.mlp import N_INPUTS, N_OUTPUTS
from trigger.fixed import Fixed


class ClassicMlp(wiring.Component):
    """Outputs of one network, or of the expert's own of several, per input vector; domain sync at the system clock.

    networks: of equal shape, one per expert. reuse: cycles in which a multiplier serves one vector; 1 has a multiplier per weight.
    store: where weights are kept. output: format of the outputs, to which node values are converted.

    Ports:
        in_valid: a vector is taken when it is high at least `INITIATION_INTERVAL` cycles after the one taken before, else ignored.
        in_expert: the network's place in `networks`, and smaller than their number.
        in_x: 27 values of 14 bits, input 0 lowest, each in -4096..4096.
        out_valid: one cycle per vector. out_z, out_theta mean something with it only.

    `LATENCY` counts the cycles from `in_valid` to `out_valid`.
    """

    def __init__(
        self,
        networks: Sequence[neuro.ClassicMlp],
        *,
        reuse: int,
        store: WeightStore = WeightStore.CONSTANT,
        output: Fixed = NODE,
    ) -> None:
        if not networks:
            msg = "networks must be at least one"
            raise ValueError(msg)
        weights = [[np.asarray(matrix, np.int64) for matrix in network.weights] for network in networks]
        biases = [[np.asarray(vector, np.int64) for vector in network.biases] for network in networks]
        shapes = {tuple(matrix.shape for matrix in matrices) for matrices in weights}
        if len(shapes) != 1:
            msg = f"networks must have equal shapes, not {sorted(shapes)}"
            raise ValueError(msg)
        self.networks, self._output = tuple(networks), output
        self._lanes = [Lanes(n_values=n_inputs, reuse=reuse) for _, n_inputs in next(iter(shapes))]
        self.layers = [
            Layer([one[k] for one in weights], [one[k] for one in biases], lanes, store) for k, lanes in enumerate(self._lanes)
        ]
        self.INITIATION_INTERVAL = max(lanes.n_beats for lanes in self._lanes)
        self.LATENCY = sum(
            Beats.LATENCY + lanes.n_beats - 1 + layer.LATENCY + Activation.LATENCY
            for lanes, layer in zip(self._lanes, self.layers, strict=True)
        )
        super().__init__(
            {
                "in_valid": In(1),
                "in_expert": In(range(max(len(networks), 2))),
                "in_x": In(N_INPUTS * NODE.width),
                "out_valid": Out(1),
                "out_z": Out(shape(output)),
                "out_theta": Out(shape(output)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        n_sets = len(self.networks)
        m.submodules.input = beats = Beats(self._lanes[0], NODE.width, n_sets)
        m.d.comb += [
            beats.in_valid.eq(accepted(m, self.in_valid, self.INITIATION_INTERVAL)),
            beats.in_set.eq(self.in_expert),
            beats.in_values.eq(self.in_x),
        ]
        values, at = beats.values, beats.token.as_value()
        for k, layer in enumerate(self.layers):
            m.submodules[f"layer_{k}"] = layer
            m.d.comb += [layer.token.eq(at), layer.values.eq(values)]
            if k == len(self.layers) - 1:
                break
            lanes = self._lanes[k + 1]
            m.submodules[f"beats_{k}"] = beats = Beats(lanes, layer.sum_width, n_sets)
            m.submodules[f"activation_{k}"] = activation = Activation(lanes.n_lanes, layer.sum_width)
            m.d.comb += [
                beats.in_valid.eq(layer.done),
                beats.in_set.eq(layer.set),
                beats.in_values.eq(layer.sums),
                activation.sums.eq(beats.values),
            ]
            values = activation.values
            at = delayed(m, beats.token.as_value(), Activation.LATENCY, f"token_{k}")
        m.submodules.activation = activation = Activation(N_OUTPUTS, layer.sum_width)
        m.d.comb += [
            activation.sums.eq(layer.sums),
            self.out_valid.eq(delayed(m, layer.done, Activation.LATENCY, "valid")),
        ]
        for k, port in enumerate((self.out_z, self.out_theta)):
            value = Signal(signed(NODE.width), name=f"output_{k}")
            m.d.comb += value.eq(activation.values.word_select(k, NODE.width))
            m.d.comb += port.eq(convert(m, value, NODE, self._output))
        return m
