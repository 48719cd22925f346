"""The vertex of a crossing of two tracks: where it lies, and whether it passes the cuts."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.cdc.neuro.pipeline import carried
from hdl.displaced.crossing import farthest
from hdl.displaced.layout import Track
from hdl.displaced.scan import CoarseTable, coarse, coarse_asin, coarse_cosine, crossing, rounded, saturated
from hdl.fixed import shape
from trigger.displaced.constants import Constants
from trigger.displaced.event import Cuts
from trigger.displaced.formats import CROSSING, DEPTH, FACTOR, SLOPE, TURN
from trigger.displaced.vertex import POINTING_FRACTION

_PAIR = ("one", "other")


class VertexFit(wiring.Component):
    """Vertex of a crossing, in domain sync; one in each cycle.

    Ports:
        in_one, in_other, in_radius: tracks and radius, DEPTH.
        out_radius, out_phi, out_depths, out_sines, out_cosines: `LATENCY` cycles later: radius DEPTH and azimuth TURN of the
            vertex, of both tracks z there, DEPTH, and sine and cosine of the direction to the radius, CROSSING.
        out_passes: `CUT_LATENCY` cycles later: whether it passes the cuts.
    """

    LATENCY = 6
    CUT_LATENCY = 8

    def __init__(self, cuts: Cuts, table: Constants) -> None:
        self._cuts, self._table = cuts, table
        both = {"depths": shape(DEPTH), "sines": shape(CROSSING), "cosines": shape(CROSSING)}
        super().__init__(
            {
                "in_one": In(Track),
                "in_other": In(Track),
                "in_radius": In(shape(DEPTH)),
                "out_radius": Out(shape(DEPTH)),
                "out_phi": Out(shape(TURN)),
                **{f"out_{name}": Out(data.ArrayLayout(kind, len(_PAIR))) for name, kind in both.items()},
                "out_passes": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        radius, tracks = self.in_radius, (self.in_one, self.in_other)
        factors = [self._read(m, name, self._table_of(name), radius[:-1]) for name in ("scan_bend", "scan_impact")]
        across: list[Value] = []
        along: list[Value] = []
        for side, (name, track) in enumerate(zip(_PAIR, tracks, strict=True)):
            sums = self._sums(m, track, factors, name)
            index = self._index(m, sums[0], name)
            if side == 0:
                self._azimuth(m, track, index)
            path = self._product(m, carried(m, radius, 3, f"radius_{name}"), self._cosine(m, index, name), f"path_{name}")
            depth = self._depth(m, track, path, name)
            sine, cosine = self._direction(m, track, sums[1], name)
            for out, value in ((self.out_depths, depth), (self.out_sines, sine), (self.out_cosines, cosine)):
                m.d.comb += out[side].eq(carried(m, value, 1, f"out_{name}_{len(across)}_{value.name}"))
            weight = carried(m, abs(tracks[1 - side].transverse.bend), 5, f"weight_{name}")
            across.append(self._product(m, sine, weight, f"across_{name}"))
            along.append(self._product(m, cosine, weight, f"along_{name}"))
        m.d.comb += self.out_radius.eq(carried(m, radius, self.LATENCY, "radius"))
        self._cut(m, abs(across[0] + across[1]), along[0] + along[1])
        return m

    def _table_of(self, name: str) -> list[int]:
        return getattr(self._table, name).tolist()

    def _read(self, m: Module, name: str, values: list[int], address: Value) -> Value:
        """An entry of a table of numbers that are not negative, one cycle after its address."""
        m.submodules[name] = memory = Memory(shape=max(values).bit_length(), depth=len(values), init=values)
        read = memory.read_port()
        m.d.comb += [read.en.eq(1), read.addr.eq(address)]
        return read.data

    def _product(self, m: Module, one: Value, other: Value, name: str) -> Signal:
        """A product, one cycle later."""
        exact = one * other
        product = Signal.like(exact, name=name, reset_less=True)
        m.d.sync += product.eq(exact)
        return product

    def _sums(self, m: Module, track: data.View, factors: list[Value], name: str) -> tuple[Value, Value]:
        """Cycle 2: sines of the azimuth from the direction at the perigee, and of the direction to the radius, less its stretch."""
        of_bend, of_impact = (
            self._product(m, carried(m, track.transverse[what], 1, f"{what}_{name}"), factor, f"of_{what}_{name}")
            for what, factor in zip(("bend", "impact"), factors, strict=True)
        )
        return crossing(m, of_bend + of_impact, f"u_{name}"), crossing(m, of_bend - of_impact, f"s_{name}")

    def _index(self, m: Module, sine: Value, name: str) -> Signal:
        """Index in the coarse tables."""
        index = Signal.like(coarse(sine), name=f"index_{name}")
        m.d.comb += index.eq(coarse(sine))
        return index

    def _coarse(self, m: Module, name: str, values: list[int], index: Signal) -> Value:
        """An entry of a coarse table, one cycle after its index."""
        table = CoarseTable(values)
        m.submodules[name] = table.memory
        return table.read(m, abs(index), name)

    def _cosine(self, m: Module, index: Signal, name: str) -> Value:
        return self._coarse(m, f"cosine_{name}", coarse_cosine(self._table), index)

    def _azimuth(self, m: Module, track: data.View, index: Signal) -> None:
        turned = self._coarse(m, "asin", coarse_asin(self._table), index)
        phi = carried(m, track.transverse.phi, 3, "phi") + Mux(carried(m, index < 0, 1, "negative"), -turned, turned)
        m.d.comb += self.out_phi.eq(carried(m, phi[: TURN.width], self.LATENCY - 3, "phi_there"))

    def _depth(self, m: Module, track: data.View, path: Signal, name: str) -> Signal:
        """Cycle 5: z of a track, from the product for its path in cycle 4."""
        slope = carried(m, track.slope, 4, f"slope_{name}")
        rise = self._product(m, slope, rounded(path, CROSSING.fraction), f"rise_{name}")
        return saturated(m, carried(m, track.z0, 5, f"z0_{name}") + rounded(rise, SLOPE.fraction), DEPTH.raw_max, f"depth_{name}")

    def _direction(self, m: Module, track: data.View, sine: Value, name: str) -> tuple[Signal, Signal]:
        """Cycle 5: sine and cosine of a track's direction, from the sine in cycle 2 that its stretch is missing in."""
        grow = self._read(m, f"grow_{name}", self._table_of("grow"), carried(m, track.row, 2, f"row_{name}"))
        stretched = self._product(m, carried(m, sine, 1, f"plain_{name}"), grow, f"stretched_{name}")
        whole = saturated(m, rounded(stretched, FACTOR.fraction), CROSSING.raw_max, f"whole_{name}")
        cosine = Signal(self.out_cosines[0].shape(), name=f"cosine_of_{name}")
        m.d.comb += cosine.eq(self._cosine(m, self._index(m, whole, f"direction_{name}"), f"direction_{name}"))
        return carried(m, whole, 1, f"sine_{name}"), cosine

    def _cut(self, m: Module, across: Value, along: Value) -> None:
        """Cycle 6: size of the sum of the weighted sines, sum of the cosines."""
        cuts, radius = self._cuts, self.in_radius
        inner = self.in_one.axial[0].there | self.in_other.axial[0].there
        with_inner, without = farthest(cuts, self._table)
        reached = (radius >= cuts.radius_low) & (radius <= Mux(inner, with_inner, without))
        close = abs(self.out_depths[0] - self.out_depths[1]) <= cuts.depth
        sizes = [Signal.like(value, name=name, reset_less=True) for name, value in (("across", across), ("along", along))]
        m.d.sync += [size.eq(value) for size, value in zip(sizes, (across, along), strict=True)]
        pointing = (sizes[0] << POINTING_FRACTION) <= cuts.tangent * sizes[1]
        passes = Signal(reset_less=True)
        m.d.sync += passes.eq(pointing & carried(m, close, 1, "close") & carried(m, reached, self.CUT_LATENCY - 1, "reached"))
        m.d.comb += self.out_passes.eq(passes)
