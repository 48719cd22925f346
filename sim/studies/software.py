"""Counters of the software trigger behind the hardware trigger: what of its accepts it keeps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.offline.hlt import HltDecision
from sim.studies.channel_counts import Kind, Lines, entries_of
from sim.studies.channels import Channel, Selected
from sim.studies.counting import Counters


def count_software(channel: Channel, lines: Lines, ftdl: NDArray[np.bool_], selected: Selected, software: HltDecision) -> Counters:
    """Counters int64 of a block: `software` and `software_generated` (entries,), events that the entry and any filter take, of the
    selected and of all; `software_alone` (2,), selected and all events that any filter takes, whatever the hardware does;
    `software_filters` (filters,), of selected events that a line which serves the search takes."""
    passed = selected.flow.passed
    entries = entries_of(channel, lines)
    fired = np.stack([lines.fired(ftdl, entry) for entry in entries])
    kept = fired & software.passed
    served = fired[[entry.kind for entry in entries].index(Kind.ALL)] & passed
    return {
        "software": (kept & passed).sum(axis=1),
        "software_generated": kept.sum(axis=1),
        "software_alone": np.array([(software.passed & passed).sum(), software.passed.sum()]),
        "software_filters": (software.masks & served).sum(axis=1),
    }
