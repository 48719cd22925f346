"""Where a 2D track crosses the superlayers: reference ids and crossing angles.

Ref: basf2 trg/cdc NeuroTrigger.cc updateTrackFix (read in public source).
"""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.cdc.neuro.pipeline import carried
from hdl.cdc.neuro.segments import AXIAL, STEREO
from hdl.fixed import convert, shape
from trigger.cdc.hough.plane import HoughPlane
from trigger.cdc.neuro.crossing import crossing_table, wires_per_radian
from trigger.cdc.neuro.formats import AZIMUTH, CROSSING_ANGLE, REFERENCE_ID, WIRES_PER_RADIAN
from trigger.fixed import Fixed, Overflow, Rounding
from trigger.geometry.cdc import N_SUPERLAYERS

N_RADII = 2
DIFFERENCE_BITS = AZIMUTH.width + 1
PRODUCT = Fixed(
    width=DIFFERENCE_BITS + WIRES_PER_RADIAN.width,
    fraction=AZIMUTH.fraction + WIRES_PER_RADIAN.fraction,
    signed=True,
    rounding=Rounding.TRN,
    overflow=Overflow.SAT,
)
Angles = data.ArrayLayout(data.ArrayLayout(shape(CROSSING_ANGLE), N_RADII), N_SUPERLAYERS)


class References(wiring.Component):
    """Reference ids of a track `LATENCY` cycles after it, one track per cycle; they come out of logic, not of registers.

    phi: azimuth in half cells; omega: half cells from the lowest curvature. second: per axial superlayer, whether the track's own
    segment lies at the second-priority radius. axial: references at those radii; stereo: at both radii. later_angles: crossing
    angles of `later_omega`, one cycle later.
    """

    LATENCY = 2

    def __init__(self, plane: HoughPlane) -> None:
        self._plane = plane
        reference = shape(REFERENCE_ID)
        super().__init__(
            {
                "phi": In(range(2 * plane.n_phi)),
                "omega": In(range(2 * plane.n_omega - 1)),
                "second": In(len(AXIAL)),
                "axial": Out(data.ArrayLayout(reference, len(AXIAL))),
                "stereo": Out(data.ArrayLayout(data.ArrayLayout(reference, N_RADII), len(STEREO))),
                "later_omega": In(range(2 * plane.n_omega - 1)),
                "later_angles": Out(Angles),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        azimuths = AZIMUTH.quantise(self._plane.phi0_rad(range(2 * self._plane.n_phi))).tolist()
        m.submodules.azimuth = azimuth = Memory(shape=shape(AZIMUTH), depth=len(azimuths), init=azimuths)
        table = crossing_table(self._plane).tolist()
        m.submodules.angles = angle_table = Memory(shape=Angles, depth=len(table), init=table)
        phi0, now, later = azimuth.read_port(), angle_table.read_port(), angle_table.read_port()
        m.d.comb += [
            phi0.addr.eq(self.phi),
            now.addr.eq(self.omega),
            later.addr.eq(self.later_omega),
            *(port.en.eq(1) for port in (phi0, now, later)),
            self.later_angles.eq(later.data),
        ]
        second = carried(m, self.second, 1, "second")
        for k, superlayer in enumerate(AXIAL):
            radii = now.data[superlayer]
            self._reference(m, self.axial[k], phi0.data, Mux(second[k], radii[1], radii[0]), superlayer, f"axial_{k}")
        for k, superlayer in enumerate(STEREO):
            for radius in range(N_RADII):
                angle = now.data[superlayer][radius]
                self._reference(m, self.stereo[k][radius], phi0.data, angle, superlayer, f"stereo_{k}_{radius}")
        return m

    def _reference(self, m: Module, out: Value, phi0: Value, angle: Value, superlayer: int, name: str) -> None:
        difference = Signal(signed(DIFFERENCE_BITS), name=f"difference_{name}")
        product = Signal(shape(PRODUCT), name=f"product_{name}", reset_less=True)
        m.d.comb += difference.eq(phi0 - angle)
        m.d.sync += product.eq(difference * int(wires_per_radian()[superlayer]))
        m.d.comb += out.eq(convert(m, product, PRODUCT, REFERENCE_ID))
