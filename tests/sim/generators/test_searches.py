"""Generators of the prompt searches and their backgrounds: what must hold for each of them."""

import math

import numpy as np
import pytest

from sim.blocks import Stage, stream
from sim.generators.alp import AlpFusion, AlpThreeGamma
from sim.generators.beams import NOMINAL
from sim.generators.dark_higgs_decays import DarkHiggsstrahlungDecays, HiggsDecay
from sim.generators.dark_photon_visible import DarkPhotonVisible
from sim.generators.guns import mass_gev
from sim.generators.muon_mediator import Mediator
from sim.generators.particles import concatenate
from sim.generators.pseudoscalar_photon import Meson, PseudoscalarPhoton
from sim.generators.two_pair_processes import FourMuons, MuMuPiPi
from sim.generators.vector_decays import LightPair
from sim.generators.z_prime_e_mu import ZPrimeEMu
from sim.generators.z_prime_visible import ZPrimeMuMu
from trigger.errors import InputError

N = 4000
# Processes, and the codes of new particles with their masses.
WHOLE = [
    *(DarkPhotonVisible(mass_gev=0.6, decay=decay) for decay in LightPair),
    DarkPhotonVisible(mass_gev=9.0, ctau_cm=3.0),
    AlpThreeGamma(mass_gev=0.1),
    AlpThreeGamma(mass_gev=9.5, coupling=1e-8),
    DarkHiggsstrahlungDecays(mass_gev=2.0, higgs_mass_gev=2.0),
    DarkHiggsstrahlungDecays(mass_gev=0.5, higgs_mass_gev=8.0, decay=LightPair.PIONS, higgs_decay=HiggsDecay.DARK_PHOTONS),
    PseudoscalarPhoton(meson=Meson.PION),
    FourMuons(weighted=True),
    MuMuPiPi(weighted=True),
    ZPrimeEMu(mass_gev=4.0),
    ZPrimeMuMu(mass_gev=3.0),
    ZPrimeMuMu(mass_gev=10.2, mediator=Mediator.PSEUDOSCALAR),
]
"""Processes with every particle of the final state in the event."""


def draw(process, n=N, block=0):
    return process.generate(n, stream(5, type(process).__name__, Stage.GENERATE, block))


def four_momenta(particles, rows=slice(None)):
    return np.stack([particles.energy, particles.px, particles.py, particles.pz])[:, rows]


@pytest.mark.parametrize("process", WHOLE, ids=repr)
def test_same_stream_same_events_whatever_the_grouping(process):
    together = concatenate([draw(process, 200, block) for block in range(2)])
    assert together == concatenate([draw(process, 200, block) for block in (1, 0)][::-1])
    assert draw(process, 200, 0) != draw(process, 200, 1)


@pytest.mark.parametrize("process", WHOLE, ids=repr)
def test_four_momentum_is_that_of_the_beams_and_masses_are_exact(process):
    particles = draw(process)
    sums = np.stack([np.add.reduceat(column, particles.offsets[:-1]) for column in four_momenta(particles)])
    energy, px, _, pz = NOMINAL.total
    np.testing.assert_allclose(sums[2], 0, atol=1e-8)
    np.testing.assert_allclose(sums[1] / sums[0], px / energy, rtol=1e-8)
    for total, nominal in ((sums[0], energy), (sums[3], pz)):
        assert total.mean() == pytest.approx(nominal, abs=5 * 5.65e-3 / math.sqrt(N))
        assert total.std() == pytest.approx(5.65e-3, rel=0.1)
    momenta = four_momenta(particles)
    mass2 = momenta[0] ** 2 - np.square(momenta[1:]).sum(axis=0)
    for pdg in np.unique(np.abs(particles.pdg)):
        mass = process.mass_gev if mass_gev_of(pdg) is None else mass_gev_of(pdg)
        np.testing.assert_allclose(mass2[np.abs(particles.pdg) == pdg], mass**2, atol=1e-7)


def mass_gev_of(pdg):
    """Mass of a known particle; None for a new one, whose mass is an option."""
    return mass_gev(int(pdg)) if pdg in (11, 13, 15, 22, 111, 211, 321) else None


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (DarkPhotonVisible, {"mass_gev": 2 * mass_gev(13)}),
        (DarkPhotonVisible, {"mass_gev": 10.58}),
        (DarkPhotonVisible, {"mass_gev": math.nan}),
        (DarkPhotonVisible, {"ctau_cm": -1.0}),
        (DarkPhotonVisible, {"ctau_cm": math.inf}),
        (DarkPhotonVisible, {"epsilon": 0.0}),
        (ZPrimeMuMu, {"mass_gev": 2 * mass_gev(13)}),
        (ZPrimeMuMu, {"mass_gev": 10.35}),
        (ZPrimeMuMu, {"coupling": -1.0}),
        (AlpThreeGamma, {"mass_gev": 0.0}),
        (AlpThreeGamma, {"mass_gev": 10.58}),
        (AlpThreeGamma, {"coupling": 0.0}),
        (AlpFusion, {"mass_gev": 10.5}),
        (AlpFusion, {"coupling": math.nan}),
        (DarkHiggsstrahlungDecays, {"mass_gev": 2 * mass_gev(13)}),
        (DarkHiggsstrahlungDecays, {"mass_gev": 6.0, "higgs_mass_gev": 4.6}),
        (DarkHiggsstrahlungDecays, {"mass_gev": 1.0, "higgs_mass_gev": 2.0, "higgs_decay": HiggsDecay.DARK_PHOTONS}),
        (ZPrimeEMu, {"mass_gev": mass_gev(13)}),
        (ZPrimeEMu, {"mass_gev": 10.3}),
        (ZPrimeEMu, {"theta_min_deg": 0.0}),
    ],
)
def test_boundaries_are_refused(model, options):
    with pytest.raises(InputError, match="must be"):
        model(**options)
