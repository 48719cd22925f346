"""Hand-worked events: tracks, clusters and KLM sectors that match or lie apart. What is not named is 0."""

import numpy as np
import pytest
from by_hand import FORWARD, SHORT, SHORT_FORWARD, STRAIGHT, cell, nonzero, ones, segments, track
from slow_grl import Event

from trigger.geometry.ecl import cells


@pytest.mark.parametrize(
    ("phi_id", "adc", "expected"),
    [
        (1, 380, ("cdcecl_0",)),
        (1, 381, ("cdcecl_0", "c2gev_0")),
        (2, 381, ("cdcecl_0", "c2gev_0")),
        (36, 381, ("cdcecl_0", "c2gev_0")),
        (3, 381, ("n1gev_0", "n2gev_0")),
        (35, 380, ("n1gev_0",)),
        (35, 190, ()),
    ],
)
def test_track_and_barrel_cluster(phi_id, adc, expected):
    """A straight track in bin 0; one bin away it matches, two away the cluster is a photon. 2 GeV are 381 counts, 1 GeV 191."""
    event = Event(tracks=[track(0)], clusters=[(cell(10, phi_id), adc)])
    assert nonzero(event) == ones("ta_0", "track", "n_full", *expected)


def test_nearest_cluster_decides_and_the_first_of_equal_ones():
    near, next_bin, other_side = (cell(10, phi_id) for phi_id in (1, 2, 36))
    for clusters, has_2gev in (
        ([(next_bin, 400), (near, 100)], False),
        ([(next_bin, 100), (near, 400)], True),
        ([(next_bin, 400), (other_side, 100)], True),
        ([(next_bin, 100), (other_side, 400)], False),
    ):
        assert ("c2gev_0" in nonzero(Event(tracks=[track(0)], clusters=clusters))) is has_2gev, clusters


def test_bend_on_the_way_to_the_ecl():
    """Curvature 20 half cells: asin(63 x 20 x 4.4087e-4) = 33.7 degree. From 45 degree to bin 1, or 78.7 degree, bin 7."""
    for omega, phi_id in ((20, 2), (-20, 8)):
        event = Event(tracks=[track(40, omega)], clusters=[(cell(10, phi_id), 19)])
        assert nonzero(event) == ones("ta_0", "track", "n_full", "cdcecl_0")


@pytest.mark.parametrize("theta_id", [1, 3, 15, 16, 17])
def test_only_barrel_clusters_match_and_all_others_are_photons(theta_id):
    """Centres of theta id 15 lie beyond 126 degree. Photons above 2 GeV, 4 of them."""
    place = cell(theta_id, 1)
    answer = nonzero(Event(tracks=[track(0)], clusters=[(place, 381)] * 4))
    expected = ones("ta_0", "track", "n_full", "n1gev_3", "n2gev_3")
    assert answer == expected


@pytest.mark.parametrize("apart", [13, 14, 15, 16, 17, 19, 20, 21, 22, 23])
def test_clusters_apart(apart):
    """Two clusters, and a cluster and a track, in both orders of the bins."""
    folded = min(apart, 36 - apart)
    pair = Event(clusters=[(cell(9, 1), 19), (cell(11, 1 + apart), 19)])
    assert nonzero(pair) == ones(*[name for name, low in (("d3", 17), ("d5", 16), ("d7", 15)) if folded >= low])
    names = [name for name, low in (("p3", 17), ("p5", 16), ("p7", 15), ("p9", 14)) if folded >= low]
    event = Event(tracks=[track(0)], clusters=[(cell(9, 1 + apart), 19)])
    assert nonzero(event) == ones("ta_0", "track", "n_full", *names)


