"""Energy sums and their bits, background veto and event timing, by hand."""

import pytest

from trigger.geometry.ecl import N_CELLS, cells


@pytest.mark.parametrize("tc", range(1, N_CELLS + 1))
def test_sums_of_one_cell(tc: int, decide) -> None:
    d = decide({tc: 1000})
    theta = cells().theta_id[tc - 1]
    assert d["etotal_adc"] == 1000
    assert d["ephys_adc"] == (1000 if 2 <= theta <= 15 else 0)
    assert d["timing_source"] == {0: 1, 1: 2, 2: 4}[int(cells().region[tc - 1])]


@pytest.mark.parametrize(
    ("bit", "first"), [("elow", 96), ("ehigh", 191), ("elum", 572), ("physics", 191)], ids=lambda value: str(value)
)
def test_first_count_of_an_energy_bit(bit: str, first: int, cell, decide) -> None:
    """0.5, 1 and 3 GeV in steps of 5.25 MeV; theta ids 1, 16, 17 do not help."""
    assert decide({cell(8, 5): first})[bit] == 1
    assert decide({cell(8, 5): first - 1})[bit] == 0
    assert decide({cell(2, 5): first - 1, cell(15, 9): 1})[bit] == 1
    for theta, phi in ((1, 5), (16, 5), (17, 5)):
        assert decide({cell(8, 5): first - 1, cell(theta, phi): 1})[bit] == 0


def test_burst_counts_every_ring(cell, decide) -> None:
    """20 GeV is between 3809 and 3810 counts."""
    assert decide({cell(8, 5): 3809})["burst"] == 0
    assert decide({cell(8, 5): 3810})["burst"] == 1
    for theta, phi in ((1, 5), (17, 5)):
        assert decide({cell(8, 5): 3809, cell(theta, phi): 1})["burst"] == 1


def test_physics_by_icn(cell, decide) -> None:
    """Four isolated clusters of one count are enough; three are not, and the backward ones do not count."""
    three = {cell(8, phi): 1 for phi in (5, 10, 15)}
    assert decide(three)["physics"] == 0
    assert decide({**three, cell(16, 5): 1})["physics"] == 0
    assert decide({**three, cell(3, 5): 1})["physics"] == 1


def test_physics_is_off_for_2d_bhabha(cell, decide) -> None:
    """Type 3 of rings 5 and 14: 762 and 477 counts."""
    pair = {cell(5, 5): 762, cell(14, 23): 477}
    assert (decide(pair)["bhabha2d"], decide(pair)["physics"]) == (1, 0)
    busy = {**pair, cell(8, 10): 1, cell(8, 15): 1}
    assert (decide(busy)["bhabha2d"], decide(busy)["physics"]) == (0, 1)


@pytest.mark.parametrize(
    ("region", "theta", "one", "two", "opposite"),
    [
        # Quadrants overlap by one cell: barrel 36-10, 9-19, 18-28, 27-1.
        ("BRL", 8, 10, 18, True), ("BRL", 8, 11, 18, False), ("BRL", 8, 10, 17, False), ("BRL", 8, 9, 27, True),
        ("BRL", 8, 9, 26, True), ("BRL", 8, 19, 27, True), ("BRL", 8, 20, 27, False), ("BRL", 8, 19, 26, False),
        ("BRL", 8, 28, 36, True), ("BRL", 8, 29, 36, False), ("BRL", 8, 28, 35, False), ("BRL", 8, 1, 9, True),
        ("BRL", 8, 1, 8, False), ("BRL", 8, 2, 18, True), ("BRL", 8, 36, 1, False), ("BRL", 8, 5, 23, True),
        # Forward 32-9, 8-17, 16-25, 24-1.
        ("FWD", 3, 9, 16, True), ("FWD", 3, 10, 16, False), ("FWD", 3, 9, 15, False), ("FWD", 3, 17, 24, True),
        ("FWD", 3, 18, 24, False), ("FWD", 3, 17, 23, False), ("FWD", 3, 25, 32, True), ("FWD", 3, 26, 32, False),
        ("FWD", 3, 25, 31, False), ("FWD", 3, 1, 8, True), ("FWD", 3, 1, 7, False), ("FWD", 2, 5, 21, True),
        # Neither theta id 1 nor the backward endcap takes part.
        ("FWD", 1, 5, 21, False), ("BWD", 16, 5, 21, False), ("BWD", 17, 5, 21, False),
    ],
)  # fmt: skip
def test_background_veto_quadrants(region: str, theta: int, one: int, two: int, opposite: bool, cell, decide) -> None:
    """Bit 0 any, bit 1 barrel alone, bit 2 forward alone."""
    wanted = {"BRL": 3, "FWD": 5, "BWD": 0}[region] if opposite else 0
    assert decide({cell(theta, one): 1, cell(theta, two): 1})["bgveto"] == wanted


def test_background_veto_of_both_regions(cell, decide) -> None:
    both = {cell(3, 5): 1, cell(3, 21): 1, cell(8, 5): 1, cell(8, 23): 1}
    assert decide(both)["bgveto"] == 1
    assert decide({cell(3, 5): 1, cell(8, 23): 1})["bgveto"] == 0


@pytest.mark.parametrize(("adc", "quality"), [(1, 1), (190, 1), (191, 2), (3809, 2), (3810, 3), (4095, 3)])
def test_timing_quality(adc: int, quality: int, cell, decide) -> None:
    """Steps at 1 and 20 GeV of the most energetic cell."""
    assert decide({cell(8, 5): adc})["timing_quality"] == quality
    assert decide({cell(8, 5): adc, cell(8, 9): adc})["timing_quality"] == quality


def test_timing_source_of_the_top_cell(cell, decide) -> None:
    """Equal energies: the lowest id, so forward before barrel before backward."""
    forward, barrel, backward = cell(1, 5), cell(8, 5), cell(17, 5)
    assert decide({forward: 50, barrel: 51, backward: 50})["timing_source"] == 2
    assert decide({forward: 50, barrel: 50, backward: 51})["timing_source"] == 4
    assert decide({forward: 50, barrel: 50, backward: 50})["timing_source"] == 1
    assert decide({barrel: 50, backward: 50})["timing_source"] == 2
