"""2D and 3D Bhabha, mumu and the three taub2b, by hand: each window edge, each energy edge, each flag."""

import pytest

from trigger.geometry.ecl import cells

TYPE_EDGES = [
    # type, forward cells (theta ids), backward cells, first counts that fire
    (0, (1, 2, 3), (16, 17), 762, 477), (1, (3,), (15,), 762, 477), (2, (4,), (14, 15), 762, 477), (3, (5,), (14, 15), 762, 477),
    (4, (4, 5), (14,), 762, 477), (5, (5,), (13, 14), 762, 477), (6, (5,), (12, 13), 762, 477), (7, (5, 6), (13,), 762, 477),
    (8, (5, 6), (12,), 762, 477), (9, (6, 7), (12,), 762, 477), (10, (6, 7), (11,), 762, 477), (11, (7, 8), (11,), 762, 477),
    (12, (8,), (10, 11), 572, 572), (13, (8,), (10,), 667, 572),
]  # fmt: skip


def spread(rings: tuple[int, ...], total: int, phi: int, cell) -> dict[int, int]:
    """One cell per ring, phi ids apart, that add up to `total`."""
    share = total // len(rings)
    counts = [share] * (len(rings) - 1) + [total - share * (len(rings) - 1)]
    return {cell(theta, phi + 4 * k): n for k, (theta, n) in enumerate(zip(rings, counts, strict=True))}


@pytest.mark.parametrize(("kind", "forward", "backward", "f", "b"), TYPE_EDGES)
def test_2d_types(kind: int, forward: tuple, backward: tuple, f: int, b: int, cell, decide) -> None:
    """Both sums at their first counts fire, one count less on either side does not."""

    def fires(f_adc: int, b_adc: int) -> int:
        return decide({**spread(forward, f_adc, 5, cell), **spread(backward, b_adc, 17, cell)})["bhabha2d_type"][kind]

    assert (fires(f, b), fires(f - 1, b), fires(f, b - 1)) == (1, 0, 0)
    assert (fires(f, 4095), fires(f - 1, 4095), fires(4095, b - 1)) == (1, 0, 0)


def test_2d_type_13_shares_ring_9(cell, decide) -> None:
    """Ring 9 enters both sums: one cell of 667 counts fires type 13 and nothing else."""
    assert decide({cell(9, 5): 667})["bhabha2d_type"] == [0] * 13 + [1]
    assert decide({cell(9, 5): 666})["bhabha2d_type"] == [0] * 14


def test_2d_ring_outside_a_type(cell, decide) -> None:
    """Ring 15 is in types 1 to 3 alone, ring 14 in 2 to 5."""
    assert decide({cell(5, 5): 4000, cell(15, 23): 4000})["bhabha2d_type"] == [int(k == 3) for k in range(14)]
    assert decide({cell(5, 5): 4000, cell(14, 23): 4000})["bhabha2d_type"] == [int(k in (3, 4, 5)) for k in range(14)]


def test_2d_needs_fewer_than_four_isolated_clusters(cell, decide) -> None:
    pair = {cell(5, 5): 762, cell(14, 23): 477}
    three, four = ({**pair, **{cell(8, 5 + 5 * k): 1 for k in range(1, n)}} for n in (2, 3))
    assert (decide(three)["icn"], decide(three)["bhabha2d"]) == (3, 1)
    assert (decide(four)["icn"], decide(four)["bhabha2d"]) == (4, 0)
    assert decide(four)["bhabha2d_type"] == decide(three)["bhabha2d_type"]


