"""What is lost between the L1 decision and the readout: triggers too close to each other, and full buffers.

A small model of the trigger distribution. The numbers of hold-off and buffers are recalled, not looked up again; published is that
the readout is made for 30 kHz on average, with a dead time of several per cent from the buffers of the front end (M. Nakao et al.,
JINST 5 (2010) C12004, and RTC 2012, abstracts) [PAPER].
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trigger.compiled import kernel

MAX_RATE_HZ = 30_000
"""Largest average L1 rate of the data acquisition. Source: Nakao et al., RTC 2012, abstract [PAPER]."""


@dataclass(frozen=True, kw_only=True)
class DeadTime:
    """Hold-off and buffers of the readout, whole nanoseconds; ValueError for impossible ones.

    spacing_ns: an L1 accept lets no other one follow earlier. buffers, readout_ns: that many events wait or are being read, one
    after the other, each for readout_ns; further triggers are lost until one is done. Defaults (recalled, unverified): 190 ns;
    the vertex detector's chip keeps five events of six samples and sends each in 6 x 140 clocks of 31.8 MHz.
    """

    spacing_ns: int = 190
    buffers: int = 5
    readout_ns: int = 26_400

    def __post_init__(self) -> None:
        if self.spacing_ns < 0 or self.readout_ns < 0 or self.buffers < 1:
            msg = f"times must not be negative and buffers at least 1, not {self}"
            raise ValueError(msg)

    def accepted(self, times_ns: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which triggers of a stream are read out, bool (n,); times int64 (n,), ascending.

        Raises:
            ValueError: times that are not ascending.
        """
        if (np.diff(times_ns) < 0).any():
            msg = "times must be ascending"
            raise ValueError(msg)
        kept = np.zeros(len(times_ns), dtype=np.bool_)
        _accept(times_ns, self.spacing_ns, self.buffers, self.readout_ns, kept)
        return kept

    def lost_fraction(self, rate_hz: float, rng: np.random.Generator, n_triggers: int = 1_000_000) -> float:
        """Return the part of triggers of a constant rate at random times that are lost, from a simulated stream."""
        gaps_ns = rng.exponential(1e9 / rate_hz, n_triggers)
        return 1.0 - float(self.accepted(np.cumsum(gaps_ns).astype(np.int64)).mean())


@kernel
def _accept(times_ns, spacing_ns, buffers, readout_ns, kept):
    """Fill `kept`; done: when the readout of the last accepted events ends, in a ring with a place per buffer."""
    last = times_ns[0] - spacing_ns if len(times_ns) else 0
    done = np.full(buffers, last, np.int64)
    place, busy_until = 0, last
    for i in range(len(times_ns)):
        now = times_ns[i]
        if now - last < spacing_ns or done[place] > now:
            continue
        kept[i] = True
        last = now
        busy_until = max(busy_until, now) + readout_ns
        done[place] = busy_until
        place = (place + 1) % buffers
