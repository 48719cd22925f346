"""KLM strips: how many each plane has, and where they lie in the coordinates of the straight-line trigger.

Ref: basf2 bklm/data/BKLM.xml, eklm/data/EKLM.xml, and trg/klm KLMTriggerModule.cc of 2018, with the numbers of the barrel in 1/8
and 1/32 cm (read in public source) [SIM]. A plane is read by strips of equal pitch. The trigger of the experiment reads slope and
offset per plane from a payload that is not public: these here are derived from the published geometry.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

N_LAYERS = 15
"""Layers of a barrel sector; the endcaps have 14 (forward) and 12 (backward). Source: Belle II detector description [PAPER]."""
SECTORS = (8, 8, 4, 4)
"""Sectors of the sections BKLM backward, BKLM forward, EKLM backward, EKLM forward. Source: basf2 trg/klm [SIM]."""
LAYERS = (N_LAYERS, N_LAYERS, 12, 14)
"""Layers of each section."""
N_PLANES = 2
"""Planes of a layer. Barrel: 0 measures z, 1 the position across the sector. Endcaps: 0 measures the distance from the x axis, 1
that from the y axis (`unverified`: it may be the other way round, which changes nothing in the trigger)."""
N_SECTORS = sum(SECTORS)
FIRST_SECTOR = tuple(sum(SECTORS[:section]) for section in range(len(SECTORS)))
N_BARREL_SECTIONS = 2
BACKWARD, FORWARD = 0, 1

LSB_CM = Fraction(1, 8)
"""Unit of the trigger's coordinates. Source: KLMTriggerModule.cc of 2018 [SIM]; for later versions `unverified`."""
STRIP_FRACTION = 8
"""Fraction bits of pitch and offset in that unit. Our choice: no strip of 75 is off by more than half a unit."""

