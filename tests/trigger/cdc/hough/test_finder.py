"""The 2D finder against the experiment's own trigger simulation, at its edges, and under rotation."""

from pathlib import Path

import numpy as np
import pytest

from trigger.cdc import HoughFinder, HoughPlane
from trigger.errors import InputError
from trigger.geometry.cdc import superlayers

REFERENCE = Path(__file__).parents[3] / "reference" / "hough_tracks.npz"
MIDDLE = [0, 320, 736, 1280, 1952]
"""Segments at phi = 0 of the five axial superlayers."""


@pytest.fixture(scope="module")
def reference():
    with np.load(REFERENCE, allow_pickle=False) as file:
        return dict(file)


@pytest.fixture(scope="module")
def found(reference):
    return HoughFinder().run(reference["cdc_offsets"], reference["cdc_ts_id"], reference["cdc_priority"])


def run(events, **plane):
    """Tracks of events given as lists of (segment, priority)."""
    offsets = np.cumsum([0, *(len(e) for e in events)])
    hits = np.array([hit for e in events for hit in e], dtype=np.int64).reshape(-1, 2)
    return HoughFinder(plane=HoughPlane(**plane)).run(offsets, hits[:, 0], hits[:, 1])


def test_every_fired_cell(reference):
    votes = HoughFinder().cells(reference["cdc_offsets"], reference["cdc_ts_id"], reference["cdc_priority"])
    superlayers_hit = np.bitwise_count(votes)
    event, x, y = np.nonzero(superlayers_hit >= 4)
    assert len(event) == 15666
    assert (np.bincount(event, minlength=1008) == np.diff(reference["cell_offsets"])).all()
    assert (34 * x + y == reference["cell_index"]).all()
    assert (superlayers_hit[event, x, y] == reference["cell_n_sl"]).all()


def test_every_track(reference, found):
    assert len(found.track_phi_raw) == 2597
    assert (found.track_offsets == reference["track_offsets"]).all()
    assert (found.track_phi_raw == reference["track_cell_x2"]).all()
    assert (found.track_omega_raw == reference["track_omega_raw"]).all()
    plane = found.plane
    assert np.abs(plane.phi0_rad(found.track_phi_raw) - reference["track_phi0"]).max() < 1e-12
    assert np.abs(plane.omega_per_cm(found.track_omega_raw) - reference["track_omega"]).max() < 1e-15


def test_every_association(reference, found):
    assert (found.track_hit[:, ::2] == reference["track_ts_index"]).all()
    assert (found.track_ts[:, ::2] == reference["track_ts_id"]).all()
    assert (found.track_hit[:, 1::2] == -1).all()
    assert (found.track_ts[:, 1::2] == -1).all()


def test_dtypes_and_empty_input():
    for tracks in (run([[], []]), run([]), HoughFinder().run([0], [], [])):
        assert (tracks.track_offsets == 0).all()
        assert [getattr(tracks, name).dtype for name in ("track_offsets", "track_phi_raw", "track_omega_raw")] == ["i8", "i2", "i1"]
        assert [getattr(tracks, name).dtype for name in ("track_ts", "track_hit", "track_clock")] == ["i2", "i4", "u1"]
        assert tracks.track_ts.shape == tracks.track_hit.shape == (0, 9)
    assert len(run([[], []]).track_offsets) == 3


def test_a_straight_track_along_phi_zero():
    """Five curves meet in the corner at phi0 = 0, omega = 0: four cells, one square, and its centre is the corner itself."""
    tracks = run([[(segment, 3) for segment in MIDDLE]])
    assert tracks.track_phi_raw.tolist() == [159]
    assert tracks.plane.phi0_rad(tracks.track_phi_raw).tolist() == [0.0]
    assert tracks.track_omega_raw.tolist() == [0]
    assert tracks.track_ts[0].tolist() == [0, -1, 320, -1, 736, -1, 1280, -1, 1952]


@pytest.mark.parametrize("missing", range(5))
def test_four_of_five_superlayers(missing):
    hits = [(segment, 3) for k, segment in enumerate(MIDDLE) if k != missing]
    assert len(run([hits]).track_phi_raw) == 1
    assert len(run([hits], min_superlayers=5).track_phi_raw) == 0
    assert len(run([hits[1:]]).track_phi_raw) == 0
    repeated = [*hits[1:], hits[1]]
    assert len(run([repeated]).track_phi_raw) == 0, "superlayers are counted, not segments"


