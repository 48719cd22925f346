"""ECL trigger: window, clusters, sums, decisions."""

from trigger.ecl.calibration import EclCalibration
from trigger.ecl.decision import EclDecision
from trigger.ecl.parameters import EclParameters
from trigger.ecl.thresholds import EclThresholds
from trigger.ecl.trigger import EclTrigger
from trigger.ecl.window import choose_window
from trigger.ecl.word import pack_word, unpack_word

__all__ = [
    "EclCalibration",
    "EclDecision",
    "EclParameters",
    "EclThresholds",
    "EclTrigger",
    "choose_window",
    "pack_word",
    "unpack_word",
]
