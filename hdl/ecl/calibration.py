"""Dead, hot, threshold and gain of every cell, applied to one beat per cycle; cells with neutral settings get no logic."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.beats import N_BEATS, N_LANES
from hdl.logic import choose
from trigger.ecl.calibration import ADC_BITS, ADC_MAX, GAIN_FRACTION_BITS, GAIN_ONE, EclCalibration


class CellCalibration(wiring.Component):
    """Calibrated counts of a beat, in the order of `EclCalibration`: dead, hot, gain, threshold.

    The threshold is a comparison with the count before the gain, so that it runs beside the multiplier: with gain g,
    floor(n g / 2^10) >= t means n >= ceil(t 2^10 / g). One beat per cycle.
    """

    LATENCY = 2

    def __init__(self, calibration: EclCalibration) -> None:
        self._calibration = calibration
        super().__init__({"beat": In(range(N_BEATS)), "raw_adc": In(ADC_BITS * N_LANES), "adc": Out(ADC_BITS * N_LANES)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        beat = Signal(range(N_BEATS))
        m.d.sync += beat.eq(self.beat)
        results = []
        for lane in range(N_LANES):
            raw = self.raw_adc.word_select(lane, ADC_BITS)
            shown, result = Signal(ADC_BITS, name=f"shown_{lane}"), Signal(ADC_BITS, name=f"result_{lane}")
            m.d.sync += [shown.eq(self._shown(raw, lane)), result.eq(self._scaled(shown, beat, lane))]
            results.append(result)
        m.d.comb += self.adc.eq(Cat(results))
        return m

    def _shown(self, raw: Value, lane: int) -> Value:
        """What a dead or hot cell shows."""
        dead = [int(value) for value in self._calibration.dead[lane::N_LANES]]
        hot = [int(value) for value in self._calibration.hot_adc[lane::N_LANES]]
        if any(hot):
            least = choose(hot, self.beat)
            raw = Mux(raw < least, least, raw)
        return Mux(choose(dead, self.beat), 0, raw) if any(dead) else raw

    def _scaled(self, shown: Value, beat: Value, lane: int) -> Value:
        """The count times the gain, saturated, or 0 below the threshold."""
        gain = [int(value) for value in self._calibration.gain_raw[lane::N_LANES]]
        threshold = [int(value) for value in self._calibration.threshold_adc[lane::N_LANES]]
        scaled: Value = shown
        if any(value != GAIN_ONE for value in gain):
            whole = (shown * choose(gain, beat))[GAIN_FRACTION_BITS:]
            scaled = Mux(whole[ADC_BITS:].any(), Const(ADC_MAX, ADC_BITS), whole[:ADC_BITS])
        least = [
            min(-(-(t << GAIN_FRACTION_BITS) // g), ADC_MAX + 1) if g else ADC_MAX + 1 for t, g in zip(threshold, gain, strict=True)
        ]
        return Mux(shown >= choose(least, beat), scaled, 0) if any(value != 1 for value in least) else scaled
