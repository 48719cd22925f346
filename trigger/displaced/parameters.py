"""Cuts and sizes of the displaced-vertex trigger."""

from dataclasses import dataclass, field

from trigger.cdc.neuro.codesign import ANSWER
from trigger.displaced.formats import CHI2, DEPTH, IMPACT, MISS
from trigger.displaced.grid import SeedGrid
from trigger.displaced.pairs import PAIR_STEPS
from trigger.displaced.seeds import N_STEPS
from trigger.geometry.cdc import N_SECTORS

WINDOW_CLOCKS, STEP_CLOCKS = 16, 8
"""Data clocks whose segments are looked at together, and from one such window to the next: each segment is in two. Our choice:
drift times spread over about 500 ns, and with half overlap no event is cut by the edge of a window."""


@dataclass(frozen=True, kw_only=True)
class DisplacedParameters:
    """Sizes and cuts. All are our choice, from efficiencies measured on the simulation; ValueError for impossible ones.

    max_segments (per superlayer), max_tracks: what a window may have; more sets the overflow bit and is lost, the last first.
    seed_slots: cycles in which seeds leave, one per lane; the others are lost and set the overflow bit.
    late_slots: cycles after the last pairs in which their crossings still go on to the vertex, one per cycle.
    fastest_ahead: time units by which the earliest priority time of a track's own segments is taken to be late, where no event time
    is given. chi2_max_cm2: square of the residual of the fit. stereo_three_cm, stereo_four_cm: what the middle point of three may
    miss a line in z by, and both middle ones of four together. depth_cm: largest difference of z of two tracks at their vertex.
    impact_high_cm, impact_low_cm: the larger and the smaller impact of a pair must be above. radius_cm: range of the vertex.
    behind_cm: no axial wire of a track lies farther inside the vertex. pointing: least cosine between vertex and momentum of the
    pair in the transverse plane. shared_max: axial segments that two tracks may have in common. score_tight_raw, score_loose_raw:
    least answers of the network, ANSWER raw, for a vertex alone and for one with a cluster.
    """

    grid: SeedGrid = field(default_factory=SeedGrid)
    max_segments: int = 32
    seed_slots: int = 20
    max_tracks: int = 16
    late_slots: int = 4
    fastest_ahead: int = 6
    chi2_max_cm2: float = 1.0
    stereo_three_cm: float = 8.0
    stereo_four_cm: float = 8.0
    depth_cm: float = 30.0
    impact_high_cm: float = 0.3
    impact_low_cm: float = 0.05
    radius_cm: tuple[float, float] = (1.0, 50.0)
    behind_cm: float = 4.0
    pointing: float = 0.5
    shared_max: int = 1
    score_tight_raw: int = -27
    score_loose_raw: int = -1351

    def __post_init__(self) -> None:
        for name, low, high in (
            ("seed_slots", N_STEPS, N_SECTORS),
            ("max_tracks", 2, 1 << 8),
            ("max_segments", 1, 1 << 8),
            ("late_slots", 0, 1 << 4),
            ("fastest_ahead", 0, 1 << 8),
            ("chi2_max_cm2", 0.0, CHI2.maximum),
            ("stereo_three_cm", 0.0, MISS.maximum - MISS.resolution),
            ("stereo_four_cm", 0.0, MISS.maximum - MISS.resolution),
            ("depth_cm", 0.0, DEPTH.maximum),
            ("impact_high_cm", 0.0, IMPACT.maximum),
            ("impact_low_cm", 0.0, IMPACT.maximum),
            ("behind_cm", 0.0, DEPTH.maximum),
            ("pointing", 0.1, 1.0),
            ("shared_max", 0, 4),
            ("score_tight_raw", ANSWER.raw_min, ANSWER.raw_max),
            ("score_loose_raw", ANSWER.raw_min, ANSWER.raw_max),
        ):
            _check(name, getattr(self, name), low, high)
        _check("radius_cm", self.radius_cm[0], 0.0, self.radius_cm[1])
        _check("radius_cm", self.radius_cm[1], self.radius_cm[0], 50.0)

    @property
    def max_vertices(self) -> int:
        """Cycles in which crossings go on to the vertex: those of the ring of pairs, and the late ones."""
        return -(-(self.max_tracks // 2) // PAIR_STEPS) + self.late_slots


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        msg = f"{name} must be {low} to {high}, not {value}"
        raise ValueError(msg)
