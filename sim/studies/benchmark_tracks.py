"""Speed of the track trigger on this machine: networks beside Keras and hls4ml, finders, drift-chamber response."""

from __future__ import annotations

import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.blocks import Stage, stream
from sim.detector.cdc.background import WireBackground, WirePreset
from sim.detector.cdc.config import CdcResponse
from sim.detector.cdc.response import simulate
from sim.generators.guns import ParticleGun
from sim.studies.benchmark import machine
from sim.studies.tables import Table, Value
from trigger.cdc import ClassicMlp, CodesignNetwork, HoughFinder, SegmentFinder, TrackTrigger
from trigger.cdc.neuro.formats import NODE_ONE, WEIGHT
from trigger.cdc.neuro.mlp import N_INPUTS, N_OUTPUTS
from trigger.geometry.cdc import N_SEGMENTS
from trigger.networks import load_network

SAMPLE = "bench tracks"
CLASSIC_HIDDEN = 81
"""Nodes of the experiment's network. Source: neurotrigger_default.conf [SIM]."""
BATCH = 8192
"""Tracks that Keras takes at a time."""
BACKGROUND_SEGMENTS, TRACKS = 20, 2
AIMS = {"2D finder": 2e4, "drift-chamber response": 4e4}
"""Events and tracks per second that the project aims at. Source: issue of the track trigger."""
AIM_RATIOS = {"hls4ml C model": 120.0, "Keras float": 10.0}
"""Aims of the integer networks over each peer. Source: as above."""

Work = Callable[[], object]
Step = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class TrackSizes:
    """Tracks or events of one repetition of each measurement. Our choice: some tenths of a second each."""

    integer: int = 1_000_000
    keras: int = 262_144
    c_model: int = 20_000
    events: int = 8_192


QUICK_TRACKS = TrackSizes(integer=20_000, keras=8_192, c_model=0, events=500)
"""For tests: everything but the C models, in a few seconds."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Something to repeat: `count` units of `unit` per call. peer_of: name of the integer network that it is compared with."""

    name: str
    unit: str
    count: int
    work: Work
    peer_of: str = ""
    note: str = ""


def run_benchmark(
    sizes: TrackSizes | None = None, repeats: int = 7, seed: int = 1, step: Step = lambda name: None
) -> dict[str, Any]:
    """All measurements as plain JSON values.

    Rates are per second of processor time of this process on one thread; the measurements take turns, `repeats` times, after a
    first round that does not count, so that a busy machine slows all of them alike.
    """
    sizes = sizes or TrackSizes()
    with tempfile.TemporaryDirectory() as folder:
        made = [*_networks(sizes, seed, Path(folder)), *_finders(sizes, seed), *_responses(sizes, seed)]
        times: dict[str, list[float]] = {m.name: [] for m in made}
        for turn in range(repeats + 1):
            for measurement in made:
                start = time.process_time()
                measurement.work()
                if turn:
                    times[measurement.name].append(time.process_time() - start)
            step(f"turn {turn}")
    rates = {m.name: [m.count / seconds for seconds in times[m.name]] for m in made}
    return {"machine": machine(), "seed": seed, "rows": [_row(m, rates) for m in made]}


def _row(m: Measurement, rates: dict[str, list[float]]) -> dict[str, Any]:
    own = rates[m.name]
    ratios = [ours / peer for ours, peer in zip(rates[m.peer_of], own, strict=True)] if m.peer_of else []
    kind = next((kind for kind in AIM_RATIOS if m.name.endswith(kind)), None)
    return {
        "name": m.name,
        "unit": m.unit,
        "count": m.count,
        "repeats": len(own),
        "min": min(own),
        "median": statistics.median(own),
        "max": max(own),
        "aim": AIMS.get(m.name),
        "integer_over_this": statistics.median(ratios) if ratios else None,
        "integer_over_this_low": min(ratios) if ratios else None,
        "integer_over_this_high": max(ratios) if ratios else None,
        "ratio_aim": AIM_RATIOS[kind] if kind else None,
        "note": m.note,
    }


