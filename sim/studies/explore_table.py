"""The table of an exploration: scores beside costs, and the rows that nothing else beats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.studies.costs import Design
from sim.studies.explore_scores import Score, pareto_front
from sim.studies.photon_reading import EFFICIENCY_COLUMNS, efficiency_row
from sim.studies.tables import Table, Value
from sim.studies.tracks_counts import FAR_FROM_CM, P_PLATEAU_GEV
from sim.studies.tracks_tables import RANGES_GEV
from trigger.cdc import SingleTrackCuts
from trigger.cdc.neuro.formats import NODE_ONE
from trigger.networks import FrozenNetwork

COSTS = ("lut", "ff", "dsp", "memory_bits", "levels", "latency", "interval")
"""Columns that come from the table of costs."""
REGIONS = dict(zip(RANGES_GEV, ("high_pt", "low_pt"), strict=True))
EFFICIENCIES = ("background", "stt", "stt_experiment_cut")
FRONTS = {"stt_efficiency": "front_stt", "high_pt_width_cm": "front_high_pt"}
"""What a network is bought for, and the column that says whether no row costs as little and is as good."""
COLUMNS = (
    "network", "shipped", "variant", "reuse", "digest", "multiplications",
    *(f"{key}_{what}" for key in REGIONS.values() for what in ("tracks", "width_cm", "error_cm")), "cut_cm",
    *(f"{key}_{what}" for key in EFFICIENCIES for what in EFFICIENCY_COLUMNS), *COSTS, "cost", *FRONTS.values(),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Point:
    """A network, what it scored, and the ways to build it. shipped: not trained in this exploration."""

    name: str
    frozen: FrozenNetwork
    score: Score
    built: tuple[Design, ...]
    shipped: bool


def lut_per_dsp() -> int:
    """Look-up tables of the device for each of its DSP slices: what a slice counts in the cost. Our choice."""
    from hdl.synthesis import UT4

    return round(UT4.lut / UT4.dsp)


def table_of(points: list[Point], costs: Table, share: float, training: str, stamp: Mapping[str, Any]) -> Table:
    """A row per network and way to build it. costs: of `cost_table`; share: of background that passes; training: in words."""
    from hdl.synthesis import UT4, WORTH

    known = {row[:3]: dict(zip(costs.columns, row, strict=True)) for row in costs.rows}
    rows = [_row(point, design, known[design.block, design.variant, design.reuse]) for point in points for design in point.built]
    experiment_cm = float(SingleTrackCuts().z_stt_cm)
    regions = ", ".join(f"{key}: {name}" for name, key in REGIONS.items())
    return Table(
        name="explore",
        title="Networks of the neuro trigger: what they find and what they cost",
        columns=COLUMNS,
        rows=tuple(_with_fronts(rows)),
        notes=(
            f"{regions}; muons from the interaction point. width_cm: half of their central 68.27 % in z; error_cm: bootstrap",
            f"stt: muons of p > {P_PLATEAU_GEV:g} GeV with a 2D track that are single tracks with |z| up to cut_cm, the largest "
            f"cut at which no more than {share:.2%} of background passes. experiment_cut: with |z| < {experiment_cm:g} cm",
            f"background: GUESS, tracks from |z| of {FAR_FROM_CM:g} to 100 cm that have a 2D track; the same ones for all networks",
            "low, high: Clopper-Pearson, 68.27 %",
            f"cost: look-up tables, and {lut_per_dsp()} for each DSP slice, their ratio on {UT4.name}; memories are not in it",
            "front: no row costs as little and is as good",
            f"not shipped: {training}, one seed. Another seed moves a network as well; errors are those of the scored tracks alone",
            "shipped: trained longer, on more tracks, real ones among them. da4ml: the same network built by another tool",
            WORTH,
        ),
        stamp=stamp,
    )


def _row(point: Point, design: Design, cost: Mapping[str, Any]) -> dict[str, Value]:
    found = point.score
    row: dict[str, Value] = {
        "network": point.name,
        "shipped": point.shipped,
        "variant": design.variant,
        "reuse": design.reuse,
        "digest": point.frozen.digest[:12],
        "multiplications": getattr(point.frozen.network, "multiplications", None),
        "cut_cm": found.cut_raw * float(SingleTrackCuts().z_range_cm[1]) / NODE_ONE if found.cut_raw >= 0 else None,
        **{name: cost[name] for name in COSTS},
        "cost": None if cost["lut"] is None else cost["lut"] + lut_per_dsp() * cost["dsp"],
    }
    for region, key in REGIONS.items():
        one = found.resolution[region]
        row |= {f"{key}_tracks": one.tracks, f"{key}_width_cm": one.width_cm, f"{key}_error_cm": one.error_cm}
    for key, (n, k) in zip(EFFICIENCIES, (found.background, found.signal, found.signal_at_experiment_cut), strict=True):
        row |= {f"{key}_{what}": value for what, value in zip(EFFICIENCY_COLUMNS, efficiency_row(k, n), strict=True)}
    return row


def _with_fronts(rows: list[dict[str, Value]]) -> Iterator[tuple[Value, ...]]:
    """The rows in the order of COLUMNS, with what lies on the fronts."""

    def numbers(name: str) -> np.ndarray:
        return np.array([row[name] for row in rows], float)

    for name, front in FRONTS.items():
        gain = numbers(name) if name.endswith("efficiency") else -numbers(name)
        for row, on_front in zip(rows, pareto_front(numbers("cost"), gain), strict=True):
            row[front] = bool(on_front)
    for row in rows:
        yield tuple(row[name] for name in COLUMNS)
