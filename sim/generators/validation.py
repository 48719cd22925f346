"""Cross-sections of the generators against published and independently derived numbers, as a table."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from sim.blocks import Stage, stream
from sim.generators import qed
from sim.generators.beams import NOMINAL
from sim.generators.bhabha import Bhabha, fixed_coupling_nb
from sim.generators.comparison import Comparison, measured, rounded
from sim.generators.dark_higgs import DarkHiggsstrahlung
from sim.generators.dark_photon import DarkPhoton
from sim.generators.electron_validation import electron_comparisons
from sim.generators.muon_pair import radiative_cross_section_nb
from sim.generators.particles import Particles
from sim.generators.photon_pair import PhotonPair
from sim.generators.radiative_muons import MuonMass, RadiativeMuons, Radiator
from sim.generators.search_validation import search_comparisons
from sim.generators.three_photons import ThreePhotons

E_STAR_EDGES_GEV = (0.5, 1.0, 2.0, 3.0, 4.0, 5.3)
"""Bins of the selected mu mu gamma sample (SOURCES 1.3 item 4)."""
# Selection of that sample: muons in the drift chamber, photon in the calorimeter (SOURCES 1.2).
_MUON_DEG, _MUON_MIN_GEV, _PHOTON_DEG, _PHOTON_MIN_GEV = (17.0, 150.0), 0.5, (12.4, 155.1), 0.5
# The reference sample starts at this pair mass: inferred, its total and its initial-state part agree for 0.3 GeV alone.
_REFERENCE_MASS_GEV = 0.3
_PB_PER_NB = 1e3
_FB_PER_NB = 1e6


def validate_generators(seed: int, n_events: int = 1 << 20) -> tuple[Comparison, ...]:
    """All comparisons; n_events weighted events of each three-body process are drawn with `seed`."""
    muons = (*_radiative_muons(seed, n_events), _convolution(seed, n_events))
    known = (*_two_body(), *_dark_photon(), *_dark_higgs(), *muons, *_three_photons(), *electron_comparisons(seed, n_events))
    return (*known, *search_comparisons(seed, n_events))


def _two_body() -> Iterator[Comparison]:
    running = "SOURCES 1.3 item 1; 0.5 % for the hadronic running in t"
    yield Comparison(
        name="Bhabha 10-170 deg, alpha(0)",
        ours=fixed_coupling_nb(10.0, qed.ALPHA_0),
        **rounded(286.8, 0.1),
        source="SOURCES 1.3 item 1",
    )
    for theta, reference in ((10.0, 298.8), (5.0, 1236.0), (3.0, 3454.0), (0.5, 123.9e3)):
        ours = Bhabha(theta_min_deg=theta).cross_section().nb
        name = f"Bhabha {theta:g}-{180 - theta:g} deg, running couplings"
        yield Comparison(name=name, ours=ours, reference=reference, tolerance=0.005 * reference, source=running)
    yield Comparison(
        name="Bhabha 10-170 deg, with radiation", ours=Bhabha(isr=True).cross_section().nb, reference=300.0, tolerance=9.0,
        source="SOURCES 1.2: BabaYaga 300 +- 3; 3 % for missing final-state radiation",
    )  # fmt: skip
    yield Comparison(
        name="gamma gamma 10-170 deg, Born",
        ours=PhotonPair().cross_section().nb,
        **rounded(4.525, 0.001),
        source="SOURCES 1.3 item 2",
    )
    yield Comparison(
        name="gamma gamma 10-170 deg, with radiation", ours=PhotonPair(isr=True).cross_section().nb, reference=4.99, tolerance=0.15,
        source="SOURCES 1.2: BabaYaga 4.99 +- 0.05; 3 % for missing virtual terms",
    )  # fmt: skip
    s = NOMINAL.s_gev2
    for name, mass, mass_min, reference in (
        ("mu mu, with radiation", qed.MUON_MASS_GEV, 0.0, 1.153),
        ("mu mu, with radiation, pair mass above 1 GeV", qed.MUON_MASS_GEV, 1.0, 1.038),
        ("mu mu, with radiation, pair mass above 5 GeV", qed.MUON_MASS_GEV, 5.0, 0.902),
        ("tau tau, with radiation", qed.TAU_MASS_GEV, 0.0, 0.916),
    ):
        ours = radiative_cross_section_nb(s, mass, mass_min)
        source = "SOURCES 1.3 item 3; 0.1 % for the running"
        yield Comparison(name=name, ours=ours, reference=reference, tolerance=0.001, source=source)


def _dark_photon() -> Iterator[Comparison]:
    for mass, reference, step in ((0.1, 9.05, 0.01), (1.0, 9.17, 0.01), (5.0, 13.6, 0.1), (8.0, 34.2, 0.1), (9.5, 96.2, 0.1)):
        ours = DarkPhoton(mass_gev=mass).cross_section().nb
        name = f"gamma A', m = {mass:g} GeV, epsilon = 1, 10-170 deg"
        yield Comparison(name=name, ours=ours, **rounded(reference, step), source="SOURCES 1.3 item 7")


def _dark_higgs() -> Iterator[Comparison]:
    for mass, higgs_mass, reference in ((1.0, 0.5, 29.0), (3.0, 1.0, 51.0), (5.0, 2.0, 101.0), (8.0, 1.0, 401.0)):
        process = DarkHiggsstrahlung(mass_gev=mass, higgs_mass_gev=higgs_mass, epsilon=1e-3, dark_coupling=1.0)
        name = f"A' h', m = {mass:g} and {higgs_mass:g} GeV, epsilon^2 alpha_D = 1e-6"
        ours = process.cross_section().nb * _FB_PER_NB
        yield Comparison(name=name, ours=ours, **rounded(reference, 1.0), unit="fb", source="SOURCES 1.3 item 10")


def _radiative_muons(seed: int, n_events: int) -> Iterator[Comparison]:
    for currents, name, reference in ((Radiator.INITIAL, "initial state only", 0.424), (Radiator.FULL, "all", 0.495)):
        process = RadiativeMuons(muon_mass=MuonMass.LIGHT, currents=currents, weighted=True)
        events, point, weight = _sample(process, seed, n_events)
        above = point[1] > _REFERENCE_MASS_GEV**2
        quoted = rounded(reference, 0.001)
        source = "SOURCES 1.3 item 4; pair mass above 0.3 GeV inferred"
        yield measured(f"mu mu gamma, E* > 0.25 GeV, {name}", weight, above, quoted, source)
    # The last sample is the full one, in which the selected events are counted.
    chosen = selected(events)
    e_star = events.to_truth()["true_photon_estar"]
    source = "SOURCES 1.3 item 4; 0.5 pb for the statistics of the reference"
    quoted = {"reference": 93.3, "tolerance": 0.5}
    yield measured("mu mu gamma selected", weight * _PB_PER_NB, chosen, quoted, source, "pb")
    for low, high, picobarn in zip(E_STAR_EDGES_GEV[:-1], E_STAR_EDGES_GEV[1:], (22.8, 22.5, 11.9, 8.5, 24.1), strict=True):
        inside = chosen & (e_star >= low) & (e_star < high)
        quoted = {"reference": picobarn, "tolerance": 0.5}
        yield measured(f"mu mu gamma selected, E* {low:g}-{high:g} GeV", weight * _PB_PER_NB, inside, quoted, source, "pb")


def _convolution(seed: int, n_events: int) -> Comparison:
    """Initial-state mu mu gamma is gamma A' folded with the spectrum of A' -> mu mu, exactly, mass included."""
    process = RadiativeMuons(currents=Radiator.INITIAL, weighted=True)
    _, point, weight = _sample(process, seed, n_events)
    inside = np.abs(np.tanh(point[2])) < math.cos(math.radians(10.0))
    low, high = 4.0 * qed.MUON_MASS_GEV**2, NOMINAL.s_gev2 - 2.0 * NOMINAL.sqrt_s_gev * process.e_star_min_gev
    mass2 = np.geomspace(low * (1 + 1e-12), high, 4001)
    beta = np.sqrt(1.0 - low / mass2)
    sigma = np.array([DarkPhoton(mass_gev=math.sqrt(m2)).cross_section().nb for m2 in mass2])
    coupling = float(qed.alpha_s(NOMINAL.s_gev2))
    spectrum = coupling / (3.0 * math.pi) * (1.0 + 0.5 * low / mass2) * beta * sigma * coupling / qed.ALPHA_0
    expected = {"reference": float(np.trapezoid(spectrum, np.log(mass2))), "tolerance": 0.0}
    return measured(
        "mu mu gamma from the initial state, 10-170 deg, against gamma A' folded",
        weight,
        inside,
        expected,
        "SOURCES 1.3 items 4 and 7",
    )


def _three_photons() -> Iterator[Comparison]:
    for e_star, reference in ((0.15, 0.300), (0.5, 0.184), (1.0, 0.117)):
        section = ThreePhotons(e_star_min_gev=e_star).cross_section()
        yield Comparison(
            name=f"gamma gamma gamma 10-170 deg, E* > {e_star:g} GeV", ours=section.nb, error=section.error_nb, reference=reference,
            tolerance=0.02 * reference, source="SOURCES 1.3 item 6; 2 % for the statistics of the reference",
        )  # fmt: skip


def _sample(process: RadiativeMuons, seed: int, n_events: int) -> tuple[Particles, np.ndarray, np.ndarray]:
    """Laboratory events, phase-space points, and weights in nb whose mean is the cross-section."""
    rng = stream(seed, "validation", Stage.GENERATE, 0)
    point, weight = process.sample(n_events, rng)
    return process.place(point, weight, rng), point, weight * process.cross_section().nb


def selected(events: Particles) -> np.ndarray:
    """Events of mu-, mu+, photon that pass the reference selection, bool (n_events,)."""
    px, py, pz, energy = (getattr(events, name).reshape(-1, 3) for name in ("px", "py", "pz", "energy"))
    momentum, theta = np.sqrt(px**2 + py**2 + pz**2), np.degrees(np.arctan2(np.hypot(px, py), pz))
    muons = (theta[:, :2] > _MUON_DEG[0]) & (theta[:, :2] < _MUON_DEG[1]) & (momentum[:, :2] > _MUON_MIN_GEV)
    photon = (theta[:, 2] > _PHOTON_DEG[0]) & (theta[:, 2] < _PHOTON_DEG[1]) & (energy[:, 2] > _PHOTON_MIN_GEV)
    return muons.all(axis=1) & photon
