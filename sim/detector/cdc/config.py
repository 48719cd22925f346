"""Everything that a user may choose about the drift-chamber response."""

from dataclasses import dataclass, field
from typing import Any

from sim.detector.cdc.background import WireBackground
from trigger.cdc.mask import CdcMask
from trigger.geometry.cdc import DRIFT_CM_PER_NS, DRIFT_NS_PER_CM3

_RANGES = (
    ("efficiency", 0.0, 1.0),
    ("resolution_cm", 0.0, 0.5),
    ("drift_cm_per_ns", 1e-4, 0.1),
    ("drift_ns_per_cm3", 0.0, 2000.0),
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
    resolution_cm: Gaussian resolution of the drift distance (basf2 CDCDigitizer [SIM]).
    drift_cm_per_ns, drift_ns_per_cm3: drift time x / drift_cm_per_ns + drift_ns_per_cm3 x^3 (see `trigger.geometry.cdc`).
    propagation_cm_per_ns: speed of the signal along the wire, to the backward end (default of CDCDigitizer [SIM]).
    material_x0, energy_loss_gev: beam pipe, vertex detectors and inner wall in radiation lengths and energy loss of a minimum
    ionising particle at normal incidence, all at one radius (recalled, unverified).
    event_time_sigma_ns: spread of the event time about the nominal one, common to all hits of an event; 0 by default.
    shorten_wires: take the feed-throughs off the sensitive length of the wires. Its sign is unverified: off by default.
    background: uncorrelated hits (the presets are guesses). mask: dead wires give no hits.
    """

    efficiency: float = 0.985
    resolution_cm: float = 0.0130
    drift_cm_per_ns: float = DRIFT_CM_PER_NS
    drift_ns_per_cm3: float = DRIFT_NS_PER_CM3
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
            "cdc_drift": "x / drift_cm_per_ns + drift_ns_per_cm3 x^3, by default fitted to basf2 cdc/data/xt_v2.dat",
            "cdc_shorten_wires": f"{self.shorten_wires} (unverified)",
            "cdc_dead_wires": int(self.mask.dead_wires.sum()),
            **self.background.meta(),
        }
