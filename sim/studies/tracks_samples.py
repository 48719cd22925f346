"""Samples of the track study: particles through the drift chamber and the track trigger, slice by slice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sim.blocks import Stage, stream
from sim.detector.background import Background, BackgroundPreset
from sim.detector.cdc.background import WireBackground, WirePreset
from sim.detector.cdc.config import CdcResponse
from sim.detector.cdc.response import simulate
from sim.detector.ecl.config import EclResponse
from sim.detector.ecl.response import respond
from sim.detector.ecl.species import charges
from sim.generators.background_tracks import BackgroundTracks
from sim.generators.guns import ParticleGun
from sim.generators.muon_pair import MuonPair
from sim.generators.particles import Particles
from sim.generators.process import Generator
from sim.studies.counting import Job
from sim.studies.sampled import Leveled
from sim.studies.tracks_matching import Matched, match
from trigger.cdc import (
    HoughFinder,
    HoughTracks,
    NeuroInputs,
    NeuroNetwork,
    NeuroVectors,
    SegmentFinder,
    SingleTracks,
    SingleTrackTrigger,
)
from trigger.ecl import EclTrigger
from trigger.geometry.cdc import PT_RADIUS_GEV_PER_CM
from trigger.grl import GrlTrigger

SLICE_EVENTS = 4096
"""Events that are in memory together. Our choice; part of what a seed means."""
THETA_DEG = (17.0, 150.0)
"""Polar angles of the guns: the chamber's acceptance."""
FAR_CM = 100.0
"""Range of the vertices along the beam line, both ways: that of the networks' output."""
GUESS_SCALES = (0.0, 0.3, 1.0, 3.0)
"""Multiples of the nominal guess of the wire background."""
EVENT_SHARE = 2
"""Samples other than that from the interaction point have this fraction (one in ...) of the events asked for. Our choice."""
REFERENCE = "eclmumu"
"""Line that measures those with tracks: its input `ecl_mumu` alone, as vetoes are left out; calorimeter clusters make it, no
tracks. Our choice: `bhie`, the reference of the channel studies, takes few muon pairs, those with a hard photon."""


class Kind(Enum):
    """What a sample is made of."""

    PROMPT = "muon from the interaction point, flat in 1/pT and cos(theta)"
    ALONG = "muon from along the beam line, flat in z, 1/pT and cos(theta)"
    BACKGROUND = "background track (a guess) from along the beam line, flat in z"
    MUON_PAIR = "e+e- -> mu+mu- with initial-state radiation"


GENERATORS: dict[Kind, Generator] = {
    Kind.PROMPT: ParticleGun(theta_deg=THETA_DEG, range_gev=(0.2, 10.0)),
    Kind.ALONG: ParticleGun(theta_deg=THETA_DEG, range_gev=(0.3, 10.0), z_cm=(-FAR_CM, FAR_CM)),
    Kind.BACKGROUND: BackgroundTracks(peak=(0.0, 0.0, 1.0), hump=(0.0, 0.0, 1.0), flat_cm=(-FAR_CM, FAR_CM), multiplicity=(1, 1)),
    Kind.MUON_PAIR: MuonPair(),
}


class Sample(Leveled[Kind]):
    """A process under one level of background; samples of one kind hold the same particles with the same hits."""

    @property
    def background(self) -> WireBackground:
        """The level in the drift chamber."""
        return WireBackground(preset=WirePreset.NOMINAL if self.scale else WirePreset.NONE, scale=self.scale or 1.0)

    @property
    def calorimeter(self) -> EclResponse:
        """The default calorimeter at the same level."""
        return EclResponse(background=Background(preset=BackgroundPreset.NOMINAL, scale=self.scale))


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """Charged particles of n events, m in all; offsets (n + 1,), the others (m,): GeV, degrees, cm, rad, 1/cm."""

    offsets: NDArray[np.int64]
    p_gev: NDArray[np.float64]
    pt_gev: NDArray[np.float64]
    theta_deg: NDArray[np.float64]
    z_cm: NDArray[np.float64]
    phi_rad: NDArray[np.float64]
    omega_per_cm: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """What one network and the single-track trigger say of the 2D tracks: outputs (m, 2) or (m, 3) with 12 fraction bits."""

    raw: NDArray[np.int16]
    single: SingleTracks


@dataclass(frozen=True, kw_only=True, eq=False)
class Slice:
    """Some events of a block: truth, 2D tracks, which belongs to which, inputs, and the answers by network.

    opened: bool (n,), whether two tracks of the event are open, as the GRL says. reference: bool (n,), whether REFERENCE takes the
    event; None where no lines are counted.
    """

    truth: Truth
    tracks: HoughTracks
    matched: Matched
    vectors: NeuroVectors
    answers: Mapping[str, Answers]
    opened: NDArray[np.bool_]
    reference: NDArray[np.bool_] | None


