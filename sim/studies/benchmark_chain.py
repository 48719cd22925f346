"""Speed of the whole decision on one core: muon pairs with a photon and nominal background through all blocks of the model."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sim.detector.background import Background, BackgroundPreset
from sim.detector.cdc import CdcResponse
from sim.detector.cdc.background import WireBackground, WirePreset
from sim.detector.ecl import EclResponse
from sim.detector.klm import KlmResponse
from sim.generation import BlockTask, Sample, make_block
from sim.generators.radiative_muons import RadiativeMuons
from sim.studies.benchmark import machine
from sim.studies.tables import Table
from trigger.chain import CHAIN_BLOCKS, Chain

SAMPLE = "bench chain"
AIM = 20_000.0
"""Events per second of the whole decision on one core. Source: issue of the whole decision."""
WHOLE = "whole decision"
FULL_EVENTS, QUICK_EVENTS = 16_384, 500
"""Events of a repetition: our choice, about a second; for tests."""
COLUMNS = ("name", "events", "repeats", "min", "median", "max", "wall", "aim")

Step = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Events per second of processor time of each repetition, and of wall time, which suffers when the machine is busy."""

    name: str
    events: int
    rates: tuple[float, ...]
    wall: tuple[float, ...]

    def row(self) -> dict[str, Any]:
        """The columns of the table."""
        return {
            "name": self.name,
            "events": self.events,
            "repeats": len(self.rates),
            "min": min(self.rates),
            "median": statistics.median(self.rates),
            "max": max(self.rates),
            "wall": statistics.median(self.wall),
            "aim": AIM if self.name == WHOLE else None,
        }


def run_benchmark(events: int = FULL_EVENTS, repeats: int = 5, seed: int = 1, step: Step = lambda name: None) -> dict[str, Any]:
    """All measurements as plain JSON values: rows, mean numbers of hits, machine, seed."""
    fields = {name: array for name, array in _events(events, seed).items() if not name.startswith("true_")}
    rows = []
    for speed in _measured(fields, events, repeats):
        step(speed.name)
        rows.append(speed.row())
    hits = {name: float(fields[f"{name}_offsets"][-1] / events) for name in ("ecl", "wire", "klm")}
    return {"machine": machine(), "seed": seed, "rows": rows, "hits_per_event": hits}


def _events(events: int, seed: int) -> dict[str, Any]:
    sample = Sample(
        name=SAMPLE,
        source=RadiativeMuons(),
        response=EclResponse(background=Background(preset=BackgroundPreset.NOMINAL)),
        drift_chamber=CdcResponse(background=WireBackground(preset=WirePreset.NOMINAL)),
        klm=KlmResponse(),
        offline=False,
    )
    return make_block(BlockTask(sample=sample, seed=seed, block=0, n_events=events))


def _measured(fields: dict[str, Any], events: int, repeats: int) -> Iterator[Speed]:
    """The whole chain, then its blocks one by one on what the earlier ones answered."""
    chain = Chain()
    yield _speed(WHOLE, events, repeats, lambda: chain.run(fields))
    known = {**fields, **chain.run(fields).arrays()}
    for block in CHAIN_BLOCKS:
        alone = Chain(blocks=(block,))
        yield _speed(f"block {block}", events, repeats, lambda alone=alone: alone.run(known))  # type: ignore[misc]


def _speed(name: str, events: int, repeats: int, work: Callable[[], object]) -> Speed:
    work()  # compiles and fills caches
    rates, wall = [], []
    for _ in range(repeats):
        start = time.process_time(), time.perf_counter()
        work()
        rates.append(events / (time.process_time() - start[0]))
        wall.append(events / (time.perf_counter() - start[1]))
    return Speed(name=name, events=events, rates=tuple(rates), wall=tuple(wall))


def as_table(result: dict[str, Any]) -> Table:
    """The rows of a benchmark as a table."""
    hits = ", ".join(f"{number:.0f} {name}" for name, number in result["hits_per_event"].items())
    return Table(
        name="benchmark_chain",
        title="Whole decision, events per second of one core",
        columns=COLUMNS,
        rows=tuple(tuple(row[name] for name in COLUMNS) for row in result["rows"]),
        notes=(
            f"muon pairs with a photon, nominal background (a guess): {hits} hits per event",
            "min, median, max: per second of processor time; wall: median per second of wall time",
        ),
        stamp={name: result[name] for name in ("machine", "seed", "hits_per_event")},
    )
