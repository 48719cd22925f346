"""From beats on the input to calibrated rows of complete windows: framing and calibration."""

from amaranth.hdl import Module, Mux, Shape, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.beats import N_BEATS, N_LANES, START_BITS, TIME_BITS
from hdl.ecl.calibration import CellCalibration
from hdl.logic import delayed
from trigger.ecl.calibration import ADC_BITS, EclCalibration

RowSignature = wiring.Signature(
    {
        "valid": Out(1),
        "beat": Out(range(N_BEATS)),
        "last": Out(1),
        "bank": Out(1),
        "start": Out(signed(START_BITS)),
        "adc": Out(ADC_BITS * N_LANES),
        "time": Out(TIME_BITS * N_LANES),
    }
)
"""One calibrated beat: its number, whether it closes the window, the buffer and the start time of the window, the cells."""


class WindowReceiver(wiring.Component):
    """Calibrated rows of open windows.

    A beat counts if `in_valid`; `in_first` opens a window in any state and drops an unfinished one; beats outside a window
    are ignored. `in_start` is sampled with the first beat. One beat per cycle.
    """

    LATENCY = CellCalibration.LATENCY

    def __init__(self, calibration: EclCalibration) -> None:
        self._calibration = calibration
        super().__init__(
            {
                "in_valid": In(1),
                "in_first": In(1),
                "in_adc": In(ADC_BITS * N_LANES),
                "in_time": In(TIME_BITS * N_LANES),
                "in_start": In(signed(START_BITS)),
                "row": Out(RowSignature),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        is_open, expected, bank = Signal(), Signal(range(N_BEATS)), Signal()
        taken, beat, last = Signal(), Signal(range(N_BEATS)), Signal()
        m.d.comb += [
            taken.eq(self.in_valid & (self.in_first | is_open)),
            beat.eq(Mux(self.in_first, 0, expected)),
            last.eq(taken & (beat == N_BEATS - 1)),
        ]
        start = Signal(Shape.cast(signed(START_BITS)))
        with m.If(taken):
            m.d.sync += [is_open.eq(~last), expected.eq(beat + 1), bank.eq(bank ^ last)]
            with m.If(beat == 0):
                m.d.sync += start.eq(self.in_start)

        m.submodules.calibration = calibration = CellCalibration(self._calibration)
        m.d.comb += [
            calibration.beat.eq(beat),
            calibration.raw_adc.eq(self.in_adc),
            self.row.valid.eq(delayed(m, taken, self.LATENCY, "valid")),
            self.row.beat.eq(delayed(m, beat, self.LATENCY, "beat")),
            self.row.last.eq(delayed(m, last, self.LATENCY, "last")),
            self.row.bank.eq(delayed(m, bank, self.LATENCY, "bank")),
            self.row.start.eq(delayed(m, start, self.LATENCY - 1, "start")),
            self.row.adc.eq(calibration.adc),
            self.row.time.eq(delayed(m, self.in_time, self.LATENCY, "time")),
        ]
        return m
