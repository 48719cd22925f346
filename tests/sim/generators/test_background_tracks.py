"""Correlated background: mixture in z by hand, multiplicities, charges, and laid over other events."""

import numpy as np
import pytest

from sim.generators.background_tracks import BackgroundTracks, with_background
from sim.generators.guns import ParticleGun
from sim.generators.particles import merge

N = 40_000


def stream(seed=3):
    return np.random.Generator(np.random.Philox(seed))


@pytest.fixture(scope="module")
def events():
    return BackgroundTracks().generate(N, stream())


def test_mixture_in_z(events):
    """0.55 N(0, 1.5) + 0.15 N(55, 4) + 0.30 flat in +-60 cm: |z| < 4.5 has 0.55 * 0.9973 + 0.3 * 9 / 120 = 0.571."""
    z = events.vz[events.offsets[:-1]]
    assert (np.abs(z) < 4.5).mean() == pytest.approx(0.571, abs=0.01)
    # 47..63 cm: 0.15 * 0.9545 + 0.3 * 13 / 120 = 0.1757.
    assert ((z > 47) & (z < 63)).mean() == pytest.approx(0.1757, abs=0.008)
    assert (z < -60).sum() == 0


def test_tracks_of_an_event_share_their_vertex(events):
    counts = np.diff(events.offsets)
    assert set(counts) == {1, 2}
    pair = events.offsets[:-1][counts == 2]
    for column in (events.vx, events.vy, events.vz):
        assert (column[pair] == column[pair + 1]).all()


def test_momenta_and_species(events):
    pt = np.hypot(events.px, events.py)
    assert pt.min() >= 0.15
    assert pt.mean() == pytest.approx(0.4, abs=0.01)
    assert (events.pdg == 2212).mean() == pytest.approx(0.5, abs=0.01)
    assert (events.pdg == -211).mean() == pytest.approx(0.25, abs=0.01)
    theta = np.rad2deg(np.arctan2(pt, events.pz))
    assert theta.min() > 17
    assert theta.max() < 150


def test_laid_over_other_events():
    muons = ParticleGun().generate(500, stream(1))
    both = with_background(muons, BackgroundTracks(), 0.7, stream(2))
    first = both.offsets[:-1]
    assert (both.px[first] == muons.px).all()
    assert (both.weight == muons.weight).all()
    extra = np.diff(both.offsets) - 1
    assert extra.mean() == pytest.approx(0.7 * 1.5, rel=0.15)
    assert with_background(muons, BackgroundTracks(), 0.0, stream(2)) == muons


def test_same_seed_same_events(events):
    assert BackgroundTracks().generate(N, stream()) == events
    assert BackgroundTracks().generate(N, stream(4)) != events


def test_merge_needs_equal_numbers_of_events(events):
    with pytest.raises(ValueError, match="same number of events, not 40000 and 3"):
        merge(events, events.first(3))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"peak": (0.9, 0.0, 1.0)}, "shares of peak and hump"),
        ({"flat_cm": (10.0, -10.0)}, "flat_cm"),
        ({"pt_mean_gev": 0.0}, "must be positive"),
        ({"multiplicity": (0, 1)}, "range from 1"),
        ({"proton_share": 1.5}, "proton_share"),
    ],
)
def test_impossible_choices_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        BackgroundTracks(**change)
    with pytest.raises(ValueError, match="mean_events"):
        with_background(ParticleGun().generate(1, stream()), BackgroundTracks(), -1.0, stream())


def test_a_gun_makes_single_events_of_both_charges():
    assert {int(ParticleGun().generate(1, stream(seed)).pdg[0]) for seed in range(20)} == {13, -13}
