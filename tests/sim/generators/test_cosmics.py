"""Cosmic muons: the flux at sea level, lines through the chamber, and both arms of a track."""

import numpy as np
import pytest

from sim.detector.cdc import CdcResponse, respond_cdc
from sim.generators.cosmics import ENTRY_RADIUS_CM, Cosmics, intensity
from trigger.geometry.cdc import layers

N = 20_000


def stream(seed=3):
    return np.random.Generator(np.random.Philox(seed))


@pytest.fixture(scope="module")
def muons():
    return Cosmics().generate(N, stream())


def test_hand_worked_intensity():
    """100 GeV, vertical: cos* = 1, 0.14 (103.64)^-2.7 [1 / 1.95652 + 0.054 / 1.12941] = 2.820e-7."""
    assert intensity(np.array(100.0), np.array(1.0)) == pytest.approx(
        0.14 * 103.64**-2.7 * (1 / 1.956522 + 0.054 / 1.129412), rel=1e-6
    )


def test_rate_is_about_one_per_square_centimetre_and_minute():
    """Source: common knowledge of sea-level muons (about 130 to 180 Hz per square metre; above 1 GeV some less)."""
    assert 80 < Cosmics().plane_rate_hz_per_m2() < 180
    assert Cosmics(overburden=0.5).plane_rate_hz_per_m2() == pytest.approx(0.5 * Cosmics().plane_rate_hz_per_m2())


def test_lines_start_at_the_wall_and_cross(muons):
    assert np.hypot(muons.vx, muons.vy) == pytest.approx(np.full(N, ENTRY_RADIUS_CM))
    pt = np.hypot(muons.px, muons.py)
    distance = (muons.vx * muons.py - muons.vy * muons.px) / pt
    assert np.abs(distance).max() <= ENTRY_RADIUS_CM
    # Flat: the mean of |d0| is half the radius.
    assert np.abs(distance).mean() == pytest.approx(ENTRY_RADIUS_CM / 2, rel=0.02)
    assert (muons.vx * muons.px + muons.vy * muons.py < 0).all()
    assert (muons.py < 0).all()
    z = muons.vz - (muons.vx * muons.px + muons.vy * muons.py) / pt**2 * muons.pz
    assert z.min() > -100.001
    assert z.max() < 180.001


def test_spectrum_angles_charges_and_times(muons):
    positive = (muons.pdg == -13).mean()
    assert positive / (1 - positive) == pytest.approx(1.28, rel=0.05)
    assert muons.t.min() >= -500
    assert muons.t.max() < 500
    assert muons.energy.min() >= 1.0
    momentum = np.sqrt(muons.px**2 + muons.py**2 + muons.pz**2)
    cosine = -muons.py / momentum
    assert cosine.min() >= np.cos(np.deg2rad(75.0))
    # About cos^2 per solid angle, times the component across the beam line: mean of the cosine near 3/4.
    assert 0.7 < cosine.mean() < 0.82
    # Lines along the beam miss the chamber more often: without the component across it both would be equal.
    assert (muons.px**2 / momentum**2).mean() > 1.15 * (muons.pz**2 / momentum**2).mean()


def test_both_arms_of_a_track():
    """A vertical line through the axis crosses every layer twice, from the top to the bottom, later below."""
    muons = Cosmics(time_ns=(0.0, 0.001), zenith_deg=1.0, energy_gev=(50.0, 60.0), z_cm=(0.0, 10.0)).generate(40, stream())
    hits = respond_cdc(muons, stream(), CdcResponse(efficiency=1.0))
    layer = np.repeat(np.arange(56), layers().n_wires)[hits["wire_id"]]
    event = np.repeat(np.arange(40), np.diff(hits["wire_offsets"]))
    distance = np.abs((muons.vx * muons.py - muons.vy * muons.px) / np.hypot(muons.px, muons.py))
    reached = layers().radius_cm[None, :] > distance[:, None] + 1
    seen = np.zeros((40, 56), np.int64)
    np.add.at(seen, (event, layer), 1)
    assert (seen[reached] >= 2).mean() > 0.95
    assert (seen[:, :3][layers().radius_cm[None, :3] < distance[:, None] - 2] == 0).all()


def test_same_seed_same_events(muons):
    assert Cosmics().generate(N, stream()) == muons
    assert Cosmics().generate(0, stream()).n_events == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"energy_gev": (5.0, 1.0)}, "energy_gev"),
        ({"zenith_deg": 90.0}, "zenith_deg must be above 0"),
        ({"charge_ratio": 0.0}, "must be positive"),
    ],
)
def test_impossible_choices_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Cosmics(**change)


def test_rate_of_generated_lines_is_that_of_isotropic_flux():
    """Muons that cross a horizontal plane inside the lines' region, counted from the generated events, have the plane's rate."""
    cosmics = Cosmics()
    n = 200_000
    events = cosmics.generate(n, stream())
    # Where each line meets the plane y = 0; lines nearest to the beam line at z_cm pass it close to there.
    steps = -events.vy / events.py
    x, z = events.vx + steps * events.px, events.vz + steps * events.pz
    half_x, z_low, z_high = 40.0, 0.0, 80.0
    crossing = (np.abs(x) < half_x) & (z > z_low) & (z < z_high)
    area_m2 = 2 * half_x * (z_high - z_low) * 1e-4
    rate = crossing.mean() * cosmics.rate_hz()
    assert rate == pytest.approx(cosmics.plane_rate_hz_per_m2() * area_m2, rel=0.03)
