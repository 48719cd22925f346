"""The classic neuro-trigger network in integers: 27 inputs, tanh(x/2) layers, outputs z and theta.

Ref: basf2 trg/cdc CDCTriggerMLP.cc runMLPFix (read in public source) [SIM].
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.cdc.neuro.activation import ADDRESS_SHIFT, activate, tanh_half_table
from trigger.cdc.neuro.formats import ACCUMULATOR, NODE_ONE, WEIGHT
from trigger.compiled import kernel
from trigger.errors import InputError

N_INPUTS = 27
N_OUTPUTS = 2
_BLOCK = 512
"""Tracks per inner loop: our choice, the sums of a block stay in the first-level cache."""
_UNROLL = 4


@dataclass(frozen=True, eq=False)
class ClassicMlp:
    """A network of integer weights, applied exactly.

    weights: one matrix (nodes, inputs) per layer, the first with 27 inputs, the last with 2 nodes; biases: one vector
    (nodes,) per layer; all in the raw WEIGHT format (10 fraction bits, 17 bits). The bias is multiplied with 2^12.
    InputError for shapes that do not fit, values out of range, or sums that could leave the 36-bit accumulator.
    """

    weights: Sequence[ArrayLike]
    biases: Sequence[ArrayLike]

    def __post_init__(self) -> None:
        if len(self.weights) != len(self.biases) or not len(self.weights):
            msg = f"weights and biases must have the same number of layers, not {len(self.weights)} and {len(self.biases)}"
            raise InputError(msg)
        weights = tuple(_checked(w, f"weights of layer {k}", 2) for k, w in enumerate(self.weights))
        biases = tuple(_checked(b, f"biases of layer {k}", 1) for k, b in enumerate(self.biases))
        inputs = N_INPUTS
        for k, (w, b) in enumerate(zip(weights, biases, strict=True)):
            nodes = N_OUTPUTS if k == len(weights) - 1 else w.shape[0]
            if w.shape != (nodes, inputs) or b.shape != (nodes,):
                msg = f"layer {k} must have weights {(nodes, inputs)} and biases {(nodes,)}, not {w.shape} and {b.shape}"
                raise InputError(msg)
            inputs = nodes
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "biases", biases)
        bound = self.accumulator_bound
        if bound > ACCUMULATOR.raw_max:
            msg = f"sums must fit into {ACCUMULATOR.width} bits, but reach {bound}"
            raise InputError(msg)

    @property
    def accumulator_bound(self) -> int:
        """Largest size of any weighted sum for any inputs: inputs and hidden values are at most 2^12 in size."""
        layers = zip(self.weights, self.biases, strict=True)
        return NODE_ONE * max(int((np.abs(w).sum(axis=1) + np.abs(b)).max()) for w, b in layers)

    def run(self, x_raw: ArrayLike) -> NDArray[np.int16]:
        """Return the outputs z and theta, int16 (n, 2) with 12 fraction bits, -4096..4096, of input vectors.

        x_raw: integers (n, 27) in -4096..4096. Sums are exact; 32-bit sums are used only if accumulator_bound allows it.
        InputError names the first vector out of range. No vectors give (0, 2).
        """
        return activate(self.accumulate(x_raw))

    def accumulate(self, x_raw: ArrayLike) -> NDArray[np.int64]:
        """Return the weighted sums of the output nodes, int64 (n, 2) with 22 fraction bits; arguments as for `run`."""
        x = _checked_inputs(x_raw)
        narrow = self.accumulator_bound <= np.iinfo(np.int32).max
        sums = np.zeros(_BLOCK, np.int32 if narrow else np.int64)
        out = np.zeros((len(x), N_OUTPUTS), np.int64)
        matrices = tuple(_padded(w, b) for w, b in zip(self.weights, self.biases, strict=True))
        nodes = [np.zeros((m.shape[1], _BLOCK), np.int16) for m in matrices]
        for values, matrix in zip(nodes, self.weights, strict=True):
            values[np.shape(matrix)[1]] = NODE_ONE
        for start in range(0, len(x), _BLOCK):
            stop = min(start + _BLOCK, len(x))
            nodes[0][:N_INPUTS, : stop - start] = x[start:stop].T
            for k, matrix in enumerate(matrices[:-1]):
                _hidden_layer(nodes[k], matrix, tanh_half_table(), ADDRESS_SHIFT, sums, nodes[k + 1])
            _output_layer(nodes[-1], matrices[-1], sums, out[start:stop])
        return out


def _checked(values: ArrayLike, name: str, ndim: int) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.dtype.kind not in "iu" or array.ndim != ndim:
        msg = f"{name} must be integers in {ndim} dimension(s), not {array.dtype} of shape {array.shape}"
        raise InputError(msg)
    try:
        array = WEIGHT.check(array)
    except ValueError as error:
        msg = f"{name}: {error}"
        raise InputError(msg) from error
    array.setflags(write=False)
    return array


def _checked_inputs(x_raw: ArrayLike) -> NDArray[np.int16]:
    x = np.asarray(x_raw)
    if x.ndim != 2 or x.shape[1] != N_INPUTS or x.dtype.kind not in "iu":
        msg = f"x_raw must be integers of shape (n, {N_INPUTS}), not {x.dtype} of shape {x.shape}"
        raise InputError(msg)
    if x.size and (x.min() < -NODE_ONE or x.max() > NODE_ONE):
        row, column = (int(k) for k in np.argwhere((x < -NODE_ONE) | (x > NODE_ONE))[0])
        msg = f"x_raw must be {-NODE_ONE}..{NODE_ONE}, not {x[row, column]} (vector {row}, input {column})"
        raise InputError(msg)
    return x.astype(np.int16, copy=False)


def _padded(weights: ArrayLike, biases: ArrayLike) -> NDArray[np.int32]:
    """The matrix with the bias as the last column, and zeros up to a multiple of the unrolled loop."""
    matrix = np.column_stack([np.asarray(weights), np.asarray(biases)]).astype(np.int32)
    return np.pad(matrix, ((0, 0), (0, -matrix.shape[1] % _UNROLL)))


@kernel
def _sum(x, row, sums):
    """Weighted sums of all tracks of a block for one node; x: (inputs, tracks)."""
    sums[:] = 0
    for i in range(0, x.shape[0], _UNROLL):
        w0, w1, w2, w3 = row[i], row[i + 1], row[i + 2], row[i + 3]
        x0, x1, x2, x3 = x[i], x[i + 1], x[i + 2], x[i + 3]
        for track in range(len(sums)):
            sums[track] += w0 * x0[track] + w1 * x1[track] + w2 * x2[track] + w3 * x3[track]


@kernel
def _hidden_layer(x, matrix, table, shift, sums, out):
    last = len(table) - 1
    for node in range(matrix.shape[0]):
        _sum(x, matrix[node], sums)
        values = out[node]
        for track in range(len(sums)):
            value = table[min(abs(sums[track]) >> shift, last)]
            values[track] = -value if sums[track] < 0 else value


@kernel
def _output_layer(x, matrix, sums, out):
    for node in range(matrix.shape[0]):
        _sum(x, matrix[node], sums)
        for track in range(len(out)):
            out[track, node] = sums[track]