def test_hemispheres():
    """3D track at 0 and 90 degree, cot 0: a cluster at theta id 4 (cot 1.4) is far in polar angle, theta id 10 is its own."""
    base = ones("ta_0", "track", "n_full")
    only = [track(0, expert=0)]
    assert nonzero(Event(tracks=only, clusters=[(cell(10, 5), 19)])) == base
    assert nonzero(Event(tracks=only, clusters=[(cell(4, 5), 19)])) == base | ones("samhem")
    assert nonzero(Event(tracks=only, clusters=[(cell(13, 5), 19)])) == base
    assert nonzero(Event(tracks=only, clusters=[(cell(14, 5), 19)])) == base
    assert nonzero(Event(tracks=only, clusters=[(cell(16, 4), 19)])) == base | ones("samhem")
    assert nonzero(Event(tracks=only, clusters=[(cell(4, 9), 19)])) == base | ones("opohem"), "87.5 degree away"
    assert nonzero(Event(tracks=only, clusters=[(cell(4, 8), 19)])) == base | ones("samhem"), "77.5 degree away"
    two = [track(0, expert=0), track(0, expert=1)]
    assert nonzero(Event(tracks=two, clusters=[(cell(4, 9), 19)])) == ones("ta_1", "track", n_full=2)
    assert nonzero(Event(tracks=[track(0)], clusters=[(cell(4, 9), 19)])) == base, "no network answered"


@pytest.mark.parametrize(
    ("half_cell", "omega", "sectors", "expected"),
    [
        (0, 0, [0], ("cdcklm_0",)),
        (0, 0, [8], ("cdcklm_0",)),
        (11, 0, [1], ()),
        (12, 0, [1], ("cdcklm_0",)),
        (309, 0, [7], ()),
        (308, 0, [7], ("cdcklm_0",)),
        (0, 25, [6, 7, 8], ("cdcklm_0",)),
        (0, 26, [0, 1, 2, 3, 4, 5, 6, 7], ()),
        (0, 0, [16, 20], ()),
    ],
)
def test_track_and_barrel_klm(half_cell, omega, sectors, expected):
    """12.375 degree are 32.6 from the second sector, 13.5 degree 31.5; a track of 25 half cells gets to the coil, 26 does not."""
    event = Event(tracks=[track(half_cell, omega)], klm=sectors)
    assert nonzero(event) == ones("ta_0", "track", "n_full", *expected)


def test_klm_sectors_count_once():
    """Tracks at 0, 11 and 45 degree; the second one takes the sector that is nearer."""
    event = nonzero(Event(tracks=[track(0), track(10)], klm=[0]))
    assert event == ones("ta_1", "track", "cdcklm_0", n_full=2)
    assert "cdcklm_1" in nonzero(Event(tracks=[track(0), track(40)], klm=[0, 1]))
    assert "cdcklm_0" in nonzero(Event(tracks=[track(0), track(10)], klm=[0, 1]))


def test_half_way_between_two_klm_sectors_the_lower_number_wins():
    """22.5 degree: sector 0, which another track has already; 337.5 degree: 0, not 7."""
    for half_cell in (20, 300):
        assert "cdcklm_0" in nonzero(Event(tracks=[track(0), track(half_cell)], klm=[0, 1, 7])), half_cell


def test_endcap_cluster_and_short_track():
    """Forward pattern, bins 11 and 12; forward cell (2, 10) is in bin 11, (2, 12) in bin 13, the inner track in bin 11."""
    for theta_id, phi_id, expected in ((2, 10, ("secl", "iecl_0")), (2, 12, ("iecl_0",)), (16, 10, ("iecl_0",))):
        event = Event(segments=FORWARD, clusters=[(cell(theta_id, phi_id), 19)])
        assert nonzero(event) == SHORT_FORWARD | ones(*expected)
    backward = Event(segments=STRAIGHT, clusters=[(cell(16, 5), 19)])
    assert nonzero(backward) == SHORT | ones("ta_0", "secl", "iecl_0")


