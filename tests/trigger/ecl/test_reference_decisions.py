"""All 4,000 events of the published simulation, field by field; tests/reference/README.md says where they come from."""

from fractions import Fraction

import numpy as np
import pytest

from trigger.ecl import EclDecision, EclParameters, EclTrigger, unpack_word
from trigger.ecl.conditions import conditions
from trigger.ecl.parameters import ADC_LSB_GEV, Unit, declared_parameters

FIELDS = {
    "n_clusters": "n_clusters", "overflow": "overflow", "cluster_tc": "cluster_tc", "cluster_adc": "cluster_adc",
    "cluster_ntc": "cluster_ntc", "icn": "icn", "icn_fw": "icn_fw", "icn_br": "icn_br", "icn_bw": "icn_bw",
    "ephys_adc": "ephys_adc", "etotal_adc": "etotal_adc", "elow": "elow", "ehigh": "ehigh", "elum": "elum", "burst": "burst",
    "physics": "physics", "bhabha2d_type": "bhabha2d_type", "bhabha2d": "bhabha2d", "bhabha3d_veto": "bhabha3d_veto",
    "bhabha3d_sel": "bhabha3d_sel", "bhabha3d_intrack": "b3d_intrack", "bhabha3d_theta": "b3d_sel_theta", "mumu": "mumu",
    "taub2b": "taub2b", "taub2b2": "taub2b2", "taub2b3": "taub2b3", "hie": "hie", "lml": "lml", "bgveto": "bg_veto",
    "timing_source": "timing_source", "timing_quality": "timing_quality",
}  # fmt: skip
INERT = {"adc2energy", "bha3dsel_ps_fw", "bha3dsel_ps_br", "bha3dsel_ps_bw"}
"""Keys that the published simulation reads and never uses."""


@pytest.mark.parametrize(("ours", "theirs"), FIELDS.items())
def test_every_event_agrees(ours: str, theirs: str, reference: dict[str, np.ndarray], reference_decision: EclDecision) -> None:
    array = reference_decision.arrays()[f"ecl_{ours}"]
    wanted = reference[theirs]
    assert array.shape == wanted.shape
    assert len(array) == 4000
    assert len(np.unique(wanted)) > 1
    wrong = np.flatnonzero((array != wanted).reshape(len(array), -1).any(axis=1))
    assert not wrong.size, [(int(i), array[i].tolist(), wanted[i].tolist()) for i in wrong[:5]]


def test_trigger_object_and_raw_2d_bhabha(reference: dict[str, np.ndarray], reference_decision: EclDecision) -> None:
    """`trg` is our hit bit, `n_before_limit` above six our overflow, `bhabha2d_raw` the OR of our types."""
    word = unpack_word(reference_decision.ecl_word)
    assert np.array_equal(word["hit"], reference["trg"])
    assert np.array_equal(word["bhabha_prescale"], reference["trg"])
    assert np.array_equal(reference_decision.ecl_overflow, reference["n_before_limit"] > 6)
    assert np.array_equal(reference_decision.ecl_bhabha2d_type.any(axis=1), reference["bhabha2d_raw"])


def test_every_reference_field_is_compared(reference: dict[str, np.ndarray]) -> None:
    inputs = {"offsets", "tc_id", "adc", "category"}
    assert set(reference) - inputs == set(FIELDS.values()) | {"trg", "n_before_limit", "bhabha2d_raw"}


def test_conditions_together_are_the_bit(reference_decision: EclDecision) -> None:
    for line, parts in conditions(reference_decision, EclTrigger().thresholds).items():
        together = np.logical_and.reduce([passed for _, passed in parts])
        bit = reference_decision.ecl_lml[:, int(line.removeprefix("lml"))] == 1
        assert np.array_equal(together, bit), line
        assert 0 < bit.sum() < len(bit), line


@pytest.mark.parametrize("key", [d.key for d in declared_parameters() if d.key not in INERT])
def test_one_step_of_a_parameter_moves_a_decision(
    key: str, reference: dict[str, np.ndarray], reference_decision: EclDecision
) -> None:
    """One count, degree or unit up or down: the events lie at every cut, so some answer changes."""
    assert _changed(key, reference, reference_decision) > 0


@pytest.mark.parametrize("key", sorted(INERT))
def test_inert_parameters(key: str, reference: dict[str, np.ndarray], reference_decision: EclDecision) -> None:
    assert _changed(key, reference, reference_decision) == 0


def _changed(key: str, reference: dict[str, np.ndarray], decision: EclDecision) -> int:
    default = EclParameters.default()
    unit = next(d.unit for d in declared_parameters() if d.key == key)
    step = ADC_LSB_GEV if unit in (Unit.GEV_LAB, Unit.GEV_CM) else Fraction(1, 1000) if unit is Unit.GEV_PER_COUNT else Fraction(1)
    differ = np.zeros(len(decision), dtype=bool)
    for value in (default[key] - step, default[key] + step):
        other = EclTrigger(default.replace(**{key: value})).run(reference["offsets"], reference["tc_id"], reference["adc"])
        for name, array in other.arrays().items():
            differ |= (array != decision.arrays()[name]).reshape(len(differ), -1).any(axis=1)
    return int(differ.sum())
