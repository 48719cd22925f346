"""Layout of the GRL decision: every input of the menu that the GRL drives has its field, in its encoding."""

import dataclasses

import numpy as np

from trigger.fields import declared
from trigger.grl import GrlDecision
from trigger.grl.layout import DECISION_FIELDS, NOT_MODELLED
from trigger.grl.rules import COLUMNS, N_COLUMNS
from trigger.menu import Driver, load_menu

FIELDS = {field.name: field for field in DECISION_FIELDS}


def test_every_menu_input_of_the_grl_has_a_field_with_its_encoding():
    inputs = [one for one in load_menu("exp16").inputs if one.driver is Driver.GRL]
    assert len(inputs) == 55
    for one in inputs:
        field = FIELDS[f"grl_{one.name}"]
        assert (field.encoding, field.length, field.width) == (one.encoding, len(one.bits), 1), one.name


def test_names_are_unique_and_what_is_not_modelled_says_why():
    assert len(FIELDS) == len(DECISION_FIELDS)
    assert {one.name for one in NOT_MODELLED} == {field.name for field in DECISION_FIELDS if field.meaning == "not modelled"}
    assert all(one.reason for one in NOT_MODELLED)


def test_widths_hold_the_largest_values():
    width = {field.name: field.width for field in DECISION_FIELDS}
    assert 2 ** width["grl_n_full"] > 24
    assert 2 ** width["grl_n_short"] > 32, "every second sector"
    assert 2 ** width["grl_n_inner"] > 64
    assert width["grl_short_map"] * FIELDS["grl_short_map"].length == 64


def test_event_files_know_the_fields():
    for field in DECISION_FIELDS:
        spec = declared()[field.name]
        assert (spec.dtype, spec.shape) == (field.dtype.name, field.shape(0)[1:])
        assert spec.bounds == (0, 2**field.width - 1)
    assert declared()["grl_short_map"].dtype == np.dtype("uint32").name


def test_the_loops_fill_every_modelled_field():
    maps = {"grl_short_map", "grl_inner_map"}
    filled = {f"grl_{name}" for name in COLUMNS._fields}
    assert filled == set(FIELDS) - maps - {one.name for one in NOT_MODELLED}
    assert sum(field.length for field in DECISION_FIELDS) == N_COLUMNS
    assert COLUMNS.cdc_open90 == FIELDS["grl_ts"].length + FIELDS["grl_ta"].length


def test_the_record_has_the_declared_fields_in_order():
    assert [field.name for field in dataclasses.fields(GrlDecision)] == list(FIELDS)
