"""The families of networks that files can hold: what each one's integers mean, and their arrays."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trigger.cdc.neuro.activation import tanh_half_table
from trigger.cdc.neuro.codesign import (
    ANSWER,
    ANSWER_NAMES,
    CLASS_SCALE,
    LANE_OVERFLOW,
    LANE_ROUNDING,
    MAX_LANE_WIDTH,
    MAX_SUM_BITS,
    NEURO,
    CodesignLayer,
    CodesignNetwork,
    Interface,
)
from trigger.cdc.neuro.experts import ClassicExperts
from trigger.cdc.neuro.formats import ACCUMULATOR, CROSSING_ANGLE, NODE, TABLE_FRACTION, WEIGHT
from trigger.cdc.neuro.inputs import EXPERT_MISSING, SIDE, TIME_MAX_LOG2
from trigger.cdc.neuro.mlp import N_OUTPUTS, ClassicMlp
from trigger.cdc.neuro.windows import InputWindows
from trigger.digest import digest
from trigger.displaced.features import FEATURES, LEADING_BITS, SHARE_BITS, VERTEX
from trigger.errors import InputError

CLASSIC, CODESIGN, DISPLACED = "classic", "codesign", "displaced"
Network = ClassicExperts | CodesignNetwork

_LAYER_ARRAYS = ("integer", "fraction", "weight", "bias")
_LAYER_NUMBERS = ("signed", "weight_fraction", "bias_fraction")


@dataclass(frozen=True, kw_only=True)
class Family:
    """inputs: what goes in. declarations: what the other integers mean. pack, unpack: between network and arrays of a file; unpack
    raises KeyError for an array that is not there, InputError for integers that make no network. parts: what the digest is of."""

    inputs: Callable[[], list[Any]]
    declarations: Callable[[], tuple[Any, ...]]
    pack: Callable[[Any], dict[str, NDArray]]
    unpack: Callable[[Mapping[str, NDArray]], Network]
    parts: Callable[[Any], list[Any]]


def family_of(network: Network) -> str:
    """Name of a network's family."""
    if isinstance(network, ClassicExperts):
        return CLASSIC
    return DISPLACED if network.interface == VERTEX else CODESIGN


def declarations_digest(family: str) -> str:
    """SHA-256 of what the integers of a family mean: inputs with windows and formats, outputs, rounding, tables, ceilings."""
    return digest(FAMILIES[family].inputs(), *FAMILIES[family].declarations())


def _track_inputs() -> list[Any]:
    return [NODE, CROSSING_ANGLE, InputWindows(), EXPERT_MISSING, SIDE, TIME_MAX_LOG2]


def _vertex_inputs() -> list[Any]:
    return [NODE, FEATURES, SHARE_BITS, LEADING_BITS]


def _codesign_declarations() -> tuple[Any, ...]:
    return _quantised_declarations(NEURO)


def _displaced_declarations() -> tuple[Any, ...]:
    return _quantised_declarations(VERTEX)


def _quantised_declarations(interface: Interface) -> tuple[Any, ...]:
    return ANSWER, interface.answers, CLASS_SCALE, LANE_ROUNDING, LANE_OVERFLOW, MAX_LANE_WIDTH, MAX_SUM_BITS


def _classic_declarations() -> tuple[Any, ...]:
    return WEIGHT, ACCUMULATOR, TABLE_FRACTION, tanh_half_table(), ANSWER_NAMES[:N_OUTPUTS]


def _pack_codesign(network: CodesignNetwork) -> dict[str, NDArray]:
    arrays: dict[str, NDArray] = {"n_layers": np.array(len(network.layers))}
    for k, layer in enumerate(network.layers):
        arrays |= {f"layer{k}_{name}": getattr(layer, name) for name in _LAYER_ARRAYS}
        arrays |= {f"layer{k}_{name}": np.array(int(getattr(layer, name))) for name in _LAYER_NUMBERS}
    return arrays


def _unpack_codesign(arrays: Mapping[str, NDArray]) -> CodesignNetwork:
    return _unpack_quantised(arrays, NEURO)


def _unpack_displaced(arrays: Mapping[str, NDArray]) -> CodesignNetwork:
    return _unpack_quantised(arrays, VERTEX)


def _unpack_quantised(arrays: Mapping[str, NDArray], interface: Interface) -> CodesignNetwork:
    layers = []
    for k in range(int(arrays["n_layers"])):
        numbers = {name: int(arrays[f"layer{k}_{name}"]) for name in _LAYER_NUMBERS}
        layers.append(
            CodesignLayer(
                **{name: arrays[f"layer{k}_{name}"] for name in _LAYER_ARRAYS},
                signed=bool(numbers["signed"]),
                weight_fraction=numbers["weight_fraction"],
                bias_fraction=numbers["bias_fraction"],
            )
        )
    return CodesignNetwork(layers, interface)


def _codesign_parts(network: CodesignNetwork) -> list[Any]:
    return [[getattr(layer, name) for name in (*_LAYER_ARRAYS, *_LAYER_NUMBERS)] for layer in network.layers]


def _pack_classic(network: ClassicExperts) -> dict[str, NDArray]:
    arrays: dict[str, NDArray] = {"n_layers": np.array([len(expert.weights) for expert in network.experts])}
    for e, expert in enumerate(network.experts):
        for k, (weights, biases) in enumerate(zip(expert.weights, expert.biases, strict=True)):
            arrays |= {f"expert{e}_layer{k}_weight": np.asarray(weights), f"expert{e}_layer{k}_bias": np.asarray(biases)}
    return arrays


def _unpack_classic(arrays: Mapping[str, NDArray]) -> ClassicExperts:
    experts, n_layers_of = [], arrays["n_layers"]
    if n_layers_of.ndim != 1:
        msg = f"n_layers must be the layers of each expert, not of shape {n_layers_of.shape}"
        raise InputError(msg)
    for e, n_layers in enumerate(n_layers_of.tolist()):
        kinds = ([arrays[f"expert{e}_layer{k}_{kind}"] for k in range(n_layers)] for kind in ("weight", "bias"))
        experts.append(ClassicMlp(*kinds))
    return ClassicExperts(experts)


def _classic_parts(network: ClassicExperts) -> list[Any]:
    return [[expert.weights, expert.biases] for expert in network.experts]


_QUANTISED: dict[str, Any] = {"pack": _pack_codesign, "parts": _codesign_parts}
FAMILIES = {
    CLASSIC: Family(
        inputs=_track_inputs, declarations=_classic_declarations, pack=_pack_classic, unpack=_unpack_classic, parts=_classic_parts
    ),
    CODESIGN: Family(inputs=_track_inputs, declarations=_codesign_declarations, unpack=_unpack_codesign, **_QUANTISED),
    DISPLACED: Family(inputs=_vertex_inputs, declarations=_displaced_declarations, unpack=_unpack_displaced, **_QUANTISED),
}
"""By name."""
