"""Decays: two bodies, flat phase space of N bodies, flight paths, and the step from mothers to daughters inside events.

Daughters are made in the rest frame of the mother, with axes parallel to those of the generator frame (the boost between the
two frames is pure), and then put into events that are already in the laboratory: masses are exact, whatever the beams did.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sim.generators.beams import NOMINAL, Beams, generator_to_lab, lab_to_generator
from sim.generators.frames import along, boost_from_rest
from sim.generators.particles import Particles
from sim.generators.readers import C_CM_PER_NS
from trigger.errors import InputError

_LEAST_TRIALS = 2048
_PER_PARTICLE = ("pdg", "px", "py", "pz", "energy", "vx", "vy", "vz", "t")


def breakup_momentum(mass: np.ndarray | float, first: np.ndarray | float, second: np.ndarray | float) -> np.ndarray:
    """Momentum of the two daughters in the rest frame of a mother of this mass; 0 at and below threshold. Masses in GeV."""
    room = (mass - (first + second)) * (mass + first + second)
    return np.sqrt(np.maximum(room, 0.0) * (mass - first + second) * (mass + first - second)) / (2.0 * np.asarray(mass))


def two_body(
    mass: np.ndarray | float,
    masses: tuple[np.ndarray | float, np.ndarray | float],
    cos: np.ndarray,
    phi: np.ndarray,
) -> np.ndarray:
    """Four-momenta (4, 2, n) of two daughters in the rest frame of the mother, the first one at (cos, phi).

    mass, masses: GeV, numbers or (n,). cos, phi: (n,). InputError at or below threshold.
    """
    _check_threshold(mass, np.asarray(masses[0]) + masses[1])
    momentum = np.broadcast_to(breakup_momentum(mass, *masses), np.shape(cos))
    first = along(np.hypot(momentum, masses[0]), momentum, cos, phi)
    second = np.concatenate([np.hypot(momentum, masses[1])[None], -first[1:]])
    return np.stack([first, second], axis=1)


def isotropic(mass: np.ndarray, masses: tuple[np.ndarray | float, np.ndarray | float], rng: np.random.Generator) -> np.ndarray:
    """Four-momenta (4, 2, n) of two daughters in the rest frame of mothers of mass (n,), flat in solid angle."""
    u_cos, u_phi = rng.random((2, len(mass)))
    return two_body(mass, masses, 2.0 * u_cos - 1.0, 2.0 * np.pi * u_phi)


def weighted_phase_space(mass: np.ndarray, masses: Sequence[float], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Four-momenta (4, k, n) of k >= 2 daughters in the rest frames of mothers of mass (n,), and their weights (n,).

    The mean weight is the volume of phase space, (2 pi)^4 delta^4 prod d3p / ((2 pi)^3 2 E), in GeV^(2k-4). InputError at or
    below threshold. Source: Raubold-Lynch, F. James, CERN 68-15 (GENBOD).
    """
    _check_threshold(mass, sum(masses))
    k, n = len(masses), len(mass)
    spare = mass - sum(masses)
    steps = np.sort(rng.random((k - 2, n)), axis=0)
    lightest = np.cumsum(masses)
    # Mass of the first j + 1 daughters together.
    joint = [np.full(n, float(masses[0])), *(low + step * spare for low, step in zip(lightest[1:-1], steps, strict=True)), mass]
    weight = spare ** (k - 2) / math.factorial(k - 2) * 2.0 ** (k - 2) * math.pi ** (k - 1) / mass
    weight = weight * (2.0 * math.pi) ** (4 - 3 * k)
    system = np.stack([mass, *np.zeros((3, n))])
    daughters: list[np.ndarray] = []
    for j in range(k - 1, 0, -1):
        u_cos, u_phi = rng.random((2, n))
        # Rounding may put a joint mass a little below its threshold.
        momentum = breakup_momentum(joint[j], joint[j - 1], masses[j])
        weight = weight * momentum
        single = along(np.hypot(momentum, masses[j]), momentum, 2.0 * u_cos - 1.0, 2.0 * np.pi * u_phi)
        rest = np.concatenate([np.hypot(momentum, joint[j - 1])[None], -single[1:]])
        pair = boost_from_rest(np.stack([rest, single], axis=1), system)
        system = pair[:, 0]
        daughters.insert(0, pair[:, 1])
    return np.stack([system, *daughters], axis=1), weight


