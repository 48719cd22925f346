"""What one block of a verification holds: events of every source, shuffled, with the model's decisions."""

from dataclasses import dataclass

import numpy as np

from sim.blocks import Stage, stream
from sim.cosim import ecl
from sim.cosim.stimulus.grid import Arrays
from sim.cosim.stimulus.mix import Mix
from trigger.ecl import EclTrigger
from trigger.events import EventRecord

IDLE_SHARE = 1 / 16
"""Part of each block that runs with random idle gaps (our choice: they cost three times the cycles); the rest at full rate."""


@dataclass(frozen=True, kw_only=True)
class BlockEvents:
    """Events of one block in the order in which the RTL sees them.

    parts: events of each source. sources, windows, decisions: of all of them, shuffled; origin: place of each in the parts, one
    after the other. idle: cycles after each beat.
    """

    parts: list[tuple[str, Arrays]]
    origin: np.ndarray
    windows: ecl.Windows
    decisions: dict[str, np.ndarray]
    idle: np.ndarray

    def primitives(self, event: int) -> tuple[str, EventRecord]:
        """Source and `ecl_*` fields of one event."""
        place = int(self.origin[event])
        for source, arrays in self.parts:
            n_events = len(arrays["ecl_offsets"]) - 1
            if place < n_events:
                return source, EventRecord(arrays).select(slice(place, place + 1))
            place -= n_events
        msg = f"event must be 0..{len(self.origin) - 1}, not {event}"
        raise ValueError(msg)

    def windows_between(self, first: int, last: int) -> tuple[ecl.Windows, np.ndarray]:
        """Windows and idle cycles of the events [first, last)."""
        n_beats = ecl.beats().N_BEATS
        return self.windows.take(np.arange(first, last)), self.idle[first * n_beats : last * n_beats]


def make_block(mix: Mix, trigger: EclTrigger, seed: int, block: int, n_events: int) -> BlockEvents:
    """The events of one block, decided by the model and shuffled; the same for the same arguments."""
    parts, windows, decisions = [], [], []
    for source, arrays in mix.parts(seed, block, n_events):
        parts.append((source.name, arrays))
        windows.append(ecl.windows_of(arrays))
        offsets, tc_id, adc = (arrays[name] for name in ("ecl_offsets", "ecl_tc_id", "ecl_adc"))
        decisions.append(trigger.run(offsets, tc_id, adc, arrays.get("ecl_time"), arrays.get("ecl_phase")).arrays())
    rng = stream(seed, "verify.ecl", Stage.STIMULUS, block)
    origin = rng.permutation(n_events)
    n_idle = int(n_events * IDLE_SHARE)
    return BlockEvents(
        parts=parts,
        origin=origin,
        windows=ecl.concatenate(windows).take(origin),
        decisions={name: np.concatenate([part[name] for part in decisions])[origin] for name in decisions[0]},
        idle=np.concatenate([ecl.random_idle(rng, n_idle), ecl.full_rate(n_events - n_idle)]),
    )
