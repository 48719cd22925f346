"""Efficiency of trigger lines for a search: relative to its offline selection and to all events, with and without background."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sim.blocks import blocks
from sim.detector.whole import Detector
from sim.provenance import stamp
from sim.studies.channel_counts import PROBABILITY_UNIT, REFERENCES, ChannelTask, groups_of, job_sample, reference_of
from sim.studies.channels import Channel
from sim.studies.counting import Counters, Job, run
from sim.studies.statistics import clopper_pearson
from sim.studies.tables import Table, Value, write
from trigger import __version__
from trigger.chain import Chain
from trigger.digest import digest
from trigger.errors import InputError

LEVELS = (("NONE", 1.0), ("NOMINAL", 0.3), ("NOMINAL", 1.0), ("NOMINAL", 3.0))
"""Levels of the guessed background at which every efficiency is quoted."""
MIN_EVENTS = 16


@dataclass(frozen=True, kw_only=True)
class ChannelStudy:
    """Everything that the counters depend on. events: generated, of each sample at each level."""

    channel: Channel
    chain: Chain
    events: int = 20_000
    seed: int = 1
    levels: tuple[tuple[str, float], ...] = LEVELS

    def __post_init__(self) -> None:
        if self.events < MIN_EVENTS:
            msg = f"--events must be at least {MIN_EVENTS}, not {self.events}"
            raise InputError(msg)
        if self.seed < 0:
            msg = f"--seed must not be negative, not {self.seed}"
            raise InputError(msg)
        for group in self.channel.groups:
            missing = [line for line in group.lines if line not in self.chain.menu.line_names]
            if missing:
                msg = f"menu {self.chain.menu.name} has no line {missing[0]}, which the study {self.channel.name} asks for"
                raise InputError(msg)

    def digest(self) -> str:
        """Digest of the study, the selection's numbers and the responses."""
        channel = self.channel
        own = (channel.name, channel.samples, channel.variables, channel.groups, self.events, self.seed, self.levels)
        return digest(own, self.chain.digests, Detector(), __version__)

    def jobs(self) -> list[Job]:
        """All blocks of all samples at all levels."""
        return [
            Job(sample=job_sample(number, *level), block=block, events=events)
            for number in range(len(self.channel.samples))
            for level in self.levels
            for block, events in blocks(self.events)
        ]

    def stamp(self) -> dict[str, Any]:
        """Head of every table."""
        return stamp(
            f"study {self.channel.name}",
            seed=self.seed,
            digests={"study": self.digest(), **self.chain.digests},
            labels={
                "menu": self.chain.menu.name,
                "period": self.chain.period.name,
                "events": self.events,
                "background": "GUESS: preset nominal at the stated scale; no public source",
                "interval": "Clopper-Pearson, 68.27 %",
            },
            packages=("scipy", "pythia8mc"),
        )


def run_study(
    study: ChannelStudy, folder: Path, workers: int = 1, done: Callable[[Job], None] = lambda job: None
) -> dict[str, Table]:
    """Writes the tables `<channel>_efficiency` and `<channel>_flow` to `folder` and returns them by name.

    Interrupted, it keeps the finished blocks in `folder/.blocks` and goes on with them the next time. The tables do not depend on
    `workers`. InputError if the folder cannot be written.
    """
    checkpoints = folder / ".blocks"
    work = ChannelTask(channel=study.channel.name, seed=study.seed, chain=study.chain)
    counters = run(study.jobs(), work, checkpoints, study.digest(), workers, done)
    tables = (efficiency_table(study, counters), flow_table(study, counters))
    for table in tables:
        write(table, folder)
    shutil.rmtree(checkpoints)
    return {table.name: table for table in tables}


