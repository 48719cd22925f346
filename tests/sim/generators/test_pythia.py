"""Samples of Pythia: determinism, four-momentum, decay vertices, and the numbers of the Particle Data Group that they must show."""

import numpy as np
import pytest

from sim.blocks import Stage, stream
from sim.generators.beams import NOMINAL
from sim.generators.pythia import CharmQuarks, DownQuarks, PythiaProcess, StrangeQuarks, TauPair, UpQuarks, Upsilon4S

N = 2000
NEUTRINOS = (12, 14, 16)
EVERY = [TauPair(), DownQuarks(), UpQuarks(), StrangeQuarks(), CharmQuarks(), Upsilon4S()]


def draw(process, n=N, block=0):
    return process.generate(n, stream(5, type(process).__name__, Stage.GENERATE, block))


def charged(particles):
    return np.isin(np.abs(particles.pdg), (11, 13, 211, 321, 2212))


@pytest.mark.parametrize("process", EVERY, ids=lambda process: type(process).__name__)
def test_same_stream_same_events_and_four_momentum_of_the_beams(process):
    first, between, again = draw(process, 300), draw(process, 200, 1), draw(process, 300)
    assert first == again
    assert first.first(200) != between
    for name, expected in zip(("energy", "px", "py", "pz"), NOMINAL.total, strict=True):
        np.testing.assert_allclose(np.bincount(first.event_index(), getattr(first, name)), expected, atol=1e-8)
    charge = np.where(np.isin(first.pdg, (-11, -13, 211, 321, 2212)), 1, -1) * charged(first)
    assert not np.bincount(first.event_index(), charge).any()


@pytest.mark.parametrize("process", EVERY, ids=lambda process: type(process).__name__)
def test_what_the_detector_cannot_decay_has_decayed(process):
    from sim.detector.ecl.species import kinds

    particles = draw(process)
    kinds(particles.pdg, particles.offsets)
    # Particles of the collision and of charm, beauty and tau start near the interaction point, those of K_S and hyperons far away.
    prompt = particles.t < 0.01
    assert prompt.mean() > 0.6
    assert np.abs(particles.vz[prompt]).max() < 0.4
    assert np.hypot(particles.vx[~prompt], particles.vy[~prompt]).max() > 1.0


def test_tau_pairs_decay_to_one_and_three_prongs():
    """Branching fractions of the Particle Data Group: 85.2 % one prong and 14.6 % three prongs, without K_S."""
    particles = draw(TauPair(), 5000)
    prongs = np.bincount(particles.event_index(), charged(particles))
    assert (prongs == 2).mean() == pytest.approx(0.852**2, abs=0.04)
    assert (prongs == 4).mean() == pytest.approx(2 * 0.852 * 0.146, abs=0.04)
    neutrinos = np.bincount(particles.event_index(), np.isin(np.abs(particles.pdg), NEUTRINOS))
    assert neutrinos.min() >= 2


def test_radiative_return_is_there():
    """Initial-state radiation takes tau pairs down to threshold: Pythia's own default would cut at 10 GeV."""
    particles = draw(TauPair())
    photon = np.zeros(particles.n_events)
    hard = (particles.pdg == 22) & (np.hypot(particles.px, particles.py) < 0.05 * particles.energy + 0.4)
    np.maximum.at(photon, particles.event_index()[hard], particles.energy[hard])
    assert (photon > 2.0).mean() > 0.01


def test_upsilon_multiplicity():
    """Charged particles per B Bbar event: 10.7 (SOURCES 1.2), K_S products included."""
    particles = draw(Upsilon4S())
    assert charged(particles).sum() / particles.n_events == pytest.approx(10.74, abs=0.5)


def test_a_setting_that_pythia_does_not_know_is_refused():
    class Misspelt(PythiaProcess):
        settings = ("WeakSingleBosom:ffbar2gmZ = on",)

    with pytest.raises(RuntimeError, match="WeakSingleBosom"):
        draw(Misspelt())
