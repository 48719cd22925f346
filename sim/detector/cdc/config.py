"""Everything that a user may choose about the drift-chamber response."""

from dataclasses import dataclass, field
from typing import Any

from sim.detector.cdc.background import WireBackground
from trigger.cdc.mask import CdcMask

_RANGES = (
    ("efficiency", 0.0, 1.0),
    ("resolution_cm", 0.0, 0.5),
    ("drift_cm_per_ns", 1e-4, 0.1),
    ("linear_fraction", 0.1, 2.0),
    ("tail", 0.0, 20.0),
    ("propagation_cm_per_ns", 1.0, 30.0),
    ("material_x0", 0.0, 1.0),
    ("energy_loss_gev", 0.0, 0.1),
    ("event_time_sigma_ns", 0.0, 100.0),
)


@dataclass(frozen=True, kw_only=True)
class CdcResponse:
    """Choices of the drift-chamber response; ValueError for an impossible one.

    efficiency: of a cell that is crossed over the full thickness of its layer, shorter paths less (SIM threshold of 25 eV; the
    number is recalled, unverified).
    resolution_cm, drift_cm_per_ns: Gaussian resolution of the drift distance, velocity near the wire (basf2 CDCDigitizer [SIM]).
    linear_fraction, tail: the drift is linear up to this fraction of half a cell; beyond x1 the distance grows to
    x + tail (x - x1)^2 / half cell. Our choice: with 0.7 and 1.4 the corner of a 1.8 cm cell is 480 ns away, within the
    experiment's time window (see `tests/sim/detector/cdc`).
    propagation_cm_per_ns: speed of the signal along the wire, to the backward end (default of CDCDigitizer [SIM]).
    material_x0, energy_loss_gev: beam pipe, vertex detectors and inner wall in radiation lengths and energy loss of a minimum
    ionising particle at normal incidence, all at one radius (recalled, unverified).
    event_time_sigma_ns: spread of the event time about the nominal one, common to all hits of an event; 0 by default.
    shorten_wires: take the feed-throughs off the sensitive length of the wires. Its sign is unverified: off by default.
    background: uncorrelated hits (the presets are guesses). mask: dead wires give no hits.
    """

    efficiency: float = 0.985
    resolution_cm: float = 0.0130
    drift_cm_per_ns: float = 4.0e-3
    linear_fraction: float = 0.7
    tail: float = 1.4
    propagation_cm_per_ns: float = 27.25
    material_x0: float = 0.04
    energy_loss_gev: float = 0.002
    event_time_sigma_ns: float = 0.0
    shorten_wires: bool = False
    background: WireBackground = field(default_factory=WireBackground)
    mask: CdcMask = field(default_factory=CdcMask)

    def __post_init__(self) -> None:
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if not low <= value <= high:
                msg = f"CdcResponse.{name} must be within {low}..{high}, not {value}"
                raise ValueError(msg)

    def meta(self) -> dict[str, Any]:
        """The choices in words and numbers, for the head of an event file; guesses are called guesses."""
        numbers = {f"cdc_{name}": getattr(self, name) for name, _, _ in _RANGES}
        return numbers | {
            "cdc_drift": "our choice of the non-linear part (linear_fraction, tail)",
            "cdc_shorten_wires": f"{self.shorten_wires} (unverified)",
            "cdc_dead_wires": int(self.mask.dead_wires.sum()),
            **self.background.meta(),
        }