PAIRS = {
    # Two cells: phi difference (not wrapped), theta sum; both from the published look-up.
    "D110": (321, 462, 110, 173), "D111": (114, 238, 111, 181), "D120": (127, 261, 120, 181), "D121": (335, 485, 121, 180),
    "D140": (98, 266, 140, 177), "D141": (322, 497, 141, 172), "D160": (297, 499, 160, 181), "D161": (310, 509, 161, 173),
    "D199": (269, 503, 199, 176), "D200": (29, 488, 200, 180), "D219": (30, 511, 219, 166), "D220": (25, 487, 220, 165),
    "D239": (10, 562, 239, 172), "D240": (7, 563, 240, 172), "D249": (9, 440, 249, 175), "D250": (12, 566, 250, 174),
    "S130": (191, 420, 184, 130), "S131": (190, 421, 184, 131), "S140": (218, 430, 174, 140), "S141": (182, 394, 174, 141),
    "S160": (178, 400, 174, 160), "S161": (197, 417, 183, 161), "S165": (137, 345, 176, 165), "S166": (285, 509, 179, 166),
    "S189": (224, 442, 185, 189), "S190": (189, 563, 174, 190), "S199": (277, 509, 189, 199), "S200": (238, 571, 182, 200),
    "S219": (241, 464, 176, 219), "S220": (253, 488, 187, 220), "S229": (254, 476, 177, 229), "S230": (87, 307, 179, 230),
}  # fmt: skip
WINDOWS = {
    # Decision: strict bounds of D, of S, and counts of both cells that satisfy its energy conditions.
    "bhabha3d_veto": ((160, 200), (165, 190), 2000),
    "bhabha3d_sel": ((140, 220), (160, 200), 2000),
    "mumu": ((160, 200), (165, 190), 200),
    "taub2b": ((110, 250), (130, 230), 100),
    "taub2b2": ((120, 240), (140, 220), 100),
    "taub2b3": ((120, 240), (140, 220), 100),
}


@pytest.mark.parametrize("name", PAIRS)
def test_pair_angles(name: str) -> None:
    """The cells have the angles that the table says."""
    one, two, difference, total = PAIRS[name]
    c = cells()
    assert abs(int(c.cm_phi_deg[one - 1]) - int(c.cm_phi_deg[two - 1])) == difference
    assert int(c.cm_theta_deg[one - 1]) + int(c.cm_theta_deg[two - 1]) == total


@pytest.mark.parametrize("decision", WINDOWS)
@pytest.mark.parametrize("name", PAIRS)
def test_pair_windows(name: str, decision: str, decide) -> None:
    """Bounds are strict on both sides of both angles."""
    one, two, difference, total = PAIRS[name]
    (d_low, d_high), (s_low, s_high), adc = WINDOWS[decision]
    wanted = d_low < difference < d_high and s_low < total < s_high
    assert decide({one: adc, two: adc})[decision] == wanted


FORWARD, BACKWARD = 285, 509
"""Theta ids 4 and 12, look-up factors 12 and 9, back to back with D 179 and S 166."""


def test_look_up_factors() -> None:
    assert [int(cells().cm_energy_e[tc - 1]) for tc in (FORWARD, BACKWARD)] == [12, 9]


@pytest.mark.parametrize(
    ("decision", "low", "high"), [("bhabha3d_veto", (686, 515), (1029, 772)), ("bhabha3d_sel", (572, 429), (915, 686))]
)
def test_3d_energies(decision: str, low: tuple[int, int], high: tuple[int, int], decide) -> None:
    """Both above the low cut, one of them above the high cut; CM cuts of 3 and 4.5, 2.5 and 4 GeV at factors 12 and 9."""

    def fires(f: int, b: int) -> int:
        return decide({FORWARD: f, BACKWARD: b})[decision]

    assert fires(high[0], low[1]) == fires(low[0], high[1]) == 1
    assert fires(high[0] - 1, high[1] - 1) == 0
    assert fires(4095, low[1] - 1) == fires(low[0] - 1, 4095) == 0


@pytest.mark.parametrize(
    ("pair", "flag"), [((FORWARD, BACKWARD), 1), ((3, 546), 1), ((52, 128), 1), ((52, 518), 0), ((27, 565), 0), ((1, 545), 0)]
)
def test_veto_in_track_flag(pair: tuple[int, int], flag: int, decide) -> None:
    """Theta ids (4, 12), (3, 16), (2, 15) reach 3..15; (2, 16), (2, 17), (1, 17) do not. No veto, no flag."""
    d = decide(dict.fromkeys(pair, 2000))
    assert (d["bhabha3d_veto"], d["bhabha3d_intrack"]) == (1, flag)
    assert decide(dict.fromkeys(pair, 300))["bhabha3d_intrack"] == 0


@pytest.mark.parametrize(
    ("pair", "flag"),
    [((1, 545), 0), ((26, 571), 0), ((32, 463), 1), ((52, 128), 1), ((29, 462), 2), ((237, 462), 3), ((130, 365), 3)],
)
def test_selection_theta_flag(pair: tuple[int, int], flag: int, decide) -> None:
    """Theta id of the more forward centre: 1, 2, 3, and 4 or more."""
    d = decide(dict.fromkeys(pair, 2000))
    assert (d["bhabha3d_sel"], d["bhabha3d_theta"]) == (1, flag)
    assert decide(dict.fromkeys(pair, 300))["bhabha3d_theta"] == 0


