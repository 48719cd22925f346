"""The work on one block of a study of searches: events once, every trigger that is compared on the same events, counters."""

from __future__ import annotations

import enum
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sim.detector.whole import Detector
from sim.generation import BlockTask, FileSource, Sample, make_block
from sim.generators import readers
from sim.generators.particles import Particles
from sim.offline import hlt
from sim.studies.channel_compare import count_average, count_pairs, count_weights
from sim.studies.channel_counts import Lines, count, prefixed
from sim.studies.channels import Channel, ChannelSample
from sim.studies.counting import Counters, Job
from sim.studies.kills import inner_conditions
from sim.studies.plugins import Catalogue
from sim.studies.software import count_software
from trigger.chain import Chain
from trigger.ecl.parameters import EclParameters
from trigger.errors import InputError
from trigger.klm import KlmParameters
from trigger.klm_line import KlmLineParameters
from trigger.menu import Menu, load_menu, shipped_menus

BLOCK_EVENTS = 1 << 14
"""Events of a logical block of these studies: a quarter of that of event files, so that two workers stay below 2 GB. Our choice."""


class View(enum.Enum):
    """What the triggers of a study are to each other."""

    ONE = "one trigger"
    WHAT_IF = "before and after a change"
    PERIODS = "run periods, weighted by luminosity"


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One trigger.

    menu, period: None for those of the channel. klm: its kind is the mode of the KLM trigger. luminosity: weight of a run period,
    fb^-1.
    """

    name: str = "own"
    menu: Menu | None = None
    period: str | None = None
    parameters: EclParameters = field(default_factory=EclParameters.default)
    klm: KlmParameters | KlmLineParameters = field(default_factory=KlmParameters)
    luminosity: float = 1.0

    def chain(self, channel: Channel) -> Chain:
        """The trigger for this channel, in the channel's period unless another is named or the menu does not have it.

        InputError: no such menu or period.
        """
        menu = self.menu or (_shipped(channel.menu) if channel.menu in shipped_menus() else load_menu(channel.menu))
        period = self.period
        if period is None and any(declared.name == channel.period for declared in menu.periods):
            period = channel.period
        return Chain(menu=menu, period=period, parameters=self.parameters, klm=self.klm)


@functools.cache
def _shipped(name: str) -> Menu:
    """A shipped menu, read once."""
    return load_menu(name)


def lines_of(chain: Chain) -> Lines:
    """What counting needs of a chain."""
    return Lines(menu=chain.menu, period=chain.period)


def job_sample(channel: str, number: int, preset: str, scale: float) -> str:
    """Name of a job's sample: the channel, the number of its sample, the background."""
    return f"{channel}_{number}_{preset}_x{scale:g}"


def split_name(name: str) -> tuple[str, int, str, float]:
    """(channel, number of its sample, preset, scale) of the name of a job's sample."""
    channel, number, preset, scale = name.rsplit("_", 3)
    return channel, int(number), preset, float(scale[1:])


