"""e+e- -> mu+ mu- X with a new particle X radiated by a muon, exact tree amplitude: vector, scalar or pseudoscalar."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable

import numpy as np

from sim.generators import qed
from sim.generators.recoil_channels import RecoilChannel, draw_mixed
from sim.generators.spinors import (
    bar,
    beam_current,
    by_slices,
    current,
    gamma5,
    joined,
    on_axis,
    polarisations,
    propagated,
    row_propagated,
    row_slash,
    slash,
    spinor_u,
    spinor_v,
)

# Spin axes of the arrays below: chirality of the beams, mu-, mu+, X or the pair that it decays to.
_AXES = 4


class Mediator(enum.Enum):
    """Kind of X: its coupling to leptons is g V.(l gamma l), g S l l or i g P l gamma5 l."""

    VECTOR = "vector"
    SCALAR = "scalar"
    PSEUDOSCALAR = "pseudoscalar"


def points(
    mass_gev: float, sqrt_s: float, n: int, rng: np.random.Generator, muon_gev: float = qed.MUON_MASS_GEV
) -> tuple[np.ndarray, np.ndarray]:
    """n phase-space points (4, 3, n) of mu-, mu+, X in the generator frame, and their weights (n,): phase space in GeV^2."""
    channels = tuple(
        RecoilChannel(
            sqrt_s=sqrt_s, masses=(muon_gev, muon_gev, mass_gev), single=1 - radiates, first=radiates, second=2, pole_gev=muon_gev
        )
        for radiates in (0, 1)
    )
    return draw_mixed(channels, n, rng)


def squared_amplitude(
    mediator: Mediator,
    momenta: np.ndarray,
    mass_gev: float,
    *,
    muon_gev: float = qed.MUON_MASS_GEV,
    daughters: np.ndarray | None = None,
    daughter_gev: float = 0.0,
) -> np.ndarray:
    """Spin-averaged squared amplitude (n,) at unit coupling, GeV^-2.

    momenta: four-momenta (4, 3, n) of mu-, mu+, X in the generator frame. daughters: (4, 2, n), particle and antiparticle of mass
    daughter_gev to which a vector X decays, same frame; then its polarisation follows them, and the mean over the solid angle of
    their rest frame is the value without them. A spinless X ignores them. Coupling of the photon: alpha at s. Masses kept, but
    those of the beams.
    """
    return by_slices(
        lambda momenta, daughters: _squared(mediator, momenta, mass_gev, muon_gev, daughters, daughter_gev), momenta, daughters
    )


def _squared(
    mediator: Mediator, momenta: np.ndarray, mass_gev: float, m: float, daughters: np.ndarray | None, daughter_gev: float
) -> np.ndarray:
    minus, plus, boson = momenta.transpose(1, 0, 2)
    n = momenta.shape[2]
    sqrt_s = float(momenta[0, :, 0].sum())
    row = on_axis(bar(spinor_u(minus, m)), 1, _AXES)
    column = on_axis(spinor_v(plus, m), 2, _AXES)
    beams = beam_current(sqrt_s, n).reshape(4, 2, 1, 1, 1, n)
    before, after = (q.reshape(4, 1, 1, 1, 1, n) for q in (minus + boson, -(plus + boson)))
    norm = 1.0
    vertex: Callable[[np.ndarray], np.ndarray]
    if mediator is Mediator.VECTOR:
        if daughters is None:
            waves = polarisations(boson, mass_gev).reshape(4, 1, 1, 1, 3, n)
        else:
            particle = on_axis(bar(spinor_u(daughters[:, 0], daughter_gev)), 0, 2)
            antiparticle = on_axis(spinor_v(daughters[:, 1], daughter_gev), 1, 2)
            waves = current(particle, antiparticle).reshape(4, 1, 1, 1, 4, n)
            norm = 0.75 / (mass_gev**2 + 2.0 * daughter_gev**2)
        first = joined(row_propagated(row_slash(row, waves), before, m), slash(beams, column))
        second = joined(row_slash(row, beams), propagated(after, m, slash(waves, column)))
    else:
        vertex = gamma5 if mediator is Mediator.PSEUDOSCALAR else np.asarray
        first = joined(row_propagated(vertex(row), before, m), slash(beams, column))
        second = joined(row_slash(row, beams), propagated(after, m, vertex(column)))
    coupling = 4.0 * np.pi * float(qed.alpha_s(sqrt_s**2)) / sqrt_s**2
    return 0.25 * norm * coupling**2 * np.square(np.abs(first + second)).sum(axis=(0, 1, 2, 3))


def massless_density(mediator: Mediator, share: float, x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """d2 sigma / dx1 dx2 over the cross-section of mu mu, at unit coupling, for massless muons of energy fractions x1 and x2.

    share: squared mass of X over s; the region is (1 - x1)(1 - x2) >= share, x1 + x2 >= 1 - share. Sources: vector, SOURCES 1.3
    item 9; scalar and pseudoscalar alike, DERIVED by traces.
    """
    a, b = 1.0 - x2, 1.0 - x1
    if mediator is Mediator.VECTOR:
        return (((x1 + share) ** 2 + (x2 + share) ** 2) / (a * b) - share / a**2 - share / b**2) / (8.0 * math.pi**2)
    collinear = (a - share) * (b - share) - share * (1.0 - a - b + share)
    both = 2.0 * (a - share) * (b - share) / (a * b)
    return (collinear * (1.0 / a**2 + 1.0 / b**2) + both) / (16.0 * math.pi**2)
