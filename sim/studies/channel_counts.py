"""Counters of one block of a search: selected events, what lines and groups take, by reference trigger, and what killed them."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.studies.channels import Channel, LineGroup, Selected, Variable
from sim.studies.counting import Counters
from sim.studies.kills import count_kills
from sim.studies.rate_counts import count_lines
from trigger.menu import Menu, keep_probability
from trigger.menu.condition import positions
from trigger.menu.menu import Period

PROBABILITY_UNIT = 1 << 24
"""Expected accepts after prescale are summed in units of 1/PROBABILITY_UNIT: integers do not depend on the order."""
REFERENCES = ("bffo", "bhie", "by", "bf")
"""Lines that may serve as reference, best first: none reads the Bhabha veto, which is made of calorimeter bits. Our choice."""
_SHARED = frozenset({"veto"})
"""Inputs that a line and its reference may share: the injection veto belongs to the time, not to the event."""
PER_ENTRY = ("passed", "alone", "kept", "reference", "both")
LINE_QUANTITIES = ("fired", "kept", "exclusive", "accepted")


class Kind(enum.Enum):
    """What an entry is."""

    GROUP = "group"
    LINE = "line"
    ALL = "all"
    """All lines that serve the search."""
    MENU = "menu"
    """All lines of the menu that the period does not mask."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Lines that are counted together."""

    name: str
    kind: Kind
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Lines:
    """What counting needs of a chain: its menu and period."""

    menu: Menu
    period: Period

    def columns(self, lines: Sequence[str]) -> list[int]:
        """Places of those lines that the menu has."""
        place = {name: i for i, name in enumerate(self.menu.line_names)}
        return [place[line] for line in lines if line in place]

    def fired(self, ftdl: NDArray[np.bool_], entry: Entry) -> NDArray[np.bool_]:
        """Events in which a line of the entry fires, bool (n,)."""
        return np.asarray(ftdl[:, self.columns(entry.lines)].any(axis=1))

    def kept(self, ftdl: NDArray[np.bool_], entry: Entry) -> NDArray[np.float64]:
        """Probability that the entry keeps each event after prescale."""
        columns = self.columns(entry.lines)
        own = Period(name=self.period.name, source=self.period.source, prescales=tuple(self.period.prescales[i] for i in columns))
        return keep_probability(ftdl[:, columns], own)


def serving(channel: Channel) -> tuple[str, ...]:
    """All lines that serve a search, once each."""
    return tuple(dict.fromkeys(line for group in channel.groups for line in group.lines))


def entries_of(channel: Channel, lines: Lines) -> tuple[Entry, ...]:
    """The groups of a channel, its single lines (those that are no group by themselves), all of them, and the menu."""
    groups = [Entry(name=group.name, kind=Kind.GROUP, lines=group.lines) for group in channel.groups]
    single = {group.lines for group in channel.groups}
    every = serving(channel)
    active = tuple(name for name, n in zip(lines.menu.line_names, lines.period.prescales, strict=True) if n)
    return (
        *groups,
        *(Entry(name=line, kind=Kind.LINE, lines=(line,)) for line in every if (line,) not in single),
        Entry(name="all", kind=Kind.ALL, lines=every),
        Entry(name="menu", kind=Kind.MENU, lines=active),
    )


def reference_of(group: LineGroup | Entry, menu: Menu) -> str | None:
    """A line of the menu that shares no input with the lines of the group, the injection veto apart; None if there is none."""
    shared = {bit for item in menu.inputs if item.name in _SHARED for bit in item.bits}
    own = [line for line in group.lines if line in menu.line_names]
    taken = set[int]().union(*(positions(menu.line(line).condition) for line in own)) - shared
    for name in REFERENCES:
        if name in menu.line_names and not taken & positions(menu.line(name).condition):
            return name
    return None


