"""Track segments as they reach the input stage of the neuro trigger.

Stereo segments come in rows of 16: row r holds segments 16 r to 16 r + 15 of every stereo superlayer, as many as a merger unit
of the detector serves. Axial segments come with the track that they belong to.
Ref: basf2 trg/cdc Unpacker.h (read in public source): the track-segment word, here with the time of the event file.
"""

import numpy as np
from amaranth.hdl import Value, signed
from amaranth.lib import data

from hdl.cdc.hough.frames import Bank
from hdl.logic import choose
from trigger.cdc.neuro.inputs import SIDE
from trigger.geometry.cdc import FIRST_PRIORITY, superlayers

SEGMENTS_PER_ROW = 16
"""Segments of a merger unit. Source: basf2 trg/cdc [SIM]."""
AXIAL = np.flatnonzero(superlayers().axial).tolist()
STEREO = np.flatnonzero(~superlayers().axial).tolist()
"""Superlayers of either kind, in order."""
N_ROWS = int(superlayers().n_segments[STEREO].max()) // SEGMENTS_PER_ROW
"""Rows of a frame; inner superlayers end before the last one."""
RowAddress = data.StructLayout({"row": range(N_ROWS), "frame": Bank})
Number = range(int(superlayers().n_segments.max()))
Time = signed(16)
"""Priority time in time units, as in the event file."""
Segment = data.StructLayout({"priority": range(FIRST_PRIORITY + 1), "lr": range(len(SIDE)), "time": Time})
"""Priority 0 stands for no segment."""
Row = data.ArrayLayout(Segment, SEGMENTS_PER_ROW)
OwnSegment = data.StructLayout({"segment": Segment, "number": Number})
"""A segment of a track with its number in the superlayer."""


def is_second(priority: Value) -> Value:
    """Whether the priority wire lies at the second-priority radius."""
    return priority != FIRST_PRIORITY


def is_known(lr: Value) -> Value:
    """Whether the side of the track is known."""
    return choose([int(side != 0) for side in SIDE], lr)


def is_right(lr: Value) -> Value:
    """Whether the drift-time input is negative."""
    return choose([int(side < 0) for side in SIDE], lr)
