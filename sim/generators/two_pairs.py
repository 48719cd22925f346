"""Tree amplitude of e+e- to two pairs through annihilation: two virtual photons, and one virtual photon radiated by a pair.

Diagrams in which the beam leptons survive do not exist for these final states. Running couplings at the masses of the virtual
photons. The beams are massless, which the masses of the pairs allow; all other masses are kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.generators import qed
from sim.generators.pion_form_factor import pion_form_factor
from sim.generators.spinors import (
    bar,
    beam_spinors,
    by_slices,
    current,
    joined,
    on_axis,
    propagated,
    row_propagated,
    row_slash,
    slash,
    spinor_u,
    spinor_v,
)

# Spin axes of the arrays below: the four particles; one chirality of the beams gives half of the sum, by parity.
_AXES = 4


@dataclass(frozen=True, kw_only=True)
class PairKind:
    """Kinds of the two pairs: masses in GeV; whether the second is of pions; whether both are the same leptons."""

    first_gev: float
    second_gev: float
    pions: bool = False
    identical: bool = False


@dataclass(frozen=True, eq=False)
class _Leg:
    """One pair: row of the particle, column of the antiparticle, their momenta (4, n), mass; None for the spinors of pions."""

    row: np.ndarray | None
    column: np.ndarray | None
    minus: np.ndarray
    plus: np.ndarray
    mass: float

    @property
    def photon(self) -> tuple[np.ndarray, np.ndarray]:
        """What the virtual photon of this pair brings: current times 4 pi alpha / s', and its momentum (4, n)."""
        total = self.minus + self.plus
        mass2 = total[0] ** 2 - np.square(total[1:]).sum(axis=0)
        coupling = 4.0 * np.pi * qed.alpha_s(mass2) / mass2
        if self.row is None or self.column is None:
            difference = (self.minus - self.plus) * pion_form_factor(mass2)
            return difference.reshape(4, *([1] * _AXES), -1) * coupling, total
        return current(self.row, self.column) * coupling, total


def squared_amplitude(kind: PairKind, momenta: np.ndarray) -> np.ndarray:
    """Spin-averaged squared amplitude (n,), GeV^-4, with the factor 1/4 of identical pairs.

    momenta: (4, 4, n) of negative and positive particle of the first pair, then of the second, generator frame.
    """
    share = 0.25 if kind.identical else 1.0

    def squared(momenta: np.ndarray) -> np.ndarray:
        return 0.5 * share * np.square(np.abs(sum(amplitudes(kind, momenta)))).sum(axis=tuple(range(_AXES)))

    return by_slices(squared, momenta)


def amplitudes(kind: PairKind, momenta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Amplitudes of two virtual photons, and of radiation by a pair; spins first, event last, arrays that broadcast."""
    one, two = momenta[:, 0], momenta[:, 1]
    three, four = momenta[:, 2], momenta[:, 3]
    rows = [on_axis(bar(spinor_u(p, m)), axis, _AXES) for p, m, axis in ((one, kind.first_gev, 0), (three, kind.second_gev, 2))]
    columns = [on_axis(spinor_v(p, m), axis, _AXES) for p, m, axis in ((two, kind.first_gev, 1), (four, kind.second_gev, 3))]
    first = _Leg(rows[0], columns[0], one, two, kind.first_gev)
    second = _Leg(None if kind.pions else rows[1], None if kind.pions else columns[1], three, four, kind.second_gev)
    sqrt_s = float(momenta[0, :, 0].sum())
    converted, radiated = _conversion(first, second, sqrt_s), _radiation(first, second, sqrt_s)
    if kind.identical:
        # The antiparticles exchanged, with the sign of Fermi.
        crossed = _Leg(rows[0], columns[1], one, four, kind.first_gev), _Leg(rows[1], columns[0], three, two, kind.first_gev)
        converted = converted - _conversion(*crossed, sqrt_s)
        radiated = radiated - _radiation(*crossed, sqrt_s)
    return converted, radiated


def _conversion(first: _Leg, second: _Leg, sqrt_s: float) -> np.ndarray:
    (one, k_one), (two, k_two) = first.photon, second.photon
    n = k_one.shape[-1]
    row, column = (_spread(spinor[:, 0]) for spinor in beam_spinors(sqrt_s, n))
    beam = np.array([0.5 * sqrt_s, 0.0, 0.0, 0.5 * sqrt_s])[:, None]
    after_one, after_two = (_spread(beam - k) for k in (k_one, k_two))
    return joined(row_slash(row, two), propagated(after_one, 0.0, slash(one, column))) + joined(
        row_slash(row, one), propagated(after_two, 0.0, slash(two, column))
    )


def _radiation(first: _Leg, second: _Leg, sqrt_s: float) -> np.ndarray:
    n = first.minus.shape[-1]
    row, column = (_spread(spinor[:, 0]) for spinor in beam_spinors(sqrt_s, n))
    annihilated = 4.0 * np.pi * float(qed.alpha_s(sqrt_s**2)) / sqrt_s**2 * current(row, column)
    total: np.ndarray = np.zeros(1)
    for emitter, other in ((first, second), (second, first)):
        if emitter.row is None or emitter.column is None:
            continue
        wave, k = other.photon
        before, after = _spread(emitter.minus + k), _spread(-(emitter.plus + k))
        total = total + joined(
            row_propagated(row_slash(emitter.row, wave), before, emitter.mass), slash(annihilated, emitter.column)
        )
        total = total + joined(row_slash(emitter.row, annihilated), propagated(after, emitter.mass, slash(wave, emitter.column)))
    return total


def _spread(momentum: np.ndarray) -> np.ndarray:
    return momentum.reshape(4, *([1] * _AXES), -1)
