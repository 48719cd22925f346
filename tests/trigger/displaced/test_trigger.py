"""The displaced-vertex trigger from segments to vertices, on ideal tracks."""

import math

import numpy as np
import pytest

from trigger.displaced import DisplacedParameters, DisplacedTrigger
from trigger.errors import InputError
from trigger.geometry.cdc import superlayers


def run(*events, parameters=None, given=0):
    """Decision on events given as columns (id, priority, left/right, time)."""
    offsets = np.cumsum([0, *(len(e[0]) for e in events)])
    columns = [np.concatenate([e[k] for e in events]) for k in range(4)]
    times = None if given is None else np.full(len(events), given)
    return DisplacedTrigger(parameters).run(offsets, *columns, times)


@pytest.fixture(scope="module")
def pair(from_vertex):
    """Two tracks from a point 12 cm from the axis at azimuth 1, 10 cm along the beam."""
    x, y = 12 * math.cos(1), 12 * math.sin(1)
    return from_vertex(x, y, 10, 1.5, 0.004, 0.3), from_vertex(x, y, 10, 0.5, -0.005, 0.6)


def test_a_displaced_pair(pair, segments_of):
    answer = run(segments_of(*pair))
    assert answer.displaced_vertex.tolist() == [1]
    assert answer.displaced_overflow.tolist() == [0]
    assert answer.displaced_n_tracks.tolist() == [2]
    assert answer.displaced_offsets.tolist() == [0, 1]
    assert answer.displaced_slot.tolist() == [0], "the first distance in the ring"
    assert answer.displaced_radius_raw[0] / 8 == pytest.approx(12, abs=0.5)
    assert answer.displaced_phi_raw[0] * 2 * math.pi / 16384 == pytest.approx(1, abs=0.03)
    assert answer.displaced_z_raw[0] / 8 == pytest.approx(10, abs=4)
    tracks = sorted(zip(answer.displaced_bend_raw[0] / 2**18, answer.displaced_impact_raw[0] / 2**7, strict=True))
    for (bend, impact), (kappa, d, *_) in zip(tracks, sorted(pair), strict=True):
        assert bend == pytest.approx(kappa / (1 + kappa * d), abs=1e-4)
        assert impact == pytest.approx(d * (1 + kappa * d / 2) / (1 + kappa * d), abs=0.3)


def test_a_pair_from_the_interaction_point(from_vertex, segments_of):
    prompt = from_vertex(0.01, 0, 1, 1.5, 0.004, 0.3), from_vertex(0.01, 0, 1, 0.5, -0.005, 0.6)
    answer = run(segments_of(*prompt))
    assert answer.displaced_n_tracks.tolist() == [2]
    assert answer.displaced_vertex.tolist() == [0]


def test_one_track_makes_no_vertex(pair, segments_of):
    for track in pair:
        answer = run(segments_of(track))
        assert answer.displaced_n_tracks.tolist() == [1], "duplicates of one track are removed"
        assert answer.displaced_vertex.tolist() == [0]


@pytest.mark.parametrize("sectors", [2, 14, 30])
def test_rotation(pair, segments_of, sectors):
    """Everything turned by whole steps of the search, and no track across its start: the same answer, turned."""
    ids, *rest = segments_of(*pair)
    lines = superlayers()
    s = lines.of_segment[ids]
    turned = (ids - lines.offset[s] + sectors * lines.n_segments[s] // 32) % lines.n_segments[s] + lines.offset[s]
    there, here = run((turned, *rest)), run((ids, *rest))
    assert ((there.displaced_phi_raw - here.displaced_phi_raw) % 16384).tolist() == [512 * sectors]
    for name in ("radius_raw", "z_raw"):
        assert getattr(there, f"displaced_{name}").tolist() == getattr(here, f"displaced_{name}").tolist()
    for name in ("bend_raw", "impact_raw", "z0_raw", "slope_raw"):
        assert sorted(getattr(there, f"displaced_{name}")[0]) == sorted(getattr(here, f"displaced_{name}")[0])
    assert there.displaced_n_seeds.tolist() == here.displaced_n_seeds.tolist()


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"impact_high_cm": 20.0}, 0),
        ({"impact_low_cm": 20.0}, 0),
        ({"radius_cm": (1.0, 11.0)}, 0),
        ({"radius_cm": (13.0, 50.0)}, 0),
        ({"radius_cm": (11.0, 13.0)}, 1),
        ({"pointing": 0.999}, 0),
        ({"depth_cm": 0.0}, 0),
        ({"stereo_three_cm": 0.0}, 1),
        ({"stereo_four_cm": 0.0}, 1),
    ],
)
def test_each_cut_acts(pair, segments_of, change, kept):
    assert run(segments_of(*pair), parameters=DisplacedParameters(**change)).displaced_vertex.tolist() == [kept]


def test_caps_set_the_overflow_bit(pair, segments_of):
    event = segments_of(*pair)
    assert run(event).displaced_overflow.tolist() == [0]
    turned = [segments_of(*((kappa, d, phi0 + turn, z0, cot) for kappa, d, phi0, z0, cot in pair)) for turn in (0, 0.5, 1, 1.5, 2)]
    many = tuple(np.concatenate(columns) for columns in zip(*turned, strict=True))
    late, all_slots = run(many), run(many, parameters=DisplacedParameters(seed_slots=32))
    assert late.displaced_overflow.tolist() == [1]
    assert late.displaced_n_seeds[0] < all_slots.displaced_n_seeds[0]
    third = segments_of(*pair, (0.003, 5.0, 4.0, 0.0, 0.2))
    assert run(third, parameters=DisplacedParameters(max_tracks=3)).displaced_overflow.tolist() == [0]
    assert run(third, parameters=DisplacedParameters(max_tracks=2)).displaced_overflow.tolist() == [1]


