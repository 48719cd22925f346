"""The ECL RTL against the published simulation, the model and the protocol of its ports, latency and interval measured."""

import itertools

import numpy as np
import pytest

from hdl.ecl.mutant import Mutant
from hdl.ecl.trigger import EclTrigger
from trigger.ecl import EclTrigger as Model
from trigger.ecl.calibration import ADC_MAX, EclCalibration
from trigger.ecl.layout import DECISION_FIELDS
from trigger.ecl.parameters import EclParameters
from trigger.ecl.thresholds import EclThresholds
from trigger.geometry.ecl import N_CELLS, cells

NAMES = {"b3d_intrack": "bhabha3d_intrack", "b3d_sel_theta": "bhabha3d_theta", "bg_veto": "bgveto"}
NOT_ANSWERS = {"offsets", "tc_id", "adc", "category", "trg", "n_before_limit", "bhabha2d_raw"}


def decide(adc, parameters=None, calibration=None):
    """The model's answers to windows without times: one dict of fields per window."""
    event, cell = np.nonzero(adc)
    offsets = np.concatenate([[0], np.cumsum((adc > 0).sum(axis=1))])
    arrays = Model(parameters, calibration).run(offsets, cell + 1, adc[event, cell]).arrays()
    return [{name: np.atleast_1d(array[k]).astype(np.int64) for name, array in arrays.items()} for k in range(len(adc))]


def compare(answers, expected):
    """Every field of every event; five differences are shown."""
    assert len(answers) == len(expected)
    wrong = [
        (event, name, answer.fields[name].tolist(), wanted[name].tolist())
        for event, (answer, wanted) in enumerate(zip(answers, expected, strict=True))
        for name in wanted
        if not np.array_equal(answer.fields[name], wanted[name])
    ]
    assert not wrong, wrong[:5]


