"""Every process: kinematics of its events, their angles against the formula, determinism and refused options."""

import math

import numpy as np
import pytest

from sim.blocks import Stage, stream
from sim.generators import (
    PROCESSES,
    Bhabha,
    DarkPhoton,
    LostElectrons,
    MuonPair,
    ParticleGun,
    PhotonGun,
    PhotonPair,
    RadiativeBhabha,
    RadiativeMuons,
    ThreePhotons,
    qed,
)
from sim.generators import beams as b
from sim.generators.beams import NOMINAL, Beams
from sim.generators.bhabha import Accept, density_nb
from sim.generators.guns import Frame, Spectrum, mass_gev
from sim.generators.one_sided_bhabha import OneSidedBhabha
from sim.generators.particles import INVISIBLE_DARK_PHOTON, concatenate
from sim.generators.pythia import PythiaProcess
from sim.generators.radiative_bhabha import Seen
from sim.generators.z_prime import Z_PRIME, ZPrime

N = 40_000
EVERY = [
    PhotonGun(),
    PhotonGun(frame=Frame.CM),
    ParticleGun(),
    PhotonPair(),
    PhotonPair(isr=True),
    Bhabha(),
    Bhabha(isr=True),
    Bhabha(isr=True, accept=Accept.EITHER),
    MuonPair(),
    RadiativeMuons(),
    RadiativeMuons(weighted=True),
    LostElectrons(),
    LostElectrons(weighted=True),
    RadiativeBhabha(weighted=True),
    RadiativeBhabha(seen=Seen.ONE, weighted=True),
    ThreePhotons(),
    OneSidedBhabha(),
    ZPrime(mass_gev=3.0),
    DarkPhoton(mass_gev=0.0),
    DarkPhoton(mass_gev=8.0),
]
COLLISIONS = [process for process in EVERY if not isinstance(process, PhotonGun | ParticleGun)]


def name_of(process):
    return type(process).__name__


def draw(process, n=N, block=0):
    return process.generate(n, stream(5, name_of(process), Stage.GENERATE, block))


def in_cm(particles, rows):
    """(E, px, py, pz) in the generator frame of the nominal beams."""
    return b.lab_to_generator(np.stack([particles.energy, particles.px, particles.py, particles.pz])[:, rows])


def cos_of(momenta):
    return momenta[3] / np.sqrt(np.square(momenta[1:]).sum(axis=0))


def assert_follows(values, edges, expected, weight=None):
    """Histogram of the values agrees with the expected fractions: chi2 within five standard deviations."""
    counts = np.histogram(values, edges, weights=weight)[0]
    variance = counts if weight is None else np.histogram(values, edges, weights=weight**2)[0]
    expected = np.asarray(expected) / np.sum(expected) * counts.sum()
    chi2 = ((counts - expected) ** 2 / np.maximum(variance, 1)).sum()
    n_free = len(counts) - 1
    assert chi2 < n_free + 5 * math.sqrt(2 * n_free), (chi2, n_free)


def integrals(density, edges, steps=400):
    """Integral of a density over each bin, midpoint rule."""
    width = np.diff(edges)
    points = edges[:-1, None] + width[:, None] * (np.arange(steps) + 0.5) / steps
    return density(points).mean(axis=1) * width


@pytest.mark.parametrize("process", EVERY, ids=name_of)
def test_same_stream_same_events_and_blocks_do_not_depend_on_grouping(process):
    together = concatenate([draw(process, 500, block) for block in range(3)])
    backwards = [draw(process, 500, block) for block in (2, 1, 0)]
    assert together == concatenate(backwards[::-1])
    assert draw(process, 500, 0) != draw(process, 500, 1)


@pytest.mark.parametrize("process", COLLISIONS, ids=name_of)
def test_four_momentum_is_that_of_the_beams(process):
    particles = draw(process)
    event = particles.event_index()
    sums = [
        np.bincount(event, column, particles.n_events) for column in (particles.energy, particles.px, particles.py, particles.pz)
    ]
    energy, px, _, pz = NOMINAL.total
    np.testing.assert_allclose(sums[2], 0, atol=1e-9)
    np.testing.assert_allclose(sums[1] / sums[0], px / energy, rtol=1e-9)
    assert b.mass_of(np.stack(sums)).std() == pytest.approx(5.0e-3, rel=0.03)
    for total, nominal, sigma in ((sums[0], energy, 5.65e-3), (sums[3], pz, 5.65e-3)):
        assert total.mean() == pytest.approx(nominal, abs=5 * sigma / math.sqrt(N))
        assert total.std() == pytest.approx(sigma, rel=0.03)


