"""Signals with displaced vertices: four-momenta, masses, decay lengths against the exponential, pointing, refused options."""

import numpy as np
import pytest
from scipy.stats import kstest

from sim.blocks import Stage, stream
from sim.generators.b_mesons import (
    B_CHARGED_MASS_GEV,
    B_NEUTRAL_CTAU_CM,
    B_NEUTRAL_MASS_GEV,
    K_STAR_MASS_GEV,
    K_STAR_WIDTH_GEV,
    BToKAlp,
    BToKS,
    Kaon,
)
from sim.generators.beams import NOMINAL, lab_to_generator
from sim.generators.dark_higgs import DARK_HIGGS, DarkHiggsstrahlung
from sim.generators.guns import Spectrum
from sim.generators.inelastic import CHI_1, IdmDarkHiggs, IdmPhoton
from sim.generators.long_lived import Daughters, LongLivedGun, NeutralStrangeGun
from sim.generators.particles import Particles
from sim.generators.qed import TAU_MASS_GEV
from sim.generators.tau_alpha import ALPHA, TAU_CTAU_CM, Lepton, TauToLeptonAlpha

LIGHT_CM_PER_NS = 29.9792458
LEAST_P = 1e-3
"""A Kolmogorov test of a correct sample fails once in a thousand seeds; the seed is fixed."""
MASSES_GEV = {11: 0.000510999, 13: 0.1056584, 211: 0.1395704, 321: 0.493677, 2212: 0.9382721, 22: 0.0}
GUNS = [
    LongLivedGun(),
    LongLivedGun(decay=Daughters.KAONS, mass_gev=2.0, flat_radius_cm=(5.0, 50.0), spectrum=Spectrum.TRANSVERSE),
    NeutralStrangeGun(),
    NeutralStrangeGun(pdg=3122),
]
COLLISIONS = [
    IdmPhoton(),
    IdmDarkHiggs(),
    BToKS(),
    BToKS(kaon=Kaon.EXCITED, decay=Daughters.KAONS, mass_gev=2.0),
    BToKAlp(),
    TauToLeptonAlpha(),
]


def name_of(process):
    return type(process).__name__


def draw(process, n=2000, block=0) -> Particles:
    return process.generate(n, stream(5, name_of(process), Stage.GENERATE, block))


def signal(particles: Particles, *places: int) -> np.ndarray:
    """Sum of the four-momenta of the particles at these places of each event, (4, n)."""
    rows = particles.offsets[:-1] + np.array(places)[:, None]
    return np.stack([column[rows].sum(axis=0) for column in (particles.energy, particles.px, particles.py, particles.pz)])


def birth(particles: Particles, place: int) -> np.ndarray:
    """(t, x, y, z) of the particle at this place of each event, ns and cm."""
    rows = particles.offsets[:-1] + place
    return np.stack([column[rows] for column in (particles.t, particles.vx, particles.vy, particles.vz)])


def mass_of(momenta: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(momenta[0] ** 2 - np.square(momenta[1:]).sum(axis=0), 0.0))


def proper_cm(momenta: np.ndarray, time_ns: np.ndarray) -> np.ndarray:
    """Proper decay lengths of particles that lived for these times."""
    return LIGHT_CM_PER_NS * time_ns * mass_of(momenta) / momenta[0]


def assert_exponential(lengths: np.ndarray, ctau_cm: float) -> None:
    assert kstest(lengths, "expon", args=(0.0, ctau_cm)).pvalue > LEAST_P, (lengths.mean(), ctau_cm)


def sine_to(momenta: np.ndarray, path: np.ndarray) -> np.ndarray:
    """Sine of the angle between a momentum and a path."""
    cross = np.cross(momenta[1:].T, path.T)
    return np.linalg.norm(cross, axis=1) / np.linalg.norm(momenta[1:], axis=0) / np.linalg.norm(path, axis=0)


@pytest.mark.parametrize("process", GUNS + COLLISIONS, ids=name_of)
def test_same_stream_same_events_and_masses(process):
    particles = draw(process, 200)
    assert particles == draw(process, 200)
    assert particles != draw(process, 200, block=1)
    energy2 = particles.px**2 + particles.py**2 + particles.pz**2
    for code, mass in MASSES_GEV.items():
        own = np.abs(particles.pdg) == code
        # Pythia rounds masses to 10 keV.
        np.testing.assert_allclose(particles.energy[own], np.sqrt(energy2[own] + mass**2), atol=2e-5)


