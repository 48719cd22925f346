"""Event files: what is written comes back, in every format, whole or in pieces; damage and foreign files are refused."""

import gc
import tracemalloc

import awkward as ak
import numpy as np
import pytest
import uproot

from sim.blocks import BLOCK_EVENTS
from sim.files import SUFFIXES, EventFile, OutputError, iter_events, read_events, write_events
from trigger.errors import InputError
from trigger.events import EventRecord, declared, validate, with_event_numbers
from trigger.fields import ANY_LENGTH

pytestmark = pytest.mark.parametrize("suffix", SUFFIXES)
META = {"seed": 7, "labels": {"sample": "gun", "µ": [1, 2.5, None]}}


def sample(n_events: int, seed: int = 1) -> EventRecord:
    """Events with every kind of field: numbers, flags, fixed arrays, two jagged groups, one of them three words long."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 7, n_events)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    cells = np.repeat(rng.integers(1, 500, n_events) - offsets[:-1], counts) + np.arange(offsets[-1])
    truth = np.concatenate([[0], np.cumsum(rng.integers(0, 3, n_events))])
    arrays = {
        "ecl_offsets": offsets,
        "ecl_tc_id": cells.astype(np.int16),
        "ecl_adc": rng.integers(1, 4096, len(cells)).astype(np.int16),
        "ext_veto": rng.random(n_events) < 0.5,
        "ecl_lml": rng.integers(0, 2, (n_events, 14)).astype(np.uint8),
        "ecl_word": rng.integers(0, 1 << 32, (n_events, 3)).astype(np.uint32),
        "ecl_timing": rng.integers(-99, 99, n_events).astype(np.int16),
        "true_decay_daughter_offsets": truth,
        "true_decay_daughter_pdg": rng.integers(-400, 400, truth[-1]).astype(np.int32),
        "true_decay_daughter_seen": rng.random(truth[-1]) < 0.5,
        "true_photon_estar": rng.random(n_events),
    }
    return EventRecord(with_event_numbers(arrays, experiment=26, run=3), META)


def assert_same(left: EventRecord, right: EventRecord) -> None:
    assert set(left.arrays) == set(right.arrays)
    for name, array in right.arrays.items():
        np.testing.assert_array_equal(left[name], array, err_msg=name)
        assert left[name].dtype == array.dtype, name
        assert left[name].flags.writeable, name


@pytest.mark.parametrize("n_events", [0, 1, 3000])
def test_events_and_metadata_come_back(tmp_path, suffix, n_events):
    record = sample(n_events)
    write_events(tmp_path / f"a{suffix}", record)
    back = read_events(tmp_path / f"a{suffix}")
    assert_same(back, record)
    assert back.meta == META
    assert [path.name for path in tmp_path.iterdir()] == [f"a{suffix}"]


def test_every_declared_field_comes_back(tmp_path, suffix):
    arrays: dict[str, np.ndarray] = {}
    for spec in declared().values():
        if spec.group:
            arrays[f"{spec.group}_offsets"] = np.array([0, 1, 1])
        low, high = spec.bounds or (0, 1)
        shape = (1 if spec.group else 2, *(length if length != ANY_LENGTH else 3 for length in spec.shape))
        arrays[spec.name] = np.broadcast_to(np.array(low if spec.group else high), shape).astype(spec.dtype)
    record = EventRecord(validate(arrays, "test"))
    write_events(tmp_path / f"a{suffix}", record)
    assert_same(read_events(tmp_path / f"a{suffix}"), record)


@pytest.mark.parametrize("chunk", [1, 17, 100])
def test_pieces_are_the_whole(tmp_path, suffix, chunk):
    path, record = tmp_path / f"a{suffix}", sample(100)
    write_events(path, record)
    pieces = list(iter_events(path, chunk))
    assert {piece.n_events for piece in pieces[:-1]} <= {chunk}
    assert_same(EventRecord.concatenate(pieces), record)


def test_range_and_fields_can_be_chosen(tmp_path, suffix):
    path, record = tmp_path / f"a{suffix}", sample(100)
    write_events(path, record)
    chosen = EventRecord.concatenate(list(iter_events(path, 7, start=13, stop=51, fields={"ecl_adc", "event"})))
    assert set(chosen.arrays) == {"event", "ecl_offsets", "ecl_adc"}
    expected = record.select(slice(13, 51))
    assert_same(chosen, EventRecord({name: expected[name] for name in chosen.arrays}))


def test_pieces_can_be_read_in_any_order(tmp_path, suffix):
    path, record = tmp_path / f"a{suffix}", sample(50)
    write_events(path, record)
    with EventFile(path) as file:
        for start, stop in ((40, 50), (0, 10), (9, 20), (30, 30), (31, 33), (33, 33), (33, 40), (50, 50), (49, 50)):
            assert_same(file.read(start, stop), record.select(slice(start, stop)))


def test_memory_does_not_grow_with_the_file(tmp_path, suffix):
    """Peak of numpy and Python memory while six blocks go by, against that of six blocks read at once."""
    path = tmp_path / f"a{suffix}"
    write_events(path, sample(6 * BLOCK_EVENTS))
    peaks = []
    for chunk, pieces in ((BLOCK_EVENTS, 6), (6 * BLOCK_EVENTS, 1)):
        gc.collect()
        tracemalloc.start()
        assert sum(1 for _ in iter_events(path, chunk)) == pieces
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[0] < peaks[1] / 2.5


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.9, 0.999])
def test_truncated_file_is_refused(tmp_path, suffix, share):
    path = tmp_path / f"a{suffix}"
    write_events(path, sample(3000))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match=rf"^{path}: "):
        read_events(path)


@pytest.mark.parametrize("content", [b"not an event file at all" * 50, b"PK\x03\x04" + bytes(500), b"root" + bytes(500)])
def test_other_content_is_refused(tmp_path, suffix, content):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"^{path}: "):
        read_events(path)


def test_missing_file_folder_and_suffix_are_named(tmp_path, suffix):
    with pytest.raises(InputError, match="no such file"):
        read_events(tmp_path / f"none{suffix}")
    with pytest.raises(InputError, match="no such file"):
        read_events(tmp_path.rename(tmp_path.with_suffix(suffix)))
    with pytest.raises(InputError, match=r"must end in \.npz, \.parquet, \.root, not \.csv"):
        read_events(f"a{suffix}.csv")


def test_missing_field_is_named(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    write_events(path, sample(3))
    with pytest.raises(InputError, match="field cdc_ts_id is missing"):
        read_events(path, required=("ecl_adc", "cdc_ts_id"))


def save_raw(path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays without any check, as a user's own script would: plain columns, and lists for the hits."""
    columns = {name: array for name, array in arrays.items() if name != "ecl_offsets"}
    for name in ("ecl_tc_id", "ecl_adc"):
        columns[name] = ak.unflatten(arrays[name], np.diff(arrays["ecl_offsets"]))
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    elif path.suffix == ".parquet":
        ak.to_parquet(ak.Array(columns), path)
    else:
        with uproot.recreate(path) as file:
            kinds = {name: "var * int64" if name.startswith("ecl") else array.dtype for name, array in columns.items()}
            file.mktree("events", kinds).extend(columns)


