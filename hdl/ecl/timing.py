"""Event timing: time, region and quality of the most energetic cell of a window.

Ref: basf2 trg/ecl TrgEclTiming.cc, method 1 (read in public source).
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.beats import N_BEATS, N_LANES, START_BITS, TIME_BITS, beat_and_lane
from hdl.ecl.window import RowSignature
from hdl.logic import delayed
from trigger.ecl.calibration import ADC_BITS
from trigger.ecl.thresholds import EclThresholds
from trigger.geometry.ecl import FIRST_BACKWARD, FIRST_BARREL, Region

Best = data.StructLayout({"adc": ADC_BITS, "time": TIME_BITS, "lane": range(N_LANES)})
LEVELS_PER_STAGE = 2


class Timing(wiring.Component):
    """Timing of complete windows, raw, relative to the nominal event time; the lowest id wins ties.

    Everything is 0 without a hit. The answers appear `LATENCY` cycles after the last row and stay until the next window's.
    """

    STAGES = 3
    LATENCY = STAGES + 2

    def __init__(self, thresholds: EclThresholds) -> None:
        self._thresholds = thresholds
        super().__init__({"row": In(RowSignature), "time": Out(signed(START_BITS)), "source": Out(len(Region)), "quality": Out(2)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        level = []
        for lane in range(N_LANES):
            cell = Signal(Best, name=f"cell_{lane}")
            m.d.comb += [
                cell.adc.eq(self.row.adc.word_select(lane, ADC_BITS)),
                cell.time.eq(self.row.time.word_select(lane, TIME_BITS)),
                cell.lane.eq(lane),
            ]
            level.append(cell)
        for depth in range(LEVELS_PER_STAGE * self.STAGES):
            domain = m.d.sync if depth % LEVELS_PER_STAGE == LEVELS_PER_STAGE - 1 else m.d.comb
            winners = []
            for k in range(0, len(level), 2):
                winner = Signal(Best, name=f"winner_{depth}_{k // 2}")
                pair = level[k : k + 2]
                domain += winner.eq(Mux(pair[1].adc > pair[0].adc, pair[1], pair[0]) if len(pair) == 2 else pair[0])
                winners.append(winner)
            level = winners
        self._keep_best(m, level[0])
        return m

    def _keep_best(self, m: Module, of_row: data.View) -> None:
        best, best_beat = Signal(Best), Signal(range(N_BEATS))
        beat = delayed(m, self.row.beat, self.STAGES, "beat")
        valid = delayed(m, self.row.valid, self.STAGES, "valid")
        with m.If(valid & ((beat == 0) | (of_row.adc > best.adc))):
            m.d.sync += [best.eq(of_row), best_beat.eq(beat)]

        start = delayed(m, self.row.start, self.STAGES + 1, "start")
        any_hit = best.adc.any()
        quality = Mux(
            best.adc >= self._thresholds.timing_super_min,
            3,
            Mux(best.adc >= self._thresholds.timing_fine_min, 2, 1),
        )
        barrel_or_later = _at_or_after(best_beat, best.lane, FIRST_BARREL)
        backward = _at_or_after(best_beat, best.lane, FIRST_BACKWARD)
        source = Mux(backward, 1 << Region.BWD, Mux(barrel_or_later, 1 << Region.BRL, 1 << Region.FWD))
        with m.If(delayed(m, self.row.valid & self.row.last, self.LATENCY - 1, "last")):
            m.d.sync += [
                self.time.eq(Mux(any_hit, start + best.time, 0)),
                self.source.eq(Mux(any_hit, source, 0)),
                self.quality.eq(Mux(any_hit, quality, 0)),
            ]


def _at_or_after(beat: Signal, lane: Signal, tc_id: int):
    first_beat, first_lane = beat_and_lane(tc_id - 1)
    return (beat > first_beat) | ((beat == first_beat) & (lane >= first_lane))
