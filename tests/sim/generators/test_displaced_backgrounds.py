"""Backgrounds with displaced vertices: K_S and Lambda of Pythia, conversions and interactions in material."""

import numpy as np
import pytest
from scipy.stats import kstest

from sim.blocks import Stage, stream
from sim.generators.long_lived import K_SHORT_CTAU_CM, K_SHORT_MASS_GEV, LAMBDA_CTAU_CM, LAMBDA_MASS_GEV, NeutralStrangeGun
from sim.generators.material import MATERIAL, Cylinder, encounters, share_of_gun
from sim.generators.particles import Particles, concatenate, from_table
from sim.generators.photon_conversion import PhotonConversion, with_conversions
from sim.generators.pythia import StrangeQuarks
from sim.generators.secondary_interactions import SecondaryInteractions, with_interactions
from trigger.errors import InputError

LIGHT_CM_PER_NS = 29.9792458
LEAST_P = 1e-3
RADII_CM = np.array([cylinder.radius_cm for cylinder in MATERIAL])
THICK = Cylinder(name="thick", radius_cm=10.0, radiation_lengths=0.9, interaction_lengths=0.5)
CHARGES = {11: -1, -11: 1, 211: 1, -211: -1, 321: 1, -321: -1, 2212: 1, -2212: -1, 2112: 0, 22: 0}


def rng(seed=1):
    return np.random.Generator(np.random.Philox(seed))


def sums(particles: Particles) -> np.ndarray:
    event = particles.event_index()
    columns = (particles.energy, particles.px, particles.py, particles.pz)
    return np.stack([np.bincount(event, column, particles.n_events) for column in columns])


def mass_of(momenta: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(momenta[0] ** 2 - np.square(momenta[1:]).sum(axis=0), 0.0))


def photons(direction, vertex=(0.0, 0.0, 0.0), n=1) -> Particles:
    momentum = np.array(direction, float)
    table = np.repeat(np.concatenate([[np.linalg.norm(momentum)], momentum])[:, None, None], n, axis=2)
    return from_table((22,), table, np.repeat(np.array(vertex, float)[:, None], n, axis=1))


def pairs_of_one_vertex(particles: Particles, positive: int, negative: int) -> np.ndarray:
    """Rows (2, m) of neighbours of these codes that were born together, late and in one place."""
    first = np.flatnonzero(
        (particles.pdg[:-1] == positive)
        & (particles.pdg[1:] == negative)
        & (particles.t[:-1] > 0)
        & (particles.t[:-1] == particles.t[1:])
        & (particles.vx[:-1] == particles.vx[1:])
    )
    return np.stack([first, first + 1])


@pytest.fixture(scope="module")
def strange():
    return StrangeQuarks().generate(2500, stream(5, "s-s", Stage.GENERATE, 0))


@pytest.mark.parametrize(
    ("codes", "mass", "ctau_cm", "least"),
    [
        ((211, -211), K_SHORT_MASS_GEV, K_SHORT_CTAU_CM, 400),
        ((2212, -211), LAMBDA_MASS_GEV, LAMBDA_CTAU_CM, 60),
        ((-2212, 211), LAMBDA_MASS_GEV, LAMBDA_CTAU_CM, 60),
    ],
    ids=["K_S", "Lambda", "anti-Lambda"],
)
def test_pythia_decays_k_short_and_lambda_in_flight(strange, codes, mass, ctau_cm, least):
    """Pairs of the right mass at displaced vertices: exponential lifetimes of the Particle Data Group, inside the chamber, too.

    A Lambda of a Xi, whose flight it carries on, is told by not pointing back: a fifth of them.
    """
    rows = pairs_of_one_vertex(strange, *codes)
    columns = (strange.energy, strange.px, strange.py, strange.pz)
    momenta = np.stack([column[rows].sum(axis=0) for column in columns])
    start = np.stack([column[rows[0]] for column in (strange.vx, strange.vy, strange.vz)])
    missed_cm = np.linalg.norm(np.cross(start.T, momenta[1:].T), axis=1) / np.linalg.norm(momenta[1:], axis=0)
    own = (np.abs(mass_of(momenta) - mass) < 1e-4) & (missed_cm < 0.08)
    assert own.sum() > least
    lengths = LIGHT_CM_PER_NS * strange.t[rows[0, own]] * mass / momenta[0, own]
    assert kstest(lengths, "expon", args=(0.0, ctau_cm)).pvalue > LEAST_P, lengths.mean()
    assert (np.hypot(start[0], start[1])[own] > 16.8).mean() > 0.03


