"""Uncorrelated background hits of the drift chamber.

The rates are guesses: published are a design limit of 200 kHz and a level of about 20 kHz per wire in 2021 (Belle II,
arXiv 2302.01566, abstract read), not how they fall off with radius or how they grow. A user's own hits from random triggers
(`sim.detector.cdc.overlay`) are the proper source.
"""

import enum
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.detector.cdc.geometry import WINDOW_NS
from sim.detector.level import BackgroundLevel
from trigger.geometry.cdc import layers

# Guess (unverified): rates fall with this power of the radius.
RADIUS_POWER = -1.5


class WirePreset(enum.Enum):
    """Hits per us and wire, averaged over all wires. Guesses: 2021 level, between, design limit."""

    NONE = 0.0
    LOW = 0.020
    NOMINAL = 0.060
    HIGH = 0.200


@dataclass(frozen=True, kw_only=True)
class WireBackground(BackgroundLevel[WirePreset]):
    """Level of hits per us and wire, averaged over all wires."""

    preset: WirePreset = WirePreset.NONE

    def meta(self) -> dict[str, Any]:
        """Level in words and numbers; a preset is called a guess."""
        return self.described("cdc_background", f"radius to the power {RADIUS_POWER}", "cdc_background_rate_per_us_and_wire")

    def occupancy(self) -> np.ndarray:
        """Mean number of hits of each wire in its layer's time window, float64 (56,) by layer."""
        lines = layers()
        weight = lines.radius_cm**RADIUS_POWER
        weight /= np.average(weight, weights=lines.n_wires)
        return self.level / 1000 * weight * (WINDOW_NS[:, 1] - WINDOW_NS[:, 0])

    def draw(self, n_events: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(event, wire, time_ns) of the hits of n_events events: Poisson numbers, flat in the layer's time window."""
        lines = layers()
        mean = self.occupancy() * lines.n_wires
        event = np.repeat(np.arange(n_events), rng.poisson(mean.sum(), n_events))
        # One ticket in the unit interval chooses the layer and, by what is left of it, the wire.
        edges = np.concatenate([[0.0], np.cumsum(mean)]) / max(mean.sum(), np.finfo(float).tiny)
        ticket = rng.random(event.size)
        layer = np.minimum(np.searchsorted(edges, ticket, side="right") - 1, lines.n_wires.size - 1)
        place = (ticket - edges[layer]) / (edges[layer + 1] - edges[layer]) * lines.n_wires[layer]
        wire = lines.first_wire[layer] + np.minimum(place.astype(np.int64), lines.n_wires[layer] - 1)
        low, high = WINDOW_NS[layer].T
        return event, wire, low + (high - low) * rng.random(event.size)
