"""The track trigger of the CDC: track segments, 2D finder, neural z trigger, single-track trigger."""

from trigger.cdc.hough import HoughFinder, HoughPlane, HoughTracks
from trigger.cdc.mask import CdcMask
from trigger.cdc.neuro import ClassicMlp, EventTime, InputWindows, NeuroInputs, NeuroTracks, NeuroTrigger, NeuroVectors
from trigger.cdc.segments import LeftRightTable, SegmentFinder, Segments
from trigger.cdc.single_track import SingleTrackCuts, SingleTracks, SingleTrackTrigger

__all__ = [
    "CdcMask",
    "ClassicMlp",
    "EventTime",
    "HoughFinder",
    "HoughPlane",
    "HoughTracks",
    "InputWindows",
    "LeftRightTable",
    "NeuroInputs",
    "NeuroTracks",
    "NeuroTrigger",
    "NeuroVectors",
    "SegmentFinder",
    "Segments",
    "SingleTrackCuts",
    "SingleTrackTrigger",
    "SingleTracks",
]
