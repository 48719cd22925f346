"""Strips of the KLM against the integer positions that the public trigger simulation of 2018 had, and against the geometry."""

import numpy as np
import pytest

from trigger.geometry.klm import (
    ENDCAP_EDGE_CM,
    ENDCAP_GAP_CM,
    ENDCAP_GROUP,
    ENDCAP_STRIPS,
    ENDCAP_WIDTH_CM,
    FIRST_SECTOR,
    LAYERS,
    LSB_CM,
    SECTORS,
    STRIP_FRACTION,
    strip_line,
    strip_table,
)

PUBLISHED = (
    # section, sector, layer, plane, strip, y in 1/8 cm
    (1, 3, 0, 1, 0, -601),
    (1, 3, 0, 1, 36, 551),
    (1, 0, 0, 1, 0, 600),
    (1, 3, 1, 1, 41, -671),
    (1, 5, 2, 1, 0, -686),
    (1, 5, 2, 1, 35, 686),
    (1, 5, 14, 1, 0, -1046),
    (1, 5, 14, 1, 47, 1046),
    (0, 5, 14, 1, 47, -1047),
    (1, 4, 0, 0, 0, 394),
    (1, 4, 0, 0, 53, 2090),
    (1, 4, 7, 0, 0, 401),
    (1, 4, 7, 0, 47, 2101),
    (0, 4, 7, 0, 47, -1349),
)
"""Worked by hand from the numbers of geometryConverter in trg/klm KLMTriggerModule.cc of 2018 (read in public source)."""


@pytest.mark.parametrize(("section", "sector", "layer", "plane", "strip", "y_raw"), PUBLISHED)
def test_positions_of_the_barrel_are_the_published_ones(section, sector, layer, plane, strip, y_raw) -> None:
    """Within a unit: the published code corrects its rounded pitch in steps, this one rounds the pitch to more bits."""
    found = strip_table().y_raw(FIRST_SECTOR[section] + sector, layer, plane, strip)
    assert abs(int(found) - y_raw) <= 1


def test_a_strip_is_never_off_by_a_unit() -> None:
    table = strip_table()
    for section, n_sectors in enumerate(SECTORS):
        for sector in range(n_sectors):
            for layer in range(LAYERS[section]):
                for plane in range(2):
                    n_strips, first_cm, pitch_cm = strip_line(section, sector, layer, plane)
                    where = (FIRST_SECTOR[section] + sector, layer, plane)
                    assert table.n_strips[where] == n_strips
                    strip = np.arange(n_strips)
                    exact = np.array([float((first_cm + k * pitch_cm) / LSB_CM) for k in range(n_strips)])
                    assert (exact - table.y_raw(*where, strip) > -0.5).all()
                    assert (exact - table.y_raw(*where, strip) < 1.5).all()


def test_straight_line_through_the_strips_of_an_endcap() -> None:
    """Groups of 15 strips with a gap between: the line is never off by more than 0.28 cm."""
    _, first_cm, pitch_cm = strip_line(3, 0, 0, 0)
    middles = [
        ENDCAP_EDGE_CM + ENDCAP_WIDTH_CM * (k + 1) - ENDCAP_WIDTH_CM / 2 + k // ENDCAP_GROUP * ENDCAP_GAP_CM for k in range(75)
    ]
    off = [first_cm + k * pitch_cm - middle for k, middle in enumerate(middles)]
    assert (len(middles), float(max(off)), float(min(off))) == (ENDCAP_STRIPS, 0.28, -0.28)


def test_layers_that_do_not_exist_have_no_strips() -> None:
    table = strip_table()
    for section, n_sectors in enumerate(SECTORS):
        sectors = slice(FIRST_SECTOR[section], FIRST_SECTOR[section] + n_sectors)
        assert (table.n_strips[sectors, : LAYERS[section]] > 0).all()
        assert not table.n_strips[sectors, LAYERS[section] :].any()
    assert table.n_strips[2, :, 0].tolist() == 2 * [38] + 13 * [34], "z strips below the chimney"
    assert table.x_raw[FIRST_SECTOR[3], :2, 0].tolist() == [2119, 2192], "264.85 and 273.95 cm"
    assert table.x_raw[FIRST_SECTOR[2], 0, 0] == 1367, "170.85 cm"
    assert table.pitch_raw[FIRST_SECTOR[3], 0, 0] == round(4.04 * 8 * (1 << STRIP_FRACTION))
