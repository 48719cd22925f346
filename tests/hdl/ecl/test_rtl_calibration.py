"""Calibration of cells in hardware: every count of chosen cells against the declared rule; neutral cells cost nothing."""

import numpy as np
import pytest

from hdl.ecl.calibration import CellCalibration
from hdl.verilog import write_verilog
from trigger.ecl.calibration import ADC_BITS, ADC_MAX, GAIN_BITS, EclCalibration
from trigger.geometry.ecl import N_CELLS

LANES = 36


def calibrated(bench, calibration, adc):
    """Counts after calibration of windows (n, 576), through the component, beat after beat."""
    beats = adc.reshape(-1, LANES)
    stimulus = [
        {"beat": k % 16, "raw_adc": sum(int(value) << (ADC_BITS * lane) for lane, value in enumerate(beat))}
        for k, beat in enumerate(beats)
    ]
    seen = bench.trace(CellCalibration(calibration), [*stimulus, *[{}] * CellCalibration.LATENCY], ["adc"])
    words = [one["adc"] for one in seen[CellCalibration.LATENCY :]]
    lanes = [[word >> (ADC_BITS * lane) & ADC_MAX for lane in range(LANES)] for word in words]
    return np.array(lanes).reshape(-1, N_CELLS)


@pytest.mark.parametrize("seed", [1, 2])
def test_all_settings_at_once(bench, seed):
    """Random settings for every cell, at random counts and at the edges of threshold, hot count and saturation."""
    rng = np.random.default_rng(seed)
    calibration = EclCalibration(
        dead=rng.random(N_CELLS) < 0.1,
        hot_adc=np.where(rng.random(N_CELLS) < 0.3, rng.integers(0, ADC_MAX + 1, N_CELLS), 0).astype(np.uint16),
        threshold_adc=rng.integers(1, (40, ADC_MAX + 1)[seed - 1], N_CELLS).astype(np.uint16),
        gain_raw=rng.integers(0, 1 << GAIN_BITS, N_CELLS).astype(np.uint16),
    )
    gain = np.maximum(calibration.gain_raw, 1).astype(np.int64)
    at_threshold = (calibration.threshold_adc.astype(np.int64) << 10) // gain
    at_limit = ((ADC_MAX + 1) << 10) // gain
    edges = [base + step for base in (at_threshold, at_limit, calibration.hot_adc.astype(np.int64)) for step in (-1, 0, 1)]
    adc = np.clip([*edges, np.zeros(N_CELLS), np.full(N_CELLS, ADC_MAX), *rng.integers(0, ADC_MAX + 1, (20, N_CELLS))], 0, ADC_MAX)
    adc = adc.astype(np.uint16)
    wanted = calibration.apply(np.broadcast_to(np.arange(1, N_CELLS + 1), adc.shape), adc)
    assert np.array_equal(calibrated(bench, calibration, adc), wanted)


def test_every_count_of_one_cell(bench):
    """A gain of 1.5 with a threshold of 19: truncation, saturation and threshold for all 4096 counts."""
    gain, threshold = np.full(N_CELLS, 1536, np.uint16), np.full(N_CELLS, 19, np.uint16)
    counts = np.resize(np.arange(ADC_MAX + 1), 8 * N_CELLS)
    adc = counts.reshape(-1, N_CELLS).astype(np.uint16)
    found = calibrated(bench, EclCalibration(gain_raw=gain, threshold_adc=threshold), adc).ravel()
    wanted = [min(count * 3 // 2, ADC_MAX) if count * 3 // 2 >= 19 else 0 for count in counts.tolist()]
    assert found.tolist() == wanted


def test_neutral_is_free(tmp_path):
    """A neutral calibration is registers alone: no comparison, no product; one dead cell brings logic for its lane only."""

    def text(calibration):
        path = write_verilog(CellCalibration(calibration), tmp_path / "c.v", name="calibration", declarations=calibration)
        return path.read_text(encoding="utf-8")

    neutral = text(EclCalibration())
    one_dead = text(EclCalibration(dead=np.arange(N_CELLS) == 40))
    assert not any(operator in neutral for operator in (" * ", " < ", " >= ", " == ", " ? "))
    assert one_dead.count(" ? ") > neutral.count(" ? ")
    assert len(one_dead.splitlines()) < len(neutral.splitlines()) + 60
