"""Global reconstruction logic: short and inner tracks, matching of sub-triggers, opening angles, counts."""

from trigger.grl.decision import GrlDecision
from trigger.grl.parameters import GrlParameters
from trigger.grl.trigger import GrlTrigger

__all__ = ["GrlDecision", "GrlParameters", "GrlTrigger"]
