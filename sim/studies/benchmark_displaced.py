"""Speed of the displaced-vertex algorithms on this machine, beside the same integer model run by numpy without a compiler."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.blocks import Stage, stream
from sim.detector.cdc.response import simulate
from sim.generators.long_lived import LongLivedGun
from sim.studies.benchmark import machine
from sim.studies.displaced_samples import MAX_RADIUS_CM, NOMINAL, Kind, Sample, particles_of
from sim.studies.tables import Table
from trigger.cdc import SegmentFinder
from trigger.digest import digest
from trigger.displaced import DisplacedTrigger
from trigger.displaced.hypotheses import HypothesesTrigger

SAMPLE = "bench displaced"
FULL_WINDOWS, QUICK_WINDOWS = 16_384, 200
PLAIN_SHARE = 64
"""Part of the windows (one in ...) that the interpreter gets."""
AIM = 1e4
"""Windows of beam background per second that the project aims at. Source: issue of the displaced-vertex trigger."""
BEAM, PAIRS = "d0-Hough, windows of beam background", "d0-Hough, pairs"
HYPOTHESES, PLAIN = "multi-hypothesis, windows of beam background", "d0-Hough, windows of beam background, numpy alone"
COLUMNS = ("name", "windows", "repeats", "min", "median", "max", "aim", "compiled_over_this")
NO_COMPILER = {"NUMBA_DISABLE_JIT": "1"}
"""Environment in which kernels stay the functions of numpy that they are written as."""
Segments = dict[str, NDArray]


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Windows per second of processor time, one number per repetition; aim and peer where there are any."""

    name: str
    windows: int
    rates: tuple[float, ...]
    aim: float | None = None
    ratio: float | None = None

    def row(self) -> dict[str, Any]:
        """Plain JSON values."""
        numbers = (self.name, self.windows, len(self.rates), min(self.rates), statistics.median(self.rates), max(self.rates))
        return dict(zip(COLUMNS, (*numbers, self.aim, self.ratio), strict=True))


def segments_of(kind: Kind, windows: int, seed: int) -> Segments:
    """Segments of windows of a kind at the nominal level; pairs: the study's, radius flat."""
    sample = Sample(kind=kind, scale=NOMINAL, events=windows)
    gun = LongLivedGun(range_gev=(1.0, 4.0), flat_radius_cm=(0.0, MAX_RADIUS_CM))
    rng = {stage: stream(seed, f"{SAMPLE} {kind.name}", stage, 0) for stage in Stage}
    hits = simulate(particles_of(sample, windows, gun, rng[Stage.GENERATE]), rng[Stage.DRIFT_CHAMBER], sample.detector.cdc)
    return SegmentFinder().run(hits.offsets, hits.wire_id, hits.time_raw).arrays()


def first(segments: Segments, windows: int) -> Segments:
    """The first windows."""
    offsets = segments["cdc_offsets"][: windows + 1]
    return {name: offsets if name == "cdc_offsets" else column[: offsets[-1]] for name, column in segments.items()}


def run_benchmark(
    windows: int = FULL_WINDOWS, repeats: int = 5, seed: int = 1, step: Callable[[str], None] = lambda name: None
) -> dict[str, Any]:
    """All measurements as plain JSON values. RuntimeError if numpy alone answers otherwise than the compiled model."""
    beam, pairs = segments_of(Kind.BEAM, windows, seed), segments_of(Kind.PAIR, windows, seed)
    hough, hypotheses = DisplacedTrigger(), HypothesesTrigger()
    few = first(beam, max(windows // PLAIN_SHARE, 1))
    rates = {name: _rates(run, given, repeats) for name, run, given in (
        (BEAM, hough.run, beam), (PAIRS, hough.run, pairs), (HYPOTHESES, hypotheses.run, beam),
    )}  # fmt: skip
    for name in rates:
        step(name)
    plain = _plain(few, repeats)
    step(PLAIN)
    if plain["answer"] != _answer(few):
        raise RuntimeError("the model in numpy alone answers otherwise than the compiled one")
    speeds = [Speed(name=name, windows=windows, rates=found, aim=AIM if name == BEAM else None) for name, found in rates.items()]
    ratio = statistics.median(rates[BEAM]) / statistics.median(plain["rates"])
    speeds.append(Speed(name=PLAIN, windows=len(few["cdc_offsets"]) - 1, rates=tuple(plain["rates"]), ratio=ratio))
    mean = float(beam["cdc_offsets"][-1] / windows)
    return {"machine": machine(), "seed": seed, "rows": [speed.row() for speed in speeds], "segments_per_window": mean}


def _rates(run: Callable[..., object], segments: Segments, repeats: int) -> tuple[float, ...]:
    run(*first(segments, 2).values())  # compiles
    found = []
    for _ in range(repeats):
        start = time.process_time()
        run(*segments.values())
        found.append((len(segments["cdc_offsets"]) - 1) / (time.process_time() - start))
    return tuple(found)


def _answer(segments: Segments) -> str:
    return digest([*DisplacedTrigger().run(*segments.values()).arrays().values()])


def _plain(segments: Segments, repeats: int) -> dict[str, Any]:
    """Rates and digest of the answers of a process without compiler."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "segments.npz"
        np.savez(path, allow_pickle=False, **segments)
        command = [sys.executable, "-W", "ignore", "-m", "sim.studies.benchmark_displaced", str(path), str(repeats)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **NO_COMPILER})
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def as_table(result: dict[str, Any]) -> Table:
    """The rows of a benchmark as a table."""
    return Table(
        name="benchmark_displaced",
        title="Displaced-vertex algorithms, windows per second of one core",
        columns=COLUMNS,
        rows=tuple(tuple(row[name] for name in COLUMNS) for row in result["rows"]),
        notes=(
            f"nominal background (a guess): {result['segments_per_window']:.0f} segments in a window of beam background",
            "min, median, max: per second of processor time; numpy alone: the same functions with NUMBA_DISABLE_JIT, equal answers",
        ),
        stamp={name: result[name] for name in ("machine", "seed", "segments_per_window")},
    )


def _main(path: str, repeats: str) -> None:
    with np.load(path, allow_pickle=False) as archive:
        segments = {name: archive[name] for name in archive.files}
    print(json.dumps({"rates": _rates(DisplacedTrigger().run, segments, int(repeats)), "answer": _answer(segments)}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
