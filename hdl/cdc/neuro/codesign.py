"""The codesign network: inputs in, answers out; of tracks: 27 inputs, z, theta and the class of origin."""

from amaranth.hdl import Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.cdc.neuro.beats import Beats, Lanes, accepted
from hdl.cdc.neuro.codesign_layer import CodesignLayer, layer_latency
from hdl.cdc.neuro.codesign_sums import EVERY_STEP, Pipelining
from hdl.fixed import convert, shape
from trigger.cdc.neuro import codesign
from trigger.cdc.neuro.codesign import ANSWER
from trigger.cdc.neuro.formats import NODE


class CodesignMlp(wiring.Component):
    """Outputs of a frozen network per input vector; domain sync at the system clock.

    reuse: cycles in which a multiplier serves one vector. With 1 all weights are constants and there is no multiplier; else every
    second set of values between layers, counted from the outputs, goes in beats: the layer before it makes its sums, the
    layer behind it takes its inputs, a part of them per cycle. pipelining: where registers stand.

    Ports:
        in_valid: a vector is taken when it is high at least `INITIATION_INTERVAL` cycles after the one taken before, else ignored.
        in_x: values of 14 bits, input 0 lowest, each in -4096..4096.
        out_valid: one cycle per vector. The answers, out_z, out_theta and out_class for tracks, mean something with it only.

    `LATENCY` counts the cycles from `in_valid` to `out_valid`.
    """

    def __init__(self, network: codesign.CodesignNetwork, *, reuse: int = 1, pipelining: Pipelining = EVERY_STEP) -> None:
        self.network, self.reuse, self._pipelining = network, reuse, pipelining
        n_inputs = network.interface.n_inputs
        sizes = [n_inputs, *(len(layer.bias) for layer in network.layers)]
        in_beats = [(len(network.layers) - place) % 2 == 1 for place in range(len(sizes))]
        self._lanes = [Lanes(n_values=n, reuse=reuse if beats else 1) for n, beats in zip(sizes, in_beats, strict=True)]
        self.INITIATION_INTERVAL = max(lanes.n_beats for lanes in self._lanes)
        waiting = sum(lanes.n_beats - 1 for lanes in self._lanes)
        entry = Beats.LATENCY if self._lanes[0].n_beats > 1 else 0
        self.LATENCY = entry + sum(layer_latency(inputs, pipelining) for inputs in self._lanes[:-1]) + waiting
        self.LATENCY += pipelining.answer_registers
        ports = {f"out_{name}": Out(shape(ANSWER)) for name in network.interface.answers}
        super().__init__({"in_valid": In(1), "in_x": In(n_inputs * NODE.width), "out_valid": Out(1), **ports})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layers, source = [], NODE
        for layer, inputs, nodes in zip(self.network.layers, self._lanes, self._lanes[1:], strict=False):
            layers.append(CodesignLayer(layer, source, inputs, nodes, self._pipelining))
            source = layers[-1].output
        taken = accepted(m, self.in_valid, self.INITIATION_INTERVAL)
        first = layers[0].taken
        if self._lanes[0].n_beats > 1:
            m.submodules.input = beats = Beats(self._lanes[0], NODE.width, 1)
            m.d.comb += [beats.in_valid.eq(taken), beats.in_values.eq(self.in_x)]
            m.d.comb += [first.valid.eq(beats.token.valid), first.beat.eq(beats.token.beat)]
            values: Value = beats.values
        else:
            m.d.comb += first.valid.eq(taken)
            values = self.in_x
        for k, layer in enumerate(layers):
            m.submodules[f"layer_{k}"] = layer
            m.d.comb += layer.values.eq(values)
            if k:
                m.d.comb += layer.taken.eq(layers[k - 1].made)
            values = layer.sums
        last = layers[-1]
        domain = m.d.sync if self._pipelining.answer_registers else m.d.comb
        domain += self.out_valid.eq(last.made.valid)
        for k, name in enumerate(self.network.interface.answers):
            number = last.sums.word_select(k, last.output.width).as_signed()
            domain += getattr(self, f"out_{name}").eq(convert(m, number, last.output, ANSWER))
        return m