def raw() -> dict[str, np.ndarray]:
    return {
        "event": np.arange(4),
        "ecl_offsets": np.array([0, 2, 2, 3, 5]),
        "ecl_tc_id": np.array([1, 576, 3, 4, 5]),
        "ecl_adc": np.array([10, 20, 30, 40, 50]),
        "weight": np.ones(4),
    }


@pytest.mark.parametrize(
    ("name", "row", "value", "reason"),
    [
        ("ecl_tc_id", 0, 0, "field ecl_tc_id, event 0: must be 1..576, not 0"),
        ("ecl_tc_id", 4, 577, "field ecl_tc_id, event 3: must be 1..576, not 577"),
        ("ecl_tc_id", 4, 4, "field ecl_tc_id, event 3: must be strictly ascending in an event, but 4 follows 4"),
        ("ecl_adc", 2, 4096, "field ecl_adc, event 2: must be 1..4095, not 4096"),
        ("ecl_adc", 3, -5, "field ecl_adc, event 3: must be 1..4095, not -5"),
        ("weight", 2, np.nan, "field weight, event 2: must be finite, not nan"),
    ],
)
@pytest.mark.parametrize("chunk", [1, 4])
def test_bad_value_is_refused_with_file_field_event_reason(tmp_path, suffix, name, row, value, reason, chunk):
    """The same events pass when they are read without the bad value, and the event counts from the start of the file."""
    path, arrays = tmp_path / f"user{suffix}", raw()
    save_raw(path, arrays)
    assert read_events(path)["ecl_tc_id"].tolist() == [1, 576, 3, 4, 5]
    arrays[name][row] = value
    path.unlink()
    save_raw(path, arrays)
    with pytest.raises(InputError) as refusal:
        list(iter_events(path, chunk))
    assert str(refusal.value) == f"{path}: {reason}"
    with pytest.raises(InputError):
        write_events(tmp_path / f"b{suffix}", EventRecord(arrays))
    assert not (tmp_path / f"b{suffix}").exists()


def test_output_is_all_or_nothing(tmp_path, suffix, monkeypatch):
    """A writer that fails in mid-file leaves the old file as it was, and nothing beside it."""
    path, record = tmp_path / f"a{suffix}", sample(30)
    write_events(path, record)
    before = path.read_bytes()

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sim.formats.common.RecordSource.part", fails)
    with pytest.raises(OutputError, match=rf"^{path}: cannot be written: No space left"):
        write_events(path, sample(10), overwrite=True)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_existing_file_needs_permission(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    write_events(path, sample(2))
    with pytest.raises(OutputError, match="exists"):
        write_events(path, sample(3))
    write_events(path, sample(3), overwrite=True)
    assert read_events(path).n_events == 3


def test_output_folder_must_be_there(tmp_path, suffix):
    (tmp_path / "file").write_text("not a folder")
    for folder in ("file", "none"):
        with pytest.raises(OutputError, match=f"output folder .*{folder} does not exist or is not a folder"):
            write_events(tmp_path / folder / f"a{suffix}", sample(2))


def test_output_folder_must_be_writable(tmp_path, suffix, monkeypatch):
    def refuses(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuses)
    with pytest.raises(OutputError, match=r"is not writable: Permission denied"):
        write_events(tmp_path / f"a{suffix}", sample(2))