@pytest.mark.parametrize("process", COLLISIONS, ids=name_of)
def test_four_momentum_and_charge_of_the_beams(process):
    particles = draw(process, 500)
    event = particles.event_index()
    sums = [np.bincount(event, column) for column in (particles.energy, particles.px, particles.py, particles.pz)]
    energy, px, _, pz = NOMINAL.total
    np.testing.assert_allclose(sums[1] / sums[0], px / energy, rtol=1e-8)
    np.testing.assert_allclose(sums[2], 0.0, atol=1e-8)
    assert sums[0].mean() == pytest.approx(energy, abs=2e-3)
    assert sums[3].mean() == pytest.approx(pz, abs=2e-3)
    charged = np.isin(np.abs(particles.pdg), (11, 13, 211, 321, 2212))
    positive = np.where(np.isin(np.abs(particles.pdg), (11, 13)), particles.pdg < 0, particles.pdg > 0)
    assert not np.bincount(event, np.where(positive, 1, -1) * charged).any()


@pytest.mark.parametrize(
    ("gun", "mass", "ctau_cm"),
    [
        (LongLivedGun(mass_gev=1.5, ctau_cm=7.0), 1.5, 7.0),
        (NeutralStrangeGun(), 0.497611, 2.6844),
        (NeutralStrangeGun(pdg=3122), 1.115683, 7.89),
    ],
)
def test_guns_fly_an_exponential_and_their_pairs_point_back(gun, mass, ctau_cm):
    particles = draw(gun)
    pair, start = signal(particles, 0, 1), birth(particles, 0)
    np.testing.assert_array_equal(start, birth(particles, 1))
    np.testing.assert_allclose(mass_of(pair), mass, rtol=1e-7)
    assert_exponential(proper_cm(pair, start[0]), ctau_cm)
    # Path and time belong together: the path is beta c t, but for the size of the interaction region.
    beta = np.sqrt(1 - (mass / pair[0]) ** 2)
    assert np.abs(np.linalg.norm(start[1:], axis=0) - beta * LIGHT_CM_PER_NS * start[0]).max() < 0.1
    far = np.linalg.norm(start[1:], axis=0) > 5
    assert far.mean() > 0.2
    assert sine_to(pair, start[1:])[far].max() < 0.02


def test_flat_radius_is_flat_and_its_time_is_that_of_the_path():
    particles = draw(LongLivedGun(flat_radius_cm=(5.0, 50.0), mass_gev=0.5, range_gev=(0.3, 3.0)))
    start, pair = birth(particles, 0), signal(particles, 0, 1)
    radius = np.hypot(start[1], start[2])
    assert kstest(radius, "uniform", args=(5.0, 45.0)).pvalue > LEAST_P
    assert 4.99 < radius.min() < radius.max() < 50.01
    speed = LIGHT_CM_PER_NS * np.linalg.norm(pair[1:], axis=0) / pair[0]
    assert np.abs(np.linalg.norm(start[1:], axis=0) / speed - start[0]).max() < 0.01


def test_lambdas_and_their_antiparticles():
    particles = draw(NeutralStrangeGun(pdg=3122))
    first, second = particles.pdg[::2], particles.pdg[1::2]
    assert set(zip(first.tolist(), second.tolist(), strict=True)) == {(2212, -211), (-2212, 211)}
    assert (first > 0).mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("decay", [Daughters.ELECTRONS, Daughters.MUONS])
def test_inelastic_dark_matter_with_a_photon(decay):
    """Photon, chi1, then chi1 l- l+ of chi2: masses of A' and chi2, its decay length, and leptons that do not point back."""
    process = IdmPhoton(mass_gev=4.0, chi_mass_gev=1.2, splitting_gev=0.6, ctau_cm=6.0, decay=decay)
    particles = draw(process)
    assert particles.pdg[:5].tolist() == [22, CHI_1, CHI_1, *decay.codes]
    excited = signal(particles, 2, 3, 4)
    np.testing.assert_allclose(mass_of(excited), 1.8, rtol=1e-6)
    np.testing.assert_allclose(mass_of(signal(particles, 1, 2, 3, 4)), 4.0, rtol=1e-6)
    start = birth(particles, 3)
    assert_exponential(proper_cm(excited, start[0]), 6.0)
    assert not birth(particles, 1)[0].any()
    far = np.linalg.norm(start[1:], axis=0) > 5
    assert sine_to(excited, start[1:])[far].max() < 0.02
    pair = signal(particles, 3, 4)
    assert (sine_to(pair, start[1:])[far] > 0.2).mean() > 0.5
    # Three-body phase space: pair masses from the threshold to the splitting.
    assert 2 * MASSES_GEV[decay.codes[0]] <= mass_of(pair).min() < 0.3
    assert 0.5 < mass_of(pair).max() < 0.6
    assert process.cross_section().nb == pytest.approx(IdmPhoton(mass_gev=4.0).cross_section().nb)


