"""Cuts of an offline selection with where each comes from, and the masks that they give."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray


class Certainty(Enum):
    """How firmly a cut is known."""

    SKIM = "read in the public basf2 skim or HLT code"
    TALK = "stated in a collaboration talk"
    UNVERIFIED = "unverified"
    OURS = "our choice"


@dataclass(frozen=True, kw_only=True)
class Cut:
    """One cut: its name in tables, what it asks, where that was read, how firmly it is known."""

    name: str
    asks: str
    source: str
    certainty: Certainty


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A part of the published selection that is not applied here, and why."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class CutFlow:
    """Masks of one selection, one per cut, in the order of its declaration; every mask is judged on its own."""

    cuts: tuple[Cut, ...]
    masks: tuple[NDArray[np.bool_], ...]
    left_out: tuple[LeftOut, ...]

    def __post_init__(self) -> None:
        if len(self.cuts) != len(self.masks):
            msg = f"masks must be one per cut, not {len(self.masks)} for {len(self.cuts)}"
            raise ValueError(msg)

    @property
    def passed(self) -> NDArray[np.bool_]:
        """Events that pass every cut."""
        return np.logical_and.reduce(self.masks)

    def mask(self, name: str) -> NDArray[np.bool_]:
        """Mask of the cut with this name; KeyError if there is none."""
        for cut, mask in zip(self.cuts, self.masks, strict=True):
            if cut.name == name:
                return mask
        raise KeyError(name)

    def counts(self) -> NDArray[np.int64]:
        """Events left after each cut, cumulative; int64, one more than the cuts: all events come first."""
        left = np.logical_and.accumulate(np.stack(self.masks))
        return np.concatenate([[self.masks[0].size], left.sum(axis=1)]).astype(np.int64)

    def also(self, cut: Cut, mask: NDArray[np.bool_], left_out: tuple[LeftOut, ...] | None = None) -> "CutFlow":
        """The flow with one cut more at its end; left_out: what is left out then, the same by default."""
        kept = self.left_out if left_out is None else left_out
        return CutFlow(cuts=(*self.cuts, cut), masks=(*self.masks, mask), left_out=kept)


@dataclass(frozen=True, kw_only=True, eq=False)
class Selected:
    """What a selection says of n events: its cut flow, and by name the values of variables, float64 (n,), NaN for none.

    Values are for every event, selected or not, where they can be told.
    """

    flow: CutFlow
    values: Mapping[str, NDArray[np.float64]]
