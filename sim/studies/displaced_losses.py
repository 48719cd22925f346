"""Where long-lived pairs are lost: stage by stage of the displaced-vertex trigger, against their mass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.cosim import displaced_fits
from sim.detector.ecl.species import charges
from sim.generators.long_lived import LongLivedGun
from sim.generators.particles import Particles
from sim.studies.counting import Counters, Job, merged
from sim.studies.displaced_samples import (
    MASSES_GEV,
    NOMINAL,
    TRUE_VERTEX_CM,
    Kind,
    Sample,
    Simulated,
    Variant,
    alone_of,
    crossings,
    enough,
    near_segments,
    simulated,
    transverse_cm,
)
from sim.studies.displaced_scores import best
from sim.studies.photon_reading import EFFICIENCY_COLUMNS, efficiency_row
from sim.studies.tables import Table, Value
from trigger.cdc.neuro.codesign import ANSWER
from trigger.compiled import kernel
from trigger.displaced import DisplacedParameters, DisplacedTrigger, pairs
from trigger.displaced.constants import constants
from trigger.displaced.fit import N_AXIAL
from trigger.displaced.formats import BEND, CHI2, DEPTH, IMPACT, MISS, RAD_PER_TURN, TURN_RAW
from trigger.displaced.grid import N_LANES, crossing_sine
from trigger.displaced.windows import seed_windows
from trigger.events import EventRecord
from trigger.geometry.cdc import N_SUPERLAYERS, PT_RADIUS_GEV_PER_CM, superlayers

OWN_SEGMENTS = 3
"""Axial segments of a fitted track that must be a daughter's, for the track to be its. Our choice: of four or five."""
STAGES = (
    "both daughters cross four axial superlayers",
    "four of these segments are there",
    "both daughters start outward",
    "both lie in the grid of bend and impact",
    "both alone have a cell with four superlayers",
    "both have a seed that leaves",
    "both have a track: fit and line in z, without cuts",
    "chi2",
    "miss of the line in z",
    "the true tracks cross in the scan of radii",
    "a vertex within 3 cm of the true one, without cuts",
    "impacts",
    "no wire inside the vertex",
    "difference in z",
    "pointing",
    "network at the loose cut (1 kHz)",
    "network at the tight cut (100 Hz)",
)
"""What is asked one after the other; each stage asks for all before it."""
CROSSING, BEFORE, ANY_VERTEX = "crossing pairs", "the stage before", "true vertex"
"""What a fraction is of; name of the last rows of a mass."""
_VERTEX_CUTS: tuple[dict[str, Any], ...] = (
    {"impact_high_cm": 0.0, "impact_low_cm": 0.0},
    {"behind_cm": DEPTH.maximum},
    {"depth_cm": DEPTH.maximum},
    {"pointing": 0.1},
)
"""Cuts on vertices as they are opened, in the order of the stages; 0.1 is the least pointing that a trigger can have."""


@dataclass(frozen=True, kw_only=True)
class LossSample:
    """Pairs of a mass, the same as those of the scan of masses."""

    mass_gev: float
    events: int

    @property
    def name(self) -> str:
        """Name in file names and tables."""
        return f"losses_{self.mass_gev:g}"

    @property
    def pairs(self) -> Sample:
        """The sample of the scan."""
        return Sample(kind=Kind.PAIR, scale=NOMINAL, events=self.events, variant=Variant(mass_gev=self.mass_gev))


def loss_samples(events: int) -> tuple[LossSample, ...]:
    """Every mass."""
    return tuple(LossSample(mass_gev=mass, events=events) for mass in MASSES_GEV)