@dataclass(frozen=True, kw_only=True)
class ChannelTask:
    """The work of one job; picklable.

    catalogue: where channels are found. chains: by channel, one per scenario. luminosities: of the scenarios. samples: by channel,
    in place of its own.
    """

    catalogue: Catalogue
    seed: int
    chains: Mapping[str, tuple[Chain, ...]]
    view: View = View.ONE
    luminosities: tuple[float, ...] = (1.0,)
    samples: Mapping[str, tuple[ChannelSample, ...]] = field(default_factory=dict)

    def __call__(self, job: Job) -> Counters:
        """Counters of the job's block: of the first scenario as in `count`, of the others with `<number>/` before the name."""
        name, number, preset, scale = split_name(job.sample)
        channel = self.catalogue.find(name)
        sample = self.samples.get(name, channel.samples)[number]
        chains = self.chains[name]
        strips = any(chain.settings.reads_strips for chain in chains)
        arrays = self._events(channel, sample, Detector.at(preset, scale, klm_strips=strips), job)
        software = hlt.decide(arrays)
        ftdl: list[NDArray[np.bool_]] = []
        counters: Counters = {}
        for place, chain in enumerate(chains):
            decided = self._decide(chain, arrays)
            fired = decided.ftdl
            if not place:
                selected = channel.select({**arrays, **decided.answers})
                if selected.flow.cuts != channel.cuts:
                    msg = f"search {channel.name}: its selection has other cuts than it declares"
                    raise InputError(msg)
            found = count(channel, lines_of(chain), decided.input_bits, fired, selected, decided.inner)
            found |= count_software(channel, lines_of(chain), fired, selected, software)
            counters |= prefixed(found, f"{place}/") if place else found
            ftdl.append(fired)
        if self.view is View.WHAT_IF:
            counters |= count_pairs(channel, [lines_of(chain) for chain in chains], ftdl, selected)
        elif self.view is View.PERIODS:
            counters |= count_average(channel, [lines_of(chain) for chain in chains], self.luminosities, ftdl, selected)
        if isinstance(sample.process, FileSource):
            counters |= count_weights(channel, lines_of(chains[0]), ftdl[0], selected, arrays["weight"])
        return counters

    def _events(self, channel: Channel, sample: ChannelSample, detector: Detector, job: Job) -> dict[str, np.ndarray]:
        source = Sample(
            name=f"{channel.name} {sample.label}",
            source=sample.process,
            response=detector.ecl,
            drift_chamber=detector.cdc,
            klm=detector.klm,
        )
        particles = _block_of_file(sample.process, job) if isinstance(sample.process, FileSource) else None
        return make_block(BlockTask(sample=source, seed=self.seed, block=job.block, n_events=job.events, particles=particles))

    def _decide(self, chain: Chain, arrays: Mapping[str, np.ndarray]) -> _Decided:
        """What the trigger answers; answers of the user's blocks fill input bits as a file's fields would."""
        decision = chain.run(arrays, _BeforePrescale())
        inner = inner_conditions(chain, decision.fields)
        if not self.catalogue.blocks:
            return _Decided(input_bits=decision.input_bits, ftdl=decision.ftdl, inner=inner)
        known = {**arrays, **{name: values for name, values in decision.arrays().items() if name not in _OF_MENU}}
        answers = self.catalogue.run_blocks(known)
        period = chain.period.name if chain.menu.periods else None
        menu = Chain(menu=chain.menu, period=period, blocks=("menu",), settings=chain.settings)
        decision = menu.run({**known, **answers}, _BeforePrescale())
        return _Decided(input_bits=decision.input_bits, ftdl=decision.ftdl, inner=inner, answers=answers)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Decided:
    """Input bits, lines before prescale, conditions inside input bits, answers of the user's blocks."""

    input_bits: NDArray[np.bool_]
    ftdl: NDArray[np.bool_]
    inner: Mapping[int, NDArray[np.bool_]]
    answers: Mapping[str, np.ndarray] = field(default_factory=dict)


_OF_MENU = frozenset({"input_bits", "ftdl", "psnm", "l1", "l1_probability"})


class _BeforePrescale:
    """Lets every line through: expectations need no draws."""

    def run(self, ftdl: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return ftdl


def _block_of_file(source: FileSource, job: Job) -> Particles:
    """Particles of one block of a file; weights relative to the mean size of those of the first block."""
    unit = 0.0
    for block, particles in enumerate(readers.iterate(source.path, source.frame, block_events=BLOCK_EVENTS)):
        unit = unit or float(np.abs(particles.weight).mean())
        if block == job.block:
            return replace(particles.first(job.events), weight=particles.weight[: job.events] / (unit or 1.0))
    msg = f"{source.path}: has no block {job.block} of {BLOCK_EVENTS} events"
    raise InputError(msg)
