"""The displaced-vertex trigger: pairs of tracks from one point far from the interaction point."""

from trigger.displaced.grid import SeedGrid
from trigger.displaced.parameters import DisplacedParameters
from trigger.displaced.trigger import DisplacedDecision, DisplacedTrigger

__all__ = ["DisplacedDecision", "DisplacedParameters", "DisplacedTrigger", "SeedGrid"]