def test_inelastic_dark_matter_with_a_dark_higgs():
    """chi1, then chi1 l- l+, then the pair of the h': two vertices in an event, one that points back and one that does not."""
    process = IdmDarkHiggs(ctau_cm=8.0, higgs_ctau_cm=4.0, higgs_mass_gev=1.2, higgs_decay=Daughters.KAONS)
    particles = draw(process)
    assert particles.pdg[:6].tolist() == [CHI_1, CHI_1, 11, -11, -321, 321]
    higgs, excited, mediator = signal(particles, 4, 5), signal(particles, 1, 2, 3), signal(particles, 0, 1, 2, 3)
    for momenta, mass in ((higgs, 1.2), (excited, 1.4), (mediator, 3.0)):
        np.testing.assert_allclose(mass_of(momenta), mass, rtol=1e-6)
    start, higgs_start = birth(particles, 2), birth(particles, 4)
    assert_exponential(proper_cm(excited, start[0]), 8.0)
    assert_exponential(proper_cm(higgs, higgs_start[0]), 4.0)
    far, higgs_far = (np.linalg.norm(place[1:], axis=0) > 5 for place in (start, higgs_start))
    assert sine_to(higgs, higgs_start[1:])[higgs_far].max() < 0.02
    assert (sine_to(signal(particles, 2, 3), start[1:])[far] > 0.1).mean() > 0.5


@pytest.mark.parametrize(
    ("mass", "higgs_mass", "attobarn"), [(1.0, 0.5, 29.0), (3.0, 1.0, 51.0), (5.0, 2.0, 101.0), (8.0, 1.0, 401.0)]
)
def test_dark_higgs_cross_section(mass, higgs_mass, attobarn):
    """epsilon^2 alpha_D = 1e-6, in fb: SOURCES 1.3 item 10. Angles: lambda (1 - c^2) + 8 m^2 / s."""
    process = DarkHiggsstrahlung(mass_gev=mass, higgs_mass_gev=higgs_mass, epsilon=1e-3, dark_coupling=1.0)
    assert process.cross_section().nb * 1e6 == pytest.approx(attobarn, rel=0.012)
    particles = draw(process, 4000)
    rows = np.flatnonzero(particles.pdg == DARK_HIGGS)
    lab = np.stack([column[rows] for column in (particles.energy, particles.px, particles.py, particles.pz)])
    momenta = lab_to_generator(lab)
    cosine = momenta[3] / np.linalg.norm(momenta[1:], axis=0)
    phase_space = 4 * np.mean(np.square(momenta[1:]).sum(axis=0)) / NOMINAL.s_gev2
    flat = 8 * mass**2 / NOMINAL.s_gev2

    def cumulative(c):
        return 0.5 + (phase_space * (c - c**3 / 3) + flat * c) / (4 / 3 * phase_space + 2 * flat)

    assert kstest(cosine, cumulative).pvalue > LEAST_P


@pytest.mark.parametrize(
    ("process", "b_mass", "first_x"),
    [
        (BToKS(mass_gev=1.5, ctau_cm=3.0, decay=Daughters.PIONS), B_CHARGED_MASS_GEV, 1),
        (BToKS(mass_gev=1.5, ctau_cm=3.0, kaon=Kaon.EXCITED), B_NEUTRAL_MASS_GEV, 2),
        (BToKAlp(mass_gev=3.0, ctau_cm=1.0), B_CHARGED_MASS_GEV, 1),
    ],
    ids=["K+ pi pi", "K*0 mu mu", "K+ gamma gamma"],
)
def test_rare_b_decays(process, b_mass, first_x):
    """Kaon (and pion), then the daughters of X: masses of X and B, lifetimes of both, and a second B of opposite charge."""
    particles = draw(process, 600)
    rows = particles.offsets[:-1]
    assert (np.abs(particles.pdg[rows]) == 321).all()
    assert (particles.pdg[rows] > 0).mean() == pytest.approx(0.5, abs=0.1)
    for k, code in enumerate(process.daughters.codes):
        assert (particles.pdg[rows + first_x + k] == code).all()
    new = signal(particles, first_x, first_x + 1)
    b_meson = signal(particles, *range(first_x + 2))
    np.testing.assert_allclose(mass_of(new), process.mass_gev, rtol=1e-6)
    np.testing.assert_allclose(mass_of(b_meson), b_mass, rtol=1e-6)
    assert_exponential(proper_cm(new, birth(particles, first_x)[0] - birth(particles, 0)[0]), process.ctau_cm)
    assert (birth(particles, 0)[0] > 0).all()
    # The B mesons fly as from a vector: 1 - c^2 about the beams.
    momenta = lab_to_generator(b_meson)
    cosine = momenta[3] / np.linalg.norm(momenta[1:], axis=0)
    assert kstest(cosine, lambda c: 0.5 + 0.75 * (c - c**3 / 3)).pvalue > LEAST_P


