"""The quantisation-aware codesign network: dense layers whose formats are trained below declared ceilings.

Ref: HGQ2, arXiv 2405.00645.
"""

import contextlib
import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hls.ranges import check_ranges
from trigger.cdc.neuro.codesign import ANSWER, LANE_OVERFLOW, LANE_ROUNDING, MAX_LANE_WIDTH, NEURO, Interface

if TYPE_CHECKING:
    import keras

_ROUNDING, _OVERFLOW = LANE_ROUNDING.name, LANE_OVERFLOW.name
"""HGQ2 names the modes as ap_fixed does, without the prefix."""


@dataclass(frozen=True, kw_only=True)
class CodesignDesign:
    """Shape of the network and ceilings of its formats; our choice, see the study of designs.

    interface: inputs and answers. hidden: nodes of the hidden layers. input_fraction, lane_fraction: most fraction bits of inputs
    of the first and of later layers. lane_integer: most integer bits of later layers. weight_fraction: most fraction bits of
    weights and biases. bit_cost: weight of the bit operations in the loss (HGQ2's beta). ValueError for an impossible number.
    """

    interface: Interface = NEURO
    hidden: tuple[int, ...] = (64, 32, 32)
    input_fraction: int = 10
    lane_fraction: int = 8
    lane_integer: int = 3
    weight_fraction: int = 8
    bit_cost: float = 2e-7

    def __post_init__(self) -> None:
        if not self.hidden or min(self.hidden) < 1:
            msg = f"hidden must be one or more positive numbers of nodes, not {self.hidden}"
            raise ValueError(msg)
        check_ranges(
            self,
            ("input_fraction", 1, ANSWER.fraction),
            ("lane_fraction", 0, MAX_LANE_WIDTH - self.lane_integer),
            ("lane_integer", 0, 6),
            ("weight_fraction", 1, 12),
            ("bit_cost", 0, 1),
        )


def set_up_tensorflow(seed: int) -> dict[str, Any]:
    """Make TensorFlow reproducible: one thread, deterministic operations, this seed. Returns what it runs on.

    Threads can only be set before the first operation of a process.
    """
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # its kernels may add in another order from run to run
    import keras
    import tensorflow as tf

    with contextlib.suppress(RuntimeError):  # TensorFlow has begun in this process: it keeps the threads it has
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    _add_gradients_in_order()
    keras.utils.set_random_seed(seed)
    devices = [device.name for device in tf.config.list_physical_devices("GPU")]
    return {"devices": devices or ["CPU"], "threads": tf.config.threading.get_intra_op_parallelism_threads()}


def _add_gradients_in_order() -> None:
    """Let gradients of three or more parts be added one after the other.

    TensorFlow gives them to AddN, which begins with whichever part may be overwritten: that follows the order in which a graph
    happens to run, which changes with the names of its nodes and once it has been timed, and equal trainings differ in the last
    place. TensorFlow has no public door to this; the graph optimiser must not put the sums together again.
    """
    import tensorflow as tf
    from tensorflow.python import pywrap_tfe
    from tensorflow.python.eager import backprop

    space = backprop._default_vspace

    def aggregate(parts: list[Any]) -> Any:
        dense = all(isinstance(part, tf.Tensor) for part in parts)
        return functools.reduce(tf.add, parts) if dense else space.aggregate_fn(parts)

    pywrap_tfe.TFE_Py_RegisterVSpace(space._replace(aggregate_fn=aggregate))
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})


def build(design: CodesignDesign) -> "keras.Model":
    """The untrained network: float inputs (n, inputs), outputs (n, answers) on the grid of ANSWER."""
    import keras
    from hgq.config import LayerConfigScope
    from hgq.layers import QDense
    from hgq.quantizer import Quantizer, QuantizerConfig

    x = entry = keras.Input((design.interface.n_inputs,), name="inputs")
    sizes = (*design.hidden, len(design.interface.answers))
    with LayerConfigScope(beta0=design.bit_cost, enable_ebops=True):
        for k, nodes in enumerate(sizes):
            hidden = k < len(sizes) - 1
            x = QDense(
                nodes,
                activation="relu" if hidden else None,
                iq_conf=_lanes(design, first=k == 0),
                kq_conf=_weights(design, "weight"),
                bq_conf=_weights(design, "bias"),
                name=f"hidden_{k}" if hidden else "output",
            )(x)
        signed, integer, fraction = ANSWER.kif
        answer = QuantizerConfig(
            "kif", "datalane", k0=signed, i0=integer, f0=fraction, round_mode=ANSWER.rounding.name,
            overflow_mode=ANSWER.overflow.name, trainable=False, heterogeneous_axis=(),
        )  # fmt: skip
        x = Quantizer(answer, name="answer")(x)
    return keras.Model(entry, x, name="codesign")


def build_float(design: CodesignDesign) -> "keras.Model":
    """The same network without formats: outputs are not cut."""
    import keras

    x = entry = keras.Input((design.interface.n_inputs,), name="inputs")
    for k, nodes in enumerate(design.hidden):
        x = keras.layers.Dense(nodes, activation="relu", name=f"hidden_{k}")(x)
    return keras.Model(entry, keras.layers.Dense(len(design.interface.answers), name="output")(x), name="codesign_float")


def take_over(model: "keras.Model", floating: "keras.Model", x: NDArray[np.float32], design: CodesignDesign) -> None:
    """Give a quantised network the weights of the float one, and its lanes the integer bits that the inputs `x` need."""
    values = x
    for k, layer in enumerate(dense_layers(model)):
        source = floating.get_layer(layer.name)
        layer.kernel.assign(source.kernel)
        layer.bias.assign(source.bias)
        if k:
            largest = np.maximum(values.max(axis=0), 2.0**-8)
            bits = np.clip(np.ceil(np.log2(largest)), -8, design.lane_integer)
            layer.iq.quantizer._i.assign(bits.reshape(layer.iq.quantizer._i.shape))
        values = np.maximum(values @ np.asarray(source.kernel) + np.asarray(source.bias), 0)


def dense_layers(model: "keras.Model") -> list[Any]:
    """The quantised dense layers, in order."""
    return [layer for layer in model.layers if hasattr(layer, "kq")]


def bit_operations(model: "keras.Model") -> int:
    """HGQ2's estimate of the cost (EBOPs) after the last training step."""
    return sum(int(layer.ebops) for layer in dense_layers(model))


def _lanes(design: CodesignDesign, *, first: bool) -> Any:
    from hgq.constraints import MinMax
    from hgq.quantizer import QuantizerConfig

    integer, fraction = (0, design.input_fraction) if first else (design.lane_integer, design.lane_fraction)
    return QuantizerConfig(
        "kif", "datalane", k0=int(first), i0=0 if first else min(1, integer), f0=fraction, round_mode=_ROUNDING,
        overflow_mode=_OVERFLOW, ic=MinMax(-8, integer), fc=MinMax(-2, fraction), homogeneous_axis=(0,),
    )  # fmt: skip


def _weights(design: CodesignDesign, place: str) -> Any:
    from hgq.constraints import MinMax
    from hgq.quantizer import QuantizerConfig

    return QuantizerConfig(
        "kif", place, k0=1, i0=2, f0=design.weight_fraction, round_mode="RND", overflow_mode="WRAP",
        fc=MinMax(-2, design.weight_fraction), homogeneous_axis=(),
    )  # fmt: skip
