"""The single-track trigger: momentum of neuro tracks in integer steps, single-track and y decisions, counts of tracks.

Ref: basf2 trg/grl TRGGRLProjectsModule.cc (read in public source) [SIM]. The firmware knows curvature and polar angle in coarse
steps; momentum is looked up and cut off to 0.1 GeV. All tables follow from exact fractions.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import sin

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.cdc.hough.plane import HoughPlane
from trigger.cdc.neuro.formats import NODE_ONE
from trigger.events import validate

_PI = Fraction("3.14159265358979323846264338327950288419716939937510")
"""Good to 1e-50: no angle of a network output lies that close to a step."""
_SPEED_OF_LIGHT = Fraction("29.9792458") / 10_000
"""GeV per tesla and cm."""
N_COUNTS = 4
"""Counts go out as 1, 2, 3 and more."""


@dataclass(frozen=True, kw_only=True)
class SingleTrackCuts:
    """Numbers of the decision; the defaults are the experiment's [SIM].

    z_stt_cm, z_y_cm: a track counts if |z| is below. p_above_raw: a single track needs more 0.1 GeV steps than this.
    omega_step_per_m, theta_step_rad: steps to which curvature and polar angle are cut. field_t; gev_per_t_m: the rounded constant
    of the firmware. z_range_cm, theta_range_deg: what outputs -1..1 of the network stand for. ValueError for impossible ones.
    """

    z_stt_cm: Fraction = Fraction(15)
    z_y_cm: Fraction = Fraction(20)
    p_above_raw: int = 7
    omega_step_per_m: Fraction = Fraction("0.044")
    theta_step_rad: Fraction = Fraction("0.098125")
    field_t: Fraction = Fraction("1.5")
    gev_per_t_m: Fraction = Fraction("0.3")
    z_range_cm: tuple[Fraction, Fraction] = (Fraction(-100), Fraction(100))
    theta_range_deg: tuple[Fraction, Fraction] = (Fraction(10), Fraction(170))

    def __post_init__(self) -> None:
        for name in ("z_stt_cm", "z_y_cm", "omega_step_per_m", "theta_step_rad", "field_t", "gev_per_t_m"):
            if getattr(self, name) <= 0:
                msg = f"{name} must be positive, not {getattr(self, name)}"
                raise ValueError(msg)
        if self.p_above_raw < 0:
            msg = f"p_above_raw must be at least 0, not {self.p_above_raw}"
            raise ValueError(msg)
        if self.z_range_cm[0] != -self.z_range_cm[1] or self.z_range_cm[1] <= 0:
            msg = f"z_range_cm must be symmetric about 0 and ascending, not {self.z_range_cm}"
            raise ValueError(msg)
        if not 0 <= self.theta_range_deg[0] < self.theta_range_deg[1] <= 180:
            msg = f"theta_range_deg must be within 0..180 and ascending, not {self.theta_range_deg}"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True, eq=False)
class SingleTracks:
    """Decisions on m tracks of n events.

    Attributes:
        track_p_raw: uint16 (m,), momentum in 0.1 GeV, cut off; 0 where a step of curvature or angle is 0: then there is no value.
        track_stt, track_y: uint8 (m,), single-track and y decision; 0 for a track without a network answer.
        grl_t2, grl_ty: uint8 (n, 4), one-hot: 1, 2, 3, or more 2D tracks and y tracks.
        grl_typ: uint8 (n,), at least one single track.
    """

    track_p_raw: NDArray[np.uint16]
    track_stt: NDArray[np.uint8]
    track_y: NDArray[np.uint8]
    grl_t2: NDArray[np.uint8]
    grl_ty: NDArray[np.uint8]
    grl_typ: NDArray[np.uint8]

    def arrays(self) -> dict[str, NDArray]:
        """The event-file fields."""
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True)
class SingleTrackTrigger:
    """The trigger for tracks on the half-cell grid of a Hough plane."""

    cuts: SingleTrackCuts = field(default_factory=SingleTrackCuts)
    plane: HoughPlane = field(default_factory=HoughPlane)

    def run(
        self, offsets: ArrayLike, omega_raw: ArrayLike, expert: ArrayLike, z_raw: ArrayLike, theta_raw: ArrayLike
    ) -> SingleTracks:
        """Return the decisions on the tracks of each event.

        offsets (n + 1,); omega_raw: curvature in half cells; expert: -1 = the networks had no answer; z_raw, theta_raw: outputs, 12
        fraction bits, -4096..4096. InputError with field, event and reason for anything out of range.
        """
        given = {
            "track_offsets": offsets,
            "track_omega_raw": omega_raw,
            "track_expert": expert,
            "track_z_raw": z_raw,
            "track_theta_raw": theta_raw,
        }
        arrays = {name: np.asarray(array) for name, array in given.items()}
        arrays = {name: array.astype(np.int64) if array.size == 0 else array for name, array in arrays.items()}
        tracks = validate(arrays, "SingleTrackTrigger", required=tuple(given))
        z, theta = tracks["track_z_raw"].astype(np.int64), tracks["track_theta_raw"].astype(np.int64)
        steps = self.momentum_table[np.abs(tracks["track_omega_raw"].astype(np.int64)), self.theta_steps[theta + NODE_ONE]]
        answered = tracks["track_expert"] >= 0
        is_y = answered & (np.abs(z) <= self.z_y_raw)
        is_stt = answered & (np.abs(z) <= self.z_stt_raw) & (steps > self.cuts.p_above_raw)
        starts = tracks["track_offsets"]
        return SingleTracks(
            track_p_raw=steps,
            track_stt=is_stt.astype(np.uint8),
            track_y=is_y.astype(np.uint8),
            grl_t2=one_hot(np.diff(starts)),
            grl_ty=one_hot(_count(is_y, starts)),
            grl_typ=(_count(is_stt, starts) > 0).astype(np.uint8),
        )

    @property
    def z_stt_raw(self) -> int:
        """Largest |z_raw| of a single track."""
        return self._below(self.cuts.z_stt_cm)

    @property
    def z_y_raw(self) -> int:
        """Largest |z_raw| of a y track."""
        return self._below(self.cuts.z_y_cm)

    @cached_property
    def theta_steps(self) -> NDArray[np.int64]:
        """Steps of the polar angle, or of its supplement beyond 90 degrees, at index theta_raw + 4096; read-only."""
        low, high = self.cuts.theta_range_deg
        degrees = [low + (high - low) * Fraction(raw + NODE_ONE, 2 * NODE_ONE) for raw in range(-NODE_ONE, NODE_ONE + 1)]
        return _fixed([int(min(angle, 180 - angle) * _PI / 180 / self.cuts.theta_step_rad) for angle in degrees], np.int64)

    @cached_property
    def omega_steps(self) -> NDArray[np.int64]:
        """Steps of curvature at index |omega_raw|; read-only."""
        plane, cuts = self.plane, self.cuts
        per_cm = _SPEED_OF_LIGHT * cuts.field_t / Fraction(str(plane.pt_min_gev)) / plane.n_omega
        return _fixed([int(100 * per_cm * raw / cuts.omega_step_per_m) for raw in range(plane.n_omega)], np.int64)

    @cached_property
    def momentum_table(self) -> NDArray[np.uint16]:
        """Momentum in 0.1 GeV, uint16 (|omega_raw|, steps of theta), 0 where a step is 0; read-only."""
        cuts = self.cuts
        table = np.zeros((len(self.omega_steps), int(self.theta_steps.max()) + 1), np.uint16)
        for row, omega in enumerate(self.omega_steps):
            for theta in range(1, table.shape[1]):
                if omega > 0:
                    pt = 10 * cuts.gev_per_t_m * cuts.field_t / (int(omega) * cuts.omega_step_per_m)
                    table[row, theta] = int(float(pt) / sin(float(theta * cuts.theta_step_rad)))
        return _fixed(table, np.uint16)

    def _below(self, limit_cm: Fraction) -> int:
        """Largest raw z strictly below a limit."""
        raw = limit_cm / self.cuts.z_range_cm[1] * NODE_ONE
        return -(-raw.numerator // raw.denominator) - 1


def one_hot(count: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Return uint8 (n, 4): column 0 for a count of 1, 1 for 2, 2 for 3, 3 for more; all zero for none."""
    place = np.minimum(np.asarray(count), N_COUNTS)
    return (place[:, None] == np.arange(1, N_COUNTS + 1)).astype(np.uint8)


def _count(flags: NDArray[np.bool_], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    total = np.concatenate([[0], np.cumsum(flags)])
    return total[offsets[1:]] - total[offsets[:-1]]


def _fixed(values: ArrayLike, kind: type) -> NDArray:
    table: NDArray = np.array(values, dtype=kind)
    table.setflags(write=False)
    return table
