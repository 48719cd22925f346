"""The record of events and the door: a hand-worked record, the edges of every range, one corruption at a time."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trigger.errors import InputError
from trigger.events import EventRecord, declared, group_of, validate, with_event_numbers
from trigger.fields import EVENT_FIELDS, PRIMITIVE_FIELDS

I16 = np.int16


def hits() -> dict[str, np.ndarray]:
    """Three events: cells 1, 576; none; 7, 8, 9, with truth and offline fields of every kind."""
    return with_event_numbers(
        {
            "ecl_offsets": np.array([0, 2, 2, 5]),
            "ecl_tc_id": np.array([1, 576, 7, 8, 9], I16),
            "ecl_adc": np.array([1, 4095, 3, 4, 5], I16),
            "true_particle_offsets": np.array([0, 1, 1, 2]),
            "true_particle_e": np.array([1.5, 0.25]),
            "true_photon_estar": np.array([1.5, 0.0, 0.25]),
            "off_pass": np.array([True, False, True]),
            "ecl_lml": np.zeros((3, 14), np.uint8),
        },
        experiment=26,
        run=12,
        first_event=100,
    )


def timed() -> dict[str, np.ndarray]:
    """Two events with times; cell 5 fires twice in the second."""
    return with_event_numbers(
        {
            "ecl_offsets": np.array([0, 1, 4]),
            "ecl_tc_id": np.array([9, 5, 5, 6], I16),
            "ecl_adc": np.array([10, 20, 30, 40], I16),
            "ecl_time": np.array([0, -300, 5, -400], I16),
            "ecl_phase": np.array([-127, 0], I16),
        }
    )


def muons() -> dict[str, np.ndarray]:
    """One hit at the outermost sector and layer of each KLM section."""
    return {
        "klm_offsets": np.array([0, 2, 4]),
        "klm_section": np.array([0, 1, 2, 3], np.int8),
        "klm_sector": np.array([7, 7, 3, 3], np.int8),
        "klm_layer": np.array([14, 14, 11, 13], np.int8),
    }


@pytest.mark.parametrize("arrays", [hits(), timed(), muons(), EventRecord(hits()).select(slice(0, 0)).arrays])
def test_good_events_pass_unchanged(arrays):
    checked = validate(arrays, "here")
    assert list(checked) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(checked[name], array)
        assert name not in declared() or checked[name].dtype == declared()[name].dtype


def test_integers_of_any_width_become_the_declared_type():
    wide = {name: array.astype(np.int64) if array.dtype.kind == "i" else array for name, array in hits().items()}
    checked = validate(wide, "here")
    assert checked["ecl_adc"].dtype == np.int16
    assert checked["experiment"].dtype == np.int32


def test_large_value_is_refused_before_it_wraps():
    arrays = hits() | {"ecl_adc": np.array([1, 65536 + 7, 3, 4, 5])}
    with pytest.raises(InputError, match=r"field ecl_adc, event 0: must be 1..4095, not 65543"):
        validate(arrays, "here")


CORRUPTIONS = [
    ("ecl_tc_id", [0, 576, 7, 8, 9], "event 0: must be 1..576, not 0"),
    ("ecl_tc_id", [1, 576, 7, 8, 577], "event 2: must be 1..576, not 577"),
    ("ecl_tc_id", [1, 576, 8, 7, 9], "event 2: must be strictly ascending in an event, but 7 follows 8"),
    ("ecl_tc_id", [576, 576, 7, 8, 9], "event 0: must be strictly ascending in an event, but 576 follows 576"),
    ("ecl_tc_id", [1.0, 576, 7, 8, 9], "must hold integers, not float64"),
    ("ecl_tc_id", ["1", "2", "3", "4", "5"], "must hold numbers, not <U1"),
    ("ecl_tc_id", [1, 576, 7, 8], "event 2: has 4 entries, but ecl_offsets ends at 5"),
    ("ecl_tc_id", [1], "event 0: has 1 entries, but ecl_offsets ends at 5"),
    ("ecl_tc_id", [1, 576, 7, 8, 9, 10], "event 2: has 6 entries, but ecl_offsets ends at 5"),
    ("ecl_adc", [0, 4095, 3, 4, 5], "event 0: must be 1..4095, not 0"),
    ("ecl_adc", [1, 4095, 3, 4, 4096], "event 2: must be 1..4095, not 4096"),
    ("ecl_offsets", [0, 2, 1, 5], "event 1: must not decrease, but goes from 2 to 1"),
    ("ecl_offsets", [1, 2, 2, 5], "event 0: must start at 0, not 1"),
    ("ecl_offsets", [0, 2, 2, 4], "field ecl_tc_id, event 2: has 5 entries, but ecl_offsets ends at 4"),
    ("ecl_offsets", [0, 2, 5], "event 2: must have 4 rows for 3 events (by event), not 3"),
    ("ecl_offsets", [0.0, 2, 2, 5], "must hold integers in one dimension, not float64"),
    ("weight", [1.0, np.nan, 1.0], "event 1: must be finite, not nan"),
    ("weight", [1.0, 1.0, -np.inf], "event 2: must be finite, not -inf"),
    ("weight", [1, 1, 1], "must hold floating-point numbers, not int64"),
    ("weight", [1.0, 1.0], "event 2: must have 3 rows for 3 events (by event), not 2"),
    ("true_particle_e", [np.nan, 0.25], "event 0: must be finite, not nan"),
    ("true_particle_e", [1.5, np.inf], "event 2: must be finite, not inf"),
    ("true_photon_estar", [1.0, 2.0, np.nan], "event 2: must be finite, not nan"),
    ("off_pass", [[[1]], [[0]], [[1]]], "must have one or two dimensions"),
    ("ecl_lml", np.zeros((3, 13), np.uint8), "must have shape ('n', 14), not ('n', 13)"),
    ("ecl_lml", np.eye(3, 14, 1, np.uint8) * 2, "event 0: must be 0..1, not 2"),
    ("ecl_phase", [0, 1, 0], "event 1: must be -127..0, not 1"),
    ("ecl_phase", [0, 0, -128], "event 2: must be -127..0, not -128"),
    ("ext_veto", [0, 1, 0], "must hold booleans, not int64"),
]


@pytest.mark.parametrize(("name", "values", "reason"), CORRUPTIONS)
def test_bad_field_is_refused_with_place_and_reason(name, values, reason):
    with pytest.raises(InputError) as refusal:
        validate(hits() | {name: np.array(values)}, "run7.npz")
    field = "" if reason.startswith("field") else f"field {name}"
    assert str(refusal.value).startswith(f"run7.npz: {field}")
    assert reason in str(refusal.value)


def test_event_index_counts_from_the_start_of_the_file():
    with pytest.raises(InputError, match="field ecl_adc, event 65538: "):
        validate(hits() | {"ecl_adc": np.array([1, 2, 3, 4, 5000])}, "here", first_event=65536)


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("ecl_tc_id", [9, 5, 6, 5], "event 1: must be in order of cell and then ecl_time in an event, but 5 follows 6"),
        ("ecl_time", [0, 6, 5, 0], "event 1: must be in order of cell and then ecl_time in an event, but 5 follows 5"),
        ("ecl_time", [0, 40000, 5, 0], "event 1: must be -32768..32767, not 40000"),
        ("ecl_time", [0.0, 1.0, 2.0, 3.0], "must hold integers, not float64"),
    ],
)
def test_bad_times_are_refused(name, values, reason):
    with pytest.raises(InputError) as refusal:
        validate(timed() | {name: np.array(values)}, "here")
    assert reason in str(refusal.value)


def test_a_cell_may_have_hits_at_one_time_and_events_may_start_at_any_cell():
    validate(timed() | {"ecl_time": np.array([7, 5, 5, -400], I16)}, "here")


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("klm_sector", [7, 7, 4, 3], "event 1: must be 0..3 in section 2, not 4"),
        ("klm_layer", [14, 14, 12, 13], "event 1: must be 0..11 in section 2, not 12"),
        ("klm_layer", [14, 14, 11, 14], "event 1: must be 0..13 in section 3, not 14"),
        ("klm_layer", [15, 14, 11, 13], "event 0: must be 0..14, not 15"),
        ("klm_section", [0, 1, 2, 4], "event 1: must be 0..3, not 4"),
    ],
)
def test_klm_hits_must_exist_in_their_section(name, values, reason):
    with pytest.raises(InputError) as refusal:
        validate(muons() | {name: np.array(values)}, "here")
    assert reason in str(refusal.value)


@pytest.mark.parametrize("spec", EVENT_FIELDS + PRIMITIVE_FIELDS, ids=lambda spec: spec.name)
def test_bounds_of_every_integer_field(spec):
    """On the bound passes, one beyond is refused with the event."""
    if spec.bounds is None:
        assert np.dtype(spec.dtype).kind in "fb"
        return
    beside = {"klm_sector": {"klm_section": [0, 0]}, "klm_layer": {"klm_section": [0, 0]}}.get(spec.name, {})
    for bound, beyond in zip(spec.bounds, (-1, 1), strict=True):
        inside = np.array([bound, bound], object if abs(bound) > 2**62 else np.int64)
        frame = {f"{spec.group}_offsets": np.array([0, 1, 2])} if spec.group else {}
        frame |= {name: np.array(values) for name, values in beside.items()}
        assert validate(frame | {spec.name: inside.astype(np.int64)}, "here")[spec.name].dtype == spec.dtype
        if abs(bound) < 2**62:
            with pytest.raises(InputError, match=f"{spec.name}, event 1: must be"):
                validate(frame | {spec.name: inside + np.array([0, beyond])}, "here")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ecl_offsets": None}, "field ecl_offsets is missing, and ecl_tc_id needs it"),
        ({"ecl_adc": None}, "field ecl_adc is missing"),
        ({"ecl_acd": np.zeros(5, I16)}, "ecl_acd is not an event field; did you mean ecl_adc?"),
        ({"photon_energy": np.zeros(3)}, "photon_energy is not an event field"),
        ({"off_track_offsets": np.zeros(4, int)}, "field off_track_offsets has no off_track_* field beside it"),
        ({"wire_offsets": np.zeros(4, int)}, "field wire_offsets has no wire_* field beside it"),
        ({"weight": np.float64(1)}, "event 1: must have 3 rows"),
    ],
)
def test_missing_and_unknown_fields_are_named(change, reason):
    arrays = {name: array for name, array in (hits() | change).items() if array is not None}
    with pytest.raises(InputError) as refusal:
        validate(arrays, "here", required=("ecl_adc",))
    assert reason in str(refusal.value)


def test_jagged_group_is_the_longest_that_fits():
    names = ("true_particle_offsets", "true_offsets", "true_particle_e", "true_e", "off_e")
    assert [group_of(name, names) for name in names] == ["", "", "true_particle", "true", ""]
    assert group_of("ecl_adc", ()) == "ecl"
    assert group_of("ecl_phase", ("ecl_offsets",)) == ""


def test_event_numbers_are_added_only_where_missing():
    numbered = with_event_numbers({"ecl_offsets": np.array([0, 0, 0]), "run": np.array([5, 6], np.int32)}, first_event=9)
    assert numbered["event"].tolist() == [9, 10]
    assert numbered["run"].tolist() == [5, 6]
    assert numbered["experiment"].tolist() == [0, 0]
    assert numbered["weight"].tolist() == [1.0, 1.0]


def test_record_does_not_change():
    record = EventRecord(hits(), {"seed": 1})
    with pytest.raises(AttributeError):
        record.meta = {}  # type: ignore[misc]
    with pytest.raises(TypeError):
        record.arrays["weight"] = np.zeros(3)  # type: ignore[index]
    assert "ecl_adc" in record
    assert "cdc_time" not in record
    assert EventRecord({}).n_events == 0


@st.composite
def records(draw):
    """A record of up to 8 events, and the same as Python lists: one (event number, tuple of hits) per event."""
    events = draw(st.lists(st.lists(st.integers(1, 576), max_size=5, unique=True).map(sorted), max_size=8))
    flat = [cell for cells in events for cell in cells]
    arrays = {
        "event": np.arange(len(events)) + 10,
        "ecl_offsets": np.cumsum([0, *map(len, events)]),
        "ecl_tc_id": np.array(flat, I16),
        "ecl_adc": np.array(flat, I16),
    }
    return EventRecord(arrays), [(index + 10, tuple(cells)) for index, cells in enumerate(events)]


def as_lists(record: EventRecord) -> list[tuple[int, tuple[int, ...]]]:
    bounds = record["ecl_offsets"]
    assert bounds[0] == 0
    np.testing.assert_array_equal(record["ecl_tc_id"], record["ecl_adc"])
    cells = [tuple(record["ecl_tc_id"][a:b].tolist()) for a, b in itertools.pairwise(bounds)]
    return list(zip(record["event"].tolist(), cells, strict=True))


@given(records(), st.data())
@settings(deadline=None)
def test_selection_is_that_of_lists(case, data):
    record, events = case
    start, stop = data.draw(st.integers(-9, 9)), data.draw(st.integers(-9, 9))
    step = data.draw(st.sampled_from([None, 1, 2, -1]))
    assert as_lists(record.select(slice(start, stop, step))) == events[start:stop:step]
    mask = data.draw(st.lists(st.booleans(), min_size=len(events), max_size=len(events)))
    chosen = record.select(np.array(mask, bool))
    assert as_lists(chosen) == [event for event, keep in zip(events, mask, strict=True) if keep]
    validate(chosen.arrays, "selection")


@given(records(), st.lists(st.integers(0, 8), max_size=3))
@settings(deadline=None)
def test_pieces_put_together_are_the_whole(case, cuts):
    record, events = case
    bounds = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
    pieces = [record.select(slice(a, b)) for a, b in itertools.pairwise(bounds)]
    assert as_lists(EventRecord.concatenate(pieces)) == events


def test_records_with_other_fields_do_not_go_together():
    with pytest.raises(ValueError, match=r"differ: \['ecl_phase', 'ecl_time'"):
        EventRecord.concatenate([EventRecord(timed()), EventRecord({k: timed()[k] for k in list(timed())[:7]})])
    assert EventRecord.concatenate([]).n_events == 0