SCINTILLATOR_LAYERS = 2
"""Inner barrel layers with scintillators; the other ones of the barrel have RPCs, the endcaps scintillators."""
BARREL_X_RAW = (1628, 1700, 1773, 1846, 1919, 1992, 2064, 2137, 2210, 2283, 2356, 2428, 2501, 2574, 2647)
"""Distance of each barrel layer from the beam axis, 1/8 cm. Source: KLMTriggerModule.cc of 2018 [SIM]."""
PHI_STRIPS = (37, 42, 36, 36, 36, 36, 48, 48, 48, 48, 48, 48, 48, 48, 48)
PHI_PITCH_CM = tuple(Fraction(pitch, 100) for pitch in (400, 400, 490, 511, 532, 553, 430, 446, 462, 477, 493, 509, 525, 540, 556))
"""Strips across the sector. Source: BKLM.xml [SIM]."""
PHI_FIRST_CM = tuple(
    Fraction(first, 32)
    for first in (-2403, -2566, -2744, -2862, -2979, -3097, -3234, -3354, -3474, -3587, -3708, -3828, -3948, -4061, -4181)
)
"""Middle of the first of them. Source: KLMTriggerModule.cc of 2018 [SIM]."""
Z_STRIPS, Z_STRIPS_CHIMNEY = (54, 48), (38, 34)
Z_PITCH_CM = (Fraction("4.0"), Fraction("4.52"))
Z_FIRST_CM = (Fraction("2.3"), Fraction("3.16"))
"""Strips along z, of scintillators and of RPCs: number, pitch, middle of the first one from the middle of the barrel: half a pitch
behind a frame of 0.3 cm, for RPCs and a spacer of 0.6 cm. Source: BKLM.xml, KLMTriggerModule.cc of 2018 [SIM]."""
CHIMNEY_SECTION, CHIMNEY_SECTOR = BACKWARD, 2
"""Backward half, octant at the top: its z strips are fewer. Source: BKLMElementNumbers (recalled)."""
CENTRE_Z_CM = Fraction(47)
"""Middle of the solenoid, about which barrel and endcaps are placed. Source: BKLM.xml, EKLM.xml [SIM]."""
FLIPPED_SCINTILLATORS = {
    (BACKWARD, 0): (0, 1, 6, 7),
    (FORWARD, 0): (0, 1, 2, 7),
    (BACKWARD, 1): (3, 4, 5, 6),
    (FORWARD, 1): (2, 3, 4, 5),
}
"""Sectors, by section and layer, whose phi strips count against the azimuth. So do all RPCs of the backward half; the source leaves
out the third layer, against its own comment (`unverified`). Source: KLMTriggerModule.cc of 2018 [SIM]."""
ENDCAP_FIRST_Z_CM, ENDCAP_PITCH_Z_CM = Fraction("217.85"), Fraction("9.1")
"""First layer's middle from the middle of the solenoid, 277 - 132.1 / 2 + 9.1 - 4.4 / 2; step to the next. Source: EKLM.xml
[SIM]."""
ENDCAP_STRIPS = 75
ENDCAP_EDGE_CM, ENDCAP_WIDTH_CM, ENDCAP_GAP_CM, ENDCAP_GROUP = Fraction("10.3"), Fraction("4.0"), Fraction("0.6"), 15
"""Edge of the first strip, width of a strip, gap after each group of 15. Source: EKLM.xml [SIM]."""
ENDCAP_FIT_PITCH_CM, ENDCAP_FIT_FIRST_CM = Fraction("4.04"), Fraction("12.02")
"""The straight line through the middles of these strips, never off by more than 0.28 cm [DERIVED]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StripTable:
    """Strips of every plane; arrays (24, 15, 2) over sector, section by section, layer and plane, 0 where there is no layer.

    n_strips: int16. x_raw: int16, distance of the layer from the beam axis (barrel) or of its z from the interaction point
    (endcaps), LSB 1/8 cm. pitch_raw, offset_raw: int32, STRIP_FRACTION more bits; strip s lies at y = (offset_raw + s pitch_raw) >>
    STRIP_FRACTION, LSB 1/8 cm, rounded down.
    """

    n_strips: NDArray[np.int16]
    x_raw: NDArray[np.int16]
    pitch_raw: NDArray[np.int32]
    offset_raw: NDArray[np.int32]

    def y_raw(self, sector: NDArray | int, layer: NDArray | int, plane: NDArray | int, strip: NDArray) -> NDArray[np.int64]:
        """Coordinate of strips; sector: of all 24."""
        where = (sector, layer, plane)
        return (self.offset_raw[where].astype(np.int64) + strip * self.pitch_raw[where].astype(np.int64)) >> STRIP_FRACTION


@lru_cache(maxsize=1)
def strip_table() -> StripTable:
    """Return the strips of all planes; numbers are rounded to the nearest, halves to even."""
    shape = (N_SECTORS, N_LAYERS, N_PLANES)
    table = StripTable(
        n_strips=np.zeros(shape, np.int16),
        x_raw=np.zeros(shape, np.int16),
        pitch_raw=np.zeros(shape, np.int32),
        offset_raw=np.zeros(shape, np.int32),
    )
    for section, (n_sectors, n_layers) in enumerate(zip(SECTORS, LAYERS, strict=True)):
        for sector in range(n_sectors):
            for layer in range(n_layers):
                for plane in range(N_PLANES):
                    n_strips, x_raw, first_cm, pitch_cm = _plane(section, sector, layer, plane)
                    where = (FIRST_SECTOR[section] + sector, layer, plane)
                    table.n_strips[where], table.x_raw[where] = n_strips, x_raw
                    table.pitch_raw[where] = round(pitch_cm / LSB_CM * (1 << STRIP_FRACTION))
                    table.offset_raw[where] = round(first_cm / LSB_CM * (1 << STRIP_FRACTION))
    for array in vars(table).values():
        array.flags.writeable = False
    return table


def strip_line(section: int, sector: int, layer: int, plane: int) -> tuple[int, Fraction, Fraction]:
    """(number of strips, middle of the first one in cm, signed step to the next) in the frame of the sector."""
    n_strips, _, first_cm, pitch_cm = _plane(section, sector, layer, plane)
    return n_strips, first_cm, pitch_cm


def _plane(section: int, sector: int, layer: int, plane: int) -> tuple[int, int, Fraction, Fraction]:
    """(number of strips, x in units, middle of the first strip in cm, signed pitch in cm)."""
    side = 1 if section % 2 == FORWARD else -1
    if section >= N_BARREL_SECTIONS:
        z_cm = ENDCAP_FIRST_Z_CM + ENDCAP_PITCH_Z_CM * layer + side * CENTRE_Z_CM
        return ENDCAP_STRIPS, round(z_cm / LSB_CM), ENDCAP_FIT_FIRST_CM, ENDCAP_FIT_PITCH_CM
    is_rpc = int(layer >= SCINTILLATOR_LAYERS)
    if plane == 0:
        n_strips = (Z_STRIPS_CHIMNEY if (section, sector) == (CHIMNEY_SECTION, CHIMNEY_SECTOR) else Z_STRIPS)[is_rpc]
        return n_strips, BARREL_X_RAW[layer], CENTRE_Z_CM + side * Z_FIRST_CM[is_rpc], side * Z_PITCH_CM[is_rpc]
    flipped = section == BACKWARD if is_rpc else sector in FLIPPED_SCINTILLATORS[section, layer]
    sign = -1 if flipped else 1
    return PHI_STRIPS[layer], BARREL_X_RAW[layer], sign * PHI_FIRST_CM[layer], sign * PHI_PITCH_CM[layer]
