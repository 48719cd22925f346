"""Integer counters of trigger lines: fired, kept after prescale, exclusive, cumulative; from events, frames and the stream."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.blocks import Stage, stream
from sim.detector.ecl.config import EclResponse
from sim.detector.ecl.fam import CLOCK_NS
from sim.detector.ecl.response import respond
from sim.detector.whole import Detector
from sim.generation import BlockTask, Sample, make_block
from sim.offline import hlt
from sim.studies.counting import Counters, Job
from sim.studies.rate_samples import Clock, RateSample
from sim.studies.rate_veto import VetoedMenu
from trigger.chain import Chain
from trigger.ecl.window import CLOCK_RAW, WINDOW_CLOCKS
from trigger.menu import Driver, Menu, Period, keep_probability
from trigger.menu.condition import positions

UNIT = 1 << 24
"""Sums of probabilities and weights are integers in units of 1/UNIT, so that they do not depend on the order of blocks."""
QUANTITIES = ("fired", "kept", "exclusive", "cumulative")
"""Per line: before prescale; after it; accepts that the menu would lose without the line; accepts of this line and those before."""
FRAME_NS = 4 * CLOCK_NS
"""16 data clocks, a frame of the track trigger, are four clocks of 7.95 MHz."""
STREAM_CLOCKS = range(-24, 24)
"""Window starts of the stream, in clocks about the nominal time: hits are made in +-4 us, of which the edges are left out."""
_CHUNK = 1 << 13
_ECL_DRIVERS = frozenset({Driver.ECL, Driver.GDL, Driver.EXTERNAL, Driver.TOP, Driver.SPARE})
_VETO = "bha_veto"
_COLLIDE = (Clock.COLLISIONS, Clock.FIXED)
"""Clocks of samples with particles, which the software trigger sees."""
_NOTHING_KEPT: Counters = {"software": np.zeros(1, np.int64), "software_sq": np.zeros(1, np.int64)}


_WINDOW = ("ecl_offsets", "ecl_tc_id", "ecl_adc")


class _BeforePrescale:
    """Lets every line through: expectations need no draws."""

    def run(self, ftdl: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return ftdl


@dataclass(frozen=True, kw_only=True)
class RateTask:
    """The work of one job; picklable.

    samples: those that jobs name. seed: of all samples. preset: of all backgrounds, at the scale that a job's sample names.
    chain: menu, period and settings. dead: part of the time that the injection veto is on.
    """

    samples: tuple[RateSample, ...]
    seed: int
    preset: str
    chain: Chain
    dead: float = 0.0

    def __call__(self, job: Job) -> Counters:
        """Counters of the job's block."""
        name, scale = split_name(job.sample)
        sample = next(sample for sample in self.samples if sample.name == name)
        detector = Detector.at(self.preset, scale, klm_strips=self.chain.settings.reads_strips)
        if sample.clock is Clock.STREAM:
            return self._stream(sample, job, detector.ecl)
        source = Sample(
            name=name,
            source=sample.process,
            response=detector.ecl,
            drift_chamber=detector.cdc,
            klm=detector.klm,
            offline=sample.clock in _COLLIDE,
        )
        arrays = make_block(BlockTask(sample=source, seed=self.seed, block=job.block, n_events=job.events))
        decision = self.chain.run(arrays, _BeforePrescale())
        ftdl = decision.ftdl
        if sample.clock is Clock.FRAMES:
            ftdl = ftdl & ~self._of_calorimeter
        counters = count_lines(ftdl, self.chain.period, arrays["weight"]) | _NOTHING_KEPT
        counters |= self._after_veto(ftdl, decision.input_bits, arrays["weight"])
        if sample.clock in _COLLIDE:
            accepted = keep_probability(ftdl, self.chain.period) * hlt.decide(arrays).passed
            counters |= _sums("software", accepted * arrays["weight"])
        if _VETO in decision.input_names:
            vetoed = decision.input_bits[:, decision.input_names.index(_VETO)]
            counters |= {"vetoed": np.array([vetoed.sum()], np.int64), "n": np.array([len(vetoed)], np.int64)}
        return counters

    def _after_veto(self, ftdl: NDArray[np.bool_], input_bits: NDArray[np.bool_], weight: NDArray[np.float64]) -> Counters:
        """Sum of the weighted probabilities with which events are accepted at any time, injections included, and of squares."""
        fired = ftdl.any(axis=1)
        return _sums("after_veto", self._vetoed.left(ftdl[fired], input_bits[fired]) * weight[fired])

    @cached_property
    def _vetoed(self) -> VetoedMenu:
        return VetoedMenu(menu=self.chain.menu, period=self.chain.period, dead=self.dead)

    @cached_property
    def _of_calorimeter(self) -> NDArray[np.bool_]:
        return calorimeter_lines(self.chain.menu)

    def _stream(self, sample: RateSample, job: Job, response: EclResponse) -> Counters:
        particles = sample.process.generate(job.events, stream(self.seed, sample.name, Stage.GENERATE, job.block))
        hits = respond(particles, stream(self.seed, sample.name, Stage.RESPONSE, job.block), response)
        menu = self.chain.menu
        period = self.chain.period.name if menu.periods else None
        chain = Chain(menu=menu, period=period, blocks=("ecl", "menu"), settings=self.chain.settings)
        total: Counters = {}
        for first in range(0, job.events, _CHUNK):
            stop = min(first + _CHUNK, job.events)
            windows = stream_windows(hits, first, stop)
            decision = chain.run(dict(zip(_WINDOW, windows, strict=True)), _BeforePrescale())
            steps = (decision.ftdl & self._of_calorimeter).reshape(stop - first, len(STREAM_CLOCKS), -1)
            # A cluster is seen in two windows: only the step in which a line appears counts.
            appeared = (steps[:, 1:] & ~steps[:, :-1]).reshape(-1, steps.shape[2])
            bits = decision.input_bits.reshape(*steps.shape[:2], -1)[:, 1:].reshape(len(appeared), -1)
            part = count_lines(appeared, self.chain.period, np.ones(len(appeared)))
            part |= self._after_veto(appeared, bits, np.ones(len(appeared)))
            total = {name: total[name] + part[name] if total else part[name] for name in part}
        return total | _NOTHING_KEPT


