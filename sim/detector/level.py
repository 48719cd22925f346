"""What the background levels of all subdetectors share: a preset, which is a guess, and a factor."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

PresetT = TypeVar("PresetT", bound=enum.Enum)


@dataclass(frozen=True, kw_only=True)
class BackgroundLevel(Generic[PresetT]):
    """Preset times `scale`; quote every rate for scale 0.3, 1 and 3. ValueError for an impossible scale."""

    preset: PresetT
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.scale <= 100.0:
            msg = f"{type(self).__name__}.scale must be within 0..100, not {self.scale}"
            raise ValueError(msg)

    @property
    def level(self) -> float:
        """Value of the preset times the scale, in the unit of the presets."""
        return float(self.preset.value * self.scale)

    def described(self, name: str, source: str, quantity: str) -> dict[str, Any]:
        """Level in words, as `name`, and in numbers, as `quantity`; a preset is called a guess."""
        if self.level == 0.0:
            return {name: "none"}
        return {name: f"GUESS: preset {self.preset.name.lower()} x {self.scale}, {source}", quantity: self.level}
