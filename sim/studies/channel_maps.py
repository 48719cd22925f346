# Ref: correctionlib, schema version 2.
"""Efficiency maps of a search for analysts: as a table, and as corrections that correctionlib evaluates."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np

from sim.studies.channel_tables import Counted, interval
from sim.studies.statistics import clopper_pearson
from sim.studies.tables import Table, Value, write_atomically

VALUES = ("efficiency", "low", "high", "events")
"""What a correction can be asked for."""


def map_table(counted: Counted) -> Table:
    """One row per sample, level, entry and cell of the map; the last axis runs fastest."""
    axes = counted.channel.map_axes
    cells = list(itertools.product(*(itertools.pairwise(axis.edges) for axis in axes)))
    rows: list[tuple[Value, ...]] = []
    for point in counted.points():
        for place, entry in enumerate(counted.entries):
            passed, total = point.found["map_passed"][place].tolist(), point.found["map_selected"].tolist()
            for cell, k, n in zip(cells, passed, total, strict=True):
                edges = [edge for pair in cell for edge in pair]
                rows.append((point.sample.label, point.level, entry.name, *edges, k, n, *interval(k, n)))
    columns = tuple(f"{axis.name}_{side}" for axis in axes for side in ("low", "high"))
    return counted.table(
        "map",
        "Efficiency map",
        ("sample", "background_scale", "entry", *columns, "passed", "total", "efficiency", "low", "high"),
        rows,
        f"Selected events, before prescale. Axes: {', '.join(axis.label for axis in axes)}.",
        "A cell without events has no efficiency.",
    )


def write_corrections(counted: Counted, folder: Path) -> Path:
    """Writes `<channel>_map.corrections.json`: per sample one correction, named by its label.

    Its inputs are background_scale, entry, value and the axes; value: of VALUES. A cell without events has efficiency 0, low 0,
    high 1, events 0. Outside the axes the evaluation fails.
    """
    from correctionlib import schemav2  # here: only this export needs it

    channel = counted.channel
    corrections: dict[str, list[Any]] = {}
    for point in counted.points():
        by_entry = [
            schemav2.CategoryItem(key=entry.name, value=_values(schemav2, counted, point.found, place))
            for place, entry in enumerate(counted.entries)
        ]
        node = schemav2.Category(nodetype="category", input="entry", content=by_entry)
        corrections.setdefault(point.sample.label, []).append(schemav2.CategoryItem(key=f"{point.level:g}", value=node))
    inputs = [
        schemav2.Variable(
            name="background_scale", type="string", description="multiple of the nominal background, a GUESS; 0: none"
        ),
        schemav2.Variable(name="entry", type="string", description="line, group of lines, `all` of the search, or the `menu`"),
        schemav2.Variable(name="value", type="string", description=f"one of {', '.join(VALUES)}"),
        *(schemav2.Variable(name=axis.name, type="real", description=axis.label) for axis in channel.map_axes),
    ]
    written = schemav2.CorrectionSet(
        schema_version=2,
        description=f"L1 trigger efficiency of selected events before prescale: {channel.title}. Study {counted.study.digest()}.",
        corrections=[
            schemav2.Correction(
                name=label,
                version=1,
                inputs=inputs,
                output=schemav2.Variable(name="result", type="real"),
                data=schemav2.Category(nodetype="category", input="background_scale", content=levels),
            )
            for label, levels in corrections.items()
        ],
    )
    path = folder / f"{channel.name}_map.corrections.json"
    write_atomically(path, written.model_dump_json(exclude_unset=True) + "\n")
    return path


def _values(schema: Any, counted: Counted, found: dict[str, np.ndarray], place: int) -> Any:
    """The category of VALUES over the cells of one entry."""
    passed, total = found["map_passed"][place], found["map_selected"]
    low, high = clopper_pearson(passed, total)
    efficiency = np.divide(passed, total, out=np.zeros(len(total)), where=total > 0)
    axes = counted.channel.map_axes
    items = [
        schema.CategoryItem(
            key=name,
            value=schema.MultiBinning(
                nodetype="multibinning",
                inputs=[axis.name for axis in axes],
                edges=[list(axis.edges) for axis in axes],
                content=[float(value) for value in values],
                flow="error",
            ),
        )
        for name, values in zip(VALUES, (efficiency, low, high, total), strict=True)
    ]
    return schema.Category(nodetype="category", input="value", content=items)
