"""Scores of the displaced-vertex trigger in windows of background at the nominal level, and the cuts on them for given rates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.blocks import Stage, stream
from sim.detector.ecl.response import respond
from sim.detector.whole import Detector
from sim.files import atomic
from sim.studies.displaced_samples import LINES, chain, columns
from sim.studies.displaced_tables import STEP_HZ
from sim.studies.displaced_vertices import (
    SAMPLE,
    Source,
    VertexRecipe,
    Vertices,
    Windows,
    particles_of,
    vertices_of,
    windows_of,
)
from sim.studies.statistics import clopper_pearson, upper_limit
from trigger.cdc.neuro.codesign import ANSWER, CodesignNetwork
from trigger.digest import digest
from trigger.displaced import DisplacedParameters

RATES_HZ = (1000.0, 100.0)
"""Rates that the cuts are for, of windows that the existing lines do not take."""
_NO_VERTEX = ANSWER.raw_min - 1
_ECL_HITS = ("ecl_offsets", "ecl_tc_id", "ecl_adc", "ecl_time", "ecl_phase")


@dataclass(frozen=True, kw_only=True)
class RateRecipe:
    """The windows: blocks of beam background at the nominal level (a guess), the first half to choose cuts, the others to measure;
    of each decay signal_blocks. Seed and sizes are our choice; no window is one of the training."""

    seed: int = 20261122
    blocks: int = 150
    signal_blocks: int = 4

    def __post_init__(self) -> None:
        if self.blocks < 2 or self.signal_blocks < 1:
            msg = f"blocks must be at least 2 and signal_blocks 1, not {self.blocks} and {self.signal_blocks}"
            raise ValueError(msg)

    def scaled(self, *, seed: int, blocks: int | None) -> RateRecipe:
        """The same with another seed, and other numbers of blocks in proportion to those of the background."""
        wanted = self.blocks if blocks is None else blocks
        return replace(self, seed=seed, blocks=wanted, signal_blocks=-(-self.signal_blocks * wanted // self.blocks))

    @property
    def windows(self) -> VertexRecipe:
        """How the windows are made."""
        return VertexRecipe(
            seed=self.seed,
            beam_scale=1.0,
            beam_blocks=self.blocks,
            signal_blocks=self.signal_blocks,
            other_blocks=self.signal_blocks,
        )


def best_scores(
    vertices: Vertices, network: CodesignNetwork, n_windows: int, kept: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Largest score of the vertices of each window, int64 (n,); below all scores without one. kept: bool (m,), which count."""
    chosen = slice(None) if kept is None else kept
    best = np.full(n_windows, _NO_VERTEX)
    np.maximum.at(best, vertices.event[chosen], network.run(vertices.x_raw[chosen])[:, 0].astype(np.int64))
    return best


def unique_of(recipe: VertexRecipe, parameters: DisplacedParameters, block: int, folder: Path) -> NDArray[np.bool_]:
    """Which windows of a block of beam background have a vertex and are not taken by the existing lines, bool (n,); kept there."""
    vertices = vertices_of(recipe, parameters, Source.BEAM, block, folder)
    rows = np.unique(vertices.event)
    path = folder / f"unique-{digest(recipe.windows_digest, rows, chain().digests)[:16]}-{block:04d}.npz"
    unique = np.zeros(recipe.block_events, bool)
    if path.exists():
        with np.load(path, allow_pickle=False) as archive:
            unique[rows] = archive["unique"]
    elif len(rows):
        unique[rows] = _is_unique(recipe, windows_of(recipe, Source.BEAM, block, folder), block, rows)
        with atomic(path) as temporary:
            np.savez(temporary, allow_pickle=False, unique=unique[rows])
    return unique


def _is_unique(recipe: VertexRecipe, windows: Windows, block: int, rows: NDArray[np.integer]) -> NDArray[np.bool_]:
    chosen = windows.select(rows).segments
    particles = particles_of(recipe, Source.BEAM, block).select(rows)
    cells = respond(particles, stream(recipe.seed, f"{SAMPLE} {Source.BEAM.name}", Stage.RESPONSE, block), Detector().ecl)
    fired = chain().run({**chosen, **{field: cells[field] for field in _ECL_HITS}}).ftdl
    return ~np.any([fired[:, places].any(axis=1) for places in (columns()[line] for line in LINES)], axis=0)


