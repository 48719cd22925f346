"""Samples of the study of the displaced-vertex trigger: pairs and windows of background through detector, trigger and chain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
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
from sim.generators.long_lived import LongLivedGun
from sim.generators.muon_pair import MuonPair
from sim.generators.particles import Particles
from sim.studies.counting import Job
from sim.studies.sampled import Leveled
from trigger.cdc import SegmentFinder
from trigger.chain import Chain
from trigger.displaced import DisplacedDecision, DisplacedTrigger, SeedGrid
from trigger.displaced.formats import DEPTH, RAD_PER_TURN, TURN_RAW
from trigger.geometry.cdc import N_SEGMENTS, N_SUPERLAYERS, superlayers

SLICE_EVENTS = 4096
"""Events that are in memory together. Our choice; part of what a seed means."""
SCALES = (0.0, 0.3, 1.0, 3.0)
"""Multiples of the nominal guess of the background."""
BEAM_EVENTS = 1.5
"""Mean number of beam-background events with tracks in a window at the nominal level. Guess (unverified)."""
TRUE_VERTEX_CM = 3.0
"""A vertex so near to the decay, in the transverse plane, is a true one. Our choice: several times the resolution."""
DVT, TRUE, CEILING, OR, UNIQUE, OVERFLOW = "dvt", "dvt, true vertex", "ceiling", "or of lines", "dvt and not or", "overflow"
LINES = ("ffy", "stt", "fyo", "hie", "lml")
"""Existing lines that the trigger is compared with; lml: any low-multiplicity line of the menu."""
Decided = Mapping[str, NDArray[np.bool_]]
_PER_EVENT = ("offsets", "weight")
_ECL_HITS = ("ecl_offsets", "ecl_tc_id", "ecl_adc", "ecl_time", "ecl_phase")


class Kind(Enum):
    """What a sample is made of."""

    PAIR = "long-lived particle, decay radius flat"
    MUON_PAIR = "e+e- -> mu+mu- with initial-state radiation"
    WIRES = "window without particles"
    BEAM = "window with beam-background events (a guess)"

    @property
    def has_pair(self) -> bool:
        """Whether every event holds two charged particles from one point."""
        return self in (Kind.PAIR, Kind.MUON_PAIR)


class Sample(Leveled[Kind]):
    """Events of one kind at one level of background; samples of pairs hold the same pairs with the same hits at every level."""

    @property
    def detector(self) -> Detector:
        """The detector with hits of background in the wires alone: they are what the new trigger and its rivals find tracks in."""
        return Detector(cdc=Detector.at("NOMINAL", self.scale).cdc if self.scale else CdcResponse())


@dataclass(frozen=True, kw_only=True, eq=False)
class Slice:
    """Some events, n, with m vertices found in them.

    Attributes:
        radius_cm: float64 (n,), where the pair starts; 0 in windows.
        crossed: bool (n,), both daughters cross enough axial superlayers.
        decided: by decision: bool (n,).
        vertex_event: int64 (m,). transverse_cm, along_cm: float64 (m,), from the true vertex, across and along z.
    """

    radius_cm: NDArray[np.float64]
    crossed: NDArray[np.bool_]
    decided: Decided
    vertex_event: NDArray[np.int64]
    transverse_cm: NDArray[np.float64]
    along_cm: NDArray[np.float64]


def samples(events: int) -> tuple[Sample, ...]:
    """Every kind at every level; windows without background are left out: they are empty."""
    return tuple(Sample(kind=kind, scale=scale, events=events) for kind in Kind for scale in SCALES if kind.has_pair or scale)


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


def slices(sample: Sample, job: Job, seed: int, gun: LongLivedGun) -> Iterator[Slice]:
    """The events of one block."""
    name = f"displaced_{sample.kind.name.lower()}"
    rng = {stage: stream(seed, name, stage, job.block) for stage in Stage}
    particles = _particles(sample, job.events, gun, rng[Stage.GENERATE])
    detector, finder = sample.detector, SegmentFinder()
    for start in range(0, job.events, SLICE_EVENTS):
        chosen = particles.select(np.arange(start, min(start + SLICE_EVENTS, job.events)))
        hits = simulate(chosen, rng[Stage.DRIFT_CHAMBER], detector.cdc)
        segments = finder.run(hits.offsets, hits.wire_id, hits.time_raw).arrays()
        cells = respond(chosen, rng[Stage.RESPONSE], detector.ecl)
        fired = chain().run({**segments, **{field: cells[field] for field in _ECL_HITS}}).ftdl
        decided: Decided = {line: np.asarray(fired[:, places].any(axis=1)) for line, places in columns().items()}
        found = DisplacedTrigger().run(*segments.values())
        if not sample.kind.has_pair:
            yield _window(found, decided)
            continue
        daughters = _alone(chosen)
        ideal = simulate(daughters, rng[Stage.STUDY], CdcResponse(efficiency=1.0))
        alone = finder.run(ideal.offsets, ideal.wire_id, ideal.time_raw).arrays()
        crossed, there = crossings(alone["cdc_offsets"], alone["cdc_ts_id"], segments["cdc_offsets"], segments["cdc_ts_id"])
        yield _pair(daughters, found, {**decided, CEILING: enough(there)}, enough(crossed))


def _particles(sample: Sample, events: int, gun: LongLivedGun, rng: np.random.Generator) -> Particles:
    match sample.kind:
        case Kind.PAIR:
            return gun.generate(events, rng)
        case Kind.MUON_PAIR:
            return MuonPair().generate(events, rng)
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


def crossings(
    ideal_offsets: NDArray, ideal_id: NDArray, offsets: NDArray, ts_id: NDArray
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Superlayers that each daughter crosses, and those in which the event has its segment; bool (n, 2, 9) both.

    ideal_offsets (2n + 1,), ideal_id: segments that each daughter fires alone, where no wire fails. offsets (n + 1,), ts_id: those
    of the events. Its segment: one of the former, or a neighbour of it.
    """
    n_events, lines = len(offsets) - 1, superlayers()
    present = np.zeros((n_events, N_SEGMENTS), bool)
    present[np.repeat(np.arange(n_events), np.diff(offsets)), ts_id] = True
    of, place = lines.of_segment, np.arange(N_SEGMENTS) - lines.offset[lines.of_segment]
    right, left = (lines.offset[of] + (place + side) % lines.n_segments[of] for side in (1, -1))
    near = present | present[:, right] | present[:, left]
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
    fired = found.displaced_vertex > 0
    existing = np.any([lines[name] for name in LINES], axis=0)
    combined = {DVT: fired, OR: existing, UNIQUE: fired & ~existing, OVERFLOW: found.displaced_overflow > 0}
    return {**lines, **combined}


