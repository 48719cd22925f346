"""Reconstructed objects: resolutions as stated, acceptances, and the same event from the same stream."""

import numpy as np
import pytest

from sim.offline.reco import Reconstruction, layers_crossed, nothing, reconstruct
from trigger.events import validate
from trigger.geometry.beams import Y4S_BEAMS, boost_to_cm

RECO = Reconstruction()


def particles(pdg, p, theta_deg, phi=0.4, n=1, vertex=(0.0, 0.0, 0.0)):
    """n events with one particle each."""
    mass = {13: 0.1056583755, 211: 0.13957, 11: 0.000511}.get(abs(pdg), 0.0)
    theta = np.radians(theta_deg)
    direction = (np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta))
    momentum = {f"true_particle_p{axis}": np.full(n, p * d) for axis, d in zip("xyz", direction, strict=True)}
    place = {f"true_particle_v{axis}": np.full(n, v) for axis, v in zip("xyz", vertex, strict=True)}
    return {
        "true_particle_offsets": np.arange(n + 1, dtype=np.int64),
        "true_particle_pdg": np.full(n, pdg, np.int32),
        "true_particle_e": np.full(n, np.hypot(p, mass)),
        "true_particle_t": np.zeros(n),
        "true_particle_ecl_e": np.full(n, 0.2),
        **momentum,
        **place,
    }


def run(arrays, seed=1):
    return reconstruct(arrays, np.random.default_rng(seed))


@pytest.mark.parametrize("energy", [0.1, 1.0, 5.0])
def test_photon_resolution_is_the_stated_one(energy):
    n = 20_000
    off = run(particles(22, energy, 80.0, n=n))
    expected = np.sqrt((0.00066 / energy) ** 2 + (0.0081 / energy**0.25) ** 2 + 0.0134**2)
    assert off["off_photon_e"].size == n
    assert abs(off["off_photon_e"].std() / (energy * expected) - 1) < 5 / np.sqrt(2 * n)
    assert abs(off["off_photon_e"].mean() / energy - 1) < 5 * expected / np.sqrt(n)
    assert abs(off["off_photon_theta"].std() / (0.5 / np.sqrt(energy) / 134.0) - 1) < 5 / np.sqrt(2 * n)
    assert abs(off["off_photon_time"].std() / (1.79 / energy) - 1) < 5 / np.sqrt(2 * n)
    assert off["off_track_px"].size == 0


def test_cm_energy_is_the_boost_of_what_was_measured():
    off = run(particles(22, 2.0, 60.0, n=50))
    e, theta, phi = (off[f"off_photon_{name}"] for name in ("e", "theta", "phi"))
    direction = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1)
    assert np.array_equal(off["off_photon_estar"], boost_to_cm(e, e[:, None] * direction, Y4S_BEAMS)[0])


@pytest.mark.parametrize(("theta", "seen"), [(12.3, 0), (12.5, 1), (31.8, 0), (32.3, 1), (129.0, 0), (131.0, 1), (155.2, 0)])
def test_photon_acceptance_and_gaps(theta, seen):
    assert run(particles(22, 1.0, theta))["off_photon_e"].size == seen


def test_muon_resolution_and_identification():
    n = 20_000
    off = run(particles(-13, 3.0, 70.0, n=n))
    found = off["off_track_px"].size
    assert abs(found / n - RECO.track_efficiency) < 5 * np.sqrt(0.01 / n)
    pt = np.hypot(off["off_track_px"], off["off_track_py"])
    true_pt = 3.0 * np.sin(np.radians(70.0))
    beta = 3.0 / np.hypot(3.0, 0.1056583755)
    expected = np.hypot(0.001 * true_pt, 0.003 / beta)
    assert abs(pt.std() / (true_pt * expected) - 1) < 5 / np.sqrt(2 * n)
    assert abs(off["off_track_is_muon"].mean() - RECO.muon_efficiency) < 5 * np.sqrt(0.09 / n)
    assert set(off["off_track_charge"]) == {1}
    assert np.all(off["off_track_e_cluster"] == 0.2)
    assert abs(off["off_track_dr"].std() / RECO.track_dr_cm - 1) < 5 / np.sqrt(2 * n)
    assert off["off_photon_e"].size == 0


@pytest.mark.parametrize(
    ("pdg", "p", "theta", "fraction"),
    [(13, 0.6, 70, 0.0), (13, 2.0, 20, 0.0), (211, 2.0, 70, RECO.muon_fake), (11, 2.0, 70, 0.0)],
)
def test_muon_identification_needs_the_klm(pdg, p, theta, fraction):
    off = run(particles(pdg, p, theta, n=20_000))
    assert abs(off["off_track_is_muon"].mean() - fraction) <= 5 * np.sqrt(fraction / 20_000)


@pytest.mark.parametrize(("p", "theta"), [(2.0, 16.9), (2.0, 150.1), (0.09, 90.0)])
def test_tracks_outside_the_chamber_are_not_found(p, theta):
    assert run(particles(13, p, theta, n=100))["off_track_px"].size == 0


def test_neutral_particles_leave_no_track_and_neutrinos_nothing():
    off = run(particles(14, 2.0, 90.0, n=10))
    assert off["off_track_px"].size == 0
    assert off["off_photon_e"].size == 0


def test_displaced_track_keeps_its_impact_parameters():
    off = run(particles(13, 2.0, 90.0, phi=0.0, n=2000, vertex=(5.0, 1.0, 2.0)))
    assert abs(off["off_track_dr"].mean() - 1.0) < 1e-3
    assert abs(off["off_track_dz"].mean() - 2.0) < 1e-3 + 5.0 * RECO.track_angle
    # at 45 degrees the track left the axis 5 cm before and 5 cm below its vertex
    inclined = run(particles(13, 2.0, 45.0, phi=0.0, n=2000, vertex=(5.0, 1.0, 2.0)))
    assert abs(inclined["off_track_dz"].mean() + 3.0) < 5.0 * RECO.track_angle