def bins_of(variable: Variable, values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Bin of each value: 0 below the first edge, then the bins, len(edges) above the last one or without a value (NaN)."""
    return np.searchsorted(np.asarray(variable.edges), values, side="right").astype(np.int64)


def count(
    channel: Channel,
    lines: Lines,
    input_bits: NDArray[np.bool_],
    ftdl: NDArray[np.bool_],
    selected: Selected,
    inner: Mapping[int, NDArray[np.bool_]],
) -> Counters:
    """Counters int64 of a block.

    `generated` (1,), `flow` (cuts + 1,). Per variable v: `generated:v`, `selected:v` (bins,), and (entries, bins) of selected
    events `passed:v`, `alone:v`, `kept:v` (in units of 1/PROBABILITY_UNIT), `reference:v`, `both:v`, and of all events
    `generated_passed:v`, `generated_kept:v`. Per line of the menu, of selected events: `line_fired`, `line_kept`,
    `line_exclusive`, and `line_accepted` (1,), in the unit of the rates. `first/<line>`, `alone/<line>`: kills of the serving
    lines. `map_selected`, `map_passed` where the channel has axes of a map.

    inner: conditions of input bits, for the kills. Bins as in `bins_of`. alone: no other group fires (of lines: no other serving
    line). kept: expected after prescale. reference: the entry's reference line fires; both: the entry as well.
    """
    passed = selected.flow.passed
    entries = entries_of(channel, lines)
    fired = np.stack([lines.fired(ftdl, entry) for entry in entries])
    kept = np.stack([np.rint(lines.kept(ftdl, entry) * PROBABILITY_UNIT) for entry in entries])
    tagged = np.stack([_tagged(entry, lines, ftdl) for entry in entries])
    weights = {
        "passed": fired, "alone": _alone(entries, channel, lines, ftdl, fired), "kept": kept, "reference": tagged,
        "both": tagged & fired,
    }  # fmt: skip
    counters: Counters = {"generated": np.array([len(ftdl)]), "flow": selected.flow.counts()}
    for variable in channel.variables:
        bins, n_bins = bins_of(variable, selected.values[variable.name]), len(variable.edges) + 1
        counters |= {
            f"generated:{variable.name}": np.bincount(bins, minlength=n_bins),
            f"selected:{variable.name}": np.bincount(bins[passed], minlength=n_bins),
            f"generated_passed:{variable.name}": histograms(bins, fired, n_bins),
            f"generated_kept:{variable.name}": histograms(bins, kept, n_bins),
        }
        for name, weight in weights.items():
            counters[f"{name}:{variable.name}"] = histograms(bins[passed], weight[:, passed], n_bins)
    sums = count_lines(ftdl[passed], lines.period, np.ones(int(passed.sum())))
    counters |= {f"line_{name}": sums[name] for name in LINE_QUANTITIES}
    own = [line for line in serving(channel) if line in lines.menu.line_names]
    counters |= count_kills(lines.menu, own, input_bits[passed], {place: held[:, passed] for place, held in inner.items()})
    if channel.map_axes:
        counters |= _map(channel.map_axes, selected, fired)
    return counters


def _tagged(entry: Entry, lines: Lines, ftdl: NDArray[np.bool_]) -> NDArray[np.bool_]:
    reference = None if entry.kind is Kind.MENU else reference_of(entry, lines.menu)
    return np.zeros(len(ftdl), bool) if reference is None else ftdl[:, lines.columns((reference,))[0]]


def _alone(
    entries: Sequence[Entry], channel: Channel, lines: Lines, ftdl: NDArray[np.bool_], fired: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    groups = sum(fired[place].astype(np.int64) for place, entry in enumerate(entries) if entry.kind is Kind.GROUP)
    single = ftdl[:, lines.columns(serving(channel))].sum(axis=1)
    rivals = {Kind.GROUP: groups, Kind.LINE: single}
    return np.stack(
        [row & (rivals[entry.kind] == 1) if entry.kind in rivals else row for row, entry in zip(fired, entries, strict=True)]
    )


def histograms(bins: NDArray[np.int64], weights: NDArray, n_bins: int) -> NDArray[np.int64]:
    """Sums of each row of weights, (rows, n), in bins: (rows, n_bins). Sums of integers below 2^53 are exact."""
    return np.stack([np.bincount(bins, weights=row, minlength=n_bins) for row in weights]).astype(np.int64)


def _map(axes: Sequence[Variable], selected: Selected, fired: NDArray[np.bool_]) -> Counters:
    """Selected events inside all axes, (cells,), and those that each entry takes, (entries, cells); the last axis runs fastest."""
    shape = tuple(len(axis.edges) - 1 for axis in axes)
    place = np.stack([bins_of(axis, selected.values[axis.name]) - 1 for axis in axes])
    inside = selected.flow.passed & np.all((place >= 0) & (place < np.array(shape)[:, None]), axis=0)
    cell = np.ravel_multi_index(tuple(place[:, inside]), shape).astype(np.int64)
    n_cells = int(np.prod(shape))
    return {"map_selected": np.bincount(cell, minlength=n_cells), "map_passed": histograms(cell, fired[:, inside], n_cells)}


def prefixed(values: Mapping[str, NDArray[np.int64]], prefix: str) -> Counters:
    """The counters under names with a prefix."""
    return {f"{prefix}{name}": array for name, array in values.items()}
