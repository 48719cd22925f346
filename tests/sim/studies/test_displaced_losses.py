"""Losses of the displaced-vertex trigger: helices by hand, what stages count, the true crossing in the scan."""

import numpy as np
import pytest

from sim.generators.long_lived import LongLivedGun
from sim.generators.particles import from_table
from sim.studies.counting import Job
from sim.studies.displaced_losses import STAGES, Helix, count_losses, crossed_in_scan, helix, loss_samples
from trigger.displaced.grid import crossing_sine
from trigger.geometry.cdc import PT_RADIUS_GEV_PER_CM

RADIUS_CM = 100.0
PT_GEV = RADIUS_CM * PT_RADIUS_GEV_PER_CM


def particles(pdg, momentum, place):
    """One particle per event; momentum: transverse, GeV; place: x, y in cm."""
    four = np.array([[np.hypot(np.hypot(*p), 0.105658), *p, 0.0] for p in momentum]).T
    return from_table((pdg,), four[:, None], np.array([(*at, 0.0) for at in place]).T)


def test_helices_by_hand():
    """A mu- turns left with a radius of 100 cm. At its perigee, 10 cm from the axis, which is on its right or on its left: kappa =
    0.01, d = 10 or -10, F = kappa / (1 + kappa d), E = d (1 + kappa d / 2) / (1 + kappa d)."""
    found = helix(particles(13, [(PT_GEV, 0.0)] * 2, [(0.0, 10.0), (0.0, -10.0)]))
    assert found.bend == pytest.approx([0.01 / 1.1, 0.01 / 0.9])
    assert found.impact == pytest.approx([10 * 1.05 / 1.1, -10 * 0.95 / 0.9])
    assert np.sin(found.phi0) == pytest.approx(0, abs=1e-6)
    assert found.radius == pytest.approx(10)


def test_positive_particles_turn_right():
    minus, plus = (helix(particles(pdg, [(PT_GEV, 0.0)], [(0.0, 10.0 * side)])) for pdg, side in ((13, 1), (-13, -1)))
    assert plus.bend == pytest.approx(-minus.bend)
    assert plus.impact == pytest.approx(-minus.impact)


def test_outward_is_away_from_the_axis():
    found = helix(particles(13, [(PT_GEV, 0.0), (-PT_GEV, 0.0)], [(5.0, 1.0)] * 2))
    assert found.outward.tolist() == [True, False]


def test_a_track_passes_where_it_starts():
    """phi0 from the start leads back to it: r sin(phi - phi0) = F r^2 / 2 + E."""
    found = helix(particles(13, [(PT_GEV, 0.3)], [(12.0, 9.0)]))
    sine = crossing_sine(found.bend, found.impact, found.radius)
    assert np.sin(np.arctan2(9.0, 12.0) - found.phi0) == pytest.approx(sine)


def straight(radius_cm, angles_deg):
    """Two nearly straight tracks from a point on the x axis."""
    phi = np.radians(angles_deg)
    bend = np.zeros(2)
    return Helix(bend=bend, impact=-radius_cm * np.sin(phi), phi0=phi, radius=np.full(2, radius_cm), outward=np.array([True, True]))


@pytest.mark.parametrize(
    ("radius_cm", "angles_deg", "seen"), [(11.0, (20, -30), True), (11.0, (80, -30), False), (3.0, (5, -5), True)]
)
def test_scan_sees_a_crossing_where_both_tracks_reach_the_radius_before(radius_cm, angles_deg, seen):
    """The scan has every second cm. A track at 80 degrees to the radius comes no nearer than 10.83 cm, so it is not at 10 cm."""
    assert crossed_in_scan(straight(radius_cm, angles_deg)).tolist() == [seen]


def test_stages_lose_pairs_of_large_mass_where_one_daughter_starts_inward():
    (sample,) = (sample for sample in loss_samples(300) if sample.mass_gev == 3.0)
    gun = LongLivedGun(range_gev=(1.0, 4.0), flat_radius_cm=(0.0, 50.0))
    found = count_losses(sample, Job(sample=sample.name, block=0, events=300), 1, gun)
    left = dict(zip(STAGES, found["stages"].tolist(), strict=True))
    assert left[STAGES[0]] > 50
    assert left["both daughters start outward"] < 0.75 * left["four of these segments are there"]
    assert left["both have a track: fit and line in z, without cuts"] > 0.9 * left["both daughters start outward"]
    assert 0 < left[STAGES[-1]] <= found["vertices"][1] <= found["vertices"][0]
