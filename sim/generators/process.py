"""What every process shares: its cross-section, its interface, and the step from the generator frame to the laboratory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sim.generators import beams as beam_tools
from sim.generators.beams import Beams
from sim.generators.particles import Particles, from_table
from trigger.errors import InputError

_NEWTON_STEPS = 2
_NOTHING = 1e-300


@dataclass(frozen=True, kw_only=True)
class CrossSection:
    """A cross-section in nb with its uncertainty (0: exact or not stated) and where it comes from."""

    nb: float
    error_nb: float = 0.0
    source: str


class Generator(Protocol):
    """A process with its options: frozen, equal by value."""

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events in the laboratory; the same generator state gives the same events."""

    def cross_section(self) -> CrossSection | None:
        """Cross-section of the generated region; None for a gun."""


def collide(
    pdg: Sequence[int],
    momenta: np.ndarray,
    masses: np.ndarray,
    beams: Beams,
    rng: np.random.Generator,
    *,
    weight: np.ndarray | None = None,
    keep: np.ndarray | None = None,
) -> Particles:
    """Laboratory events, with beam energy spread and vertices, of final states made at the nominal energy.

    momenta: float64 (4, k, n), (E, px, py, pz) in GeV, generator frame, total energy sqrt(s). masses: float64 (k,), GeV.
    The momenta of an event are scaled by one factor so that its energies add up to its own sqrt(s).
    """
    n = momenta.shape[2]
    total = beam_tools.sample_total(beams, n, rng)
    scaled = _rescale(momenta, np.asarray(masses, float), beam_tools.mass_of(total), beams.sqrt_s_gev)
    lab = beam_tools.generator_to_lab(scaled, total, beams)
    return from_table(pdg, lab, beam_tools.sample_vertices(beams, n, rng), weight=weight, keep=keep)


def collide_part(
    pdg: Sequence[int], momenta: np.ndarray, beams: Beams, rng: np.random.Generator, *, weight: np.ndarray
) -> Particles:
    """Laboratory events, with vertices, of the part of final states that is in the event; no beam energy spread.

    momenta: float64 (4, k, n), (E, px, py, pz) in GeV, generator frame.
    """
    lab = beam_tools.generator_to_lab(momenta, np.array(beams.total), beams)
    return from_table(pdg, lab, beam_tools.sample_vertices(beams, momenta.shape[2], rng), weight=weight)


def _rescale(momenta: np.ndarray, masses: np.ndarray, sqrt_s: np.ndarray, nominal: float) -> np.ndarray:
    factor = sqrt_s / nominal
    if not masses.any():
        return momenta * factor
    m2 = masses[:, None] ** 2
    p2 = momenta[0] ** 2 - m2
    for _ in range(_NEWTON_STEPS):
        energy = np.sqrt(factor**2 * p2 + m2)
        energy[energy == 0.0] = _NOTHING
        factor = factor + (sqrt_s - energy.sum(axis=0)) / (factor * (p2 / energy).sum(axis=0))
    return np.concatenate([np.sqrt(factor**2 * p2 + m2)[None], momenta[1:] * factor])


def back_to_back(energy: np.ndarray | float, momentum: np.ndarray | float, cos: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Four-momenta (4, 2, n) of two particles back to back; the first one at (cos, phi).

    energy: (2, n) or broadcastable; momentum, cos, phi: (n,) or numbers.
    """
    transverse = momentum * np.sqrt(np.maximum(1.0 - cos * cos, 0.0))
    px, py, pz = transverse * np.cos(phi), transverse * np.sin(phi), momentum * cos
    out = np.empty((4, 2, len(cos)))
    out[0] = energy
    out[1, 0], out[2, 0], out[3, 0] = px, py, pz
    out[1, 1], out[2, 1], out[3, 1] = -px, -py, -pz
    return out


def check_range(name: str, low: float, high: float, minimum: float, maximum: float, unit: str) -> None:
    """InputError unless minimum <= low < high <= maximum."""
    if not minimum <= low < high <= maximum:
        raise InputError(f"{name} must be a range inside {minimum:g}..{maximum:g} {unit}, not {low:g}..{high:g}")


def check_between(name: str, value: float, minimum: float, maximum: float, unit: str) -> None:
    """InputError unless minimum < value < maximum."""
    if not minimum < value < maximum:
        raise InputError(f"{name} must be above {minimum:g} and below {maximum:g}{f' {unit}' * bool(unit)}, not {value:g}")


def check_ctau(ctau_cm: float) -> None:
    """InputError unless the mean proper decay length is finite and not negative."""
    if not 0.0 <= ctau_cm < math.inf:
        raise InputError(f"ctau_cm must be 0 cm or more and finite, not {ctau_cm:g}")
