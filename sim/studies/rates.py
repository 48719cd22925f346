"""Rates of trigger lines: every source of triggers through response and chain, integer counters, then hertz at any luminosity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from sim.blocks import blocks
from sim.detector.ecl.fam import CLOCK_NS
from sim.detector.whole import Detector
from sim.injection import Injection
from sim.provenance import stamp
from sim.studies.counting import Counters, Job
from sim.studies.rate_counts import FRAME_NS, QUANTITIES, STREAM_CLOCKS, UNIT, RateTask
from sim.studies.rate_samples import NB_PER_CM2, Clock, RateSample, rate_samples
from sim.studies.software_tables import output_table
from sim.studies.statistics import ONE_SIGMA, clopper_pearson
from sim.studies.tables import Table, Value
from trigger import __version__
from trigger.chain import Chain
from trigger.digest import digest
from trigger.errors import InputError
from trigger.menu.deadtime import MAX_RATE_HZ, DeadTime
from trigger.menu.injection import LINAC_HZ, InjectionVeto

LUMINOSITIES: Mapping[str, float] = {"pilot run": 5.5e33, "record": 5.1e34, "design": 6e35, "first design": 8e35}
"""Luminosities in cm^-2 s^-1. Source: SOURCES (talks of the collaboration): 2018, record, design of later and of earlier talks."""
GUESS_SCALES = (0.3, 1.0, 3.0)
"""Multiples of the guessed background at which every rate is quoted."""
MIN_EVENTS = 16
_DEAD_TIME_TRIGGERS = 200_000
_GUESS = "GUESS"


@dataclass(frozen=True, kw_only=True)
class RateStudy:
    """Everything that the counters depend on. events: of a sample of share 1. preset: of all backgrounds, a guess.

    samples: the sources of triggers; a study of some of them says so in its stamp. injection: a rate of injections whose veto
    closes the trigger; None: there are none. luminosities: of the tables, by name, cm^-2 s^-1; the counters do not depend on them.
    """

    chain: Chain
    events: int = 65_536
    seed: int = 1
    preset: str = "NOMINAL"
    scales: tuple[float, ...] = GUESS_SCALES
    samples: tuple[RateSample, ...] = field(default_factory=rate_samples)
    injection: Injection | None = None
    luminosities: Mapping[str, float] = field(default_factory=lambda: LUMINOSITIES)

    def __post_init__(self) -> None:
        if self.events < MIN_EVENTS:
            msg = f"--events must be at least {MIN_EVENTS}, not {self.events}"
            raise InputError(msg)
        if self.seed < 0:
            msg = f"--seed must not be negative, not {self.seed}"
            raise InputError(msg)
        if not self.scales or min(self.scales) < 0 or max(self.scales) > 100 or len(set(self.scales)) < len(self.scales):
            msg = f"--scales must be different numbers within 0..100, not {', '.join(map(str, self.scales))}"
            raise InputError(msg)
        if not self.luminosities or min(self.luminosities.values()) <= 0:
            msg = f"--luminosity must be positive, not {min(self.luminosities.values(), default=0):g}"
            raise InputError(msg)
        if self.injection is not None and self.injection.rate_hz is None:
            msg = "--injection must be injections per second: simulated events carry no times"
            raise InputError(msg)

    @property
    def dead(self) -> float:
        """Part of the time that the injection veto is on."""
        if self.injection is None or self.injection.rate_hz is None:
            return 0.0
        return self.injection.windows.dead_fraction(self.injection.rate_hz)

    def digest(self) -> str:
        """Digest of the study, of the samples and of the responses."""
        own = (self.chain.digests, self.events, self.seed, self.preset, self.scales, self.samples, self.injection)
        return digest(own, Detector(), tuple(STREAM_CLOCKS), __version__)

    def jobs(self) -> list[Job]:
        """All blocks of all samples at all scales."""
        return [
            Job(sample=f"{sample.name}_x{scale:g}", block=block, events=events)
            for scale in self.scales
            for sample in self.samples
            for block, events in blocks(max(round(self.events * sample.share), 1))
        ]

    def task(self) -> RateTask:
        """The work on one of the jobs."""
        return RateTask(samples=self.samples, seed=self.seed, preset=self.preset, chain=self.chain, dead=self.dead)

    def tables(self, counters: Mapping[str, Counters]) -> tuple[Table, ...]:
        """The tables `rates`, `rate_totals`, `rate_by_process`, `rate_software` and `veto`."""
        counted = Counted(study=self, counters=counters)
        return (
            lines_table(counted, self.luminosities),
            totals_table(counted, self.luminosities),
            process_table(counted, self.luminosities),
            output_table(counted, self.luminosities),
            veto_table(counted),
        )

    def stamp(self) -> dict[str, Any]:
        """Head of every table."""
        return stamp(
            "menu rates",
            seed=self.seed,
            digests={"study": self.digest(), **self.chain.digests},
            labels={
                "menu": self.chain.menu.name,
                "period": self.chain.period.name,
                "events": self.events,
                "sources": [sample.name for sample in self.samples],
                "background": f"GUESS: {self.preset.lower()} x {', x'.join(f'{s:g}' for s in self.scales)}; no public source",
                "interval": "Poisson (Garwood), 68.27 %, of the effective number of events",
                "klm_mode": "lines" if self.chain.settings.reads_strips else "layers",
                "injection": "none" if self.injection is None else self.injection.labels(),
            },
            packages=("scipy", "pythia8mc"),
        )


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A rate in Hz with its interval; arrays of one shape. guessed: the part that a guess of rate or background makes."""

    hz: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    guessed: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Counters of a study, by the names of its jobs' samples."""

    study: RateStudy
    counters: Mapping[str, Counters]

    def rate(self, quantity: str, scale: float, luminosity: float, only: Sequence[str] | None = None) -> Rate:
        """Rate of a counter of every line (or of the menu) from all samples, or from those named.

        Sums of weights of different samples are scaled to Hz; the interval is that of a Poisson number of the effective number of
        events, sum^2 / sum of squares. A sample that gave nothing adds its one-sided limit to the upper end in quadrature.
        """
        size_of = self.counters[f"{self.study.samples[0].name}_x{scale:g}"][quantity].shape
        total, square, none, guessed = (np.zeros(size_of) for _ in range(4))
        for sample in self.study.samples:
            if only is not None and sample.name not in only:
                continue
            found = self.counters[f"{sample.name}_x{scale:g}"]
            per_unit = hz_per_event(sample, found, luminosity)
            value, value_sq = found[quantity] / UNIT, found[f"{quantity}_sq"] / UNIT
            total += per_unit * value
            square += per_unit**2 * value_sq
            none += np.where(value == 0, (per_unit * _NOTHING_SEEN) ** 2, 0.0)
            if sample.guess:
                guessed += per_unit * value
        effective = np.divide(total**2, square, out=np.zeros_like(total), where=square > 0)
        size = np.divide(total, effective, out=np.zeros_like(total), where=effective > 0)
        low, high = garwood(effective)
        upward = np.sqrt(((high - effective) * size) ** 2 + none)
        return Rate(hz=total, low=low * size, high=total + upward, guessed=guessed)