@pytest.mark.parametrize("process", EVERY, ids=name_of)
def test_masses_and_vertices(process):
    particles = draw(process)
    mass2 = particles.energy**2 - particles.px**2 - particles.py**2 - particles.pz**2
    for pdg in np.unique(particles.pdg):
        mass = process.mass_gev if pdg in (INVISIBLE_DARK_PHOTON, Z_PRIME) else mass_gev(abs(int(pdg)))
        mass = 0.0 if abs(pdg) == 11 else mass
        np.testing.assert_allclose(mass2[particles.pdg == pdg], mass**2, atol=1e-10)
    assert np.std(particles.vz) == pytest.approx(0.0154, rel=0.03)
    first = particles.offsets[:-1]
    np.testing.assert_array_equal(particles.vx, np.repeat(particles.vx[first], np.diff(particles.offsets)))
    assert not particles.t.any()


def test_photon_gun_is_flat_in_e_star_and_cos_theta():
    for frame in Frame:
        particles = draw(PhotonGun(e_star_gev=(0.2, 3.0), theta_deg=(20, 140), frame=frame))
        truth = particles.to_truth()
        assert_follows(truth["true_photon_estar"], np.linspace(0.2, 3.0, 21), np.ones(20))
        lab = np.stack([particles.energy, particles.px, particles.py, particles.pz])
        momenta = lab if frame is Frame.LAB else in_cm(particles, slice(None))
        cos = cos_of(momenta)
        low, high = math.cos(math.radians(140)), math.cos(math.radians(20))
        assert low <= cos.min()
        assert cos.max() <= high
        assert_follows(cos, np.linspace(low, high, 21), np.ones(20))
        assert_follows(np.arctan2(momenta[2], momenta[1]), np.linspace(-np.pi, np.pi, 21), np.ones(20))


@pytest.mark.parametrize("spectrum", Spectrum)
def test_particle_gun_spectra(spectrum):
    particles = draw(ParticleGun(pdg=211, range_gev=(0.5, 4.0), spectrum=spectrum, z_cm=(-50.0, 50.0)))
    transverse = np.hypot(particles.px, particles.py)
    total = np.hypot(transverse, particles.pz)
    value = {Spectrum.MOMENTUM: total, Spectrum.TRANSVERSE: transverse, Spectrum.CURVATURE: 1 / transverse}[spectrum]
    low, high = (0.25, 2.0) if spectrum is Spectrum.CURVATURE else (0.5, 4.0)
    assert_follows(value, np.linspace(low, high, 21), np.ones(20))
    assert_follows(particles.vz, np.linspace(-50, 50, 21), np.ones(20))
    assert (particles.pdg == -211).mean() == pytest.approx(0.5, abs=0.015)
    assert set(particles.pdg.tolist()) == {211, -211}


def test_gamma_gamma_angles():
    cos = cos_of(in_cm(draw(PhotonPair()), slice(0, None, 2)))
    edges = np.tanh(np.linspace(-2.4362, 2.4362, 25))
    assert np.abs(cos).max() < math.cos(math.radians(9.99))
    assert_follows(cos, edges, integrals(lambda c: (1 + c * c) / (1 - c * c), edges))


def test_bhabha_angles():
    theta = np.degrees(np.arccos(cos_of(in_cm(draw(Bhabha()), slice(0, None, 2)))))
    edges = np.concatenate([np.linspace(10, 40, 16), np.linspace(45, 170, 11)])
    edges[[0, -1]] = 9.9, 170.1

    def density(degrees):
        v = 1 / (1 - np.cos(np.radians(degrees)))
        inside = (degrees > 10) & (degrees < 170)
        return density_nb(v, NOMINAL.s_gev2) * v**2 * np.sin(np.radians(degrees)) * inside

    assert_follows(theta, edges, integrals(density, edges, 4000))


