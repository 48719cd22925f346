"""One logical block of a single-photon sample through generator, response, trigger and reconstruction."""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.blocks import Stage, stream
from sim.detector.background import Background
from sim.detector.ecl.config import EclResponse
from sim.detector.ecl.response import respond
from sim.generators.dark_photon import DarkPhoton
from sim.generators.guns import PhotonGun
from sim.generators.process import Generator
from sim.generators.radiative_muons import RadiativeMuons
from sim.offline import mumugamma, single_photon
from sim.offline.reco import reconstruct
from sim.studies.counting import Job
from sim.studies.float_cut import Window
from sim.studies.pointing import pointed_cell, ring_at
from trigger.ecl import EclDecision, EclTrigger, choose_window
from trigger.ecl.hits import Hits, calibrated_hits


class Kind(Enum):
    """What a sample is made of."""

    GUN = "photon gun"
    MUMUGAMMA = "e+e- -> mu+ mu- gamma"
    DARK_PHOTON = "e+e- -> gamma A', A' invisible"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A process under one background level. ``stream_name`` is shared by samples that must hold the same events."""

    name: str
    kind: Kind
    generator: Generator
    background: Background
    stream_name: str
    events: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """The events of one block: truth, hits, decision; reconstruction and selections are made when asked for."""

    sample: Sample
    job: Job
    seed: int
    trigger: EclTrigger
    arrays: dict[str, np.ndarray]
    decision: EclDecision

    @property
    def e_star(self) -> NDArray[np.float64]:
        """True E* of the photon in GeV."""
        return self.arrays["true_photon_estar"]

    @cached_property
    def cell(self) -> NDArray[np.int64]:
        """Trigger cell that the photon flies into, 0 for none."""
        cell = pointed_cell(self.arrays["true_photon_theta"], self.arrays["true_photon_phi"])
        return np.where(self.e_star > 0, cell, 0)

    @cached_property
    def ring(self) -> NDArray[np.int64]:
        """Theta id of that cell, 0 for none."""
        return np.where(self.e_star > 0, ring_at(self.arrays["true_photon_theta"]), 0)

    @cached_property
    def window(self) -> tuple[Window, NDArray[np.int16], NDArray[np.int16]]:
        """Hits that the trigger decided on, calibration included, their raw times, and the raw start of each window."""
        chosen = choose_window(*(self.arrays[f"ecl_{name}"] for name in ("offsets", "tc_id", "adc", "time", "phase")))
        hits, start = Hits(offsets=chosen[0], tc_id=chosen[1], adc=chosen[2], time=chosen[3]), chosen[4]
        if not self.trigger.calibration.is_neutral:
            hits = calibrated_hits(hits, self.trigger.calibration, start)
        assert hits.time is not None
        return Window(offsets=hits.offsets, tc_id=hits.tc_id, adc=hits.adc), hits.time, start

    @cached_property
    def offline(self) -> dict[str, np.ndarray]:
        """Reconstructed objects."""
        return reconstruct(self.arrays, self.rng(Stage.RECONSTRUCTION))

    @cached_property
    def single_photon(self) -> single_photon.SinglePhotonSelection:
        """Selection of the dark-photon search."""
        return single_photon.select(self.offline)

    @cached_property
    def mumugamma(self) -> mumugamma.MuMuGammaSelection:
        """Selection of the control sample."""
        return mumugamma.select(self.offline)

    def rng(self, stage: Stage) -> np.random.Generator:
        """Stream of this block for a later stage."""
        return stream(self.seed, self.sample.stream_name, stage, self.job.block)


def run_block(sample: Sample, job: Job, seed: int, trigger: EclTrigger, response: EclResponse) -> Block:
    """Events of one block with the trigger's decision on them.

    Generator and response draw from streams of their own, so samples that share ``stream_name`` hold the same photons with
    the same showers under each background.
    """
    particles = sample.generator.generate(job.events, stream(seed, sample.stream_name, Stage.GENERATE, job.block))
    hits = respond(particles, stream(seed, sample.stream_name, Stage.RESPONSE, job.block), response)
    decision = trigger.run(*(hits[f"ecl_{name}"] for name in ("offsets", "tc_id", "adc", "time", "phase")))
    return Block(sample=sample, job=job, seed=seed, trigger=trigger, arrays=particles.to_truth() | hits, decision=decision)


def gun(events: int, background: Background, name: str) -> Sample:
    """Isolated photons, flat in E*."""
    return Sample(name=name, kind=Kind.GUN, generator=PhotonGun(), background=background, stream_name="photon_gun", events=events)


def muons(events: int, background: Background, name: str) -> Sample:
    """mu mu gamma from the exact tree."""
    generator = RadiativeMuons()
    return Sample(
        name=name, kind=Kind.MUMUGAMMA, generator=generator, background=background, stream_name="mumugamma", events=events
    )


def dark_photon(events: int, background: Background, mass_gev: float) -> Sample:
    """gamma A' of one mass."""
    name = f"dark_photon_{mass_gev:.2f}"
    generator = DarkPhoton(mass_gev=mass_gev)
    return Sample(name=name, kind=Kind.DARK_PHOTON, generator=generator, background=background, stream_name=name, events=events)
