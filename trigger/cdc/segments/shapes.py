"""Which wires make a track segment: pyramid and hourglass, priority wires, and the wires' segments the other way round.

Ref: basf2 trg/cdc CDCTriggerTSFModule.cc, TRGCDC.cc, Segment.cc (read in public source) [SIM].
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from trigger.geometry.cdc import N_SEGMENTS, N_SUPERLAYERS, N_WIRES, layers, superlayers

N_SEGMENT_LAYERS = 5
MIN_LAYERS = 4
"""Layers with a hit that make a segment. Source: published left/right tables [SIM]."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Wires of a segment, relative to its centre wire: (layer, wire) in the order of the pattern bits.

    centre_layer: layer of the superlayer that holds the centre wire. first: pattern bit of the first-priority wire; the second
    right and second left wires are the next two.
    """

    wires: tuple[tuple[int, int], ...]
    centre_layer: int
    first: int

    @property
    def bits(self) -> int:
        """Bits of a pattern."""
        return len(self.wires)

    @property
    def second_right(self) -> int:
        """Pattern bit of the second-priority wire at smaller azimuth."""
        return self.first + 1

    @property
    def second_left(self) -> int:
        """Pattern bit of the second-priority wire at larger azimuth."""
        return self.first + 2

    @property
    def layer_of_bit(self) -> tuple[int, ...]:
        """Layer of each pattern bit, 0 (innermost) to 4."""
        lowest = min(layer for layer, _ in self.wires)
        return tuple(layer - lowest for layer, _ in self.wires)

    def layers_hit(self) -> NDArray[np.uint8]:
        """Number of layers with a hit, uint8 (2 ** bits,), of every pattern."""
        pattern = np.arange(1 << self.bits)
        masks = [sum(1 << i for i, at in enumerate(self.layer_of_bit) if at == layer) for layer in range(N_SEGMENT_LAYERS)]
        return np.sum([(pattern & mask) != 0 for mask in masks], axis=0, dtype=np.uint8)


def _rows(*rows: tuple[int, int, int]) -> tuple[tuple[int, int], ...]:
    return tuple((layer, wire) for layer, first, last in rows for wire in range(first, last + 1))


PYRAMID = Shape(wires=_rows((-2, 0, 0), (-1, -1, 0), (0, -1, 1), (1, -2, 1), (2, -2, 2)), centre_layer=5, first=0)
"""Superlayer 0: 1, 2, 3, 4, 5 wires, from the inside."""
HOURGLASS = Shape(wires=_rows((-2, -1, 1), (-1, -1, 0), (0, 0, 0), (1, -1, 0), (2, -1, 1)), centre_layer=2, first=5)
"""All other superlayers: 3, 2, 1, 2, 3 wires."""
MAX_BITS = PYRAMID.bits


def shape_of(superlayer: int) -> Shape:
    """The shape of the segments of a superlayer."""
    return PYRAMID if superlayer == 0 else HOURGLASS


@cache
def segment_wires() -> NDArray[np.int16]:
    """Wire id of each pattern bit of each segment, int16 (2336, 15); -1 for bits that a segment does not have. Read-only."""
    lines, rings = layers(), superlayers()
    table = np.full((N_SEGMENTS, MAX_BITS), -1, np.int16)
    for superlayer in range(N_SUPERLAYERS):
        shape, offset, n = shape_of(superlayer), rings.offset[superlayer], rings.n_segments[superlayer]
        for bit, (layer, wire) in enumerate(shape.wires):
            in_sl = (lines.superlayer == superlayer) & (lines.layer_in_sl == shape.centre_layer + layer)
            table[offset : offset + n, bit] = lines.first_wire[in_sl] + (np.arange(n) + wire) % n
    table.setflags(write=False)
    return table


@cache
def wire_segments() -> tuple[NDArray[np.int64], NDArray[np.int16], NDArray[np.uint8]]:
    """Segments of each wire, CSR: offsets (14337,), segment ids, pattern bits. Wires outside all segments have none. Read-only."""
    segment, bit = np.nonzero(segment_wires() >= 0)
    wire = segment_wires()[segment, bit]
    order = np.argsort(wire, kind="stable")
    offsets = np.searchsorted(wire[order], np.arange(N_WIRES + 1)).astype(np.int64)
    made = offsets, segment[order].astype(np.int16), bit[order].astype(np.uint8)
    for array in made:
        array.setflags(write=False)
    return made