def test_stereo_segments_do_not_vote():
    stereo = [(int(superlayers().offset[s]), 3) for s in (1, 3, 5, 7)]
    assert len(run([stereo]).track_phi_raw) == 0
    with_axial = run([stereo + [(segment, 3) for segment in MIDDLE]])
    assert with_axial.track_hit[0].tolist() == [4, -1, 5, -1, 6, -1, 7, -1, 8]


def test_preferred_segment():
    """First-priority wire, then the higher id, then the earlier entry."""
    others = [(segment, 3) for segment in MIDDLE[1:]]
    assert run([[(0, 1), (0, 3), (0, 2), *others]]).track_hit[0, 0] == 1
    assert run([[(1, 2), (0, 3), *others]]).track_ts[0, 0] == 0
    assert run([[(0, 1), (0, 2), *others]]).track_hit[0, 0] == 0
    both = run([[(0, 3), (1, 3), *others]])
    assert both.track_ts[:, 0].max() == 1


def test_rotation_by_two_sectors(reference):
    """All segments 1/16 turn further, 10 cells or 5 squares: the same tracks 20 half cells further, in another order."""
    lines, ids = superlayers(), reference["cdc_ts_id"]
    s = lines.of_segment[ids]
    turned = (ids - lines.offset[s] + lines.n_segments[s] // 16) % lines.n_segments[s] + lines.offset[s]
    tracks = HoughFinder().run(reference["cdc_offsets"], turned, reference["cdc_priority"])
    assert (tracks.track_offsets == reference["track_offsets"]).all()
    event = np.repeat(np.arange(1008), np.diff(tracks.track_offsets))
    ours = sorted(zip(event, tracks.track_phi_raw.tolist(), tracks.track_omega_raw.tolist(), strict=True))
    theirs = zip(event, (reference["track_cell_x2"] + 20) % 320, reference["track_omega_raw"], strict=True)
    assert ours == sorted(theirs)


def test_clock_in_which_a_track_leaves(reference, found):
    """Six tracks per quadrant and clock, in order."""
    event = np.repeat(np.arange(1008), np.diff(found.track_offsets))
    sent: dict[tuple[int, int], int] = {}
    for e, phi, clock in zip(event.tolist(), found.track_phi_raw.tolist(), found.track_clock.tolist(), strict=True):
        place = sent.get(key := (e, (phi - 200) % 320 // 80), 0)
        assert clock == place // 6
        sent[key] = place + 1
    assert max(sent.values()) == 16, "the sample has a quadrant that needs three clocks"


def test_outputs_grow_with_the_tracks(reference, monkeypatch):
    """Many events in one call need more room than the first guess; the answer is that of each event alone."""
    repeat = 40
    offsets = np.concatenate([[0], np.cumsum(np.tile(np.diff(reference["cdc_offsets"]), repeat))])
    many = HoughFinder().run(offsets, np.tile(reference["cdc_ts_id"], repeat), np.tile(reference["cdc_priority"], repeat))
    assert (many.track_phi_raw == np.tile(reference["track_cell_x2"], repeat)).all()
    assert (many.track_hit[:, ::2] == np.tile(reference["track_ts_index"], (repeat, 1))).all()


@pytest.mark.parametrize(
    ("offsets", "ts_id", "priority", "message"),
    [
        ([0, 1], [2336], [3], r"HoughFinder: field cdc_ts_id, event 0: must be 0..2335, not 2336"),
        ([0, 0, 1], [-1], [3], "cdc_ts_id, event 1: must be 0..2335, not -1"),
        ([0, 1], [5], [0], "cdc_priority, event 0: must be 1..3, not 0"),
        ([0, 1], [5], [4], "cdc_priority, event 0: must be 1..3, not 4"),
        ([0, 2, 1], [5], [3], "cdc_offsets, event 1: must not decrease"),
        ([1, 1], [5], [3], "cdc_offsets, event 0: must start at 0, not 1"),
        ([0, 2], [5], [3], "cdc_ts_id, event 0: has 1 entries, but cdc_offsets ends at 2"),
        ([0, 1], [5.0], [3], "cdc_ts_id: must hold integers, not float64"),
    ],
)
def test_bad_input_is_refused(offsets, ts_id, priority, message):
    for method in (HoughFinder().run, HoughFinder().cells):
        with pytest.raises(InputError, match=message):
            method(np.array(offsets), np.array(ts_id), np.array(priority))
