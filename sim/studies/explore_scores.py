"""What a network is worth: resolution in z, and efficiency of the single track at one and the same background for all."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.blocks import Stage, stream
from sim.studies.explore_samples import Candidates
from sim.studies.tracks_counts import P_PLATEAU_GEV, Z_RESIDUAL_EDGES, histogram, in_bins, z_of
from sim.studies.tracks_tables import RANGES_GEV, width
from trigger.cdc import NeuroNetwork, SingleTrackCuts, SingleTrackTrigger
from trigger.cdc.neuro.formats import NODE_ONE

NOT_TAKEN = NODE_ONE + 1
"""In place of |z| for a particle that passes at no cut."""


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """tracks, and half of the central 68.27 % of their residuals in cm with its error from a bootstrap."""

    tracks: int
    width_cm: float
    error_cm: float


@dataclass(frozen=True, kw_only=True)
class Score:
    """Answers of one network, counted.

    resolution: by the names of RANGES_GEV. cut_raw: largest |z_raw| of a single track at the fixed background; -1 where even
    |z_raw| = 0 lets more pass. background: (particles, those that pass). signal: the same for muons above P_PLATEAU_GEV;
    signal_at_experiment_cut: at the cut of SingleTrackCuts.
    """

    resolution: dict[str, Resolution]
    cut_raw: int
    background: tuple[int, int]
    signal: tuple[int, int]
    signal_at_experiment_cut: tuple[int, int]


def score(network: NeuroNetwork, muons: Candidates, background: Candidates, share: Fraction, seed: int) -> Score:
    """Score of a network. share: part of the background particles that may pass."""
    raw = network.answer(muons.x_raw, muons.expert)
    fast = muons.p_gev > P_PLATEAU_GEV
    signal = closest(muons, raw)[fast]
    other = closest(background, network.answer(background.x_raw, background.expert))
    cut = cut_at(other, share)
    return Score(
        resolution=_resolution(muons, raw, seed),
        cut_raw=cut,
        background=(len(other), int((other <= cut).sum())),
        signal=(len(signal), int((signal <= cut).sum())),
        signal_at_experiment_cut=(len(signal), int((signal <= SingleTrackTrigger().z_stt_raw).sum())),
    )


def closest(candidates: Candidates, raw: NDArray[np.integer]) -> NDArray[np.int64]:
    """Least |z_raw| (n,) among the tracks of each particle that pass the momentum cut of a single track, else NOT_TAKEN.

    raw: outputs (m, 2) or (m, 3) of a network for the tracks.
    """
    offsets = np.array([0, len(raw)])
    single = SingleTrackTrigger().run(offsets, candidates.omega_raw, candidates.expert, raw[:, 0], raw[:, 1])
    passes = (candidates.expert >= 0) & (single.track_p_raw > SingleTrackCuts().p_above_raw)
    least = np.full(len(candidates), NOT_TAKEN, np.int64)
    np.minimum.at(least, candidates.particle[passes], np.abs(raw[passes, 0].astype(np.int64)))
    return least


def cut_at(least: NDArray[np.int64], share: Fraction) -> int:
    """Largest cut, -1..4096, at which no more than this share of the particles has |z_raw| up to it; 4096 without particles."""
    passing = np.cumsum(np.bincount(least, minlength=NOT_TAKEN + 1))[:NOT_TAKEN]
    return int(np.searchsorted(passing, share.numerator * len(least) // share.denominator, side="right")) - 1


def pareto_front(cost: ArrayLike, gain: ArrayLike) -> NDArray[np.bool_]:
    """Whether no other point costs as little and gains as much, one of the two strictly better; equal points stand together.

    cost, gain: float (n,). A point with a NaN is not on the front, and dominates none.
    """
    costs, gains = np.asarray(cost, float), np.asarray(gain, float)
    no_worse = (costs[None] <= costs[:, None]) & (gains[None] >= gains[:, None])
    better = (costs[None] < costs[:, None]) | (gains[None] > gains[:, None])
    return ~(no_worse & better).any(axis=1) & np.isfinite(costs) & np.isfinite(gains)


def _resolution(muons: Candidates, raw: NDArray[np.integer], seed: int) -> dict[str, Resolution]:
    """By transverse momentum; of the nearest track of each particle, where it has an answer."""
    rng = stream(seed, "exploration", Stage.STUDY, 0)
    tracks = np.flatnonzero(muons.nearest & (muons.expert >= 0))
    particle = muons.particle[tracks]
    residual = z_of(raw[tracks]) - muons.z_cm[particle]
    found = {}
    for region, (low, high) in RANGES_GEV.items():
        inside = (muons.pt_gev[particle] >= low) & (muons.pt_gev[particle] < high)
        counts = histogram((len(Z_RESIDUAL_EDGES) - 1,), in_bins(residual[inside], Z_RESIDUAL_EDGES))
        width_cm, error_cm, *_ = width(counts, Z_RESIDUAL_EDGES, rng)
        found[region] = Resolution(tracks=int(inside.sum()), width_cm=width_cm, error_cm=error_cm)
    return found
