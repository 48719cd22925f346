"""The codesign network in integers: quantised dense layers with rectified sums; that of tracks answers z, theta, class of origin.

The trained formats differ from value to value (HGQ2, arXiv 2405.00645): each input of a layer has its own numbers of integer and
fraction bits, rounds half up and saturates; weights and biases have as many bits as they need. All sums are exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.cdc.neuro.experts import checked_experts
from trigger.cdc.neuro.formats import NODE, NODE_ONE
from trigger.cdc.neuro.mlp import N_INPUTS
from trigger.compiled import kernel
from trigger.errors import InputError
from trigger.fixed import Fixed, Overflow, Rounding

ANSWER = Fixed(width=13, fraction=12, signed=True, rounding=Rounding.RND, overflow=Overflow.SAT)
"""z, theta, class: the 13 bits of the experiment's data stream. Our choice: saturated, so that +1 becomes 1 - 2^-12."""
ANSWER_NAMES = ("z", "theta", "class")
"""z / 100 cm, (theta - 90 deg) / 80 deg, and the logarithm of the odds of |z| < 1 cm against |z| > 30 cm, over CLASS_SCALE."""
CLASS_SCALE = 8
"""Our choice: odds beyond e^8 saturate."""


@dataclass(frozen=True, kw_only=True)
class Interface:
    """What a network stands between: n_inputs values of the format NODE, and answers, by name, of the format ANSWER."""

    n_inputs: int
    answers: tuple[str, ...]


