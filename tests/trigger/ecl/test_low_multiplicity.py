"""lml0..lml13 and hie1..hie4, by hand: first counts of every cell, theta ids, counters, pair windows, tie."""

import pytest

from trigger.geometry.ecl import N_CELLS, cells

TWO_GEV = {8: 305, 9: 343, 10: 381, 11: 420, 12: 458, 13: 496}
ONE_GEV = {8: 153, 9: 172, 10: 191, 11: 210, 12: 229, 13: 248}
HALF_GEV = {8: 77, 9: 86, 10: 96, 11: 105, 12: 115, 13: 124}
"""First count above a CM energy by look-up factor, from X e / 10 / 5.25 MeV."""

VETO_BARREL, VETO_ENDS, VETO_INNER = (285, 509), (3, 546), (1, 545)
"""Back-to-back pairs of theta ids (4, 12), (3, 16), (1, 17)."""


@pytest.mark.parametrize(
    ("lml", "theta_ids", "first"),
    [
        (1, range(4, 15), TWO_GEV),
        (2, (2, 3, 15, 16), TWO_GEV),
        (4, (1, 17), TWO_GEV),
        (6, range(4, 16), ONE_GEV),
        (7, (2, 3, 16), ONE_GEV),
        (13, range(6, 12), HALF_GEV),
    ],
)
def test_first_count_of_a_single_photon_line_in_every_cell(lml: int, theta_ids, first: dict[int, int], decide) -> None:
    c = cells()
    for tc in range(1, N_CELLS + 1):
        n, inside = first[int(c.cm_energy_e[tc - 1])], int(c.theta_id[tc - 1]) in theta_ids
        assert decide({tc: n})["lml"][lml] == inside, tc
        assert decide({tc: n - 1})["lml"][lml] == 0, tc
        assert decide({tc: 4095})["lml"][lml] == inside, tc


def test_lml11_is_no_cluster_above_two_gev(decide) -> None:
    for tc in range(1, N_CELLS + 1, 5):
        n = TWO_GEV[int(cells().cm_energy_e[tc - 1])]
        assert (decide({tc: n - 1})["lml"][11], decide({tc: n})["lml"][11]) == (1, 0)
    assert decide({})["lml"][11] == 0


@pytest.mark.parametrize(("lml", "theta"), [(6, 8), (7, 3), (13, 8)])
def test_exactly_one_cluster_above_300_mev(lml: int, theta: int, cell, decide) -> None:
    """A second cluster of 58 counts spoils the line wherever it is, one of 57 does not."""
    photon = {cell(theta, 5): 250}
    for other in (cell(1, 21), cell(8, 20), cell(17, 21)):
        assert decide({**photon, other: 57})["lml"][lml] == 1
        assert decide({**photon, other: 58})["lml"][lml] == 0


def test_lml13_theta_ids_end_at_6_and_11(cell, decide) -> None:
    fired = [theta for theta in range(4, 16) if decide({cell(theta, 5): 150})["lml"][13]]
    assert fired == [6, 7, 8, 9, 10, 11]


def test_lml0(cell, decide) -> None:
    """Three clusters of any size, one of at least 58 counts, no veto."""
    small = {cell(8, 20): 1, cell(17, 21): 1}
    assert decide({cell(8, 5): 58, **small})["lml"][0] == 1
    assert decide({cell(8, 5): 57, **small})["lml"][0] == 0
    assert decide({cell(8, 5): 58, cell(8, 20): 58})["lml"][0] == 0
    vetoed = decide({**dict.fromkeys(VETO_BARREL, 2000), cell(9, 20): 1})
    assert (vetoed["n_clusters"], vetoed["lml"][0], vetoed["lml"][12]) == (3, 0, 0)


def test_lml12(cell, decide) -> None:
    """Three clusters at theta ids 2..16, and one of those of at least 96 counts."""
    inside = {cell(2, 9): 1, cell(16, 9): 1}
    assert decide({cell(8, 5): 96, **inside})["lml"][12] == 1
    assert decide({cell(8, 5): 95, **inside})["lml"][12] == 0
    for outside in (cell(1, 21), cell(17, 21)):
        assert decide({cell(8, 5): 96, cell(2, 9): 1, outside: 1})["lml"][12] == 0
        assert decide({cell(8, 5): 95, **inside, outside: 96})["lml"][12] == 0


@pytest.mark.parametrize(("pair", "free", "vetoed"), [(VETO_ENDS, 2, 3), (VETO_INNER, 4, 5)])
def test_veto_moves_a_bit_to_its_partner(pair: tuple[int, int], free: int, vetoed: int, decide) -> None:
    """A back-to-back pair of 2000 counts is a 3D Bhabha; either of its clusters alone is not."""
    both = decide(dict.fromkeys(pair, 2000))["lml"]
    alone = decide({pair[0]: 2000})["lml"]
    assert (both[free], both[vetoed]) == (0, 1)
    assert (alone[free], alone[vetoed]) == (1, 0)


def test_lml1_does_not_know_the_veto(decide) -> None:
    d = decide(dict.fromkeys(VETO_BARREL, 2000))
    assert (d["bhabha3d_veto"], d["lml"][1]) == (1, 1)


