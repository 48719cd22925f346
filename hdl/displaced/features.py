"""The inputs of the network from two tracks and their vertex."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.cdc.neuro.pipeline import carried
from hdl.displaced.layout import Track
from hdl.displaced.scan import rounded
from hdl.fixed import shape
from hdl.logic import add, first_set
from trigger.cdc.neuro.formats import NODE, NODE_ONE
from trigger.displaced.features import FEATURES, LEADING_BITS, SHARE_BITS, Feature, share_table
from trigger.displaced.fit import N_AXIAL
from trigger.displaced.formats import BEND, CROSSING, DEPTH, SLOPE
from trigger.displaced.stereo import N_STEREO

_PAIR_LATENCY = 2
"""Cycles from the tracks to the share of the stiffer one."""
_BEND_BITS = BEND.width - 1
_MISSING_BITS = 5
"""Of the number of superlayers without a segment."""


class VertexFeatures(wiring.Component):
    """Features of a vertex, in domain sync; one in each cycle.

    ahead: cycles, at least 2, by which the tracks come before the numbers of their vertex; ValueError for less.

    Ports:
        in_one, in_other: the tracks.
        in_radius, in_depths, in_sines, in_cosines: of their vertex, as from `VertexFit`, `ahead` cycles later.
        out_x: the features, NODE, feature 0 lowest, `LATENCY` cycles after the numbers.
    """

    LATENCY = 2

    def __init__(self, ahead: int) -> None:
        if ahead < _PAIR_LATENCY:
            msg = f"ahead must be at least {_PAIR_LATENCY} cycles, not {ahead}"
            raise ValueError(msg)
        self._ahead = ahead
        both = {"depths": shape(DEPTH), "sines": shape(CROSSING), "cosines": shape(CROSSING)}
        super().__init__(
            {
                "in_one": In(Track),
                "in_other": In(Track),
                "in_radius": In(shape(DEPTH)),
                **{f"in_{name}": In(data.ArrayLayout(kind, 2)) for name, kind in both.items()},
                "out_x": Out(len(FEATURES) * NODE.width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        swapped, share, soft, rise = self._of_pair(m)
        values = {**self._of_tracks(m), **self._of_vertex(m, swapped, share, soft, rise)}
        m.d.comb += self.out_x.eq(Cat(carried(m, _cut(m, values[feature.name], feature), 1, feature.name) for feature in FEATURES))
        return m

    def _of_tracks(self, m: Module) -> dict[str, Value]:
        """What the tracks alone say, one cycle before the features leave."""
        tracks = (self.in_one, self.in_other)
        bends, outward, chi2, counts = [], [], [], []
        for track in tracks:
            bend, impact = track.transverse.bend, track.transverse.impact
            bends.append(abs(bend)[:_BEND_BITS])
            outward.append(Mux(bend < 0, -impact, impact))
            chi2.append(track.chi2)
            counts.append(add([track.axial[k].there for k in range(N_AXIAL)]) + track.n_stereo)
        found = {
            "same_sign": tracks[0].transverse.bend[-1] == tracks[1].transverse.bend[-1],
            "time": abs(tracks[0].t0 - tracks[1].t0),
            "missing": (2 * (N_AXIAL + N_STEREO) - (counts[0] + counts[1]))[:_MISSING_BITS],
        }
        for name, (one, other) in (("bend", bends), ("outward", outward), ("chi2", chi2)):
            larger = one > other
            found |= {f"{name}_high": Mux(larger, one, other), f"{name}_low": Mux(larger, other, one)}
        return {name: carried(m, value, self._ahead + 1, f"{name}_of_tracks") for name, value in found.items()}

    def _of_pair(self, m: Module) -> tuple[Value, Value, Value, Value]:
        """(whether the first track is bent more, share of the other one, slope of the one, difference of slopes to the other).

        All are there with the numbers of the vertex, the share one cycle later.
        """
        tracks = (self.in_one, self.in_other)
        sizes = [abs(track.transverse.bend)[:_BEND_BITS] for track in tracks]
        swapped = Signal()
        m.d.comb += swapped.eq(sizes[0] > sizes[1])
        high = carried(m, Mux(swapped, sizes[0], sizes[1]), 1, "high")
        low = carried(m, Mux(swapped, sizes[1], sizes[0]), 1, "low")
        up = first_set(high[::-1])
        leading = [(bend << up)[_BEND_BITS - LEADING_BITS : _BEND_BITS] for bend in (low, high)]
        m.submodules.shares = table = Memory(shape=SHARE_BITS, depth=share_table().size, init=share_table().ravel().tolist())
        read = table.read_port()
        m.d.comb += [read.en.eq(1), read.addr.eq(Cat(leading[0], leading[1][:-1]))]
        straight = carried(m, high == 0, 1, "straight")
        share = Mux(straight, Const(1 << (SHARE_BITS - 1), SHARE_BITS), read.data)
        slopes = [track.slope for track in tracks]
        soft, stiff = (carried(m, Mux(swapped, *pair), 1, name) for name, pair in (("soft", slopes), ("stiff", slopes[::-1])))
        return (
            carried(m, swapped, self._ahead, "swapped"),
            carried(m, share, self._ahead - _PAIR_LATENCY + 1, "share"),
            carried(m, soft, self._ahead - 1, "soft_slope"),
            carried(m, stiff - soft, self._ahead - 1, "rise"),
        )

    def _of_vertex(self, m: Module, swapped: Value, share: Value, soft: Value, rise: Value) -> dict[str, Value]:
        """What needs the vertex, one cycle before the features leave."""
        depths, radius = self.in_depths, self.in_radius[:-1]
        mixed = {}
        for name, (one, other) in (("sine", self.in_sines), ("cosine", self.in_cosines)):
            first = Mux(swapped, one, other)
            step = carried(m, Mux(swapped, other, one) - first, 1, f"{name}_step")
            mixed[name] = carried(m, first, 1, name) + rounded(step * share, SHARE_BITS)
        flat, slanted = carried(m, radius * soft, 1, "flat"), carried(m, radius * rise, 1, "slanted")
        climbed = rounded(flat.shift_left(SHARE_BITS) + slanted * share, SHARE_BITS + SLOPE.fraction)
        along = mixed["cosine"]
        return {
            "radius": carried(m, radius, 1, "radius_there"),
            "apart": carried(m, abs(depths[0] - depths[1]), 1, "apart_there"),
            "depth": carried(m, abs(depths[0] + depths[1]), 1, "depth_there"),
            "opening": carried(m, abs(self.in_sines[0] - self.in_sines[1]), 1, "opening_there"),
            "across": abs(mixed["sine"]),
            "along": Mux(along < 0, 0, along),
            "miss": abs(carried(m, (depths[0] + depths[1]) >> 1, 1, "middle") - climbed),
        }


def _cut(m: Module, value: Value, feature: Feature) -> Signal:
    """An input of the network: shifted, and cut to +-NODE_ONE; no register."""
    shifted = value.shift_left(feature.shift) if feature.shift >= 0 else value.shift_right(-feature.shift)
    whole = Signal.like(shifted, name=f"whole_{feature.name}")
    result = Signal(shape(NODE), name=f"cut_{feature.name}")
    m.d.comb += [whole.eq(shifted), result.eq(whole)]
    with m.If(whole > NODE_ONE):
        m.d.comb += result.eq(NODE_ONE)
    if whole.shape().signed:
        with m.If(whole < -NODE_ONE):
            m.d.comb += result.eq(-NODE_ONE)
    return result
