"""The neuro trigger: input stage and integer networks that find z and theta of a 2D track."""

from trigger.cdc.neuro.codesign import CodesignNetwork
from trigger.cdc.neuro.event_time import EventTime
from trigger.cdc.neuro.experts import ClassicExperts
from trigger.cdc.neuro.inputs import NeuroInputs, NeuroVectors
from trigger.cdc.neuro.mlp import ClassicMlp
from trigger.cdc.neuro.trigger import NeuroNetwork, NeuroTracks, NeuroTrigger
from trigger.cdc.neuro.windows import InputWindows

__all__ = [
    "ClassicExperts",
    "ClassicMlp",
    "CodesignNetwork",
    "EventTime",
    "InputWindows",
    "NeuroInputs",
    "NeuroNetwork",
    "NeuroTracks",
    "NeuroTrigger",
    "NeuroVectors",
]
