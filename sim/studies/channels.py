"""What a search declares: samples, the analysis's selection, variables, the groups of lines that serve it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np

from sim.generation import FileSource
from sim.generators.process import CrossSection, Generator
from sim.offline.cuts import Cut, LeftOut, Selected

Selection = Callable[[Mapping[str, np.ndarray]], Selected]
"""Event fields (`off_*`, `true_*`) to what is selected; a function of a module, so that worker processes find it."""


class Role(Enum):
    """What a sample is to its search."""

    SIGNAL = "signal"
    BACKGROUND = "background"
    CONTROL = "control"


@dataclass(frozen=True, kw_only=True)
class Variable:
    """What efficiencies are shown against. name: among `Selected.values`. label: with unit. edges: of bins, ascending."""

    name: str
    label: str
    edges: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.edges) < 2 or any(low >= high for low, high in zip(self.edges, self.edges[1:], strict=False)):
            msg = f"edges of {self.name} must be at least two ascending numbers, not {self.edges}"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True)
class LineGroup:
    """Lines that are quoted together: an event counts if any of them fires."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ChannelSample:
    """One sample of a channel.

    label, value: what distinguishes it, such as a mass; value is None where nothing is scanned. process: a generator, or the file
    of another one. role: signals are the benchmark points of the summary. share: part of the events asked for that is generated
    (slow generators). cross_section: for the luminosity of a yield, the process's own by default. assumes: couplings and
    branching fractions that it stands for.
    """

    label: str
    process: Generator | FileSource
    value: float | None = None
    role: Role = Role.SIGNAL
    share: float = 1.0
    cross_section: CrossSection | None = None
    assumes: str = ""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One search.

    select: its offline selection, of `cuts`, without `left_out`. variables: the first is drawn. groups: the lines that serve it.
    scanned: what the samples differ in, if there are several. map_axes: three variables of the particle that efficiency maps are
    made of (such as E*, theta, phi of the photon); none for no map. menu, period: the menu of its lines, and the prescales of
    the expected efficiency. notes: what a reader must know. published: what was published, with its source; shown beside, never
    tuned to.
    """

    name: str
    title: str
    samples: tuple[ChannelSample, ...]
    select: Selection
    cuts: tuple[Cut, ...]
    left_out: tuple[LeftOut, ...] = ()
    variables: tuple[Variable, ...]
    groups: tuple[LineGroup, ...]
    scanned: str = ""
    map_axes: tuple[Variable, ...] = ()
    menu: str = "exp16"
    period: str | None = None
    notes: tuple[str, ...] = ()
    published: str = ""

    def __post_init__(self) -> None:
        for what, names in (
            ("samples", [sample.label for sample in self.samples]),
            ("variables", [variable.name for variable in self.variables]),
            ("groups", [group.name for group in self.groups]),
        ):
            if not names or len(set(names)) < len(names):
                msg = f"{self.name}: {what} must be at least one, of different names, not {names}"
                raise ValueError(msg)
        if len(self.map_axes) not in (0, 3):
            msg = f"{self.name}: map_axes must be none or three, not {len(self.map_axes)}"
            raise ValueError(msg)
