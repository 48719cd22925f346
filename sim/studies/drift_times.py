"""Drift times that the neuro trigger sees: simulated tracks beside real ones, superlayer by superlayer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from sim.blocks import Stage, stream
from sim.detector.cdc.background import WirePreset
from sim.detector.cdc.config import CdcResponse
from sim.provenance import describe, file_digest, stamp
from sim.studies.neuro_samples import Kinematics, NeuroRecipe, make_block, real_kinematics
from sim.studies.style import INK, MUTED, SERIES, note, save, styled
from sim.studies.tables import Table, Value, write
from sim.studies.tracks_samples import GUESS_SCALES
from trigger.cdc.neuro.formats import NODE
from trigger.cdc.neuro.inputs import TIME_MAX_LOG2
from trigger.digest import digest
from trigger.errors import InputError
from trigger.geometry.cdc import N_SUPERLAYERS, TIME_NS, superlayers

SAMPLE = "drift times"
REAL = "real"
PROMPT_CM = 2.0
"""Real tracks from nearer than this to the interaction point are compared. Our choice: few come from elsewhere."""
TRACKS_PER_EVENT = 2
LATEST = 1 << TIME_MAX_LOG2
"""Longer times are cut to this, in time units."""
LOST_FROM = 3
"""Tracks with so many times at the end of the range have lost their event time. Our choice."""
EVERY, KEPT = "every track", "event time not lost"
LONG_NS, LONG_UNITS = 225.0, 225
"""Ends of the drift at constant velocity in a 1.8 cm cell, ns, and a number of time units for the far tail."""
REPLICAS = 200
QUANTILES = (0.25, 0.5, 0.75)
BINS = np.arange(0, LATEST + 17, 16)


@dataclass(frozen=True, kw_only=True)
class DriftStudy:
    """real: file of real tracks. events: simulated ones at each background level, of two tracks each."""

    real: Path
    events: int = 4000
    seed: int = 1

    def __post_init__(self) -> None:
        if self.events < 1 or self.seed < 0:
            msg = f"--events must be at least 1 and --seed not negative, not {self.events} and {self.seed}"
            raise InputError(msg)


def run_study(study: DriftStudy, folder: Path) -> Table:
    """Writes table and picture into ``folder``; the table. InputError for a bad file or one without prompt tracks."""
    times = {REAL: (found := _real(study.real))[0]} | {
        f"simulated x{scale:g}": _simulated(study, found[1], scale) for scale in GUESS_SCALES
    }
    table = tabulate(study, times)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{folder}: cannot be written: {error.strerror}"
        raise InputError(msg) from error
    write(table, folder)
    with styled():
        figure = draw(times)
        note(figure, describe({**table.stamp, "digests": {}}))
        save(figure, folder / "drift_spectra.png")
    return table


def times_of(x_raw: NDArray[np.integer]) -> NDArray[np.float64]:
    """Sizes of the drift times of input vectors (n, 27), in time units (n, 9); NaN without a segment, 0 with unknown side."""
    x = np.asarray(x_raw, np.int64).reshape(-1, N_SUPERLAYERS, 3)
    size = np.abs(x[..., 1]) >> (NODE.fraction - TIME_MAX_LOG2)
    return np.where((x != 0).any(axis=2), size, np.nan)


def _real(path: Path) -> tuple[NDArray[np.float64], Kinematics]:
    """Times and kinematics of the prompt tracks of a file, one row per reconstructed track."""
    from hls.data import Z_SCALE_CM, read_tracks

    tracks = read_tracks(path)
    chosen = tracks.select(tracks.first_of_track)
    chosen = chosen.select(np.abs(chosen.target[:, 0]) * Z_SCALE_CM < PROMPT_CM)
    if not len(chosen):
        msg = f"{path}: has no tracks with |z_reco| < {PROMPT_CM:g} cm"
        raise InputError(msg)
    return times_of(chosen.x_raw), real_kinematics(chosen)


def _simulated(study: DriftStudy, real: Kinematics, scale: float) -> NDArray[np.float64]:
    """Times of simulated tracks with the kinematics of the real ones, smeared."""
    level = (WirePreset.NOMINAL, scale) if scale else (WirePreset.NONE, 1.0)
    recipe = NeuroRecipe(
        seed=study.seed, block_events=study.events, tracks=TRACKS_PER_EVENT, real_share=1.0, smear_z_cm=0.0, backgrounds=(level,)
    )
    return times_of(make_block(recipe, real, 0).x_raw)


def lost(times: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each track has lost its event time."""
    return (times == LATEST).sum(axis=1) >= LOST_FROM


