"""The cells of the seed search, and the numbers that a track is described with.

A helix obeys, at every radius r of its outgoing arm, r sin(phi - phi0) = F r^2 / 2 + E, exactly: phi0 is the direction at the
perigee, F = kappa / (1 + kappa d) its bend and E = d (1 + kappa d / 2) / (1 + kappa d) its impact, kappa the signed curvature and d
the signed distance of the perigee from the axis, positive where the axis is on the right of the direction. Bend and impact enter
linearly, so that neither search nor fit nor vertex needs a division. Source: the circle in polar coordinates [DERIVED].
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.displaced.formats import BEND, IMPACT
from trigger.geometry.cdc import N_SECTORS

WORD_BITS = 64
N_WORDS = 2
"""The azimuths of a row of cells are two machine words."""
PATCH = 4
"""Cells of bend, and of impact, that are one place in the search for peaks. Our choice: patches of 2 x 2 cells give more seeds, as
many pairs, and four times as many places to compare."""
N_LANES = 2
"""Seeds that leave per cycle: lane k takes the patches whose place in impact is k, modulo this. Our choice: two fits can follow."""


@dataclass(frozen=True, kw_only=True)
class SeedGrid:
    """Cells of bend, impact and azimuth phi0; a row is one cell of bend and impact, in all azimuths.

    n_bend cells cover +-bend_max_per_cm, n_impact cells +-impact_max_cm, n_phi cells the circle from 0. A cell fires if segments of
    min_superlayers of the five axial superlayers lie in its windows. A patch is PATCH x PATCH cells of bend and impact at one
    azimuth. Sizes: our choice; 0.018 per cm is a pT of 0.25 GeV.
    """

    n_bend: int = 32
    n_impact: int = 32
    n_phi: int = N_WORDS * WORD_BITS
    bend_max_per_cm: float = 0.018
    impact_max_cm: float = 32.0
    min_superlayers: int = 4

    def __post_init__(self) -> None:
        for name, format_ in (("bend_max_per_cm", BEND), ("impact_max_cm", IMPACT)):
            if not 0 < getattr(self, name) < format_.maximum:
                msg = f"{name} must be above 0 and below {format_.maximum}, not {getattr(self, name)}"
                raise ValueError(msg)
        for name, unit in (("n_bend", PATCH), ("n_impact", PATCH * N_LANES)):
            if getattr(self, name) < unit or getattr(self, name) % unit:
                msg = f"{name} must be a multiple of {unit}, not {getattr(self, name)}"
                raise ValueError(msg)
        if self.n_phi != N_WORDS * WORD_BITS or self.n_phi % N_SECTORS:
            msg = f"n_phi must be {N_WORDS * WORD_BITS}, not {self.n_phi}"
            raise ValueError(msg)
        if self.min_superlayers not in (4, 5):
            msg = f"min_superlayers must be 4 or 5, not {self.min_superlayers}"
            raise ValueError(msg)

    @property
    def n_rows(self) -> int:
        """Rows of cells: impact runs fastest."""
        return self.n_bend * self.n_impact

    @property
    def patches(self) -> tuple[int, int]:
        """Patches of one azimuth: places in bend, places in impact."""
        return self.n_bend // PATCH, self.n_impact // PATCH

    @property
    def half_bend_per_cm(self) -> float:
        """Half the width of a cell in bend."""
        return self.bend_max_per_cm / self.n_bend

    @property
    def half_impact_cm(self) -> float:
        """Half the width of a cell in impact."""
        return self.impact_max_cm / self.n_impact

    @property
    def bend_per_cm(self) -> NDArray[np.float64]:
        """Centre of each row in bend, (n_rows,)."""
        centres = (2 * np.arange(self.n_bend) + 1 - self.n_bend) * self.half_bend_per_cm
        return np.repeat(centres, self.n_impact)

    @property
    def impact_cm(self) -> NDArray[np.float64]:
        """Centre of each row in impact, (n_rows,)."""
        centres = (2 * np.arange(self.n_impact) + 1 - self.n_impact) * self.half_impact_cm
        return np.tile(centres, self.n_bend)


def crossing_sine(bend_per_cm: ArrayLike, impact_cm: ArrayLike, radius_cm: ArrayLike) -> NDArray[np.float64]:
    """sin(phi - phi0) of a track at a radius; beyond +-1 where the track does not get there."""
    radius = np.asarray(radius_cm, np.float64)
    return np.asarray(bend_per_cm) * radius / 2 + np.asarray(impact_cm) / radius


def inverse_stretch(bend_per_cm: ArrayLike, impact_cm: ArrayLike) -> NDArray[np.float64]:
    """1 / (1 + kappa d) of a track, sqrt(1 - 2 F E); 0 for a bend and impact that no track has."""
    return np.sqrt(np.maximum(1 - 2 * np.asarray(bend_per_cm) * np.asarray(impact_cm), 0.0))
