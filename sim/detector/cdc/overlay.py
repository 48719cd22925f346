"""A user's own drift-chamber hits, for example from random triggers: read once, laid over simulated events.

Files: event files (.npz, .parquet, .root) with `wire_offsets`, `wire_id`, `wire_time`; or a .root file of the experiment with a
tree `tree` and hits `CDCHits` (members `m_eWire`, and `m_driftTime` or `m_tdcCount`, the TDC count). Names are matched by their
ending.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.files import read_events
from trigger.errors import InputError
from trigger.events import validate
from trigger.geometry.cdc import N_LAYERS, layers

ROOT_TREE = "tree"
_CONTAINERS = ("CDCHits4Trg", "CDCHits")
_WIRE_ENDING, _COUNT_ENDINGS = "m_eWire", ("m_driftTime", "m_tdcCount")
_LAYER_SHIFT, _SUPERLAYER_SHIFT = 9, 12
"""Bits of the encoded wire below the layer in its superlayer, and below the superlayer. Source: basf2 cdc WireID [SIM]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WireHits:
    """Random-trigger events in CSR form; InputError with `where`, field and first bad event.

    offsets: (n + 1,), n at least 1. wire_id: 0..14335, layer by layer. wire_time: units of 1.965 ns from the trigger's event time.
    """

    offsets: np.ndarray
    wire_id: np.ndarray
    wire_time: np.ndarray
    where: str = "background hits"

    def __post_init__(self) -> None:
        fields = {"wire_offsets": self.offsets, "wire_id": self.wire_id, "wire_time": self.wire_time}
        checked = validate(fields, self.where, required=tuple(fields))
        if checked["wire_offsets"].size < 2:
            raise InputError(f"{self.where}: field wire_offsets must have at least two numbers (one event)")
        for name, own in (("offsets", "wire_offsets"), ("wire_id", "wire_id"), ("wire_time", "wire_time")):
            object.__setattr__(self, name, checked[own])

    def draw(self, n_events: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(event, wire, time_raw): one random event of the library, with repetition, for each of n_events."""
        chosen = rng.integers(self.offsets.size - 1, size=n_events)
        counts = np.diff(self.offsets)[chosen]
        ends = np.cumsum(counts)
        rows = np.repeat(self.offsets[chosen] - (ends - counts), counts) + np.arange(counts.sum())
        return np.repeat(np.arange(n_events), counts), self.wire_id[rows], self.wire_time[rows].astype(np.int64)


def read_wire_hits(path: Path, t0_tdc: float | None = None) -> WireHits:
    """Background hits of a file; InputError for anything that is not one.

    t0_tdc: TDC count of a hit at the event time, needed for the experiment's own hits; their count falls with time.
    """
    if path.suffix == ".root" and path.is_file() and _has_tree(path):
        if t0_tdc is None:
            raise InputError(f"{path}: the TDC count of the event time must be given for hits of CDCHits")
        return _read_experiment(path, t0_tdc)
    record = read_events(path, required=("wire_offsets", "wire_id", "wire_time"))
    return WireHits(offsets=record["wire_offsets"], wire_id=record["wire_id"], wire_time=record["wire_time"], where=str(path))


def _has_tree(path: Path) -> bool:
    import uproot

    try:
        with uproot.open(path) as file:
            return ROOT_TREE in file.keys(cycle=False)
    except Exception as error:  # uproot reports damage by many kinds of exceptions
        raise InputError(f"{path}: not a readable ROOT file: {error}") from error


def _read_experiment(path: Path, t0_tdc: float) -> WireHits:
    import awkward as ak
    import uproot

    try:
        with uproot.open(path) as file:
            tree = file[ROOT_TREE]
            wire_name, count_name = _branches(path, tree.keys())
            encoded, tdc = (tree[name].array() for name in (wire_name, count_name))
            sizes, other = ak.to_numpy(ak.num(encoded)), ak.to_numpy(ak.num(tdc))
            encoded, tdc = (ak.to_numpy(ak.flatten(column)).astype(np.int64) for column in (encoded, tdc))
    except InputError:
        raise
    except Exception as error:  # uproot reports damage by many kinds of exceptions
        raise InputError(f"{path}: no readable hits in tree {ROOT_TREE!r}: {error}") from error
    if not np.array_equal(sizes, other):
        event = int((sizes != other).argmax())
        raise InputError(f"{path}: event {event}: {sizes[event]} wires, but {other[event]} TDC counts")
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return WireHits(
        offsets=offsets,
        wire_id=_wire_ids(encoded, offsets, path),
        wire_time=np.floor((t0_tdc - tdc + 0.5) / 2).astype(np.int64),
        where=str(path),
    )


def _branches(path: Path, present: list[str]) -> tuple[str, str]:
    """Branches of the encoded wire and of the TDC count, of the trigger's own hits if there are any."""
    for container in _CONTAINERS:
        own = [name for name in present if name.rsplit("/", 1)[-1].startswith(f"{container}.")]
        wires = [name for name in own if name.endswith(_WIRE_ENDING)]
        counts = [name for name in own if name.endswith(_COUNT_ENDINGS)]
        if len(wires) == 1 and len(counts) == 1:
            return wires[0], counts[0]
    endings = f"{_WIRE_ENDING} and {' or '.join(_COUNT_ENDINGS)}"
    raise InputError(f"{path}: tree {ROOT_TREE!r} must have branches of {_CONTAINERS[-1]} that end in {endings}")


def _wire_ids(encoded: np.ndarray, offsets: np.ndarray, path: Path) -> np.ndarray:
    """Wire ids of encoded wires; InputError with the first event that holds an impossible one."""
    lines = layers()
    layer_of = np.full((16, 8), N_LAYERS)
    layer_of[lines.superlayer, lines.layer_in_sl] = np.arange(N_LAYERS)
    inside = (encoded >= 0) & (encoded < 1 << 16)
    known = np.where(inside, encoded, 0)
    layer = layer_of[known >> _SUPERLAYER_SHIFT, (known >> _LAYER_SHIFT) & 7]
    wire = known & ((1 << _LAYER_SHIFT) - 1)
    bad = ~inside | (wire >= np.append(lines.n_wires, 0)[layer])
    if bad.any():
        row = int(bad.argmax())
        event = int(np.searchsorted(offsets, row, side="right")) - 1
        raise InputError(f"{path}: field {_WIRE_ENDING}, event {event}: {encoded[row]} is not a wire")
    return lines.first_wire[layer] + wire
