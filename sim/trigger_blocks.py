"""Blocks of the trigger model as whole files go through them: which fields of an event file each one reads, and what it answers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from trigger.cdc import CdcMask, HoughFinder, SegmentFinder
from trigger.cdc.single_track import one_hot
from trigger.ecl import EclCalibration, EclParameters, EclTrigger
from trigger.events import EventRecord

EMULATED_BLOCKS = ("ecl", "tracks")
"""Blocks that can be run on files, in the order in which they run."""


@dataclass(frozen=True, kw_only=True)
class TriggerSettings:
    """What a user may change about the blocks."""

    parameters: EclParameters = field(default_factory=EclParameters.default)
    calibration: EclCalibration = field(default_factory=EclCalibration)
    mask: CdcMask = field(default_factory=CdcMask)


class FileBlock(Protocol):
    """One block. required: fields that must be in the file. fields: those that are read where they are present."""

    required: tuple[str, ...]
    fields: tuple[str, ...]

    def run(self, record: EventRecord) -> dict[str, np.ndarray]:
        """Event-file fields of the answer."""


class EclBlock:
    """The ECL trigger on cells, timed or of the chosen window."""

    required: tuple[str, ...] = ("ecl_offsets", "ecl_tc_id", "ecl_adc")
    fields: tuple[str, ...] = (*required, "ecl_time", "ecl_phase")

    def __init__(self, settings: TriggerSettings) -> None:
        self._trigger = EclTrigger(settings.parameters, settings.calibration)

    def run(self, record: EventRecord) -> dict[str, np.ndarray]:
        offsets, tc_id, adc = (record[name] for name in self.required)
        return self._trigger.run(offsets, tc_id, adc, record.arrays.get("ecl_time"), record.arrays.get("ecl_phase")).arrays()


class TracksBlock:
    """Track segments and 2D tracks: from wires where the file has them, else from segments."""

    def __init__(self, settings: TriggerSettings, names: Collection[str]) -> None:
        self._from_wires = "wire_offsets" in names
        wires = ("wire_offsets", "wire_id", "wire_time")
        segments = ("cdc_offsets", "cdc_ts_id", "cdc_priority")
        self.required: tuple[str, ...] = wires if self._from_wires else segments
        self.fields: tuple[str, ...] = self.required
        self._segments = SegmentFinder(mask=settings.mask)
        self._finder = HoughFinder()

    def run(self, record: EventRecord) -> dict[str, np.ndarray]:
        given = [record[name] for name in self.required]
        found = self._segments.run(*given).arrays() if self._from_wires else dict(zip(self.required, given, strict=True))
        tracks = self._finder.run(found["cdc_offsets"], found["cdc_ts_id"], found["cdc_priority"])
        names = ("track_offsets", "track_phi_raw", "track_omega_raw", "track_ts", "track_clock")
        answer = {name: getattr(tracks, name) for name in names}
        answer["grl_t2"] = one_hot(np.diff(tracks.track_offsets))
        return (found if self._from_wires else {}) | answer


def blocks_of(chosen: Collection[str], settings: TriggerSettings, names: Collection[str]) -> list[FileBlock]:
    """The chosen blocks for a file with fields of these names, in the order in which they run."""
    made: list[FileBlock] = []
    if "ecl" in chosen:
        made.append(EclBlock(settings))
    if "tracks" in chosen:
        made.append(TracksBlock(settings, names))
    return made
