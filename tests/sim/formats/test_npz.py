"""Event files as .npz: equal bytes, plain numpy, compressed members, and every way in which a member can be wrong."""

import io
import zipfile

import numpy as np
import pytest
from numpy.lib import format as npy

from sim.files import iter_events, read_events, write_events
from trigger.errors import InputError
from trigger.events import EventRecord, with_event_numbers


def sample(n_events: int) -> EventRecord:
    """Events with numbers, flags, fixed arrays and a jagged group."""
    rng = np.random.default_rng(2)
    counts = rng.integers(0, 3, n_events)
    arrays = {
        "true_particle_offsets": np.concatenate([[0], np.cumsum(counts)]),
        "true_particle_e": rng.random(counts.sum()),
        "true_photon_estar": rng.random(n_events),
        "ext_veto": rng.random(n_events) < 0.5,
        "ecl_lml": rng.integers(0, 2, (n_events, 14)).astype(np.uint8),
    }
    return EventRecord(with_event_numbers(arrays), {"seed": 2})


def raw() -> dict[str, np.ndarray]:
    """Four events with 2, 0, 1 and 2 hits."""
    return {
        "event": np.arange(4),
        "ecl_offsets": np.array([0, 2, 2, 3, 5]),
        "ecl_adc": np.array([10, 20, 30, 40, 50]),
    }


def assert_same(left: EventRecord, right: EventRecord) -> None:
    assert set(left.arrays) == set(right.arrays)
    for name, array in right.arrays.items():
        np.testing.assert_array_equal(left[name], array, err_msg=name)


def test_equal_events_give_equal_bytes(tmp_path):
    for name in ("a", "b"):
        write_events(tmp_path / f"{name}.npz", sample(1000))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_numpy_reads_it(tmp_path):
    record = sample(70_000)
    write_events(tmp_path / "a.npz", record)
    with np.load(tmp_path / "a.npz") as file:
        for name, array in record.arrays.items():
            np.testing.assert_array_equal(file[name], array)


def test_compressed_members_are_read(tmp_path):
    record = sample(300)
    np.savez_compressed(tmp_path / "a.npz", **record.arrays)
    assert_same(EventRecord.concatenate(list(iter_events(tmp_path / "a.npz", 70))), record)


@pytest.mark.parametrize(
    ("offsets", "reason"),
    [
        ([0, 2, 1, 3, 5], "field ecl_offsets, event 1: must not decrease, but goes from 2 to 1"),
        ([0, 2, 2, 6, 5], "field ecl_offsets, event 3: must not decrease, but goes from 6 to 5"),
        ([1, 2, 2, 3, 5], "field ecl_offsets, event 0: must start at 0, not 1"),
        ([0, 2, 2, 3, 4], "field ecl_adc, event 3: has 5 entries, but ecl_offsets goes to 4"),
        ([0, 2, 2, 7, 7], "field ecl_adc, event 2: has 5 entries, but ecl_offsets goes to 7"),
        ([0, 2, 2, 5], "field ecl_offsets, event 3: must have 5 rows for 4 events (by event), not 4"),
    ],
)
@pytest.mark.parametrize("chunk", [2, 4])
def test_bad_offsets_are_refused(tmp_path, offsets, reason, chunk):
    path = tmp_path / "a.npz"
    arrays = raw() | {"ecl_offsets": np.array(offsets)}
    np.savez(path, **arrays)
    with pytest.raises(InputError) as refusal:
        list(iter_events(path, chunk))
    assert str(refusal.value) == f"{path}: {reason}"


def test_one_changed_byte_is_noticed(tmp_path):
    path = tmp_path / "a.npz"
    write_events(path, sample(3000))
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("true_photon_estar.npy")
    content[member.header_offset + 400] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="field true_photon_estar: truncated or damaged: Bad CRC-32"):
        read_events(path)


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.array([{}, {}]), "must be an array of numbers, not object"),
        (np.float64(1.0), "must be an array of numbers, not float64 of shape ()"),
        (np.asfortranarray(np.ones((2, 3))), "must be stored events first"),
        (np.array(["a", "b"]), "must hold numbers"),
    ],
)
def test_other_arrays_are_refused(tmp_path, array, reason):
    np.savez(tmp_path / "a.npz", event=np.arange(2), off_thing=array)
    with pytest.raises(InputError) as refusal:
        read_events(tmp_path / "a.npz")
    assert reason in str(refusal.value)


def test_member_that_is_no_array_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("event.npy", b"hello, this is not an array")
    with pytest.raises(InputError, match="field event: not a .npy member"):
        read_events(tmp_path / "a.npz")


@pytest.mark.parametrize("rows", [3, 10**15])
def test_header_that_asks_for_more_is_refused(tmp_path, rows):
    header = io.BytesIO()
    npy.write_array_header_1_0(header, {"descr": "<i8", "fortran_order": False, "shape": (rows,)})
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("event.npy", header.getvalue() + bytes(16))
    with pytest.raises(InputError, match=f"field event: has 144 bytes, but its header asks for {128 + 8 * rows}"):
        read_events(tmp_path / "a.npz")


def test_metadata_must_be_an_object(tmp_path):
    for text, reason in (("[1]", "must be a JSON object"), ("{", "is not JSON")):
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
            archive.writestr("metadata.json", text)
        with pytest.raises(InputError, match=reason):
            read_events(tmp_path / "a.npz")
