"""One dense layer of the codesign network: formats of its inputs, products, exact sums; unrolled or shared over beats."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from hdl.cdc.neuro.beats import Lanes
from hdl.cdc.neuro.codesign_multiples import odd_part, steps
from hdl.cdc.neuro.codesign_sums import EVERY_STEP, Number, Pipelining, reduced, registered, total, tree_stages
from hdl.fixed import convert
from hdl.logic import choose, delayed, select
from trigger.cdc.neuro import codesign
from trigger.fixed import Fixed, Overflow, Rounding


def beat_token(n_beats: int) -> data.StructLayout:
    """What travels with the values of one beat: whether they are there, and the beat's number."""
    return data.StructLayout({"valid": 1, "beat": range(max(n_beats, 2))})


def sum_format(layer: codesign.CodesignLayer) -> Fixed:
    """Format of the layer's sums: exact, so that rounding and overflow never act."""
    width = layer.sum_bound.bit_length() + 1
    return Fixed(width=width, fraction=layer.sum_fraction, signed=True, rounding=Rounding.TRN, overflow=Overflow.WRAP)


def layer_latency(inputs: Lanes, pipelining: Pipelining = EVERY_STEP) -> int:
    """Cycles from a beat of inputs to the sums that it is part of: formats, products, tree of adders."""
    return pipelining.lane_registers + 1 + tree_stages(inputs.n_lanes, pipelining.added_per_stage)


