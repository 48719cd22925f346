"""Trees that choose: the two smallest of many, the smallest of many, the first few of many. Of equals the earlier one wins.

Every level of a tree is named, in the module of a pipeline: an expression that is used more than once would be built as often.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Mux, Value

from hdl.displaced.timed import Pipeline, Timed
from hdl.logic import several_set


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A number to compare, and what goes with it."""

    key: Value
    label: Value


def _either(p: Pipeline, later: Value, one: Entry, other: Entry) -> Entry:
    """The other entry if it is `later` that wins, named."""
    return Entry(
        key=p.name(Mux(later, other.key, one.key), "key"),
        label=p.name(Mux(later, other.label, one.label), "label"),
    )


def smaller(p: Pipeline, one: Entry, other: Entry) -> Entry:
    """The entry with the smaller key; `one` comes earlier."""
    return _either(p, p.name(other.key < one.key, "later"), one, other)


def smallest(p: Pipeline, entries: Sequence[Entry], levels: int | None = None) -> list[Entry]:
    """Entries after some levels of a tree of comparisons, all levels by default: one entry is left."""
    level = list(entries)
    while len(level) > 1 and levels != 0:
        level = [smaller(p, *pair) if len(pair) == 2 else pair[0] for pair in (level[k : k + 2] for k in range(0, len(level), 2))]
        levels = None if levels is None else levels - 1
    return level


def two_smallest(p: Pipeline, pairs: Sequence[tuple[Entry, Entry]], levels: int) -> list[tuple[Entry, Entry]]:
    """Pairs, each in order, after some levels of merging; every pair keeps its two smallest."""
    level = list(pairs)
    for _ in range(levels):
        level = [_merged(p, level[k], level[k + 1]) for k in range(0, len(level), 2)]
    return level


def _merged(p: Pipeline, one: tuple[Entry, Entry], other: tuple[Entry, Entry]) -> tuple[Entry, Entry]:
    later = p.name(other[0].key < one[0].key, "later")
    behind, before = smaller(p, one[0], other[1]), smaller(p, one[1], other[0])
    return _either(p, later, one[0], other[0]), _either(p, later, before, behind)


def two_of_few(p: Pipeline, entries: Sequence[Entry]) -> list[Entry]:
    """The two smallest of at least three, in order, all compared with all: fewer levels of logic than a tree has."""
    n = len(entries)
    keys, labels = [p.name(entry.key, "key") for entry in entries], [p.name(entry.label, "label") for entry in entries]
    later = {(i, k): p.name(keys[k] < keys[i], "later") for i in range(n) for k in range(i + 1, n)}
    # Of every entry, which of the others come before it.
    before = [Cat(later[i, k] if i < k else ~later[k, i] for k in range(n) if k != i) for i in range(n)]
    ranks = [
        [p.name(~flags.any(), "first") for flags in before],
        [p.name(flags.any() & ~several_set(flags), "second") for flags in before],
    ]
    return [Entry(key=p.name(_picked(flags, keys), "key"), label=p.name(_picked(flags, labels), "label")) for flags in ranks]


def _picked(flags: Sequence[Value], values: Sequence[Value]) -> Value:
    """The value whose flag is set, of flags of which one is."""
    return reduce(or_, (value & flag.replicate(len(value)) for flag, value in zip(flags, values, strict=True)))


def in_order(p: Pipeline, entries: Sequence[Entry]) -> list[tuple[Entry, Entry]]:
    """Neighbours as pairs in order."""
    pairs = []
    for k in range(0, len(entries), 2):
        one, other = entries[k], entries[k + 1]
        later = p.name(other.key < one.key, "later")
        pairs.append((_either(p, later, one, other), _either(p, later, other, one)))
    return pairs


@dataclass(frozen=True, kw_only=True)
class First:
    """The first labels of a part of a list, and how many of their places are taken."""

    there: list[Value]
    labels: list[Value]


def first_of(flags: Sequence[Value], labels: Sequence[int], bits: int) -> First:
    """The labels of two flags that are set, closed up."""
    one, other = flags
    return First(
        there=[one | other, one & other],
        labels=[Mux(one, Const(labels[0], bits), Const(labels[1], bits)), Const(labels[1], bits)],
    )


def joined(p: Pipeline, one: First, other: First, room: int) -> First:
    """Two lists one behind the other, as far as there is room."""
    n, there, labels = len(one.there), [], []
    for place in range(min(n + len(other.there), room)):
        found: Value = Const(0, 1)
        label: Value = Const(0, len(one.labels[0]))
        # The list begins with as many of the first one as it has: `place - taken` is where the second one stands.
        for taken in range(min(n, place) + 1):
            behind = place - taken
            if behind >= len(other.there):
                continue
            exactly = (one.there[taken - 1] if taken else Const(1, 1)) & (~one.there[taken] if taken < n else Const(1, 1))
            found = found | (exactly & other.there[behind])
            label = label | (other.labels[behind] & exactly.replicate(len(label)))
        if place < n:
            found = found | one.there[place]
            label = Mux(one.there[place], one.labels[place], label)
        there.append(p.name(found, "there"))
        labels.append(p.name(label, "label"))
    return First(there=there, labels=labels)


def join(p: Pipeline, lists: Sequence[First], room: int, levels: int) -> list[First]:
    """Lists after some levels of joining neighbours."""
    level = list(lists)
    for _ in range(levels):
        level = [joined(p, level[k], level[k + 1], room) for k in range(0, len(level), 2)]
    return level


def keep_first(pipeline: Pipeline, found: First, cycle: int, name: str) -> list[tuple[Timed, Timed]]:
    """(there, label) of every place in registers."""
    return [
        (pipeline.keep(there, cycle, f"{name}_there"), pipeline.keep(label, cycle, f"{name}_label"))
        for there, label in zip(found.there, found.labels, strict=True)
    ]


def keep_pairs(pipeline: Pipeline, pairs: Sequence[tuple[Entry, Entry]], cycle: int, name: str) -> list[tuple[Entry, Entry]]:
    """Pairs in registers."""
    return [
        (keep_entry(pipeline, one, cycle, f"{name}_one"), keep_entry(pipeline, other, cycle, f"{name}_other"))
        for one, other in pairs
    ]


def keep_entry(pipeline: Pipeline, entry: Entry, cycle: int, name: str) -> Entry:
    """An entry in registers: for use in the next cycle."""
    both = pipeline.keep(Cat(entry.key, entry.label), cycle, name).value
    return Entry(key=both[: len(entry.key)], label=both[len(entry.key) :])
