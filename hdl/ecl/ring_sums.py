"""Energy of each of the 17 theta rings, summed while the beats arrive.

Ref: basf2 trg/ecl TrgEclMaster.cc, phi-ring sums (read in public source).
"""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.beats import N_BEATS, beat_and_lane
from hdl.ecl.window import RowSignature
from hdl.logic import add, delayed
from trigger.ecl.calibration import ADC_BITS, ADC_MAX
from trigger.geometry.ecl import N_PHI, N_THETA, Region, cells

RING_BITS = (N_PHI[Region.BRL] * ADC_MAX).bit_length()
RingSums = data.ArrayLayout(RING_BITS, N_THETA)
"""Index = theta id - 1."""
ADDED_PER_STAGE = 4


def ring_inputs(theta_id: int) -> list[dict[int, int]]:
    """Adder inputs of a ring, each a map from beat to the lane that it takes then.

    A lane that carries the ring in several beats stays on one input; lanes that carry it in few beats share inputs.
    """
    lanes_of_beat: dict[int, list[int]] = {}
    for index in (cells().theta_id == theta_id).nonzero()[0].tolist():
        beat, lane = beat_and_lane(index)
        lanes_of_beat.setdefault(beat, []).append(lane)
    inputs: list[dict[int, int]] = []
    for beat, lanes in sorted(lanes_of_beat.items(), key=lambda item: -len(item[1])):
        free = [one for one in inputs if beat not in one]
        for lane in sorted(lanes, key=lambda lane: not any(lane in one.values() for one in free)):
            one = next((one for one in free if lane in one.values()), free[0] if free else {})
            if not one:
                inputs.append(one)
            else:
                free.remove(one)
            one[beat] = lane
    return inputs


class RingSummer(wiring.Component):
    """Ring sums of complete windows, valid only with `done`; a row per cycle."""

    LATENCY = 3

    def __init__(self) -> None:
        super().__init__({"row": In(RowSignature), "rings": Out(RingSums), "done": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        valid = delayed(m, self.row.valid, self.LATENCY - 1, "valid")
        first = delayed(m, self.row.beat == 0, self.LATENCY - 1, "first")
        m.d.comb += self.done.eq(delayed(m, self.row.valid & self.row.last, self.LATENCY, "done"))
        for ring in range(N_THETA):
            inputs = [self._taken(lanes) for lanes in ring_inputs(ring + 1)]
            groups = []
            for k in range(0, len(inputs), ADDED_PER_STAGE):
                members = inputs[k : k + ADDED_PER_STAGE]
                group = Signal(range(len(members) * ADC_MAX + 1), name=f"group_{ring}_{k // ADDED_PER_STAGE}")
                m.d.sync += group.eq(add(members))
                groups.append(group)
            of_beat = Signal(range(len(inputs) * ADC_MAX + 1), name=f"of_beat_{ring}")
            m.d.sync += of_beat.eq(add(groups))
            with m.If(valid):
                m.d.sync += self.rings[ring].eq(Mux(first, 0, self.rings[ring]) + of_beat)
        return m

    def _taken(self, lane_of_beat: dict[int, int]) -> Value:
        """The lane that an adder input takes in the present beat, 0 if none."""
        taken: Value = Const(0, ADC_BITS)
        for lane in sorted(set(lane_of_beat.values())):
            beats = sum(1 << beat for beat, taken_lane in lane_of_beat.items() if taken_lane == lane)
            is_taken = Const(beats, N_BEATS).bit_select(self.row.beat, 1)
            taken |= Mux(is_taken, self.row.adc.word_select(lane, ADC_BITS), 0)
        return taken
