"""The neuro trigger: input stage and integer networks that find z and theta of a 2D track."""

from trigger.cdc.neuro.event_time import EventTime
from trigger.cdc.neuro.inputs import NeuroInputs, NeuroVectors
from trigger.cdc.neuro.mlp import ClassicMlp
from trigger.cdc.neuro.trigger import NeuroTracks, NeuroTrigger
from trigger.cdc.neuro.windows import InputWindows

__all__ = ["ClassicMlp", "EventTime", "InputWindows", "NeuroInputs", "NeuroTracks", "NeuroTrigger", "NeuroVectors"]
