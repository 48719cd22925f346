"""Windows to train and to test the network of the displaced-vertex trigger on: sources, segments, vertices with their truth.

Segments are kept in a folder, so that a trigger that changed runs on the same windows again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.blocks import Stage, stream
from sim.detector.cdc.config import CdcResponse
from sim.detector.cdc.response import simulate
from sim.detector.whole import Detector
from sim.files import atomic
from sim.generators.background_tracks import BackgroundTracks, with_background
from sim.generators.long_lived import Daughters, LongLivedGun
from sim.generators.muon_pair import MuonPair
from sim.generators.particles import Particles
from sim.generators.photon_conversion import PhotonConversion
from sim.generators.secondary_interactions import SecondaryInteractions
from sim.studies.displaced_samples import BEAM_EVENTS, TRUE_VERTEX_CM
from trigger import __version__
from trigger.cdc import SegmentFinder
from trigger.cdc.neuro.codesign import ANSWER
from trigger.digest import digest
from trigger.displaced import DisplacedDecision, DisplacedParameters, DisplacedTrigger
from trigger.displaced.features import FEATURES
from trigger.displaced.formats import DEPTH, RAD_PER_TURN, TURN_RAW
from trigger.displaced.network import SILENT
from trigger.errors import InputError

if TYPE_CHECKING:
    from hls.displaced import VertexSet

SAMPLE = "displaced vertices"
_PLACE = ("x_cm", "y_cm")
NOWHERE = np.inf
"""Place of the decay in windows without one."""


class Source(Enum):
    """What windows hold besides the noise of the wires."""

    MUONS = "long-lived particle to muons"
    PIONS = "long-lived particle to pions"
    ELECTRONS = "long-lived particle to electrons"
    BEAM = "beam-background events (a guess)"
    PROMPT = "muon pair from the interaction point"
    CONVERSIONS = "photon that converts in the material"
    INTERACTIONS = "pion that interacts in the material (a guess)"

    @property
    def decay(self) -> Daughters | None:
        """What the long-lived particle decays to; None for background."""
        return _DECAYS.get(self)


_DECAYS = {Source.MUONS: Daughters.MUONS, Source.PIONS: Daughters.PIONS, Source.ELECTRONS: Daughters.ELECTRONS}


@dataclass(frozen=True, kw_only=True)
class VertexRecipe:
    """The windows; our choice. Blocks hold block_events of them, wires have the nominal background (a guess).

    signal_blocks: of each decay, the mass of each block flat in mass_gev, momentum and transverse decay radius flat; every second
    one with beam-background events on top, BEAM_EVENTS on average. beam_blocks: with beam_scale times as many, for more vertices.
    other_blocks: of each other background. shares: weight of the backgrounds, together 1; K_S are in none: they are what the
    trigger is checked with.
    """

    seed: int = 20261121
    block_events: int = 4096
    signal_blocks: int = 8
    beam_blocks: int = 50
    other_blocks: int = 8
    mass_gev: tuple[float, float] = (0.3, 3.0)
    momentum_gev: tuple[float, float] = (0.5, 5.0)
    radius_cm: tuple[float, float] = (0.0, 50.0)
    beam_scale: float = 2.0
    shares: tuple[tuple[Source, float], ...] = (
        (Source.BEAM, 0.8),
        (Source.PROMPT, 0.1),
        (Source.CONVERSIONS, 0.05),
        (Source.INTERACTIONS, 0.05),
    )

    def __post_init__(self) -> None:
        for name in ("beam_blocks", "block_events", "signal_blocks", "other_blocks"):
            if getattr(self, name) < 1:
                msg = f"{name} must be at least 1, not {getattr(self, name)}"
                raise ValueError(msg)

    def scaled(self, *, seed: int, beam_blocks: int | None) -> VertexRecipe:
        """The same with another seed, and other numbers of blocks in proportion to those of the beam background."""
        wanted = self.beam_blocks if beam_blocks is None else beam_blocks
        sizes = {name: -(-getattr(self, name) * wanted // self.beam_blocks) for name in ("signal_blocks", "other_blocks")}
        return replace(self, seed=seed, beam_blocks=wanted, **sizes)

    @property
    def windows_digest(self) -> str:
        """Digest of all that the windows of a block depend on, besides source and number."""
        ranges = (self.mass_gev, self.momentum_gev, self.radius_cm, self.beam_scale)
        return digest(self.seed, self.block_events, ranges, _detector(), BackgroundTracks(), BEAM_EVENTS, __version__)

    def blocks(self) -> list[tuple[Source, int]]:
        """Every block: its source and its number."""
        sizes = {source: self.signal_blocks if source.decay else self.other_blocks for source in Source}
        sizes[Source.BEAM] = self.beam_blocks
        return [(source, block) for source, n in sizes.items() for block in range(n)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """n windows. segments: fields of the drift chamber, as the trigger takes them. x_cm, y_cm: float64 (n,), of the decay."""

    segments: dict[str, NDArray]
    x_cm: NDArray[np.float64]
    y_cm: NDArray[np.float64]

    def select(self, rows: NDArray[np.integer]) -> Windows:
        """Some of the windows."""
        offsets = self.segments["cdc_offsets"]
        lengths = np.diff(offsets)[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        taken = np.repeat(offsets[rows] - starts[:-1], lengths) + np.arange(starts[-1])
        columns = {name: starts if name == "cdc_offsets" else column[taken] for name, column in self.segments.items()}
        return Windows(segments=columns, x_cm=self.x_cm[rows], y_cm=self.y_cm[rows])


def particles_of(recipe: VertexRecipe, source: Source, block: int) -> Particles:
    """The particles of a block."""
    rng, n = stream(recipe.seed, f"{SAMPLE} {source.name}", Stage.GENERATE, block), recipe.block_events
    if source.decay is not None:
        low = max(recipe.mass_gev[0], 2.01 * source.decay.mass_gev)
        gun = LongLivedGun(
            mass_gev=rng.uniform(low, recipe.mass_gev[1]),
            decay=source.decay,
            range_gev=recipe.momentum_gev,
            flat_radius_cm=recipe.radius_cm,
        )
        pairs = gun.generate(n, rng)
        return with_background(pairs, BackgroundTracks(), BEAM_EVENTS, rng) if block % 2 else pairs
    match source:
        case Source.PROMPT:
            return MuonPair().generate(n, rng)
        case Source.CONVERSIONS:
            return PhotonConversion().generate(n, rng)
        case Source.INTERACTIONS:
            return SecondaryInteractions().generate(n, rng)
    none = MuonPair().generate(0, rng)
    empty = replace(none, offsets=np.zeros(n + 1, np.int64), weight=np.ones(n))
    return with_background(empty, BackgroundTracks(), BEAM_EVENTS * recipe.beam_scale, rng)


def windows_of(recipe: VertexRecipe, source: Source, block: int, folder: Path) -> Windows:
    """The windows of a block, from the folder or simulated now and kept there."""
    path = folder / f"windows-{recipe.windows_digest[:16]}-{source.name.lower()}-{block:04d}.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    else:
        arrays = _simulated(particles_of(recipe, source, block), recipe, source, block)
        with atomic(path) as temporary:
            np.savez(temporary, allow_pickle=False, **arrays)
    return Windows(**{name: arrays.pop(name) for name in _PLACE}, segments=arrays)


def _detector() -> CdcResponse:
    return Detector.at("NOMINAL", 1.0).cdc


def _simulated(particles: Particles, recipe: VertexRecipe, source: Source, block: int) -> dict[str, NDArray]:
    rng = stream(recipe.seed, f"{SAMPLE} {source.name}", Stage.DRIFT_CHAMBER, block)
    hits = simulate(particles, rng, _detector())
    place = {name: np.full(particles.n_events, NOWHERE) for name in _PLACE}
    if source.decay is not None:
        first = particles.offsets[:-1]
        place = {"x_cm": particles.vx[first], "y_cm": particles.vy[first]}
    return SegmentFinder().run(hits.offsets, hits.wire_id, hits.time_raw).arrays() | place


def is_true(found: DisplacedDecision, windows: Windows) -> NDArray[np.bool_]:
    """Whether each vertex found lies at the decay of its window, in the transverse plane."""
    event = np.repeat(np.arange(len(windows.x_cm)), np.diff(found.displaced_offsets))
    radius = found.displaced_radius_raw * DEPTH.resolution
    phi = found.displaced_phi_raw * (RAD_PER_TURN / TURN_RAW)
    distance = np.hypot(radius * np.cos(phi) - windows.x_cm[event], radius * np.sin(phi) - windows.y_cm[event])
    return distance < TRUE_VERTEX_CM


@dataclass(frozen=True, kw_only=True, eq=False)
class Vertices:
    """m vertices of a block. event: int64 (m,), their windows. x_raw: int16 (m, 16), inputs of the network. is_true: bool (m,)."""

    event: NDArray[np.int64]
    x_raw: NDArray[np.int16]
    is_true: NDArray[np.bool_]


def vertices_of(recipe: VertexRecipe, parameters: DisplacedParameters, source: Source, block: int, folder: Path) -> Vertices:
    """The vertices of a block that pass the cuts, whatever their score; from the folder or found now and kept there."""
    cuts = replace(parameters, score_tight_raw=ANSWER.raw_min, score_loose_raw=ANSWER.raw_min)
    made_from = digest(recipe.windows_digest, cuts, FEATURES, __version__)
    path = folder / f"vertices-{made_from[:16]}-{source.name.lower()}-{block:04d}.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as archive:
            return Vertices(**{name: archive[name] for name in archive.files})
    windows = windows_of(recipe, source, block, folder)
    found = DisplacedTrigger(cuts, SILENT).run(*windows.segments.values())
    vertices = Vertices(
        event=np.repeat(np.arange(recipe.block_events), np.diff(found.displaced_offsets)),
        x_raw=found.displaced_features,
        is_true=is_true(found, windows),
    )
    with atomic(path) as temporary:
        np.savez(temporary, allow_pickle=False, **vars(vertices))
    return vertices


def vertex_set(
    recipe: VertexRecipe, parameters: DisplacedParameters, folder: Path, advance: Callable[[int], None] = lambda step: None
) -> VertexSet:
    """True vertices of the decays and all vertices of the backgrounds; vertices of a decay elsewhere are left out.

    Decays, alike, and backgrounds, by their shares, have half of the weight each; the mean weight is 1. advance: called with 1
    after each block. InputError if a source has no vertex.
    """
    from hls.displaced import VertexSet

    found: dict[Source, list[NDArray[np.int16]]] = {source: [] for source in Source}
    for source, block in recipe.blocks():
        vertices = vertices_of(recipe, parameters, source, block, folder)
        found[source].append(vertices.x_raw[vertices.is_true] if source.decay else vertices.x_raw)
        advance(1)
    inputs = {source: np.concatenate(parts) for source, parts in found.items()}
    empty = [source.value for source, rows in inputs.items() if not len(rows)]
    if empty:
        msg = f"no vertex was found in windows of: {', '.join(empty)}; more blocks are needed"
        raise InputError(msg)
    total, shares = sum(map(len, inputs.values())), dict(recipe.shares)
    share = {source: 0.5 / len(_DECAYS) if source.decay else 0.5 * shares[source] for source in Source}
    weights = [np.full(len(rows), total * share[source] / len(rows), np.float32) for source, rows in inputs.items()]
    signal = [np.full(len(rows), source.decay is not None) for source, rows in inputs.items()]
    return VertexSet(x_raw=np.concatenate([*inputs.values()]), is_signal=np.concatenate(signal), weight=np.concatenate(weights))
