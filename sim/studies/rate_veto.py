"""Accepts that the injection veto leaves: of every event, once with the veto off and once with it on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trigger.menu import Menu, Period, keep_probability
from trigger.menu.wiring import VETO_FIELD, source_bits


@dataclass(frozen=True, kw_only=True)
class VetoedMenu:
    """A menu whose injection veto is on during a part `dead` (0..1) of the time, whatever the event is."""

    menu: Menu
    period: Period
    dead: float

    @cached_property
    def positions(self) -> tuple[int, ...]:
        """Input bits that are the injection veto."""
        found = []
        for item in self.menu.inputs:
            sources = source_bits(item) or (None,) * len(item.bits)
            found += [bit for bit, source in zip(item.bits, sources, strict=True) if source and source.field == VETO_FIELD]
        return tuple(found)

    def left(self, ftdl: NDArray[np.bool_], input_bits: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the probability that an event at any time is accepted, float64 (n,), of lines before prescale, bool (n, n_lines).

        input_bits: bool (n, n_inputs), with the veto off. With the veto on, those of the lines stay that do not ask for `!veto`;
        lines that fire because the veto is on are no answer to the event and not counted.
        """
        accepted = keep_probability(ftdl, self.period)
        if not self.dead:
            return accepted
        bits = input_bits.copy()
        bits[:, self.positions] = True
        during = keep_probability(ftdl & self.menu.evaluate(bits), self.period)
        return (1.0 - self.dead) * accepted + self.dead * during