def test_flags_are_those_of_the_last_passing_pair(decide) -> None:
    """Barrel pair first in the list, endcap pair last: the flags describe the endcap pair, with 52 and 518 outside the acceptance.

    The barrel cells make no further pair with the endcap cells that passes: 52 and 518 are the last two clusters.
    """
    d = decide({FORWARD: 2000, BACKWARD: 2000, 52: 2000, 518: 2000})
    assert d["cluster_tc"][:4] == [FORWARD, BACKWARD, 52, 518]
    assert (d["bhabha3d_veto"], d["bhabha3d_intrack"]) == (1, 0)
    assert (d["bhabha3d_sel"], d["bhabha3d_theta"]) == (1, 1)


def test_mumu_energies(decide) -> None:
    """Both below 2 GeV CM: at most 457 counts at factor 12 and 342 at 9; a third cluster does not matter."""

    def fires(f: int, b: int) -> int:
        return decide({FORWARD: f, BACKWARD: b})["mumu"]

    assert (fires(457, 342), fires(458, 342), fires(457, 343), fires(1, 1)) == (1, 0, 0, 1)
    assert decide({FORWARD: 457, BACKWARD: 342, 200: 4000})["mumu"] == 1


def test_taub2b_energies(decide) -> None:
    """One of the pair at most 361 counts (1.9 GeV), E_total at most 1333 (7 GeV)."""

    def fires(f: int, b: int, other: int = 0) -> int:
        return decide({FORWARD: f, BACKWARD: b} | ({1: other} if other else {}))["taub2b"]

    assert (fires(361, 900), fires(900, 361), fires(362, 362)) == (1, 1, 0)
    assert (fires(333, 1000), fires(334, 1000), fires(333, 999, 1), fires(333, 999, 2)) == (1, 0, 1, 0)


def test_taub2b2_energies(cell, decide) -> None:
    """Both of the pair at least 31 counts; fewer than two endcap clusters of 572 or more; E_total at most 1333."""

    def fires(adc: dict[int, int]) -> int:
        return decide(adc)["taub2b2"]

    assert fires({FORWARD: 31, BACKWARD: 31}) == 1
    assert fires({FORWARD: 30, BACKWARD: 1000}) == fires({FORWARD: 1000, BACKWARD: 30}) == 0
    assert (fires({FORWARD: 333, BACKWARD: 1000}), fires({FORWARD: 334, BACKWARD: 1000})) == (1, 0)
    ends = {cell(1, 5): 572, cell(17, 5): 572}
    assert fires({FORWARD: 31, BACKWARD: 31, **ends}) == 0
    assert fires({FORWARD: 31, BACKWARD: 31, **ends, cell(17, 5): 571}) == 1


def test_taub2b3_energies(cell, decide) -> None:
    """One of the pair at least 27 counts, every cluster 23..857, E_total at most 1333."""

    def fires(adc: dict[int, int]) -> int:
        return decide(adc)["taub2b3"]

    assert (fires({FORWARD: 27, BACKWARD: 23}), fires({FORWARD: 26, BACKWARD: 26})) == (1, 0)
    assert (fires({FORWARD: 27, BACKWARD: 22}), fires({FORWARD: 23, BACKWARD: 27})) == (0, 1)
    assert (fires({FORWARD: 857, BACKWARD: 23}), fires({FORWARD: 858, BACKWARD: 23})) == (1, 0)
    assert fires({FORWARD: 27, BACKWARD: 23, cell(8, 5): 22}) == 0
    assert fires({FORWARD: 27, BACKWARD: 23, cell(8, 5): 23}) == 1
    assert (fires({FORWARD: 500, BACKWARD: 833}), fires({FORWARD: 501, BACKWARD: 833})) == (1, 0)


@pytest.mark.parametrize(("pair", "fires"), [((52, 518), 1), ((26, 571), 0), ((79, 541), 0)])
def test_taub2b3_leaves_out_theta_1_and_17(pair: tuple[int, int], fires: int, decide) -> None:
    """Theta ids (2, 16), (1, 16), (3, 17), all back to back; taub2b2 takes all of them."""
    d = decide(dict.fromkeys(pair, 100))
    assert (d["taub2b2"], d["taub2b3"]) == (1, fires)


def test_one_cluster_makes_no_pair(decide) -> None:
    d = decide({FORWARD: 300})
    assert not any(d[name] for name in WINDOWS)
