"""Counters of several triggers on the same events: gained and lost events, averages over run periods; and of weighted events."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.studies.channel_counts import PROBABILITY_UNIT, Lines, bins_of, entries_of, histograms
from sim.studies.channels import Channel, Selected
from sim.studies.counting import Counters
from trigger.menu import Menu


def all_lines(first: Menu, second: Menu) -> tuple[str, ...]:
    """Lines of both menus by name: those of the first, then new ones of the second."""
    return tuple(dict.fromkeys((*first.line_names, *second.line_names)))


def count_pairs(channel: Channel, lines: Sequence[Lines], ftdl: Sequence[NDArray[np.bool_]], selected: Selected) -> Counters:
    """Counters of two triggers on the same events; lines and ftdl, (n, lines of its menu), of each.

    Per entry: `pair_gained`, `pair_lost` of selected events before prescale, `generated_pair_gained`, `generated_pair_lost` of all;
    `pair_change`, `pair_change_sq`: sums of the change in the probability to be kept after prescale and of its square, of selected
    events, in units of 1/PROBABILITY_UNIT. Per line of `all_lines`: `line_pair_gained`, `line_pair_lost`.
    """
    first, second = lines
    passed = selected.flow.passed
    gained, lost, change = [], [], []
    for old, new in zip(entries_of(channel, first), entries_of(channel, second), strict=True):
        before, after = first.fired(ftdl[0], old), second.fired(ftdl[1], new)
        gained.append(after & ~before)
        lost.append(before & ~after)
        change.append(second.kept(ftdl[1][passed], new) - first.kept(ftdl[0][passed], old))
    counters: Counters = {
        "pair_change": _whole(np.stack(change)).sum(axis=1),
        "pair_change_sq": _whole(np.stack(change) ** 2).sum(axis=1),
    }
    for what, masks in (("gained", np.stack(gained)), ("lost", np.stack(lost))):
        counters[f"pair_{what}"] = masks[:, passed].sum(axis=1)
        counters[f"generated_pair_{what}"] = masks.sum(axis=1)
    names = all_lines(first.menu, second.menu)
    before, after = (by_name(own.menu, bits[passed], names) for own, bits in zip(lines, ftdl, strict=True))
    return counters | {
        "line_pair_gained": (after & ~before).sum(axis=0),
        "line_pair_lost": (before & ~after).sum(axis=0),
    }


def by_name(menu: Menu, ftdl: NDArray[np.bool_], names: Sequence[str]) -> NDArray[np.bool_]:
    """Lines in the order of names, (n, names); a line that the menu does not have never fires."""
    place = {name: i for i, name in enumerate(menu.line_names)}
    found = np.zeros((len(ftdl), len(names)), bool)
    for column, name in enumerate(names):
        if name in place:
            found[:, column] = ftdl[:, place[name]]
    return found


def count_average(
    channel: Channel,
    lines: Sequence[Lines],
    luminosities: Sequence[float],
    ftdl: Sequence[NDArray[np.bool_]],
    selected: Selected,
) -> Counters:
    """Per variable v, `average:v` and `average_sq:v`, (entries, bins): sums over selected events of the probability to be kept,
    averaged over the triggers with their luminosities, and of its square; in units of 1/PROBABILITY_UNIT."""
    share = np.asarray(luminosities) / sum(luminosities)
    passed = selected.flow.passed
    mean = sum(
        weight * np.stack([own.kept(bits[passed], entry) for entry in entries_of(channel, own)])
        for weight, own, bits in zip(share, lines, ftdl, strict=True)
    )
    counters: Counters = {}
    for variable in channel.variables:
        bins, n_bins = bins_of(variable, selected.values[variable.name][passed]), len(variable.edges) + 1
        counters[f"average:{variable.name}"] = histograms(bins, _whole(mean), n_bins)
        counters[f"average_sq:{variable.name}"] = histograms(bins, _whole(mean**2), n_bins)
    return counters


def count_weights(
    channel: Channel, lines: Lines, ftdl: NDArray[np.bool_], selected: Selected, weight: NDArray[np.float64]
) -> Counters:
    """`weight` (1,) and `weight_passed` (entries,): sums of weights of selected events, and of those that entries take, in units of
    1/PROBABILITY_UNIT; `weight_sq`, `weight_passed_sq`: of squares."""
    passed = selected.flow.passed
    fired = np.stack([lines.fired(ftdl[passed], entry) for entry in entries_of(channel, lines)])
    whole, square = _whole(weight[passed]), _whole(weight[passed] ** 2)
    return {
        "weight": whole.sum(keepdims=True),
        "weight_sq": square.sum(keepdims=True),
        "weight_passed": (fired * whole).sum(axis=1),
        "weight_passed_sq": (fired * square).sum(axis=1),
    }


def _whole(value: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(value * PROBABILITY_UNIT).astype(np.int64)