def split_name(name: str) -> tuple[str, float]:
    """(sample, scale of the background) of the name of a job's sample."""
    sample, _, scale = name.rpartition("_x")
    return sample, float(scale)


def calorimeter_lines(menu: Menu) -> NDArray[np.bool_]:
    """Which lines read the calorimeter alone, bool (n_lines,): the stream gives their rate, frames that of all others."""
    driver = {bit: declaration.driver for declaration in menu.inputs for bit in declaration.bits}
    return np.array([all(driver[bit] in _ECL_DRIVERS for bit in positions(line.condition)) for line in menu.lines])


def stream_windows(
    hits: dict[str, np.ndarray], first: int, stop: int
) -> tuple[NDArray[np.int64], NDArray[np.int16], NDArray[np.int16]]:
    """(offsets, tc_id, adc) of the windows of events first..stop-1, one per clock of `STREAM_CLOCKS`, event by event.

    hits: `ecl_*` fields. A hit lies in two windows. In a window a cell with several hits keeps the last one.
    """
    begin, end = hits["ecl_offsets"][[first, stop]]
    event = np.repeat(np.arange(stop - first), np.diff(hits["ecl_offsets"][first : stop + 1]))
    cell, adc = hits["ecl_tc_id"][begin:end].astype(np.int64), hits["ecl_adc"][begin:end]
    clock = hits["ecl_time"][begin:end].astype(np.int64) // CLOCK_RAW - STREAM_CLOCKS.start
    windows, cells, counts = [], [], []
    for back in range(WINDOW_CLOCKS):
        step = clock - back
        there = (step >= 0) & (step < len(STREAM_CLOCKS))
        windows.append(event[there] * len(STREAM_CLOCKS) + step[there])
        cells.append(cell[there])
        counts.append(np.stack([hits["ecl_time"][begin:end][there], adc[there]]))
    window, place = np.concatenate(windows), np.concatenate(cells)
    time, size = np.concatenate(counts, axis=1)
    order = np.lexsort((time, place, window))
    window, place, size = window[order], place[order], size[order]
    last = np.append((np.diff(window) != 0) | (np.diff(place) != 0), True)[: len(window)]
    n_windows = (stop - first) * len(STREAM_CLOCKS)
    offsets = np.searchsorted(window[last], np.arange(n_windows + 1))
    return offsets.astype(np.int64), place[last].astype(np.int16), size[last].astype(np.int16)


