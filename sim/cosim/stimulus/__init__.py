"""Events that are made to break the ECL trigger: on every threshold, at every edge, empty, full and timed."""
