"""CDC geometry: the loader against published counts and radii, and the rules that the trigger relies on."""

import numpy as np

from trigger.geometry.cdc import (
    N_LAYERS,
    N_SECTORS,
    N_SEGMENTS,
    N_SUPERLAYERS,
    PRIORITY_SHIFT_HALF_CELLS,
    PT_RADIUS_GEV_PER_CM,
    layers,
    superlayers,
)

# Belle II CDC as published: wires per layer of each superlayer, radius of its first and last layer (Belle II TDR, CDC.xml).
PUBLISHED_WIRES = (160, 160, 192, 224, 256, 288, 320, 352, 384)
PUBLISHED_LAYERS = (8, 6, 6, 6, 6, 6, 6, 6, 6)
FIRST_RADIUS_CM = (16.80, 25.70, 36.52, 47.69, 58.41, 69.53, 80.25, 91.37, 102.09)
LAST_RADIUS_CM = (23.80, 34.80, 45.57, 56.69, 67.41, 78.53, 89.25, 100.37, 111.14)


def test_layers():
    table = layers()
    assert len(table.superlayer) == N_LAYERS
    assert np.bincount(table.superlayer).tolist() == list(PUBLISHED_LAYERS)
    assert table.n_wires.tolist() == np.repeat(PUBLISHED_WIRES, PUBLISHED_LAYERS).tolist()
    assert table.first_wire.tolist() == np.concatenate([[0], np.cumsum(table.n_wires)[:-1]]).tolist()
    assert table.n_wires.sum() == 14336
    edges = np.concatenate([[0], np.cumsum(PUBLISHED_LAYERS)])
    assert table.radius_cm[edges[:-1]].tolist() == list(FIRST_RADIUS_CM)
    assert table.radius_cm[edges[1:] - 1].tolist() == list(LAST_RADIUS_CM)
    assert (np.diff(table.radius_cm) > 0).all()
    assert (table.z_fwd_cm > 0).all()
    assert (table.z_bwd_cm < 0).all()
    assert (table.phi_offset_cells == 0.5 * ((table.layer_in_sl + (table.superlayer == 0)) % 2)).all(), "cells alternate by half"


def test_stereo_layers_are_those_that_turn():
    table = layers()
    turns = np.array([table.n_shift_halfcells[table.superlayer == s][0] for s in range(N_SUPERLAYERS)])
    assert turns.tolist() == [0, 18, 0, -18, 0, 19, 0, -20, 0]
    assert (superlayers().axial == (turns == 0)).all()


def test_superlayers():
    lines = superlayers()
    assert lines.n_segments.tolist() == list(PUBLISHED_WIRES)
    assert lines.offset.tolist() == [0, 160, 320, 512, 736, 992, 1280, 1600, 1952, 2336]
    assert len(lines.of_segment) == N_SEGMENTS
    assert (np.bincount(lines.of_segment) == lines.n_segments).all()
    assert (lines.n_segments % N_SECTORS == 0).all()
    assert lines.radius_cm.tolist() == [
        [19.80, 20.80], [29.34, 31.16], [40.16, 41.98], [51.28, 53.10], [62.00, 63.82],
        [73.12, 74.94], [83.84, 85.66], [94.96, 96.78], [105.68, 107.50],
    ]  # fmt: skip


def test_priority_positions_and_curvature():
    assert PRIORITY_SHIFT_HALF_CELLS == (0, -1, 1, 0)
    assert abs(PT_RADIUS_GEV_PER_CM - 4.4968869e-3) < 1e-10  # 0.2998 GeV per tesla and metre


def test_tables_are_read_only():
    for record in (layers(), superlayers()):
        assert not any(array.flags.writeable for array in vars(record).values())
