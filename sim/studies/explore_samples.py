"""Simulated 2D tracks that all networks of an exploration are scored on; made once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.blocks import blocks
from sim.detector.cdc.config import CdcResponse
from sim.progress import progress
from sim.studies.counting import Job
from sim.studies.kept import Arrays, joined, kept
from sim.studies.tracks_counts import FAR_FROM_CM
from sim.studies.tracks_samples import GENERATORS, Kind, Sample, Slice, slices
from trigger import __version__
from trigger.digest import digest

SCALE = 1.0
"""Level of the wire background, in multiples of the nominal guess: the one at which the track study compares networks."""
BACKGROUND_PER_EVENT = 3
"""Background tracks per muon. Our choice: less than a tenth of them are fast enough for a single track."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """n particles that have a 2D track, and all m tracks that belong to them.

    p_gev, pt_gev, z_cm: float64 (n,). x_raw: int16 (m, 27); expert: int8 (m,), -1 = no answer; omega_raw: integers (m,); particle:
    int64 (m,), 0..n-1. nearest: bool (m,), the one track per particle that lies nearest to it.
    """

    p_gev: NDArray[np.float64]
    pt_gev: NDArray[np.float64]
    z_cm: NDArray[np.float64]
    x_raw: NDArray[np.int16]
    expert: NDArray[np.int8]
    omega_raw: NDArray[np.integer]
    particle: NDArray[np.int64]
    nearest: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.p_gev)


def candidates(kind: Kind, events: int, seed: int, folder: Path) -> Candidates:
    """The particles of a sample of the track study, without networks; blocks that lie in the folder are read back.

    Particles of the background kind count from FAR_FROM_CM on, as in the track study.
    """
    response = CdcResponse()
    sample = Sample(kind=kind, scale=SCALE, events=events)
    job = digest(GENERATORS[kind], response.meta(), SCALE, seed, __version__)[:16]
    parts: list[Arrays] = []
    with progress(f"{kind.name.lower()} tracks", events) as advance:
        for block, size in blocks(events):

            def make(block: int = block, size: int = size) -> Arrays:
                made = slices(sample, Job(sample=sample.name, block=block, events=size), seed, {}, response)
                return _numbered(_tracks_of(part, kind) for part in made)

            parts.append(kept(folder / f"{sample.name}-{job}-{size}-{block:04d}.npz", make))
            advance(size)
    return Candidates(**_numbered(parts))


def _tracks_of(part: Slice, kind: Kind) -> Arrays:
    """Fields of Candidates for the events of a slice."""
    chosen = part.matched.track >= 0
    if kind is Kind.BACKGROUND:
        chosen &= np.abs(part.truth.z_cm) >= FAR_FROM_CM
    number = np.where(chosen, np.cumsum(chosen) - 1, -1)
    particle = part.matched.particle
    tracks = np.flatnonzero((particle >= 0) & chosen[particle])
    return {
        **{name: getattr(part.truth, name)[chosen] for name in ("p_gev", "pt_gev", "z_cm")},
        "x_raw": part.vectors.x_raw[tracks],
        "expert": part.vectors.track_expert[tracks],
        "omega_raw": part.tracks.track_omega_raw[tracks],
        "particle": number[particle[tracks]],
        "nearest": part.matched.track[particle[tracks]] == tracks,
    }


def _numbered(parts: Iterable[Arrays]) -> Arrays:
    """Parts one after the other; particles are numbered through."""

    def renumbered() -> Iterator[Arrays]:
        first = 0
        for part in parts:
            yield part | {"particle": part["particle"] + first}
            first += len(part["p_gev"])

    return joined(list(renumbered()))
