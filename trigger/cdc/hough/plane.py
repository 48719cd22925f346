"""The Hough plane: its cells, the half-cell grid of its tracks, and what counts as a track.

Ref: basf2 trg/cdc CDCTrigger2DFinderModule.cc, CDCTriggerHoughtrafo.cc, Unpacker.h (read in public source) [SIM].
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.geometry.cdc import N_SECTORS, PT_RADIUS_GEV_PER_CM

N_AXIAL = 5
N_QUADRANTS = 4
CLUSTER_SQUARES = 3
"""A cluster covers at most 3 x 3 squares of 2 x 2 cells. Source: CDCTriggerHoughtrafo.cc [SIM]."""


@dataclass(frozen=True, kw_only=True)
class HoughPlane:
    """The plane of azimuth phi0 and signed curvature omega = 1/R [1/cm] in which track segments vote.

    n_phi cells cover the circle from -pi; n_omega cells cover +-1/R at pt_min_gev. A cell is a candidate when segments of at
    least min_superlayers of the five axial superlayers cross it. tracks_per_clock: what one quadrant sends per data clock.
    Defaults: the experiment's [SIM, DATA]. A segment that touches the corner of a cell counts in all cells around it.

    Tracks lie on the half-cell grid: phi_raw 0 .. 2 n_phi - 1 is twice the centre's cell index, omega_raw is
    -(n_omega - 1) .. n_omega - 1 with 0 for a straight track.
    """

    n_phi: int = 160
    n_omega: int = 34
    pt_min_gev: float = 0.3
    min_superlayers: int = 4
    tracks_per_clock: int = 6

    def __post_init__(self) -> None:
        if self.n_phi < N_SECTORS or self.n_phi % N_SECTORS:
            msg = f"n_phi must be a positive multiple of {N_SECTORS}, not {self.n_phi}"
            raise ValueError(msg)
        if self.n_omega < 2 or self.n_omega % 2:
            msg = f"n_omega must be even and at least 2, not {self.n_omega}"
            raise ValueError(msg)
        if not 0 < self.pt_min_gev < float("inf"):
            msg = f"pt_min_gev must be positive, not {self.pt_min_gev} GeV"
            raise ValueError(msg)
        if not 1 <= self.min_superlayers <= N_AXIAL:
            msg = f"min_superlayers must be 1 to {N_AXIAL}, not {self.min_superlayers}"
            raise ValueError(msg)
        if self.tracks_per_clock < 1:
            msg = f"tracks_per_clock must be at least 1, not {self.tracks_per_clock}"
            raise ValueError(msg)

    @property
    def omega_step_per_cm(self) -> float:
        """Curvature of one LSB of omega_raw, 1/cm."""
        return PT_RADIUS_GEV_PER_CM / self.pt_min_gev / self.n_omega

    def phi0_rad(self, phi_raw: ArrayLike) -> NDArray[np.float64]:
        """Azimuth at the origin of half-cell indices, in (-pi, pi]."""
        return (np.asarray(phi_raw) + (1 - self.n_phi)) * (np.pi / self.n_phi)

    def omega_per_cm(self, omega_raw: ArrayLike) -> NDArray[np.float64]:
        """Signed curvature of raw values."""
        return np.asarray(omega_raw) * self.omega_step_per_cm

    def quadrant(self, phi_raw: ArrayLike) -> NDArray[np.int64]:
        """Track-trigger quadrant 0..3: quadrant 0 covers phi0 in (45, 135] degree, and so on counter-clockwise."""
        return self._from_quadrant_0(phi_raw) // (self.n_phi // 2)

    def quadrant_phi(self, phi_raw: ArrayLike) -> NDArray[np.int64]:
        """The phi of the track word: half cells from the start of the quadrant, 0..79 for 160 cells."""
        return self._from_quadrant_0(phi_raw) % (self.n_phi // 2)

    def _from_quadrant_0(self, phi_raw: ArrayLike) -> NDArray[np.int64]:
        start = self.n_phi + self.n_phi // N_QUADRANTS
        return (np.asarray(phi_raw, dtype=np.int64) - start) % (2 * self.n_phi)
