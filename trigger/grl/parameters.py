"""Numbers of the GRL that a user may change, and those that are wired: bins, windows, quadrants, the veto around full tracks.

Ref: basf2 trg/grl TRGGRLMatchModule.cc, TRGGRLProjectsModule.cc (read in public source) [SIM].
"""

import enum
from dataclasses import dataclass
from fractions import Fraction

from trigger.cdc.hough.plane import N_QUADRANTS, HoughPlane

N_BINS = 36
"""Bins of 10 degree in azimuth, bin 0 from 0 degree on."""
N_SECTORS = 64
"""Sectors of the segment patterns, of 1/64 turn, sector 0 from 0 degree on."""
SECTORS_PER_QUARTER = N_SECTORS // 4
SECTORS_OF_BIN = ((0, 1), (1, 2, 3), (3, 4, 5), (5, 6, 7), (7, 8), (8, 9, 10), (10, 11, 12), (12, 13, 14), (14, 15))
"""Sectors of a quarter of the circle that set each of its nine bins [SIM]."""
N_SUPERLAYERS = 5
"""Superlayers 0..4 carry the patterns."""
SECTORS_OF_SEGMENT = (
    ((0,), (0,), (0, 1), (1,), (1,)),
    ((0,), (0,), (0, 1), (1,), (1,)),
    ((0,), (0,), (0,), (1,), (1,), (1,)),
    ((0,), (0,), (0,), (0, 1), (1,), (1,), (1,)),
    ((0,), (0,), (0,), (0,), (1,), (1,), (1,), (1,)),
)
"""Sectors that each segment of 1/32 turn sets, per superlayer [SIM]."""
INNER_SL1 = (-4, 0)
INNER_SL2 = (-2, 2)
"""An inner track: SL0 in a sector, SL1 and SL2 in any sector of these ranges around it [SIM]."""
IECL_BINS = 4
"""An inner track is near an endcap cluster up to so many bins away [SIM]."""

QUADRANT_BINS = (
    (35, *range(0, 10)),
    tuple(range(8, 20)),
    tuple(range(18, 29)),
    (*range(26, 36), 0),
)
"""Bins of the quadrants of the endcap KLM, which overlap. The simulation reads bin 36 instead of 35 in the last [SIM]."""
EKLM_FORWARD_QUADRANT = (1, 0, 3, 2)
"""Quadrant of each sector of the forward endcap KLM; backward ones are in order [SIM]."""
FORWARD_THETA, BACKWARD_THETA = range(1, 4), range(16, 18)
"""theta ids of endcap clusters [SIM]."""
FORWARD_LOOSE_THETA, BACKWARD_LOOSE_THETA = range(1, 5), range(15, 18)
"""theta ids of clusters that are compared with the endcap KLM [SIM]."""
MAX_TRACKS = N_QUADRANTS * HoughPlane().tracks_per_clock
"""Full tracks of an event: those of the first data clock [DATA]."""


class Window(enum.Enum):
    """First and last distance of two bins; with d, 36 - d is inside too, so that no wrap is needed [SIM]."""

    B2B3 = (17, 19)
    B2B5 = (16, 20)
    B2B7 = (15, 21)
    B2B9 = (14, 22)
    OPEN90 = (9, 27)
    OPEN30 = (3, 33)


@dataclass(frozen=True, kw_only=True)
class Veto:
    """Sectors first..last around that of a full track's azimuth at the origin, of positive and negative curvature.

    up_to: largest |curvature| in half cells of the Hough plane.
    """

    up_to: int
    positive: tuple[int, int]
    negative: tuple[int, int]


VETO = (
    Veto(up_to=8, positive=(-1, 1), negative=(-1, 1)),
    Veto(up_to=15, positive=(-2, 1), negative=(-1, 2)),
    Veto(up_to=24, positive=(-3, 1), negative=(-1, 3)),
    Veto(up_to=27, positive=(-4, 1), negative=(-1, 4)),
    Veto(up_to=30, positive=(-4, 2), negative=(0, 4)),
    Veto(up_to=32, positive=(-5, 2), negative=(0, 5)),
    Veto(up_to=33, positive=(-6, 2), negative=(0, 6)),
)
"""Sectors of SL0-2 that are not searched for short tracks [SIM]. That both signs differ from 28 on is as read (`unverified`)."""


@dataclass(frozen=True, kw_only=True)
class GrlParameters:
    """Thresholds; the defaults are the experiment's [SIM] but for the last three, which are inferred (`unverified`).

    match_below_bins: bins between a full track at the ECL and its cluster, below. matched_gev: energy of a matched cluster, at
    least. photon_gev: energy of a barrel photon, at least. n1gev_gev, n2gev_gev: energies of counted photons, above. ecl_radius_cm,
    klm_radius_cm: where tracks are matched. barrel_deg: polar angles of barrel clusters. klm_deg: azimuth between track and sector,
    below. hemisphere_deg: azimuth between 3D track and cluster. cot_below, cot_above: a cluster in the track's hemisphere does not
    belong to it if the track's cot theta less its own is below or above. bhabha_gev: CM energy of a Bhabha cluster, above.
    bhabha_deg, bhabha_pt_gev: azimuth to its 3D track, below, and transverse momentum, above. ValueError for impossible ones.
    """

    match_below_bins: int = 2
    matched_gev: Fraction = Fraction(2)
    photon_gev: Fraction = Fraction(1)
    n1gev_gev: Fraction = Fraction(1)
    n2gev_gev: Fraction = Fraction(2)
    ecl_radius_cm: Fraction = Fraction(126)
    klm_radius_cm: Fraction = Fraction(176)
    barrel_deg: tuple[Fraction, Fraction] = (Fraction(35), Fraction(126))
    klm_deg: Fraction = Fraction(65, 2)
    hemisphere_deg: Fraction = Fraction(80)
    cot_below: Fraction = Fraction(-8, 10)
    cot_above: Fraction = Fraction(6, 10)
    bhabha_gev: Fraction = Fraction(3)
    bhabha_deg: Fraction = Fraction(15)
    bhabha_pt_gev: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        if not 1 <= self.match_below_bins <= N_BINS // 2:
            msg = f"match_below_bins must be 1..{N_BINS // 2}, not {self.match_below_bins}"
            raise ValueError(msg)
        energies = ("matched_gev", "photon_gev", "n1gev_gev", "n2gev_gev", "bhabha_gev")
        for name in (*energies, "ecl_radius_cm", "klm_radius_cm", "bhabha_pt_gev"):
            if getattr(self, name) <= 0:
                msg = f"{name} must be positive, not {getattr(self, name)}"
                raise ValueError(msg)
        for name, limit in (("klm_deg", 45), ("hemisphere_deg", 180), ("bhabha_deg", 180)):
            if not 0 < getattr(self, name) <= limit:
                msg = f"{name} must be above 0 and at most {limit}, not {getattr(self, name)}"
                raise ValueError(msg)
        if not 0 <= self.barrel_deg[0] < self.barrel_deg[1] <= 180:
            msg = f"barrel_deg must be within 0..180 and ascending, not {self.barrel_deg}"
            raise ValueError(msg)
        if self.cot_below >= self.cot_above:
            msg = f"cot_below must be below cot_above, not {self.cot_below} and {self.cot_above}"
            raise ValueError(msg)
