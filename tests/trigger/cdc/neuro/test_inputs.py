"""The input stage against the simulation, at the edges of its rules, and at its door."""

import numpy as np
import pytest

from trigger.cdc import EventTime, HoughFinder, HoughPlane, InputWindows, NeuroInputs
from trigger.cdc.neuro.crossing import crossing_angles, crossing_table, reference_ids
from trigger.cdc.neuro.formats import AZIMUTH
from trigger.errors import InputError
from trigger.geometry.cdc import superlayers

OPTIONS = (EventTime.FASTEST_PRIORITY, EventTime.FASTEST_2D, EventTime.ZERO, EventTime.ETF_ONLY)
OFFSET = (0, 160, 320, 512, 736, 992, 1280, 1600, 1952)
INSIDE = (0, -4, 0, 4, 0, -4, 0, 5, 0)
"""A relative id inside the window of each superlayer."""


def segment(superlayer, relative):
    """Id of the segment that many wires from phi = 0."""
    return OFFSET[superlayer] + relative % int(superlayers().n_segments[superlayer])


def straight(hits, option=EventTime.ETF_ONLY, given=0, related=None):
    """Inputs of the straight track at phi0 = 0 from one event of (superlayer, relative id, priority, lr, time).

    related: indices of the segments that belong to the track; all axial ones if None.
    """
    ids = [segment(s, r) for s, r, *_ in hits]
    rest = np.array([hit[2:] for hit in hits], dtype=np.int64).reshape(-1, 3)
    related = [k for k, hit in enumerate(hits) if hit[0] % 2 == 0] if related is None else related
    return NeuroInputs(event_time=option).select(
        np.array([0]), crossing_angles([0.0]), np.array([0, 1]), np.array([0, len(related)]), np.array(related, dtype=np.int64),
        [0, len(ids)], np.array(ids, dtype=np.int64), rest[:, 0], rest[:, 1], rest[:, 2],
        given_time=None if given is None else [given],
    )  # fmt: skip


def full_track(lr=2, time=100, without=()):
    return [(s, INSIDE[s], 3, lr, time) for s in range(9) if s not in without]


@pytest.mark.parametrize("option", range(len(OPTIONS)), ids=lambda k: OPTIONS[k].name)
def test_published_selections(reference, option):
    """Event time, pattern, expert, chosen segments, all 27 inputs of the events with this option."""
    chosen = np.flatnonzero(reference["prep_t0_option"] == option)
    starts, counts = reference["prep_offsets"][chosen], np.diff(reference["prep_offsets"])[chosen]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    event = np.repeat(np.arange(len(chosen)), counts)
    local = np.arange(offsets[-1]) - offsets[event]
    rows = starts[event] + local
    related = reference["prep_relation"][rows] == 1
    related_offsets = np.concatenate([[0], np.cumsum(np.bincount(event[related], minlength=len(chosen)))])
    given = reference["prep_t0_given"][chosen] if OPTIONS[option].value.use_given else None
    vectors = NeuroInputs(event_time=OPTIONS[option]).select(
        AZIMUTH.quantise(reference["prep_phi0"][chosen]), crossing_angles(reference["prep_omega"][chosen]),
        np.arange(len(chosen) + 1), related_offsets, local[related], offsets,
        *(reference[f"prep_{name}"][rows] for name in ("ts_id", "priority", "lr", "time")), given_time=given,
    )  # fmt: skip
    assert len(chosen) == (204, 61, 38, 97)[option]
    assert (vectors.track_has_t0 == reference["prep_has_t0"][chosen]).all()
    assert (vectors.track_t0 == reference["prep_t0"][chosen]).all()
    assert (vectors.track_pattern == reference["prep_pattern"][chosen]).all()
    assert (vectors.track_expert == reference["prep_expert"][chosen]).all()
    assert (vectors.track_hit == reference["prep_ts_index"][chosen]).all()
    assert (vectors.x_raw == reference["prep_x_int"][chosen]).all()