@pytest.mark.parametrize("mass", [0.0, 5.0, 9.5])
def test_dark_photon_recoil_and_angles(mass):
    process = DarkPhoton(mass_gev=mass)
    particles = draw(process)
    photon = in_cm(particles, slice(0, None, 2))
    assert set(particles.pdg[1::2].tolist()) == {INVISIBLE_DARK_PHOTON}
    # SOURCES 1.3 item 7: E* = (s - m^2) / (2 sqrt(s)); the beam spread moves it by dE*/dsqrt(s) = (1 + m^2 / s) / 2.
    assert photon[0].mean() == pytest.approx(process.e_star_gev, abs=3e-4)
    assert photon[0].std() < 8e-3
    s, m2 = NOMINAL.s_gev2, mass**2
    edges = np.tanh(np.linspace(-2.4362, 2.4362, 25))
    density = lambda c: (1 + c * c + 4 * s * m2 / (s - m2) ** 2) / (1 - c * c)  # noqa: E731
    assert_follows(cos_of(photon), edges, integrals(density, edges))


def test_dark_photon_cross_section_scales_and_joins_gamma_gamma():
    """At m = 0 the photon and the A' are distinguishable photons: twice the gamma gamma cross-section."""
    assert DarkPhoton(mass_gev=0.0).cross_section().nb == pytest.approx(2 * PhotonPair().cross_section().nb, rel=1e-12)
    assert DarkPhoton(epsilon=1e-3).cross_section().nb == pytest.approx(1e-6 * DarkPhoton().cross_section().nb, rel=1e-12)


@pytest.mark.parametrize("process", [PhotonPair(isr=True), Bhabha(isr=True)], ids=name_of)
def test_radiation_is_collinear_and_the_cut_holds_for_both(process):
    particles = draw(process)
    radiated = np.flatnonzero(np.diff(particles.offsets) == 3)
    assert 0.5 < len(radiated) / N < 0.95
    photon = in_cm(particles, particles.offsets[radiated] + 2)
    np.testing.assert_allclose(np.abs(photon[3]), photon[0], rtol=1e-6)
    assert (photon[3] > 0).mean() == pytest.approx(0.5, abs=0.02)
    for k in (0, 1):
        cos = cos_of(in_cm(particles, particles.offsets[:-1] + k))
        assert np.abs(cos).max() < math.cos(math.radians(9.98))


def test_bhabha_either_keeps_lost_leptons():
    particles = draw(Bhabha(isr=True, accept=Accept.EITHER))
    cos = np.stack([cos_of(in_cm(particles, particles.offsets[:-1] + k)) for k in (0, 1)])
    # The rotation to the laboratory is that of the nominal beams: a few microradians are left.
    inside = np.abs(cos) < math.cos(math.radians(9.99))
    assert inside.any(axis=0).all(), "one of the leptons must pass"
    both = Bhabha(isr=True).cross_section().nb / Bhabha(isr=True, accept=Accept.EITHER).cross_section().nb
    assert inside.all(axis=0).mean() == pytest.approx(both, abs=5 * math.sqrt(both / N) + 2e-3)
    # The boost brings leptons of small angle into the cut, where the pole is.
    assert both < 0.3


def test_muon_pair_spectrum_follows_the_radiator():
    """Fraction of events above each pair mass, against the ratio of cross-sections of SOURCES 1.3 item 3."""
    particles = draw(MuonPair())
    first = particles.offsets[:-1]
    columns = (particles.energy, particles.px, particles.py, particles.pz)
    mass = b.mass_of(np.stack([column[first] + column[first + 1] for column in columns]))
    for threshold, reference in ((1.0, 1.038), (5.0, 0.902)):
        expected = reference / 1.153
        error = math.sqrt(expected * (1 - expected) / N)
        assert (mass > threshold).mean() == pytest.approx(expected, abs=5 * error + 1e-3)


def test_muon_pair_angles():
    """1 + cos^2 where nothing was radiated; hard photons lie along the beams."""
    particles = draw(MuonPair())
    alone = np.flatnonzero(np.diff(particles.offsets) == 2)
    cos = cos_of(in_cm(particles, particles.offsets[alone]))
    edges = np.linspace(-1, 1, 21)
    assert_follows(cos, edges, integrals(lambda c: 1 + c * c, edges))
    photons = in_cm(particles, particles.pdg == 22)
    hard = photons[0] > 0.5
    # The pole 1 / (1 - beta^2 c^2) is flat in artanh(beta c); the numerator moves the share by a percent or two.
    inside = 1 - math.atanh(math.cos(math.radians(10))) / math.atanh(math.sqrt(1 - 4 * qed.ELECTRON_MASS_GEV**2 / NOMINAL.s_gev2))
    assert (np.abs(cos_of(photons)[hard]) > math.cos(math.radians(10))).mean() == pytest.approx(inside, abs=0.03)


