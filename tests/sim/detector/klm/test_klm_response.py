"""Response of the KLM: published losses, ranges of muons, hadrons less often and shorter, efficiency, background, bad input."""

import dataclasses

import numpy as np
import pytest

from sim.detector.klm import KlmBackground, KlmPreset, KlmResponse, respond_klm
from sim.detector.klm.geometry import IRON_CM
from sim.detector.klm.materials import ALUMINIUM, CSI, IRON, QUARTZ, Material, range_cm, slowed
from sim.generators.cosmics import ENTRY_RADIUS_CM
from sim.generators.particles import Particles, from_table
from trigger.errors import InputError
from trigger.events import validate
from trigger.klm import KlmTrigger

MUON_GEV = 0.10565838
PERFECT = KlmResponse(rpc_efficiency=1.0, scintillator_efficiency=1.0)
SEED = 20261121


def respond(particles: Particles, config: KlmResponse = PERFECT) -> dict[str, np.ndarray]:
    fields = respond_klm(particles, np.random.default_rng(SEED), config)
    return validate(fields, "test", required=tuple(fields))


def n_layers(particles: Particles, config: KlmResponse = PERFECT) -> np.ndarray:
    return np.diff(respond(particles, config)["klm_offsets"])


@pytest.mark.parametrize(("material", "mev_cm2_per_g"), [(IRON, 1.451), (ALUMINIUM, 1.615), (CSI, 1.243), (QUARTZ, 1.699)])
def test_minimum_ionisation_is_the_published_one(material: Material, mev_cm2_per_g: float) -> None:
    """Source: Particle Data Group, atomic and nuclear properties of materials."""
    loss = material.loss_gev_per_cm(np.geomspace(1, 20, 400)).min()
    assert 1000 * loss / material.density == pytest.approx(mev_cm2_per_g, rel=0.003)


def test_slowing_down_in_steps_is_the_same_as_at_once() -> None:
    mass, start = np.full(3, MUON_GEV), np.array([3.0, 9.0, 30.0])
    once = slowed(IRON, start, mass, 10.0)
    twice = slowed(IRON, slowed(IRON, start, mass, 4.0), mass, 6.0)
    np.testing.assert_allclose(once, twice, rtol=1e-3)
    np.testing.assert_array_equal(slowed(IRON, start, mass, 0.0), start)
    assert slowed(IRON, start, mass, 1000.0).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("n_plates", "momentum_gev"), [(1, 0.40), (2, 0.45), (3, 0.50), (5, 0.60), (8, 0.76), (10, 0.86), (14, 1.07)]
)
def test_momentum_that_a_straight_muon_needs(n_plates: int, momentum_gev: float) -> None:
    """Plates crossed at 90 degrees without bending, against an independent integration with a constant loss in iron [DERIVED]."""
    config, momenta = KlmResponse(), np.linspace(0.3, 1.3, 1001)
    masses, beta_gamma = np.full(momenta.size, MUON_GEV), momenta / MUON_GEV
    for material, path_cm in ((QUARTZ, config.quartz_cm), (CSI, config.csi_cm), (ALUMINIUM, config.coil_aluminium_cm)):
        beta_gamma = slowed(material, beta_gamma, masses, path_cm)
    needed = momenta[np.argmax(range_cm(IRON, beta_gamma, masses) > n_plates * IRON_CM)]
    assert needed == pytest.approx(momentum_gev, rel=0.08)


def test_muons_of_two_gev_cross_the_barrel_and_slow_ones_stop(gun) -> None:
    assert np.median(n_layers(gun(13, 2000, momentum_gev=2.0, theta_deg=(70, 110)))) == 15
    stopped = n_layers(gun(13, 2000, momentum_gev=0.6, theta_deg=(88, 92)))
    assert 3 <= np.median(stopped) <= 5
    assert n_layers(gun(13, 500, momentum_gev=0.25, theta_deg=(60, 120))).max() == 0


def test_both_charges_bend_to_opposite_sides(gun) -> None:
    """At 0.7 GeV the azimuth at the KLM differs from that at the origin by tens of degrees, in opposite senses."""
    sectors = {}
    for pdg in (13, -13):
        fields = respond(gun(pdg, 500, momentum_gev=0.7, theta_deg=(89, 91), phi_deg=(-1, 1)))
        sectors[pdg] = set(fields["klm_sector"].tolist())
    assert sectors[13] <= {0, 1}
    assert 1 in sectors[13]
    assert sectors[-13] <= {0, 7}
    assert 7 in sectors[-13]


def test_muons_fire_their_sector_with_the_layer_efficiency(gun) -> None:
    particles = gun(13, 4000, momentum_gev=3.0, theta_deg=(75, 105))
    perfect, real = n_layers(particles).sum(), n_layers(particles, KlmResponse()).sum()
    expected = (2 * 0.97 + 13 * 0.92) / 15
    assert real / perfect == pytest.approx(expected, abs=0.005)
    assert KlmTrigger().run(*respond(particles, KlmResponse()).values()).klm_hit.mean() > 0.93


