"""The displaced-vertex trigger as hardware: one component per stage of `trigger.displaced`."""
