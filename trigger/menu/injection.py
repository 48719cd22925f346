"""Injection veto: after each injection first everything is vetoed, then the times at which the injected bunch passes.

Each beam is refilled several times a second, and the new charge is noisy until it is damped. The lengths of the windows are
settings of operation that are not public: the defaults are GUESSES. The answer is the field `ext_veto`, which menus see as
`veto`; `emulate --injection` fills it. In newer menus of the experiment an event is vetoed if `passive_veto` is on and
`cdcecl_veto` is off; that second condition is not modelled.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

REVOLUTION_US = 3016.315 / 299.792458
"""Time of a turn: circumference in metres (SuperKEKB parameter table of 2017 [PAPER]) at the speed of light."""

LINAC_HZ = 50.0
"""Pulses of the injector per second, all rings that it serves together (K. Furukawa et al., arXiv:2312.02440, abstract [PAPER]).

So many injections are the most that can be; how many there are in an hour of operation is not public.
"""


@dataclass(frozen=True, kw_only=True)
class InjectionVeto:
    """Windows of the veto after one injection, microseconds; ValueError for impossible ones.

    full_us: everything is vetoed. gated_us: until then, counted from the injection, gate_us of every turn are vetoed, with the
    bunch in the middle of the gate. Defaults: GUESS.
    """

    full_us: float = 500.0
    gated_us: float = 10_000.0
    gate_us: float = 2.0

    def __post_init__(self) -> None:
        if not 0 <= self.full_us <= self.gated_us or not 0 <= self.gate_us <= REVOLUTION_US:
            msg = f"need 0 <= full_us <= gated_us and 0 <= gate_us <= {REVOLUTION_US:.3f}, not {self}"
            raise ValueError(msg)

    def vetoed(self, since_us: ArrayLike) -> NDArray[np.bool_]:
        """Return the veto, bool, at times since the injection; before it (negative times) nothing is vetoed."""
        since = np.asarray(since_us, dtype=np.float64)
        phase = np.mod(since + self.gate_us / 2, REVOLUTION_US)
        gated = (since < self.gated_us) & (phase < self.gate_us)
        return (since >= 0) & ((since < self.full_us) | gated)

    def dead_fraction(self, injections_hz: float) -> float:
        """Return the part of the time that is vetoed for injections at a constant rate, for windows that do not overlap.

        Raises:
            ValueError: the next injection comes before the windows of one have ended.
        """
        if injections_hz * self.gated_us > 1e6:
            msg = f"windows of {self.gated_us} us overlap at {injections_hz} Hz"
            raise ValueError(msg)
        return injections_hz * 1e-6 * (self.full_us + (self.gated_us - self.full_us) * self.gate_us / REVOLUTION_US)
