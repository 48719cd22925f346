"""e+e- -> mu mu mu mu, mu mu tau tau and mu mu pi pi: backgrounds of searches with four tracks, exact tree of annihilation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.generators import qed
from sim.generators.muon_pair import ANTIMUON, MUON
from sim.generators.particles import Particles
from sim.generators.process import collide
from sim.generators.tau_decays import TAU, decay_taus
from sim.generators.two_pair_channels import Channel, ConversionChannel, RadiationChannel, draw_four
from sim.generators.two_pairs import PairKind, squared_amplitude
from sim.generators.unweighting import PilotSample, WeightedProcess
from sim.generators.vector_decays import CHARGED_PION_MASS_GEV


@dataclass(frozen=True, kw_only=True)
class TwoPairs(WeightedProcess):
    """Two pairs at all angles; subclasses name them. Left out: radiation of photons. Source: DERIVED, tree amplitude by spinors."""

    pilot_sample: ClassVar[PilotSample] = PilotSample(events=1 << 15, seed=20_260_204, above=1e-3)
    kind: ClassVar[PairKind]
    codes: ClassVar[tuple[int, int, int, int]]

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """n points (4, 4, n) of the particles in the order of `codes`, generator frame, and their weights in nb."""
        momenta, volume = draw_four(channels(self.kind, self.beams.sqrt_s_gev), n, rng)
        return momenta, squared_amplitude(self.kind, momenta) * volume / (2.0 * self.beams.s_gev2) * qed.GEV2_NB

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of four particles."""
        momenta, weight = self.sample(n, rng)
        masses = np.repeat([self.kind.first_gev, self.kind.second_gev], 2)
        return collide(self.codes, momenta, masses, self.beams, rng, weight=weight)


def channels(kind: PairKind, sqrt_s: float) -> tuple[Channel, ...]:
    """Channels for every pole of the amplitude."""
    masses = (kind.first_gev, kind.first_gev, kind.second_gev, kind.second_gev)
    pairings = [((0, 1), (2, 3)), ((2, 3), (0, 1))]
    if kind.identical:
        pairings += [((0, 3), (2, 1)), ((2, 1), (0, 3))]
    found: list[Channel] = []
    for light, heavy in pairings:
        found.append(ConversionChannel(sqrt_s=sqrt_s, masses=masses, light=light, heavy=heavy))
        # Pions do not radiate here.
        if not (kind.pions and heavy == (2, 3)):
            for emitter, recoil in (heavy, heavy[::-1]):
                found.append(RadiationChannel(sqrt_s=sqrt_s, masses=masses, light=light, emitter=emitter, recoil=recoil))
    return tuple(found)


class FourMuons(TwoPairs):
    """mu- mu+ mu- mu+, with the exchange of identical muons."""

    kind: ClassVar[PairKind] = PairKind(first_gev=qed.MUON_MASS_GEV, second_gev=qed.MUON_MASS_GEV, identical=True)
    codes: ClassVar[tuple[int, int, int, int]] = (MUON, ANTIMUON, MUON, ANTIMUON)


class MuMuTauTau(TwoPairs):
    """mu- mu+ and a tau pair; Pythia decays the taus, without their spins. Needs the extra `pythia`."""

    kind: ClassVar[PairKind] = PairKind(first_gev=qed.MUON_MASS_GEV, second_gev=qed.TAU_MASS_GEV)
    codes: ClassVar[tuple[int, int, int, int]] = (MUON, ANTIMUON, TAU, -TAU)

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events of mu-, mu+, and the final particles of both taus."""
        return decay_taus(super().generate(n, rng), rng)


class MuMuPiPi(TwoPairs):
    """mu- mu+ and pi- pi+ from one virtual photon with the form factor of the rho: pions do not radiate the muon pair, mixing with
    the omega and pairs of pions from other resonances are left out."""

    pilot_sample: ClassVar[PilotSample] = PilotSample(events=1 << 16, seed=20_260_205, above=1e-3)
    kind: ClassVar[PairKind] = PairKind(first_gev=qed.MUON_MASS_GEV, second_gev=CHARGED_PION_MASS_GEV, pions=True)
    codes: ClassVar[tuple[int, int, int, int]] = (MUON, ANTIMUON, -211, 211)
