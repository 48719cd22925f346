"""A vector that arrives at once, sent on in beats: the same lanes serve all of it, one beat per cycle."""

from dataclasses import dataclass

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """How n_values values share multipliers, each of which is used in up to `reuse` cycles.

    Beat b carries values n_lanes b to n_lanes b + n_lanes - 1; lanes without a value carry 0.
    """

    n_values: int
    reuse: int

    def __post_init__(self) -> None:
        if self.n_values < 1:
            msg = f"n_values must be at least 1, not {self.n_values}"
            raise ValueError(msg)
        if self.reuse < 1:
            msg = f"reuse must be at least 1 cycle, not {self.reuse}"
            raise ValueError(msg)

    @property
    def n_lanes(self) -> int:
        """Values per beat."""
        return -(-self.n_values // self.reuse)

    @property
    def n_beats(self) -> int:
        """Cycles per vector, at most `reuse`."""
        return -(-self.n_values // self.n_lanes)


def token(n_beats: int, n_sets: int) -> data.StructLayout:
    """What travels with a beat: its number, its place in the vector, the set of weights that it is for."""
    return data.StructLayout({"valid": 1, "first": 1, "last": 1, "beat": range(max(n_beats, 2)), "set": range(max(n_sets, 2))})


def accepted(m: Module, valid: Value, interval: int) -> Signal:
    """Whether a vector is taken in this cycle: `valid`, and at least `interval` cycles after the one taken before."""
    busy, taken = Signal(range(interval + 1)), Signal()
    m.d.comb += taken.eq(valid & (busy == 0))
    with m.If(taken):
        m.d.sync += busy.eq(interval - 1)
    with m.Elif(busy != 0):
        m.d.sync += busy.eq(busy - 1)
    return taken


class Beats(wiring.Component):
    """Beats of the vectors taken with `in_valid`, the first `LATENCY` cycles later, without gaps.

    Vectors must be at least n_beats cycles apart.
    """

    LATENCY = 1

    def __init__(self, lanes: Lanes, width: int, n_sets: int) -> None:
        self._lanes, self._width = lanes, width
        super().__init__(
            {
                "in_valid": In(1),
                "in_set": In(range(max(n_sets, 2))),
                "in_values": In(lanes.n_values * width),
                "token": Out(token(lanes.n_beats, n_sets)),
                "values": Out(lanes.n_lanes * width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        n_beats, lane_bits = self._lanes.n_beats, self._lanes.n_lanes * self._width
        rest = Signal(n_beats * lane_bits)
        m.d.sync += [
            rest.eq(Mux(self.in_valid, self.in_values, rest >> lane_bits)),
            self.token.valid.eq(self.in_valid | (self.token.valid & ~self.token.last)),
            self.token.first.eq(self.in_valid),
            self.token.last.eq(Mux(self.in_valid, n_beats == 1, self.token.beat == n_beats - 2)),
            self.token.beat.eq(Mux(self.in_valid, 0, self.token.beat + 1)),
        ]
        with m.If(self.in_valid):
            m.d.sync += self.token.set.eq(self.in_set)
        m.d.comb += self.values.eq(rest)
        return m
