"""Particles of one kind in the form that the compiled kernels take."""

from dataclasses import dataclass

import numpy as np

from sim.detector.ecl.helix import turn_per_cm
from sim.detector.ecl.species import charges, masses_gev
from sim.generators.particles import Particles

_AT_REST_GEV = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Flight:
    """Where particles start and how they fly; float64 unless said otherwise.

    row: int64 (n,), place in the event record. start: (n, 3), cm. direction: (n, 3), unit vectors; a particle at rest points
    along z. turn: (n,), rad of azimuth per cm of path. kinetic_gev, mass_gev: (n,). time_ns: (n,), at the start.
    """

    row: np.ndarray
    start: np.ndarray
    direction: np.ndarray
    turn: np.ndarray
    kinetic_gev: np.ndarray
    mass_gev: np.ndarray
    time_ns: np.ndarray


def flight_of(particles: Particles, rows: np.ndarray) -> Flight:
    """The chosen particles; their energy follows from momentum and the mass of their kind."""
    code = particles.pdg[rows]
    mass = masses_gev(code)
    momentum = np.stack([particles.px[rows], particles.py[rows], particles.pz[rows]], axis=1)
    size = np.sqrt((momentum**2).sum(axis=1))
    moving = np.maximum(size, _AT_REST_GEV)
    return Flight(
        row=rows,
        start=np.stack([particles.vx[rows], particles.vy[rows], particles.vz[rows]], axis=1),
        direction=np.where(size[:, None] > _AT_REST_GEV, momentum / moving[:, None], np.array([0.0, 0.0, 1.0])),
        turn=turn_per_cm(charges(code), moving),
        kinetic_gev=np.sqrt(size**2 + mass**2) - mass,
        mass_gev=mass,
        time_ns=np.ascontiguousarray(particles.t[rows]),
    )
