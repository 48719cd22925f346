"""Phase space of two pairs by channels: two virtual photons back to back, and a pair radiated by a particle of the other pair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sim.generators.decays import breakup_momentum, isotropic, two_body
from sim.generators.frames import boost_from_rest, product

_TWO_BODY = 16.0 * np.pi**2


class Channel(Protocol):
    """A way to draw four particles."""

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Four-momenta (4, 4, n) in the generator frame."""

    def density(self, momenta: np.ndarray) -> np.ndarray:
        """Probability density (n,) of `draw` at momenta (4, 4, n) per unit of four-body phase space, GeV^-4."""


@dataclass(frozen=True, kw_only=True)
class ConversionChannel:
    """Pair `light`, squared mass flat in its logarithm, against pair `heavy`, flat in ln(s' / (s - s')): the poles of both photons.

    light, heavy: places of two particles each. masses: of the four, GeV. The direction has the poles of the electron exchange.
    """

    sqrt_s: float
    masses: tuple[float, float, float, float]
    light: tuple[int, int]
    heavy: tuple[int, int]

    def _ranges(self, light2: np.ndarray) -> tuple[float, float, float, np.ndarray]:
        least_light, least_heavy = (sum(self.masses[i] for i in pair) for pair in (self.light, self.heavy))
        s = self.sqrt_s**2
        low = math.log(least_heavy**2 / (s - least_heavy**2))
        top = (self.sqrt_s - np.sqrt(light2)) ** 2
        high = np.log(top / (s - top))
        return 2.0 * math.log(least_light), 2.0 * math.log(self.sqrt_s - least_heavy), low, high

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Four-momenta (4, 4, n)."""
        uniform = rng.random((4, n))
        low, high, *_ = self._ranges(np.ones(1))
        light2 = np.exp(low + (high - low) * uniform[0])
        _, _, least, most = self._ranges(light2)
        odds = np.exp(least + (most - least) * uniform[1])
        heavy2 = self.sqrt_s**2 * odds / (1.0 + odds)
        light, heavy = np.sqrt(light2), np.minimum(np.sqrt(heavy2), (self.sqrt_s - np.sqrt(light2)) * (1.0 - 1e-12))
        beta = self._beta(light, heavy)
        cos = np.tanh(np.arctanh(beta) * (2.0 * uniform[2] - 1.0)) / beta
        systems = two_body(self.sqrt_s, (light, heavy), np.clip(cos, -1.0, 1.0), 2.0 * np.pi * uniform[3])
        out = np.empty((4, 4, n))
        for index, (pair, mass) in enumerate(((self.light, light), (self.heavy, heavy))):
            rest = isotropic(mass, (self.masses[pair[0]], self.masses[pair[1]]), rng)
            out[:, pair] = boost_from_rest(rest, systems[:, index])
        return out

    def density(self, momenta: np.ndarray) -> np.ndarray:
        """Probability density (n,), GeV^-4."""
        (one, light), (_, heavy) = (_system(momenta, pair) for pair in (self.light, self.heavy))
        s = self.sqrt_s**2
        low, high, least, most = self._ranges(light**2)
        momentum = np.sqrt(np.square(one[1:]).sum(axis=0))
        beta = np.minimum(self._beta(light, heavy), 1.0 - 1e-15)
        cos = one[3] / np.maximum(momentum, 1e-300)
        mapped = 1.0 / (light**2 * (high - low)) * s / (heavy**2 * (s - heavy**2) * np.maximum(most - least, 1e-300))
        angle = beta / (2.0 * np.arctanh(beta) * (1.0 - (beta * cos) ** 2)) / (2.0 * np.pi)
        volume = momentum / (4.0 * np.pi**2 * _TWO_BODY * self.sqrt_s)
        for pair, mass in ((self.light, light), (self.heavy, heavy)):
            volume = volume * breakup_momentum(mass, *(self.masses[i] for i in pair)) / (_TWO_BODY * mass)
        return mapped * angle / (4.0 * np.pi) ** 2 / np.maximum(volume, 1e-300)

    def _beta(self, light: np.ndarray, heavy: np.ndarray) -> np.ndarray:
        """Both exchange poles are at cos(theta) = +- 1 / beta."""
        s = self.sqrt_s**2
        return 2.0 * self.sqrt_s * breakup_momentum(self.sqrt_s, light, heavy) / (s - light**2 - heavy**2)


@dataclass(frozen=True, kw_only=True)
class RadiationChannel:
    """Pair `light`, squared mass flat in its logarithm, radiated by `emitter`; flat in ln of how far that is off its mass shell.

    light: places of two particles; emitter, recoil: those of the others. masses: of the four, GeV.
    """

    sqrt_s: float
    masses: tuple[float, float, float, float]
    light: tuple[int, int]
    emitter: int
    recoil: int

    def _ranges(self, light2: np.ndarray) -> tuple[float, float, np.ndarray, float]:
        least = sum(self.masses[i] for i in self.light)
        emitter, recoil = self.masses[self.emitter], self.masses[self.recoil]
        low = np.log((np.sqrt(light2) + emitter) ** 2 - emitter**2)
        return (
            2.0 * math.log(least),
            2.0 * math.log(self.sqrt_s - emitter - recoil),
            low,
            math.log((self.sqrt_s - recoil) ** 2 - emitter**2),
        )

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Four-momenta (4, 4, n)."""
        uniform = rng.random((2, n))
        low, high, *_ = self._ranges(np.ones(1))
        light2 = np.exp(low + (high - low) * uniform[0])
        _, _, least, most = self._ranges(light2)
        emitter, recoil = self.masses[self.emitter], self.masses[self.recoil]
        light = np.sqrt(light2) * (1.0 - 1e-12)
        joint = np.sqrt(np.exp(least + (most - least) * uniform[1]) + emitter**2)
        joint = np.minimum(joint, (self.sqrt_s - recoil) * (1.0 - 1e-12))
        out = np.empty((4, 4, n))
        outer = isotropic(np.full(n, self.sqrt_s), (recoil, joint), rng)
        inner = boost_from_rest(isotropic(joint, (emitter, light), rng), outer[:, 1])
        out[:, self.recoil], out[:, self.emitter] = outer[:, 0], inner[:, 0]
        out[:, self.light] = boost_from_rest(isotropic(light, tuple(self.masses[i] for i in self.light), rng), inner[:, 1])  # type: ignore[arg-type]
        return out

    def density(self, momenta: np.ndarray) -> np.ndarray:
        """Probability density (n,), GeV^-4."""
        _, light = _system(momenta, self.light)
        _, joint = _system(momenta, (*self.light, self.emitter))
        low, high, least, most = self._ranges(light**2)
        emitter, recoil = self.masses[self.emitter], self.masses[self.recoil]
        mapped = 1.0 / (light**2 * (high - low)) / ((joint**2 - emitter**2) * np.maximum(most - least, 1e-300))
        volume = breakup_momentum(self.sqrt_s, recoil, joint) / (4.0 * np.pi**2 * _TWO_BODY * self.sqrt_s)
        volume = volume * breakup_momentum(joint, emitter, light) / (_TWO_BODY * joint)
        volume = volume * breakup_momentum(light, *(self.masses[i] for i in self.light)) / (_TWO_BODY * light)
        return mapped / (4.0 * np.pi) ** 3 / np.maximum(volume, 1e-300)


def draw_four(channels: Sequence[Channel], n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Four-momenta (4, 4, n) of all channels in equal shares, and their weights (n,): phase space, GeV^4, mean its volume."""
    counts = rng.multinomial(n, np.full(len(channels), 1.0 / len(channels)))
    momenta = np.concatenate([channel.draw(int(count), rng) for channel, count in zip(channels, counts, strict=True)], axis=2)
    momenta = momenta[..., rng.permutation(n)]
    return momenta, 1.0 / np.mean([channel.density(momenta) for channel in channels], axis=0)


def _system(momenta: np.ndarray, places: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Four-momentum and mass of some of the particles; the mass from products, which keeps it above threshold."""
    total = momenta[:, list(places)].sum(axis=1)
    return total, np.sqrt(np.maximum(product(total, total), 1e-300))
