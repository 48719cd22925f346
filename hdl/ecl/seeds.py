"""ICN seeds of a window: hit flags collected beat by beat, then the isolation rule for all cells at once.

Ref: basf2 trg/ecl TrgEclCluster.cc, setICN (read in public source).
"""

from functools import reduce
from operator import and_, or_

import numpy as np
from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from hdl.ecl.beats import N_BEATS, N_LANES
from hdl.ecl.window import RowSignature
from trigger.ecl.calibration import ADC_BITS
from trigger.geometry.ecl import FIRST_BACKWARD, FIRST_BARREL, N_CELLS, cells

REGIONS = (slice(0, FIRST_BARREL - 1), slice(FIRST_BARREL - 1, FIRST_BACKWARD - 1), slice(FIRST_BACKWARD - 1, N_CELLS))
"""Cells of FWD, BRL, BWD by tc_id - 1: no neighbour lies in another region."""
OR_SLOTS, OR_SLOTS_INNERMOST = (1, 7, 0), (1, 3, 4)
AND_SLOTS = (5, 6)
"""A hit is a seed if no OR slot and not both AND slots are hit; theta id 1 has its own OR slots. Slot 0: none."""


class Seeds(wiring.Component):
    """Hit flags and seeds of a complete window.

    `hits` is complete with `complete`, one cycle after the last row; `seeds` is registered with `done`, and stays until the
    next window is done.
    """

    LATENCY = 2

    def __init__(self) -> None:
        signature = {"row": In(RowSignature), "hits": Out(N_CELLS), "complete": Out(1), "seeds": Out(N_CELLS), "done": Out(1)}
        super().__init__(signature)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        flags = Signal(N_LANES)
        m.d.comb += flags.eq(Cat(self.row.adc.word_select(lane, ADC_BITS).any() for lane in range(N_LANES)))
        for beat in range(N_BEATS):
            with m.If(self.row.valid & (self.row.beat == beat)):
                m.d.sync += self.hits.word_select(beat, N_LANES).eq(flags)
        m.d.sync += [self.complete.eq(self.row.valid & self.row.last), self.done.eq(self.complete)]
        found = []
        for number, region in enumerate(REGIONS):
            hits = Signal(region.stop - region.start, name=f"hits_{number}")
            m.d.comb += hits.eq(self.hits[region])
            found.append(_region_seeds(hits, region))
        with m.If(self.complete):
            m.d.sync += self.seeds.eq(Cat(found))
        return m


def _region_seeds(hits: Value, region: slice) -> Value:
    slots = cells().neighbours[region]
    innermost = cells().theta_id[region, None] == 1
    or_ids = np.where(innermost, _columns(slots, OR_SLOTS_INNERMOST), _columns(slots, OR_SLOTS))
    blocked = [_hits_at(hits, ids, region.start) for ids in or_ids.T]
    both = [_hits_at(hits, ids, region.start) for ids in _columns(slots, AND_SLOTS).T]
    return hits & ~reduce(or_, blocked) & ~reduce(and_, both)


def _columns(slots: NDArray[np.uint16], names: tuple[int, ...]) -> NDArray[np.uint16]:
    """Neighbour ids of the slots `names` (from 1; 0 = a slot that is always empty)."""
    with_empty = np.concatenate([np.zeros_like(slots[:, :1]), slots], axis=1)
    return with_empty[:, names]


def _hits_at(hits: Value, neighbours: NDArray[np.uint16], first: int) -> Value:
    """For each cell of a region the hit flag of its neighbour: the flags rotated by every distance in ids that occurs."""
    masks: dict[int, int] = {}
    for own, tc_id in enumerate(neighbours.tolist()):
        if tc_id:
            distance = (tc_id - 1 - first - own) % len(hits)
            masks[distance] = masks.get(distance, 0) | (1 << own)
    found = Const(0, len(hits))
    for distance, mask in sorted(masks.items()):
        found |= hits.rotate_right(distance) & Const(mask, len(hits))
    return found