NEURO = Interface(n_inputs=N_INPUTS, answers=ANSWER_NAMES)
"""That of the network of tracks."""
LANE_ROUNDING, LANE_OVERFLOW = Rounding.RND, Overflow.SAT
MAX_LANE_WIDTH = 14
"""Ceiling of the trained formats, bits with sign: lanes are kept in 16-bit integers with room for their common fraction."""
MAX_SUM_BITS = 24
"""Ceiling of all sums, bits with sign. Our choice: single-precision floats hold them and their halves, so that Keras is exact."""
MAX_UP_SHIFT = 6
"""Most bits that a lane may have beyond the fraction of the sums before it; 32 bits hold the shifted sum."""
_BLOCK = 512
"""Tracks per inner loop. Our choice: the sums of a block stay in the first-level cache."""
_UNROLL = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class CodesignLayer:
    """One dense layer of n nodes on m inputs; integer arrays, checked and read-only.

    integer, fraction: int64 (m,), bits of the format that each input is brought to, sign not counted; an input of no bits at
    all is not used. signed: whether the inputs are (the first layer) or not (behind a rectifier).
    weight: int64 (n, m), LSB 2^-weight_fraction. bias: int64 (n,), LSB 2^-bias_fraction.
    InputError for shapes that do not fit and formats above the ceilings.
    """

    integer: NDArray[np.int64]
    fraction: NDArray[np.int64]
    signed: bool
    weight: NDArray[np.int64]
    weight_fraction: int
    bias: NDArray[np.int64]
    bias_fraction: int

    def __post_init__(self) -> None:
        arrays = {}
        for name, ndim in (("integer", 1), ("fraction", 1), ("weight", 2), ("bias", 1)):
            array = np.asarray(getattr(self, name))
            if array.dtype.kind not in "iu" or array.ndim != ndim:
                msg = f"{name} must be integers in {ndim} dimension(s), not {array.dtype} of shape {array.shape}"
                raise InputError(msg)
            array = array.astype(np.int64)
            array.setflags(write=False)
            arrays[name] = array
            object.__setattr__(self, name, array)
        nodes, inputs = arrays["weight"].shape
        found = (len(arrays["integer"]), len(arrays["fraction"]), len(arrays["bias"]))
        if found != (inputs, inputs, nodes):
            msg = f"formats and biases of a layer {(nodes, inputs)} must have lengths {(inputs, inputs, nodes)}, not {found}"
            raise InputError(msg)
        width = self.signed + arrays["integer"] + arrays["fraction"]
        wide = np.flatnonzero(self.used & ((width > MAX_LANE_WIDTH) | (self.signed + arrays["integer"] + self.lane_fraction > 16)))
        if len(wide):
            msg = f"input {wide[0]} must have at most {MAX_LANE_WIDTH} bits and fit into 16 with the common fraction"
            raise InputError(msg)

    @property
    def used(self) -> NDArray[np.bool_]:
        """Inputs (m,) whose format has bits."""
        return self.signed + self.integer + self.fraction > 0

    @property
    def lane_fraction(self) -> int:
        """Common fraction of the inputs: the largest one."""
        return int(self.fraction[self.used].max(initial=0))

    @property
    def sum_fraction(self) -> int:
        """Fraction of the weighted sums."""
        return max(self.lane_fraction + self.weight_fraction, self.bias_fraction)

    def lane_format(self, lane: int) -> Fixed:
        """Format of one input that is used."""
        return Fixed.from_kif(
            int(self.signed), int(self.integer[lane]), int(self.fraction[lane]), rounding=LANE_ROUNDING, overflow=LANE_OVERFLOW
        )

    @property
    def scaled(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Weights and biases with the sums' fraction; weights of inputs that are not used are 0."""
        weight = np.where(self.used, self.weight, 0) << (self.sum_fraction - self.lane_fraction - self.weight_fraction)
        return weight, self.bias << (self.sum_fraction - self.bias_fraction)

    @property
    def sum_bound(self) -> int:
        """Largest size of any weighted sum, whatever the inputs."""
        weight, bias = self.scaled
        largest = np.where(self.used, 1 << np.maximum(self.integer + self.lane_fraction, 0), 0)
        return int((np.abs(weight) @ largest + np.abs(bias)).max(initial=0))


@dataclass(frozen=True, eq=False)
class CodesignNetwork:
    """A frozen network, applied exactly.

    layers: from the inputs to the answers of the interface; sums of all but the last one are rectified. InputError for layers that
    do not fit together, sums of more than 24 bits, or a signed layer in any place but the first.
    """

    layers: Sequence[CodesignLayer]
    interface: Interface = NEURO

    def __post_init__(self) -> None:
        layers = tuple(self.layers)
        inputs, source = self.interface.n_inputs, NODE.fraction
        for k, layer in enumerate(layers):
            if layer.weight.shape[1] != inputs or layer.signed != (k == 0):
                msg = f"layer {k} must have {inputs} {'signed' if k == 0 else 'unsigned'} inputs, not {layer.weight.shape[1]}"
                raise InputError(msg)
            if layer.sum_bound >= 1 << (MAX_SUM_BITS - 1):
                msg = f"sums of layer {k} must fit into {MAX_SUM_BITS} bits, but reach {layer.sum_bound}"
                raise InputError(msg)
            if layer.lane_fraction > source + MAX_UP_SHIFT:
                msg = f"inputs of layer {k} must have at most {source + MAX_UP_SHIFT} fraction bits, not {layer.lane_fraction}"
                raise InputError(msg)
            inputs, source = layer.weight.shape[0], layer.sum_fraction
        answers = self.interface.answers
        if not layers or inputs != len(answers):
            msg = f"the last layer must have {len(answers)} nodes, not {inputs if layers else 0}"
            raise InputError(msg)
        object.__setattr__(self, "layers", layers)

    @property
    def hidden(self) -> tuple[int, ...]:
        """Nodes of the hidden layers."""
        return tuple(len(layer.bias) for layer in self.layers[:-1])

    @property
    def multiplications(self) -> int:
        """Weights that are not zero."""
        return sum(int(np.count_nonzero(layer.scaled[0])) for layer in self.layers)

    def run(self, x_raw: ArrayLike) -> NDArray[np.int16]:
        """Return the answers, int16 (n, answers) in the ANSWER format, of input vectors.

        x_raw: integers (n, inputs) in -4096..4096, NODE format. InputError names the first one out of range. No vectors: no rows.
        """
        x = _checked(x_raw, self.interface.n_inputs)
        n_answers = len(self.interface.answers)
        out = np.zeros((len(x), n_answers), np.int16)
        plans = [_plan(layer, before) for layer, before in zip(self.layers, (None, *self.layers), strict=False)]
        lanes = [np.zeros((plan.weight.shape[1], _BLOCK), np.int32) for plan in plans]
        sums = [np.zeros((len(plan.weight), _BLOCK), np.int32) for plan in plans]
        values = np.zeros((self.interface.n_inputs, _BLOCK), np.int32)
        answer = _steps([ANSWER] * n_answers, self.layers[-1].sum_fraction, ANSWER.fraction)
        for start in range(0, len(x), _BLOCK):
            stop = min(start + _BLOCK, len(x))
            values[:, : stop - start] = x[start:stop].T
            before = values
            for plan, lane, total in zip(plans, lanes, sums, strict=True):
                _requantise(before, plan.steps, lane)
                _weighted_sums(lane, plan.weight, plan.bias, total)
                before = total
            _answers(before, answer, out[start:stop])
        return out

    def answer(self, x_raw: ArrayLike, expert: ArrayLike) -> NDArray[np.int16]:
        """Return what `run` does, and 0 for tracks without an expert; the one network answers for all experts.

        expert: integers (n,), 0..4, -1 = none. InputError for others.
        """
        answers = self.run(x_raw)
        answers[checked_experts(expert, len(answers)) < 0] = 0
        return answers


@dataclass(frozen=True, eq=False)
class _Plan:
    """One layer as the loops take it; weights and biases with zeros up to multiples of the unrolled loops."""

    steps: NDArray[np.int32]
    weight: NDArray[np.int32]
    bias: NDArray[np.int32]


def _plan(layer: CodesignLayer, before: CodesignLayer | None) -> _Plan:
    weight, bias = layer.scaled
    formats = [layer.lane_format(lane) if used else None for lane, used in enumerate(layer.used)]
    source = NODE.fraction if before is None else before.sum_fraction
    nodes, inputs = (-size % _UNROLL for size in weight.shape)
    return _Plan(
        _steps(formats, source, layer.lane_fraction),
        np.pad(weight, ((0, nodes), (0, inputs))).astype(np.int32),
        np.pad(bias, (0, nodes)).astype(np.int32),
    )


def _steps(formats: Sequence[Fixed | None], source: int, target: int) -> NDArray[np.int32]:
    """How integers of `source` fraction bits are brought to formats, then to `target` fraction bits: a row per format.

    Left shift first, half of the LSB, right shift, lowest, highest, left shift at the end; all zero for a format that is None.
    """
    rows = []
    for form in formats:
        if form is None:
            rows.append((0, 0, 0, 0, 0, 0))
            continue
        down = source - form.fraction
        half = 1 << (down - 1) if down > 0 else 0
        rows.append((max(-down, 0), half, max(down, 0), form.raw_min, form.raw_max, target - form.fraction))
    return np.array(rows, np.int32).reshape(-1, 6)


def _checked(x_raw: ArrayLike, n_inputs: int) -> NDArray[np.int16]:
    x = np.asarray(x_raw)
    if x.ndim != 2 or x.shape[1] != n_inputs or x.dtype.kind not in "iu":
        msg = f"x_raw must be integers of shape (n, {n_inputs}), not {x.dtype} of shape {x.shape}"
        raise InputError(msg)
    if x.size and (x.min() < -NODE_ONE or x.max() > NODE_ONE):
        row, column = (int(k) for k in np.argwhere((x < -NODE_ONE) | (x > NODE_ONE))[0])
        msg = f"x_raw must be {-NODE_ONE}..{NODE_ONE}, not {x[row, column]} (vector {row}, input {column})"
        raise InputError(msg)
    return x.astype(np.int16, copy=False)


@kernel
def _requantise(values, steps, lanes):
    """Bring a block of values (inputs, tracks) to the formats of a layer's inputs."""
    for lane in range(len(steps)):
        up, half, down, low, high, align = steps[lane]
        source, target = values[lane], lanes[lane]
        for track in range(len(source)):
            target[track] = min(max(((source[track] << up) + half) >> down, low), high) << align


@kernel
def _weighted_sums(lanes, weight, bias, sums):
    """Sums (nodes, tracks) of a block: four nodes and four inputs at a time, so that what is loaded is used four times."""
    for node in range(0, len(weight), _UNROLL):
        a, b, c, d = weight[node], weight[node + 1], weight[node + 2], weight[node + 3]
        s, t, u, v = sums[node], sums[node + 1], sums[node + 2], sums[node + 3]
        s[:], t[:], u[:], v[:] = bias[node], bias[node + 1], bias[node + 2], bias[node + 3]
        for i in range(0, weight.shape[1], _UNROLL):
            a0, a1, a2, a3 = a[i], a[i + 1], a[i + 2], a[i + 3]
            b0, b1, b2, b3 = b[i], b[i + 1], b[i + 2], b[i + 3]
            c0, c1, c2, c3 = c[i], c[i + 1], c[i + 2], c[i + 3]
            d0, d1, d2, d3 = d[i], d[i + 1], d[i + 2], d[i + 3]
            x0, x1, x2, x3 = lanes[i], lanes[i + 1], lanes[i + 2], lanes[i + 3]
            for track in range(len(s)):
                y0, y1, y2, y3 = x0[track], x1[track], x2[track], x3[track]
                s[track] += a0 * y0 + a1 * y1 + a2 * y2 + a3 * y3
                t[track] += b0 * y0 + b1 * y1 + b2 * y2 + b3 * y3
                u[track] += c0 * y0 + c1 * y1 + c2 * y2 + c3 * y3
                v[track] += d0 * y0 + d1 * y1 + d2 * y2 + d3 * y3


@kernel
def _answers(sums, steps, out):
    """Write the outputs (tracks, answers) of a block; its sums are not rectified."""
    for node in range(len(steps)):
        up, half, down, low, high, _ = steps[node]
        for track in range(len(out)):
            out[track, node] = min(max(((sums[node, track] << up) + half) >> down, low), high)
