"""Everything that a user may choose about the calorimeter response."""

import enum
from dataclasses import dataclass, field
from typing import Any

from sim.detector.background import Background
from sim.detector.ecl.geometry import EclGaps


class DigitiserMode(enum.Enum):
    """How the energies of a cell become hits."""

    FAST = "fast"
    WAVEFORM = "waveform"


@dataclass(frozen=True, kw_only=True)
class EclResponse:
    """Choices of the calorimeter response; ValueError for an impossible one.

    mode: FAST draws the outcome of the 12-sample fit, WAVEFORM samples the shaped pulse with correlated noise and fits it.
    noise: electronics noise of cells with signal. threshold_gev: a hit needs more (SIM default, all cells);
    at least 0.06, since empty cells have no noise here.
    gain: factor on every cell's energy, before the threshold; 1.0 is the bare crystal sum, 1.06 brings a 1 GeV barrel photon's
    half-efficiency point to the threshold (DERIVED here, see `tests/sim/detector`).
    upstream_x0: material before the crystals in radiation lengths at normal incidence, guess within 0.3 to 0.5 (unverified).
    gaps: inactive regions. background: beam background (the presets are guesses).
    """

    mode: DigitiserMode = DigitiserMode.FAST
    noise: bool = True
    threshold_gev: float = 0.100
    gain: float = 1.0
    upstream_x0: float = 0.4
    gaps: EclGaps = field(default_factory=EclGaps)
    background: Background = field(default_factory=Background)

    def __post_init__(self) -> None:
        for name, low, high in (("threshold_gev", 0.06, 20.0), ("gain", 0.5, 1.5), ("upstream_x0", 0.0, 5.0)):
            value = getattr(self, name)
            if not low <= value <= high:
                msg = f"EclResponse.{name} must be within {low}..{high}, not {value}"
                raise ValueError(msg)

    def meta(self) -> dict[str, Any]:
        """The choices in words and numbers, for the head of an event file; guesses are called guesses."""
        return {
            "ecl_mode": self.mode.value,
            "ecl_noise": self.noise,
            "ecl_threshold_gev": self.threshold_gev,
            "ecl_gain": self.gain,
            "ecl_upstream_x0": f"{self.upstream_x0} (guess)",
            "ecl_gap_centre_cm": f"{self.gaps.centre_cm} (unverified)",
            "ecl_gap_forward_extra_cm": self.gaps.forward_extra_cm,
            "ecl_gap_backward_extra_cm": self.gaps.backward_extra_cm,
            "ecl_hadrons": "guess: response of hadrons is good to 5-10 % at best",
            **self.background.meta(),
        }
