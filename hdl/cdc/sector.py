"""How a frame of track segments of all superlayers reaches the track trigger: 32 beats, one sector of 1/32 turn each.

A beat has the segments of the sector's places, superlayer after superlayer in the order of their ids, as those of
`hdl.cdc.segments`; priority 0 where there is none.
"""

from amaranth.hdl import Value
from amaranth.lib import data

from hdl.cdc.neuro.segments import Segment
from trigger.geometry.cdc import N_SECTORS, superlayers

PER_SECTOR = tuple((superlayers().n_segments // N_SECTORS).tolist())
"""Segments of each superlayer in a sector."""
FIRST = tuple(sum(PER_SECTOR[:superlayer]) for superlayer in range(len(PER_SECTOR)))
"""Place of each superlayer's first segment in a beat."""
Sector = data.ArrayLayout(Segment, sum(PER_SECTOR))


def of_superlayer(sector: data.View, superlayer: int) -> Value:
    """The segments of one superlayer, as bits of an array of `Segment`."""
    first = FIRST[superlayer] * Segment.size
    return sector.as_value()[first : first + PER_SECTOR[superlayer] * Segment.size]