def test_hadrons_punch_through_less_than_muons(gun) -> None:
    """Against the exponential of the same lengths without shower tail or decays (DERIVED): 13 % reach the fifth plate."""
    bare = dataclasses.replace(PERFECT, shower_lambda=0.0, decay_path_cm=0.0)
    pions = gun(211, 8000, momentum_gev=5.0, theta_deg=(85, 95))
    fields = respond(pions, bare)
    deep = np.bincount(np.repeat(np.arange(8000), np.diff(fields["klm_offsets"])), weights=fields["klm_layer"] >= 5, minlength=8000)
    assert (deep > 0).mean() == pytest.approx(0.13, abs=0.02)
    muons = KlmTrigger().run(*respond(gun(13, 2000, momentum_gev=2.0)).values()).klm_hit.mean()
    fake = KlmTrigger().run(*respond(gun(211, 4000, momentum_gev=2.0)).values()).klm_hit.mean()
    assert 0.02 < fake < 0.25 * muons


def test_neutral_kaons_begin_inside(gun) -> None:
    """Half of them leave something, two to four layers [recalled], not always from the first layer on."""
    fields = respond(gun(130, 4000, momentum_gev=2.0))
    counts = np.diff(fields["klm_offsets"])
    assert 0.45 < (counts > 0).mean() < 0.7
    assert 2 < counts[counts > 0].mean() < 4.5
    first = fields["klm_layer"][fields["klm_offsets"][:-1][counts > 0]]
    assert (first > 3).mean() > 0.1


@pytest.mark.parametrize("pdg", [22, 11])
def test_showers_stay_in_the_calorimeter(gun, pdg: int) -> None:
    assert n_layers(gun(pdg, 200, momentum_gev=4.0, theta_deg=(20, 150))).sum() == 0


def test_cosmic_muon_crosses_both_sides() -> None:
    momentum = 20.0
    table = np.array([np.hypot(momentum, MUON_GEV), 0.0, -momentum, 0.0])[:, None, None]
    through = from_table([13], np.repeat(table, 50, axis=2), np.repeat([[0.0], [350.0], [100.0]], 50, axis=1))
    fields = respond(through)
    assert set(np.diff(fields["klm_offsets"])) == {30}
    assert {*fields["klm_sector"].tolist()} == {2, 6}
    slow = table * (0.8 / momentum)
    stopped = respond(from_table([13], slow, np.array([[0.0], [350.0], [100.0]])))
    assert set(stopped["klm_sector"].tolist()) == {2}
    assert stopped["klm_layer"].min() > 0


def test_cosmic_muon_that_starts_in_the_chamber_has_come_through_the_upper_side() -> None:
    """The same straight line forwards and backwards; a particle from a decay at another radius leaves nothing behind it."""
    momentum, start = np.array([np.hypot(50.0, MUON_GEV), 0.0, -50.0, 0.0])[:, None, None], [[0.0], [ENTRY_RADIUS_CM], [100.0]]
    fields = respond(from_table([13], momentum, np.array(start)))
    assert fields["klm_sector"].tolist() == 15 * [2] + 15 * [6]
    elsewhere = respond(from_table([13], momentum, np.array([[0.0], [90.0], [100.0]])))
    outward = respond(from_table([13], np.abs(momentum), np.array(start)))
    assert set(elsewhere["klm_sector"].tolist()) == {6}
    assert set(outward["klm_sector"].tolist()) == {2}


def test_background_has_its_mean_and_leaves_the_tracks_alone(gun) -> None:
    particles = gun(13, 3000, momentum_gev=2.0)
    noisy = KlmResponse(background=KlmBackground(preset=KlmPreset.NOMINAL, scale=0.5))
    clean, with_noise = respond(particles, KlmResponse()), respond(particles, noisy)

    def keys(fields: dict[str, np.ndarray]) -> set[tuple[int, ...]]:
        event = np.repeat(np.arange(3000), np.diff(fields["klm_offsets"]))
        return set(zip(event, *(fields[f"klm_{name}"] for name in ("section", "sector", "layer")), strict=True))

    assert keys(clean) < keys(with_noise)
    n_places = 2 * 8 * 15 + 4 * (12 + 14)
    added = (len(keys(with_noise)) - len(keys(clean))) / 3000
    assert added == pytest.approx(0.01 * n_places, rel=0.05)
    layers = with_noise["klm_layer"]
    assert layers[with_noise["klm_section"] == 2].max() == 11
    assert layers[with_noise["klm_section"] == 3].max() == 13


def test_same_seed_same_hits_and_no_events(gun) -> None:
    particles = gun(211, 300, momentum_gev=1.5)
    first, second = respond(particles, KlmResponse()), respond(particles, KlmResponse())
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
    assert respond(particles.first(0))["klm_offsets"].tolist() == [0]


def test_bad_particles_are_refused(gun) -> None:
    good = gun(13, 5, momentum_gev=1.0)
    broken = dataclasses.replace(good, px=np.where(np.arange(5) == 3, np.nan, good.px))
    with pytest.raises(InputError, match="field px, event 3: must be finite"):
        respond(broken)
    with pytest.raises(InputError, match="event 0: 111 must be decayed"):
        respond(dataclasses.replace(good, pdg=np.full(5, 111, np.int32)))


@pytest.mark.parametrize(
    ("change", "reason"), [({"rpc_efficiency": 1.1}, "rpc_efficiency must be within"), ({"csi_cm": -1}, "csi_cm must be")]
)
def test_impossible_choices(change: dict[str, float], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        KlmResponse(**change)
    with pytest.raises(ValueError, match="scale must be within"):
        KlmBackground(scale=-1.0)


def test_guesses_are_called_guesses() -> None:
    meta = KlmResponse(background=KlmBackground(preset=KlmPreset.LOW)).meta()
    assert meta["klm_hadrons"].startswith("GUESS")
    assert meta["klm_background"].startswith("GUESS: preset low")
    assert KlmResponse().meta()["klm_background"] == "none"
