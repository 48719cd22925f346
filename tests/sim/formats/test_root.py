"""Event files as .root: foreign files, and trees that a user's own program wrote."""

import awkward as ak
import numpy as np
import pytest
import uproot

from sim.files import read_events, write_events
from trigger.errors import InputError
from trigger.events import EventRecord


def test_foreign_root_file_is_refused(tmp_path):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        file["DecayTree"] = {"runNumber": np.arange(3)}
    with pytest.raises(InputError, match="has no TTree 'events' of event fields; it holds DecayTree"):
        read_events(path)


def test_tree_of_other_branches_is_refused(tmp_path):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        file["events"] = {"Muon_pt": np.ones(3)}
    with pytest.raises(InputError, match="Muon_pt is not an event field"):
        read_events(path)


def test_histogram_of_the_right_name_is_refused(tmp_path):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        file["events"] = np.histogram([1.0, 2.0])
    with pytest.raises(InputError, match="has no TTree 'events'"):
        read_events(path)


def test_vectors_of_a_user_are_read(tmp_path):
    """Each list branch has a counter of its own; truth and offline lists form groups by their first two words."""
    path = tmp_path / "a.root"
    energies = ak.Array([[1.0, 2.0], [], [3.0]])
    with uproot.recreate(path) as file:
        file.mktree("events", {"event": "int64", "off_photon_e": "var * float64", "off_photon_theta": "var * float64"})
        file["events"].extend({"event": np.arange(3), "off_photon_e": energies, "off_photon_theta": energies / 10})
    record = read_events(path)
    assert sorted(record.arrays) == ["event", "off_photon_e", "off_photon_offsets", "off_photon_theta"]
    assert record["off_photon_offsets"].tolist() == [0, 2, 2, 3]
    assert record["off_photon_e"].tolist() == [1.0, 2.0, 3.0]


def test_rntuple_of_a_user_is_read(tmp_path):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        bits = np.eye(3, 14, dtype=np.uint8)
        file.mkrntuple("events", {"event": np.arange(3), "ecl_lml": bits, "off_photon_e": ak.Array([[1.0, 2.0], [], [3.0]])})
    record = read_events(path)
    assert record["off_photon_offsets"].tolist() == [0, 2, 2, 3]
    assert record["off_photon_e"].tolist() == [1.0, 2.0, 3.0]
    np.testing.assert_array_equal(record["ecl_lml"], bits)


def test_lists_of_one_group_must_agree(tmp_path):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        file.mktree("events", {"off_photon_e": "var * float64", "off_photon_theta": "var * float64"})
        lists = {"off_photon_e": ak.Array([[1.0], [2.0]]), "off_photon_theta": ak.Array([[1.0], [2.0, 3.0]])}
        file["events"].extend(lists)
    with pytest.raises(InputError, match="field off_photon_theta, event 1: has 2 entries where .* have 1"):
        read_events(path)


@pytest.mark.parametrize(
    ("branches", "reason"),
    [
        ({"ecl_phase": ak.Array([[1], [2]])}, "field ecl_phase: must be one row per event, not a list"),
        ({"ecl_adc": np.array([1, 2])}, "field ecl_offsets is missing, and ecl_adc needs it"),
        ({"off_e": ak.Array([[1.0], [2.0]])}, "field off_e: must be one row per event, not a list"),
        ({"off_p_e": ak.Array([["a"], ["b"]])}, "field off_p_e: must hold numbers"),
        ({"off_p_e": ak.Array([{"x": 1.0}])}, "field off_p_e"),
    ],
)
def test_branches_of_another_shape_are_refused(tmp_path, branches, reason):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        file["events"] = branches
    with pytest.raises(InputError) as refusal:
        read_events(path)
    assert reason in str(refusal.value)


def test_several_numbers_per_entry_of_a_free_field_are_not_for_root(tmp_path):
    arrays = {"off_track_offsets": np.array([0, 1]), "off_track_hits": np.zeros((1, 9))}
    with pytest.raises(InputError, match="off_track_hits has several numbers per entry: write .npz"):
        write_events(tmp_path / "a.root", EventRecord(arrays))
    assert list(tmp_path.iterdir()) == []
    write_events(tmp_path / "a.parquet", EventRecord(arrays))
    assert read_events(tmp_path / "a.parquet")["off_track_hits"].shape == (1, 9)


def test_several_numbers_per_entry_of_a_declared_field_are_numbered_branches(tmp_path):
    segments = np.arange(27, dtype=np.int16).reshape(3, 9)
    record = EventRecord({"track_offsets": np.array([0, 2, 2, 3]), "track_ts": segments})
    write_events(tmp_path / "a.root", record)
    with uproot.open(tmp_path / "a.root") as file:
        assert file["events"]["track_ts_8"].array().tolist() == [[8, 17], [], [26]]
    np.testing.assert_array_equal(read_events(tmp_path / "a.root")["track_ts"], segments)