def test_a_full_track_by_hand():
    """Relative id at the window's centre or half a wire off, left side, 100 time units: 16 x 100; straight: angle 0."""
    vectors = straight(full_track())
    scaled = [0, 0, 0, 0, 0, 0, 0.25, 0, 0.125]  # (0 + 0.5)/2 in superlayer 6, (0 + 0.5)/4 in 8
    assert vectors.x_raw[0].tolist() == [value for x in scaled for value in (int(4096 * x), 1600, 0)]
    assert vectors.track_expert.tolist() == [0]
    assert vectors.track_pattern.tolist() == [0b010101010]
    assert vectors.track_hit[0].tolist() == list(range(9))
    assert vectors.track_ts[0].tolist() == [segment(s, INSIDE[s]) for s in range(9)]


@pytest.mark.parametrize(("expert", "missing"), [(0, None), (1, 7), (2, 5), (3, 3), (4, 1)])
def test_expert_by_missing_stereo_superlayer(expert, missing):
    vectors = straight(full_track(without=(missing,)))
    assert vectors.track_expert.tolist() == [expert]
    if missing is not None:
        assert vectors.x_raw[0, 3 * missing : 3 * missing + 3].tolist() == [0, 0, 0]


def test_no_expert_without_two_stereo_superlayers():
    vectors = straight(full_track(without=(1, 7)))
    assert vectors.track_expert.tolist() == [-1]
    assert vectors.track_pattern.tolist() == [0b000101000]
    assert not vectors.x_raw.any()
    assert (vectors.track_hit == -1).all()


def test_axial_superlayers_do_not_matter_to_the_expert():
    assert straight(full_track(without=(0, 2, 4, 6, 8))).track_expert.tolist() == [0]


@pytest.mark.parametrize("superlayer", range(9))
def test_window_edges(superlayer):
    """The last wires inside and the first ones outside, both ends inclusive: half wires through the second-priority position."""
    low, high = InputWindows().bounds[superlayer]
    others = full_track(without=(superlayer,))
    for relative, inside in [(low, True), (high, True), (low - 0.5, False), (high + 0.5, False)]:
        half = relative % 1 == 0.5
        hit = (superlayer, int(np.floor(relative)), 2 if half else 3, 2, 100)
        vectors = straight([*others, hit])
        assert (vectors.track_hit[0, superlayer] == 8) == inside, relative
    assert max(abs(straight([*others, hit]).x_raw[0, ::3])) <= 4096


def test_input_one_at_the_upper_edge_of_superlayer_6():
    vectors = straight([*full_track(without=(6,)), (6, 1, 2, 2, 256)])
    assert vectors.x_raw[0, 18:20].tolist() == [4096, 4096], "both +1, which 13 bits do not hold"


@pytest.mark.parametrize(("lr", "sign"), [(0, 0), (1, -1), (2, 1), (3, 0)])
@pytest.mark.parametrize(("time", "drift"), [(-5, 0), (0, 0), (1, 1), (255, 255), (256, 256), (257, 256), (900, 256)])
def test_drift_time_input(time, drift, lr, sign):
    assert straight(full_track(lr, time)).x_raw[0, 1::3].tolist() == [16 * sign * drift] * 9


@pytest.mark.parametrize(
    ("first", "second", "chosen"),
    [
        ((2, 100), (2, 90), 1),
        ((2, 90), (1, 100), 0),
        ((2, 100), (1, 100), 1),
        ((3, 10), (2, 200), 1),
        ((2, 200), (3, 10), 0),
        ((3, 10), (0, 9), 1),
        ((2, 300), (2, 400), 1),
        ((2, -10), (2, -20), 1),
    ],
)
@pytest.mark.parametrize("superlayer", [4, 5])
def test_choice_in_a_superlayer(superlayer, first, second, chosen):
    """Side known, then shorter drift time (after the cut to 0..256), then the later entry."""
    pair = [(superlayer, INSIDE[superlayer], 3, *first), (superlayer, INSIDE[superlayer] + 1, 3, *second)]
    assert straight(pair + full_track(without=(superlayer,))).track_hit[0, superlayer] == chosen


def test_only_the_tracks_own_axial_segments_count():
    hits = [(0, 0, 3, 2, 5), (0, 1, 3, 2, 50), *full_track(without=(0,))]
    assert straight(hits, related=[1]).track_hit[0, [0, 1, 2]].tolist() == [1, 2, -1]


