"""The run call: declared arrays, slices, user parameters."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trigger.ecl import EclDecision, EclParameters, EclThresholds, EclTrigger, choose_window
from trigger.ecl.layout import DECISION_FIELDS
from trigger.ecl.trigger import BLOCK_EVENTS


def test_fields_are_the_declared_ones(reference_decision: EclDecision) -> None:
    arrays = reference_decision.arrays()
    assert list(arrays) == [field.name for field in DECISION_FIELDS]
    assert [field.name for field in dataclasses.fields(EclDecision)] == list(arrays)
    assert len(reference_decision) == 4000
    for field in DECISION_FIELDS:
        array = arrays[field.name]
        assert (array.dtype, array.shape) == (field.dtype, field.shape(4000)), field.name
        assert array is getattr(reference_decision, field.name)
        assert int(array.max()) < 1 << field.width, field.name


def test_the_decision_is_frozen(reference_decision: EclDecision) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        reference_decision.ecl_icn = reference_decision.ecl_icn_fw  # type: ignore[misc]


def test_no_events() -> None:
    decision = EclTrigger().run([0], [], [])
    assert len(decision) == 0
    for field in DECISION_FIELDS:
        assert decision.arrays()[field.name].shape == field.shape(0)


def test_attributes() -> None:
    parameters = EclParameters.default().replace(lml_cl_e_cms_2=1.5)
    trigger = EclTrigger(parameters)
    assert trigger.parameters == parameters
    assert trigger.thresholds == EclThresholds.from_parameters(parameters)
    assert trigger.calibration.is_neutral


@pytest.mark.parametrize("block", [1, 7, 1000, 3999])
def test_slices_give_the_same_answers(block: int, reference: dict[str, np.ndarray], reference_decision: EclDecision) -> None:
    offsets, whole = reference["offsets"], reference_decision.arrays()
    for start in range(0, 4000, block)[:20]:
        stop = min(start + block, 4000)
        first, last = offsets[start], offsets[stop]
        part = EclTrigger().run(offsets[start : stop + 1] - first, reference["tc_id"][first:last], reference["adc"][first:last])
        for name, array in part.arrays().items():
            assert np.array_equal(array, whole[name][start:stop]), name


def test_more_events_than_a_block(reference: dict[str, np.ndarray], reference_decision: EclDecision) -> None:
    """Three copies of the reference cross two block borders."""
    copies = 3
    assert copies * 4000 > 2 * BLOCK_EVENTS
    offsets = np.concatenate([[0], *(reference["offsets"][1:] + k * reference["offsets"][-1] for k in range(copies))])
    decision = EclTrigger().run(offsets, np.tile(reference["tc_id"], copies), np.tile(reference["adc"], copies))
    for name, array in decision.arrays().items():
        for k in range(copies):
            assert np.array_equal(array[4000 * k : 4000 * (k + 1)], reference_decision.arrays()[name]), name


def test_every_timed_event_has_its_own_phase() -> None:
    """Two blocks of two hits each, 200 ticks apart: with the window chosen beforehand for all events the answers are the same."""
    rng, n = np.random.default_rng(3), BLOCK_EVENTS + 500
    offsets, phase = 2 * np.arange(n + 1), rng.integers(-127, 1, n).astype(np.int16)
    ids, adc = np.tile(np.array([5, 200], np.int16), n), rng.integers(1, 4096, 2 * n).astype(np.int16)
    first = rng.integers(-300, 200, n)
    time = np.column_stack([first, first + 200]).astype(np.int16).ravel()
    timed = EclTrigger().run(offsets, ids, adc, time, phase).arrays()
    chosen, chosen_ids, chosen_adc, _, start = choose_window(offsets, ids, adc, time, phase)
    plain = EclTrigger().run(chosen, chosen_ids, chosen_adc).arrays()
    for name, array in plain.items():
        if name not in ("ecl_timing", "ecl_cluster_time", "ecl_word"):
            assert np.array_equal(array, timed[name]), name
    filled = np.diff(chosen) > 0
    inside = timed["ecl_timing"][filled].astype(int) - start[filled]
    assert 0 <= inside.min() <= inside.max() < 256
    assert set(np.unique(start[filled] - phase[filled]).tolist()) == {-128, 0, 128}


CHANGES = [
    # TOML line, event (theta id, phi id, counts), field, element, bit before, bit after.
    ("lml_cl_e_cms_1 = 1.9", [(8, 18, 370)], "lml", 1, 0, 1),
    ("lml_cl_e_cms_2 = 1.1", [(8, 18, 200)], "lml", 6, 1, 0),
    ("lml_cl_e_cms_2 = 1.1", [(3, 5, 250)], "lml", 7, 1, 0),
    ("lml_cl_e_cms_3 = 0.4", [(8, 18, 80)], "lml", 13, 0, 1),
    ("lml13_theta_id = 1984", [(6, 5, 150)], "lml", 13, 1, 0),
    ("lml_cl_e_lab_2 = 0.2", [(8, 18, 200), (8, 30, 50)], "lml", 6, 1, 0),
    ("lowe = 0.4", [(8, 5, 90)], "elow", None, 0, 1),
    ("hie = 0.9", [(8, 5, 180)], "ehigh", None, 0, 1),
    ("hie = 0.9", [(8, 5, 180)], "hie", 0, 0, 0),
    ("e_burst = 10", [(8, 5, 3000)], "burst", None, 0, 1),
    ("bha2d_fw04 = 4.5", [(5, 5, 800), (14, 23, 800)], "bhabha2d_type", 3, 1, 0),
    ("event_timing_fine = 0.5", [(8, 5, 100)], "timing_quality", None, 1, 2),
]


@pytest.mark.parametrize(("line", "event", "field", "element", "before", "after"), CHANGES)
def test_a_user_file_changes_its_bit(line, event, field, element, before, after, cell, decide, tmp_path: Path) -> None:
    path = tmp_path / "etm.toml"
    path.write_text(line + "\n", encoding="utf-8")
    adc = {cell(theta, phi): n for theta, phi, n in event}
    values = [decide(adc)[field], decide(adc, EclParameters.from_toml(path))[field]]
    assert [v if element is None else v[element] for v in values] == [before, after]


EVENTS = st.lists(st.dictionaries(st.integers(1, 576), st.integers(1, 4095), max_size=30), max_size=6)


@given(EVENTS)
@settings(max_examples=100, deadline=None)
def test_events_do_not_depend_on_each_other(events: list[dict[int, int]]) -> None:
    def run(chosen: list[dict[int, int]]) -> dict[str, np.ndarray]:
        offsets = np.cumsum([0, *map(len, chosen)])
        ids = [tc for adc in chosen for tc in sorted(adc)]
        return EclTrigger().run(offsets, ids, [adc[tc] for adc in chosen for tc in sorted(adc)]).arrays()

    together, backwards = run(events), run(events[::-1])
    for name, array in together.items():
        assert np.array_equal(array, backwards[name][::-1]), name


@given(st.dictionaries(st.integers(1, 576), st.integers(1, 2000), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None)
def test_more_energy_only_adds_energy_bits(decide, adc: dict[int, int]) -> None:
    """All counts doubled: patterns, and with them seeds and ICN, stay; sums double; elow, ehigh, elum, burst, types cannot fall."""
    one, two = decide(adc), decide({tc: 2 * n for tc, n in adc.items()})
    for name in (
        "n_clusters",
        "overflow",
        "cluster_tc",
        "cluster_ntc",
        "icn",
        "icn_fw",
        "icn_br",
        "icn_bw",
        "bgveto",
        "timing_source",
    ):
        assert one[name] == two[name], name
    assert two["cluster_adc"] == [2 * n for n in one["cluster_adc"]]
    assert (two["ephys_adc"], two["etotal_adc"]) == (2 * one["ephys_adc"], 2 * one["etotal_adc"])
    for name in ("elow", "ehigh", "elum", "burst", "timing_quality"):
        assert two[name] >= one[name], name
    assert all(b >= a for a, b in zip(one["bhabha2d_type"], two["bhabha2d_type"], strict=True))