def test_unweighted_mu_mu_gamma_follows_the_weighted_sample():
    unweighted, weighted = draw(RadiativeMuons()), draw(RadiativeMuons(weighted=True), 4 * N)
    assert weighted.weight.mean() == pytest.approx(1.0, abs=5 * weighted.weight.std() / math.sqrt(4 * N))
    assert (unweighted.weight == 1).mean() > 0.999
    assert unweighted.weight.max() < 1.3
    edges = np.array([0.25, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 4.5, 5.0, 5.2, 5.3])
    for k in range(3):
        energies = [in_cm(sample, slice(k, None, 3))[0] for sample in (unweighted, weighted)]
        reference, variance = (np.histogram(energies[1], edges, weights=weighted.weight**power)[0] for power in (1, 2))
        counts, scale = np.histogram(energies[0], edges)[0], N / (4 * N)
        chi2 = ((counts - reference * scale) ** 2 / np.maximum(counts + variance * scale**2, 1)).sum()
        assert chi2 < len(counts) + 5 * math.sqrt(2 * len(counts))


def test_soft_photons_come_from_charges_that_turn():
    """A mu- that goes on where the electron came from is no accelerated charge: interference suppresses the photon."""
    particles = draw(RadiativeMuons(), 2 * N)
    cos = cos_of(in_cm(particles, slice(0, None, 3)))
    soft = in_cm(particles, slice(2, None, 3))[0] < 0.5
    wide = np.abs(cos_of(in_cm(particles, slice(2, None, 3)))) < 0.8
    forward, backward = (cos > 0.3) & soft & wide, (cos < -0.3) & soft & wide
    assert forward.sum() < 0.8 * backward.sum()


def test_one_sided_bhabha_has_one_lepton_inside():
    particles = draw(OneSidedBhabha())
    momenta = b.lab_to_generator(np.stack([particles.energy, particles.px, particles.py, particles.pz]))
    # The beam energy spread moves an angle by less than a milliradian.
    inside = (np.abs(cos_of(momenta)) < math.cos(math.radians(10.1))) & (np.abs(particles.pdg) == 11)
    surely_inside = np.bincount(particles.event_index(), inside)
    assert surely_inside.max() == 1
    assert surely_inside.mean() > 0.97
    # The scale of the momentum transfer takes off between nothing and two thirds of what the scale s gives.
    both, either = (Bhabha(isr=True, accept=accept).cross_section().nb for accept in (Accept.BOTH, Accept.EITHER))
    assert (either - both) / 3 < OneSidedBhabha().cross_section().nb < either - both


def test_z_prime_energies_follow_the_formula():
    """d sigma / dx1 dx2 of a massive vector from massless muons, against a quadrature in bins of the muon's energy fraction."""
    mass = 3.0
    particles = draw(ZPrime(mass_gev=mass))
    fraction = in_cm(particles, slice(0, None, 3))[0] / (0.5 * NOMINAL.sqrt_s_gev)
    share = mass**2 / NOMINAL.s_gev2
    middle = (np.arange(2000) + 0.5) / 2000
    left, right = np.meshgrid(middle, middle, indexing="ij")
    x1, x2 = 1 - left, 1 - right
    density = ((x1 + share) ** 2 + (x2 + share) ** 2) / (left * right) - share / left**2 - share / right**2
    density[(left * right < share) | (left + right > 1 + share)] = 0.0
    edges = np.linspace(0.05, 0.9, 18)
    expected = np.histogram(1 - middle, edges, weights=density.sum(axis=1))[0]
    assert_follows(fraction, edges, expected, particles.weight)
    cos = np.abs(cos_of(in_cm(particles, slice(0, None, 3))))
    assert cos.mean() > 0.5


