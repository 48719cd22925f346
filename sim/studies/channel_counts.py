"""Counters of one block of a search: selected events, those that each group of lines takes, and the same by reference trigger."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.detector.whole import Detector
from sim.generation import BlockTask, Sample, make_block
from sim.studies.channels import Channel, LineGroup
from sim.studies.counting import Counters, Job
from sim.studies.searches import CHANNELS
from trigger.chain import Chain
from trigger.menu import Menu, keep_probability
from trigger.menu.condition import positions
from trigger.menu.menu import Period

PROBABILITY_UNIT = 1 << 24
"""Expected accepts after prescale are summed in units of 1/PROBABILITY_UNIT: integers do not depend on the order."""
REFERENCES = ("bffo", "bhie", "by", "bf")
"""Lines that may serve as reference, best first: none reads the Bhabha veto, which is made of calorimeter bits. Our choice."""
_SHARED = frozenset({"veto"})
"""Inputs that a line and its reference may share: the injection veto belongs to the time, not to the event."""


@dataclass(frozen=True, kw_only=True)
class ChannelTask:
    """The work of one job; picklable. Jobs' samples are named `<number of the sample>_<preset>_x<scale>`."""

    channel: str
    seed: int
    chain: Chain

    def __call__(self, job: Job) -> Counters:
        """Counters of the job's block."""
        channel = CHANNELS[self.channel]
        number, preset, scale = job.sample.split("_")
        sample = channel.samples[int(number)]
        detector = Detector.at(preset, float(scale[1:]))
        source = Sample(
            name=f"{channel.name} {sample.label}",
            source=sample.process,
            response=detector.ecl,
            drift_chamber=detector.cdc,
            klm=detector.klm,
        )
        arrays = make_block(BlockTask(sample=source, seed=self.seed, block=job.block, n_events=job.events))
        selected = channel.select(arrays)
        value = np.nan_to_num(selected.values[channel.variables[0].name], nan=-1.0)
        ftdl = self.chain.run(arrays).ftdl
        counters = count(channel, self.chain.menu, self.chain.period, ftdl, selected.flow.passed, value)
        return counters | {"flow": selected.flow.counts()}


def job_sample(number: int, preset: str, scale: float) -> str:
    """Name of a job's sample."""
    return f"{number}_{preset}_x{scale:g}"


def reference_of(group: LineGroup, menu: Menu) -> str | None:
    """A line of the menu that shares no input with the lines of the group, the injection veto apart; None if there is none."""
    shared = {bit for item in menu.inputs if item.name in _SHARED for bit in item.bits}
    taken = set[int]().union(*(positions(menu.line(line).condition) for line in group.lines)) - shared
    for name in REFERENCES:
        if name in menu.line_names and not taken & positions(menu.line(name).condition):
            return name
    return None


def groups_of(channel: Channel) -> tuple[LineGroup, ...]:
    """The groups of a channel, and all of them together as the last."""
    lines = tuple(dict.fromkeys(line for group in channel.groups for line in group.lines))
    return (*channel.groups, LineGroup(name="all", lines=lines))


def count(
    channel: Channel,
    menu: Menu,
    period: Period,
    ftdl: NDArray[np.bool_],
    selected: NDArray[np.bool_],
    value: NDArray[np.float64],
) -> Counters:
    """Counters int64: `generated` (1,), `selected` (bins,), and per group g (groups, bins): `passed`, `alone`, `kept` (in units of
    1/PROBABILITY_UNIT), `reference`, `both`; `passed_all` (groups,) of generated events. The last group is all of them.

    Bins of the channel's variable with one below and one above at the ends. alone: no other group fires. kept: expected after
    prescale. reference: the group's reference line fires; both: the group as well.
    """
    groups = groups_of(channel)
    place = {name: i for i, name in enumerate(menu.line_names)}
    bins = np.searchsorted(np.array(channel.variables[0].edges), value, side="right")[selected]
    n_bins = len(channel.variables[0].edges) + 1
    fired = np.stack([ftdl[:, [place[line] for line in group.lines]].any(axis=1) for group in groups])
    counters: Counters = {
        "generated": np.array([len(ftdl)]),
        "selected": np.bincount(bins, minlength=n_bins),
        "passed_all": fired.sum(axis=1),
    }
    others = fired[:-1].sum(axis=0)
    rows: dict[str, list[NDArray[np.int64]]] = {name: [] for name in ("passed", "alone", "kept", "reference", "both")}
    for group, passed in zip(groups, fired, strict=True):
        columns = [place[line] for line in group.lines]
        own = Period(name=period.name, source=period.source, prescales=tuple(period.prescales[i] for i in columns))
        kept = np.rint(keep_probability(ftdl[:, columns], own) * PROBABILITY_UNIT)
        reference = reference_of(group, menu)
        tagged = np.zeros(len(ftdl), bool) if reference is None else ftdl[:, place[reference]]
        alone = passed & (others == 1)
        values = {"passed": passed, "alone": alone, "kept": kept, "reference": tagged, "both": tagged & passed}
        for name, weight in values.items():
            rows[name].append(np.bincount(bins, weights=weight[selected], minlength=n_bins).astype(np.int64))
    return counters | {name: np.stack(parts) for name, parts in rows.items()}