def efficiency_table(study: ChannelStudy, counters: Mapping[str, Counters]) -> Table:
    """One row per sample, level, group of lines and bin, with `all` for the sum of bins and `generated` for no selection."""
    channel, chain = study.channel, study.chain
    rows: list[tuple[Value, ...]] = []
    for number, sample in enumerate(channel.samples):
        for preset, scale in study.levels:
            found = counters[job_sample(number, preset, scale)]
            level = 0.0 if preset == "NONE" else scale
            for place, group in enumerate(groups_of(channel)):
                reference = reference_of(group, chain.menu) or ""
                head = (sample.label, level, group.name, " ".join(group.lines))
                for label, low, high, chosen in _bins(channel):
                    sums = {name: int(found[name][place][chosen].sum()) for name in _PER_GROUP}
                    total = int(found["selected"][chosen].sum())
                    rows.append((*head, label, low, high, *_numbers(sums, total), reference, *_referred(sums, total)))
                generated = int(found["generated"][0])
                passed = dict.fromkeys(_PER_GROUP, 0) | {"passed": int(found["passed_all"][place])}
                without = (None,) * 2
                numbers = _numbers(passed, generated)[:5]
                rows.append((*head, "generated", None, None, *numbers, *without, "", *_referred(passed, 0)))
    return Table(
        name=f"{channel.name}_efficiency",
        title=f"Trigger efficiency: {channel.title}",
        columns=(
            *("sample", "background_scale", "group", "lines", "bin", "low_edge", "high_edge"),
            *("passed", "total", "efficiency", "low", "high", "alone", "after_prescale"),
            *("reference", "reference_events", "by_reference", "by_reference_low", "by_reference_high", "minus_truth"),
        ),
        rows=tuple(rows),
        notes=(
            f"Bins of {channel.variables[0].label} of events that pass the offline selection; `generated`: of all events.",
            "Before prescale, after_prescale with the period's. alone: no other group fires.",
            f"by_reference: measured with the line named, of {', '.join(REFERENCES)}, that shares no input with the group.",
            "background_scale 0 is no background; others multiply the nominal preset, which is a GUESS.",
            *channel.notes,
            *((f"Published: {channel.published}.",) if channel.published else ()),
        ),
        stamp=study.stamp(),
    )


_PER_GROUP = ("passed", "alone", "kept", "reference", "both")


def _bins(channel: Channel) -> list[tuple[str, float | None, float | None, slice]]:
    """(name, low edge, high edge, places in the counters) of `all` and of every bin; what lies outside belongs to `all` alone."""
    edges = channel.variables[0].edges
    inner = [(f"{low:g}-{high:g}", low, high, slice(i + 1, i + 2)) for i, (low, high) in enumerate(itertools.pairwise(edges))]
    return [("all", None, None, slice(None)), *inner]


def _numbers(sums: Mapping[str, int], total: int) -> tuple[Value, ...]:
    value, low, high = _interval(sums["passed"], total)
    kept = sums["kept"] / PROBABILITY_UNIT / total if total else None
    return sums["passed"], total, value, low, high, sums["alone"] / total if total else None, kept


def _referred(sums: Mapping[str, int], total: int) -> tuple[Value, ...]:
    """Events of the reference, the efficiency that it measures with its interval, and its difference to the truth."""
    if not sums["reference"] or not total:
        return (sums["reference"], None, None, None, None)
    value, low, high = _interval(sums["both"], sums["reference"])
    assert value is not None
    return sums["reference"], value, low, high, value - sums["passed"] / total


def _interval(passed: int, total: int) -> tuple[float | None, float, float]:
    low, high = clopper_pearson(np.array([passed]), np.array([total]))
    return passed / total if total else None, float(low[0]), float(high[0])


def flow_table(study: ChannelStudy, counters: Mapping[str, Counters]) -> Table:
    """Events after each cut of the selection, where each cut comes from, and what is left out."""
    channel = study.channel
    rows: list[tuple[Value, ...]] = []
    for number, sample in enumerate(channel.samples):
        for preset, scale in study.levels:
            left = counters[job_sample(number, preset, scale)]["flow"].tolist()
            level = 0.0 if preset == "NONE" else scale
            rows.append((sample.label, level, "generated", left[0], 1.0, "", ""))
            for cut, count in zip(channel.cuts, left[1:], strict=True):
                rows.append(
                    (sample.label, level, cut.name, count, count / left[0], cut.asks, f"{cut.source}: {cut.certainty.value}")
                )
    return Table(
        name=f"{channel.name}_flow",
        title=f"Offline selection: {channel.title}",
        columns=("sample", "background_scale", "cut", "events", "of_generated", "asks", "source"),
        rows=tuple(rows),
        notes=(*(f"Left out: {item.name}: {item.reason}." for item in channel.left_out), *channel.notes),
        stamp=study.stamp(),
    )
