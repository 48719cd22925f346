"""What the compiled loops of the GRL read: events, tables, columns of the answer."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trigger.grl.layout import DECISION_FIELDS
from trigger.grl.parameters import (
    N_BINS,
    QUADRANT_BINS,
    SECTORS_OF_BIN,
    SECTORS_PER_QUARTER,
    GrlParameters,
    Window,
)
from trigger.grl.patterns import patterns
from trigger.grl.tables import CellTables, TrackTables, cell_tables, energy_counts, klm_steps, track_tables


class Input(NamedTuple):
    """Input of n events: segments and full tracks as CSR, six clusters, one word of fired KLM sectors, the ECL's 3D Bhabha veto."""

    segment_offsets: NDArray[np.int64]
    segment_superlayer: NDArray[np.uint8]
    segment_sectors: NDArray[np.uint64]
    track_offsets: NDArray[np.int64]
    track_azimuth: NDArray[np.int64]
    track_quadrant: NDArray[np.int64]
    track_omega: NDArray[np.int64]
    track_is_3d: NDArray[np.bool_]
    track_theta: NDArray[np.int64]
    cluster_tc: NDArray[np.int64]
    cluster_adc: NDArray[np.int64]
    bklm: NDArray[np.int64]
    eklm_forward: NDArray[np.uint64]
    eklm_backward: NDArray[np.uint64]
    bhabha_veto: NDArray[np.uint8]


class Rules(NamedTuple):
    """Tables and numbers that parameters change, see `trigger.grl.tables`, and tables that they do not.

    track, cell: records of all fields of `TrackTables` and `CellTables`. patterns (p, 7): SL0, SL1, SL3, SL4, endcap, first, last.
    energies: counts of a matched cluster, of a barrel photon, of photons of n1gev and n2gev.
    """

    track: NDArray[np.void]
    cell: NDArray[np.void]
    patterns: NDArray[np.int64]
    windows: NDArray[np.int64]
    bin_sectors: NDArray[np.uint64]
    quadrant_bins: NDArray[np.uint64]
    energies: tuple[int, int, int, int]
    klm_steps: int
    match_below_bins: int


class Columns(NamedTuple):
    """Column of each field's first element in the values."""

    ts: int
    ta: int
    cdc_open90: int
    cdc_b2b3: int
    cdc_b2b5: int
    cdc_b2b7: int
    cdc_b2b9: int
    itsfb2b: int
    ti: int
    i2io: int
    i2fo: int
    f2f30: int
    s2f30: int
    s2s30: int
    s2s3: int
    s2s5: int
    s2so: int
    s2f3: int
    s2f5: int
    s2fo: int
    fwd_s: int
    bwd_s: int
    track: int
    secl: int
    iecl: int
    samhem: int
    opohem: int
    d3: int
    d5: int
    d7: int
    p3: int
    p5: int
    p7: int
    p9: int
    cdcecl: int
    c2gev: int
    cdcklm: int
    seklm_0: int
    seklm_1: int
    ecleklm: int
    ieklm: int
    trkbha1: int
    trkbha2: int
    n1gev: int
    n2gev: int
    n_full: int
    track_overflow: int
    n_short: int
    n_inner: int


def bin_sectors() -> NDArray[np.uint64]:
    """Return the sectors of each bin of 10 degree as words, uint64 (36,)."""
    words = np.zeros(N_BINS, np.uint64)
    for number in range(N_BINS):
        quarter, place = divmod(number, len(SECTORS_OF_BIN))
        words[number] = sum(1 << (quarter * SECTORS_PER_QUARTER + sector) for sector in SECTORS_OF_BIN[place])
    return words


def _records(tables: TrackTables | CellTables) -> NDArray[np.void]:
    """The columns of a table side by side."""
    columns = {name: getattr(tables, name) for name in vars(tables)}
    records = np.zeros(len(next(iter(columns.values()))), [(name, column.dtype) for name, column in columns.items()])
    for name, column in columns.items():
        records[name] = column
    return records


@lru_cache(maxsize=8)
def rules_of(parameters: GrlParameters) -> Rules:
    """Return the tables and numbers that `parameters` come to."""
    rows = [(p.sl0, p.sl1, p.sl3, p.sl4, int(p.endcap), p.first, p.last) for p in patterns()]
    return Rules(
        track=_records(track_tables(parameters)),
        cell=_records(cell_tables(parameters)),
        patterns=np.array(rows, np.int64),
        windows=np.array([window.value for window in Window], np.int64),
        bin_sectors=bin_sectors(),
        quadrant_bins=np.array([sum(1 << number for number in bins) for bins in QUADRANT_BINS], np.uint64),
        energies=energy_counts(parameters),
        klm_steps=klm_steps(parameters),
        match_below_bins=parameters.match_below_bins,
    )


def _columns() -> Columns:
    first, at = {}, 0
    for field in DECISION_FIELDS:
        first[field.name.removeprefix("grl_")] = at
        at += field.length
    return Columns(**{name: first[name] for name in Columns._fields})


COLUMNS = _columns()
N_COLUMNS = sum(field.length for field in DECISION_FIELDS)