TIMES = [
    (0, 0, 3, 2, 40),
    (2, 0, 3, 0, 30),
    (4, 5, 3, 2, 10),
    (1, -4, 3, 2, 20),
    (3, 4, 3, 2, 60),
    (5, -4, 3, 2, 70),
    (7, 5, 3, 2, 80),
]
"""Fastest of the related and relevant: 30; the segment with 10 is outside its window; 20 is stereo."""


@pytest.mark.parametrize(
    ("option", "given", "related", "t0"),
    [
        ("FASTEST_PRIORITY", None, None, 30),
        ("FASTEST_PRIORITY", None, [0, 1, 3], 20),
        ("FASTEST_PRIORITY", None, [2], None),
        ("FASTEST_2D", None, [0, 1, 3], 30),
        ("FASTEST_2D", None, [3], None),
        ("ZERO", None, None, 0),
        ("ETF_ONLY", 55, None, 55),
        ("ETF_ONLY", 9999, None, None),
        ("ETF_OR_FASTEST_PRIORITY", 55, None, 55),
        ("ETF_OR_FASTEST_PRIORITY", 9999, None, 30),
        ("MIN_ETF_FASTEST_PRIORITY", 55, None, 30),
        ("MIN_ETF_FASTEST_PRIORITY", 25, None, 25),
        ("MIN_ETF_FASTEST_PRIORITY", 25, [2], 25),
        ("ETF_OR_FASTEST_2D", 9999, [0, 3], 40),
        ("ETF_OR_ZERO", 55, None, 55),
        ("ETF_OR_ZERO", 9999, None, 0),
    ],
)
def test_event_time(option, given, related, t0):
    vectors = straight(TIMES, EventTime[option], given, related)
    assert vectors.track_has_t0.tolist() == [t0 is not None]
    assert vectors.track_t0.tolist() == [t0 or 0]
    drift = 0 if t0 is None else min(max(80 - t0, 0), 256)
    assert vectors.x_raw[0, 22] == 16 * drift


def test_angle_input_is_cut_toward_zero():
    """An odd crossing angle loses half an LSB, whatever its sign."""
    table = crossing_table(HoughPlane())
    for omega_raw in (-3, 3):
        angles = table[[omega_raw + 33]]
        reference = reference_ids([0], angles)[0]
        ids = [segment(s, round(float(reference[s, 0]) / 256) + INSIDE[s]) for s in range(9)]
        vectors = NeuroInputs(event_time=EventTime.ZERO).select(
            np.array([0]),
            angles,
            np.array([0, 1]),
            np.array([0, 5]),
            np.array([0, 2, 4, 6, 8]),
            [0, 9],
            ids,
            [3] * 9,
            [2] * 9,
            [0] * 9,
        )
        assert (angles % 2 == 1).any()
        assert vectors.x_raw[0, 2::3].tolist() == [int(a / 2) for a in angles[0, :, 0].tolist()]


@pytest.mark.parametrize("angle", [-4, -3, -2, -1, 0, 1, 2, 3, 4])
def test_smallest_angle_inputs(angle):
    """Half the crossing angle, cut toward zero; angles off the curvature grid are as small as one LSB."""
    hits = full_track()
    vectors = NeuroInputs(event_time=EventTime.ZERO).select(
        np.array([0]), np.full((1, 9, 2), angle), np.array([0, 1]), np.array([0, 5]), np.array([0, 2, 4, 6, 8]),
        [0, 9], [segment(s, relative) for s, relative, *_ in hits], [3] * 9, [2] * 9, [0] * 9,
    )  # fmt: skip
    assert vectors.track_hit[0].tolist() == list(range(9))
    assert vectors.x_raw[0, 2::3].tolist() == [int(angle / 2)] * 9


def test_an_event_time_that_the_option_does_not_use():
    """55 is later than the fastest time, 30, and 25 earlier."""
    for given in (55, 25):
        assert straight(TIMES, EventTime.FASTEST_PRIORITY, given).track_t0.tolist() == [30]
        assert straight(TIMES, EventTime.FASTEST_2D, given, [0, 1, 3]).track_t0.tolist() == [30]
        assert straight(TIMES, EventTime.ZERO, given).track_t0.tolist() == [0]


