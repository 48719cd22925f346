"""Hough windows: hand-worked cells, a plain evaluation of the definition for all sectors, and what the margin may be."""

import math

import numpy as np
import pytest

from trigger.cdc import HoughFinder, HoughPlane
from trigger.cdc.hough import windows as module
from trigger.geometry.cdc import superlayers

PLANE = HoughPlane()
CELL_RAD = 2 * math.pi / 160
CELL_PER_CM = 2 * 0.5 * 4.4968868700e-3 / 0.3 / 34


def cells_of(segment, priority):
    """Cells (ix, iy) that the finder's votes give for one segment."""
    votes = HoughFinder().cells([0, 1], [segment], [priority])[0]
    return {(int(x), int(y)) for x, y in np.argwhere(votes)}


def crosses(phi, radius, x1, x2, y1, y2):
    """The definition, for one wire and one box."""
    left, right = math.sin(x1 - 1e-10 - phi) / radius, math.sin(x2 + 1e-10 - phi) / radius
    outside = (left > y2 and right > y2) or (left < y1 and right < y1)
    return not outside and math.sin(x1 - phi) <= math.sin(x2 - phi)


def test_a_curve_through_a_corner_counts_in_four_cells():
    """Segment 0 of superlayer 0 lies at phi = 0, r = 19.8 cm: sin(x)/r is 0 at the corner of cells 79 and 80, 16 and 17.

    One cell is 0.0393 rad wide and 4.41e-4 /cm high: the curve rises by 0.00198 /cm, 4.5 rows, per column.
    """
    cells = cells_of(0, 3)
    assert {(79, 16), (79, 17), (80, 16), (80, 17)} <= cells
    assert {y for x, y in cells if x == 80} == set(range(16, 22)), "from row 17.0 to row 21.5, and the touched row"
    assert {x for x, _ in cells} == set(range(76, 84)), "17 rows on both sides: asin(0.00749 x 19.8) = 3.8 columns"


@pytest.mark.parametrize("superlayer", [0, 2, 4, 6, 8])
def test_votes_equal_the_definition(superlayer):
    """Every segment of one superlayer in four of 32 sectors, all three wires, all 5440 cells near the curve."""
    lines = superlayers()
    n, per_sector = int(lines.n_segments[superlayer]), int(lines.n_segments[superlayer]) // 32
    for sector in (0, 3, 17, 31):
        for local in range(sector * per_sector, (sector + 1) * per_sector):
            for priority, shift in ((1, -0.5), (2, 0.5), (3, 0.0)):
                phi, radius = (local + shift) * 2 * math.pi / n, lines.radius_cm[superlayer][int(shift != 0)]
                expected = {
                    (x, y)
                    for x in range(160)
                    if abs(math.remainder((x - 79.5) * CELL_RAD - phi, 2 * math.pi)) < 2
                    for y in range(34)
                    if crosses(
                        phi, radius, *((x - 80 + k) * CELL_RAD for k in (0, 1)), *((y - 17 + k) * CELL_PER_CM for k in (0, 1))
                    )
                }
                assert cells_of(int(lines.offset[superlayer]) + local, priority) == expected


def test_the_falling_arm_is_left_out():
    """A wire is crossed again half a turn further on, where the curve falls; no window starts there."""
    table = module.windows(PLANE).table
    last = (table.start.astype(int) + table.length)[..., 0]
    assert ((last > 50) & (last < 115))[table.length[..., 0] > 0].all()


@pytest.mark.parametrize("margin", [1e-13, 1e-7])
def test_the_margin_may_be_anything_small(monkeypatch, margin):
    expected = module.windows(PLANE).table
    monkeypatch.setattr(module, "TOUCH_MARGIN_RAD", margin)
    table = module.windows.__wrapped__(PLANE).table
    assert (table.start == expected.start).all()
    assert (table.length == expected.length).all()


def test_without_touching_the_windows_differ(monkeypatch):
    expected = module.windows(PLANE).table
    monkeypatch.setattr(module, "TOUCH_MARGIN_RAD", -1e-10)
    assert (module.windows.__wrapped__(PLANE).table.length != expected.length).any()


def test_tables_are_read_only():
    record = module.windows(PLANE)
    assert not any(a.flags.writeable for a in (record.row, record.per_sector, record.table.start, record.table.length))
