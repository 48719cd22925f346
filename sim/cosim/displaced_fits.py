"""Fit and line of the displaced-vertex trigger as a co-simulated block: windows of segments and seeds in, tracks out.

A window is 32 beats; its seeds come in the beats of the next one. The unit of comparison is a beat with seeds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.cosim import runner, stream
from sim.cosim.exchange import Answers, assign, decode_fields, exchange
from sim.cosim.ports import Port, StreamPorts
from sim.cosim.wrapper import Header
from trigger.compiled import kernel
from trigger.displaced import DisplacedTrigger, fit, stereo
from trigger.displaced.fit_tables import fit_tables, seed_tables
from trigger.ecl.layout import DecisionField
from trigger.geometry.cdc import N_SUPERLAYERS, superlayers

BEATS = 32
"""Beats of a window, and room for segments of a superlayer."""
SEED_BEATS = 27
"""Beats of the next window in which seeds come: the store of their window is used again after it."""
N_BANKS = 2
"""Windows that are held: a window takes the place of the one so many before."""
MODULE = "displaced_fits"
COLUMNS = (
    "found", "bend", "impact", "phi", "t0", "z0", "slope", "chi2", *(f"there_{k}" for k in range(fit.N_AXIAL)),
    *(f"position_{k}" for k in range(fit.N_AXIAL)), "n_stereo", "row",
)  # fmt: skip
"""What is compared of each track; the rest of a track that is not found is 0 on both sides."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """Windows with their segments and seeds.

    offsets (n + 1,): of ts_id, priority, lr, time, at most BEATS per superlayer and window. seeds: int64 (n, SEED_BEATS, lanes, 2),
    row and cell, -1 for none.
    """

    offsets: NDArray[np.int64]
    ts_id: NDArray[np.int64]
    priority: NDArray[np.int64]
    lr: NDArray[np.int64]
    time: NDArray[np.int64]
    seeds: NDArray[np.int64]

    @property
    def beat(self) -> NDArray[np.int64]:
        """Beats (windows x BEATS from the second window's first on) that hold a seed, ascending."""
        window, beat = np.nonzero((self.seeds[..., 0] >= 0).any(axis=-1))
        return (window + 1) * BEATS + beat

    def positions(self) -> NDArray[np.int64]:
        """Place of every segment among those of its window and superlayer."""
        n = len(self.offsets) - 1
        key = np.repeat(np.arange(n), np.diff(self.offsets)) * N_SUPERLAYERS + superlayers().of_segment[self.ts_id]
        order = np.argsort(key, kind="stable")
        first = np.searchsorted(key[order], key[order])
        place = np.empty(len(key), np.int64)
        place[order] = np.arange(len(key)) - first
        return place


@kernel
def fill(hits, position, seeds, half_cell, tables, ahead, misses, chi2_max, out):
    """Fill the model's tracks, COLUMNS, of all seeds."""
    chosen, shift = np.zeros(fit.N_AXIAL, np.int64), np.zeros(fit.N_STEREO, np.int64)
    for window in range(len(seeds)):
        first, last = hits.offsets[window], hits.offsets[window + 1]
        for beat in range(seeds.shape[1]):
            for lane in range(seeds.shape[2]):
                row, cell = seeds[window, beat, lane]
                if row < 0:
                    continue
                seed = (row, (2 * cell + 1) * half_cell)
                good, track, t0, chi2, own, phi = fit.fit(hits, first, last, seed, 0, False, ahead, tables, chosen, shift)
                if not good or chi2 > chi2_max:
                    continue
                count, start, slope, _ = stereo.line(hits, first, last, seed, (own, phi), shift, t0, misses, tables)
                if count == 0:
                    continue
                place = out[window, beat, lane]
                place[0], place[1], place[2], place[3] = 1, track[0], track[1], track[2]
                place[4], place[5], place[6], place[7] = t0, start, slope, chi2
                for k in range(fit.N_AXIAL):
                    if chosen[k] >= 0:
                        place[8 + k], place[8 + fit.N_AXIAL + k] = 1, position[chosen[k]]
                place[18], place[19] = count, own


@kernel
def _axial(hits, seeds, half_cell, tables, ahead, out):
    chosen, shift = np.zeros(fit.N_AXIAL, np.int64), np.zeros(fit.N_STEREO, np.int64)
    for window in range(len(seeds)):
        first, last = hits.offsets[window], hits.offsets[window + 1]
        for beat in range(seeds.shape[1]):
            for lane in range(seeds.shape[2]):
                row, cell = seeds[window, beat, lane]
                if row < 0:
                    continue
                seed = (row, (2 * cell + 1) * half_cell)
                good, _, t0, chi2, own, phi = fit.fit(hits, first, last, seed, 0, False, ahead, tables, chosen, shift)
                place = out[window, beat, lane]
                place[0], place[1], place[2], place[3], place[4] = good, chi2, own, phi, t0
                place[5:] = shift


def expected(trigger: DisplacedTrigger, windows: Windows, loop: Callable[..., None] = fill) -> NDArray[np.int64]:
    """What the model answers: (n, SEED_BEATS, lanes, columns). loop: that over the seeds, by default as compiled."""
    cuts, grid = trigger.cuts, trigger.parameters.grid
    out = np.zeros((*windows.seeds.shape[:3], len(COLUMNS)), np.int64)
    half_cell, tables = fit.HALF_TURN // grid.n_phi, (seed_tables(grid), fit_tables())
    hits, cut = _hits(trigger, windows), (cuts.misses, cuts.chi2)
    loop(hits, windows.positions(), windows.seeds, half_cell, tables, cuts.fastest_ahead, *cut, out)
    return out


def axial_fits(trigger: DisplacedTrigger, windows: Windows) -> dict[str, NDArray[np.int64]]:
    """What the model's fit says of each seed before the line: found (chi2 within its cut), row of the fit, phi (AZIMUTH), t0, all
    (n, SEED_BEATS, lanes), and shift, (n, SEED_BEATS, lanes, 4). Without found the rest means nothing."""
    cuts, grid = trigger.cuts, trigger.parameters.grid
    out = np.zeros((*windows.seeds.shape[:3], 5 + fit.N_STEREO), np.int64)
    half_cell, tables = fit.HALF_TURN // grid.n_phi, (seed_tables(grid), fit_tables())
    _axial(_hits(trigger, windows), windows.seeds, half_cell, tables, cuts.fastest_ahead, out)
    good, chi2, row, phi, t0 = np.moveaxis(out[..., :5], -1, 0)
    return {"found": good * (chi2 <= cuts.chi2), "row": row, "phi": phi, "t0": t0, "shift": out[..., 5:]}


def _hits(trigger: DisplacedTrigger, windows: Windows) -> Any:
    names = ("offsets", "ts_id", "priority", "lr", "time")
    return trigger._hits({f"cdc_{name}": getattr(windows, name) for name in names})


def rtl(trigger: DisplacedTrigger, n_lanes: int) -> tuple[Any, int]:
    """(component, latency) of the stage, with a flag for valid beats and the numbers of tracks that are not found made 0."""
    from amaranth.hdl import Cat, Module, Mux, Value
    from amaranth.lib import wiring
    from amaranth.lib.wiring import In, Out

    from hdl.displaced.track_fits import TrackFits

    stage = TrackFits(trigger.parameters, n_lanes)
    columns = _columns()

    class Bench(wiring.Component):
        """Lanes of `TrackFits`, whose inputs are looked at in valid beats.

        Ports:
            in_valid, in_hits, in_last, in_seeds: as for `TrackFits`; nothing comes in a beat that is not valid.
            out_valid: a lane had a seed `LATENCY` cycles before. Others: of all lanes, 0 where no track is found.
        """

        def __init__(self) -> None:
            widths = {name: len(Value.cast(read(stage.out_tracks[0]))) for name, read in columns.items()}
            super().__init__(
                {
                    "in_valid": In(1),
                    "in_hits": In(len(Value.cast(stage.in_hits))),
                    "in_last": In(1),
                    "in_seeds": In(len(Value.cast(stage.in_seeds))),
                    "out_valid": Out(1),
                    **{f"out_{name}": Out(n_lanes * width) for name, width in widths.items()},
                }
            )

        def elaborate(self, platform: object) -> Module:
            m = Module()
            m.submodules.stage = stage
            m.d.comb += [
                Value.cast(stage.in_hits).eq(Mux(self.in_valid, self.in_hits, 0)),
                stage.in_last.eq(self.in_last & self.in_valid),
                Value.cast(stage.in_seeds).eq(Mux(self.in_valid, self.in_seeds, 0)),
                self.out_valid.eq(stage.out_valid.any()),
            ]
            for name, read in columns.items():
                of_lanes = [Mux(track.found, Value.cast(read(track)), 0) for track in (stage.out_tracks[k] for k in range(n_lanes))]
                m.d.comb += getattr(self, f"out_{name}").eq(Cat(*of_lanes))
            return m

    return Bench(), TrackFits.LATENCY


def _columns() -> dict[str, Any]:
    """How each of COLUMNS is read from a track of the RTL."""
    axial = {
        f"{name}_{k}": (lambda track, k=k, field=field: track.axial[k][field] & _when(track.axial[k].there, field))
        for name, field in (("there", "there"), ("position", "position"))
        for k in range(fit.N_AXIAL)
    }
    plain = {name: (lambda track, name=name: track[name]) for name in ("found", "t0", "z0", "slope", "chi2", "n_stereo", "row")}
    transverse = {name: (lambda track, name=name: track.transverse[name]) for name in ("bend", "impact", "phi")}
    every = axial | plain | transverse
    return {name: every[name] for name in COLUMNS}


def _when(there: Any, field: str) -> Any:
    """A position means something only where there is a segment."""
    return there if field == "there" else there.replicate((BEATS - 1).bit_length())


def fields(n_lanes: int) -> tuple[DecisionField, ...]:
    """What a beat with seeds is answered with, lane by lane."""
    from amaranth.hdl import Signal, Value

    from hdl.displaced.layout import Track

    track, made = Signal(Track), []
    for name, read in _columns().items():
        value = Value.cast(read(track))
        signed = name in ("bend", "impact", "t0", "z0", "slope")
        made.append(DecisionField(name=name, length=n_lanes, width=len(value), signed=signed, meaning=f"{name} of the track"))
    return tuple(made)


def ports(n_lanes: int, trigger: DisplacedTrigger) -> StreamPorts:
    """Ports of the bench."""
    from hdl.displaced.hits import Hit
    from hdl.displaced.track_fits import seed_layout

    return StreamPorts(
        module=MODULE,
        inputs=(
            Port(name="in_hits", width=N_SUPERLAYERS * Hit.size),
            Port(name="in_last", width=1),
            Port(name="in_seeds", width=n_lanes * seed_layout(trigger.parameters.grid).size),
        ),
        outputs=tuple(Port(name=f"out_{field.name}", width=field.length * field.width) for field in fields(n_lanes)),
    )


def records(declared: StreamPorts, windows: Windows, trigger: DisplacedTrigger, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Stimulus records of all beats, some windows at a time; segments at random beats of their window, in order."""
    from hdl.displaced.hits import Hit
    from hdl.displaced.track_fits import seed_layout

    layout, n = seed_layout(trigger.parameters.grid), len(windows.offsets) - 1
    window = np.repeat(np.arange(n), np.diff(windows.offsets))
    superlayer, position = superlayers().of_segment[windows.ts_id].astype(np.int64), windows.positions()
    # A random choice of beats in order for each superlayer of each window.
    spread = np.argsort(rng.random((n, N_SUPERLAYERS, BEATS)), axis=-1)
    count = np.zeros((n, N_SUPERLAYERS), np.int64)
    np.add.at(count, (window, superlayer), 1)
    spread = np.where(np.arange(BEATS) < count[..., None], spread, BEATS)
    beat = window * BEATS + np.sort(spread, axis=-1)[window, superlayer, position]
    columns = {
        "valid": np.ones(len(window), np.int64),
        "number": windows.ts_id - superlayers().offset[superlayer],
        "priority": windows.priority,
        "lr": windows.lr,
        "time": windows.time,
    }
    own, at, lane = np.nonzero(windows.seeds[..., 0] >= 0)
    seed_beat = (own + 1) * BEATS + at
    seeds = {"valid": np.ones(len(own), np.int64), "bank": own % N_BANKS, "row": windows.seeds[own, at, lane, 0],
             "cell": windows.seeds[own, at, lane, 1]}  # fmt: skip
    marked = windows.beat
    step = 64 * BEATS
    for first in range(0, (n + 1) * BEATS, step):
        last = min(first + step, (n + 1) * BEATS)
        out = stream.empty_records(declared, last - first)
        flags = np.full(last - first, stream.flag(Header.VALID))
        flags[marked[slice(*np.searchsorted(marked, (first, last)))] - first] |= stream.flag(Header.MARK)
        idle = np.where(rng.random(last - first) < 0.02, rng.integers(0, 8, last - first), 0)
        stream.put_header(out, flags=flags, idle=idle)
        ends = np.arange(first, last)[np.arange(first, last) % BEATS == BEATS - 1] - first
        stream.put_bits(out, ends, np.full(len(ends), declared.input_low("in_last")), 1, np.ones(len(ends), np.int64))
        chosen = (beat >= first) & (beat < last)
        for name, column in columns.items():
            low = declared.input_low("in_hits") + superlayer[chosen] * Hit.size + Hit[name].offset
            stream.put_bits(out, beat[chosen] - first, low, Hit[name].width, column[chosen].astype(np.int64))
        picked = (seed_beat >= first) & (seed_beat < last)
        for name, column in seeds.items():
            low = declared.input_low("in_seeds") + lane[picked] * layout.size + layout[name].offset
            stream.put_bits(out, seed_beat[picked] - first, low, layout[name].width, column[picked].astype(np.int64))
        yield out


def simulate(
    model: runner.Model, windows: Windows, trigger: DisplacedTrigger, rng: np.random.Generator, declared_latency: int,
    cancel: threading.Event | None = None,
) -> Answers:  # fmt: skip
    """Run windows through a model of the bench; `event` of the answers is the number of the beat with seeds."""
    n_beats, n_lanes = len(windows.beat), windows.seeds.shape[2]
    response = exchange(model, records(model.ports, windows, trigger, rng), n_beats, cancel=cancel)
    beat, latency = assign(response.marks, response.cycles, declared_latency)
    arrays = decode_fields(model.ports, fields(n_lanes), response.results)
    return Answers(arrays=arrays, event=beat, latency=latency, n_events=n_beats)


def by_beat(tracks: NDArray[np.int64], windows: Windows) -> dict[str, NDArray[np.int64]]:
    """The model's answers as fields, a row per beat with seeds."""
    used = (windows.seeds[..., 0] >= 0).any(axis=-1)
    rows = tracks[used]
    declared = fields(windows.seeds.shape[2])
    return {field.name: rows[:, :, k].reshape(field.shape(len(rows))) for k, field in enumerate(declared)}
