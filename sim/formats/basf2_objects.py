"""Objects of basf2 with primitives, and how their members become event fields.

Ref: basf2 dataobjects TRGECLUnpackerStore, TRGECLHit, CDCHit, KLMDigit, TRGSummary, EventMetaData, EventLevelTriggerTimeInfo, and
trg/cdc CDCTriggerTSFModule.cc (read in public source) [DATA, SIM]. Made after the published classes; untested on a real file.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.formats.common import Arrays
from trigger.ecl.calibration import ADC_BITS
from trigger.ecl.parameters import ADC_LSB_GEV
from trigger.geometry.beams import RADIO_FREQUENCY_MHZ
from trigger.geometry.cdc import layers

TDC_LSB_NS = 1 / 1.017774
"""Bin of the CDC's TDC. Source: basf2 cdc/data/CDC.xml [SIM]."""
T0_TDC = round(4925 / TDC_LSB_NS)
"""TDC count of a wire that is hit at the event time. Our choice (`unverified`), one for all wires.

A common shift changes no decision, since drift times are measured from the earliest segment of a track. Corrections wire by wire
are not applied.
"""
LARGEST_ADC = (1 << ADC_BITS) - 1
ECL_TIME_LSB_NS = 1e3 * 64 / RADIO_FREQUENCY_MHZ / 128
"""Raw ECL time, 1/128 of RF/64."""
INJECTION_TICK_US = 4 / RADIO_FREQUENCY_MHZ
"""Clock of the trigger distribution, RF/4."""
NO_INJECTION = 0x7FFF_FFFF
"""What it records if there was no injection of late."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One group of event fields that an object gives.

    members: that must be there. optional: that are read where present. fields: names for the members that are there. convert:
    entries of all members with their event to (event, fields) of entries; the reader sorts those of an event by these fields, in
    this order.
    """

    group: str
    object: str
    members: tuple[str, ...]
    optional: tuple[str, ...]
    fields: Callable[[Collection[str]], tuple[str, ...]]
    convert: Callable[[Arrays, NDArray[np.int64]], tuple[NDArray[np.int64], Arrays]]


