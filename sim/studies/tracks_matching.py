"""Which 2D track belongs to which particle."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.studies.neuro_samples import NeuroRecipe
from trigger.cdc import HoughTracks

WIDTH_PHI_RAD, WIDTH_OMEGA_PER_CM = NeuroRecipe().width_phi_rad, NeuroRecipe().width_omega_per_cm
MAX_DISTANCE = NeuroRecipe().max_distance
"""A track belongs to the nearest particle of its event within this distance, in widths: as in the training sample."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Matched:
    """particle: int64 (m,), particle of each track, -1 = none. track: int64 (p,), nearest track of each particle, -1 = none."""

    particle: NDArray[np.int64]
    track: NDArray[np.int64]


def match(
    tracks: HoughTracks, offsets: NDArray[np.int64], phi_rad: NDArray[np.float64], omega_per_cm: NDArray[np.float64]
) -> Matched:
    """Match the tracks of n events to their particles; offsets (n + 1,), phi_rad, omega_per_cm (p,) at the origin.

    Of several tracks of a particle the nearest counts as its track, of equally near ones the first.
    """
    event = np.repeat(np.arange(len(offsets) - 1), np.diff(tracks.track_offsets))
    n_particles = np.diff(offsets)[event]
    track = np.repeat(np.arange(len(event)), n_particles)
    starts = np.cumsum(n_particles) - n_particles
    particle = np.repeat(offsets[event] - starts, n_particles) + np.arange(len(track))
    turn = tracks.plane.phi0_rad(tracks.track_phi_raw)[track] - phi_rad[particle]
    turn = np.remainder(turn + np.pi, 2 * np.pi) - np.pi
    bend = tracks.plane.omega_per_cm(tracks.track_omega_raw)[track] - omega_per_cm[particle]
    distance = np.hypot(turn / WIDTH_PHI_RAD, bend / WIDTH_OMEGA_PER_CM)
    near = np.flatnonzero(distance < MAX_DISTANCE)
    near = near[np.argsort(distance[near], kind="stable")][::-1]
    found = Matched(particle=np.full(len(event), -1, np.int64), track=np.full(len(phi_rad), -1, np.int64))
    # Farthest first: what is written last, the nearest, stays.
    found.particle[track[near]] = particle[near]
    own = near[found.particle[track[near]] == particle[near]]
    found.track[particle[own]] = track[own]
    return found