@pytest.mark.parametrize(
    ("pair", "inside"),
    [((82, 293), False), ((12, 555), True), ((85, 315), True), ((79, 284), False), ((285, 509), True)],
    ids=["D170", "D171", "D189", "D190", "D179"],
)
def test_lml8_and_lml9(pair: tuple[int, int], inside: bool, decide) -> None:
    """Wrapped difference above 170 degrees; lml8 both at least 48 counts, lml9 one at least 48 and the other at most 47."""

    def bits(one: int, two: int) -> list[int]:
        return decide(dict(zip(pair, (one, two), strict=True)))["lml"][8:10]

    assert bits(48, 48) == [inside, 0]
    assert bits(47, 48) == bits(48, 47) == [0, inside]
    assert bits(47, 47) == [0, 0]


@pytest.mark.parametrize(
    ("pair", "inside"),
    [
        ((299, 497), False), ((54, 175), True), ((267, 504), True), ((501, 538), False),
        ((178, 400), False), ((197, 417), True), ((277, 509), True), ((238, 571), False),
    ],
    ids=["D160", "D161", "D199", "D200", "S160", "S161", "S199", "S200"],
)  # fmt: skip
def test_lml10(pair: tuple[int, int], inside: bool, decide) -> None:
    """Wrapped difference above 160, sum strictly between 160 and 200 degrees, no energy cut."""
    assert decide(dict.fromkeys(pair, 1))["lml"][10] == inside


def test_a_two_gev_cluster_silences_lml8_to_lml11(cell, decide) -> None:
    pair = {285: 100, 509: 100}
    assert decide(pair)["lml"][8:12] == [1, 0, 1, 1]
    assert decide({**pair, cell(8, 20): 496})["lml"][8:12] == [0, 0, 0, 0]


def test_near_the_phi_wrap_the_difference_is_small(cell, decide) -> None:
    """Cells at 7 and 357 degrees differ by 350, wrapped 10: neither back to back nor in the window of lml10."""
    d = decide({cell(8, 1): 100, cell(8, 36): 60, cell(9, 35): 70})
    assert d["lml"][8:11] == [0, 0, 0]


def test_hie_base_is_one_gev_of_theta_2_to_15(cell, decide) -> None:
    assert decide({cell(8, 5): 191})["hie"] == [1, 1, 1, 1]
    assert decide({cell(8, 5): 190})["hie"] == [0, 0, 0, 0]
    assert decide({cell(8, 5): 190, cell(17, 9): 500})["hie"] == [0, 0, 0, 0]


@pytest.mark.parametrize(("theta", "passes"), [(2, 0), (3, 0), (4, 1), (15, 1)])
def test_hie_single_forward_cluster_is_vetoed(theta: int, passes: int, cell, decide) -> None:
    assert decide({cell(theta, 5): 300})["hie"] == [passes] * 4


def test_hie_single_cluster_centred_at_theta_1(cell, decide) -> None:
    """The seed is (2,5), which carries E_phys; the centre moves to the theta 1 cell."""
    d = decide({cell(2, 5): 191, cell(1, 5): 192})
    assert (d["n_clusters"], d["ephys_adc"], d["cluster_tc"][0]) == (1, 191, cell(1, 5))
    assert d["hie"] == [0, 0, 0, 0]


PAIRS = {
    "D150": ((298, 485), False), "D151": ((322, 509), True), "D209": ((30, 500), True), "D210": ((25, 475), False),
    "S160": ((178, 400), False), "S161": ((197, 417), True), "S199": ((277, 509), True), "S200": ((238, 571), False),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_hie1_and_hie2_windows(name: str, decide) -> None:
    """The other angle is inside: hie1 vetoes only if both are, hie2 if either is."""
    pair, inside = PAIRS[name]
    assert decide(dict.fromkeys(pair, 400))["hie"][:2] == [not inside, 0]


def test_hie2_passes_with_both_angles_outside(cell, decide) -> None:
    assert decide({cell(5, 5): 400, cell(6, 9): 400})["hie"] == [1, 1, 1, 1]


def test_hie_three_clusters_are_not_vetoed(decide) -> None:
    assert decide({285: 400, 509: 400, 29: 300})["hie"] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("barrel", "endcap", "hie3", "hie4"),
    [(300, 100, 0, 0), (300, 96, 0, 0), (300, 95, 0, 1), (200, 201, 1, 1), (200, 200, 0, 0), (201, 200, 0, 0), (95, 400, 1, 1)],
)
@pytest.mark.parametrize("place", [(3, 9), (2, 9)])
def test_hie3_and_hie4(barrel: int, endcap: int, hie3: int, hie4: int, place: tuple[int, int], cell, decide) -> None:
    """The weaker of two clusters lies in an endcap; equal energies mean the second one, which is the endcap's."""
    assert decide({cell(8, 5): barrel, cell(*place): endcap})["hie"][2:] == [hie3, hie4]


@pytest.mark.parametrize("theta", [16, 17])
def test_hie3_backward(theta: int, cell, decide) -> None:
    assert decide({cell(8, 5): 300, cell(theta, 9): 100})["hie"][2:] == [0, 0]
    assert decide({cell(8, 5): 300, cell(15, 9): 100})["hie"][2:] == [1, 1]