def test_numbers_of_segments(pair, segments_of):
    ids = segments_of(*pair)[0]
    answer = run(segments_of(*pair))
    per_superlayer = np.bincount(superlayers().of_segment[ids], minlength=9)
    assert answer.displaced_n_axial.sum() == per_superlayer[::2].sum()
    assert answer.displaced_n_stereo.sum() == per_superlayer[1::2].sum()


def test_segments_beyond_the_cap_are_lost(pair, segments_of):
    """The first segments of a superlayer are taken, those of other superlayers and events are not concerned."""
    event = segments_of(*pair)
    behind = tuple(np.concatenate([column, column]) for column in event)
    inside = superlayers().of_segment[event[0]]
    crowd = np.bincount(inside).max()
    one = run(event)
    many = run(behind, event, parameters=DisplacedParameters(max_segments=int(crowd)))
    assert many.displaced_overflow.tolist() == [1, 0]
    assert many.displaced_offsets.tolist() == [0, 1, 2]
    for name in ("radius_raw", "bend_raw", "slope_raw"):
        assert (getattr(many, f"displaced_{name}") == getattr(one, f"displaced_{name}")[[0, 0]]).all()
    none = run(event, parameters=DisplacedParameters(max_segments=1))
    assert (none.displaced_overflow.tolist(), none.displaced_vertex.tolist()) == ([1], [0])


def test_hits_far_inside_the_vertex_forbid_it(pair, segments_of, from_vertex):
    """A vertex at 30 cm whose tracks have segments in superlayer 0, as tracks that only cross there have."""
    x, y = 30.0, 0.0
    crossing = from_vertex(x, y, 5, 0.45, 0.003, 0.3), from_vertex(x, y, 5, -0.45, -0.003, 0.3)
    event = segments_of(*crossing)
    assert (superlayers().of_segment[event[0]] == 0).sum() == 2
    assert run(event).displaced_vertex.tolist() == [0]
    assert run(event, parameters=DisplacedParameters(behind_cm=30.0)).displaced_vertex.tolist() == [1]


def test_event_time(pair, segments_of):
    """All times later by a given time change nothing; without a given time the earliest segments stand for it."""
    ids, priority, lr, time = segments_of(*pair)
    here, later = run((ids, priority, lr, time)), run((ids, priority, lr, time + 500), given=500)
    for name, array in here.arrays().items():
        assert (array == getattr(later, name)).all()
    own, own_later = run((ids, priority, lr, time), given=None), run((ids, priority, lr, time + 500), given=None)
    for name, array in own.arrays().items():
        assert (array == getattr(own_later, name)).all()
    assert own.displaced_vertex.tolist() == [1]


def test_each_event_is_by_itself(pair, segments_of):
    """Alone, after others, and next to empty ones the answer is the same."""
    event, empty = segments_of(*pair), tuple(np.zeros(0, np.int64) for _ in range(4))
    one, many = run(event), run(empty, event, segments_of(pair[0]), event, empty)
    assert many.displaced_vertex.tolist() == [0, 1, 0, 1, 0]
    assert many.displaced_offsets.tolist() == [0, 0, 1, 1, 2, 2]
    for name in ("displaced_radius_raw", "displaced_bend_raw", "displaced_slope_raw"):
        assert (getattr(many, name) == getattr(one, name)[[0, 0]]).all()


def test_dtypes_and_no_events():
    answer = DisplacedTrigger().run([0], [], [], [], [])
    kinds = {name: array.dtype.str[1:] for name, array in answer.arrays().items()}
    assert kinds.pop("displaced_offsets") == "i8"
    assert [kinds.pop(f"displaced_{name}") for name in ("vertex", "overflow", "n_tracks", "n_seeds")] == ["u1", "u1", "u1", "u2"]
    assert kinds.pop("displaced_chi2_raw") == "i4"
    assert [kinds.pop(f"displaced_n_{name}") for name in ("axial", "stereo")] == ["u1", "u1"]
    assert set(kinds.values()) == {"i2"}
    assert answer.displaced_bend_raw.shape == (0, 2)
    assert answer.displaced_vertex.shape == (0,)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ([[0, 1], [2336], [3], [1], [0]], r"DisplacedTrigger: field cdc_ts_id, event 0: must be 0..2335, not 2336"),
        ([[0, 1], [5], [0], [1], [0]], "cdc_priority, event 0: must be 1..3, not 0"),
        ([[0, 1], [5], [3], [4], [0]], "cdc_lr, event 0: must be 0..3, not 4"),
        ([[0, 2], [5], [3], [1], [0]], "cdc_ts_id, event 0: has 1 entries, but cdc_offsets ends at 2"),
    ],
)
def test_bad_input_is_refused(columns, message):
    with pytest.raises(InputError, match=message):
        DisplacedTrigger().run(*map(np.array, columns))


def test_bad_event_times_are_refused():
    for given in ([0, 0], [0.5]):
        with pytest.raises(InputError, match="given_time must be 1 integers, one per event"):
            DisplacedTrigger().run([0, 1], [5], [3], [1], [0], given)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed_slots": 15}, "seed_slots must be 16 to 32, not 15"),
        ({"depth_cm": -1.0}, "depth_cm must be 0.0 to"),
        ({"radius_cm": (5.0, 60.0)}, "radius_cm must be"),
        ({"stereo_four_cm": 40.0}, "stereo_four_cm must be 0.0 to 31.75"),
        ({"pointing": 0.0}, "pointing must be"),
        ({"late_slots": 17}, "late_slots must be 0 to 16, not 17"),
        ({"max_segments": 0}, "max_segments must be 1 to 256, not 0"),
    ],
)
def test_bad_parameters_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        DisplacedParameters(**change)