def garwood(count: NDArray[np.float64], level: float = ONE_SIGMA) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(low, high) of the exact central interval of a Poisson mean; `count` may be an effective number."""
    tail = (1 - level) / 2
    low = np.where(count > 0, special.gammaincinv(np.maximum(count, 1e-9), tail), 0.0)
    return low, special.gammaincinv(count + 1, 1 - tail)


_NOTHING_SEEN = float(special.gammaincinv(1, ONE_SIGMA))
"""Upper limit of a Poisson mean when nothing was seen."""


def hz_per_event(sample: RateSample, counters: Counters, luminosity: float) -> float:
    """Hz that one event of the sample stands for."""
    events = float(counters["events"][0]) / UNIT
    if sample.clock is Clock.COLLISIONS:
        return sample.per_event * NB_PER_CM2 * luminosity / events
    if sample.clock is Clock.FIXED:
        return sample.per_event / events
    return 1e9 / (events * (FRAME_NS if sample.clock is Clock.FRAMES else CLOCK_NS))


_NOTES = (
    "Expected rates: prescales act independently, correlations between lines are kept. Before prescale: fired_hz.",
    "exclusive_hz: what the menu loses without the line. cumulative_hz: this line and those above it.",
    "guessed_hz: the part of kept_hz from cosmics and beam background; their rates and hits are guesses.",
    "The guessed background lies over every collision as well, which guessed_hz does not show: compare the scales.",
    "Not simulated: two-photon hadrons, photons radiated from the final state, TOP, hits of other subsystems.",
)


def lines_table(counted: Counted, luminosities: Mapping[str, float]) -> Table:
    """One row per line, luminosity and scale of the background."""
    study = counted.study
    menu, period = study.chain.menu, study.chain.period
    rows: list[tuple[Value, ...]] = []
    for label, luminosity in luminosities.items():
        for scale in study.scales:
            rates = {name: counted.rate(name, scale, luminosity) for name in QUANTITIES}
            for place, (line, prescale) in enumerate(zip(menu.line_names, period.prescales, strict=True)):
                row: list[Value] = [line, prescale, label, luminosity, scale]
                for name in QUANTITIES:
                    rate = rates[name]
                    row += [float(rate.hz[place]), float(rate.low[place]), float(rate.high[place])]
                rows.append((*row, float(rates["kept"].guessed[place])))
    columns = tuple(f"{name}_{part}" for name in QUANTITIES for part in ("hz", "low", "high"))
    return Table(
        name="rates",
        title=f"Rates of the lines of menu {menu.name}, period {period.name}",
        columns=("line", "prescale", "point", "luminosity", "background_scale", *columns, "guessed_hz"),
        rows=tuple(rows),
        notes=_NOTES,
        stamp=study.stamp(),
    )


_TOTALS = (
    *("point", "luminosity", "background_scale", "hz", "low", "high", "guessed_hz", "of_budget", "within_budget"),
    *("after_veto_hz", "after_veto_low", "after_veto_high", "lost", "recorded_hz"),
)


def totals_table(counted: Counted, luminosities: Mapping[str, float]) -> Table:
    """The whole menu against the budget, before and after injection veto and dead time, by luminosity and scale."""
    study = counted.study
    rows: list[tuple[Value, ...]] = []
    for label, luminosity in luminosities.items():
        for scale in study.scales:
            rate, after = (counted.rate(name, scale, luminosity) for name in ("accepted", "after_veto"))
            hz, low, high, guessed = (float(values[0]) for values in (rate.hz, rate.low, rate.high, rate.guessed))
            left = tuple(float(values[0]) for values in (after.hz, after.low, after.high))
            lost = DeadTime().lost_fraction(hz, np.random.default_rng(study.seed), _DEAD_TIME_TRIGGERS) if hz else 0.0
            budget = (hz / MAX_RATE_HZ, hz <= MAX_RATE_HZ)
            rows.append((label, luminosity, scale, hz, low, high, guessed, *budget, *left, lost, left[0] * (1.0 - lost)))
    return Table(
        name="rate_totals",
        title=f"First-level rate of menu {study.chain.menu.name}, period {study.chain.period.name}, against 30 kHz",
        columns=_TOTALS,
        rows=tuple(rows),
        notes=(
            *_NOTES,
            injection_note(study),
            "lost: part of the accepts that the readout loses at the rate hz, trigger.menu.deadtime (numbers recalled).",
            "recorded_hz: what veto and readout leave, over all time.",
        ),
        stamp=study.stamp(),
    )


def injection_note(study: RateStudy) -> str:
    """What `after_veto` means in this study, with its guesses."""
    if study.injection is None or study.injection.rate_hz is None:
        return "after_veto: no injections asked for: the rate without them."
    windows, rate_hz = study.injection.windows, study.injection.rate_hz
    rate = f"{rate_hz:g} injections per second"
    if rate_hz == LINAC_HZ:
        rate += " (every pulse of the injector, arXiv:2312.02440: the most that can be)"
    guess = " (GUESS)" if windows == InjectionVeto() else ""
    return (
        f"after_veto: mean over all time, injection veto on for {100 * study.dead:.1f} % of it: {rate}, windows "
        f"{windows.full_us:g}, {windows.gated_us:g}, {windows.gate_us:g} us{guess}; hz: while it is off. Lines without !veto stay. "
        "Noise of the injected charge itself is not simulated."
    )


def process_table(counted: Counted, luminosities: Mapping[str, float]) -> Table:
    """The rate after prescale of every line from every source, where it is not 0; `all` is the menu."""
    study = counted.study
    names = study.chain.menu.line_names
    rows: list[tuple[Value, ...]] = []
    for label, luminosity in luminosities.items():
        for scale in study.scales:
            for sample in study.samples:
                kept = counted.rate("kept", scale, luminosity, (sample.name,))
                whole = counted.rate("accepted", scale, luminosity, (sample.name,))
                guess = f"{_GUESS}: {sample.guess}" if sample.guess else ""
                found = [("all", whole, 0), *((names[i], kept, i) for i in np.flatnonzero(kept.hz > 0).tolist())]
                for line, rate, i in found:
                    values = (float(rate.hz[i]), float(rate.low[i]), float(rate.high[i]))
                    rows.append((label, luminosity, scale, sample.name, line, *values, guess))
    return Table(
        name="rate_by_process",
        title=f"Rates after prescale by source, menu {study.chain.menu.name}, period {study.chain.period.name}",
        columns=("point", "luminosity", "background_scale", "source", "line", "hz", "low", "high", "guess"),
        rows=tuple(rows),
        notes=(*_NOTES, *(f"{sample.name}: {sample.per_event:.4g} {_unit(sample)}, {sample.source}" for sample in study.samples)),
        stamp=study.stamp(),
    )


def _unit(sample: RateSample) -> str:
    return {Clock.COLLISIONS: "nb", Clock.FIXED: "Hz"}.get(sample.clock, "(rate from the clock)")


def veto_table(counted: Counted) -> Table:
    """How often the Bhabha veto is on: its efficiency for Bhabha, its cost for all others."""
    rows: list[tuple[Value, ...]] = []
    for scale in counted.study.scales:
        for sample in counted.study.samples:
            found = counted.counters[f"{sample.name}_x{scale:g}"]
            if "vetoed" not in found:
                continue
            passed, total = int(found["vetoed"][0]), int(found["n"][0])
            low, high = clopper_pearson(np.array([passed]), np.array([total]))
            rows.append((scale, sample.name, passed, total, passed / total, float(low[0]), float(high[0])))
    return Table(
        name="veto",
        title="Events with the Bhabha veto on, of all generated",
        columns=("background_scale", "source", "vetoed", "events", "fraction", "low", "high"),
        rows=tuple(rows),
        notes=("Exact (Clopper-Pearson) interval, 68.27 %. Generated regions: 10-170 degrees for pairs, see rate_by_process.",),
        stamp=counted.study.stamp(),
    )
