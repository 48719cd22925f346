"""The track trigger of the CDC: 2D finder and neural z trigger."""

from trigger.cdc.hough import HoughFinder, HoughPlane, HoughTracks
from trigger.cdc.neuro import ClassicMlp, EventTime, InputWindows, NeuroInputs, NeuroTracks, NeuroTrigger, NeuroVectors

__all__ = [
    "ClassicMlp",
    "EventTime",
    "HoughFinder",
    "HoughPlane",
    "HoughTracks",
    "InputWindows",
    "NeuroInputs",
    "NeuroTracks",
    "NeuroTrigger",
    "NeuroVectors",
]
