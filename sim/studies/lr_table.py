"""The left/right table of the track-segment finder, made by simulation.

    python -m sim.studies.lr_table --out trigger/cdc/segments/lr_table.npz

Every segment of simulated events counts at its address as right, left or background, by what made the first hit of its priority
wire. A side is the answer where its share of right and left is large enough. The experiment's tables are made in this way (basf2
trg/cdc, tables innerLUT and outerLUT); that their names `p0.70_b0.80` mean the two shares is inferred, not confirmed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from sim.blocks import Stage, stream
from sim.detector.cdc.background import WireBackground, WirePreset
from sim.detector.cdc.config import CdcResponse
from sim.detector.cdc.response import LEFT as TRUE_LEFT
from sim.detector.cdc.response import RIGHT as TRUE_RIGHT
from sim.detector.cdc.response import simulate
from sim.files import atomic
from sim.generators.guns import ParticleGun
from sim.progress import progress
from trigger.cdc.segments.finder import SegmentFinder
from trigger.cdc.segments.lr_table import LEFT, NONE, RIGHT, UNKNOWN, LeftRightTable, fires
from trigger.cdc.segments.shapes import HOURGLASS, PYRAMID, Shape, segment_wires, shape_of
from trigger.digest import digest
from trigger.geometry.cdc import N_WIRES, superlayers

SAMPLE = "left-right table"
SHAPES = {"inner": PYRAMID, "outer": HOURGLASS}
BACKGROUND, IS_RIGHT, IS_LEFT = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a table is made.

    blocks of block_events events with tracks_per_event muons each: flat in 1/pT and cos theta, z within +-50 cm as in the training
    of the neuro trigger. A side needs a share of at least `purity` among right and left, a share of background in all below
    `background_limit`, and least_count counts; all else is "not known". Numbers but the shares: our choice.
    """

    seed: int = 20261121
    blocks: int = 160
    block_events: int = 4096
    tracks_per_event: int = 4
    gun: ParticleGun = field(default_factory=lambda: ParticleGun(z_cm=(-50.0, 50.0)))
    response: CdcResponse = field(default_factory=lambda: CdcResponse(background=WireBackground(preset=WirePreset.LOW)))
    purity: Fraction = Fraction(7, 10)
    background_limit: Fraction = Fraction(8, 10)
    least_count: int = 20


def count_block(recipe: Recipe, block: int) -> dict[str, np.ndarray]:
    """Counts of one block by table, int64 (addresses, 3): background, right, left."""
    n_tracks = recipe.block_events * recipe.tracks_per_event
    tracks = recipe.gun.generate(n_tracks, stream(recipe.seed, SAMPLE, Stage.GENERATE, block))
    events = replace(tracks, offsets=tracks.offsets[:: recipe.tracks_per_event], weight=np.ones(recipe.block_events))
    hits = simulate(events, stream(recipe.seed, SAMPLE, Stage.RESPONSE, block), recipe.response)
    found = SegmentFinder(table=LeftRightTable.undecided()).run(hits.offsets, hits.wire_id, hits.time_raw)
    priority = found.cdc_priority.astype(np.int64)
    superlayer = superlayers().of_segment[found.cdc_ts_id]
    first = np.array([shape_of(s).first for s in range(len(superlayers().n_segments))])[superlayer]
    wire = segment_wires()[found.cdc_ts_id, first + priority % 3]
    # Hits are ordered by event, wire and time: the first of a wire is its earliest.
    event = np.repeat(np.arange(recipe.block_events), np.diff(found.cdc_offsets))
    of_hit = np.repeat(np.arange(recipe.block_events), np.diff(hits.offsets)) * N_WIRES + hits.wire_id
    side = hits.side[np.searchsorted(of_hit, event * N_WIRES + wire)]
    column = np.select([side == TRUE_RIGHT, side == TRUE_LEFT], [IS_RIGHT, IS_LEFT], BACKGROUND)
    address = 2 * found.pattern.astype(np.int64) + (priority == LEFT)
    return {
        name: np.bincount(3 * address[chosen] + column[chosen], minlength=3 * (2 << shape.bits)).reshape(-1, 3)
        for (name, shape), chosen in zip(SHAPES.items(), (superlayer == 0, superlayer > 0), strict=True)
    }


