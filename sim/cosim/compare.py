"""Model against RTL: every field of every event, exactly; missing and extra results; latency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.cosim.exchange import Answers
from trigger.ecl.layout import DECISION_FIELDS, DecisionField
from trigger.ecl.parameters import ADC_LSB_GEV
from trigger.geometry.beams import RADIO_FREQUENCY_MHZ
from trigger.geometry.ecl import N_CELLS, cells

MAX_ROWS = 5
"""Differences that are shown in full."""
TIME_LSB_NS = 1e3 * 64 / RADIO_FREQUENCY_MHZ / 128
"""Raw time in ns: 1/128 of RF/64. Source: seven time bits per clock [DATA]."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field of one event in which model and RTL differ."""

    event: int
    field: str
    element: int
    model_raw: int
    rtl_raw: int
    model: str
    rtl: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Outcome for a number of events; event numbers count from the first of them.

    mismatched, missing: event numbers, ascending. latencies: cycles -> events. differences: the first MAX_ROWS.
    """

    n_events: int
    mismatched: tuple[int, ...]
    missing: tuple[int, ...]
    n_extra: int
    latencies: Mapping[int, int]
    differences: tuple[Difference, ...]

    def n_late(self, declared_latency: int) -> int:
        """Events whose result came at another time than declared."""
        return sum(count for cycles, count in self.latencies.items() if cycles != declared_latency)

    def is_equal(self, declared_latency: int) -> bool:
        """True if nothing at all is wrong."""
        return not (self.mismatched or self.missing or self.n_extra or self.n_late(declared_latency))


def compare(model: Mapping[str, np.ndarray], answers: Answers, fields: Sequence[DecisionField] = DECISION_FIELDS) -> Comparison:
    """Every field of the model's decisions, one row per event, with the answers of the RTL.

    fields: declared fields to compare, those of the ECL trigger by default.
    """
    kept = answers.event >= 0
    event = answers.event[kept]
    unequal = {
        field.name: (model[field.name][event] != answers.arrays[field.name][kept]).reshape(-1, field.length) for field in fields
    }
    bad = np.flatnonzero(np.any([rows.any(axis=1) for rows in unequal.values()], axis=0))
    cycles, counts = np.unique(answers.latency[kept], return_counts=True)
    differences: list[Difference] = []
    for row in bad[:MAX_ROWS].tolist():
        for field in fields:
            for element in np.flatnonzero(unequal[field.name][row]).tolist():
                values = (model[field.name][event[row]], answers.arrays[field.name][kept][row])
                raw = [int(np.ravel(value)[element]) for value in values]
                differences.append(_difference(int(event[row]), field, element, raw))
    return Comparison(
        n_events=answers.n_events,
        mismatched=tuple(event[bad].tolist()),
        missing=tuple(answers.missing.tolist()),
        n_extra=answers.n_extra,
        latencies=dict(zip(cycles.tolist(), counts.tolist(), strict=True)),
        differences=tuple(differences[:MAX_ROWS]),
    )


def merge(parts: Sequence[Comparison]) -> Comparison:
    """The outcome for the events of all parts, one part after the other."""
    starts = np.cumsum([0, *(part.n_events for part in parts)]).tolist()
    latencies: dict[int, int] = {}
    for part in parts:
        for cycles, count in part.latencies.items():
            latencies[cycles] = latencies.get(cycles, 0) + count
    shifted = [(part, start) for part, start in zip(parts, starts, strict=False)]
    return Comparison(
        n_events=starts[-1],
        mismatched=tuple(event + start for part, start in shifted for event in part.mismatched),
        missing=tuple(event + start for part, start in shifted for event in part.missing),
        n_extra=sum(part.n_extra for part in parts),
        latencies=dict(sorted(latencies.items())),
        differences=tuple(_moved(row, start) for part, start in shifted for row in part.differences)[:MAX_ROWS],
    )


def physical(name: str, raw: int) -> str:
    """A raw value as a person reads it, with its unit; the raw number where it has none."""
    if name.endswith("_adc"):
        return f"{float(raw * ADC_LSB_GEV):.5f} GeV"
    if name in ("ecl_timing", "ecl_cluster_time"):
        return f"{raw * TIME_LSB_NS:.2f} ns"
    if name == "ecl_cluster_tc":
        return f"theta id {cells().theta_id[raw - 1]}, phi id {cells().phi_id[raw - 1]}" if 1 <= raw <= N_CELLS else "none"
    return f"{raw:#010x}" if name == "ecl_word" else str(raw)


def _difference(event: int, field: DecisionField, element: int, raw: list[int]) -> Difference:
    model, rtl = raw
    return Difference(
        event=event,
        field=field.name,
        element=element,
        model_raw=model,
        rtl_raw=rtl,
        model=physical(field.name, model),
        rtl=physical(field.name, rtl),
    )


def _moved(row: Difference, start: int) -> Difference:
    return Difference(**{**vars(row), "event": row.event + start})
