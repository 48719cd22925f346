"""Event files as .parquet: tables that a user's own program wrote."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sim.files import iter_events, read_events, write_events
from trigger.errors import InputError
from trigger.events import EventRecord


def save(path, columns: dict[str, pa.Array], **options: object) -> None:
    pq.write_table(pa.table(columns), path, **options)


def test_row_groups_of_any_size_are_read(tmp_path):
    lists = pa.array([[index] * (index % 3) for index in range(100)], pa.list_(pa.float32()))
    save(tmp_path / "a.parquet", {"event": pa.array(range(100)), "off_photon_e": lists}, row_group_size=7)
    record = EventRecord.concatenate(list(iter_events(tmp_path / "a.parquet", 9)))
    assert record["event"].tolist() == list(range(100))
    assert np.diff(record["off_photon_offsets"]).tolist() == [index % 3 for index in range(100)]
    assert record["off_photon_e"].dtype == np.float32
    assert record["off_photon_e"][:4].tolist() == [1.0, 2.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"weight": pa.array([1.0, None])}, "field weight, event 1: must be a number, not null"),
        ({"off_p_e": pa.array([[1.0], [None]])}, "field off_p_e: must hold numbers, not null"),
        ({"off_p_e": pa.array([[1.0], None])}, "field off_p_e, event 1: must be a number, not null"),
        ({"off_e": pa.array(["a", "b"])}, "field off_e: must hold numbers, not string"),
        ({"ecl_phase": pa.array([[1], [2]])}, "field ecl_phase: must be one row per event, not a list"),
        ({"pt": pa.array([1.0, 2.0])}, "pt is not an event field"),
        (
            {"off_p_a": pa.array([[1.0], [2.0]]), "off_p_b": pa.array([[], [1.0]])},
            "field off_p_b, event 0: has 0 entries where other off_p_* fields have 1",
        ),
    ],
)
def test_other_columns_are_refused(tmp_path, columns, reason):
    save(tmp_path / "a.parquet", columns)
    with pytest.raises(InputError) as refusal:
        read_events(tmp_path / "a.parquet")
    assert str(refusal.value).startswith(str(tmp_path / "a.parquet"))
    assert reason in str(refusal.value)


def test_a_block_is_a_row_group(tmp_path):
    write_events(tmp_path / "a.parquet", EventRecord({"event": np.arange(2 * 65_536 + 5)}))
    file = pq.ParquetFile(tmp_path / "a.parquet")
    assert [file.metadata.row_group(group).num_rows for group in range(3)] == [65_536, 65_536, 5]
    file.close()
