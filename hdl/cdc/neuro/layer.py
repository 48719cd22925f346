"""Weighted sums of one layer: multipliers that all beats of a vector share, pipelined adder trees, accumulators."""

from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from hdl.cdc.neuro.beats import Lanes, token
from hdl.cdc.neuro.weights import WeightStore, stored, weight_bits
from hdl.logic import choose, delayed
from trigger.cdc.neuro.formats import ACCUMULATOR, NODE, NODE_ONE

ADDED_PER_STAGE = 3
"""Our choice: the three-operand adder of one carry chain."""


def tree_stages(n_values: int) -> int:
    """Registers of an adder tree."""
    stages = 0
    while n_values > 1:
        n_values, stages = -(-n_values // ADDED_PER_STAGE), stages + 1
    return stages


class Layer(wiring.Component):
    """Sums of every node over all beats of a vector, exact, with `done` in the cycle in which they are complete.

    weights: one (nodes, inputs) matrix per set; biases: one vector (nodes,) per set, in the same raw format. `LATENCY` counts
    from the last beat to `done`. `sums` holds sum_width bits per node, node 0 lowest, and is valid with `done` only.
    """

    def __init__(
        self, weights: Sequence[NDArray[np.int64]], biases: Sequence[NDArray[np.int64]], lanes: Lanes, store: WeightStore
    ) -> None:
        self._weights, self._biases, self._lanes, self._store = np.stack(list(weights)), np.stack(list(biases)), lanes, store
        self._bits = weight_bits(self._weights, store)
        self.n_sets, self.n_nodes = self._biases.shape
        bound = NODE_ONE * int((np.abs(self._weights).sum(axis=2) + np.abs(self._biases)).max())
        self.sum_width = ACCUMULATOR.width if store is WeightStore.MEMORY else bound.bit_length() + 1
        self.LATENCY = 3 + tree_stages(lanes.n_lanes)
        super().__init__(
            {
                "token": In(token(lanes.n_beats, self.n_sets)),
                "values": In(lanes.n_lanes * NODE.width),
                "done": Out(1),
                "set": Out(range(max(self.n_sets, 2))),
                "sums": Out(self.n_nodes * self.sum_width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        n_lanes, n_beats = self._lanes.n_lanes, self._lanes.n_beats
        padded = np.zeros((self.n_sets, self.n_nodes, n_beats * n_lanes), np.int64)
        padded[:, :, : self._lanes.n_values] = self._weights
        rows = padded.reshape(self.n_sets, self.n_nodes, n_beats, n_lanes)

        address = Signal(range(max(self.n_sets * n_beats, 2)))
        m.d.comb += address.eq(self.token.set * n_beats + self.token.beat)
        operands = delayed(m, self.values, 1, "operand")
        inputs = [operands.word_select(lane, NODE.width).as_signed() for lane in range(n_lanes)]
        before_sum = delayed(m, self.token.as_value(), self.LATENCY - 1, "token")
        at_sum = token(n_beats, self.n_sets)(before_sum)
        sums = []
        for node in range(self.n_nodes):
            table = rows[:, node].reshape(-1, n_lanes)
            weights = stored(m, table, address, self._bits, self._store, f"weights_{node}")
            total = self._total(m, inputs, weights, f"node_{node}")
            biases = (self._biases[:, node] * NODE_ONE).tolist()
            mask = (1 << self.sum_width) - 1
            bias = choose([value & mask for value in biases], at_sum.set)
            accumulator = Signal(signed(self.sum_width), name=f"sum_{node}")
            m.d.sync += accumulator.eq(Mux(at_sum.first, bias, accumulator) + total)
            sums.append(accumulator)
        m.d.comb += [
            self.sums.eq(Cat(sums)),
            self.done.eq(delayed(m, at_sum.valid & at_sum.last, 1, "done")),
            self.set.eq(delayed(m, at_sum.set, 1, "set")),
        ]
        return m

    def _total(self, m: Module, inputs: Sequence[Value], weights: Sequence[Value], name: str) -> Value:
        """Sum of the products of one beat, after a register per product and per level of the tree."""
        level: list[Value] = []
        for lane, (value, weight) in enumerate(zip(inputs, weights, strict=True)):
            product = Signal(signed(NODE.width + self._bits), name=f"{name}_product_{lane}")
            m.d.sync += product.eq(value * weight)
            level.append(product)
        for stage in range(tree_stages(len(level))):
            groups = [level[k : k + ADDED_PER_STAGE] for k in range(0, len(level), ADDED_PER_STAGE)]
            level = []
            for k, group in enumerate(groups):
                added = sum(group[1:], start=group[0])
                partial = Signal(added.shape(), name=f"{name}_partial_{stage}_{k}")
                m.d.sync += partial.eq(added)
                level.append(partial)
        return level[0] if level else Const(0)
