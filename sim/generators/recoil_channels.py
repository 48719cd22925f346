"""Three-body phase space by channels: one particle against a pair whose mass follows the pole of a propagator."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.generators.decays import breakup_momentum, two_body
from sim.generators.frames import boost_from_rest, product, turned


@dataclass(frozen=True, kw_only=True)
class RecoilChannel:
    """Particle `single` recoils against the pair (`first`, `second`), squared mass of the pair flat in ln(s' - pole^2).

    single, first, second: places of the particles in the final state. masses: of the whole final state, GeV. forward_turn: 0
    for a flat direction of the single one; else its 1 - cos(theta) is flat in ln(forward_turn + 1 - cos). exchange: `second`
    follows the beam along -z in the rest frame of the pair, as by exchange of something as heavy as `first`; else it is flat.
    """

    sqrt_s: float
    masses: tuple[float, float, float]
    single: int
    first: int
    second: int
    pole_gev: float
    forward_turn: float = 0.0
    exchange: bool = False

    @property
    def _log_range(self) -> tuple[float, float]:
        low = (self.masses[self.first] + self.masses[self.second]) ** 2 - self.pole_gev**2
        high = (self.sqrt_s - self.masses[self.single]) ** 2 - self.pole_gev**2
        return math.log(low), math.log(high)

    def draw(self, uniform: np.ndarray) -> np.ndarray:
        """Four-momenta (4, 3, n) in the generator frame from uniform numbers (5, n)."""
        low, high = self._log_range
        pair2 = np.exp(low + (high - low) * uniform[0]) + self.pole_gev**2
        pair = np.sqrt(pair2)
        if self.forward_turn:
            cos = 1.0 - self.forward_turn * np.expm1(math.log1p(2.0 / self.forward_turn) * uniform[1])
        else:
            cos = 2.0 * uniform[1] - 1.0
        single, recoil = two_body(
            self.sqrt_s, (self.masses[self.single], pair), np.clip(cos, -1.0, 1.0), 2.0 * np.pi * uniform[2]
        ).transpose(1, 0, 2)
        masses = (self.masses[self.first], self.masses[self.second])
        if self.exchange:
            turn = self._exchange_turn(pair)
            cos = 1.0 - turn * np.expm1(np.log1p(2.0 / turn) * uniform[3])
            axis = boost_from_rest(_antibeam(len(pair))[:, None], np.concatenate([recoil[:1], -recoil[1:]]))[:, 0]
            cos_axis, phi_axis = axis[3] / np.sqrt(np.square(axis[1:]).sum(axis=0)), np.arctan2(axis[2], axis[1])
            about = two_body(pair, masses, -np.clip(cos, -1.0, 1.0), 2.0 * np.pi * uniform[4])
            rest = np.stack([turned(about[:, k], cos_axis, phi_axis) for k in range(2)], axis=1)
        else:
            rest = two_body(pair, masses, 2.0 * uniform[3] - 1.0, 2.0 * np.pi * uniform[4])
        out = np.empty((4, 3, uniform.shape[1]))
        out[:, self.single] = single
        out[:, [self.first, self.second]] = boost_from_rest(rest, recoil)
        return out

    def density(self, momenta: np.ndarray) -> np.ndarray:
        """Probability density (n,) of `draw` at momenta (4, 3, n) per unit of three-body phase space, GeV^-2."""
        low, high = self._log_range
        single = momenta[:, self.single]
        pair2 = self.sqrt_s**2 + self.masses[self.single] ** 2 - 2.0 * self.sqrt_s * single[0]
        pair = np.sqrt(np.maximum(pair2, 1e-300))
        momentum = np.sqrt(np.square(single[1:]).sum(axis=0))
        inner = breakup_momentum(pair, self.masses[self.first], self.masses[self.second])
        volume = momentum * inner / (2.0 * np.pi * (16.0 * np.pi**2) ** 2 * self.sqrt_s * pair)
        if self.forward_turn:
            turn = 1.0 - single[3] / np.maximum(momentum, 1e-300)
            angle = 1.0 / ((self.forward_turn + turn) * math.log1p(2.0 / self.forward_turn))
        else:
            angle = np.full(len(momentum), 0.5)
        mass = 1.0 / ((pair2 - self.pole_gev**2) * (high - low))
        if self.exchange:
            recoil = momenta[:, self.first] + momenta[:, self.second]
            beam, second = _antibeam(len(momentum)), momenta[:, self.second]
            energy, beam_energy = product(second, recoil) / pair, product(beam, recoil) / pair
            turn = 1.0 - (energy - product(beam, second) / beam_energy) / np.maximum(inner, 1e-300)
            scale = self._exchange_turn(pair)
            around = 1.0 / ((scale + np.maximum(turn, 0.0)) * np.log1p(2.0 / scale))
        else:
            around = np.full(len(momentum), 0.5)
        return mass * angle * around / (4.0 * np.pi**2) / np.maximum(volume, 1e-300)

    def _exchange_turn(self, pair: np.ndarray) -> np.ndarray:
        """1 - cos below which the mass of `first` ends the pole of the exchange."""
        inner = breakup_momentum(pair, self.masses[self.first], self.masses[self.second])
        return 0.5 * (self.masses[self.first] / np.maximum(inner, 1e-3)) ** 2


def _antibeam(n: int) -> np.ndarray:
    ones, zeros = np.ones(n), np.zeros(n)
    return np.stack([ones, zeros, zeros, -ones])


def draw_mixed(channels: tuple[RecoilChannel, ...], n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Four-momenta (4, 3, n) of all channels in equal shares, and their weights (n,): phase space, GeV^2, mean its volume."""
    uniform = rng.random((6, n))
    which = np.minimum((uniform[5] * len(channels)).astype(int), len(channels) - 1)
    momenta = np.empty((4, 3, n))
    for index, channel in enumerate(channels):
        chosen = which == index
        momenta[..., chosen] = channel.draw(uniform[:5, chosen])
    density = np.mean([channel.density(momenta) for channel in channels], axis=0)
    return momenta, 1.0 / density