def tabulate(study: DriftStudy, times: Mapping[str, NDArray[np.float64]]) -> Table:
    """Quantiles and tails of the times of known side by source, selection and superlayer, with errors from a bootstrap by track."""
    rows: list[tuple[Value, ...]] = []
    for source, every in times.items():
        for selection, chosen in ((EVERY, every), (KEPT, every[~lost(every)])):
            for superlayer in range(N_SUPERLAYERS):
                column = chosen[:, superlayer]
                rng = stream(study.seed, f"{SAMPLE} {source} {selection}", Stage.STUDY, superlayer)
                present = column[np.isfinite(column)]
                kind = "axial" if superlayers().axial[superlayer] else "stereo"
                lost_share = float(lost(every).mean())
                head = (source, selection, superlayer, kind, len(column), lost_share, len(present))
                rows.append((*head, *_figures(present, rng)))
    names = ("unknown_or_first", *(f"q{100 * level:.0f}" for level in QUANTILES), "above_225_ns", "above_225_units")
    return Table(
        name="drift_times",
        title="Drift times of the neuro trigger's inputs in time units of 1.965 ns, tracks from the interaction point",
        columns=(
            "source", "selection", "superlayer", "kind", "tracks", "lost", "present",
            *(column for name in names for column in (name, f"{name}_error")),
        ),
        rows=tuple(rows),
        notes=(
            "quantiles and tails are of times of known side above 0; unknown_or_first: share of segments with time 0",
            f"lost: share of tracks with {LOST_FROM} times or more at the end of the range: their event time is far too early",
            "simulated tracks have z, polar angle and curvature of the real ones; levels: multiples of a GUESS (60 kHz per wire)",
            "event time: fastest axial segment of the track in the simulation; that of the real sample is not documented",
        ),
        stamp=stamp(
            "study drift-times",
            seed=study.seed,
            digests={"study": digest(study.events, CdcResponse()), "real": file_digest(study.real)},
            labels={"events": study.events, **CdcResponse().meta(), "cdc_background": "GUESS: multiples of preset nominal"},
        ),
    )  # fmt: skip


def _figures(present: NDArray[np.float64], rng: np.random.Generator) -> tuple[float, ...]:
    """Value and bootstrap error of the share of zeros, the quantiles and the two tails; NaN without entries."""
    counts = np.bincount(present.astype(np.int64), minlength=LATEST + 1)
    drawn = rng.multinomial(len(present), counts / max(len(present), 1), REPLICAS) if len(present) else counts[None]
    value, error = _measure(counts[None])[0], _measure(drawn).std(axis=0)
    return tuple(float(number) for pair in zip(value, error, strict=True) for number in pair)


def _measure(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of zeros, quantiles and tails of rows of counts per time unit (rows, 257): a column each; NaN without known times."""
    known = counts[:, 1:]
    n = known.sum(axis=1)
    below = np.cumsum(known, axis=1)
    quantiles = [1.0 + np.argmax(below >= level * n[:, None], axis=1) for level in QUANTILES]
    times = np.arange(1, LATEST + 1)
    tails = [known[:, late].sum(axis=1) / np.maximum(n, 1) for late in (times * TIME_NS > LONG_NS, times > LONG_UNITS)]
    columns = [1 - n / np.maximum(counts.sum(axis=1), 1), *quantiles, *tails]
    return np.where(n[:, None] > 0, np.stack(columns, axis=1), np.nan)


def draw(times: Mapping[str, NDArray[np.float64]]) -> Figure:
    """Spectra of the nine superlayers: real tracks as points, simulated ones without and with background as steps."""
    figure = Figure(figsize=(10.5, 7.6), layout=ConstrainedLayoutEngine(rect=(0, 0.02, 1, 0.98)))
    grid = figure.subplots(3, 3, sharex=True, sharey=True)
    for superlayer, axes in enumerate(grid.flat):
        _spectrum(axes, times, superlayer)
        kind = "axial" if superlayers().axial[superlayer] else "stereo"
        axes.set_title(f"superlayer {superlayer}, {kind}", fontsize=10)
    for axes in grid[-1]:
        axes.set_xlabel("drift time [ns]")
    for axes in grid[:, 0]:
        axes.set_ylabel("share of the times / 31 ns")
    grid[0, 0].legend(loc="upper right")
    return figure


def _spectrum(axes: Axes, times: Mapping[str, NDArray[np.float64]], superlayer: int) -> None:
    edges = BINS * TIME_NS
    middle = (edges[1:] + edges[:-1]) / 2
    for k, (source, every) in enumerate(times.items()):
        column = every[:, superlayer]
        entries = np.histogram(column[column > 0], BINS)[0]
        share, error = entries / max(entries.sum(), 1), np.sqrt(entries) / max(entries.sum(), 1)
        if source == REAL:
            axes.errorbar(
                middle, share, error, fmt="o", color=INK, mfc="white", elinewidth=1, label=f"real, {len(every)} tracks", zorder=5
            )
        else:
            axes.stairs(share, edges, color=SERIES[k - 1], lw=1.4, label=source if source.endswith("x0") else f"{source} (guess)")
    axes.axvline(LATEST * TIME_NS, color=MUTED, lw=0.8, ls=":", label="later times are cut to this")
    axes.set_xlim(0, edges[-1])
    axes.set_ylim(0, None)
