"""Tables of the GRL, from declared geometry: tracks extrapolated to ECL and KLM, what each trigger cell is compared with.

Azimuth is counted in steps of 1/16 degree. Everything that tracks are compared with, and their azimuth at the origin, lies on the
grid of 1/8 degree; the bend of a track is kept as the half-way point between its neighbours there, so that every comparison has
the answer of the exact bend.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from trigger.cdc.hough.plane import HoughPlane
from trigger.cdc.neuro.formats import NODE_ONE
from trigger.cdc.single_track import SingleTrackCuts
from trigger.ecl.thresholds import above, at_least
from trigger.geometry.cdc import PT_RADIUS_GEV_PER_CM
from trigger.geometry.ecl import N_CELLS, cells
from trigger.grl.parameters import (
    BACKWARD_LOOSE_THETA,
    BACKWARD_THETA,
    FORWARD_LOOSE_THETA,
    FORWARD_THETA,
    N_BINS,
    VETO,
    GrlParameters,
)
from trigger.klm import SECTORS

PLANE = HoughPlane()
N_PHI = 2 * PLANE.n_phi
"""Half cells of a turn."""
MAX_OMEGA = PLANE.n_omega - 1
STEPS_PER_DEGREE = 16
TURN = 360 * STEPS_PER_DEGREE
STEPS_PER_HALF_CELL = TURN // N_PHI
STEPS_PER_BIN = TURN // N_BINS
N_KLM_SECTORS = SECTORS[0]
STEPS_PER_KLM_SECTOR = TURN // N_KLM_SECTORS
"""Sector k of the barrel KLM has its centre at k such steps [SIM]."""
MAX_PER_QUADRANT = PLANE.tracks_per_clock


@dataclass(frozen=True, kw_only=True, eq=False)
class TrackTables:
    """Read-only arrays, index omega_raw + 33.

    Attributes:
        ecl_bend, klm_bend: int16, azimuth lost on the way to the radius, 1/16 degree.
        ecl_reached, klm_reached: uint8, the track gets there.
        veto_first, veto_last: int8, sectors around that of the track.
        is_hard: uint8, transverse momentum above `bhabha_pt_gev`.
    """

    ecl_bend: NDArray[np.int16]
    klm_bend: NDArray[np.int16]
    ecl_reached: NDArray[np.uint8]
    klm_reached: NDArray[np.uint8]
    veto_first: NDArray[np.int8]
    veto_last: NDArray[np.int8]
    is_hard: NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class CellTables:
    """Read-only arrays, index tc id 0..576; row 0 is "no cluster" and all zero. Track azimuths here are half cells from 0 degree.

    Attributes:
        azimuth_bin: uint8, bin of 10 degree of the centre.
        is_barrel, is_forward, is_backward, is_forward_loose, is_backward_loose: uint8.
        near_first, near_count: int16, track azimuths in the cell's hemisphere.
        bhabha_first, bhabha_count: int16, track azimuths that match a Bhabha cluster.
        theta_last, theta_first: int16, largest and smallest theta_raw of a track above `cot_above` and below `cot_below`.
        bhabha_adc: uint16, smallest count of a Bhabha cluster.
    """

    azimuth_bin: NDArray[np.uint8]
    is_barrel: NDArray[np.uint8]
    is_forward: NDArray[np.uint8]
    is_backward: NDArray[np.uint8]
    is_forward_loose: NDArray[np.uint8]
    is_backward_loose: NDArray[np.uint8]
    near_first: NDArray[np.int16]
    near_count: NDArray[np.int16]
    bhabha_first: NDArray[np.int16]
    bhabha_count: NDArray[np.int16]
    theta_last: NDArray[np.int16]
    theta_first: NDArray[np.int16]
    bhabha_adc: NDArray[np.uint16]


def azimuth(phi_raw: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return azimuth in half cells from 0 degree, 0..319, of half cells from the edge of the Hough plane."""
    return (np.asarray(phi_raw, np.int64) + 1 - PLANE.n_phi) % N_PHI


def _fixed(values: list | NDArray, kind: type) -> NDArray:
    table: NDArray = np.array(values, dtype=kind)
    table.setflags(write=False)
    return table