def _networks(sizes: TrackSizes, seed: int, folder: Path) -> Iterator[Measurement]:
    """Each integer network and the same network in Keras, in float, and as hls4ml's C model."""
    from hls.networks import set_up_tensorflow

    set_up_tensorflow(seed)
    rng = stream(seed, SAMPLE, Stage.STUDY, 0)
    x_raw = rng.integers(-NODE_ONE, NODE_ONE + 1, (sizes.integer, N_INPUTS)).astype(np.int16)
    x = x_raw[: max(sizes.keras, sizes.c_model)].astype(np.float32) / np.float32(NODE_ONE)
    codesign = load_network("codesign").codesign
    classic = _classic(rng)
    shapes = {
        "codesign": "-".join(map(str, (N_INPUTS, *codesign.hidden, 3))),
        "classic": f"{N_INPUTS}-{CLASSIC_HIDDEN}-{N_OUTPUTS}",
    }
    for name, network in (("codesign", codesign), ("classic", classic)):
        integer = f"{name}, integers"
        floating = _float_codesign(codesign) if isinstance(network, CodesignNetwork) else _float_classic(classic)
        note = shapes[name] + ("" if name == "codesign" else ", drawn weights")
        yield Measurement(name=integer, unit="tracks", count=sizes.integer, work=_run(network, x_raw), note=note)
        yield Measurement(
            name=f"{name}, Keras float", unit="tracks", count=sizes.keras, work=_predict(floating, x[: sizes.keras]),
            peer_of=integer, note=f"predict, batches of {BATCH}",
        )  # fmt: skip
        if sizes.c_model:
            compiled, note = (
                (_c_codesign(codesign, folder / name), "the frozen network, bit by bit the same answers")
                if isinstance(network, CodesignNetwork)
                else (_c_classic(floating, folder / name), "the float network in ap_fixed<18,8>: the same size, other answers")
            )
            chosen = np.ascontiguousarray(x[: sizes.c_model])
            yield Measurement(
                name=f"{name}, hls4ml C model", unit="tracks", count=sizes.c_model, work=_c_predict(compiled, chosen),
                peer_of=integer, note=note,
            )  # fmt: skip


def _run(network: CodesignNetwork | ClassicMlp, x_raw: NDArray[np.int16]) -> Work:
    return lambda: network.run(x_raw)


def _predict(model: Any, x: NDArray[np.float32]) -> Work:
    return lambda: model.predict(x, batch_size=BATCH, verbose=0)


def _c_predict(model: Any, x: NDArray[np.float32]) -> Work:
    return lambda: model.predict(x)


def _classic(rng: np.random.Generator) -> ClassicMlp:
    """A network of the experiment's size; its speed does not depend on the weights."""
    sizes = (N_INPUTS, CLASSIC_HIDDEN, N_OUTPUTS)
    drawn = [rng.normal(0.0, 1.0, (n, m + 1)) for m, n in pairwise(sizes)]
    raw = [WEIGHT.quantise(matrix) for matrix in drawn]
    return ClassicMlp([matrix[:, :-1] for matrix in raw], [matrix[:, -1] for matrix in raw])


def _dense(arrays: Sequence[tuple[NDArray, NDArray]], activations: Sequence[str | None]) -> Any:
    """A plain Keras network with these kernels and biases."""
    import keras

    x = entry = keras.Input((N_INPUTS,), name="inputs")
    for k, ((kernel, _), activation) in enumerate(zip(arrays, activations, strict=True)):
        x = keras.layers.Dense(kernel.shape[1], activation=activation, name=f"layer_{k}")(x)
    model = keras.Model(entry, x)
    model.set_weights([array.astype(np.float32) for pair in arrays for array in pair])
    return model


def _float_codesign(network: CodesignNetwork) -> Any:
    """The frozen network without the formats of its nodes."""
    arrays = [tuple(np.ldexp(part.T.astype(float), -layer.sum_fraction) for part in layer.scaled) for layer in network.layers]
    arrays = [(np.ldexp(kernel, layer.lane_fraction), bias) for (kernel, bias), layer in zip(arrays, network.layers, strict=True)]
    return _dense(arrays, [*["relu"] * len(network.hidden), None])


def _float_classic(network: ClassicMlp) -> Any:
    """tanh(x / 2) as tanh of half the weights."""
    arrays = [
        (WEIGHT.to_float(np.asarray(weights).T) / 2, WEIGHT.to_float(np.asarray(biases)) / 2)
        for weights, biases in zip(network.weights, network.biases, strict=True)
    ]
    return _dense(arrays, ["tanh"] * len(arrays))


def _c_codesign(network: CodesignNetwork, folder: Path) -> Any:
    from hls.convert import convert
    from hls.freeze import thaw

    project = convert(thaw(network), network, folder)
    project.compile()
    return project.model


def _c_classic(model: Any, folder: Path) -> Any:
    import hls4ml

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        config = hls4ml.utils.config_from_keras_model(
            model, granularity="model", backend="Vitis", default_precision="ap_fixed<18,8>"
        )
        converted = hls4ml.converters.convert_from_keras_model(
            model, hls_config=config, output_dir=str(folder), project_name="classic", backend="Vitis", io_type="io_parallel"
        )
        converted.compile()
    return converted