class CodesignLayer(wiring.Component):
    """Weighted sums of one layer, `LATENCY` cycles after the beat that completes them.

    inputs, nodes: how inputs come and sums leave; one of the two at most has several beats. Inputs in beats are accumulated, and
    the sums leave at once; inputs that come at once are kept for as many cycles as the sums have beats. source: their format.
    pipelining: where registers stand; ValueError for one without registers of lanes where there are beats.

    A layer of one beat multiplies by shifts and additions, which the nodes share; others have a multiplier for each pair of input
    and node of a beat, with constants that change from beat to beat.
    Ports: `taken` and `made` say which beat is there; `values` and `sums` hold one word per lane, lane 0 lowest.
    """

    def __init__(
        self, layer: codesign.CodesignLayer, source: Fixed, inputs: Lanes, nodes: Lanes, pipelining: Pipelining = EVERY_STEP
    ) -> None:
        self._layer, self._source, self._inputs, self._nodes, self._pipelining = layer, source, inputs, nodes, pipelining
        self.n_beats = max(inputs.n_beats, nodes.n_beats)
        if self.n_beats > 1 and not pipelining.lane_registers:
            msg = f"lanes must have registers where values go in {self.n_beats} beats"
            raise ValueError(msg)
        self.output = sum_format(layer)
        self._stages = tree_stages(inputs.n_lanes, pipelining.added_per_stage)
        self.LATENCY = layer_latency(inputs, pipelining)
        super().__init__(
            {
                "taken": In(beat_token(inputs.n_beats)),
                "values": In(inputs.n_lanes * source.width),
                "made": Out(beat_token(nodes.n_beats)),
                "sums": Out(nodes.n_lanes * self.output.width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        token = Signal(beat_token(self.n_beats))
        next_beat: Value = self.taken.beat
        if self._nodes.n_beats > 1:
            next_beat = Signal.like(token.beat, name="next_beat")
            m.d.comb += next_beat.eq(Mux(self.taken.valid, 0, token.beat + 1))
        going_on = token.valid & (token.beat != self._nodes.n_beats - 1) if self._nodes.n_beats > 1 else Const(0)
        domain = m.d.sync if self._pipelining.lane_registers else m.d.comb
        domain += [token.valid.eq(self.taken.valid | going_on), token.beat.eq(next_beat)]
        lanes = [self._lane(m, k) for k in range(self._inputs.n_lanes)]
        weights, biases = self._rows()
        if self.n_beats == 1:
            products = _constant_products(m, lanes, weights[0])
        else:
            products = [_products(m, lanes, weights[:, node], next_beat, f"node_{node}") for node in range(self._nodes.n_lanes)]
        before_sum = beat_token(self.n_beats)(delayed(m, token.as_value(), self._stages, "token"))
        sums = []
        for node, numbers in enumerate(products):
            added = total(reduced(m, numbers, self._stages - 1, f"node_{node}", self._pipelining.added_per_stage))
            signal = Signal(signed(self.output.width), name=f"sum_{node}")
            bias = choose_signed(biases[:, node].tolist(), before_sum.beat)
            start = Mux(before_sum.beat == 0, bias, signal) if self._inputs.n_beats > 1 else bias
            m.d.sync += signal.eq(start - added.value if added.negative else start + added.value)
            sums.append(signal)
        complete = before_sum.valid
        if self._inputs.n_beats > 1:
            complete = before_sum.valid & (before_sum.beat == self._inputs.n_beats - 1)
        m.d.comb += [self.sums.eq(Cat(sums)), self.made.valid.eq(delayed(m, complete, 1, "made"))]
        if self._nodes.n_beats > 1:
            m.d.comb += self.made.beat.eq(delayed(m, before_sum.beat, 1, "beat"))
        return m

    def _lane(self, m: Module, lane: int) -> Number:
        """One lane of inputs in its format or, in beats, in the formats of its inputs with the finest one's fraction."""
        inputs = range(lane, self._layer.weight.shape[1], self._inputs.n_lanes)
        formats = [self._layer.lane_format(k) for k in inputs if self._layer.used[k]]
        if not formats:
            return Number(Const(0), 0, 0)
        finest = max(form.fraction for form in formats)
        value = self.values.word_select(lane, self._source.width).as_signed()
        brought = {
            form: convert(m, value, self._source, form).shift_left(finest - form.fraction) for form in dict.fromkeys(formats)
        }
        choices = [brought[self._layer.lane_format(k) if self._layer.used[k] else formats[0]] for k in inputs]
        low = min(form.raw_min << (finest - form.fraction) for form in formats)
        high = max(form.raw_max << (finest - form.fraction) for form in formats)
        kept = Signal(range(low, high + 1), name=f"lane_{lane}")
        if self._pipelining.lane_registers:
            with m.If(self.taken.valid):
                m.d.sync += kept.eq(select(choices, self.taken.beat))
        else:
            m.d.comb += kept.eq(choices[0])
        return Number(kept, low, high)

    def _rows(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Weights (beats, nodes of a beat, lanes) of the lanes as they are kept, and biases (beats, nodes of a beat)."""
        weight, bias = self._layer.scaled
        n_nodes, n_inputs = weight.shape
        lanes, nodes = self._inputs, self._nodes
        padded = np.zeros((nodes.n_beats * nodes.n_lanes, lanes.n_beats * lanes.n_lanes), np.int64)
        padded[:n_nodes, :n_inputs] = weight
        fraction = np.full(lanes.n_beats * lanes.n_lanes, np.iinfo(np.int64).min)
        fraction[:n_inputs] = np.where(self._layer.used, self._layer.fraction, fraction[:n_inputs])
        finest = fraction.reshape(lanes.n_beats, lanes.n_lanes).max(axis=0)
        missing = np.where(finest > np.iinfo(np.int64).min, self._layer.lane_fraction - finest, 0)
        rows = padded.reshape(nodes.n_beats, nodes.n_lanes, lanes.n_beats, lanes.n_lanes) << missing
        biases = np.zeros(nodes.n_beats * nodes.n_lanes, np.int64)
        biases[:n_nodes] = bias
        return (
            rows.transpose(0, 2, 1, 3).reshape(self.n_beats, nodes.n_lanes, lanes.n_lanes),
            biases.reshape(nodes.n_beats, nodes.n_lanes),
        )


def choose_signed(values: list[int], index: Value) -> Value:
    """Constant `values[index]`, signed."""
    width = Shape.cast(range(min(*values, -1), max(values) + 1)).width
    return Cat(choose([value & ((1 << width) - 1) for value in values], index), Const(0, width))[:width].as_signed()


def _constant_products(m: Module, lanes: list[Number], weights: NDArray[np.int64]) -> list[list[Number]]:
    """Products of each node, one cycle later: multiples of each lane, made once for all nodes. weights: (nodes, lanes)."""
    products: list[list[Number]] = [[] for _ in weights]
    for lane, (number, column) in enumerate(zip(lanes, weights.T.tolist(), strict=True)):
        wanted = {odd_part(abs(weight))[0] for weight in column if weight}
        values: dict[int, Value] = {1: number.value}
        for step in steps(wanted):
            larger, smaller = values[step.larger].shift_left(step.shift), values[step.smaller]
            if step.larger_negative:
                larger, smaller = smaller, larger
            multiple = Signal(
                range(number.low * step.constant, number.high * step.constant + 1), name=f"multiple_{lane}_{step.constant}"
            )
            m.d.comb += multiple.eq(larger + smaller if step.is_sum else larger - smaller)
            values[step.constant] = multiple
        kept = {
            odd: registered(m, Number(values[odd], number.low * odd, number.high * odd), f"product_{lane}_{odd}")
            for odd in sorted(wanted)
        }
        for node, weight in enumerate(column):
            if weight:
                odd, shift = odd_part(abs(weight))
                one = kept[odd]
                products[node].append(Number(one.value.shift_left(shift), one.low << shift, one.high << shift, weight < 0))
    return products


def _products(m: Module, lanes: list[Number], weights: NDArray[np.int64], next_beat: Value, name: str) -> list[Number]:
    """Products of one node, two cycles after `next_beat`; lanes without a weight are left out. weights: (beats, lanes)."""
    products = []
    for lane, (number, column) in enumerate(zip(lanes, weights.T.tolist(), strict=True)):
        if not any(column):
            continue
        _, shift = odd_part(int(np.bitwise_or.reduce(column)))
        factors = [weight >> shift for weight in column]
        factor = Signal(range(min(*factors, 0), max(*factors, 0) + 1), name=f"{name}_weight_{lane}")
        m.d.sync += factor.eq(select([Const(one, factor.shape()) for one in factors], next_beat))
        ends = [end * one for end in (number.low, number.high) for one in factors]
        product = registered(m, Number(number.value * factor, min(ends), max(ends)), f"{name}_product_{lane}")
        products.append(Number(product.value.shift_left(shift), product.low << shift, product.high << shift))
    return products