def _unpacked_cells(members: Arrays, event: NDArray[np.int64]) -> tuple[NDArray[np.int64], Arrays]:
    """Cells of real data: counts as they are; times from the trigger's event time where the windows are numbered.

    Cell 0 stands for an event without cells. Without window numbers the stored cells are the chosen window; of several entries of a
    cell the largest counts.
    """
    cell, adc = members["m_hittedTCId"].astype(np.int64), members["m_energy"].astype(np.int64)
    kept = (cell > 0) & (adc > 0)
    if {"m_hit_win", "m_caltime"} <= set(members):
        time = members["m_caltime"][kept].astype(np.int64)
        return event[kept], {"ecl_tc_id": cell[kept], "ecl_time": time, "ecl_adc": adc[kept]}
    fields = {"ecl_tc_id": cell[kept], "ecl_adc": adc[kept]}
    order = np.lexsort((-fields["ecl_adc"], fields["ecl_tc_id"], event[kept]))
    places = np.stack([event[kept], fields["ecl_tc_id"]])[:, order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (places[:, 1:] != places[:, :-1]).any(axis=0)
    return event[kept][order[first]], {name: values[order[first]] for name, values in fields.items()}


def _unpacked_fields(members: Collection[str]) -> tuple[str, ...]:
    timed = {"m_hit_win", "m_caltime"} <= set(members)
    return ("ecl_tc_id", "ecl_time", "ecl_adc") if timed else ("ecl_tc_id", "ecl_adc")


def _simulated_cells(members: Arrays, event: NDArray[np.int64]) -> tuple[NDArray[np.int64], Arrays]:
    """Cells of the simulation: energy in GeV to the nearest count, cut off at 12 bits, time in ns to the nearest tick."""
    adc = np.rint(members["m_edep"] / float(ADC_LSB_GEV)).astype(np.int64)
    time = np.rint(members["m_TimeAve"] / ECL_TIME_LSB_NS).astype(np.int64)
    kept = adc > 0
    fields = {"ecl_tc_id": members["m_TCId"].astype(np.int64), "ecl_time": time, "ecl_adc": np.minimum(adc, LARGEST_ADC)}
    return event[kept], {name: values[kept] for name, values in fields.items()}


def _wires(members: Arrays, event: NDArray[np.int64]) -> tuple[NDArray[np.int64], Arrays]:
    """Wires: the encoded wire to its number, layer by layer; the TDC count to the trigger's time."""
    code = members["m_eWire"].astype(np.int64)
    superlayer, layer, wire = code >> 12, code >> 9 & 7, code & 511
    first, count = np.zeros((2, 16, 8), np.int64)
    first[layers().superlayer, layers().layer_in_sl] = layers().first_wire
    count[layers().superlayer, layers().layer_in_sl] = layers().n_wires
    exists = wire < count[superlayer, layer]
    time = (T0_TDC - members["m_driftTime"].astype(np.int64)) // 2
    return event, {"wire_id": np.where(exists, first[superlayer, layer] + wire, -1), "wire_time": time}


def _klm_fields(members: Collection[str]) -> tuple[str, ...]:
    layers = ("klm_section", "klm_sector", "klm_layer")
    return (*layers, "klm_plane", "klm_strip") if {"m_Plane", "m_Strip"} <= set(members) else layers


def _klm_hits(members: Arrays, event: NDArray[np.int64]) -> tuple[NDArray[np.int64], Arrays]:
    """KLM hits: subdetector 1 barrel, 2 endcap, section 1 backward, 2 forward; sectors, layers, strips count from 1.

    So do the planes of the endcaps; those of the barrel count from 0.
    """
    numbers = {name: members[name].astype(np.int64) for name in members}
    is_endcap = numbers["m_Subdetector"] - 1
    fields = {
        "klm_section": 2 * is_endcap + numbers["m_Section"] - 1,
        "klm_sector": numbers["m_Sector"] - 1,
        "klm_layer": numbers["m_Layer"] - 1,
    }
    if "klm_strip" in _klm_fields(members):
        fields |= {"klm_plane": numbers["m_Plane"] - is_endcap, "klm_strip": numbers["m_Strip"] - 1}
    return event, fields


def _constant(*names: str) -> Callable[[Collection[str]], tuple[str, ...]]:
    return lambda _: names


SOURCES = (
    Source(
        group="ecl",
        object="TRGECLUnpackerStores",
        members=("m_hittedTCId", "m_energy"),
        optional=("m_hit_win", "m_caltime"),
        fields=_unpacked_fields,
        convert=_unpacked_cells,
    ),
    Source(
        group="ecl",
        object="TRGECLHits",
        members=("m_TCId", "m_edep", "m_TimeAve"),
        optional=(),
        fields=_constant("ecl_tc_id", "ecl_time", "ecl_adc"),
        convert=_simulated_cells,
    ),
    *(
        Source(
            group="wire",
            object=name,
            members=("m_eWire", "m_driftTime"),
            optional=(),
            fields=_constant("wire_id", "wire_time"),
            convert=_wires,
        )
        for name in ("CDCHits4Trg", "CDCHits")
    ),
    Source(
        group="klm",
        object="KLMDigits",
        members=("m_Subdetector", "m_Section", "m_Sector", "m_Layer"),
        optional=("m_Plane", "m_Strip"),
        fields=_klm_fields,
        convert=_klm_hits,
    ),
)
"""Objects with primitives; of several for a group the first that is there is read."""
ALIASES = {"m_tdcCount": "m_driftTime"}
"""Other names of members, in other releases."""
PER_EVENT = {
    "experiment": ("EventMetaData", "m_experiment"),
    "run": ("EventMetaData", "m_run"),
    "event": ("EventMetaData", "m_event"),
    "rec_input_words": ("TRGSummary", "m_inputBits"),
    "rec_ftdl_words": ("TRGSummary", "m_ftdlBits"),
    "rec_psnm_words": ("TRGSummary", "m_psnmBits"),
}
"""Fields with one row per event: object and member."""


def _injection_us(members: Arrays) -> NDArray[np.float64]:
    """Time since the last injection in microseconds, -1 where the record is not valid or there was none.

    It counts from the signal before the kick. When the bunch first passes after it differs from ring to ring and is not public, so
    that the gated part of a veto is shifted by up to a turn; lengths of windows are not changed.
    """
    ticks = members["m_timeSinceLastInjection"].astype(np.int64)
    known = members["m_isValid"].astype(bool) & (ticks != NO_INJECTION)
    return np.where(known, ticks * INJECTION_TICK_US, -1.0)


@dataclass(frozen=True, kw_only=True)
class Derived:
    """A field with one number per event that is made of members of an object, all of which must be there."""

    object: str
    members: tuple[str, ...]
    convert: Callable[[Arrays], NDArray]


DERIVED = {
    "injection_us": Derived(
        object="EventLevelTriggerTimeInfo", members=("m_isValid", "m_timeSinceLastInjection"), convert=_injection_us
    ),
}
"""Fields with one row per event that are converted."""