def flat_phase_space(mass: np.ndarray, masses: Sequence[float], rng: np.random.Generator) -> np.ndarray:
    """Four-momenta (4, k, n) of k >= 2 daughters in the rest frames of mothers of mass (n,), flat in phase space.

    Rejection against the analytic bound of GENBOD, which no weight exceeds. InputError at or below threshold.
    """
    mass = np.asarray(mass, float)
    out = np.empty((4, len(masses), len(mass)))
    missing = np.arange(len(mass))
    while len(missing):
        # Several trials at once for the last events; the first accepted one of each counts.
        trials = np.tile(missing, -(-_LEAST_TRIALS // len(missing)))
        momenta, weight = weighted_phase_space(mass[trials], masses, rng)
        accepted = np.flatnonzero(rng.random(len(trials)) * _largest_weight(mass[trials], masses) < weight)
        done, first = np.unique(trials[accepted], return_index=True)
        out[..., done] = momenta[..., accepted[first]]
        missing = np.setdiff1d(missing, done, assume_unique=True)
    return out


def _largest_weight(mass: np.ndarray, masses: Sequence[float]) -> np.ndarray:
    """Bound of the weights of `weighted_phase_space`: each joint mass as heavy, what it decays to as light as it can be."""
    k = len(masses)
    spare = mass - sum(masses)
    bound = spare ** (k - 2) / math.factorial(k - 2) * 2.0 ** (k - 2) * math.pi ** (k - 1) / mass * (2.0 * math.pi) ** (4 - 3 * k)
    low = 0.0
    for j in range(1, k):
        low += masses[j - 1]
        bound = bound * breakup_momentum(spare + low + masses[j], low, masses[j])
    return bound


def flight(momenta: np.ndarray, mass_gev: float, ctau_cm: float, rng: np.random.Generator) -> np.ndarray:
    """Paths (4, n) from birth to decay: time in ns, then x, y, z in cm, exponential in the proper time.

    momenta: (4, n), laboratory. mass_gev must be positive, ctau_cm (mean proper decay length) not negative: InputError.
    """
    if not (mass_gev > 0.0 and 0.0 <= ctau_cm < math.inf):
        raise InputError(f"a decay in flight needs mass > 0 and 0 <= ctau < inf, not {mass_gev} GeV and {ctau_cm} cm")
    proper = ctau_cm * rng.standard_exponential(momenta.shape[1])
    path = momenta * (proper / mass_gev)
    return np.concatenate([path[:1] / C_CM_PER_NS, path[1:]])


def decay_particles(
    particles: Particles,
    rows: np.ndarray,
    pdg: Sequence[int] | np.ndarray,
    daughters: np.ndarray,
    *,
    mass_gev: float,
    ctau_cm: float = 0.0,
    rng: np.random.Generator,
    beams: Beams = NOMINAL,
) -> Particles:
    """Events in which the particles of `rows` are replaced, in their places, by daughters born where the mothers decayed.

    rows: indices (m,) into the particles, ascending, all of mass_gev. pdg: codes (k,), or (k, m) where they differ. daughters:
    four-momenta (4, k, m), GeV, rest frames of the mothers with the axes of the generator frame. ctau_cm: mean proper decay
    length in cm; with 0 nothing moves and no random number is drawn.
    """
    lab = np.stack([column[rows] for column in (particles.energy, particles.px, particles.py, particles.pz)])
    path = flight(lab, mass_gev, ctau_cm, rng) if ctau_cm != 0.0 else np.zeros((4, len(rows)))
    mothers = lab_to_generator(lab, beams)
    mothers[0] = np.sqrt(np.square(mothers[1:]).sum(axis=0) + mass_gev**2)
    born = generator_to_lab(boost_from_rest(daughters, mothers), np.array(beams.total), beams)
    return replace_rows(particles, rows, pdg, born, path)


def replace_rows(
    particles: Particles, rows: np.ndarray, pdg: Sequence[int] | np.ndarray, momenta: np.ndarray, path: np.ndarray
) -> Particles:
    """Events with the particles of `rows` replaced, in their places, by k others.

    rows: (m,), ascending. pdg: (k,) or (k, m). momenta: (4, k, m), laboratory. path: (4, m), time in ns, x, y, z in cm from
    the birth of the old particle to that of the new ones.
    """
    k, m = momenta.shape[1:]
    copies = np.ones(len(particles.pdg), np.int64)
    copies[rows] = k
    ends = np.concatenate([[0], np.cumsum(copies)])
    columns = {name: np.repeat(getattr(particles, name), copies) for name in _PER_PARTICLE}
    codes = np.asarray(pdg, np.int32)
    place = ends[rows] + np.arange(k)[:, None]
    columns["pdg"][place] = codes if codes.ndim == 2 else codes[:, None]
    for name, values in zip(("energy", "px", "py", "pz"), momenta, strict=True):
        columns[name][place] = values
    for name, values in zip(("t", "vx", "vy", "vz"), path, strict=True):
        columns[name][place] += np.broadcast_to(values, (k, m))
    return Particles(offsets=ends[particles.offsets], weight=particles.weight, **columns)


def _check_threshold(mass: np.ndarray | float, threshold: np.ndarray | float) -> None:
    short = ~(np.asarray(mass) > threshold)
    if short.any():
        bad = int(np.argmax(short))
        got, needed = (float(np.broadcast_to(value, short.shape).flat[bad]) for value in (mass, threshold))
        raise InputError(f"the mass of a mother must be above that of its daughters, {needed:g} GeV, not {got:g} GeV")