def test_excited_kaons():
    particles = draw(BToKS(kaon=Kaon.EXCITED), 600)
    rows = particles.offsets[:-1]
    assert (particles.pdg[rows] * particles.pdg[rows + 1] == -321 * 211).all()
    pair = mass_of(signal(particles, 0, 1))
    assert np.median(pair) == pytest.approx(K_STAR_MASS_GEV, abs=0.005)
    assert (np.abs(pair - K_STAR_MASS_GEV) < K_STAR_WIDTH_GEV / 2).mean() == pytest.approx(0.5 / 0.90, abs=0.07)
    assert_exponential(proper_cm(signal(particles, 0, 1, 2, 3), birth(particles, 0)[0]), B_NEUTRAL_CTAU_CM)


@pytest.mark.parametrize("lepton", Lepton)
def test_tau_to_lepton_and_alpha(lepton):
    """In the rest frame of the tau the lepton has (m_tau^2 + m_l^2 - m_alpha^2) / (2 m_tau), 0.8181 GeV for electrons."""
    particles = draw(TauToLeptonAlpha(mass_gev=0.5, decay=lepton), 1500)
    code, mass = lepton.pair.negative, lepton.pair.mass_gev
    rows = particles.offsets[:-1]
    assert (np.abs(particles.pdg[rows]) == code).all()
    assert (particles.pdg[rows] > 0).mean() == pytest.approx(0.5, abs=0.07)
    assert (particles.pdg[rows + 1] == ALPHA).all()
    tau, alone = signal(particles, 0, 1), signal(particles, 0)
    np.testing.assert_allclose(mass_of(tau), TAU_MASS_GEV, rtol=1e-6)
    in_rest = (tau[0] * alone[0] - (tau[1:] * alone[1:]).sum(axis=0)) / TAU_MASS_GEV
    np.testing.assert_allclose(in_rest, (TAU_MASS_GEV**2 + mass**2 - 0.25) / (2 * TAU_MASS_GEV), rtol=1e-6)
    assert_exponential(proper_cm(tau, birth(particles, 0)[0]), TAU_CTAU_CM)
    prongs = np.bincount(particles.event_index(), np.isin(np.abs(particles.pdg), (11, 13, 211, 321))) - 1
    assert (prongs == 1).mean() == pytest.approx(0.852, abs=0.05)


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (LongLivedGun, {"mass_gev": 0.2}),
        (LongLivedGun, {"ctau_cm": -1.0}),
        (LongLivedGun, {"flat_radius_cm": (10.0, 5.0)}),
        (LongLivedGun, {"theta_deg": (0.0, 90.0)}),
        (NeutralStrangeGun, {"pdg": 130}),
        (IdmPhoton, {"splitting_gev": 1e-4}),
        (IdmPhoton, {"chi_mass_gev": 1.4}),
        (IdmPhoton, {"decay": Daughters.PIONS}),
        (IdmDarkHiggs, {"higgs_mass_gev": 7.9}),
        (IdmDarkHiggs, {"higgs_decay": Daughters.ELECTRONS}),
        (IdmDarkHiggs, {"higgs_mass_gev": 0.9, "higgs_decay": Daughters.KAONS}),
        (IdmDarkHiggs, {"dark_coupling": 0.0}),
        (BToKS, {"mass_gev": 4.8}),
        (BToKS, {"mass_gev": 4.3, "kaon": Kaon.EXCITED}),
        (BToKS, {"decay": Daughters.PHOTONS}),
        (TauToLeptonAlpha, {"mass_gev": 1.7, "decay": Lepton.MUON}),
    ],
)
def test_impossible_options_are_refused(model, options):
    with pytest.raises(ValueError, match="must be"):
        model(**options)
