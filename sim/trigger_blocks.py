"""Blocks of the trigger model as whole files go through them: which fields of an event file each one reads, and what it answers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, fields
from typing import Protocol

import numpy as np

from trigger.cdc import CdcMask, SegmentFinder, TrackTrigger
from trigger.digest import digest
from trigger.ecl import EclCalibration, EclParameters, EclTrigger
from trigger.events import EventRecord
from trigger.networks import DEFAULT_NETWORK, FrozenNetwork, load_network

EMULATED_BLOCKS = ("ecl", "tracks")
"""Blocks that can be run on files, in the order in which they run."""


@dataclass(frozen=True, kw_only=True)
class TriggerSettings:
    """What a user may change about the blocks."""

    parameters: EclParameters = field(default_factory=EclParameters.default)
    calibration: EclCalibration = field(default_factory=EclCalibration)
    mask: CdcMask = field(default_factory=CdcMask)
    network: FrozenNetwork = field(default_factory=lambda: load_network(DEFAULT_NETWORK))

    @property
    def digests(self) -> dict[str, str]:
        """Digest of each setting."""
        return {f.name: self.network.digest if f.name == "network" else digest(getattr(self, f.name)) for f in fields(self)}


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
    """Track segments, 2D tracks, network and single-track trigger: from wires where the file has them, else from segments."""

    def __init__(self, settings: TriggerSettings, names: Collection[str]) -> None:
        self._from_wires = "wire_offsets" in names
        wires = ("wire_offsets", "wire_id", "wire_time")
        segments = ("cdc_offsets", "cdc_ts_id", "cdc_priority", "cdc_lr", "cdc_time")
        self.required: tuple[str, ...] = wires if self._from_wires else segments
        self.fields: tuple[str, ...] = self.required
        self._segments = SegmentFinder(mask=settings.mask)
        self._trigger = TrackTrigger(network=settings.network.network)

    def run(self, record: EventRecord) -> dict[str, np.ndarray]:
        given = {name: record[name] for name in self.required}
        found = self._segments.run(*given.values()).arrays() if self._from_wires else given
        return (found if self._from_wires else {}) | self._trigger.run(*found.values()).arrays()


def blocks_of(chosen: Collection[str], settings: TriggerSettings, names: Collection[str]) -> list[FileBlock]:
    """The chosen blocks for a file with fields of these names, in the order in which they run."""
    made: list[FileBlock] = []
    if "ecl" in chosen:
        made.append(EclBlock(settings))
    if "tracks" in chosen:
        made.append(TracksBlock(settings, names))
    return made
