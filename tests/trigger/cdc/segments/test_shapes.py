"""Shapes of track segments against the published lists of wires, and the two ways round of the table."""

import numpy as np
import pytest

from trigger.cdc.segments.shapes import HOURGLASS, PYRAMID, segment_wires, shape_of, wire_segments
from trigger.geometry.cdc import N_SUPERLAYERS, layers, superlayers


def test_published_order_of_the_wires():
    """Source: basf2 trg/cdc CDCTriggerTSFModule.cc [SIM]."""
    assert PYRAMID.wires == (
        (-2, 0), (-1, -1), (-1, 0), (0, -1), (0, 0), (0, 1), (1, -2), (1, -1), (1, 0), (1, 1),
        (2, -2), (2, -1), (2, 0), (2, 1), (2, 2),
    )  # fmt: skip
    assert HOURGLASS.wires == (
        (-2, -1), (-2, 0), (-2, 1), (-1, -1), (-1, 0), (0, 0), (1, -1), (1, 0), (2, -1), (2, 0), (2, 1),
    )  # fmt: skip


def test_priority_wires_are_those_of_the_geometry():
    """First-priority layers 3, 10, 16, ...; the second-priority wires lie half a cell to the right and left."""
    lines, rings = layers(), superlayers()
    layer_of_wire = np.repeat(np.arange(56), lines.n_wires)
    for s in range(N_SUPERLAYERS):
        shape = shape_of(s)
        first, right, left = (segment_wires()[rings.offset[s] + 5, bit] for bit in range(shape.first, shape.first + 3))
        layer = layer_of_wire[[first, right, left]]
        assert lines.radius_cm[layer].tolist() == [*rings.radius_cm[s, :1], *(2 * [rings.radius_cm[s, 1]])]
        place = np.array([first, right, left]) - lines.first_wire[layer] + lines.phi_offset_cells[layer]
        assert place.tolist() == [5.0, 4.5, 5.5]


def test_hand_worked_wires():
    """Segment 0: the apex is wire 0 of layer 3, the base wires 158, 159, 0, 1, 2 of layer 7 (160 wires each)."""
    wires = segment_wires()[0]
    assert wires[0] == 480
    assert wires[1:3].tolist() == [640 + 159, 640]
    assert wires[10:].tolist() == [1120 + 158, 1120 + 159, 1120, 1121, 1122]
    # Last segment, 383 of superlayer 8: layers 50 to 54 start at wires 12032, 12416, 12800, 13184, 13568.
    assert segment_wires()[2335].tolist() == [
        12032 + 382, 12032 + 383, 12032, 12416 + 382, 12416 + 383, 12800 + 383, 13184 + 382, 13184 + 383, 13568 + 382, 13568 + 383,
        13568, -1, -1, -1, -1,
    ]  # fmt: skip


@pytest.mark.parametrize(("layer", "sizes"), [(PYRAMID, [1, 2, 3, 4, 5]), (HOURGLASS, [3, 2, 1, 2, 3])])
def test_layers_of_a_shape(layer, sizes):
    assert np.bincount(layer.layer_of_bit).tolist() == sizes
    hit = layer.layers_hit()
    assert hit[0] == 0
    assert hit[-1] == 5
    assert hit.sum() == sum((1 << layer.bits) - (1 << (layer.bits - n)) for n in sizes)


def test_every_wire_of_every_segment_the_other_way_round():
    offsets, segment, bit = wire_segments()
    wire = np.repeat(np.arange(14336), np.diff(offsets))
    assert (segment_wires()[segment, bit] == wire).all()
    assert len(wire) == 15 * 160 + 11 * (2336 - 160)
    lines = layers()
    per_wire = np.add.reduceat(np.diff(offsets), lines.first_wire) / lines.n_wires
    assert per_wire.tolist() == [0, 0, 0, 1, 2, 3, 4, 5, *(8 * [3, 2, 1, 2, 3, 0])]


def test_lists_of_wires_are_read_only():
    assert not any(array.flags.writeable for array in (segment_wires(), *wire_segments()))