def test_run_from_found_tracks(reference):
    """From the 2D finder's record: the same as by hand from raw azimuth and curvature, with the finder's segments."""
    rows = reference["prep_offsets"]
    arrays = [reference[f"prep_{name}"] for name in ("ts_id", "priority", "lr", "time")]
    tracks = HoughFinder().run(rows, *arrays[:2])
    vectors = NeuroInputs().run(tracks, rows, *arrays)
    event = np.repeat(np.arange(400), np.diff(tracks.track_offsets))
    on_track = tracks.track_hit >= 0
    by_hand = NeuroInputs().select(
        AZIMUTH.quantise(-np.pi + (tracks.track_phi_raw + 1) * np.pi / 160),
        crossing_angles(tracks.track_omega_raw * 29.9792458e-4 * 1.5 / 0.3 / 34),
        tracks.track_offsets, np.concatenate([[0], np.cumsum(on_track.sum(axis=1))]), tracks.track_hit[on_track], rows, *arrays,
    )  # fmt: skip
    assert len(event) > 300
    assert (vectors.track_expert >= 0).sum() > 200
    for name, array in vars(vectors).items():
        assert (array == getattr(by_hand, name)).all(), name
    axial = vectors.track_hit[:, ::2]
    assert ((axial == tracks.track_hit[:, ::2]) | (axial == -1)).all()
    assert (np.abs(vectors.x_raw) <= 4096).all()


def test_empty():
    vectors = NeuroInputs().run(HoughFinder().run([0], [], []), [0], [], [], [], [])
    assert vectors.x_raw.shape == (0, 27)
    vectors = straight([])
    assert vectors.track_expert.tolist() == [-1]


def call(**change):
    good = {
        "phi0_raw": np.array([0]), "angles_raw": crossing_angles([0.0]), "track_offsets": np.array([0, 1]),
        "related_offsets": np.array([0, 1]), "related_hit": np.array([0]), "offsets": [0, 1], "ts_id": [0], "priority": [3],
        "lr": [2], "time": [5],
    }  # fmt: skip
    return NeuroInputs(event_time=change.pop("event_time", EventTime.ZERO)).select(**(good | change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ts_id": [2336]}, "NeuroInputs: field cdc_ts_id, event 0: must be 0..2335, not 2336"),
        ({"lr": [4]}, "cdc_lr, event 0: must be 0..3, not 4"),
        ({"time": [5.0]}, "cdc_time: must hold integers"),
        ({"time": [5, 6]}, "cdc_time, event 0: has 2 entries, but cdc_offsets ends at 1"),
        ({"track_offsets": np.array([0, 1, 1])}, "tracks and segments must be of the same events, not of 2 and 1"),
        ({"related_hit": np.array([1])}, "track 0: segments must be 0..0 of its event, not 1"),
        ({"related_hit": np.array([-1])}, "not -1"),
        ({"related_offsets": np.array([0, 2])}, "related_offsets must lead from 0 to 1 in 1 steps"),
        ({"event_time": EventTime.ETF_OR_ZERO}, "given_time must be there for the event time ETF_OR_ZERO"),
        ({"given_time": [1, 2]}, r"given_time must be 1 integers, one per event, not int64 of shape \(2,\)"),
        ({"given_time": [1.5]}, "not float64"),
    ],
)
def test_bad_input_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        call(**change)


@pytest.mark.parametrize(
    ("superlayer", "bounds", "message"),
    [(0, (-1.5, -1.0), "superlayer 0 must be multiples of 1/4, 1 to 32 apart"), (3, (0.5, 33.0), "not 0.5, 33.0"),
     (8, (-1.1, 1.1), "superlayer 8"), (2, (100.0, 102.0), "near 0")],
)  # fmt: skip
def test_bad_windows_are_refused(superlayer, bounds, message):
    good = list(InputWindows().bounds)
    good[superlayer] = bounds
    with pytest.raises(ValueError, match=message):
        InputWindows(bounds=tuple(good))
    with pytest.raises(ValueError, match="bounds must have 9 superlayers, not 8"):
        InputWindows(bounds=InputWindows().bounds[:8])
