"""The responses of all subdetectors at one level of beam background."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from sim.detector.background import Background, BackgroundPreset
from sim.detector.cdc import CdcResponse, WireBackground, WirePreset
from sim.detector.ecl.config import EclResponse
from sim.detector.klm.config import KlmBackground, KlmPreset, KlmResponse

PRESETS = tuple(BackgroundPreset.__members__)
"""Names of the background levels that every subdetector has; all but NONE are guesses."""


@dataclass(frozen=True, kw_only=True)
class Detector:
    """Response of calorimeter, drift chamber and KLM; without background by default."""

    ecl: EclResponse = field(default_factory=EclResponse)
    cdc: CdcResponse = field(default_factory=CdcResponse)
    klm: KlmResponse = field(default_factory=KlmResponse)

    @classmethod
    def at(cls, preset: str, scale: float = 1.0, *, klm_strips: bool = False) -> Self:
        """The default responses with the preset background of this name, times `scale`, everywhere; KeyError for an unknown one.

        klm_strips: hits of the KLM are strips, which its straight-line mode reads.
        """
        return cls(
            ecl=EclResponse(background=Background(preset=BackgroundPreset[preset], scale=scale)),
            cdc=CdcResponse(background=WireBackground(preset=WirePreset[preset], scale=scale)),
            klm=KlmResponse(background=KlmBackground(preset=KlmPreset[preset], scale=scale), strips=klm_strips),
        )

    def meta(self) -> dict[str, Any]:
        """The choices in words and numbers; guesses are called guesses."""
        return {**self.ecl.meta(), **self.cdc.meta(), **self.klm.meta()}
