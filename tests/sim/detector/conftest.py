"""Particles for the detector tests."""

from collections.abc import Callable

import numpy as np
import pytest

from sim.generators.particles import Particles, from_table

MASSES_GEV = {22: 0.0, 11: 0.000511, 13: 0.10566, 211: 0.13957, 321: 0.49368, 2212: 0.93827, 130: 0.49761, 2112: 0.93957}
Gun = Callable[..., Particles]


@pytest.fixture
def rng() -> np.random.Generator:
    """A seeded stream."""
    return np.random.Generator(np.random.Philox(20261121))


@pytest.fixture
def gun(rng: np.random.Generator) -> Gun:
    """One particle per event, flat in cos(theta) and phi, from the origin or from a given vertex."""

    def fire(
        pdg: int,
        n: int,
        *,
        momentum_gev: float | np.ndarray,
        theta_deg: tuple[float, float] = (40.0, 120.0),
        phi_deg: tuple[float, float] = (-180.0, 180.0),
        vertex_cm: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> Particles:
        cosine = rng.uniform(*np.cos(np.deg2rad(theta_deg[::-1])), n)
        sine = np.sqrt(1 - cosine**2)
        phi = np.deg2rad(rng.uniform(*phi_deg, n))
        momentum = np.broadcast_to(np.asarray(momentum_gev, float), n)
        energy = np.hypot(momentum, MASSES_GEV[abs(pdg)])
        table = np.stack([energy, momentum * sine * np.cos(phi), momentum * sine * np.sin(phi), momentum * cosine])
        return from_table([pdg], table[:, None, :], np.repeat(np.array(vertex_cm)[:, None], n, axis=1))

    return fire
