"""Studies of searches: what is generated and compared, its blocks, its counters; the same for any engine and any batch system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sim.detector.whole import Detector
from sim.generation import FileSource
from sim.generators import readers
from sim.klm_mode import LINES
from sim.provenance import file_digest, stamp
from sim.studies.channel_task import BLOCK_EVENTS, ChannelTask, Scenario, View, job_sample
from sim.studies.channels import Channel, ChannelSample
from sim.studies.counting import Job
from sim.studies.plugins import Catalogue
from trigger import __version__
from trigger.chain import Chain
from trigger.digest import digest
from trigger.errors import InputError

LEVELS = (("NONE", 1.0), ("NOMINAL", 0.3), ("NOMINAL", 1.0), ("NOMINAL", 3.0))
"""Levels of the guessed background at which every efficiency is quoted."""
MIN_EVENTS = 16


@dataclass(frozen=True, kw_only=True)
class ChannelStudy:
    """Everything that the counters depend on.

    names: of the searches. scenarios: triggers that see the same events, one if view is ONE, two for WHAT_IF. events: generated, of
    each sample of share 1 at each level. source: a user's file in place of the samples.
    """

    names: tuple[str, ...]
    catalogue: Catalogue = field(default_factory=Catalogue)
    scenarios: tuple[Scenario, ...] = (Scenario(),)
    view: View = View.ONE
    events: int = 20_000
    seed: int = 1
    levels: tuple[tuple[str, float], ...] = LEVELS
    source: FileSource | None = None

    def __post_init__(self) -> None:
        if self.events < MIN_EVENTS:
            msg = f"--events must be at least {MIN_EVENTS}, not {self.events}"
            raise InputError(msg)
        if self.seed < 0:
            msg = f"--seed must not be negative, not {self.seed}"
            raise InputError(msg)
        for channel in self.channels:
            menu = self.chains[channel.name][0].menu
            for group in channel.groups:
                missing = [line for line in group.lines if line not in menu.line_names]
                if missing:
                    msg = f"menu {menu.name} has no line {missing[0]}, which the study {channel.name} asks for"
                    raise InputError(msg)

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """The searches; InputError for an unknown one."""
        return tuple(self.catalogue.find(name) for name in self.names)

    @cached_property
    def chains(self) -> Mapping[str, tuple[Chain, ...]]:
        """By search, the trigger of each scenario; equal ones are one object."""
        known: dict[tuple[str, str | None, int], Chain] = {}
        found = {}
        for channel in self.channels:
            keys = [(channel.menu, channel.period, place) for place in range(len(self.scenarios))]
            for key, scenario in zip(keys, self.scenarios, strict=True):
                known[key] = known.get(key) or scenario.chain(channel)
            found[channel.name] = tuple(known[key] for key in keys)
        return found

    def samples(self, channel: Channel) -> tuple[ChannelSample, ...]:
        """What is generated for a search."""
        if self.source is None:
            return channel.samples
        return (ChannelSample(label=self.source.path.name, process=self.source),)

    def events_of(self, sample: ChannelSample) -> int:
        """Events of a sample at each level."""
        if isinstance(sample.process, FileSource):
            return min(self.events, readers.count(sample.process.path))
        return max(round(self.events * sample.share), MIN_EVENTS)

    @cached_property
    def _digest(self) -> str:
        own: list[Any] = [self.events, self.seed, self.levels, self.view, [item.luminosity for item in self.scenarios]]
        for channel in self.channels:
            samples = channel.samples if self.source is None else (file_digest(self.source.path), self.source.frame)
            own.append([channel.name, samples, channel.cuts, channel.variables, channel.groups, channel.map_axes])
        chains = [[chain.digests for chain in chains] for chains in self.chains.values()]
        return digest(own, chains, self.catalogue.digest(), Detector(), BLOCK_EVENTS, __version__)

    def digest(self) -> str:
        """Digest of the study, the declarations of its searches, the triggers, the responses and the plug-ins."""
        return self._digest

    def jobs(self) -> list[Job]:
        """All blocks of all samples at all levels, search after search; the place in this list is the number of a block."""
        return [
            Job(sample=job_sample(channel.name, number, *level), block=block, events=events)
            for channel in self.channels
            for number, sample in enumerate(self.samples(channel))
            for level in self.levels
            for block, events in _blocks(self.events_of(sample))
        ]

    def task(self) -> ChannelTask:
        """The work on one of the jobs."""
        samples = {} if self.source is None else {channel.name: self.samples(channel) for channel in self.channels}
        return ChannelTask(
            catalogue=self.catalogue,
            seed=self.seed,
            chains=self.chains,
            view=self.view,
            luminosities=tuple(scenario.luminosity for scenario in self.scenarios),
            samples=samples,
        )

    def stamp(self, channel: Channel) -> dict[str, Any]:
        """Head of every table of a search."""
        chain = self.chains[channel.name][0]
        labels: dict[str, Any] = {
            "menu": chain.menu.name,
            "period": chain.period.name,
            "events": self.events,
            "background": "GUESS: preset nominal at the stated scale; no public source",
            "interval": "Clopper-Pearson, 68.27 %",
        }
        if changed := chain.settings.parameters.changed():
            labels["changed_parameters"] = {key: str(value) for key, value in changed.items()}
        if chain.settings.reads_strips:
            labels["klm_mode"] = LINES
        if self.catalogue.plugins:
            labels["plugins"] = [Path(plugin.path).name for plugin in self.catalogue.plugins]
        return stamp(
            f"study {channel.name}",
            seed=self.seed,
            digests={"study": self.digest(), **chain.digests},
            labels=labels,
            packages=("scipy", "pythia8mc"),
        )


def _blocks(events: int) -> Iterator[tuple[int, int]]:
    """(number, events) of the blocks of a sample."""
    for block in range(-(-events // BLOCK_EVENTS)):
        yield block, min(BLOCK_EVENTS, events - block * BLOCK_EVENTS)
