"""What the trigger sees: collisions with their cross-sections, cosmics and beam background with their rates."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from sim.generators.background_tracks import BackgroundTracks
from sim.generators.bhabha import Bhabha
from sim.generators.cosmics import Cosmics
from sim.generators.lost_electrons import LostElectrons
from sim.generators.muon_pair import MuonPair
from sim.generators.one_sided_bhabha import OneSidedBhabha
from sim.generators.particles import Particles
from sim.generators.photon_pair import PhotonPair
from sim.generators.process import Generator
from sim.generators.processes import PROCESSES
from sim.generators.pythia import CharmQuarks, DownQuarks, StrangeQuarks, TauPair, UpQuarks, Upsilon4S
from sim.generators.two_photon import TwoPhotonElectrons, TwoPhotonMuons

NB_PER_CM2 = 1e-33
"""1 nb in cm^2."""
BEAM_TRACKS_HZ = 50e3
"""Background tracks from along the beam line, per second. GUESS (unverified): of the order of the experiment's two-track rate
before the neuro trigger; no public number was found."""
_AAFH_MUONS_NB = 18.9
"""e+e- -> e+e- mu+mu- with W > 0.5 GeV, and the mass that it refers to. Source: SOURCES 1.2, AAFH, Belle II physics book."""
_AAFH_MASS_GEV = 0.5


class Clock(Enum):
    """How the events of a sample follow each other."""

    COLLISIONS = "collisions"
    """With the luminosity."""
    FIXED = "fixed rate"
    FRAMES = "frames"
    """Beam background alone in the track trigger: one frame after the other."""
    STREAM = "stream"
    """Beam background alone in the calorimeter: windows that overlap, one per clock of 7.95 MHz."""


@dataclass(frozen=True, kw_only=True)
class RateSample:
    """One source of triggers.

    per_event: for COLLISIONS the cross-section in nb, for FIXED the rate in Hz, that all generated events stand for; else 0: the
    time of a frame or step decides. share: part of the events asked for that is generated. source: of that number. guess: what
    about it is guessed, "" for nothing.
    """

    name: str
    process: Generator
    clock: Clock
    per_event: float = 0.0
    share: float = 1.0
    source: str
    guess: str = ""


@dataclass(frozen=True, kw_only=True)
class NoParticles:
    """Events of beam background alone."""

    def cross_section(self) -> None:
        """None: there is no collision."""

    def generate(self, n: int, rng: np.random.Generator) -> Particles:
        """n events without particles; draws no number."""
        none = np.zeros(0)
        columns = dict.fromkeys(("px", "py", "pz", "energy", "vx", "vy", "vz", "t"), none)
        return Particles(offsets=np.zeros(n + 1, np.int64), pdg=np.zeros(0, np.int32), weight=np.ones(n), **columns)


def rate_samples() -> tuple[RateSample, ...]:
    """All samples, collisions first. Cross-sections of generators without a published number are their own."""
    return (
        _published("bhabha", Bhabha(isr=True)),
        _collisions("bhabha-one-side", OneSidedBhabha(), _own(OneSidedBhabha()), "own, collinear radiation at the scale of t"),
        _collisions("e-e-gamma", LostElectrons(), _own(LostElectrons()), "own tree, both leptons lost"),
        _published("gamma-gamma", PhotonPair(isr=True)),
        _published("mu-mu", MuonPair()),
        _published("tau-tau", TauPair(), share=0.25),
        *(
            _published(name, process, share=0.125)
            for name, process in (("u-u", UpQuarks()), ("d-d", DownQuarks()), ("s-s", StrangeQuarks()), ("c-c", CharmQuarks()))
        ),
        _published("y4s", Upsilon4S(), share=0.125),
        _collisions("e-e-mu-mu", TwoPhotonMuons(), _scaled_two_photon(), "W > 0.22 GeV, scaled to 18.9 nb above 0.5 GeV"),
        _collisions("e-e-e-e", TwoPhotonElectrons(), _own(TwoPhotonElectrons()), "equivalent photons, W > 0.22 GeV", share=2.0),
        RateSample(
            name="cosmics",
            process=Cosmics(time_ns=(-60.0, 60.0)),
            clock=Clock.FIXED,
            per_event=Cosmics().rate_hz(),
            share=0.25,
            source="Gaisser's formula, recalled",
            guess="nothing stands above the chamber",
        ),
        RateSample(
            name="beam-tracks",
            process=BackgroundTracks(),
            clock=Clock.FIXED,
            per_event=BEAM_TRACKS_HZ,
            share=0.25,
            source="GUESS",
            guess="rate, momenta, species and multiplicity",
        ),
        RateSample(
            name="background-frames",
            process=NoParticles(),
            clock=Clock.FRAMES,
            source="uncorrelated hits",
            guess="level and spectrum of the hits",
        ),
        RateSample(
            name="background-stream",
            process=NoParticles(),
            clock=Clock.STREAM,
            source="uncorrelated hits",
            guess="level and spectrum of the hits",
        ),
    )


def _collisions(name: str, process: Generator, nb: float, source: str, share: float = 1.0) -> RateSample:
    return RateSample(name=name, process=process, clock=Clock.COLLISIONS, per_event=nb, share=share, source=source)


def _published(name: str, process: Generator, share: float = 1.0) -> RateSample:
    reference = next(declared.reference for declared in PROCESSES if declared.name == name)
    assert reference is not None
    return _collisions(name, process, reference.nb, reference.source, share)


def _own(process: Generator) -> float:
    section = process.cross_section()
    assert section is not None
    return section.nb


def _scaled_two_photon() -> float:
    return _own(TwoPhotonMuons()) * _AAFH_MUONS_NB / _own(TwoPhotonMuons(mass_min_gev=_AAFH_MASS_GEV))
