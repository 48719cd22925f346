"""Files of frozen networks: integers, formats, digests and the training record in one .npz."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from trigger.cdc.neuro.codesign import (
    ANSWER,
    ANSWER_NAMES,
    CLASS_SCALE,
    LANE_OVERFLOW,
    LANE_ROUNDING,
    MAX_LANE_WIDTH,
    MAX_SUM_BITS,
    CodesignLayer,
    CodesignNetwork,
)
from trigger.cdc.neuro.formats import CROSSING_ANGLE, NODE
from trigger.cdc.neuro.inputs import EXPERT_MISSING, SIDE, TIME_MAX_LOG2
from trigger.cdc.neuro.windows import InputWindows
from trigger.digest import digest
from trigger.errors import InputError

_LAYER_ARRAYS = ("integer", "fraction", "weight", "bias")
_LAYER_NUMBERS = ("signed", "weight_fraction", "bias_fraction")


@dataclass(frozen=True, kw_only=True, eq=False)
class FrozenNetwork:
    """A network with its history.

    record: how it was trained, plain JSON values. seen_events: uint64, ascending, hashes of the real events that the training saw.
    """

    network: CodesignNetwork
    record: Mapping[str, Any] = field(default_factory=dict)
    seen_events: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))

    @property
    def digest(self) -> str:
        """SHA-256 of all integers and formats, and of the declarations."""
        layers = [[getattr(layer, name) for name in (*_LAYER_ARRAYS, *_LAYER_NUMBERS)] for layer in self.network.layers]
        return digest(declarations_digest(), layers)


def declarations_digest() -> str:
    """SHA-256 of what the integers of a network mean: inputs with windows and formats, outputs, rounding, ceilings."""
    inputs = [NODE, CROSSING_ANGLE, InputWindows(), EXPERT_MISSING, SIDE, TIME_MAX_LOG2]
    return digest(inputs, ANSWER, ANSWER_NAMES, CLASS_SCALE, LANE_ROUNDING, LANE_OVERFLOW, MAX_LANE_WIDTH, MAX_SUM_BITS)


def shipped_networks() -> tuple[str, ...]:
    """Return the names of the networks that come with the package."""
    names = (item.name for item in files("trigger.networks").iterdir())
    return tuple(sorted(name.removesuffix(".npz") for name in names if name.endswith(".npz")))


def load_network(name_or_path: str | Path = "neuro_codesign") -> FrozenNetwork:
    """Return a shipped network by name, or the network of an .npz file (anything with a suffix or a folder in it).

    Raises:
        InputError: an unknown name, a file that is no frozen network, one made for other declarations, or changed integers.
    """
    text = str(name_or_path)
    if text in shipped_networks():
        with (files("trigger.networks") / f"{text}.npz").open("rb") as file:
            return _read(file, text)
    path = Path(name_or_path)
    if not path.suffix and path.name == text:
        msg = f"no shipped network {text!r}; there are {', '.join(shipped_networks()) or 'none'}; a file needs its .npz suffix"
        raise InputError(msg)
    try:
        with path.open("rb") as file:
            return _read(file, text)
    except OSError as error:
        msg = f"{path}: not a readable network: {error.strerror or error}"
        raise InputError(msg) from error


def save_network(path: Path, frozen: FrozenNetwork) -> None:
    """Write a frozen network. The same network gives the same bytes."""
    arrays: dict[str, NDArray] = {}
    for k, layer in enumerate(frozen.network.layers):
        arrays |= {f"layer{k}_{name}": getattr(layer, name) for name in _LAYER_ARRAYS}
        arrays |= {f"layer{k}_{name}": np.array(int(getattr(layer, name))) for name in _LAYER_NUMBERS}
    head = {"declarations": declarations_digest(), "digest": frozen.digest, "record": dict(frozen.record)}
    np.savez_compressed(
        path,
        n_layers=np.array(len(frozen.network.layers)),
        head=np.array(json.dumps(head, sort_keys=True)),
        seen_events=frozen.seen_events,
        allow_pickle=False,
        **arrays,
    )


def _read(file: IO[bytes], where: str) -> FrozenNetwork:
    try:
        with np.load(file, allow_pickle=False) as archive:
            head = json.loads(str(archive["head"]))
            declarations, expected, record = head["declarations"], head["digest"], head["record"]
            seen = archive["seen_events"]
            stored = [
                {name: archive[f"layer{k}_{name}"] for name in (*_LAYER_ARRAYS, *_LAYER_NUMBERS)}
                for k in range(int(archive["n_layers"]))
            ]
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        msg = f"{where}: not a frozen network: {error}"
        raise InputError(msg) from error
    if declarations != declarations_digest():
        msg = f"{where}: made for declarations {declarations[:12]}, but these are {declarations_digest()[:12]}; train it anew"
        raise InputError(msg)
    try:
        layers = [_layer(values) for values in stored]
        frozen = FrozenNetwork(network=CodesignNetwork(layers), record=record, seen_events=seen)
    except (InputError, TypeError) as error:
        msg = f"{where}: {error}"
        raise InputError(msg) from error
    if frozen.digest != expected:
        msg = f"{where}: its integers have digest {frozen.digest[:12]}, not {expected[:12]}: the file was changed"
        raise InputError(msg)
    return frozen


def _layer(values: Mapping[str, NDArray]) -> CodesignLayer:
    numbers = {name: int(values[name]) for name in _LAYER_NUMBERS}
    return CodesignLayer(
        **{name: values[name] for name in _LAYER_ARRAYS},
        signed=bool(numbers["signed"]),
        weight_fraction=numbers["weight_fraction"],
        bias_fraction=numbers["bias_fraction"],
    )