def test_endcap_clusters_near_an_inner_track():
    """Inner track in bin 11: cells in bins 7 and 15 are four bins away, in bins 6 and 16 five."""
    phi = {tc: float(np.degrees(np.arctan2(cells().y_cm[tc - 1], cells().x_cm[tc - 1])) % 360) for tc in range(1, 577)}
    by_bin = {int(phi[tc] // 10): tc for tc in range(1, 577) if cells().theta_id[tc - 1] == 2}
    for numbers, expected in (((7,), ("iecl_0",)), ((6,), ()), ((15,), ("iecl_0",)), ((16,), ()), ((7, 9), ("iecl_1",))):
        event = Event(segments=FORWARD, clusters=[(by_bin[number], 19) for number in numbers])
        assert nonzero(event) == SHORT_FORWARD | ones(*expected), numbers


@pytest.mark.parametrize(
    ("klm", "expected"),
    [
        ([20], ("seklm_0", "ieklm")),
        ([21], ()),
        ([17], ("ieklm",)),
        ([16, 18, 19, 21, 22, 23], ()),
    ],
)
def test_endcap_klm(klm, expected):
    """Bins 11 and 12 are in quadrant 1: forward sector 0 (20), which is exchanged with 1, and backward sector 1 (17)."""
    assert nonzero(Event(segments=FORWARD, klm=klm)) == SHORT_FORWARD | ones(*expected)


def test_two_endcap_klm_quadrants():
    """Sector 14 points to 14 and 15, bins 7 and 8: quadrants 0 and 1, which overlap in bin 8."""
    event = Event(segments=segments(14, 12, 14, 17, 14), klm=[20, 21])
    answer = nonzero(event)
    assert (answer.get("seklm_0", 0), answer["seklm_1"], answer["ieklm"]) == (0, 1, 1)


def test_last_quadrant_has_bin_35():
    """Backward cell (17, 32) at 358.8 degree; the simulation reads bin 36 instead."""
    assert nonzero(Event(clusters=[(cell(17, 32), 19)], klm=[19])) == ones("ecleklm")


@pytest.mark.parametrize(
    ("theta_id", "phi_id", "klm", "expected"),
    [
        (4, 12, [20], ("ecleklm",)),
        (5, 12, [20], ()),
        (4, 12, [21], ()),
        (15, 12, [17], ("ecleklm",)),
        (14, 12, [17], ()),
        (15, 12, [20], ()),
    ],
)
def test_endcap_cluster_and_klm(theta_id, phi_id, klm, expected):
    """Cells of bin 11, quadrant 1: theta ids up to 4 with the forward, from 15 with the backward endcap."""
    assert nonzero(Event(clusters=[(cell(theta_id, phi_id), 19)], klm=klm)) == ones(*expected)


def test_track_bhabha():
    """Cells (10, 1) at 7.5 and (10, 19) at 187.5 degree with factor 1.0: more than 3 GeV are 572 counts."""
    assert [int(cells().cm_energy_e[cell(10, phi_id) - 1]) for phi_id in (1, 19)] == [10, 10]
    pair = [(cell(10, 1), 572), (cell(10, 19), 572)]

    def flags(tracks: list, clusters: list = pair, bhabha: bool = True) -> set[str]:
        return {"trkbha1", "trkbha2"} & nonzero(Event(tracks=tracks, clusters=clusters, bhabha=bhabha)).keys()

    one, other = track(7, 10, expert=0), track(167, -10, expert=0)
    assert flags([one, other]) == {"trkbha2"}
    assert flags([one]) == {"trkbha1"}
    assert flags([one, one]) == {"trkbha1"}, "two tracks, one cluster"
    assert flags([one, other], bhabha=False) == set()
    assert flags([one, other], [pair[0], (pair[1][0], 571)]) == {"trkbha1"}
    assert flags([track(7, 11, expert=0), other]) == {"trkbha1"}, "1.02 and 0.93 GeV"
    assert flags([track(7, 10), other]) == {"trkbha1"}, "no network answered"
    assert flags([track(21, expert=0)]) == set(), "16.1 degree from the first"
    assert flags([track(20, expert=0)]) == {"trkbha1"}, "14.996 degree from it"