def test_lost_electrons_are_lost_and_the_photon_is_not():
    particles = draw(LostElectrons())
    # Cuts hold in the frame of each collision; the beam spread moves angles in the nominal one by less than a milliradian.
    electron, positron, photon = (in_cm(particles, slice(k, None, 3)) for k in range(3))
    assert cos_of(electron).min() > math.cos(math.radians(19.1))
    assert cos_of(positron).max() < -math.cos(math.radians(19.1))
    assert np.abs(cos_of(photon)).max() < math.cos(math.radians(21.9))
    assert photon[0].min() > 0.249
    # What is lost bounds the photon's transverse momentum.
    lost = math.sin(math.radians(19.0)) * (electron[0] + positron[0])
    assert (np.hypot(photon[1], photon[2]) < lost).all()
    # The weights above the bound stay a small correction.
    assert (particles.weight > 1).mean() < 0.003
    assert particles.weight.mean() < 1.005


def test_three_photons_stay_inside_and_are_alike():
    particles = draw(ThreePhotons())
    momenta = in_cm(particles, slice(None))
    assert np.abs(cos_of(momenta)).max() < math.cos(math.radians(9.99))
    assert momenta[0].min() > 0.149


def test_e_star_cut_of_mu_mu_gamma():
    assert in_cm(draw(RadiativeMuons(e_star_min_gev=1.0)), slice(2, None, 3))[0].min() > 0.99
    assert RadiativeMuons(e_star_min_gev=1.0).cross_section().nb < RadiativeMuons().cross_section().nb


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (PhotonGun, {"e_star_gev": (2.0, 1.0)}),
        (PhotonGun, {"e_star_gev": (-1.0, 1.0)}),
        (PhotonGun, {"theta_deg": (10.0, 190.0)}),
        (ParticleGun, {"range_gev": (0.0, 1.0)}),
        (ParticleGun, {"pdg": 987654321}),
        (PhotonPair, {"theta_min_deg": 0.0}),
        (Bhabha, {"theta_min_deg": 90.0}),
        (Bhabha, {"isr_mass_min_gev": 11.0}),
        (MuonPair, {"mass_min_gev": 0.1}),
        (RadiativeMuons, {"e_star_min_gev": 6.0}),
        (LostElectrons, {"lost_deg": 25.0}),
        (RadiativeBhabha, {"theta_min_deg": 0.5}),
        (RadiativeBhabha, {"e_star_min_gev": 5.3}),
        (RadiativeBhabha, {"mass_min_gev": 0.001}),
        (ThreePhotons, {"theta_min_deg": 0.1}),
        (DarkPhoton, {"mass_gev": 10.58}),
        (DarkPhoton, {"mass_gev": math.nan}),
        (DarkPhoton, {"epsilon": 0.0}),
    ],
)
def test_impossible_options_are_refused(model, options):
    with pytest.raises(ValueError, match="must be"):
        model(**options)


def test_declared_processes():
    assert len({process.name for process in PROCESSES}) == len(PROCESSES)
    for process in PROCESSES:
        section = process.model().cross_section()
        if process.reference is not None and not (section is None and issubclass(process.model, PythiaProcess)):
            assert section is not None
            assert section.nb == pytest.approx(process.reference.nb, rel=0.11), process.name


def test_other_beams_reach_the_events():
    beams = Beams(electron_energy_gev=7.1, electron_spread_gev=0.0, positron_spread_gev=0.0)
    particles = PhotonPair(beams=beams).generate(5, stream(1, "x", Stage.GENERATE, 0))
    np.testing.assert_allclose(np.bincount(particles.event_index(), particles.energy), 7.1 + 4.002)


def test_running_coupling():
    """SOURCES 1.3: 1/131.9 at 111.9 GeV^2, leptons 0.02127; no running at low momentum."""
    assert 1 / float(qed.alpha_s(111.9)) == pytest.approx(131.9, abs=0.05)
    assert float(qed.leptonic_shift(np.array(111.9))) == pytest.approx(0.02127, abs=5e-6)
    assert float(qed.alpha_t(np.array(-1e-8))) == pytest.approx(qed.ALPHA_0, rel=1e-4)
    # The real part is continuous across a threshold, where logarithm and arcus tangent meet.
    threshold = 4 * qed.MUON_MASS_GEV**2
    below, at, above = qed.leptonic_shift(threshold * np.array([1 - 1e-12, 1.0, 1 + 1e-12]))
    assert below == pytest.approx(at, abs=1e-8)
    assert above == pytest.approx(at, abs=1e-8)
    assert qed.radiator_power(NOMINAL.s_gev2) == pytest.approx(0.0877, abs=5e-5)
