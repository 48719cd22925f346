"""Rates before and after a change of the trigger, on the same collisions and the same background, with paired errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.blocks import Stage, stream
from sim.detector.ecl.response import respond
from sim.detector.whole import Detector
from sim.generation import BlockTask, Sample, make_block
from sim.studies.channel_compare import all_lines, by_name
from sim.studies.counting import Counters, Job, run
from sim.studies.rate_counts import STREAM_CLOCKS, UNIT, calorimeter_lines, split_name, stream_windows
from sim.studies.rate_samples import Clock, RateSample
from sim.studies.rates import LUMINOSITIES, Counted, RateStudy
from sim.studies.tables import Table, Value
from trigger.chain import Chain
from trigger.digest import digest

POINTS = ("record", "design")
"""Luminosities at which a change of rates is quoted."""
_CHUNK = 1 << 13
_WINDOW = ("ecl_offsets", "ecl_tc_id", "ecl_adc")
TOTAL = "L1"


@dataclass(frozen=True, kw_only=True)
class RatePairTask:
    """The work of one job of the rates of two triggers; picklable."""

    samples: tuple[RateSample, ...]
    seed: int
    preset: str
    chains: tuple[Chain, Chain]

    def __call__(self, job: Job) -> Counters:
        """Sums over the events of the block, as in `count_pair`."""
        total: Counters = {}
        for before, after, weight in self._lines(job):
            part = count_pair(self.chains, before, after, weight)
            total = {name: total.get(name, 0) + values for name, values in part.items()}
        return total

    def _lines(self, job: Job) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64]]]:
        """(lines before, lines after, weights) of the events of the block, in parts."""
        name, scale = split_name(job.sample)
        sample = next(sample for sample in self.samples if sample.name == name)
        detector = Detector.at(self.preset, scale, klm_strips=any(chain.settings.reads_strips for chain in self.chains))
        if sample.clock is Clock.STREAM:
            particles = sample.process.generate(job.events, stream(self.seed, name, Stage.GENERATE, job.block))
            hits = respond(particles, stream(self.seed, name, Stage.RESPONSE, job.block), detector.ecl)
            for first in range(0, job.events, _CHUNK):
                stop = min(first + _CHUNK, job.events)
                windows: dict[str, NDArray] = dict(zip(_WINDOW, stream_windows(hits, first, stop), strict=True))
                before, after = (_appeared(chain, windows, stop - first) for chain in self.chains)
                yield before, after, np.ones(len(before))
            return
        source = Sample(
            name=name, source=sample.process, response=detector.ecl, drift_chamber=detector.cdc, klm=detector.klm, offline=False
        )
        arrays = make_block(BlockTask(sample=source, seed=self.seed, block=job.block, n_events=job.events))
        before, after = (chain.run(arrays).ftdl for chain in self.chains)
        if sample.clock is Clock.FRAMES:
            before, after = (
                bits & ~calorimeter_lines(chain.menu) for chain, bits in zip(self.chains, (before, after), strict=True)
            )
        yield before, after, arrays["weight"]


def _appeared(chain: Chain, windows: dict[str, NDArray], events: int) -> NDArray[np.bool_]:
    """Calorimeter lines in the steps of the stream in which they appear: a cluster is seen in two windows."""
    period = chain.period.name if chain.menu.periods else None
    ecl = Chain(menu=chain.menu, period=period, blocks=("ecl", "menu"), settings=chain.settings)
    steps = (ecl.run(windows).ftdl & calorimeter_lines(chain.menu)).reshape(events, len(STREAM_CLOCKS), -1)
    return np.asarray((steps[:, 1:] & ~steps[:, :-1]).reshape(-1, steps.shape[2]))


QUANTITIES = ("before", "after", "gained", "lost", "kept_before", "kept_after", "kept_gained", "kept_lost")


def count_pair(
    chains: tuple[Chain, Chain], before: NDArray[np.bool_], after: NDArray[np.bool_], weight: NDArray[np.float64]
) -> Counters:
    """Sums of weights in units of 1/UNIT, and `<name>_sq` of their squares, of QUANTITIES, (lines + 1,); `events`: of all weights.

    Lines of both menus by name, the whole menu behind them. before, after: lines that fire, before prescale. gained, lost: only
    after, only before the change. kept: the same of probabilities after prescale, where gained and lost are the part by which
    the probability of an event grows or falls.
    """
    names = all_lines(chains[0].menu, chains[1].menu)
    fired, kept = [], []
    for chain, ftdl in zip(chains, (before, after), strict=True):
        lines = by_name(chain.menu, ftdl, names)
        keep = _probabilities(chain, names)
        fired.append(np.column_stack([lines, lines[:, keep > 0].any(axis=1)]).astype(float))
        kept.append(np.column_stack([lines * keep, 1.0 - np.where(lines, 1.0 - keep, 1.0).prod(axis=1)]))
    values = dict(zip(QUANTITIES, (*_parts(*fired), *_parts(*kept)), strict=True))
    sums: Counters = {"events": _whole(weight.sum(keepdims=True))}
    for name, value in values.items():
        weighted = value * weight[:, None]
        sums |= {name: _whole(weighted).sum(axis=0), f"{name}_sq": _whole(weighted**2).sum(axis=0)}
    return sums


def _parts(before: NDArray[np.float64], after: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    return before, after, np.maximum(after - before, 0.0), np.maximum(before - after, 0.0)


def _probabilities(chain: Chain, names: tuple[str, ...]) -> NDArray[np.float64]:
    keep = {name: 1.0 / n if n else 0.0 for name, n in zip(chain.menu.line_names, chain.period.prescales, strict=True)}
    return np.array([keep.get(name, 0.0) for name in names])


def _whole(value: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(value * UNIT).astype(np.int64)


def rate_change(
    study: RateStudy,
    chains: tuple[Chain, Chain],
    folder: Path,
    workers: int = 1,
    scheduler: str | None = None,
    done: Callable[[Job], None] = lambda job: None,
) -> Table:
    """The table `rate_change`: lines whose rate changes, and the whole menu, at POINTS and all scales of the study.

    study: of the first trigger. Finished blocks are kept in `folder`.
    """
    task = RatePairTask(samples=study.samples, seed=study.seed, preset=study.preset, chains=chains)
    own = digest("rate change", study.digest(), [chain.digests for chain in chains])
    counted = Counted(study=study, counters=run(study.jobs(), task, folder, own, workers, done, scheduler))
    names = (*all_lines(chains[0].menu, chains[1].menu), TOTAL)
    rows: list[tuple[Value, ...]] = []
    for point in POINTS:
        for scale in study.scales:
            rates = {name: counted.rate(name, scale, LUMINOSITIES[point]) for name in QUANTITIES}
            for place, name in enumerate(names):
                if name != TOTAL and not any(rates[what].hz[place] for what in ("gained", "lost", "kept_gained", "kept_lost")):
                    continue
                row: list[Value] = [name, point, LUMINOSITIES[point], scale]
                for what in QUANTITIES:
                    rate = rates[what]
                    row += [float(rate.hz[place]), float(rate.low[place]), float(rate.high[place])]
                change = row[4 + 3 * QUANTITIES.index("kept_after")], row[4 + 3 * QUANTITIES.index("kept_before")]
                rows.append((*row, float(change[0] or 0.0) - float(change[1] or 0.0)))
    return Table(
        name="rate_change",
        title="Rates before and after the change, on the same events",
        columns=(
            *("line", "point", "luminosity", "background_scale"),
            *(f"{name}_{part}" for name in QUANTITIES for part in ("hz", "low", "high")),
            "kept_change_hz",
        ),
        rows=tuple(rows),
        notes=(
            f"{TOTAL}: the whole menu; lines without a change are left out. gained, lost: on the same events: the error.",
            "before, after, gained, lost: before prescale; kept_*: expected after prescale. Interval: Poisson, 68.27 %.",
            "Background and its rates are a GUESS; the samples of the rates at the size of --rate-events.",
        ),
        stamp={**study.stamp(), "made_by": "study, change of rates"},
    )
