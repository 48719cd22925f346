"""Beam background in the calorimeter: hits per trigger cell, in +-4 us around the nominal event time.

No public table of trigger-cell rates was found: every preset is a guess, and says so in its meta. A user's own hits from random
triggers (`sim.detector.background_hits`) are the proper source.
"""

import enum
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.detector.level import BackgroundLevel
from trigger.geometry.ecl import N_CELLS, cells

WINDOW_NS = 4000.0
# Rate weight per theta id 1..17, barrel = 1. Guess: inner endcap rings about five times the barrel (unverified).
THETA_WEIGHT = (5, 3, 2, *(12 * (1,)), 2, 5)
# Guess (unverified): exponential below the trigger threshold, 1/E^2 above, continuous at the junction.
LOWEST_GEV, JUNCTION_GEV, HIGHEST_GEV = 0.030, 0.100, 2.0
EXPONENTIAL_SLOPE_GEV = 0.060


class BackgroundPreset(enum.Enum):
    """Hits above 100 MeV per us in one barrel cell. Guesses."""

    NONE = 0.0
    LOW = 0.001
    NOMINAL = 0.003
    HIGH = 0.010


@dataclass(frozen=True, kw_only=True)
class Background(BackgroundLevel[BackgroundPreset]):
    """Level of hits above 100 MeV per us in one barrel cell."""

    preset: BackgroundPreset = BackgroundPreset.NONE

    def meta(self) -> dict[str, Any]:
        """Level in words and numbers; a preset is called a guess."""
        return self.described("background", "no public source of cell rates", "background_rate_per_us_above_100_mev")

    def draw(self, n_events: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(event, cell, energy_gev, time_ns) of the hits of n_events events: Poisson number, flat in time, ordered by event."""
        weight = np.array(THETA_WEIGHT)[cells().theta_id - 1]
        below, above = _spectrum_weights()
        mean = self.level * weight.sum() * (1 + below / above) * 2 * WINDOW_NS / 1000
        event = np.repeat(np.arange(n_events), rng.poisson(mean, n_events))
        tickets = np.repeat(np.arange(1, N_CELLS + 1), weight)
        cell = tickets[rng.integers(tickets.size, size=event.size)]
        time_ns = rng.uniform(-WINDOW_NS, WINDOW_NS, event.size)
        return event, cell, _energy_gev(rng.random(event.size), below / (below + above)), time_ns


def _spectrum_weights() -> tuple[float, float]:
    """Areas of the exponential and of the 1/E^2 part, in units of GeV times the density at the junction."""
    below = EXPONENTIAL_SLOPE_GEV * np.expm1((JUNCTION_GEV - LOWEST_GEV) / EXPONENTIAL_SLOPE_GEV)
    above = JUNCTION_GEV**2 * (1 / JUNCTION_GEV - 1 / HIGHEST_GEV)
    return float(below), float(above)


def _energy_gev(u: np.ndarray, fraction_below: float) -> np.ndarray:
    """Energies by inversion of the two-part spectrum."""
    low = np.minimum(u / fraction_below, 1.0)
    span = -np.expm1(-(JUNCTION_GEV - LOWEST_GEV) / EXPONENTIAL_SLOPE_GEV)
    exponential = LOWEST_GEV - EXPONENTIAL_SLOPE_GEV * np.log1p(-low * span)
    high = np.maximum((u - fraction_below) / (1 - fraction_below), 0.0)
    tail = 1 / (1 / JUNCTION_GEV - high * (1 / JUNCTION_GEV - 1 / HIGHEST_GEV))
    return np.where(u < fraction_below, exponential, tail)