def test_chamber_sees_k_short_from_its_vertex_on():
    """Pions of K_S that decay between 20 and 60 cm: no hit on an axial layer within the vertex, most layers outside it."""
    from sim.detector.cdc import CdcResponse
    from sim.detector.cdc.response import simulate
    from trigger.geometry.cdc import layers

    gun = NeutralStrangeGun(range_gev=(2.0, 4.0), theta_deg=(60.0, 110.0), flat_radius_cm=(20.0, 60.0))
    particles = gun.generate(200, rng())
    hits = simulate(particles, rng(2), CdcResponse())
    lines = layers()
    event = np.repeat(np.arange(200), np.diff(hits.offsets))
    layer = np.searchsorted(lines.first_wire, hits.wire_id, side="right") - 1
    vertex_cm = np.hypot(particles.vx, particles.vy)[::2]
    axial = lines.n_shift_halfcells[layer] == 0
    inside = lines.radius_cm[layer] < vertex_cm[event] - 1.0
    # A pion that turns back early comes in again: rare at these momenta.
    assert (inside & axial).mean() < 0.005
    expected = np.array([(lines.radius_cm > radius).sum() for radius in vertex_cm])
    seen = np.array([len(set(layer[event == k])) for k in range(200)])
    assert np.median(seen / expected) > 0.97


def test_conversions_lie_on_the_cylinders_in_proportion_to_their_thickness():
    process = PhotonConversion()
    particles = process.generate(8000, rng())
    assert particles.pdg.reshape(-1, 2).tolist() == 8000 * [[11, -11]]
    radius = np.hypot(particles.vx, particles.vy)[::2]
    place = np.abs(radius[:, None] - RADII_CM).argmin(axis=1)
    np.testing.assert_allclose(radius, RADII_CM[place], rtol=1e-9)
    # Thin layers: the share of each is that of its thickness, the outer ones a little less.
    thickness = np.array([cylinder.radiation_lengths for cylinder in MATERIAL])
    np.testing.assert_allclose(np.bincount(place) / 8000, thickness / thickness.sum(), atol=0.02)
    flown = LIGHT_CM_PER_NS * particles.t[::2]
    path = np.sqrt(particles.vx**2 + particles.vy**2 + particles.vz**2)[::2]
    assert np.abs(flown - path).max() < 0.15


def test_share_of_photons_that_convert():
    """One cylinder of 0.9 radiation lengths at 90 degrees: 1 - exp(-7/9 0.9) = 0.50341. Thin material: 7/9 x / sin(theta)."""
    lengths = np.array([7 / 9 * THICK.radiation_lengths])
    assert share_of_gun(lengths, (89.99, 90.01)) == pytest.approx(0.50341, abs=1e-4)
    thin = PhotonConversion(theta_deg=(89.99, 90.01))
    assert thin.conversion_share() == pytest.approx(7 / 9 * 0.0449, rel=0.02)
    n = 20_000
    events = with_conversions(photons((1.0, 0.0, 0.0), n=n), rng(), (THICK,))
    converted = np.diff(events.offsets) == 2
    assert converted.mean() == pytest.approx(0.50341, abs=5 * 0.5 / np.sqrt(n))
    # What does not convert stays as it was.
    assert (events.pdg == 22).sum() == (~converted).sum()


def test_pairs_share_the_energy_of_the_photon():
    """Density 1 - 4/3 x (1 - x): mean 1/2, and 0.2910 in the middle third, (1/3 - 4/3 * 0.08025) / (7/9)."""
    pairs = with_conversions(photons((0.0, 2.0, 1.0), n=20_000), rng(), forced=True)
    total = sums(pairs)
    np.testing.assert_allclose(total[0], np.sqrt(5.0), rtol=1e-12)
    assert np.abs(total[1:] - np.array([0.0, 2.0, 1.0])[:, None]).max() < 1.1e-3
    share = pairs.energy[::2] / np.sqrt(5.0)
    assert share.mean() == pytest.approx(0.5, abs=0.01)
    assert (np.abs(share - 0.5) < 1 / 6).mean() == pytest.approx(0.2910, abs=0.009)