def mirror(shape: Shape) -> np.ndarray:
    """Address of the mirror image in azimuth of every address, int64: left and right change places.

    An address whose second-left flag does not fit its pattern never occurs and is its own image.
    """
    at = {wire: bit for bit, wire in enumerate(shape.wires)}
    image_of_bit = [at[layer, -wire if layer % 2 == 0 else -1 - wire] for layer, wire in shape.wires]
    pattern = np.arange(1 << shape.bits)
    image = np.sum([((pattern >> bit) & 1) << to for bit, to in enumerate(image_of_bit)], axis=0)
    first, right, left = ((pattern >> bit) & 1 == 1 for bit in (shape.first, shape.second_right, shape.second_left))
    decided = ~first & (right | left)
    address = np.stack([2 * image + decided, 2 * image], axis=1)
    address[~decided, 0] = 2 * image[~decided]
    impossible = np.stack([left & ~right & ~first, ~(left & ~first)], axis=1)
    own = np.stack([2 * pattern, 2 * pattern + 1], axis=1)
    return np.where(impossible, own, address).ravel()


def symmetric(counts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Counts with those of the mirror image added: both charges fly, and the cells are symmetric."""
    return {name: counts[name] + counts[name][mirror(shape)][:, [BACKGROUND, IS_LEFT, IS_RIGHT]] for name, shape in SHAPES.items()}


def decide(counts: dict[str, np.ndarray], recipe: Recipe) -> LeftRightTable:
    """The table of counts."""
    tables = {}
    for name, shape in SHAPES.items():
        background, right, left = counts[name].T
        known = (right + left >= recipe.least_count) & _below(background, background + right + left, recipe.background_limit)
        enough = {side: ~_below(n, right + left, recipe.purity) for side, n in ((RIGHT, right), (LEFT, left))}
        side = np.select([known & enough[RIGHT], known & enough[LEFT]], [RIGHT, LEFT], UNKNOWN)
        tables[name] = np.where(fires(shape), side, NONE).astype(np.uint8)
    return LeftRightTable(**tables)


def _below(part: np.ndarray, whole: np.ndarray, share: Fraction) -> np.ndarray:
    return part * share.denominator < whole * share.numerator


def make(recipe: Recipe) -> tuple[LeftRightTable, dict]:
    """The table of a recipe, and the record of how it was made."""
    total = {name: np.zeros((2 << shape.bits, 3), np.int64) for name, shape in SHAPES.items()}
    first = ""
    with progress("left/right table", recipe.blocks) as advance:
        for block in range(recipe.blocks):
            counts = count_block(recipe, block)
            first = first or digest(counts)
            total = {name: total[name] + counts[name] for name in SHAPES}
            advance(1)
    table = decide(symmetric(total), recipe)
    columns = ("background", "right", "left")
    return table, {
        "digest": digest(table.inner, table.outer),
        "recipe_digest": digest(recipe),
        "first_block_digest": first,
        "seed": recipe.seed,
        "tracks": recipe.blocks * recipe.block_events * recipe.tracks_per_event,
        "purity": str(recipe.purity),
        "background_limit": str(recipe.background_limit),
        "least_count": recipe.least_count,
        "thresholds": "inferred from the names of the experiment's tables (unverified)",
        "response": recipe.response.meta(),
        "counts": {name: dict(zip(columns, total[name].sum(axis=0).tolist(), strict=True)) for name in SHAPES},
        "values": {name: np.bincount(getattr(table, name), minlength=4).tolist() for name in SHAPES},
        "sides": {name: _answers(total[name], getattr(table, name)) for name in SHAPES},
    }


def _answers(counts: np.ndarray, values: np.ndarray) -> dict[str, int]:
    """How many segments of tracks got the right side, the wrong one, and none."""
    right, left = counts[:, IS_RIGHT], counts[:, IS_LEFT]
    correct = right[values == RIGHT].sum() + left[values == LEFT].sum()
    wrong = left[values == RIGHT].sum() + right[values == LEFT].sum()
    return {"correct": int(correct), "wrong": int(wrong), "not_known": int((right + left).sum() - correct - wrong)}


def write(path: Path, table: LeftRightTable, record: dict) -> None:
    """Write a table with its record."""
    with atomic(path) as temporary:
        np.savez_compressed(temporary, inner=table.inner, outer=table.outer, record=np.array(json.dumps(record)))


def main() -> None:
    """Make the table that the package ships."""
    import argparse

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True, help="file to write (.npz)")
    table, record = make(Recipe())
    write(parser.parse_args().out, table, record)


if __name__ == "__main__":
    main()
