"""Declared fields of an event file: name, type, range and meaning of every array that the hardware or a study sees."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

OFFSETS = "_offsets"
FREE_PREFIXES = ("true_", "off_")
"""Fields that travel beside the primitives and are checked for shape and finiteness alone."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One declared array of an event file.

    group: jagged group ("" = one row per event). shape: of one row (() = a number). minimum, maximum: inclusive bounds
    of integers (None = those of the dtype). maximum_by_section: KLM limits that depend on the section.
    """

    name: str
    dtype: str
    meaning: str
    group: str = ""
    shape: tuple[int, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    maximum_by_section: tuple[int, ...] = ()
    unit: str = ""

    @property
    def bounds(self) -> tuple[int | None, int | None]:
        """Smallest and largest allowed integer; (None, None) where the dtype is not an integer."""
        if np.dtype(self.dtype).kind not in "iu":
            return None, None
        limits = np.iinfo(self.dtype)
        lowest = int(limits.min) if self.minimum is None else self.minimum
        return lowest, int(limits.max) if self.maximum is None else self.maximum


EVENT_FIELDS = (
    Field(name="experiment", dtype="int32", meaning="experiment number"),
    Field(name="run", dtype="int32", meaning="run number"),
    Field(name="event", dtype="int64", meaning="event number in the run"),
    Field(name="weight", dtype="float64", meaning="weight of the event in a sum"),
    Field(name="ext_veto", dtype="bool", meaning="injection veto is on"),
    Field(
        name="ecl_phase",
        dtype="int16",
        minimum=-127,
        maximum=0,
        unit="1/128 of the 7.95 MHz clock",
        meaning="last tick of the ECL clock before the nominal event time; absent means 0",
    ),
)

ECL_FIELDS = (
    Field(name="ecl_tc_id", dtype="int16", group="ecl", minimum=1, maximum=576, meaning="trigger cell"),
    Field(
        name="ecl_adc",
        dtype="int16",
        group="ecl",
        minimum=1,
        maximum=4095,
        unit="5.25 MeV",
        meaning="energy of the cell",
    ),
    Field(
        name="ecl_time",
        dtype="int16",
        group="ecl",
        unit="1/128 of the 7.95 MHz clock",
        meaning="time of the hit relative to the nominal event time; absent means that the window is already chosen",
    ),
)

CDC_FIELDS = (
    Field(
        name="cdc_ts_id",
        dtype="int16",
        group="cdc",
        minimum=0,
        maximum=2335,
        meaning="track segment, superlayer by superlayer",
    ),
    Field(name="cdc_priority", dtype="int8", group="cdc", minimum=1, maximum=3, meaning="priority position"),
    Field(name="cdc_lr", dtype="int8", group="cdc", minimum=0, maximum=3, meaning="left/right decision"),
    Field(name="cdc_time", dtype="int16", group="cdc", unit="1.965 ns", meaning="priority time"),
    Field(name="wire_id", dtype="int16", group="wire", minimum=0, maximum=14335, meaning="sense wire, layer by layer"),
    Field(name="wire_time", dtype="int16", group="wire", unit="1.965 ns", meaning="drift time of the wire"),
)

# Sections: BKLM backward, BKLM forward, EKLM backward, EKLM forward.
KLM_FIELDS = (
    Field(name="klm_section", dtype="int8", group="klm", minimum=0, maximum=3, meaning="KLM section"),
    Field(
        name="klm_sector",
        dtype="int8",
        group="klm",
        minimum=0,
        maximum=7,
        maximum_by_section=(7, 7, 3, 3),
        meaning="sector of the section",
    ),
    Field(
        name="klm_layer",
        dtype="int8",
        group="klm",
        minimum=0,
        maximum=14,
        maximum_by_section=(14, 14, 11, 13),
        meaning="layer of the sector",
    ),
)

PRIMITIVE_FIELDS = ECL_FIELDS + CDC_FIELDS + KLM_FIELDS
GROUPS = tuple(dict.fromkeys(spec.group for spec in PRIMITIVE_FIELDS))


@cache
def declared() -> dict[str, Field]:
    """Every declared field by name."""
    return {spec.name: spec for spec in EVENT_FIELDS + PRIMITIVE_FIELDS}
