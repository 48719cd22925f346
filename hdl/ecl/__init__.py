"""The ECL trigger decision as hardware: one component per block of `trigger.ecl`."""