class Helix(NamedTuple):
    """True tracks as the trigger counts them, all (n,): bend (1/cm), impact (cm), phi0 (rad), radius of the start (cm), and whether
    it lies on the outgoing arm; phi0 is right for those alone."""

    bend: NDArray[np.float64]
    impact: NDArray[np.float64]
    phi0: NDArray[np.float64]
    radius: NDArray[np.float64]
    outward: NDArray[np.bool_]

    def raw(self) -> NDArray[np.int64]:
        """Bend, impact and phi0 as integers of the trigger, (n, 3)."""
        turn = np.rint(self.phi0 / RAD_PER_TURN * TURN_RAW).astype(np.int64) % TURN_RAW
        return np.stack([BEND.quantise(self.bend), IMPACT.quantise(self.impact), turn], axis=1).astype(np.int64)


def helix(particles: Particles) -> Helix:
    """Of charged particles, in the trigger's field; bend and impact: `trigger.displaced.grid`."""
    px, py, x, y = particles.px, particles.py, particles.vx, particles.vy
    pt = np.hypot(px, py)
    curvature = -charges(particles.pdg) * PT_RADIUS_GEV_PER_CM / pt
    centre = np.hypot(x - py / pt / curvature, y + px / pt / curvature)
    grown = np.abs(curvature) * centre
    bend, impact, radius = curvature / grown, (grown**2 - 1) / (2 * curvature * grown), np.hypot(x, y)
    sine = crossing_sine(bend, impact, np.maximum(radius, np.finfo(float).tiny))
    phi0 = np.arctan2(y, x) - np.arcsin(np.clip(sine, -1, 1))
    return Helix(bend=bend, impact=impact, phi0=phi0, radius=radius, outward=px * x + py * y > 0)


@kernel
def _cross(tracks, radius, nearest, table, found):
    """Mark the events whose two tracks change order in the scan, within a distance (DEPTH raw) of a radius (n,)."""
    azimuths = np.zeros((2, pairs.N_RADII), np.int64)
    for event in range(len(found)):
        for daughter in range(2):
            pairs.scan(tracks[2 * event + daughter], table, azimuths[daughter])
        for k in range(pairs.N_RADII - 1):
            if pairs.crosses(azimuths[0], azimuths[1], k):
                found[event] |= abs(pairs.radius_of(azimuths[0], azimuths[1], k) - radius[event]) < nearest


