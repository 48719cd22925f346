"""Samples of the study of the displaced-vertex trigger: pairs and windows of background through detector, trigger and chain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sim.blocks import Stage, stream
from sim.detector.cdc.config import CdcResponse
from sim.detector.cdc.response import simulate
from sim.detector.ecl.response import respond
from sim.detector.ecl.species import charges
from sim.detector.whole import Detector
from sim.generators.background_tracks import BackgroundTracks, with_background
from sim.generators.cosmics import Cosmics
from sim.generators.long_lived import K_SHORT, LAMBDA, Daughters, LongLivedGun, NeutralStrangeGun
from sim.generators.muon_pair import MuonPair
from sim.generators.particles import Particles
from sim.generators.photon_conversion import PhotonConversion
from sim.generators.process import Generator
from sim.generators.pythia import TauPair, Upsilon4S
from sim.generators.secondary_interactions import SecondaryInteractions
from sim.studies.counting import Job
from sim.studies.displaced_scores import ALGORITHMS, HOUGH, best, displaced_trigger
from sim.studies.sampled import Leveled
from trigger.cdc import SegmentFinder
from trigger.chain import Chain
from trigger.displaced import DisplacedDecision, SeedGrid
from trigger.displaced.formats import DEPTH, RAD_PER_TURN, TURN_RAW
from trigger.geometry.cdc import N_SEGMENTS, N_SUPERLAYERS, superlayers

SLICE_EVENTS = 4096
"""Events that are in memory together. Our choice; part of what a seed means."""
SCALES = (0.0, 0.3, 1.0, 3.0)
"""Multiples of the nominal guess of the background."""
NOMINAL = 1.0
"""The level at which cuts are chosen and everything but the level is varied."""
BEAM_EVENTS = 1.5
"""Mean number of beam-background events with tracks in a window at the nominal level. Guess (unverified)."""
TRUE_VERTEX_CM = 3.0
"""A vertex so near to the decay, in the transverse plane, is a true one. Our choice: several times the resolution."""
MAX_RADIUS_CM = 50.0
"""Range of the decay radius."""
MASSES_GEV, CTAUS_CM = (0.3, 0.5, 1.0, 2.0, 3.0), (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
DECAYS = (Daughters.MUONS, Daughters.ELECTRONS, Daughters.PIONS, Daughters.KAONS)
KEPT_SEGMENTS, WRONG_SIDES = (0.99, 0.97, 0.95, 0.93, 0.90), (0.0, 0.02, 0.05, 0.10, 0.15)
"""What is varied: mass and decay together, where the mass allows it. Segments: the part that is kept of what the chamber gives;
sides: the part of the known ones turned round."""
TRUE = f"{HOUGH.name}, true vertex"
SCORED = (*(algorithm.name for algorithm in ALGORITHMS), TRUE)
"""What has a score in pairs; in the others, all but the last."""
DVT, CEILING, OR, OVERFLOW = "dvt", "ceiling", "or of lines", "overflow"
LINES = ("ffy", "stt", "fyo", "hie", "lml")
"""Existing lines that the trigger is compared with; lml: any low-multiplicity line of the menu."""
Decided = Mapping[str, NDArray[np.bool_]]
_PER_EVENT = ("offsets", "weight")
_ECL_HITS = ("ecl_offsets", "ecl_tc_id", "ecl_adc", "ecl_time", "ecl_phase")


class Kind(Enum):
    """What a sample is made of."""

    PAIR = "long-lived particle"
    K_SHORT = "K_S -> pi pi"
    MUON_PAIR = "e+e- -> mu+mu- with initial-state radiation"
    WIRES = "window without particles"
    BEAM = "window with beam-background events (a guess)"
    TAU_PAIR = "e+e- -> tau tau"
    B_PAIR = "Y(4S) -> B B"
    LAMBDA = "Lambda -> p pi"
    CONVERSION = "photon that converts in the material"
    SECONDARY = "pion that interacts in the material (a guess)"
    COSMIC = "cosmic muon"

    @property
    def has_pair(self) -> bool:
        """Whether every event holds two charged particles from one point, whose decay radius is flat or zero."""
        return self in (Kind.PAIR, Kind.K_SHORT, Kind.MUON_PAIR)

    @property
    def is_window(self) -> bool:
        """Whether events are windows, one per step."""
        return self in (Kind.WIRES, Kind.BEAM)


_PARTICLES: Mapping[Kind, Generator] = {
    Kind.K_SHORT: NeutralStrangeGun(pdg=K_SHORT, range_gev=(0.5, 3.0), flat_radius_cm=(0.0, MAX_RADIUS_CM)),
    Kind.MUON_PAIR: MuonPair(),
    Kind.TAU_PAIR: TauPair(),
    Kind.B_PAIR: Upsilon4S(),
    Kind.LAMBDA: NeutralStrangeGun(pdg=LAMBDA, range_gev=(0.5, 3.0)),
    Kind.CONVERSION: PhotonConversion(),
    Kind.SECONDARY: SecondaryInteractions(),
    Kind.COSMIC: Cosmics(time_ns=(-60.0, 60.0)),
}
SOURCES = (Kind.MUON_PAIR, Kind.TAU_PAIR, Kind.B_PAIR, Kind.K_SHORT, Kind.LAMBDA, Kind.CONVERSION, Kind.SECONDARY, Kind.COSMIC)
"""What else makes vertices."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What differs from the study's own pairs: mass and decay, mean decay length (None: radius flat), part of the segments that is
    kept, part of the known sides that is wrong."""

    mass_gev: float | None = None
    decay: Daughters = Daughters.MUONS
    ctau_cm: float | None = None
    kept: float = 1.0
    wrong: float = 0.0

    @property
    def varied(self) -> tuple[str, float]:
        """What is varied and its value; ("", 0) for nothing."""
        if self.mass_gev is not None:
            return f"mass, {self.decay.value}", self.mass_gev
        if self.ctau_cm is not None:
            return "ctau", self.ctau_cm
        if self.kept < 1:
            return "segments", self.kept
        return ("sides", self.wrong) if self.wrong else ("", 0.0)


@dataclass(frozen=True, kw_only=True)
class Sample(Leveled[Kind]):
    """Events of one kind at one level of background; samples of pairs hold the same pairs with the same hits at every level."""

    variant: Variant = field(default_factory=Variant)

    @property
    def name(self) -> str:
        """Name in file names and tables."""
        what, value = self.variant.varied
        return f"{super().name}_{what.replace(', ', '_')}{value:g}" if what else super().name

    @property
    def detector(self) -> Detector:
        """The detector with hits of background in the wires alone: they are what the new trigger and its rivals find tracks in."""
        return Detector(cdc=Detector.at("NOMINAL", self.scale).cdc if self.scale else CdcResponse())


@dataclass(frozen=True, kw_only=True, eq=False)
class Slice:
    """Some events, n, with m best vertices, one of an event at most.

    Attributes:
        radius_cm, opening_deg, pt_gev: float64 (n,), of pairs: where it starts, angle between its particles, the smaller transverse
            momentum of the two; 0 in others.
        crossed: bool (n,), both daughters cross enough axial superlayers; False in others.
        decided: by decision: bool (n,). scores: by algorithm, bins: int64 (n,).
        vertex_event: int64 (m,). transverse_cm, along_cm: float64 (m,), from the true vertex, across and along z.
    """

    radius_cm: NDArray[np.float64]
    opening_deg: NDArray[np.float64]
    pt_gev: NDArray[np.float64]
    crossed: NDArray[np.bool_]
    decided: Decided
    scores: Mapping[str, NDArray[np.int64]]
    vertex_event: NDArray[np.int64]
    transverse_cm: NDArray[np.float64]
    along_cm: NDArray[np.float64]


def samples(events: int, windows: int) -> tuple[Sample, ...]:
    """All samples. events: pairs at each level; other sources and variations have half as many. windows: at the nominal level, of
    which cuts are chosen; a fifth of them at the others. Windows without background are left out: they are empty."""
    half, fifth = max(events // 2, 1), max(windows // 5, 1)
    variants = (
        *(Variant(mass_gev=mass, decay=decay) for decay in DECAYS for mass in MASSES_GEV if mass > 2 * decay.mass_gev),
        *(Variant(ctau_cm=ctau) for ctau in CTAUS_CM),
        *(Variant(kept=kept) for kept in KEPT_SEGMENTS),
        *(Variant(wrong=wrong) for wrong in WRONG_SIDES if wrong),
    )
    return (
        *(Sample(kind=Kind.PAIR, scale=scale, events=events) for scale in SCALES),
        *(Sample(kind=Kind.BEAM, scale=scale, events=windows if scale == NOMINAL else fifth) for scale in SCALES if scale),
        *(Sample(kind=Kind.WIRES, scale=scale, events=fifth) for scale in SCALES if scale),
        *(Sample(kind=kind, scale=NOMINAL, events=half) for kind in SOURCES),
        *(Sample(kind=Kind.PAIR, scale=NOMINAL, events=half, variant=variant) for variant in variants),
    )


@cache
def chain() -> Chain:
    """The existing trigger, without KLM. Default menu, its first period."""
    return Chain(blocks=("ecl", "tracks", "grl", "menu"))


@cache
def columns() -> dict[str, tuple[int, ...]]:
    """Columns of the chain's lines by name in LINES; of the low-multiplicity lines, those without prescale."""
    names, prescales = chain().menu.line_names, chain().period.prescales
    found = {line: (names.index(line),) for line in LINES[:-1]}
    low_multiplicity = (i for i, name in enumerate(names) if name.startswith(LINES[-1]) and prescales[i] == 1)
    return found | {LINES[-1]: tuple(low_multiplicity)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Simulated:
    """Some events of a block: particles, fields of their segments, streams of random numbers of their block."""

    particles: Particles
    segments: dict[str, NDArray]
    rng: Mapping[Stage, np.random.Generator]


def simulated(sample: Sample, job: Job, seed: int, gun: LongLivedGun) -> Iterator[Simulated]:
    """The events of one block through the drift chamber. gun: of the study's own pairs."""
    name = f"displaced_{sample.kind.name.lower()}"
    rng = {stage: stream(seed, name, stage, job.block) for stage in Stage}
    degrade = stream(seed, f"{name} degraded", Stage.STUDY, job.block)
    particles = particles_of(sample, job.events, gun, rng[Stage.GENERATE])
    for start in range(0, job.events, SLICE_EVENTS):
        chosen = particles.select(np.arange(start, min(start + SLICE_EVENTS, job.events)))
        hits = simulate(chosen, rng[Stage.DRIFT_CHAMBER], sample.detector.cdc)
        segments = degraded(_segment_finder().run(hits.offsets, hits.wire_id, hits.time_raw).arrays(), sample.variant, degrade)
        yield Simulated(particles=chosen, segments=segments, rng=rng)


def slices(sample: Sample, job: Job, seed: int, gun: LongLivedGun) -> Iterator[Slice]:
    """The events of one block. gun: of the study's own pairs."""
    for events in simulated(sample, job, seed, gun):
        segments = events.segments
        cells = respond(events.particles, events.rng[Stage.RESPONSE], sample.detector.ecl)
        fired = chain().run({**segments, **{field: cells[field] for field in _ECL_HITS}}).ftdl
        decided: Decided = {line: np.asarray(fired[:, places].any(axis=1)) for line, places in columns().items()}
        found = displaced_trigger().run(*segments.values())
        scores = {algorithm.name: algorithm.bins(algorithm.score(segments)) for algorithm in ALGORITHMS if algorithm is not HOUGH}
        scores[HOUGH.name] = HOUGH.bins(best(found))
        if not sample.kind.has_pair:
            yield _window(found, decided, scores)
            continue
        daughters, alone = alone_of(events)
        crossed, there = crossings(alone["cdc_offsets"], alone["cdc_ts_id"], segments["cdc_offsets"], segments["cdc_ts_id"])
        yield _pair(daughters, found, {**decided, CEILING: enough(there)}, scores, enough(crossed))


def alone_of(events: Simulated) -> tuple[Particles, dict[str, NDArray]]:
    """The charged particles, each as an event of its own, and the segments that they fire alone where no wire fails."""
    daughters = _alone(events.particles)
    ideal = simulate(daughters, events.rng[Stage.STUDY], CdcResponse(efficiency=1.0))
    return daughters, _segment_finder().run(ideal.offsets, ideal.wire_id, ideal.time_raw).arrays()


@cache
def _segment_finder() -> SegmentFinder:
    """One for all slices: its tables are made once."""
    return SegmentFinder()


def degraded(segments: dict[str, NDArray], variant: Variant, rng: np.random.Generator) -> dict[str, NDArray]:
    """Fields of the segments of a variant: each is lost, and each known side (1, 2) is turned round, by chance."""
    if variant.kept == 1 and not variant.wrong:
        return segments
    stays, wrong = (rng.random(len(segments["cdc_ts_id"])) for _ in range(2))
    lr = segments["cdc_lr"]
    turned = np.where((wrong < variant.wrong) & ((lr == 1) | (lr == 2)), 3 - lr, lr).astype(lr.dtype)
    kept = stays < variant.kept
    columns = {name: column[kept] for name, column in {**segments, "cdc_lr": turned}.items() if name != "cdc_offsets"}
    return {"cdc_offsets": np.concatenate([[0], np.cumsum(kept)])[segments["cdc_offsets"]], **columns}


def particles_of(sample: Sample, events: int, gun: LongLivedGun, rng: np.random.Generator) -> Particles:
    """Particles of some events of a sample; gun: of the study's own pairs."""
    if sample.kind is Kind.PAIR:
        variant = sample.variant
        if variant.ctau_cm is not None:
            gun = replace(gun, ctau_cm=variant.ctau_cm, flat_radius_cm=None)
        if variant.mass_gev is not None:
            gun = replace(gun, mass_gev=variant.mass_gev, decay=variant.decay)
        return gun.generate(events, rng)
    if not sample.kind.is_window:
        return _PARTICLES[sample.kind].generate(events, rng)
    mean = BEAM_EVENTS * sample.scale if sample.kind is Kind.BEAM else 0.0
    none = MuonPair().generate(0, rng)
    empty = replace(none, offsets=np.zeros(events + 1, np.int64), weight=np.ones(events))
    return with_background(empty, BackgroundTracks(), mean, rng)


def _alone(particles: Particles) -> Particles:
    """Each charged particle as an event of its own."""
    rows = np.flatnonzero(charges(particles.pdg))
    if len(rows) != 2 * particles.n_events:
        msg = f"every event must have two charged particles, not {len(rows)} in {particles.n_events} events"
        raise ValueError(msg)
    columns = {f.name: getattr(particles, f.name)[rows] for f in fields(particles) if f.name not in _PER_EVENT}
    return replace(particles, offsets=np.arange(len(rows) + 1), weight=np.ones(len(rows)), **columns)


def near_segments(offsets: NDArray, ts_id: NDArray) -> NDArray[np.bool_]:
    """Segments of the whole chamber that an event has, or a neighbour of: bool (n, 2336)."""
    n_events, lines = len(offsets) - 1, superlayers()
    present = np.zeros((n_events, N_SEGMENTS), bool)
    present[np.repeat(np.arange(n_events), np.diff(offsets)), ts_id] = True
    of, place = lines.of_segment, np.arange(N_SEGMENTS) - lines.offset[lines.of_segment]
    right, left = (lines.offset[of] + (place + side) % lines.n_segments[of] for side in (1, -1))
    return present | present[:, right] | present[:, left]


def crossings(
    ideal_offsets: NDArray, ideal_id: NDArray, offsets: NDArray, ts_id: NDArray
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Superlayers that each daughter crosses, and those in which the event has its segment; bool (n, 2, 9) both.

    ideal_offsets (2n + 1,), ideal_id: segments that each daughter fires alone, where no wire fails. offsets (n + 1,), ts_id: those
    of the events. Its segment: one of the former, or a neighbour of it.
    """
    n_events, of = len(offsets) - 1, superlayers().of_segment
    near = near_segments(offsets, ts_id)
    daughter = np.repeat(np.arange(2 * n_events), np.diff(ideal_offsets))
    crossed = np.zeros((2 * n_events, N_SUPERLAYERS), bool)
    crossed[daughter, of[ideal_id]] = True
    seen = near[daughter // 2, ideal_id]
    there = np.zeros_like(crossed)
    there[daughter[seen], of[ideal_id[seen]]] = True
    return crossed.reshape(n_events, 2, -1), there.reshape(n_events, 2, -1)


def enough(marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether both daughters of (n, 2, 9) have as many axial superlayers as a seed needs, bool (n,)."""
    return (marked[..., superlayers().axial].sum(axis=2) >= SeedGrid().min_superlayers).all(axis=1)


def _decided(found: DisplacedDecision, lines: Decided) -> Decided:
    """The decisions that every sample has."""
    existing = np.any([lines[name] for name in LINES], axis=0)
    return {**lines, OR: existing, DVT: found.displaced_vertex > 0, OVERFLOW: found.displaced_overflow > 0}


def _window(found: DisplacedDecision, lines: Decided, scores: Mapping[str, NDArray[np.int64]]) -> Slice:
    n, none = len(found.displaced_vertex), np.zeros(0)
    return Slice(
        radius_cm=np.zeros(n),
        opening_deg=np.zeros(n),
        pt_gev=np.zeros(n),
        crossed=np.zeros(n, bool),
        decided=_decided(found, lines),
        scores=scores,
        vertex_event=none.astype(np.int64),
        transverse_cm=none,
        along_cm=none,
    )


def _pair(
    daughters: Particles,
    found: DisplacedDecision,
    lines: Decided,
    scores: Mapping[str, NDArray[np.int64]],
    crossed: NDArray[np.bool_],
) -> Slice:
    x, y, z = (getattr(daughters, name)[::2] for name in ("vx", "vy", "vz"))
    momentum = np.stack([daughters.px, daughters.py, daughters.pz], axis=1).reshape(-1, 2, 3)
    size = np.linalg.norm(momentum, axis=2)
    event, transverse = transverse_cm(found, x, y)
    first = first_best(found)
    return Slice(
        radius_cm=np.hypot(x, y),
        opening_deg=np.degrees(np.arccos(np.clip((momentum[:, 0] * momentum[:, 1]).sum(axis=1) / size.prod(axis=1), -1, 1))),
        pt_gev=np.hypot(momentum[:, :, 0], momentum[:, :, 1]).min(axis=1),
        crossed=crossed,
        decided=_decided(found, lines),
        scores={**scores, TRUE: HOUGH.bins(best(found, transverse < TRUE_VERTEX_CM))},
        vertex_event=event[first],
        transverse_cm=transverse[first],
        along_cm=np.abs(found.displaced_z_raw * DEPTH.resolution - z[event])[first],
    )


def transverse_cm(found: DisplacedDecision, x_cm: NDArray, y_cm: NDArray) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Event of every vertex, and its distance across the beam from the decay of its event at x, y (n,)."""
    event = np.repeat(np.arange(len(x_cm)), np.diff(found.displaced_offsets))
    radius = found.displaced_radius_raw * DEPTH.resolution
    phi = found.displaced_phi_raw * (RAD_PER_TURN / TURN_RAW)
    return event, np.hypot(radius * np.cos(phi) - x_cm[event], radius * np.sin(phi) - y_cm[event])


def first_best(found: DisplacedDecision) -> NDArray[np.int64]:
    """The vertex with the largest score of each event that has one, the earlier of two equals."""
    event = np.repeat(np.arange(len(found.displaced_vertex)), np.diff(found.displaced_offsets))
    order = np.lexsort((np.arange(len(event)), -found.displaced_score_raw.astype(np.int64), event))
    return order[np.unique(event[order], return_index=True)[1]]