def _window(found: DisplacedDecision, lines: Decided) -> Slice:
    n, none = len(found.displaced_vertex), np.zeros(0)
    return Slice(
        radius_cm=np.zeros(n),
        crossed=np.zeros(n, bool),
        decided=_decided(found, lines),
        vertex_event=none.astype(np.int64),
        transverse_cm=none,
        along_cm=none,
    )


def _pair(daughters: Particles, found: DisplacedDecision, lines: Decided, crossed: NDArray[np.bool_]) -> Slice:
    x, y, z = (getattr(daughters, name)[::2] for name in ("vx", "vy", "vz"))
    event = np.repeat(np.arange(len(x)), np.diff(found.displaced_offsets))
    radius = found.displaced_radius_raw * DEPTH.resolution
    phi = found.displaced_phi_raw * (RAD_PER_TURN / TURN_RAW)
    transverse = np.hypot(radius * np.cos(phi) - x[event], radius * np.sin(phi) - y[event])
    true = np.zeros(len(x), bool)
    true[event[transverse < TRUE_VERTEX_CM]] = True
    return Slice(
        radius_cm=np.hypot(x, y),
        crossed=crossed,
        decided={**_decided(found, lines), TRUE: true},
        vertex_event=event,
        transverse_cm=transverse,
        along_cm=np.abs(found.displaced_z_raw * DEPTH.resolution - z[event]),
    )
