"""Cross-sections, lifetimes and acceptances of the generators of the prompt searches against published or independent numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from sim.blocks import Stage, stream
from sim.generators import qed
from sim.generators.alp import AlpFusion, AlpThreeGamma, ctau_cm
from sim.generators.beams import NOMINAL
from sim.generators.comparison import Comparison, rounded
from sim.generators.folded_pairs import massless_mediator_nb, two_photons_nb
from sim.generators.muon_mediator import Mediator, points, squared_amplitude
from sim.generators.pseudoscalar_photon import Meson, production_nb
from sim.generators.two_pair_channels import draw_four
from sim.generators.two_pair_processes import MuMuTauTau, channels
from sim.generators.two_pairs import amplitudes

_FB_PER_NB, _UM_PER_CM = 1e6, 1e4
_LIGHT_MUON_GEV = 1e-4
_MEDIATOR_MASSES_GEV = (1.0, 8.0)
_ECL_DEG = (12.4, 155.1)
_SHARE_OF_EVENTS = 32
"""The amplitudes by spinors take long: they get this fraction of the events (our choice)."""
_SLICE = 2048


def search_comparisons(seed: int, n_events: int) -> Iterator[Comparison]:
    """All comparisons; the samples are drawn with `seed`."""
    yield from _alps(seed, n_events // 16)
    yield from _mesons()
    yield from _mediators(seed, n_events // _SHARE_OF_EVENTS)
    yield _two_virtual_photons(seed, n_events // _SHARE_OF_EVENTS)


def _alps(seed: int, n_events: int) -> Iterator[Comparison]:
    source = "SOURCES 1.3 item 8 (arXiv 1709.00009)"
    for mass, reference, step in ((0.2, 118.0, 1.0), (1.0, 115.0, 1.0), (5.0, 55.0, 1.0), (9.0, 2.5, 0.1)):
        ours = AlpThreeGamma(mass_gev=mass).cross_section().nb * _FB_PER_NB
        yield Comparison(
            name=f"gamma a, m = {mass:g} GeV, g = 1e-3 / GeV", ours=ours, **rounded(reference, step), unit="fb", source=source
        )
    ours = ctau_cm(0.2, 1e-3) * _UM_PER_CM
    yield Comparison(name="c tau of an ALP, m = 0.2 GeV, g = 1e-3 / GeV", ours=ours, **rounded(5.0, 0.1), unit="um", source=source)
    for mass, reference in ((0.2, 37.0), (2.0, 74.0)):
        photons = AlpFusion(mass_gev=mass).generate(n_events, stream(seed, "validation", Stage.GENERATE, 2))
        theta = np.degrees(np.arctan2(np.hypot(photons.px, photons.py), photons.pz)).reshape(-1, 2)
        share = float(((theta > _ECL_DEG[0]) & (theta < _ECL_DEG[1])).all(axis=1).mean())
        error = 100.0 * math.sqrt(share * (1.0 - share) / n_events)
        yield Comparison(
            name=f"ALP fusion, m = {mass:g} GeV, both photons in the calorimeter", ours=100.0 * share, error=error,
            **rounded(reference, 1.0), unit="%", source="SOURCES, cautions, item 4: equivalent photons, computed apart",
        )  # fmt: skip


def _mesons() -> Iterator[Comparison]:
    source = "BaBar, Phys. Rev. D 74 (2006) 012002; tolerance: its error"
    for meson, reference, error in ((Meson.ETA, 4.5, 1.2), (Meson.ETA_PRIME, 5.4, 0.85)):
        ours = production_nb(meson) * _FB_PER_NB
        yield Comparison(name=f"{meson.value} gamma", ours=ours, reference=reference, tolerance=error, unit="fb", source=source)


def _mediators(seed: int, n_events: int) -> Iterator[Comparison]:
    for mediator in Mediator:
        for mass in _MEDIATOR_MASSES_GEV:
            rng = stream(seed, "validation", Stage.GENERATE, 3)
            momenta, volume = points(mass, NOMINAL.sqrt_s_gev, n_events, rng, muon_gev=_LIGHT_MUON_GEV)
            squared = squared_amplitude(mediator, momenta, mass, muon_gev=_LIGHT_MUON_GEV)
            yield _mean(
                f"mu mu X, {mediator.value}, m = {mass:g} GeV, massless muons",
                squared * volume / (2.0 * NOMINAL.s_gev2) * qed.GEV2_NB * _FB_PER_NB,
                massless_mediator_nb(mediator, mass) * _FB_PER_NB,
                "vector: SOURCES 1.3 item 9; others: DERIVED by traces",
            )


def _two_virtual_photons(seed: int, n_events: int) -> Comparison:
    rng = stream(seed, "validation", Stage.GENERATE, 4)
    kind = MuMuTauTau.kind
    momenta, volume = draw_four(channels(kind, NOMINAL.sqrt_s_gev), n_events, rng)
    squared = np.concatenate([_conversion(momenta[..., start : start + _SLICE]) for start in range(0, n_events, _SLICE)])
    return _mean(
        "mu mu tau tau by two virtual photons",
        squared * volume / (2.0 * NOMINAL.s_gev2) * qed.GEV2_NB * _FB_PER_NB,
        two_photons_nb(kind.first_gev, kind.second_gev) * _FB_PER_NB,
        "DERIVED: closed formula of two vectors, folded",
    )


def _conversion(momenta: np.ndarray) -> np.ndarray:
    """Squared amplitude of two virtual photons alone: half of the spin sum, as one chirality of the beams is computed."""
    amplitude, _ = amplitudes(MuMuTauTau.kind, momenta)
    return 0.5 * np.square(np.abs(amplitude)).sum(axis=(0, 1, 2, 3))


def _mean(name: str, weight: np.ndarray, reference: float, source: str) -> Comparison:
    error = float(weight.std() / math.sqrt(len(weight)))
    # Half a per cent for the quadrature.
    return Comparison(
        name=name,
        ours=float(weight.mean()),
        error=error,
        reference=reference,
        tolerance=0.005 * reference,
        unit="fb",
        source=source,
    )