def _bends(radius_cm: Fraction) -> tuple[list[int], list[int]]:
    """(bend in 1/16 degree, reached) of every curvature: the exact bend, odd, where it is not a multiple of 1/8 degree."""
    bends, reached = [], []
    for omega in range(-MAX_OMEGA, MAX_OMEGA + 1):
        sine = float(radius_cm) / 2 * omega * PLANE.omega_step_per_cm
        reached.append(int(abs(sine) <= 1))
        eighths = math.degrees(math.asin(sine)) * (STEPS_PER_DEGREE // 2) if reached[-1] else 0.0
        bends.append(math.floor(eighths) + math.ceil(eighths))
    return bends, reached


@lru_cache(maxsize=8)
def track_tables(parameters: GrlParameters) -> TrackTables:
    """Return the tables of tracks on the half-cell grid."""
    omegas = range(-MAX_OMEGA, MAX_OMEGA + 1)
    ecl, klm = _bends(parameters.ecl_radius_cm), _bends(parameters.klm_radius_cm)
    vetoes = [next(row for row in VETO if abs(omega) <= row.up_to) for omega in omegas]
    sectors = [row.positive if omega > 0 else row.negative for row, omega in zip(vetoes, omegas, strict=True)]
    hardest = PT_RADIUS_GEV_PER_CM / float(parameters.bhabha_pt_gev)
    return TrackTables(
        ecl_bend=_fixed(ecl[0], np.int16),
        klm_bend=_fixed(klm[0], np.int16),
        ecl_reached=_fixed(ecl[1], np.uint8),
        klm_reached=_fixed(klm[1], np.uint8),
        veto_first=_fixed([first for first, _ in sectors], np.int8),
        veto_last=_fixed([last for _, last in sectors], np.int8),
        is_hard=_fixed([abs(omega) * PLANE.omega_step_per_cm < hardest for omega in omegas], np.uint8),
    )


def _arc(phi_deg: NDArray[np.float64], half_deg: Fraction) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(first half cell, number) of the track azimuths nearer than half_deg."""
    step = 360 / N_PHI
    first = np.floor((phi_deg - float(half_deg)) / step).astype(np.int64) + 1
    last = np.ceil((phi_deg + float(half_deg)) / step).astype(np.int64) - 1
    return first % N_PHI, np.minimum(last - first + 1, N_PHI)


@lru_cache(maxsize=8)
def cell_tables(parameters: GrlParameters) -> CellTables:
    """Return the tables of the trigger cells, from their centres in the laboratory."""
    c = cells()
    phi_deg = np.degrees(np.arctan2(c.y_cm, c.x_cm)) % 360
    transverse = np.hypot(c.x_cm, c.y_cm)
    theta_deg, cot = np.degrees(np.arctan2(transverse, c.z_cm)), c.z_cm / transverse
    near, bhabha = _arc(phi_deg, parameters.hemisphere_deg), _arc(phi_deg, parameters.bhabha_deg)
    low, high = (float(bound) for bound in SingleTrackCuts().theta_range_deg)
    tracks_deg = low + (high - low) * (np.arange(2 * NODE_ONE + 1) / (2 * NODE_ONE))
    rising = -1 / np.tan(np.radians(tracks_deg))
    theta_last = np.searchsorted(rising, -(cot + float(parameters.cot_above)), side="left") - 1 - NODE_ONE
    theta_first = np.searchsorted(rising, -(cot + float(parameters.cot_below)), side="right") - NODE_ONE
    bhabha_adc = [above(parameters.bhabha_gev * int(e) / 10) for e in c.cm_energy_e]
    barrel = (theta_deg >= float(parameters.barrel_deg[0])) & (theta_deg <= float(parameters.barrel_deg[1]))

    def table(values: NDArray | list[int], kind: type) -> NDArray:
        return _fixed(np.concatenate([np.zeros(1, np.int64), np.asarray(values)]), kind)

    def ring(theta: range) -> NDArray[np.uint8]:
        return table(np.isin(c.theta_id, list(theta)), np.uint8)

    assert len(c.theta_id) == N_CELLS
    return CellTables(
        azimuth_bin=table(phi_deg // (360 / N_BINS), np.uint8),
        is_barrel=table(barrel, np.uint8),
        is_forward=ring(FORWARD_THETA),
        is_backward=ring(BACKWARD_THETA),
        is_forward_loose=ring(FORWARD_LOOSE_THETA),
        is_backward_loose=ring(BACKWARD_LOOSE_THETA),
        near_first=table(near[0], np.int16),
        near_count=table(near[1], np.int16),
        bhabha_first=table(bhabha[0], np.int16),
        bhabha_count=table(bhabha[1], np.int16),
        theta_last=table(theta_last, np.int16),
        theta_first=table(theta_first, np.int16),
        bhabha_adc=table(bhabha_adc, np.uint16),
    )


def energy_counts(parameters: GrlParameters) -> tuple[int, int, int, int]:
    """Return the smallest counts of (matched cluster, barrel photon, photon of n1gev, of n2gev)."""
    return (
        at_least(parameters.matched_gev),
        at_least(parameters.photon_gev),
        above(parameters.n1gev_gev),
        above(parameters.n2gev_gev),
    )


def klm_steps(parameters: GrlParameters) -> int:
    """Return the azimuth, 1/16 degree, below which a track and a KLM sector match."""
    return math.ceil(parameters.klm_deg * STEPS_PER_DEGREE)
