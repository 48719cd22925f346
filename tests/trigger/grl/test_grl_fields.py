"""Hand-worked events for every field of the GRL: all elements that are not 0 are named, so that everything else is 0.

Azimuths by hand: half cell k of a track is 1.125 k degree, phi_raw = k + 159 (mod 320); barrel cell (theta id, phi id i) lies in
bin i - 1; a straight track keeps its bin on the way out and vetoes one sector on either side.
"""

import numpy as np
import pytest
from slow_grl import FIRST_SEGMENT, Event, arguments

from trigger.errors import InputError
from trigger.geometry.ecl import cells
from trigger.grl import GrlTrigger
from trigger.grl.layout import DECISION_FIELDS, NOT_MODELLED

RAW_90_DEG = 0
"""theta_raw of a track at 90 degree."""


def nonzero(event: Event) -> dict[str, int]:
    """Elements that are not 0, by name: `ts_0` for the first of a field with several."""
    decision = GrlTrigger().run(**arguments([event])).arrays()
    found = {}
    for field in DECISION_FIELDS:
        name = field.name.removeprefix("grl_")
        for element, value in enumerate(np.atleast_1d(decision[field.name][0]).tolist()):
            if value:
                found[name if field.length == 1 else f"{name}_{element}"] = value
    return found


def ones(*names: str, **numbers: int) -> dict[str, int]:
    return dict.fromkeys(names, 1) | numbers


def track(half_cell: int, omega: int = 0, expert: int = -1, theta: int = RAW_90_DEG) -> tuple[int, int, int, int]:
    return (half_cell + 159) % 320, omega, expert, theta


