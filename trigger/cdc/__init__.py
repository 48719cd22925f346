"""The track trigger of the CDC: track segments, 2D finder, neural z trigger, single-track trigger."""

from trigger.cdc.hough import HoughFinder, HoughPlane, HoughTracks
from trigger.cdc.mask import CdcMask
from trigger.cdc.neuro import (
    ClassicExperts,
    ClassicMlp,
    CodesignNetwork,
    EventTime,
    InputWindows,
    NeuroInputs,
    NeuroNetwork,
    NeuroTracks,
    NeuroTrigger,
    NeuroVectors,
)
from trigger.cdc.segments import LeftRightTable, SegmentFinder, Segments
from trigger.cdc.single_track import SingleTrackCuts, SingleTracks, SingleTrackTrigger
from trigger.cdc.track_trigger import TrackDecision, TrackTrigger

__all__ = [
    "CdcMask",
    "ClassicExperts",
    "ClassicMlp",
    "CodesignNetwork",
    "EventTime",
    "HoughFinder",
    "HoughPlane",
    "HoughTracks",
    "InputWindows",
    "LeftRightTable",
    "NeuroInputs",
    "NeuroNetwork",
    "NeuroTracks",
    "NeuroTrigger",
    "NeuroVectors",
    "SegmentFinder",
    "Segments",
    "SingleTrackCuts",
    "SingleTrackTrigger",
    "SingleTracks",
    "TrackDecision",
    "TrackTrigger",
]