@pytest.mark.parametrize(
    ("field", "pdg", "fraction"),
    [
        ("is_electron", 11, RECO.electron_efficiency),
        ("is_electron", 211, RECO.electron_fake),
        ("is_kaon", -321, RECO.kaon_efficiency),
        ("is_kaon", 211, RECO.kaon_fake),
    ],
)
def test_identification_has_the_stated_chances(field, pdg, fraction):
    n = 20_000
    off = run(particles(pdg, 2.0, 70.0, n=n))
    assert abs(off[f"off_track_{field}"].mean() - fraction) < 5 * np.sqrt(fraction * (1 - fraction) / n)


@pytest.mark.parametrize(
    ("place", "p", "theta", "crossed"),
    [
        ((0, 0, 0), 3.0, 90, 56),  # 56 layers at 90 degrees (CDC.xml)
        ((0, 0, 0), 3.0, 30, 43),  # the spec's numbers for a straight track from the origin, within two layers
        ((0, 0, 0), 3.0, 140, 22),
        ((60.0, 0, 0), 3.0, 90, 30),  # five superlayers of six layers begin beyond 60 cm
        ((0, 0, 0), 0.1125, 90, 22),  # bends back at 50 cm, inside the fourth superlayer: 8 + 6 + 6 + 2
        ((120.0, 0, 0), 3.0, 90, 0),
    ],
)
def test_crossed_layers_of_the_chamber(place, p, theta, crossed):
    angle = np.radians(theta)
    momentum = p * np.array([[np.sin(angle), 0.0, np.cos(angle)]])
    assert abs(layers_crossed(np.array([place], float), momentum)[0] - crossed) <= 2


def test_tracks_from_outside_the_chamber_are_not_found_and_origins_are_fitted():
    assert run(particles(13, 2.0, 90.0, phi=0.0, n=50, vertex=(100.0, 0.0, 0.0)))["off_track_px"].size == 0
    for radius, sigma in ((5.0, RECO.vertex_cm[0]), (30.0, RECO.vertex_cm[1])):
        off = run(particles(13, 2.0, 90.0, phi=0.0, n=5000, vertex=(radius, 0.0, 1.0)))
        assert abs(off["off_track_vx"].mean() - radius) < 5 * sigma / np.sqrt(5000)
        assert abs(off["off_track_vz"].std() / sigma - 1) < 5 / np.sqrt(2 * 5000)


def test_photons_of_displaced_decays_are_seen_from_the_origin():
    """At 90 degrees from 40 cm up the beam line: the shower is 40 cm up at 134 cm. Behind the shower maximum nothing is seen."""
    off = run(particles(22, 2.0, 90.0, phi=0.0, n=2000, vertex=(0.0, 0.0, 40.0)))
    assert abs(off["off_photon_theta"].mean() - np.arctan2(134.0, 40.0)) < 5 * 0.003 / np.sqrt(2000)
    later = (134.0 - np.hypot(134.0, 40.0)) / 29.9792458
    assert abs(off["off_photon_time"].mean() - later) < 5 * 1.79 / 2 / np.sqrt(2000)
    assert run(particles(22, 2.0, 90.0, phi=0.0, n=10, vertex=(140.0, 0.0, 0.0)))["off_photon_e"].size == 0


def test_klm_clusters_of_neutrals():
    """A photon that left nothing in the crystals, one that left all, a K_L; tracks make none."""
    missed = particles(22, 4.0, 90.0, phi=0.1, n=500) | {"true_particle_ecl_e": np.zeros(500)}
    off = run(missed)
    assert off["off_klm_theta"].size > 450
    assert abs(np.degrees(off["off_klm_theta"]).mean() - 90.0) < 5 * np.degrees(RECO.klm_angle) / np.sqrt(450)
    assert run(missed | {"true_particle_ecl_e": np.full(500, 4.0)})["off_klm_theta"].size == 0
    neutral = run(particles(130, 1.0, 90.0, n=20_000))
    assert abs(neutral["off_klm_theta"].size / 20_000 - RECO.klm_hadron_efficiency) < 5 * np.sqrt(0.24 / 20_000)
    assert run(particles(13, 2.0, 90.0, n=100))["off_klm_theta"].size == 0


def test_nothing_has_the_fields_of_an_empty_event():
    made = run(
        {name: values[:0] for name, values in particles(22, 1.0, 80.0).items()} | {"true_particle_offsets": np.zeros(4, int)}
    )
    empty = nothing(3)
    assert set(made) == set(empty)
    for name, values in made.items():
        assert values.shape == empty[name].shape


def test_same_stream_same_event_and_valid_fields():
    arrays = particles(22, 1.0, 80.0, n=7)
    first, again, other = run(arrays), run(arrays), run(arrays, seed=2)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["off_photon_e"], other["off_photon_e"])
    numbered = {"event": np.arange(7), "experiment": np.zeros(7, np.int32), "run": np.zeros(7, np.int32)}
    validate({**numbered, "weight": np.ones(7), **first}, "reco")


def test_no_particles():
    arrays = {name: values[:0] for name, values in particles(22, 1.0, 80.0).items()}
    arrays["true_particle_offsets"] = np.zeros(4, np.int64)
    off = run(arrays)
    assert off["off_photon_offsets"].tolist() == [0, 0, 0, 0]
    assert off["off_track_offsets"].tolist() == [0, 0, 0, 0]