def count_lines(ftdl: NDArray[np.bool_], period: Period, weight: NDArray[np.float64]) -> Counters:
    """Sums over events, int64, in units of 1/UNIT: per line those of QUANTITIES, and `accepted` of the whole menu, (1,).

    Each with the sum of squares as `<name>_sq`; `events` is the sum of weights. ftdl: bool (n, n_lines), before prescale.
    Prescales act independently on each line, as expectation.
    """
    keep = np.array([1.0 / n if n else 0.0 for n in period.prescales])
    sums: Counters = {"events": _whole(weight.sum(keepdims=True))}
    fired = ftdl.any(axis=1)
    ftdl, weight, count = _distinct(ftdl[fired], weight[fired])
    for first in range(0, max(len(ftdl), 1), _CHUNK):
        chunk = slice(first, first + _CHUNK)
        part = _chunk(ftdl[chunk], keep, weight[chunk, None], count[chunk])
        for name, value in part.items():
            sums[name] = sums.get(name, 0) + value
    return sums


def _distinct(
    ftdl: NDArray[np.bool_], weight: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64]]:
    """The different events, (patterns, lines) and (patterns,), and how often each occurs: most events fire the same few lines."""
    rows = np.concatenate([np.packbits(ftdl, axis=1), np.ascontiguousarray(weight[:, None]).view(np.uint8)], axis=1)
    keys = rows.view(np.dtype((np.void, rows.shape[1])))[:, 0]
    _, first, count = np.unique(keys, return_index=True, return_counts=True)
    return ftdl[first], weight[first], count


def _chunk(ftdl: NDArray[np.bool_], keep: NDArray[np.float64], weight: NDArray[np.float64], count: NDArray[np.int64]) -> Counters:
    dropped = np.where(ftdl, 1.0 - keep, 1.0)
    ones = np.ones((len(ftdl), 1))
    before = np.concatenate([ones, np.cumprod(dropped, axis=1)], axis=1)
    after = np.concatenate([np.cumprod(dropped[:, ::-1], axis=1)[:, ::-1], ones], axis=1)
    values = {
        "fired": ftdl.astype(float),
        "kept": ftdl * keep,
        "exclusive": before[:, :-1] * after[:, 1:] * (1.0 - dropped),
        "cumulative": 1.0 - before[:, 1:],
        "accepted": 1.0 - before[:, -1:],
    }
    weighted = {name: value * weight for name, value in values.items()}
    sums = {name: count @ _whole(value) for name, value in weighted.items()}
    return sums | {f"{name}_sq": count @ _whole(value**2) for name, value in weighted.items()}


def _sums(name: str, kept: NDArray[np.float64]) -> Counters:
    """Sum of the weighted probabilities with which events are kept, and of their squares, in units of 1/UNIT."""
    return {name: _whole(kept).sum(keepdims=True), f"{name}_sq": _whole(kept**2).sum(keepdims=True)}


def _whole(value: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(value * UNIT).astype(np.int64)
