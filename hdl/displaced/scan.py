"""Azimuths of tracks at the radii of the scan: products with constants and one table."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.cdc.neuro.pipeline import carried
from hdl.displaced.layout import N_LANES, Transverse
from hdl.fixed import shape
from trigger.displaced.constants import CROSSING_FRACTION, N_RADII, RADIUS_STEP_LOG2, Constants
from trigger.displaced.formats import CROSSING, TURN
from trigger.displaced.pairs import ASIN_STEP_LOG2

ONE = 1 << CROSSING.fraction
"""CROSSING raw of 1."""
COARSE_ONE = ONE >> ASIN_STEP_LOG2
Azimuth = data.StructLayout({"turn": shape(TURN), "outside": 1})
"""outside: the track does not get to the radius."""
Scan = data.ArrayLayout(Azimuth, N_RADII)


class AzimuthScan(wiring.Component):
    """Azimuths of a track per lane, in domain sync, `LATENCY` cycles after it; one in each cycle.

    Ports: in_tracks; out_scans: azimuths at the radii of the scan.
    """

    LATENCY = 4

    def __init__(self, table: Constants) -> None:
        self._table = table
        super().__init__(
            {"in_tracks": In(data.ArrayLayout(Transverse, N_LANES)), "out_scans": Out(data.ArrayLayout(Scan, N_LANES))}
        )

    def elaborate(self, platform: object) -> Module:
        m, azimuths = Module(), coarse_asin(self._table)
        phi = [carried(m, self.in_tracks[lane].phi, self.LATENCY - 1, f"phi_{lane}") for lane in range(N_LANES)]
        for k in range(N_RADII):
            radius = (k + 1) << RADIUS_STEP_LOG2
            factors = int(self._table.scan_bend[radius]), int(self._table.scan_impact[radius])
            asin = CoarseTable(azimuths)
            m.submodules[f"asin_{k}"] = asin.memory
            for lane in range(N_LANES):
                products = []
                for name, factor in zip(("bend", "impact"), factors, strict=True):
                    exact = self.in_tracks[lane][name] * factor
                    product = Signal.like(exact, name=f"{name}_{k}_{lane}", reset_less=True)
                    m.d.sync += product.eq(exact)
                    products.append(product)
                index, beyond = Signal(signed(COARSE_ONE.bit_length() + 1), reset_less=True), Signal(reset_less=True)
                sine = crossing(m, products[0] + products[1], f"sine_{k}_{lane}")
                m.d.sync += [index.eq(coarse(sine)), beyond.eq((sine == ONE) | (sine == -ONE))]
                size = asin.read(m, abs(index), f"size_{k}_{lane}")
                negative, outside = carried(m, index < 0, 1, f"negative_{k}_{lane}"), carried(m, beyond, 2, f"outside_{k}_{lane}")
                turn = Signal(shape(TURN), reset_less=True, name=f"turn_{k}_{lane}")
                m.d.sync += turn.eq(phi[lane] + Mux(negative, -size, size))
                m.d.comb += [self.out_scans[lane][k].turn.eq(turn), self.out_scans[lane][k].outside.eq(outside)]
        return m


class CoarseTable:
    """A table by the size of a coarse sine, of numbers that are not negative; that of a sine of 1 is no row of `memory`."""

    def __init__(self, values: list[int]) -> None:
        *rows, self._at_one = values
        self._shape = max(values).bit_length()
        self.memory = Memory(shape=self._shape, depth=len(rows), init=rows)

    def read(self, m: Module, size: Value, name: str) -> Value:
        """The number one cycle after its index."""
        row_bits = (self.memory.depth - 1).bit_length()
        read, is_one = self.memory.read_port(), carried(m, size[row_bits], 1, f"{name}_is_one")
        m.d.comb += [read.en.eq(1), read.addr.eq(size[:row_bits])]
        return Mux(is_one, Const(self._at_one, self._shape), read.data)


def crossing(m: Module, exact: Value, name: str) -> Signal:
    """Sine of a crossing, CROSSING: rounded, ties upward, saturated to +-1."""
    kept = Signal.like((exact + (1 << (CROSSING_FRACTION - 1))) >> CROSSING_FRACTION, name=f"{name}_kept")
    m.d.comb += kept.eq((exact + (1 << (CROSSING_FRACTION - 1))) >> CROSSING_FRACTION)
    return saturated(m, kept, ONE, name)


def saturated(m: Module, value: Value, largest: int, name: str) -> Signal:
    """An integer within +-largest."""
    out = Signal(signed(largest.bit_length() + 1), name=name)
    m.d.comb += out.eq(Mux(value > largest, largest, Mux(value < -largest, -largest, value)))
    return out


def rounded(value: Value, shift: int) -> Value:
    """value / 2^shift to the nearest integer, ties upward."""
    return (value + (1 << (shift - 1))) >> shift


def coarse(sine: Value) -> Value:
    """Index of a sine in the coarse tables, signed."""
    return rounded(sine, ASIN_STEP_LOG2)


def coarse_asin(table: Constants) -> list[int]:
    """Azimuths for the coarse sines of 0 to 1; the other half has the opposite sign."""
    return table.asin[ONE :: 1 << ASIN_STEP_LOG2].tolist()


def coarse_cosine(table: Constants) -> list[int]:
    """Cosines for the coarse sines of 0 to 1; the other half is the same."""
    return table.cosine[ONE :: 1 << ASIN_STEP_LOG2].tolist()
