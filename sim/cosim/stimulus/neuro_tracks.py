"""Answered tracks for the verification of the single-track trigger: all curvatures and steps of angle, all cuts from both sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trigger.cdc.neuro.formats import NODE_ONE
from trigger.cdc.single_track import SingleTrackTrigger

ANSWERED_PROBABILITY = 0.85
CORNER_PROBABILITY = 0.5
FAST_PROBABILITY = 0.5
FAST_STEPS = 4
"""Tracks of the smallest curvatures (our choice): near 90 degrees the step of the angle changes hardly any other momentum."""
BUSY_PROBABILITY = 1 / 32
MAX_TRACKS, MAX_BUSY_TRACKS = 5, 40


@dataclass(frozen=True, kw_only=True)
class NeuroTrackEvents:
    """Tracks of events: CSR offsets (n + 1,), curvature, expert (-1 = no answer), z and theta of each track."""

    offsets: np.ndarray
    omega_raw: np.ndarray
    expert: np.ndarray
    z_raw: np.ndarray
    theta_raw: np.ndarray

    @property
    def arguments(self) -> tuple[np.ndarray, ...]:
        """Arguments of the model."""
        return self.offsets, self.omega_raw, self.expert, self.z_raw, self.theta_raw


def theta_edges(trigger: SingleTrackTrigger) -> np.ndarray:
    """Last angle before and first angle after every change of step, and both ends of the range."""
    last = np.flatnonzero(np.diff(trigger.theta_steps)) - NODE_ONE
    return np.unique(np.concatenate([last, last + 1, [-NODE_ONE, NODE_ONE]]))


def z_edges(trigger: SingleTrackTrigger) -> np.ndarray:
    """Every cut on z, one LSB to either side, of both signs; zero and the ends of the range."""
    cuts = np.array([trigger.z_stt_raw, trigger.z_y_raw])
    beside = np.concatenate([cuts - 1, cuts, cuts + 1, [0, NODE_ONE]])
    return np.unique(np.concatenate([-beside, beside]))


def neuro_track_events(rng: np.random.Generator, n_events: int, trigger: SingleTrackTrigger) -> NeuroTrackEvents:
    """Events with none to five tracks, some with up to forty: half of the angles and of the z at edges, half of the tracks fast."""
    count = rng.integers(0, MAX_TRACKS + 1, n_events)
    busy = rng.random(n_events) < BUSY_PROBABILITY
    count[busy] = rng.integers(0, MAX_BUSY_TRACKS + 1, np.count_nonzero(busy))
    n_tracks, n_omega = int(count.sum()), trigger.plane.n_omega

    def values(edges: np.ndarray) -> np.ndarray:
        at_edge = rng.random(n_tracks) < CORNER_PROBABILITY
        return np.where(at_edge, rng.choice(edges, n_tracks), rng.integers(-NODE_ONE, NODE_ONE + 1, n_tracks)).astype(np.int16)

    fast = rng.integers(1, FAST_STEPS + 1, n_tracks) * rng.choice((-1, 1), n_tracks)
    omega = np.where(rng.random(n_tracks) < FAST_PROBABILITY, fast, rng.integers(1 - n_omega, n_omega, n_tracks))
    return NeuroTrackEvents(
        offsets=np.concatenate([[0], np.cumsum(count)]),
        omega_raw=omega.astype(np.int8),
        expert=np.where(rng.random(n_tracks) < ANSWERED_PROBABILITY, rng.integers(0, 5, n_tracks), -1).astype(np.int8),
        z_raw=values(z_edges(trigger)),
        theta_raw=values(theta_edges(trigger)),
    )
