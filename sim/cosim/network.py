"""Equality of a frozen network in three realisations: integer model, Keras network, hls4ml's C++ model."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.blocks import Stage, blocks, stream
from sim.cosim.record import upper_limit, write_record
from sim.files import OutputError
from sim.progress import progress
from sim.provenance import versions
from trigger.cdc.neuro.codesign import ANSWER, ANSWER_NAMES
from trigger.cdc.neuro.formats import NODE_ONE
from trigger.cdc.neuro.mlp import N_INPUTS

if TYPE_CHECKING:
    from hls.convert import HlsProject
    from trigger.networks import FrozenNetwork

SAMPLE = "network equality"
SHOWN = 5
"""Differences that a record keeps."""
GOLDEN = 1000
"""Random inputs among the golden vectors of a project."""
_BATCH = 8192


@dataclass(frozen=True, kw_only=True)
class EqualityRequest:
    """events: random and corner inputs. seed: of the random ones. real: file of real tracks, every row of which is compared."""

    events: int = 1_000_000
    seed: int = 1
    real: Path | None = None


def corner_inputs(n_inputs: int = N_INPUTS) -> NDArray[np.int64]:
    """All 0, all +-1, one input alone at +-1, +-1 LSB and one LSB inside the ends, int64 (m, inputs)."""
    one = np.ones(n_inputs, np.int64)
    ends = [one * value for value in (0, NODE_ONE, -NODE_ONE, 1, -1, NODE_ONE - 1, 1 - NODE_ONE)]
    alone = [np.diag(one * value) for value in (NODE_ONE, -NODE_ONE, 1, -1)]
    return np.concatenate([np.stack(ends), *alone])


def random_inputs(n: int, rng: np.random.Generator, n_inputs: int = N_INPUTS) -> NDArray[np.int64]:
    """Input vectors of four kinds in turn: flat; at the ends only; near 0; flat, three neighbours (a superlayer) missing here and
    there. int64 (n, inputs)."""
    x = rng.integers(-NODE_ONE, NODE_ONE + 1, (n, n_inputs))
    kind = np.arange(n) % 4
    x = np.where((kind == 1)[:, None], NODE_ONE * rng.integers(-1, 2, x.shape), x)
    x = np.where((kind == 2)[:, None], rng.integers(-64, 65, x.shape), x)
    missing = np.repeat(rng.random((n, -(-n_inputs // 3))) < 0.3, 3, axis=1)[:, :n_inputs]
    return np.where((kind == 3)[:, None] & missing, 0, x)


def verify_network(frozen: FrozenNetwork, project: HlsProject, request: EqualityRequest) -> dict[str, Any]:
    """The record of a comparison, plain JSON values: counts of inputs whose outputs differ, the first few, digests, versions.

    project: converted from the thawed network, and compiled.
    """
    from hls.convert import to_float, to_raw
    from hls.freeze import thaw

    keras_model = thaw(frozen.codesign)
    start, n_events = time.perf_counter(), 0
    shown: list[dict[str, Any]] = []
    mismatched = {"keras": 0, "c_model": 0}
    kinds: dict[str, int] = {}
    with progress("network equality", request.events) as advance:
        for kind, x in _inputs(request):
            model = frozen.codesign.run(x)
            others = {
                "keras": to_raw(keras_model.predict(to_float(x), batch_size=_BATCH, verbose=0)),
                "c_model": project.predict(x),
            }
            for name, answer in others.items():
                wrong = np.flatnonzero((answer != model).any(axis=1))
                mismatched[name] += len(wrong)
                shown += [_difference(name, kind, x[row], model[row], answer[row]) for row in wrong[: SHOWN - len(shown)]]
            kinds[kind] = kinds.get(kind, 0) + len(x)
            n_events += len(x)
            advance(len(x))
    failed = max(mismatched.values())
    return {
        "block": "tracks.network",
        "passed": failed == 0,
        "n_events": n_events,
        "inputs": kinds,
        "seed": request.seed,
        "mismatched": mismatched,
        "mismatch_rate_upper_limit_95": upper_limit(failed, n_events),
        "differences": shown,
        "network": frozen.digest,
        "types": project.types,
        "versions": versions("tensorflow", "keras", "HGQ2", "hls4ml"),
        "wall_s": round(time.perf_counter() - start, 1),
    }


def convert_and_verify(frozen: FrozenNetwork, folder: Path, request: EqualityRequest, *, reuse: int = 1) -> dict[str, Any]:
    """Write the hls4ml project with golden vectors, build its C++ model, compare; the record is also in `verify.json` there.

    Golden vectors: the corners and GOLDEN random inputs. OutputError if the folder exists; InputError if the network is not of
    the codesign family.
    """
    from hls.convert import convert, write_golden
    from hls.freeze import thaw
    from hls.networks import set_up_tensorflow

    network = frozen.codesign
    if folder.exists():
        msg = f"{folder}: exists already"
        raise OutputError(msg)
    set_up_tensorflow(request.seed)
    project = convert(thaw(network), network, folder, reuse=reuse)
    golden = np.concatenate([corner_inputs(), random_inputs(GOLDEN, stream(request.seed, f"{SAMPLE} golden", Stage.STIMULUS, 0))])
    write_golden(folder, network, golden, {"network": frozen.digest, "seed": request.seed})
    project.compile()
    record = verify_network(frozen, project, request)
    write_record(folder / "verify.json", record)
    return record


def _inputs(request: EqualityRequest) -> Iterator[tuple[str, NDArray[np.integer]]]:
    corners = corner_inputs()
    yield "corners", corners
    for block, n in blocks(max(request.events - len(corners), 0)):
        yield "random", random_inputs(n, stream(request.seed, SAMPLE, Stage.STIMULUS, block))
    if request.real is not None:
        from hls.data import read_tracks

        yield "real tracks", read_tracks(request.real).x_raw


def _difference(name: str, kind: str, x: NDArray, model: NDArray, answer: NDArray) -> dict[str, Any]:
    """One input on which two realisations differ, raw and in values."""
    raw = {"model_raw": model.tolist(), f"{name}_raw": answer.tolist()}
    values = {"model": ANSWER.to_float(model).tolist(), name: ANSWER.to_float(answer).tolist()}
    return {"inputs": kind, "fields": ANSWER_NAMES, **raw, **values, "x_raw": x.tolist()}
