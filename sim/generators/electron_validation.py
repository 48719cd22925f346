"""Cross-sections of e+e- gamma against Compton scattering of equivalent photons, and against its diagrams in flat phase space."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from sim.blocks import Stage, stream
from sim.generators import electron_spinors, qed
from sim.generators.beams import NOMINAL
from sim.generators.comparison import Comparison, measured
from sim.generators.electron_amplitude import beam_direction, coupling, turn_from
from sim.generators.lost_electrons import LostElectrons, weighted_momenta
from sim.generators.quasi_real import compton_nb
from sim.generators.radiative_bhabha import RadiativeBhabha, Seen

_HARDLY_DEG = 0.2
_WIDE = RadiativeBhabha(e_star_min_gev=1.0, theta_min_deg=30.0)
_APART_DEG = 20.0
_DIAGRAMS_SHARE = 8
"""The diagrams take long: they get this fraction of the events (our choice)."""


def electron_comparisons(seed: int, n_events: int) -> Iterator[Comparison]:
    """All comparisons; n_events weighted events of each region are drawn with `seed`."""
    rng = stream(seed, "validation", Stage.GENERATE, 1)
    lost = LostElectrons()
    limits = lost.e_star_min_gev, lost.theta_min_deg
    yield _compton("e e gamma, leptons lost", weighted_momenta(lost, n_events, rng), (*limits, (0.0, lost.lost_deg)))
    rng = stream(seed, "validation", Stage.GENERATE, 5)
    one = RadiativeBhabha(seen=Seen.ONE)
    limits, seen = (one.e_star_min_gev, one.theta_min_deg), (one.theta_min_deg, 180.0 - one.theta_min_deg)
    yield _compton("e e gamma, electron seen", one.draw(n_events, rng), (*limits, seen))
    yield _wide(seed, n_events)


def _compton(name: str, drawn: tuple[np.ndarray, np.ndarray], region: tuple[float, float, tuple[float, float]]) -> Comparison:
    """Where the positron hardly turns, the exact tree is Compton scattering of equivalent photons."""
    momenta, weight = drawn
    positron = momenta[:, 1]
    hardly = np.hypot(positron[1], positron[2]) < -positron[3] * math.tan(math.radians(_HARDLY_DEG))
    expected = compton_nb(*region, 1.0 - math.cos(math.radians(_HARDLY_DEG)))
    quoted = {"reference": expected, "tolerance": 0.005 * expected}
    source = "SOURCES 1.4 and Compton scattering; 0.5 % for the approximation"
    return measured(f"{name}, positron below {_HARDLY_DEG:g} deg", weight, hardly, quoted, source)


def _wide(seed: int, n_events: int) -> Comparison:
    """Away from all poles: our channels and closed formula against flat phase space and the eight diagrams."""
    momenta, weight = _WIDE.draw(n_events, stream(seed, "validation", Stage.GENERATE, 6))
    witness = _diagrams_nb(n_events // _DIAGRAMS_SHARE, stream(seed, "validation", Stage.GENERATE, 7))
    quoted = {"reference": float(witness.mean()), "tolerance": 4.0 * float(witness.std()) / math.sqrt(len(witness))}
    return measured(
        f"e e gamma, all above {_WIDE.e_star_min_gev:g} GeV, 30 deg from the beams and {_APART_DEG:g} deg apart",
        weight,
        _inside(momenta),
        quoted,
        "DERIVED: eight diagrams by spinors, flat phase space; 4 of its standard deviations",
    )


def _inside(momenta: np.ndarray) -> np.ndarray:
    energy = momenta[0]
    inside = (energy > _WIDE.e_star_min_gev) & (np.abs(momenta[3]) < energy * math.cos(math.radians(_WIDE.theta_min_deg)))
    apart = [
        turn_from(momenta[:, i], momenta[:, k]) > 1.0 - math.cos(math.radians(_APART_DEG)) for i, k in ((0, 1), (0, 2), (1, 2))
    ]
    return inside.all(axis=0) & np.all(apart, axis=0)


def _diagrams_nb(n: int, rng: np.random.Generator) -> np.ndarray:
    """Weights in nb of n points, flat in phase space: electron, positron, photon inside."""
    sqrt_s = NOMINAL.sqrt_s_gev
    momenta, volume = electron_spinors.flat_points(sqrt_s, n, rng)
    inside = _inside(momenta)
    chosen = momenta[..., inside]
    beams = np.stack([beam_direction(side) for side in (1.0, -1.0)], axis=1) * np.full((1, 1, chosen.shape[2]), 0.5 * sqrt_s)
    squared = electron_spinors.squared_amplitude(beams, chosen[:, :2], chosen[:, 2], 0.0)
    turned = np.stack([turn_from(chosen[:, k], beams[:, k]) for k in range(2)])
    nearest = (-sqrt_s * chosen[0, :2] * turned).max(axis=0)
    weight = np.zeros(n)
    weight[inside] = coupling(nearest) * squared * volume / (2.0 * sqrt_s**2) * qed.GEV2_NB
    return weight