def test_first_cylinder_that_is_met():
    """From (5, 0) along +x the ones at 8 cm and beyond; inward along -x those at 3.9 cm first; from (12, 0) along +y, 13.5 cm at
    y = 6.18 cm. Along the beam there is none."""
    lengths = np.full(len(MATERIAL), 1e6)
    cases = (
        ((1, 0, 0), (5.0, 0.0, 0.0), 8.0, 3.0),
        ((-1, 0, 0), (5.0, 0.0, 0.0), 3.9, 1.1),
        ((0, 1, 0), (12.0, 0.0, 0.0), 13.5, 6.1847),
    )
    events = concatenate([photons(direction, vertex) for direction, vertex, _, _ in cases])
    found = encounters(events, np.arange(3), MATERIAL, lengths, rng())
    assert RADII_CM[found.cylinder].tolist() == [radius for _, _, radius, _ in cases]
    assert found.path_cm == pytest.approx([path for _, _, _, path in cases], abs=1e-4)
    assert len(encounters(photons((0, 0, 1)), np.arange(1), MATERIAL, lengths, rng()).rows) == 0
    outside = photons((1, 0, 0), (20.0, 0.0, 0.0))
    assert len(encounters(outside, np.arange(1), MATERIAL, lengths, rng(), forced=True).rows) == 0


def test_material_changes_nothing_but_what_it_meets(strange):
    """In events of Pythia photons convert and hadrons interact; all others are what and where they were."""
    particles = strange.first(300)
    changed = with_interactions(with_conversions(particles, rng()), rng(2))
    assert changed.n_events == 300
    kept = np.isin(changed.energy, particles.energy)
    assert 1.0 - kept.mean() == pytest.approx(0.08, abs=0.04)
    assert len(kept) - len(particles.pdg) > 50
    assert with_conversions(particles.select(np.zeros(300, bool)), rng()).n_events == 0


@pytest.mark.parametrize("pdg", [211, 321, 2212])
def test_interactions_conserve_what_they_must(pdg):
    """Four-momentum and charge of the hadron on one nucleon at rest: without it, the hadron's mass is left."""
    particles = SecondaryInteractions(pdg=pdg).generate(1500, rng())
    counts = np.diff(particles.offsets)
    assert set(counts) == {2, 4}
    first = particles.offsets[:-1]
    assert set(np.abs(particles.pdg[first])) == {pdg}
    nucleon = particles.pdg[first + 1]
    assert (nucleon == 2212).mean() == pytest.approx(0.5, abs=0.07)
    total = sums(particles)
    total[0] -= np.where(nucleon == 2212, 0.93827209, 0.93956542)
    mass = {211: 0.13957039, 321: 0.493677, 2212: 0.93827209}[pdg]
    np.testing.assert_allclose(mass_of(total), mass, rtol=1e-6)
    momentum = np.linalg.norm(total[1:], axis=0)
    assert 0.3 <= momentum.min() < momentum.max() <= 4.0
    charge = np.array([CHARGES[code] for code in particles.pdg.tolist()])
    of_event = np.bincount(particles.event_index(), charge)
    np.testing.assert_array_equal(of_event, np.sign(particles.pdg[first]) + (nucleon == 2212))
    radius = np.hypot(particles.vx, particles.vy)
    assert np.abs(radius[:, None] - RADII_CM).min(axis=1).max() < 1e-9
    # The hadron flew there at its own speed.
    beta = momentum / np.sqrt(momentum**2 + mass**2)
    path = np.sqrt(particles.vx**2 + particles.vy**2 + particles.vz**2)[first]
    assert np.abs(path - beta * LIGHT_CM_PER_NS * particles.t[first]).max() < 0.15


def test_same_stream_same_events():
    for process in (PhotonConversion(), SecondaryInteractions()):
        assert process.generate(200, rng()) == process.generate(200, rng())
        assert process.generate(200, rng()) != process.generate(200, rng(2))
        assert process.generate(0, rng()).n_events == 0


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (PhotonConversion, {"e_star_gev": (0.001, 1.0)}),
        (SecondaryInteractions, {"pdg": 11}),
        (SecondaryInteractions, {"range_gev": (0.01, 1.0)}),
        (Cylinder, {"name": "x", "radius_cm": 0.0, "radiation_lengths": 0.1, "interaction_lengths": 0.1}),
    ],
)
def test_impossible_options_are_refused(model, options):
    with pytest.raises(InputError, match="must be"):
        model(**options)


def test_nothing_can_happen_without_material():
    vacuum = Cylinder(name="vacuum", radius_cm=5.0, radiation_lengths=0.0, interaction_lengths=0.0)
    for process in (PhotonConversion(material=(vacuum,)), SecondaryInteractions(material=(vacuum,))):
        with pytest.raises(InputError, match="material must have some thickness"):
            process.generate(10, rng())
    with pytest.raises(InputError, match="material must be cylinders"):
        with_conversions(photons((1, 0, 0)), rng(), ())
