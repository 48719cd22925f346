"""Features of vertices: a hand-worked one, shares against real division, cuts of the range, the order of the tracks."""

import numpy as np
import pytest

from trigger.cdc.neuro.formats import NODE_ONE
from trigger.displaced import features
from trigger.displaced.features import BEND_BITS, FEATURES, SHARE_BITS, share, share_table
from trigger.displaced.formats import CROSSING
from trigger.displaced.tracks import make_tracks

NAMES = [feature.name for feature in FEATURES]
ONE_CM = {"impact": 128, "depth": 8}
HALF = 1 << (CROSSING.fraction - 1)


def list_of(*tracks):
    """A list of tracks: bend, impact, slope, chi2, time, axial segments, stereo superlayers."""
    made = make_tracks(len(tracks), 1)
    for place, (bend, impact, slope, chi2, time, n_axial, n_stereo) in enumerate(tracks):
        made.values[place, :2] = bend, impact
        made.lines[place, 1] = slope
        made.chi2[place], made.times[place], made.n_stereo[place] = chi2, time, n_stereo
        made.chosen[place] = np.where(np.arange(5) < n_axial, 3, -1)
    return made


def filled(tracks, radius, depths, sines, cosines, order=(0, 1)):
    out = np.zeros(len(FEATURES), np.int16)
    features.fill(tracks, *order, radius, depths, sines, cosines, out)
    return dict(zip(NAMES, out.tolist(), strict=True))


TRACKS = list_of((-1000, -2 * 128, 32, 40, 10, 5, 4), (1000, 4 * 128, 96, 8, 26, 4, 3))


def test_hand_worked_vertex():
    """20 cm from the axis; equal bends, so that both count by half: a mean slope of 1 climbs 20 cm, 1 cm more than the vertex."""
    found = filled(TRACKS, 160, (20 * 8, 18 * 8), (HALF, -HALF // 2), (3000, 4000))
    assert found == {
        "radius": 160 * 8,
        "apart": 16 * 16,
        "depth": 304 * 2,
        "outward_low": 256 * 2,
        "outward_high": 512,
        "bend_high": 1000,
        "bend_low": 1000,
        "same_sign": 0,
        "chi2_high": 40 << FEATURES[8].shift,
        "chi2_low": 8 << FEATURES[9].shift,
        "time": 16 * 64,
        "across": HALF // 4 * 4,
        "along": 3500,
        "miss": 8 * 16,
        "opening": (HALF + HALF // 2) // 2,
        "missing": 2 * 1024,
    }


def test_order_of_the_tracks_does_not_matter():
    one = filled(TRACKS, 160, (100, -60), (700, -300), (3000, 4000))
    assert one == filled(TRACKS, 160, (-60, 100), (-300, 700), (4000, 3000), order=(1, 0))


def test_stiff_track_counts_more():
    """Bends of 3 to 1: three quarters of the momentum are the second track's."""
    tracks = list_of((3072, 0, 0, 0, 0, 5, 4), (1024, 0, 64, 0, 0, 5, 4))
    found = filled(tracks, 80, (0, 0), (0, HALF // 4), (4000, 2000))
    assert found["along"] == pytest.approx(2500, abs=8)
    assert found["across"] == pytest.approx(HALF // 4 * 3 / 4 * 4, abs=16)
    assert found["miss"] == pytest.approx(60 * 16, abs=16)
    assert (found["bend_high"], found["bend_low"]) == (3072, 1024)


def test_impact_counts_to_the_side_of_the_bend():
    tracks = list_of((-5, 300, 0, 0, 0, 5, 4), (5, -200, 0, 0, 0, 5, 4))
    found = filled(tracks, 80, (0, 0), (0, 0), (0, 0))
    assert (found["outward_low"], found["outward_high"]) == (-600, -200)
    assert filled(list_of((0, 300, 0, 0, 0, 5, 4), (0, 200, 0, 0, 0, 5, 4)), 80, (0, 0), (0, 0), (0, 0))["same_sign"] == NODE_ONE


def test_everything_is_cut_to_one():
    tracks = list_of((8191, -8191, 255, 1 << 17, -4, 0, 0), (-8191, -8191, -255, 1 << 17, 9000, 0, 0))
    found = filled(tracks, 400, (2047, 2047), (4095, -4095), (-4095, -4095))
    assert max(found.values()) == NODE_ONE
    assert min(found.values()) == -NODE_ONE
    assert found["along"] == 0
    assert found["missing"] == NODE_ONE


def test_shares_are_those_of_the_momenta():
    """Within the bits that are looked at; a straight pair is shared equally."""
    rng = np.random.default_rng(5)
    high = rng.integers(1, 1 << BEND_BITS, 3000)
    low = (high * rng.random(3000)).astype(int)
    got = np.array([share(h, k) for h, k in zip(high.tolist(), low.tolist(), strict=True)]) / (1 << SHARE_BITS)
    wide = high >= 64
    assert np.abs(got - high / (high + low))[wide].max() < 0.016
    assert share(0, 0) == 1 << (SHARE_BITS - 1)
    assert share_table().max() < 1 << SHARE_BITS, "the table's entries have SHARE_BITS bits"
    rows, columns = np.nonzero(np.arange(32, 64)[:, None] >= np.arange(64))
    assert share_table()[rows, columns].min() == 1 << (SHARE_BITS - 1), "the stiffer track has at least a half"
