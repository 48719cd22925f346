"""Declared fields of an event file: name, type, range and meaning of each array that the hardware or a study sees."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from trigger.geometry.ecl import N_CELLS
from trigger.geometry.klm import LAYERS, N_PLANES, SECTORS, strip_table

OFFSETS = "_offsets"
FREE_PREFIXES = ("true_", "off_", "ext_")
"""Fields that travel beside the primitives; they are checked for shape and finiteness alone.

`ext_<bit>` fills an input bit of a menu that no block models.
"""
ANY_LENGTH = 0
"""Length of a row that is not declared: the menu says it."""

ECL_TIME_UNIT = "1/128 of the 7.95 MHz ECL clock"
CDC_TIME_UNIT = "1.965 ns"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One declared array of an event file.

    group: jagged group ("" = one row per event). shape: of one row (() = a number, ANY_LENGTH = any number of them). minimum,
    maximum: inclusive bounds of an integer (None = those of the dtype). source: where range and unit come from.
    """

    name: str
    dtype: str
    meaning: str
    source: str
    group: str = ""
    shape: tuple[int, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    unit: str = ""

    @property
    def bounds(self) -> tuple[int, int] | None:
        """Smallest and largest allowed integer; None where the dtype is not an integer."""
        if np.dtype(self.dtype).kind not in "iu":
            return None
        limits = np.iinfo(self.dtype)
        lowest = int(limits.min) if self.minimum is None else self.minimum
        return lowest, int(limits.max) if self.maximum is None else self.maximum


_NUMBERING = "our choice: the experiment's numbers, so that decisions join a user's ntuples"
_ECL = "basf2 trg/ecl TrgEclMapping, trgeclUnpackerModule (read in public source) [SIM, DATA]"
_CDC = "basf2 trg/cdc, cdc/data/CDC.xml (read in public source) [SIM]"
_KLM = "basf2 klm geometry (read in public source) [SIM]; ids from 0: our choice"

EVENT_FIELDS = (
    Field(name="experiment", dtype="int32", meaning="experiment number", source=_NUMBERING),
    Field(name="run", dtype="int32", meaning="run number", source=_NUMBERING),
    Field(name="event", dtype="int64", meaning="event number in the run", source=_NUMBERING),
    Field(name="weight", dtype="float64", meaning="weight of the event in a sum", source=_NUMBERING),
    Field(name="ext_veto", dtype="bool", meaning="injection veto is on", source="basf2 trg/gdl, input bits [SIM]"),
    Field(
        name="injection_us",
        dtype="float64",
        unit="us",
        meaning="time since the last injection into either ring; negative if there was none",
        source="our choice: what the veto's windows are counted from",
    ),
    Field(
        name="ecl_phase",
        dtype="int16",
        minimum=-127,
        maximum=0,
        unit=ECL_TIME_UNIT,
        meaning="last tick of the ECL clock before the nominal event time; absent means 0",
        source="our choice: the random phase of simulated and real events as a field of its own",
    ),
)

ECL_FIELDS = (
    Field(name="ecl_tc_id", dtype="int16", group="ecl", minimum=1, maximum=N_CELLS, meaning="trigger cell", source=_ECL),
    Field(
        name="ecl_adc",
        dtype="int16",
        group="ecl",
        minimum=1,
        maximum=(1 << 12) - 1,
        unit="5.25 MeV",
        meaning="energy of the cell, 12 bits",
        source=_ECL,
    ),
    Field(
        name="ecl_time",
        dtype="int16",
        group="ecl",
        unit=ECL_TIME_UNIT,
        meaning="time of the hit relative to the nominal event time; absent means that the window is chosen already",
        source=_ECL,
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
        source=_CDC,
    ),
    Field(
        name="cdc_priority",
        dtype="int8",
        group="cdc",
        minimum=1,
        maximum=3,
        meaning="priority position of the segment",
        source=_CDC,
    ),
    Field(name="cdc_lr", dtype="int8", group="cdc", minimum=0, maximum=3, meaning="left/right decision", source=_CDC),
    Field(name="cdc_time", dtype="int16", group="cdc", unit=CDC_TIME_UNIT, meaning="priority time", source=_CDC),
    Field(
        name="wire_id",
        dtype="int16",
        group="wire",
        minimum=0,
        maximum=14335,
        meaning="sense wire, layer by layer",
        source=_CDC,
    ),
    Field(name="wire_time", dtype="int16", group="wire", unit=CDC_TIME_UNIT, meaning="time of the wire", source=_CDC),
)

KLM_FIELDS = (
    Field(
        name="klm_section",
        dtype="int8",
        group="klm",
        minimum=0,
        maximum=3,
        meaning="BKLM backward, BKLM forward, EKLM backward, EKLM forward",
        source=_KLM,
    ),
    Field(name="klm_sector", dtype="int8", group="klm", minimum=0, maximum=7, meaning="sector of the section", source=_KLM),
    Field(name="klm_layer", dtype="int8", group="klm", minimum=0, maximum=14, meaning="layer of the sector", source=_KLM),
    Field(
        name="klm_plane",
        dtype="int8",
        group="klm",
        minimum=0,
        maximum=N_PLANES - 1,
        meaning="plane of the layer; barrel: 0 measures z, 1 across the sector; absent where strips are not known",
        source=_KLM,
    ),
    Field(
        name="klm_strip",
        dtype="int8",
        group="klm",
        minimum=0,
        maximum=int(strip_table().n_strips.max()) - 1,
        meaning="strip of the plane, in the experiment's order",
        source=_KLM,
    ),
)
_TRACK = "basf2 trg/cdc, trg/grl (read in public source) [SIM]"
TRACK_FIELDS = (
    Field(
        name="track_phi_raw",
        dtype="int16",
        group="track",
        minimum=0,
        maximum=319,
        unit="1.125 degree",
        meaning="azimuth at the origin, in half cells of the Hough plane from the first one",
        source=_TRACK,
    ),
    Field(
        name="track_omega_raw",
        dtype="int8",
        group="track",
        minimum=-33,
        maximum=33,
        unit="4.4087e-4 per cm",
        meaning="signed curvature in half cells of the Hough plane",
        source=_TRACK,
    ),
    Field(
        name="track_ts",
        dtype="int16",
        group="track",
        shape=(9,),
        minimum=-1,
        maximum=2335,
        meaning="segment of each superlayer, -1 none",
        source=_TRACK,
    ),
    Field(
        name="track_clock",
        dtype="uint8",
        group="track",
        meaning="data clock, from the first, in which the quadrant sends the track",
        source=_TRACK,
    ),
    Field(
        name="track_expert",
        dtype="int8",
        group="track",
        minimum=-1,
        maximum=4,
        meaning="network that answered, -1 none",
        source=_TRACK,
    ),
    Field(
        name="track_z_raw",
        dtype="int16",
        group="track",
        minimum=-4096,
        maximum=4096,
        unit="100/4096 cm",
        meaning="z of the neuro trigger, 12 fraction bits",
        source=_TRACK,
    ),
    Field(
        name="track_theta_raw",
        dtype="int16",
        group="track",
        minimum=-4096,
        maximum=4096,
        unit="80/4096 degree from 90 degree",
        meaning="polar angle of the neuro trigger, 12 fraction bits",
        source=_TRACK,
    ),
    Field(
        name="track_class_raw",
        dtype="int16",
        group="track",
        minimum=-4096,
        maximum=4095,
        unit="8/4096",
        meaning="log odds that the track is from the interaction point, of networks that give them, 12 fraction bits",
        source="our choice: output of the codesign network",
    ),
    Field(
        name="track_p_raw",
        dtype="uint16",
        group="track",
        unit="0.1 GeV",
        meaning="momentum, cut off; 0 where there is none",
        source=_TRACK,
    ),
    Field(name="track_stt", dtype="uint8", group="track", maximum=1, meaning="single-track decision", source=_TRACK),
    Field(name="track_y", dtype="uint8", group="track", maximum=1, meaning="the track counts as y track", source=_TRACK),
)
_DISPLACED = "our choice: trigger.displaced.formats"
VERTEX_FIELDS = tuple(
    Field(name=f"displaced_{name}", dtype="int16", group="displaced", shape=shape, unit=unit, meaning=meaning, source=_DISPLACED)
    for name, shape, unit, meaning in (
        ("radius_raw", (), "1/8 cm", "transverse radius of a displaced vertex"),
        ("phi_raw", (), "1/16384 turn", "azimuth of the vertex"),
        ("z_raw", (), "1/8 cm", "z of the vertex"),
        ("score_raw", (), "8/4096", "log odds that two tracks come from the vertex, 12 fraction bits"),
        ("bend_raw", (2,), "2^-18 per cm", "bend of its two tracks"),
        ("impact_raw", (2,), "1/128 cm", "impact of its two tracks"),
        ("phi0_raw", (2,), "1/16384 turn", "azimuth of its two tracks at the perigee"),
        ("z0_raw", (2,), "1/8 cm", "z of its two tracks at the perigee"),
        ("slope_raw", (2,), "1/64", "dz per transverse path length of its two tracks"),
    )
)
_MENU = "our choice: the answer of the loaded menu; names of the columns in the metadata"
MENU_FIELDS = (
    Field(name="input_bits", dtype="bool", shape=(ANY_LENGTH,), meaning="inputs of the menu", source=_MENU),
    Field(name="ftdl", dtype="bool", shape=(ANY_LENGTH,), meaning="lines before prescale", source=_MENU),
    Field(name="psnm", dtype="bool", shape=(ANY_LENGTH,), meaning="lines after prescale", source=_MENU),
    Field(name="l1", dtype="bool", meaning="L1 accept", source=_MENU),
    Field(name="l1_probability", dtype="float64", meaning="expected L1 accept when prescales act independently", source=_MENU),
)
_SUMMARY = "basf2 TRGSummary (read in public source) [DATA]"
RECORDED_FIELDS = (
    Field(name="rec_input_words", dtype="uint32", shape=(10,), meaning="recorded input bits, 32 per word", source=_SUMMARY),
    Field(name="rec_ftdl_words", dtype="uint32", shape=(10,), meaning="recorded lines before prescale", source=_SUMMARY),
    Field(name="rec_psnm_words", dtype="uint32", shape=(10,), meaning="recorded lines after prescale", source=_SUMMARY),
)

KLM_LIMITS = {"klm_sector": tuple(n - 1 for n in SECTORS), "klm_layer": tuple(n - 1 for n in LAYERS)}
"""Largest sector and layer of each section."""

MEASURED_FIELDS = (
    Field(
        name="ecl_latency",
        dtype="int16",
        minimum=0,
        unit="system cycles",
        meaning="cycles from the last beat of the window to the decision, measured in co-simulation",
        source="measured",
    ),
)

PRIMITIVE_FIELDS = ECL_FIELDS + CDC_FIELDS + KLM_FIELDS
GROUPS = tuple(dict.fromkeys(spec.group for spec in PRIMITIVE_FIELDS + TRACK_FIELDS + VERTEX_FIELDS))


@cache
def declared() -> dict[str, Field]:
    """Every declared field by name, decisions included."""
    from trigger import klm  # here: the model of a block may itself use this module
    from trigger.cdc.track_counts import COUNT_FIELDS
    from trigger.displaced import layout as displaced
    from trigger.ecl import layout as ecl
    from trigger.grl import layout as grl

    decisions = (
        Field(
            name=field.name,
            dtype=field.dtype.name,
            shape=field.shape(0)[1:],
            minimum=-(1 << (field.width - 1)) if field.signed else 0,
            maximum=(1 << (field.width - int(field.signed))) - 1,
            meaning=field.meaning,
            source=f"trigger.{module}",
        )
        for module, fields in (
            ("ecl.layout", ecl.DECISION_FIELDS),
            ("cdc.track_counts", COUNT_FIELDS),
            ("klm", klm.DECISION_FIELDS),
            ("grl.layout", grl.DECISION_FIELDS),
            ("displaced.layout", displaced.DECISION_FIELDS),
        )
        for field in fields
    )
    return {
        spec.name: spec
        for spec in (
            *EVENT_FIELDS,
            *PRIMITIVE_FIELDS,
            *TRACK_FIELDS,
            *VERTEX_FIELDS,
            *decisions,
            *MENU_FIELDS,
            *RECORDED_FIELDS,
            *MEASURED_FIELDS,
        )
    }


def group_of(name: str, names: tuple[str, ...]) -> str:
    """Jagged group of a field: that of its declaration, else the longest `g` with `g_offsets` in names that starts it.

    "" for a per-event field and for offsets.
    """
    spec = declared().get(name)
    if spec is not None:
        return spec.group
    if name.endswith(OFFSETS):
        return ""
    groups = [other[: -len(OFFSETS)] for other in names if other.endswith(OFFSETS)]
    return max((group for group in groups if name.startswith(group + "_")), key=len, default="")


def count_events(sizes: dict[str, int]) -> tuple[int, str]:
    """Number of events, and the field that says so: `event`, else the first per-event field, else the first offsets.

    sizes: field -> number of rows.
    """
    names = tuple(sizes)
    for name in ("event", *names):
        if name in sizes and not name.endswith(OFFSETS) and not group_of(name, names):
            return sizes[name], name
    offsets = next((name for name in names if name.endswith(OFFSETS)), None)
    return (0, "") if offsets is None else (max(sizes[offsets] - 1, 0), offsets)