def crossed_in_scan(track: Helix) -> NDArray[np.bool_]:
    """Whether the scan of radii sees two true tracks cross at their vertex, bool (n,)."""
    found = np.zeros(len(track.radius) // 2, bool)
    radius = np.rint(track.radius[::2] / DEPTH.resolution).astype(np.int64)
    _cross(track.raw(), radius, round(TRUE_VERTEX_CM / DEPTH.resolution), constants(), found)
    return found


@cache
def _triggers() -> tuple[DisplacedTrigger, ...]:
    """With open cuts on vertices, then with one after the other as declared; the last one is the trigger itself."""
    opened: list[dict[str, Any]] = [{name: value for cut in _VERTEX_CUTS[k:] for name, value in cut.items()} for k in range(5)]
    return tuple(DisplacedTrigger(replace(DisplacedParameters(), **changes)) for changes in opened)


@cache
def _fitters() -> tuple[DisplacedTrigger, ...]:
    """Without cuts on tracks, with chi2, with all."""
    line = MISS.maximum - MISS.resolution
    open_line = {"stereo_three_cm": line, "stereo_four_cm": line}
    changes: tuple[dict[str, Any], ...] = ({"chi2_max_cm2": CHI2.maximum, **open_line}, open_line, {})
    return tuple(DisplacedTrigger(replace(DisplacedParameters(), **change)) for change in changes)


def count_losses(sample: LossSample, job: Job, seed: int, gun: LongLivedGun) -> Counters:
    """`stages` (STAGES,): pairs that are left. `vertices` (2,): those with a true vertex at both cuts, whatever the stages before.

    gun: of the study's own pairs.
    """
    return merged(_count(events) for events in simulated(sample.pairs, job, seed, gun))


def _count(events: Simulated) -> Counters:
    daughters, alone = alone_of(events)
    segments = events.segments
    crossed, there = crossings(alone["cdc_offsets"], alone["cdc_ts_id"], segments["cdc_offsets"], segments["cdc_ts_id"])
    chosen = np.flatnonzero(enough(crossed))
    both = (2 * chosen[:, None] + np.arange(2)).ravel()
    part = EventRecord(segments, {}).select(chosen).arrays
    owner = _owner(part, EventRecord(alone, {}).select(both).arrays)
    track = helix(daughters)
    grid = DisplacedParameters().grid
    inside = (np.abs(track.bend) < grid.bend_max_per_cm) & (np.abs(track.impact) < grid.impact_max_cm)
    seeds = _triggers()[-1].seeds(*part.values())
    masks = [enough(there)[chosen], track.outward[both].reshape(-1, 2).all(axis=1), inside[both].reshape(-1, 2).all(axis=1)]
    masks += [_cells(part, owner).all(axis=1), _owned(_votes(part, seeds, owner), seeds[:, 0], len(chosen))]
    masks += [_tracks(fitter, part, seeds, owner) for fitter in _fitters()]
    masks.append(crossed_in_scan(track)[chosen])
    place = daughters.vx[::2][chosen], daughters.vy[::2][chosen]
    for trigger in _triggers():
        found = trigger.run(*part.values())
        score = best(found, transverse_cm(found, *place)[1] < TRUE_VERTEX_CM)
        masks.append(score >= ANSWER.raw_min)
    cuts = DisplacedParameters()
    last = [score >= cut for cut in (cuts.score_loose_raw, cuts.score_tight_raw)]
    left = np.cumprod([np.ones(len(chosen), bool), *masks, *last], axis=0)
    return {"stages": left.sum(axis=1), "vertices": np.array([taken.sum() for taken in last])}


def losses_table(counters: Mapping[str, Counters], samples: tuple[LossSample, ...], stamp: Mapping[str, Any]) -> Table:
    """What is left after each stage, of the crossing pairs and of the stage before."""
    return Table(
        name="displaced_losses",
        title="Long-lived pairs that are left after each stage, by mass; background x1",
        columns=("mass_gev", "stage", "of", *EFFICIENCY_COLUMNS),
        rows=tuple(_rows(counters, samples)),
        notes=(
            f"each stage asks for all before it; a track with {OWN_SEGMENTS} axial segments of a daughter is its, a seed with four",
            "starts outward: away from the axis; the trigger follows the outgoing arm of a track alone",
            f"{ANY_VERTEX}: whatever the stages before",
        ),
        stamp=stamp,
    )


def _rows(counters: Mapping[str, Counters], samples: tuple[LossSample, ...]) -> Iterator[tuple[Value, ...]]:
    for sample in samples:
        found = counters[sample.name]
        left = found["stages"].tolist()
        for place, stage in enumerate(STAGES):
            yield sample.mass_gev, stage, CROSSING, *efficiency_row(left[place], left[0])
            yield sample.mass_gev, stage, BEFORE, *efficiency_row(left[place], left[max(place - 1, 0)])
        for stage, k in zip(STAGES[-2:], found["vertices"].tolist(), strict=True):
            yield sample.mass_gev, f"{ANY_VERTEX}: {stage}", CROSSING, *efficiency_row(k, left[0])


def _owner(segments: Mapping[str, NDArray], alone: Mapping[str, NDArray]) -> NDArray[np.bool_]:
    """Whether a segment of an event is, or is the neighbour of, one that a daughter fires alone: bool (segments, 2)."""
    near = near_segments(alone["cdc_offsets"], alone["cdc_ts_id"])
    event = _event_of(segments)
    return np.stack([near[2 * event + daughter, segments["cdc_ts_id"]] for daughter in range(2)], axis=1)


def _event_of(segments: Mapping[str, NDArray]) -> NDArray[np.int64]:
    offsets = segments["cdc_offsets"]
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def _cells(segments: Mapping[str, NDArray], owner: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether the segments of each daughter alone make a seed, bool (n, 2)."""
    n, event, fired = len(segments["cdc_offsets"]) - 1, _event_of(segments), []
    for own in owner.T:
        part = {name: column[own] for name, column in segments.items() if name != "cdc_offsets"}
        offsets = np.concatenate([[0], np.cumsum(np.bincount(event[own], minlength=n))])
        seeds = _triggers()[-1].seeds(offsets, *part.values())
        fired.append(np.bincount(seeds[:, 0], minlength=n) > 0)
    return np.stack(fired, axis=1)


def _votes(segments: Mapping[str, NDArray], seeds: NDArray[np.int64], owner: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether the segments of each daughter lie in the windows of a seed's cell in enough superlayers, bool (seeds, 2)."""
    trigger = _triggers()[-1]
    hits, grid = trigger._hits(dict(segments)), trigger.parameters.grid
    windows = seed_windows(grid)
    start, length = (table.reshape(-1, grid.n_rows) for table in (windows.start, windows.length))
    counts = np.diff(segments["cdc_offsets"])[seeds[:, 0]]
    seed = np.repeat(np.arange(len(seeds)), counts)
    first = np.cumsum(counts) - counts
    segment = segments["cdc_offsets"][seeds[seed, 0]] + np.arange(len(seed)) - first[seed]
    axial = hits.member[segment] >= 0
    seed, segment = seed[axial], segment[axial]
    window, row = hits.window[segment], seeds[seed, 1]
    inside = (seeds[seed, 2] - hits.turn[segment] - start[window, row]) % grid.n_phi < length[window, row]
    there = np.zeros((len(seeds), N_AXIAL, 2), bool)
    for daughter in range(2):
        own = inside & owner[segment, daughter]
        there[seed[own], hits.member[segment[own]], daughter] = True
    enough_there: NDArray[np.bool_] = there.sum(axis=1) >= grid.min_superlayers
    return enough_there


def _owned(owned: NDArray[np.bool_], event: NDArray[np.int64], n: int) -> NDArray[np.bool_]:
    """Whether both daughters own something of the event; owned: (k, 2), event: (k,)."""
    there = np.zeros((n, 2), bool)
    for daughter in range(2):
        there[event[owned[:, daughter]], daughter] = True
    return there[:, 0] & there[:, 1]


def _tracks(
    trigger: DisplacedTrigger, segments: Mapping[str, NDArray], seeds: NDArray[np.int64], owner: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether both daughters have a track with enough of their axial segments, bool (n,)."""
    n = len(segments["cdc_offsets"]) - 1
    rank = np.arange(len(seeds)) - np.searchsorted(seeds[:, 0], seeds[:, 0])
    placed = np.full((n, displaced_fits.SEED_BEATS, N_LANES, 2), -1)
    placed[seeds[:, 0], rank // N_LANES, rank % N_LANES] = seeds[:, 1:]
    columns = {name: np.asarray(segments[f"cdc_{name}"], np.int64) for name in ("ts_id", "priority", "lr", "time")}
    windows = displaced_fits.Windows(offsets=segments["cdc_offsets"], seeds=placed, **columns)
    found = displaced_fits.expected(trigger, windows)[seeds[:, 0], rank // N_LANES, rank % N_LANES]
    place = windows.positions()
    number = np.zeros((n, N_SUPERLAYERS, place.max(initial=0) + 1), np.int64)
    number[_event_of(segments), superlayers().of_segment[segments["cdc_ts_id"]], place] = np.arange(len(place))
    axial = np.flatnonzero(superlayers().axial)
    there, position = (found[:, column : column + N_AXIAL] for column in (_THERE, _POSITION))
    chosen = number[seeds[:, :1], axial, position]
    own = (owner[chosen] & (there > 0)[..., None]).sum(axis=1)
    return _owned((own >= OWN_SEGMENTS) & (found[:, :1] > 0), seeds[:, 0], n)


_THERE, _POSITION = (displaced_fits.COLUMNS.index(f"{name}_0") for name in ("there", "position"))
