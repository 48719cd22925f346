"""Everything that a user may choose about the response of the KLM."""

import enum
from dataclasses import dataclass, field
from typing import Any

from sim.detector.level import BackgroundLevel

_RANGES = (
    ("rpc_efficiency", 0.0, 1.0),
    ("scintillator_efficiency", 0.0, 1.0),
    ("csi_cm", 0.0, 100.0),
    ("quartz_cm", 0.0, 20.0),
    ("coil_aluminium_cm", 0.0, 100.0),
    ("ecl_lambda", 0.0, 5.0),
    ("coil_lambda", 0.0, 5.0),
    ("iron_lambda_cm", 1.0, 100.0),
    ("pion_free_path", 0.1, 10.0),
    ("shower_lambda", 0.0, 5.0),
    ("neutral_shower_lambda", 0.0, 5.0),
    ("decay_path_cm", 0.0, 400.0),
    ("neighbour_strip", 0.0, 1.0),
)


class KlmPreset(enum.Enum):
    """Background hits per sector, layer and event in the trigger's time window. Guesses."""

    NONE = 0.0
    LOW = 0.005
    NOMINAL = 0.02
    HIGH = 0.06


@dataclass(frozen=True, kw_only=True)
class KlmBackground(BackgroundLevel[KlmPreset]):
    """Level of the mean number of hits per sector, layer and event, the same in all."""

    preset: KlmPreset = KlmPreset.NONE

    def meta(self) -> dict[str, Any]:
        """Level in words and numbers; a preset is called a guess."""
        return self.described("klm_background", "no public source of layer rates", "klm_background_hits_per_layer")


@dataclass(frozen=True, kw_only=True)
class KlmResponse:
    """Choices of the KLM response; ValueError for an impossible one.

    rpc_efficiency, scintillator_efficiency: of a crossed layer (recalled: 0.85-0.95 and 0.97).
    csi_cm, quartz_cm, coil_aluminium_cm: ionising material between origin and barrel: crystals, which point to the origin, and at
    normal incidence TOP bars, and coil and cryostat as aluminium (recalled). Before the endcaps stand the crystals alone.
    ecl_lambda, coil_lambda, iron_lambda_cm: the same in interaction lengths, and that of iron (Particle Data Group).
    GUESS, hadrons: pion_free_path: mean path of pions and kaons until they interact, in interaction lengths; 1 for baryons.
    shower_lambda: mean length behind the interaction in which layers are still hit. neutral_shower_lambda: the same for K_L and
    neutrons, which hit nothing before. decay_path_cm: length in which pions and kaons decay to muons of the same momentum.
    strips: hits are strips, one to a few per layer and plane, for the straight-line mode of the trigger; otherwise layers.
    neighbour_strip: GUESS: chance per plane that a crossing also fires the strip half a pitch to one side, often the same one.
    background: uncorrelated hits (the presets are guesses).
    """

    rpc_efficiency: float = 0.92
    scintillator_efficiency: float = 0.97
    csi_cm: float = 30.0
    quartz_cm: float = 2.0
    coil_aluminium_cm: float = 10.0
    ecl_lambda: float = 0.8
    coil_lambda: float = 0.25
    iron_lambda_cm: float = 16.8
    pion_free_path: float = 1.2
    shower_lambda: float = 0.3
    neutral_shower_lambda: float = 0.85
    decay_path_cm: float = 130.0
    strips: bool = False
    neighbour_strip: float = 0.5
    background: KlmBackground = field(default_factory=KlmBackground)

    def __post_init__(self) -> None:
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if not low <= value <= high:
                msg = f"KlmResponse.{name} must be within {low}..{high}, not {value}"
                raise ValueError(msg)

    def meta(self) -> dict[str, Any]:
        """The choices in words and numbers, for the head of an event file; guesses are called guesses."""
        numbers = {f"klm_{name}": getattr(self, name) for name, _, _ in _RANGES}
        return numbers | {
            "klm_hadrons": "GUESS: punch-through, decays in flight and neutral hadrons",
            "klm_strips": self.strips,
            **self.background.meta(),
        }