def cut_for(best: NDArray[np.int64], unique: NDArray[np.bool_], rate_hz: float) -> int:
    """Smallest cut on the score with at most this unique rate in these windows, ANSWER raw."""
    most = int(rate_hz / STEP_HZ * best.size)
    ordered = np.sort(best[unique])[::-1]
    return int(ordered[most]) + 1 if len(ordered) > most else ANSWER.raw_min


def rate_of(passed: int, total: int) -> dict[str, Any]:
    """A number of windows as a rate with its 68.27 % interval and its upper limit at 95 %, plain JSON values."""
    low, high = (float(bound) * STEP_HZ for bound in clopper_pearson(passed, total))
    limit = float(upper_limit(passed, total)) * STEP_HZ
    return {
        "windows": passed, "of": total, "rate_hz": passed / total * STEP_HZ, "low_hz": low, "high_hz": high, "upper_95_hz": limit,
    }  # fmt: skip


def working_points(
    recipe: RateRecipe,
    parameters: DisplacedParameters,
    network: CodesignNetwork,
    folder: Path,
    advance: Callable[[int], None] = lambda step: None,
) -> dict[str, Any]:
    """Cuts for RATES_HZ chosen on the first half of the windows; rates on the other half; what passes of each other source.

    Plain JSON values. `share`: of the windows with a vertex, of a decay with a true one. advance: called with 1 after each block.
    """
    made, scores, alone = recipe.windows, [], []
    for block in range(recipe.blocks):
        scores.append(best_scores(vertices_of(made, parameters, Source.BEAM, block, folder), network, made.block_events))
        alone.append(unique_of(made, parameters, block, folder))
        advance(1)
    half = recipe.blocks // 2
    chosen, measured = (np.concatenate(scores[:half]), np.concatenate(alone[:half])), np.concatenate(scores[half:])
    unique = np.concatenate(alone[half:])
    numbers = range(recipe.signal_blocks)
    others: dict[Source, NDArray[np.int64]] = {
        source: np.concatenate([_pair_scores(made, parameters, network, source, block, folder) for block in numbers])
        for source in Source
        if source is not Source.BEAM
    }
    return {
        "points": [_point(rate_hz, cut_for(*chosen, rate_hz), measured, unique, others) for rate_hz in RATES_HZ],
        "without_network": _rates(measured > _NO_VERTEX, unique),
        "interval": "Clopper-Pearson, 68.27 %; upper limits one-sided, 95 %; cuts are chosen on other windows",
        "guess": "beam-background events per window and wire noise at x1",
    }


def _pair_scores(
    recipe: VertexRecipe, parameters: DisplacedParameters, network: CodesignNetwork, source: Source, block: int, folder: Path
) -> NDArray[np.int64]:
    """Best scores of a block, of a decay those of true vertices."""
    vertices = vertices_of(recipe, parameters, source, block, folder)
    return best_scores(vertices, network, recipe.block_events, vertices.is_true if source.decay else None)


def _rates(passed: NDArray[np.bool_], unique: NDArray[np.bool_]) -> dict[str, Any]:
    return {"unique": rate_of(int((passed & unique).sum()), passed.size), "all": rate_of(int(passed.sum()), passed.size)}


def _point(
    rate_hz: float, cut: int, measured: NDArray[np.int64], unique: NDArray[np.bool_], others: dict[Source, NDArray[np.int64]]
) -> dict[str, Any]:
    kept = {}
    for source, scores in others.items():
        n, k = int((scores > _NO_VERTEX).sum()), int((scores >= cut).sum())
        low, high = (float(bound) for bound in clopper_pearson(k, n)) if n else (0.0, 1.0)
        kept[source.value] = {"windows": len(scores), "with_vertex": n, "kept": k, "share": k / max(n, 1), "low": low, "high": high}
    return {"wanted_hz": rate_hz, "score_raw": cut, **_rates(measured >= cut, unique), "kept": kept}
