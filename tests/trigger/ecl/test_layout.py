"""Decision layout: the word's map is complete, widths hold what they must."""

import numpy as np

from trigger.ecl.layout import DECISION_FIELDS, WORD_BITS, WORD_FIELDS, Packing

PUBLISHED_BITS = {
    "hit": 0, "timing": 1, "revolution": 8, "timing_source": 15, "physics": 18, "bhabha2d": 19, "bhabha2d_type": 20, "ephys": 34,
    "elow": 47, "ehigh": 48, "elum": 49, "icn": 50, "bgveto": 57, "overflow": 60, "bhabha3d_veto": 61, "lml0": 62, "lml1": 63,
    "lml2": 64, "lml11": 73, "bhabha3d_sel": 74, "mumu": 75, "bhabha_prescale": 76, "burst": 77, "lml12": 78, "lml13": 79,
    "clock": 80, "timing_quality": 84, "bhabha3d_intrack": 86, "bhabha3d_theta": 87, "taub2b": 89, "hie1": 90, "hie2": 91,
    "hie3": 92, "taub2b2": 93, "taub2b3": 94, "hie4": 95,
}  # fmt: skip
"""First bit of each item, from the simulation's packing code and, up to bit 79, the raw-data unpacker (basf2 trg/ecl)."""


def test_published_bit_numbers() -> None:
    low = {field.name: field.low for field in WORD_FIELDS}
    assert {name: low[name] for name in PUBLISHED_BITS} == PUBLISHED_BITS


def test_every_bit_belongs_to_one_field() -> None:
    bits = [bit for field in WORD_FIELDS for bit in range(field.low, field.low + field.width)]
    assert sorted(bits) == list(range(WORD_BITS))


def test_sources_exist_and_fit() -> None:
    fields = {field.name: field for field in DECISION_FIELDS}
    for field in WORD_FIELDS:
        if field.source in ("", "hit"):
            continue
        source = fields[field.source]
        total = source.width if field.element is not None else source.width * source.length
        assert field.packing in (Packing.MASK, Packing.SATURATE)
        if source.name not in ("ecl_timing", "ecl_icn", "ecl_ephys_adc"):
            assert total == field.width


def test_types() -> None:
    dtype = {field.name: field.dtype for field in DECISION_FIELDS}
    assert dtype["ecl_cluster_adc"] == np.uint16
    assert dtype["ecl_ephys_adc"] == dtype["ecl_etotal_adc"] == dtype["ecl_word"] == np.uint32
    assert dtype["ecl_cluster_time"] == dtype["ecl_timing"] == np.int16
    assert dtype["ecl_lml"] == np.uint8
    assert [field.shape(3) for field in DECISION_FIELDS if field.name == "ecl_lml"] == [(3, 14)]


def test_widths_hold_the_largest_values() -> None:
    width = {field.name: field.width for field in DECISION_FIELDS}
    assert 2 ** width["ecl_cluster_adc"] > 9 * 4095
    assert 2 ** width["ecl_etotal_adc"] > 576 * 4095
    assert 2 ** width["ecl_cluster_tc"] > 576
