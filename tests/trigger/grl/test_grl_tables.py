"""Declared tables of the GRL: the published patterns, bends, arcs of azimuth and their exactness, bad parameters."""

from dataclasses import astuple
from fractions import Fraction
from math import asin, degrees

import numpy as np
import pytest
from slow_grl import PATTERNS

from trigger.grl import GrlParameters
from trigger.grl.parameters import QUADRANT_BINS, SECTORS_OF_BIN, SECTORS_OF_SEGMENT, Window
from trigger.grl.patterns import Endcap, all_patterns, patterns
from trigger.grl.tables import cell_tables, energy_counts, track_tables
from trigger.grl.trigger import segment_sectors

NAMES = {"": Endcap.NONE, "fwd": Endcap.FORWARD, "bwd": Endcap.BACKWARD}


def test_patterns_are_the_published_ones():
    assert len(PATTERNS) == len(all_patterns()) == 137
    for row, pattern in zip(PATTERNS, all_patterns(), strict=True):
        window = (int(row["extrap_left"]), int(row["extrap_right"])) if row["endcap"] else (1, 0)
        shifts = tuple(int(row[f"dSL{sl}"]) for sl in (0, 1, 3, 4))
        assert astuple(pattern) == (int(row["pattern"]), row["enabled"] == "1", *shifts, NAMES[row["endcap"]], *window)
    assert len(patterns()) == 112
    assert [p.number for p in patterns() if p.endcap is not Endcap.NONE and p.first > p.last] == []


def test_windows_need_no_wrap():
    for window in Window:
        first, last = window.value
        assert first + last == 36, window


def test_bends_are_exact_between_neighbours_of_the_grid():
    """1/16 degree; half cell 20 of curvature at the ECL is 33.744 degree: 539.9, kept as 539, between 538 and 540 (1/8 degree)."""
    tables = track_tables(GrlParameters())
    assert tables.ecl_bend[33] == tables.klm_bend[33] == 0
    assert tables.ecl_bend[33 + 20] == 539 == -tables.ecl_bend[33 - 20]
    for omega in range(1, 34):
        exact = 16 * degrees(asin(63 * omega * 1.5 * 29.9792458e-4 / 0.3 / 34))
        assert tables.ecl_bend[33 + omega] % 2 == 1
        assert abs(exact - tables.ecl_bend[33 + omega]) < 1
    assert np.flatnonzero(tables.klm_reached).tolist() == list(range(33 - 25, 33 + 26))
    assert tables.ecl_reached.all()


def test_segments_set_sectors():
    """Segments of 1/32 turn: of five the middle one sets both sectors, of seven too; of six and eight none does."""
    words = segment_sectors()
    assert not words.flags.writeable
    assert [int(word).bit_count() for word in words[[2, 162, 322, 515, 739]]] == [2, 2, 1, 2, 1]
    assert words[[0, 1, 3, 4]].tolist() == [1, 1, 2, 2]
    assert words[159] == 1 << 63
    assert not words[992:].any()
    assert [len(places) for places in SECTORS_OF_SEGMENT] == [5, 5, 6, 7, 8]


def test_bins_cover_the_circle():
    assert {sector for sectors in SECTORS_OF_BIN for sector in sectors} == set(range(16))
    assert {number for bins in QUADRANT_BINS for number in bins} == set(range(36))


def test_energies_in_counts():
    """2 GeV / 5.25 MeV = 380.95, 1 GeV / 5.25 MeV = 190.5."""
    assert energy_counts(GrlParameters()) == (381, 191, 191, 381)
    assert energy_counts(GrlParameters(matched_gev=Fraction(21, 10), n1gev_gev=Fraction(21, 20))) == (400, 191, 201, 381)


def test_cells():
    tables = cell_tables(GrlParameters())
    assert all(array[0] == 0 for array in vars(tables).values())
    assert (int(tables.is_forward.sum()), int(tables.is_backward.sum())) == (80, 64)
    assert (int(tables.is_forward_loose.sum()), int(tables.is_backward_loose.sum())) == (116, 100)
    assert set(tables.near_count[1:].tolist()) == {142, 143}, "160 degree in steps of 1.125"
    assert set(tables.bhabha_count[1:].tolist()) == {26, 27}
    wide = cell_tables(GrlParameters(hemisphere_deg=Fraction(180)))
    assert set(wide.near_count[1:].tolist()) <= {319, 320}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"match_below_bins": 0}, "match_below_bins must be 1..18, not 0"),
        ({"matched_gev": Fraction(0)}, "matched_gev must be positive, not 0"),
        ({"klm_deg": Fraction(46)}, "klm_deg must be above 0 and at most 45, not 46"),
        ({"barrel_deg": (Fraction(50), Fraction(40))}, "barrel_deg must be within 0..180 and ascending"),
        ({"cot_below": Fraction(1)}, "cot_below must be below cot_above"),
    ],
)
def test_bad_parameters(change, message):
    with pytest.raises(ValueError, match=message):
        GrlParameters(**change)
