"""Hand-worked events: counts and opening angles of full, short and inner tracks, the veto. What is not named is 0."""

import pytest
from by_hand import FORWARD, SHORT, SHORT_FORWARD, STRAIGHT, first_half_cell, nonzero, ones, segments, track
from slow_grl import Event


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


def test_the_first_pattern_of_a_sector_says_where_it_points():
    """Patterns 0 and 7 fit sector 20: backward, as pattern 0 alone."""
    answer = nonzero(Event(segments=FORWARD + segments(None, 20, None, 20, None)))
    assert answer["bwd_s"] == answer["n_short"] == 1
    assert "fwd_s" not in answer


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
    assert nonzero(Event(segments=range(992)))["n_short"] == 1, "all the way around"


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
