"""The injection veto of the events of a file: from the times that they carry, or from times drawn for a rate of injections."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trigger.errors import InputError
from trigger.menu.injection import InjectionVeto
from trigger.menu.wiring import VETO_FIELD

TIME_FIELD = "injection_us"
"""Event-file field of the time since the last injection."""


@dataclass(frozen=True, kw_only=True)
class Injection:
    """How events get their veto; ValueError for a rate that is not positive, or at which the windows of the veto overlap.

    rate_hz: injections per second at equal distances, in both rings together: times since the last one are drawn, any equally
    likely, as an event of constant luminosity sees them. None: the events carry their times. windows: of the veto.
    """

    rate_hz: float | None = None
    windows: InjectionVeto = field(default_factory=InjectionVeto)

    def __post_init__(self) -> None:
        if self.rate_hz is None:
            return
        if not 0 < self.rate_hz < np.inf:
            msg = f"injections per second must be positive, not {self.rate_hz}"
            raise ValueError(msg)
        self.windows.dead_fraction(self.rate_hz)

    def check(self, names: tuple[str, ...], where: str) -> None:
        """InputError if events with fields of these names have a veto already, lack times, or have times beside a rate."""
        if VETO_FIELD in names:
            raise InputError(f"{where}: field {VETO_FIELD} is there already; leave --injection out")
        if self.rate_hz is None and TIME_FIELD not in names:
            raise InputError(f"{where}: field {TIME_FIELD} is missing; give injections per second instead")
        if self.rate_hz is not None and TIME_FIELD in names:
            raise InputError(f"{where}: field {TIME_FIELD} is there already; use its times: --injection file")

    def fields(self, times_us: NDArray[np.float64] | None, n_events: int, rng: np.random.Generator) -> dict[str, NDArray]:
        """Return the time, float64 (n,), and the veto, bool (n,), of events; times_us: those that they carry, None to draw them."""
        if times_us is None:
            if self.rate_hz is None:
                msg = "times must be given where no rate is"
                raise ValueError(msg)
            times_us = rng.uniform(0, 1e6 / self.rate_hz, n_events)
        return {TIME_FIELD: times_us, VETO_FIELD: self.windows.vetoed(times_us)}

    def labels(self) -> dict[str, Any]:
        """The choices in words and numbers."""
        windows = {name: getattr(self.windows, name) for name in ("full_us", "gated_us", "gate_us")}
        expected = (
            {} if self.rate_hz is None else {"rate_hz": self.rate_hz, "dead_fraction": self.windows.dead_fraction(self.rate_hz)}
        )
        return (
            windows | expected | {"note": "GUESS: lengths of the windows" if self.windows == InjectionVeto() else "windows given"}
        )
