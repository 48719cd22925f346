"""Photons that the crystals miss, in the KLM: the profile of a cascade, which layers are hit, and what the trigger sees."""

import numpy as np
import pytest
from scipy.integrate import quad

from sim.detector.klm import KlmResponse, respond_klm
from sim.detector.klm.photons import IRON_CRITICAL_GEV, LEAST_LOST, charged_particles, photon_hits
from sim.generators.particles import from_table

RNG_SEED = 5


def directions(theta_deg, n):
    theta, phi = np.radians(theta_deg), np.linspace(0.05, 6.2, n)
    return np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.full(n, np.cos(theta))], axis=1)


def layers(theta_deg, energy, lost_share=1.0, n=400, config=None):
    energies = np.full(n, float(energy))
    hits = photon_hits(
        np.zeros((n, 3)),
        directions(theta_deg, n),
        energies,
        lost_share * energies,
        np.random.default_rng(RNG_SEED),
        config or KlmResponse(),
    )
    return np.bincount(hits.row, minlength=n)


@pytest.mark.parametrize("energy", [0.2, 1.0, 5.0])
def test_cascade_loses_its_energy_and_peaks_where_it_should(energy):
    """All charged particles together lose the energy of the photon; Rossi's maximum is at ln(E / Ec) + 0.5 radiation lengths."""
    total, _ = quad(lambda t: float(charged_particles(np.array([energy]), np.array([t]))[0]), 0.0, 80.0)
    assert total * IRON_CRITICAL_GEV == pytest.approx(energy, rel=1e-4)
    depth = np.linspace(0.01, 30.0, 3000)
    number = charged_particles(np.full(depth.size, energy), depth)
    assert depth[number.argmax()] == pytest.approx(np.log(energy / IRON_CRITICAL_GEV) + 0.5, abs=0.02)
    assert charged_particles(np.array([0.0, energy]), np.array([3.0, 0.0])).tolist() == [0.0, 0.0]


def test_hard_photons_hit_more_layers_and_contained_ones_none():
    soft, hard = layers(90.0, 0.3), layers(90.0, 5.0)
    assert soft.mean() < hard.mean() < 12
    assert (hard >= 2).mean() > 0.9
    assert not layers(90.0, 5.0, lost_share=LEAST_LOST - 0.01).any()
    assert not layers(3.0, 5.0).any()


def test_no_efficiency_no_hits():
    blind = KlmResponse(rpc_efficiency=0.0, scintillator_efficiency=0.0)
    assert not layers(90.0, 5.0, config=blind).any()


def test_hits_reach_the_event_with_and_without_strips():
    """One photon of 4 GeV in the forward gap: hits only if the crystals missed it; the layers are the same with strips."""
    n = 60
    four = 4.0 * np.concatenate([np.ones((1, n)), directions(31.8, n).T])
    photons = from_table((22,), four[:, None], np.zeros((3, n)))
    lost, kept = np.zeros(n), np.full(n, 4.0)
    run = [respond_klm(photons, np.random.default_rng(1), config, lost) for config in (KlmResponse(), KlmResponse(strips=True))]
    assert (np.diff(run[0]["klm_offsets"]) >= 2).mean() > 0.8
    assert set(run[1]) - set(run[0]) == {"klm_plane", "klm_strip"}
    with_strips = {tuple(x) for x in zip(*_layers_of(run[1]), strict=True)}
    assert with_strips <= {tuple(x) for x in zip(*_layers_of(run[0]), strict=True)}
    assert len(with_strips) > 0.8 * len(run[0]["klm_layer"])
    for other in (kept, None):
        assert respond_klm(photons, np.random.default_rng(1), KlmResponse(), other)["klm_layer"].size == 0


def _layers_of(fields):
    event = np.repeat(np.arange(len(fields["klm_offsets"]) - 1), np.diff(fields["klm_offsets"]))
    return event, fields["klm_section"], fields["klm_sector"], fields["klm_layer"]