def test_published_simulation(bench, reference):
    """Events of every category at full rate: all fields that the published simulation has."""
    categories = [np.flatnonzero(reference["category"] == k)[:: max(1, (reference["category"] == k).sum() // 60)] for k in range(5)]
    chosen = np.concatenate(categories)
    assert len(chosen) >= 300
    adc = np.zeros((len(chosen), N_CELLS), np.uint16)
    for row, event in enumerate(chosen):
        hits = slice(*reference["offsets"][event : event + 2])
        adc[row, reference["tc_id"][hits] - 1] = reference["adc"][hits]
    fields = {f"ecl_{NAMES.get(name, name)}": name for name in reference if name not in NOT_ANSWERS}
    assert len(fields) == 31
    expected = [
        {ours: np.atleast_1d(reference[theirs][event]).astype(np.int64) for ours, theirs in fields.items()} for event in chosen
    ]
    compare(bench.run(EclTrigger(), [cycle for row in adc for cycle in bench.window(row)]), expected)


def test_latency_and_interval(bench):
    """Back to back, one answer every 16 cycles; with idle cycles, each answer the same number of cycles after its last beat."""
    rng = np.random.default_rng(1)
    adc = bench.random_windows(rng, 24)
    expected = decide(adc)
    back_to_back = [cycle for row in adc for cycle in bench.window(row)]
    answers = bench.run(EclTrigger(), back_to_back)
    compare(answers, expected)
    assert {b.cycle - a.cycle for a, b in itertools.pairwise(answers)} == {EclTrigger.INITIATION_INTERVAL}
    assert answers[0].cycle == 15 + EclTrigger.LATENCY

    spread = [one for cycle in back_to_back for one in (*[bench.idle] * int(rng.choice([0, 0, 0, 1, 2, 45])), cycle)]
    beats = [k for k, cycle in enumerate(spread) if cycle.valid]
    answers = bench.run(EclTrigger(), spread)
    compare(answers, expected)
    assert {answer.cycle - last for answer, last in zip(answers, beats[15::16], strict=True)} == {EclTrigger.LATENCY}
    assert EclTrigger.LATENCY <= 32


def test_times(bench):
    """Cluster times are those of the centre cells, the event's that of the most energetic cell, both from the window's start."""
    rng = np.random.default_rng(2)
    adc = bench.random_windows(rng, 32)
    time, start = np.where(adc > 0, rng.integers(0, 256, adc.shape), 0), rng.integers(-255, 129, len(adc))
    expected = decide(adc)
    for k, wanted in enumerate(expected):
        centre = wanted["ecl_cluster_tc"]
        wanted["ecl_cluster_time"] = np.where(centre > 0, start[k] + time[k, centre - 1], 0)
        wanted["ecl_timing"] = np.where(adc[k].any(), start[k] + time[k, [adc[k].argmax()]], 0)
        wanted["ecl_word"][0] += (wanted["ecl_timing"][0] & 0x7F) << 1
    windows = [bench.window(*window) for window in zip(adc, time, start.tolist(), strict=True)]
    compare(bench.run(EclTrigger(), [cycle for window in windows for cycle in window]), expected)


def test_empty_and_full_windows(bench):
    """Nothing answers 0 everywhere, even where 0 GeV would pass, between two windows with the largest possible sums."""
    adc = np.zeros((3, N_CELLS), np.uint16)
    adc[[0, 2]] = ADC_MAX
    parameters = EclParameters.default().replace(bha2d_fw05=0, bha2d_bw05=0)
    dut = EclTrigger(thresholds=EclThresholds.from_parameters(parameters))
    answers = bench.run(dut, [cycle for row in adc for cycle in bench.window(row, start=55)])
    assert not any(values.any() for values in answers[1].fields.values())
    assert answers[0].fields["ecl_etotal_adc"].tolist() == [N_CELLS * ADC_MAX]
    assert answers[2].fields["ecl_timing"].tolist() == [55]
    compare([answers[1]], decide(adc, parameters)[1:2])


def test_broken_windows(bench):
    """Beats before the first window and after a complete one count for nothing; a new first beat drops what was open."""
    adc = bench.random_windows(np.random.default_rng(3), 24)[[3, 4, 6, 7, 11, 12]]
    windows = [bench.window(row) for row in adc]
    stray = [*windows[0][1:], *windows[0][1:]]
    cycles = [*stray, *windows[1], *stray, *windows[2][:9], *windows[3], *windows[4][:15], *windows[4][:1], *windows[5]]
    answers = bench.run(EclTrigger(), cycles)
    compare(answers, decide(adc[[1, 3, 5]]))
    starts = [30, 30 + 16 + 30 + 9, 30 + 16 + 30 + 9 + 16 + 15 + 1]
    assert [answer.cycle for answer in answers] == [start + 15 + EclTrigger.LATENCY for start in starts]


@pytest.mark.parametrize("progress", [3, 15, 16 + 5, 15 + EclTrigger.LATENCY - 1])
def test_reset(bench, progress):
    """A reset in mid-stream leaves no answer of what was under way, beats of an open window are lost, the next window is right."""
    adc = bench.random_windows(np.random.default_rng(4), 8)
    before = [cycle for row in adc[4:] for cycle in bench.window(row)]
    rest = [cycle for cycle in before[progress : progress + 7] if not cycle.first]
    after = [cycle for row in adc[:4] for cycle in bench.window(row)]
    answers = bench.run(EclTrigger(), [*before[:progress], bench.reset, *rest, *after])
    compare(answers, decide(adc[:4]))
    assert answers[0].cycle == progress + 1 + len(rest) + 15 + EclTrigger.LATENCY


def test_other_parameters_and_calibration(bench):
    """Thresholds and cells' settings reach the hardware."""
    rng = np.random.default_rng(5)
    parameters = EclParameters.default().replace(
        lowe=0.2,
        bha2d_fw03=0.4,
        bha2d_bw03="0.3",
        bha2d_fw05=0,
        bha2d_bw05=0,
        bha3dveto_e_l=0.3,
        bha3dveto_e_h=0.4,
        lml13_theta_id=0x1FFFF,
        lml_cl_e_cms_2=0.3,
    )
    calibration = EclCalibration(
        dead=rng.random(N_CELLS) < 0.2,
        hot_adc=np.where(rng.random(N_CELLS) < 0.02, 100, 0).astype(np.uint16),
        threshold_adc=rng.integers(1, 30, N_CELLS).astype(np.uint16),
        gain_raw=rng.choice([0, 300, 1024, 1025, 3000], N_CELLS).astype(np.uint16),
    )
    adc = bench.random_windows(rng, 32)
    dut = EclTrigger(thresholds=EclThresholds.from_parameters(parameters), calibration=calibration)
    answers = bench.run(dut, [cycle for row in adc for cycle in bench.window(row)])
    expected = decide(adc, parameters, calibration)
    for name in ("ecl_elow", "ecl_bhabha2d_type", "ecl_lml", "ecl_etotal_adc"):
        assert any((a[name] != b[name]).any() for a, b in zip(expected, decide(adc), strict=True)), name
    compare(answers, expected)


def barrel(*counts):
    """One window: these counts in barrel cells far from each other, theta id 8."""
    adc = np.zeros(N_CELLS, np.uint16)
    chosen = np.flatnonzero(cells().theta_id == 8)[:: 36 // 9]
    adc[chosen[: len(counts)]] = counts
    return adc, cells().cm_energy_e[chosen]


def test_mutants(bench):
    """Each fault shows on a hand-made event, in its own field only, and the intended design answers as the model."""
    _, e = barrel()
    minimum = EclThresholds.from_parameters(EclParameters.default()).lml_cm1_min[e[0]]
    adc = np.stack([barrel(minimum - 1)[0], barrel(*[50] * 6)[0]])
    cycles = [cycle for row in adc for cycle in bench.window(row)]
    intended = bench.run(EclTrigger(), cycles)
    compare(intended, decide(adc))
    faulty = {mutant: bench.run(EclTrigger(mutant=mutant), cycles) for mutant in Mutant}
    changed = {
        mutant: {
            (event, field.name)
            for event, (answer, wanted) in enumerate(zip(answers, intended, strict=True))
            for field in DECISION_FIELDS
            if not np.array_equal(answer.fields[field.name], wanted.fields[field.name])
        }
        for mutant, answers in faulty.items()
    }
    assert changed == {
        Mutant.LML6_THRESHOLD: {(0, "ecl_lml"), (0, "ecl_word")},
        Mutant.OVERFLOW_LIMIT: {(1, "ecl_overflow"), (1, "ecl_word")},
        Mutant.LATE_OUTPUT: set(),
    }
    assert [answer.cycle for answer in faulty[Mutant.LATE_OUTPUT]] == [answer.cycle + 1 for answer in intended]