def crowded_events(n_events: int, rng: np.random.Generator) -> tuple[NDArray, ...]:
    """(offsets, id, priority, left/right, time) of events of two muons and 20 background segments each.

    Muons: pT above 0.5 GeV, polar angle 45 to 110 degrees. Background: different ids, flat over all segments, any priority; one
    that hits a segment of a track is dropped.
    """
    gun = ParticleGun(range_gev=(0.5, 10.0), theta_deg=(45.0, 110.0)).generate(TRACKS * n_events, rng)
    pairs = replace(gun, offsets=gun.offsets[::TRACKS], weight=np.ones(n_events))
    hits = simulate(pairs, rng, CdcResponse())
    found = SegmentFinder().run(hits.offsets, hits.wire_id, hits.time_raw)
    event = np.repeat(np.arange(n_events), np.diff(found.cdc_offsets))
    drawn = np.argsort(rng.random((n_events, N_SEGMENTS)), axis=1)[:, :BACKGROUND_SEGMENTS]
    m = drawn.size
    keys = np.concatenate(
        [event * N_SEGMENTS + found.cdc_ts_id, np.repeat(np.arange(n_events), BACKGROUND_SEGMENTS) * N_SEGMENTS + drawn.ravel()]
    )
    columns = (
        np.concatenate([found.cdc_priority, rng.integers(1, 4, m).astype(np.int8)]),
        np.concatenate([found.cdc_lr, rng.integers(1, 4, m).astype(np.int8)]),
        np.concatenate([found.cdc_time, rng.integers(0, 256, m).astype(np.int16)]),
    )
    keys, first = np.unique(keys, return_index=True)
    offsets = np.searchsorted(keys // N_SEGMENTS, np.arange(n_events + 1)).astype(np.int64)
    return offsets, (keys % N_SEGMENTS).astype(np.int16), *(column[first] for column in columns)


def _finders(sizes: TrackSizes, seed: int) -> Iterator[Measurement]:
    """2D finder and the whole track trigger on events of two tracks and background."""
    offsets, ids, priority, lr, drift = crowded_events(sizes.events, stream(seed, SAMPLE, Stage.STUDY, 1))
    finder, chain = HoughFinder(), TrackTrigger()
    note = f"{TRACKS} tracks and {BACKGROUND_SEGMENTS} background segments"
    yield Measurement(
        name="2D finder", unit="events", count=sizes.events, work=lambda: finder.run(offsets, ids, priority), note=note
    )
    yield Measurement(
        name="2D finder, neuro, single track", unit="events", count=sizes.events,
        work=lambda: chain.run(offsets, ids, priority, lr, drift), note=f"{note}; codesign network",
    )  # fmt: skip


def _responses(sizes: TrackSizes, seed: int) -> Iterator[Measurement]:
    """Drift-chamber response to one muon per event, and the segment finder behind it, without and with background."""
    muons = ParticleGun().generate(sizes.events, stream(seed, SAMPLE, Stage.GENERATE, 0))
    segments = SegmentFinder()
    for name, background in (("", WireBackground()), (", nominal background (guess)", WireBackground(preset=WirePreset.NOMINAL))):
        config = CdcResponse(background=background)
        hits = simulate(muons, stream(seed, SAMPLE, Stage.RESPONSE, 0), config)
        yield Measurement(
            name=f"drift-chamber response{name}", unit="tracks", count=sizes.events, note="particle gun of the neuro training",
            work=lambda config=config: simulate(muons, stream(seed, SAMPLE, Stage.RESPONSE, 0), config),  # type: ignore[misc]
        )  # fmt: skip
        yield Measurement(
            name=f"segment finder{name}", unit="events", count=sizes.events, note="the hits of these tracks",
            work=lambda hits=hits: segments.run(hits.offsets, hits.wire_id, hits.time_raw),  # type: ignore[misc]
        )  # fmt: skip


def as_table(result: dict[str, Any]) -> Table:
    """The rows of a benchmark as a table."""
    columns = (
        "name", "unit", "count", "repeats", "min", "median", "max", "aim",
        "integer_over_this", "integer_over_this_low", "integer_over_this_high", "ratio_aim", "note",
    )  # fmt: skip
    rows: list[tuple[Value, ...]] = [tuple(row[name] for name in columns) for row in result["rows"]]
    return Table(
        name="benchmark_tracks",
        title="Tracks or events per second of processor time, one thread",
        columns=columns,
        rows=tuple(rows),
        notes=(
            "integer_over_this: rate of the integer network over that of this peer, median, least and largest of the turns",
            "flat random inputs; rates of the networks alone, without inputs and tracks",
        ),
        stamp={"machine": result["machine"], "seed": result["seed"]},
    )