def first_half_cell(number: int) -> int:
    """First half cell of a bin of 10 degree."""
    return -(-80 * number // 9) % 320


def cell(theta_id: int, phi_id: int) -> int:
    c = cells()
    return int(np.flatnonzero((c.theta_id == theta_id) & (c.phi_id == phi_id))[0]) + 1


def segments(*sectors: int | None) -> list[int]:
    """One segment of each superlayer 0-4 that sets that sector alone."""
    found = []
    for sl, sector in enumerate(sectors):
        if sector is None:
            continue
        pair, odd = divmod(sector, 2)
        number = {0: 5 * pair + 4 * odd, 1: 5 * pair + 4 * odd, 2: 3 * sector, 3: 7 * pair + 6 * odd, 4: 4 * sector}[sl]
        found.append(FIRST_SEGMENT[sl] + number)
    return found


STRAIGHT = segments(10, 10, 10, 10, 10)
"""Pattern 0 in sector 10, which lies in bins 5 and 6; it points to the backward endcap, sectors 7 to 11."""
FORWARD = segments(20, 18, 20, 23, 20)
"""Pattern 7 in sector 20, bin 11; it points to the forward endcap, sectors 20 and 21, bins 11 and 12."""
SHORT = ones("ts_0", "n_short", "ti", "n_inner", "bwd_s", "track", short_map_0=1 << 10, inner_map_0=1 << 10)
SHORT_FORWARD = ones("ts_0", "ta_0", "n_short", "ti", "n_inner", "fwd_s", "track", short_map_0=1 << 20, inner_map_0=1 << 20)


def test_nothing():
    assert nonzero(Event()) == {}


@pytest.mark.parametrize(("n", "name"), [(1, "0"), (2, "1"), (3, "2"), (4, "3"), (5, "3")])
def test_counts_of_tracks(n, name):
    """Tracks in one bin: no opening angle. One more by a short track moves `ta` on."""
    full = [track(first_half_cell(20))] * n
    assert nonzero(Event(tracks=full)) == ones(f"ta_{name}", "track", n_full=n)
    with_short = nonzero(Event(tracks=full, segments=STRAIGHT))
    assert with_short["ts_0"] == 1
    assert f"ta_{min(n, 3)}" in with_short


def test_seventh_track_of_a_quadrant_is_not_sent():
    """Quadrant 0 is 45 to 135 degree: half cells 41 to 120."""
    assert nonzero(Event(tracks=[track(41)] * 7)) == ones("ta_3", "track", "track_overflow", n_full=6)
    both = nonzero(Event(tracks=[track(120)] * 6 + [track(121)] * 6))
    assert both == ones("ta_3", "track", n_full=12)


@pytest.mark.parametrize("apart", range(36))
def test_opening_angles_of_full_tracks(apart):
    """Windows of the description, first half cells of two bins."""
    windows = {
        "cdc_b2b3": (17, 19),
        "cdc_b2b5": (16, 20),
        "cdc_b2b7": (15, 21),
        "cdc_b2b9": (14, 22),
        "cdc_open90": (9, 27),
        "f2f30": (3, 33),
    }
    names = [name for name, (low, high) in windows.items() if low <= apart <= high]
    event = Event(tracks=[track(first_half_cell(30)), track(first_half_cell((30 + apart) % 36))])
    assert nonzero(event) == ones("ta_1", "track", *names, n_full=2)


@pytest.mark.parametrize(("half_cell", "opens"), [(79, False), (80, True)])
def test_bins_change_at_multiples_of_ten_degree(half_cell, opens):
    """89 and 90 degree against 0: bins 8 and 9."""
    assert ("cdc_open90" in nonzero(Event(tracks=[track(0), track(half_cell)]))) is opens


def test_short_track():
    assert nonzero(Event(segments=STRAIGHT)) == SHORT | ones("ta_0")
    assert nonzero(Event(segments=FORWARD)) == SHORT_FORWARD


@pytest.mark.parametrize("lacking", range(5))
def test_short_track_needs_every_superlayer(lacking):
    sectors: list[int | None] = [10] * 5
    sectors[lacking] = None
    inner = ones("ti", "n_inner", inner_map_0=1 << 10) if lacking > 2 else {}
    assert nonzero(Event(segments=segments(*sectors))) == inner


@pytest.mark.parametrize("unused", [(0, -2, 0, 0), (2, -1, 0, 4)])
def test_unused_patterns_find_nothing(unused):
    """Patterns 4 and 134."""
    sl0, sl1, sl3, sl4 = (30 + shift for shift in unused)
    assert "n_short" not in nonzero(Event(segments=segments(sl0, sl1, 30, sl3, sl4)))


def test_neighbouring_short_tracks_are_one_also_across_zero():
    assert nonzero(Event(segments=STRAIGHT + segments(11, 11, 11, 11, 11)))["n_short"] == 1
    assert nonzero(Event(segments=segments(63, 63, 63, 63, 63) + segments(0, 0, 0, 0, 0)))["n_short"] == 1
    assert nonzero(Event(segments=STRAIGHT + segments(12, 12, 12, 12, 12)))["n_short"] == 2


def test_inner_track_ranges():
    """SL1 up to four sectors below, SL2 up to two on either side."""
    for sl1, sl2, found in ((6, 10, True), (5, 10, False), (10, 12, True), (11, 10, False), (10, 8, True), (10, 13, False)):
        assert ("ti" in nonzero(Event(segments=segments(10, sl1, sl2)))) is found, (sl1, sl2)


@pytest.mark.parametrize(
    ("sector", "omega", "found"),
    [
        *[(9, 0, False), (8, 0, True), (11, 0, False), (12, 0, True)],
        *[(12, 12, False), (13, 12, True), (9, 12, False), (8, 12, True)],
        *[(12, -12, True), (11, -12, False), (8, -12, False), (7, -12, True)],
        *[(16, 33, False), (17, 33, True), (8, 33, False), (7, 33, True)],
        *[(10, -33, False), (11, -33, True), (4, -33, False), (3, -33, True)],
    ],
)
def test_veto_around_full_tracks(sector, omega, found):
    """Pattern in sector 10; straight: -1..1 around the track, curvature 12: -2..1, -12: -1..2, 33: -6..2, -33: 0..6."""
    event = Event(segments=STRAIGHT, tracks=[track(5 * sector, omega)])
    answer = nonzero(event)
    assert ("ts_0" in answer) is found
    assert answer["n_inner"] == 1, "inner tracks have no veto"


def test_short_and_full_tracks_apart():
    """Bins 5 and 6 against bin 24: 19 and 18. Bin 9 is 4 and 3 away, bin 15: 10 and 9, bin 22: 17 and 16."""
    common = SHORT | ones("ta_1", "n_full")
    names = {24: ("s2f3", "s2f5", "s2fo", "s2f30", "i2fo"), 22: ("s2f3", "s2f5", "s2fo", "s2f30", "i2fo")}
    names |= {21: ("s2f5", "s2fo", "s2f30", "i2fo"), 15: ("s2fo", "s2f30", "i2fo"), 9: ("s2f30",)}
    for number, expected in names.items():
        event = Event(segments=STRAIGHT, tracks=[track(first_half_cell(number))])
        assert nonzero(event) == common | ones(*expected), number


def test_two_short_tracks_apart():
    """Sectors 10 and 42: bins 5, 6 and 23, 24. Sectors 10 and 16: bins 5, 6 and 9. Sectors 10 and 26: bins 5, 6 and 14, 15."""
    for sector, expected in (
        (42, ("s2s3", "s2s5", "s2so", "s2s30", "i2io", "itsfb2b")),
        (26, ("s2so", "s2s30", "i2io")),
        (16, ("s2s30",)),
    ):
        bit = {f"{name}_{sector // 32}": 1 << sector % 32 for name in ("short_map", "inner_map")}
        bits = {name: SHORT.get(name, 0) + bit.get(name, 0) for name in {*bit, "short_map_0", "inner_map_0"}}
        event = Event(segments=STRAIGHT + segments(*[sector] * 5))
        assert nonzero(event) == ones("ts_1", "ta_1", "ti", "bwd_s", "track", *expected, n_short=2, n_inner=2) | bits


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


def test_what_is_not_modelled_stays_zero():
    rng = np.random.default_rng(4)
    everything = Event(
        segments=range(992),
        tracks=[track(k, int(rng.integers(-33, 34)), 0) for k in range(0, 320, 7)],
        clusters=[(cell(10, phi_id), 3000) for phi_id in (1, 5, 9, 19, 25, 30)],
        klm=range(24),
        bhabha=True,
    )
    found = nonzero(everything)
    for one in NOT_MODELLED:
        assert not [name for name in found if name.rpartition("_")[0] == one.name or name == one.name.removeprefix("grl_")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"klm_fired": np.full((1, 24), 2)}, "klm_fired, event 0: must be 0 or 1, not 2"),
        ({"klm_fired": np.zeros((1, 23), int)}, r"must be integers of shape \(n, 24\)"),
        ({"klm_fired": np.zeros((2, 24), int)}, "rows"),
        ({"ecl_cluster_tc": np.full((1, 6), 1024)}, "ecl_cluster_tc, event 0"),
        ({"track_phi_raw": np.array([320])}, "track_phi_raw, event 0: must be 0..319, not 320"),
        ({"track_omega_raw": np.array([34])}, "track_omega_raw, event 0: must be -33..33, not 34"),
        ({"cdc_ts_id": np.array([2336])}, "cdc_ts_id"),
    ],
)
def test_bad_input(change, message):
    good = dict(arguments([Event(segments=[1], tracks=[track(0)])]))
    with pytest.raises(InputError, match=message):
        GrlTrigger().run(**(good | change))


def test_cell_beyond_the_last_one_is_refused():
    good = dict(arguments([Event()]))
    with pytest.raises(InputError, match="ecl_cluster_tc, event 0: must be 0..576, not 577"):
        GrlTrigger().run(**(good | {"ecl_cluster_tc": np.full((1, 6), 577)}))


def test_optional_inputs_are_empty_ones():
    event = Event(segments=STRAIGHT, tracks=[track(0)])
    given = arguments([event])
    short = {name: given[name] for name in ("cdc_offsets", "cdc_ts_id", "track_offsets", "track_phi_raw", "track_omega_raw")}
    with_all, without = GrlTrigger().run(**given).arrays(), GrlTrigger().run(**short).arrays()
    for name in with_all:
        assert np.array_equal(with_all[name], without[name]), name
