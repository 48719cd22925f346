"""The door of the ECL trigger, and calibrated hits."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trigger.ecl import EclCalibration, EclTrigger
from trigger.ecl.hits import calibrated_hits, checked_hits, read_only
from trigger.errors import InputError
from trigger.geometry.ecl import N_CELLS

GOOD = {"offsets": [0, 2, 2, 4], "tc_id": [5, 9, 1, 576], "adc": [1, 4095, 20, 30]}
TIMED = {**GOOD, "tc_id": [5, 5, 1, 576], "time": [3, 3, -5, 9]}
TYPES = {"offsets": np.int64}


def run(arrays: dict, declared_types: bool):
    """Run as lists, or as arrays in the declared types, which take the fast way through the door."""
    if declared_types:
        arrays = {name: np.array(values, dtype=TYPES.get(name, np.int16)) for name, values in arrays.items()}
    return EclTrigger().run(**arrays)


@pytest.mark.parametrize("declared_types", [True, False])
def test_good_input(declared_types: bool) -> None:
    assert run(GOOD, declared_types).ecl_etotal_adc.tolist() == [4096, 0, 50]
    assert len(run(TIMED, declared_types)) == 3
    assert len(run({**TIMED, "phase": [-127, 0, -5]}, declared_types)) == 3
    assert len(run({"offsets": [0], "tc_id": [], "adc": []}, declared_types)) == 0
    assert len(run({"offsets": [0, 0], "tc_id": [], "adc": []}, declared_types)) == 1


BAD = {
    "tc_id 0": ({"tc_id": [0, 9, 1, 576]}, "ecl_tc_id, event 0: must be 1..576, not 0"),
    "tc_id 577": ({"tc_id": [5, 9, 1, 577]}, "ecl_tc_id, event 2: must be 1..576, not 577"),
    "adc 0": ({"adc": [1, 4095, 0, 30]}, "ecl_adc, event 2: must be 1..4095, not 0"),
    "adc above 12 bits": ({"adc": [1, 4096, 20, 30]}, "ecl_adc, event 0: must be 1..4095, not 4096"),
    "ids equal": ({"tc_id": [5, 5, 1, 576]}, "ecl_tc_id, event 0: must be strictly ascending"),
    "ids fall": ({"tc_id": [5, 9, 7, 6]}, "ecl_tc_id, event 2: must be strictly ascending"),
    "offsets fall": ({"offsets": [0, 2, 1, 4]}, "ecl_offsets, event 1: must not decrease"),
    "offsets end early": ({"offsets": [0, 2, 2, 3]}, "has 4 entries, but ecl_offsets ends at 3"),
    "offsets end late": ({"offsets": [0, 2, 2, 5]}, "has 4 entries, but ecl_offsets ends at 5"),
    "offsets beyond and back": ({"offsets": [0, 9, 2, 4]}, "ecl_offsets, event 1: must not decrease"),
    "offsets start at 1": ({"offsets": [1, 2, 2, 4]}, "ecl_offsets, event 0: must start at 0"),
    "adc shorter": ({"adc": [1, 4095, 20]}, "ecl_adc, event"),
    "time falls": ({**TIMED, "time": [3, 2, -5, 9]}, "ecl_tc_id, event 0: must be in order of cell and then ecl_time"),
    "timed ids fall": ({**TIMED, "tc_id": [5, 4, 1, 576]}, "ecl_tc_id, event 0: must be in order of cell"),
    "time shorter": ({**TIMED, "time": [3]}, "ecl_time, event"),
    "phase": ({**TIMED, "phase": [0, 1, 0]}, "ecl_phase, event 1: must be -127..0, not 1"),
    "phase shorter": ({**TIMED, "phase": [0, 0]}, "ecl_phase"),
    "two dimensions": ({"adc": [[1, 4095, 20, 30]]}, "ecl_adc"),
}


@pytest.mark.parametrize("declared_types", [True, False])
@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused(name: str, declared_types: bool) -> None:
    """The message names field, first bad event and reason, whichever way the input took."""
    changes, reason = BAD[name]
    with pytest.raises(InputError) as error:
        run({**GOOD, **changes}, declared_types)
    assert reason in str(error.value)
    assert "EclTrigger.run" in str(error.value)


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0, np.nan], [1.0, 2.0, 3.0, 4.0], ["a", "b", "c", "d"]])
def test_counts_that_are_no_integers(values: list) -> None:
    with pytest.raises(InputError, match="ecl_adc"):
        EclTrigger().run(GOOD["offsets"], GOOD["tc_id"], values)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.uint64, np.int64])
def test_any_integer_type(dtype: type) -> None:
    """Types that are wider than the declared ones are narrowed after the check: 65541 does not become cell 5."""
    arrays = {name: np.array(values, dtype=dtype) for name, values in GOOD.items()}
    assert EclTrigger().run(**arrays).ecl_etotal_adc.tolist() == [4096, 0, 50]
    if np.iinfo(dtype).max > 65541:
        with pytest.raises(InputError, match="not 65541"):
            EclTrigger().run(**{**arrays, "tc_id": np.array([65541, 9, 1, 576], dtype=dtype)})


def test_inputs_stay_as_they_are_and_may_be_strided() -> None:
    wide = {name: np.repeat(np.array(values, dtype=TYPES.get(name, np.int16)), 2) for name, values in GOOD.items()}
    strided = {name: array[::2] for name, array in wide.items()}
    before = {name: array.copy() for name, array in strided.items()}
    assert EclTrigger().run(**strided).ecl_etotal_adc.tolist() == [4096, 0, 50]
    for name, array in strided.items():
        assert np.array_equal(array, before[name])
        assert array.flags.writeable


def settings_of(**changes: dict[int, int]) -> EclCalibration:
    """Calibration with some cells (tc ids) changed."""
    arrays: dict[str, np.ndarray] = {}
    for name, cells in changes.items():
        array = np.array(getattr(EclCalibration(), name))
        for tc_id, value in cells.items():
            array[tc_id - 1] = value
        arrays[name] = array
    return EclCalibration(**arrays)


def cells_of(adc: dict[int, int], calibration: EclCalibration) -> dict[int, int]:
    ids = sorted(adc)
    hits, _ = checked_hits([0, len(ids)], ids, [adc[tc] for tc in ids], None, None, "test")
    result = calibrated_hits(hits, calibration, read_only(np.zeros(1, dtype=np.int16)))
    assert result.offsets.tolist() == [0, len(result.tc_id)]
    assert (np.diff(result.tc_id) > 0).all()
    return dict(zip(result.tc_id.tolist(), result.adc.tolist(), strict=True))


def test_calibrated_cells_by_hand() -> None:
    """Dead 5; hot 7 at 300 counts (with and without a hit), hot 9 dead; gain 1.5 at 20, 0.5 at 21; threshold 40 at 30."""
    calibration = settings_of(
        dead={5: True, 9: True},
        hot_adc={7: 300, 9: 300, 576: 10},
        gain_raw={20: 1536, 21: 512},
        threshold_adc={30: 40},
    )
    assert cells_of({}, calibration) == {7: 300, 576: 10}
    assert cells_of({5: 100, 7: 20, 9: 50}, calibration) == {7: 300, 576: 10}
    assert cells_of({7: 301, 576: 9}, calibration) == {7: 301, 576: 10}
    assert cells_of({20: 101, 21: 101}, calibration) == {7: 300, 20: 151, 21: 50, 576: 10}
    assert cells_of({20: 4000, 21: 1}, calibration) == {7: 300, 20: 4095, 576: 10}
    assert cells_of({30: 39}, calibration) == {7: 300, 576: 10}
    assert cells_of({30: 40}, calibration) == {7: 300, 30: 40, 576: 10}


def test_hot_cell_below_its_own_threshold_is_silent() -> None:
    assert cells_of({}, settings_of(hot_adc={7: 30}, threshold_adc={7: 31})) == {}


def test_calibration_acts_inside_the_trigger(cell) -> None:
    """A dead cell removes its cluster, a hot cell makes a trigger object in an event without hits."""
    photon = cell(8, 5)
    assert EclTrigger(calibration=settings_of(dead={photon: True})).run([0, 1], [photon], [500]).ecl_word[0, 0] == 0
    hot = EclTrigger(calibration=settings_of(hot_adc={photon: 500})).run([0, 0, 0], [], [])
    assert hot.ecl_cluster_tc[:, 0].tolist() == [photon, photon]
    assert hot.ecl_lml[:, 6].tolist() == [1, 1]


def test_calibration_follows_the_window(cell) -> None:
    """The window is chosen on raw counts; a hot cell without a hit takes the start of the window as its time."""
    photon, hot = cell(8, 5), cell(8, 20)
    trigger = EclTrigger(calibration=settings_of(hot_adc={hot: 500}))
    decision = trigger.run([0, 1], [photon], [100], [200], [-4])
    assert decision.ecl_timing.tolist() == [-4]
    assert decision.ecl_cluster_time[0, :2].tolist() == [200, -4]
    assert trigger.run([0, 1], [photon], [100], [3000]).ecl_cluster_tc[0, 0] == hot


def test_calibration_file(tmp_path: Path, cell) -> None:
    path = tmp_path / "masks.toml"
    path.write_text(f"dead = [{cell(8, 5)}]\n", encoding="utf-8")
    trigger = EclTrigger(calibration=EclCalibration.from_toml(path))
    decision = trigger.run([0, 2], sorted((cell(8, 5), cell(8, 20))), [500, 60])
    assert decision.ecl_etotal_adc.tolist() == [60]


@given(
    st.dictionaries(st.integers(1, N_CELLS), st.integers(1, 4095), max_size=30),
    st.dictionaries(st.integers(1, N_CELLS), st.tuples(st.booleans(), st.integers(0, 4095), st.integers(0, 4095)), max_size=10),
)
@settings(max_examples=150, deadline=None)
def test_calibrated_hits_are_the_calibrated_cells(adc: dict[int, int], changed: dict[int, tuple[bool, int, int]]) -> None:
    """All 576 cells through `EclCalibration.apply`, empty ones as 0: those that read something are the hits."""
    calibration = settings_of(
        dead={tc: dead for tc, (dead, _, _) in changed.items()},
        hot_adc={tc: hot for tc, (_, hot, _) in changed.items()},
        gain_raw={tc: gain for tc, (_, _, gain) in changed.items()},
    )
    all_cells = np.arange(1, N_CELLS + 1)
    full = calibration.apply(all_cells, np.array([adc.get(tc, 0) for tc in all_cells]))
    assert cells_of(adc, calibration) == {int(tc): int(full[tc - 1]) for tc in all_cells if full[tc - 1]}