def samples(events: int) -> tuple[Sample, ...]:
    """Every kind at every level."""
    sizes = {kind: events if kind is Kind.PROMPT else max(events // EVENT_SHARE, 1) for kind in Kind}
    return tuple(Sample(kind=kind, scale=scale, events=sizes[kind]) for kind in Kind for scale in GUESS_SCALES)


def slices(sample: Sample, job: Job, seed: int, networks: Mapping[str, NeuroNetwork], response: CdcResponse) -> Iterator[Slice]:
    """The events of one block. The wire background of `response` is replaced by that of the sample."""
    particles = GENERATORS[sample.kind].generate(job.events, stream(seed, sample.kind.name, Stage.GENERATE, job.block))
    rng = stream(seed, sample.kind.name, Stage.DRIFT_CHAMBER, job.block)
    ecl_rng = stream(seed, sample.kind.name, Stage.RESPONSE, job.block)
    response = replace(response, background=sample.background)
    for start in range(0, job.events, SLICE_EVENTS):
        chosen = particles.select(np.arange(start, min(start + SLICE_EVENTS, job.events)))
        hits = simulate(chosen, rng, response)
        segments = _segment_finder().run(hits.offsets, hits.wire_id, hits.time_raw).arrays()
        reference = refer(chosen, ecl_rng, sample.calorimeter) if sample.kind is Kind.MUON_PAIR else None
        yield decide(truth_of(chosen), segments, networks, reference)


@cache
def _segment_finder() -> SegmentFinder:
    """One for all slices: its tables are made once."""
    return SegmentFinder()


@cache
def _single_track_trigger() -> SingleTrackTrigger:
    return SingleTrackTrigger()


def refer(particles: Particles, rng: np.random.Generator, calorimeter: EclResponse) -> NDArray[np.bool_]:
    """Events that REFERENCE takes, bool (n,), through the calorimeter and its trigger."""
    hits = respond(particles, rng, calorimeter)
    decision = EclTrigger().run(*(hits[f"ecl_{name}"] for name in ("offsets", "tc_id", "adc", "time", "phase")))
    return decision.ecl_mumu > 0


def truth_of(particles: Particles) -> Truth:
    """The charged particles; positive ones have positive curvature."""
    charge = charges(particles.pdg)
    event, charged = particles.event_index(), charge != 0
    px, py, pz = (getattr(particles, name)[charged] for name in ("px", "py", "pz"))
    pt = np.hypot(px, py)
    return Truth(
        offsets=np.searchsorted(event[charged], np.arange(particles.n_events + 1)).astype(np.int64),
        p_gev=np.hypot(pt, pz),
        pt_gev=pt,
        theta_deg=np.degrees(np.arctan2(pt, pz)),
        z_cm=particles.vz[charged],
        phi_rad=np.arctan2(py, px),
        omega_per_cm=charge[charged] * PT_RADIUS_GEV_PER_CM / pt,
    )


def decide(
    truth: Truth,
    segments: Mapping[str, NDArray],
    networks: Mapping[str, NeuroNetwork],
    reference: NDArray[np.bool_] | None,
) -> Slice:
    """The track trigger on segments (event-file fields), once with each network, beside what the reference line said."""
    tracks = HoughFinder().run(segments["cdc_offsets"], segments["cdc_ts_id"], segments["cdc_priority"])
    names = ("cdc_offsets", "cdc_ts_id", "cdc_priority", "cdc_lr", "cdc_time")
    vectors = NeuroInputs().run(tracks, *(segments[name] for name in names))
    answers = {}
    for name, network in networks.items():
        raw = network.answer(vectors.x_raw, vectors.track_expert)
        single = _single_track_trigger().run(
            tracks.track_offsets, tracks.track_omega_raw, vectors.track_expert, raw[:, 0], raw[:, 1]
        )
        answers[name] = Answers(raw=raw, single=single)
    matched = match(tracks, truth.offsets, truth.phi_rad, truth.omega_per_cm)
    grl = GrlTrigger().run(
        segments["cdc_offsets"], segments["cdc_ts_id"], tracks.track_offsets, tracks.track_phi_raw, tracks.track_omega_raw
    )
    return Slice(
        truth=truth,
        tracks=tracks,
        matched=matched,
        vectors=vectors,
        answers=answers,
        opened=grl.arrays()["grl_cdc_open90"] > 0,
        reference=reference,
    )
