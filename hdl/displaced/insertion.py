"""Where two tracks of one cycle go in the list, the second one as if it came after the first.

What the second one does is worked out at once for both fates of the first, and the fate that came true chooses: one after the other
they would not be done in a cycle.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """A track: whether it is one, a bit per place for tracks that it shares too many segments with, and that it is better than."""

    found: Value
    same: Value
    better: Value


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """Of two tracks of one cycle: whether they share too many segments, whether the second one is better."""

    same: Value
    better: Value


@dataclass(frozen=True, kw_only=True)
class Insertion:
    """The place of each track, a bit or none; the places that are taken after both; whether there was no place for one of them."""

    put: list[Value]
    after: Value
    lost: Value


@dataclass(frozen=True, kw_only=True)
class _Fate:
    """stays: no track like it is better. place: that it then takes, none if there is none. removed: places that it replaces."""

    stays: Value
    place: Value
    removed: Value


class Places:
    """Logic on words of a bit per place of a list, in a module."""

    def __init__(self, m: Module, n: int) -> None:
        self._m, self._n = m, n

    def insert(self, there: Value, first: Newcomer, second: Newcomer, meeting: Meeting) -> Insertion:
        """there: places taken before."""
        before, free = self._named(there, "before"), self._named(~there, "free")
        like, first_free = self._named(first.same & before, "like_first"), self._named(_first(free), "first_free")
        own = _Fate(
            stays=self._named(first.found & ~(like & ~first.better).any(), "first_stays", 1),
            place=self._named(Mux(like.any(), _first(like), first_free), "place_first"),
            removed=like,
        )
        alike = self._named(second.same & before, "alike")
        without = _Fate(
            stays=second.found & ~(alike & ~second.better).any(),
            place=Mux(alike.any(), _first(alike), first_free),
            removed=alike,
        )
        rest, joins = self._named(alike & ~like, "alike_rest"), self._named(meeting.same & (like.any() | free.any()), "joins", 1)
        to_all, joined = joins.replicate(self._n), own.place & joins.replicate(self._n)
        # The first of the places of the rest and of the first track: none of either lies before it.
        behind_first = Mux(like.any(), _behind(like), _behind(free))
        first_alike = ((rest & ~(behind_first & to_all)) | joined) & ~_behind(rest)
        left = [
            self._named(bits, name) for name, bits in (("left", free & ~first_free), ("left_like", free | (like & ~_first(like))))
        ]
        behind = _Fate(
            stays=second.found & ~((rest & ~second.better).any() | (joins & ~meeting.better)),
            place=Mux(rest.any() | joins, first_alike, Mux(like.any(), _first(left[1]), _first(left[0]))),
            removed=rest | joined,
        )
        return self._chosen(before, own, without, behind)

    def _chosen(self, before: Value, own: _Fate, without: _Fate, behind: _Fate) -> Insertion:
        """What comes true: `behind` if the first track stays, `without` otherwise."""
        stays, after, puts, lost = own.stays, [], [], []
        for taken, fate, name in ((before, without, "without"), ((before & ~own.removed) | own.place, behind, "behind")):
            put = self._named(fate.place & fate.stays.replicate(self._n), f"put_{name}")
            after.append((taken & ~(fate.removed & fate.stays.replicate(self._n))) | put)
            lost.append(fate.stays & ~put.any())
            puts.append(put)
        return Insertion(
            put=[
                self._named(own.place & stays.replicate(self._n), "put_first"),
                self._named(Mux(stays, puts[1], puts[0]), "put_second"),
            ],
            after=Mux(stays, after[1], after[0]),
            lost=Mux(stays, lost[1] | ~own.place.any(), lost[0]),
        )

    def _named(self, value: Value, name: str, width: int = 0) -> Signal:
        """The value under a name: logic that is used more than once."""
        wire = Signal(width or self._n, name=name)
        self._m.d.comb += wire.eq(value)
        return wire


def _behind(bits: Value) -> Value:
    """Of each place, whether one before it is set."""
    return Cat(Const(0, 1), *(bits[:place].any() for place in range(1, len(bits))))


def _first(bits: Value) -> Value:
    """The first one that is set, alone."""
    return bits & ~_behind(bits)
