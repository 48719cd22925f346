"""The event display of tracks: what is drawn is what the track trigger answers."""

import struct

import numpy as np
import pytest

from sim.detector.cdc import CdcResponse, respond_cdc
from sim.generators.muon_pair import MuonPair
from sim.studies.display_chamber import SEGMENT_FIELDS, arc, priority_wires, wire_places
from sim.studies.display_tracks import display, draw, view
from trigger.cdc import SegmentFinder
from trigger.errors import InputError
from trigger.geometry.cdc import layers
from trigger.networks import load_network

NETWORK = load_network("codesign")


@pytest.fixture(scope="module")
def arrays():
    pairs = MuonPair().generate(400, np.random.default_rng(2))
    theta = np.degrees(np.arctan2(np.hypot(pairs.px, pairs.py), pairs.pz))
    charged = np.abs(pairs.pdg) == 13
    central = np.bincount(pairs.event_index()[charged & (theta > 45) & (theta < 110)], minlength=400) == 2
    pairs = pairs.select(central).first(3)
    return respond_cdc(pairs, np.random.default_rng(3), CdcResponse()) | pairs.to_truth()


def test_an_event_from_wires(arrays):
    event = view(arrays, 1, NETWORK, "codesign", source="file")
    assert event.title == "file, event 1"
    first, last = arrays["wire_offsets"][1:3]
    assert event.wire_id.tolist() == arrays["wire_id"][first:last].tolist()
    assert len(event.decision.tracks.track_phi_raw) == 2
    assert event.votes.max() == 0b11111
    assert event.truth.shape == (2, 6)
    numbered = arrays | {"experiment": np.array([1, 1, 1]), "run": np.array([2, 2, 2]), "event": np.array([7, 8, 9])}
    assert view(numbered, 1, NETWORK, "codesign").title == "experiment 1, run 2, event 8"


def test_the_same_event_from_segments(arrays):
    found = SegmentFinder().run(*(arrays[name] for name in ("wire_offsets", "wire_id", "wire_time"))).arrays()
    from_segments, from_wires = view(found, 2, NETWORK, "codesign"), view(arrays, 2, NETWORK, "codesign")
    assert not from_segments.wire_id.size
    assert not from_segments.truth.size
    for name in SEGMENT_FIELDS:
        assert from_segments.segments[name].tolist() == from_wires.segments[name].tolist()
    for name, value in from_wires.decision.arrays().items():
        assert np.array_equal(value, from_segments.decision.arrays()[name])


def test_wires_and_priority_wires_are_where_they_are(arrays):
    places = wire_places()
    radius = np.hypot(*places.T)
    axial = np.flatnonzero(layers().n_shift_halfcells == 0)
    for layer in (axial[0], axial[-1]):
        first, n = layers().first_wire[layer], layers().n_wires[layer]
        assert radius[first : first + n] == pytest.approx(layers().radius_cm[layer])
    segments = view(arrays, 0, NETWORK, "codesign").segments
    assert set(priority_wires(segments)) <= set(arrays["wire_id"][: arrays["wire_offsets"][1]].tolist())


def test_arcs_bend_to_the_side_of_their_curvature():
    x, y, path = arc(0.0, 0.005)
    assert (y[1:] < 0).all()
    # Circle of radius 200 cm around (0, -200).
    assert np.hypot(x, y + 200) == pytest.approx(200.0)
    assert path[-1] == pytest.approx(200 * 2 * np.arcsin(np.hypot(x[-1], y[-1]) / 400))
    straight = arc(np.pi / 2, 0.0)
    assert straight[1] == pytest.approx(straight[2])
    short = arc(0.0, -0.05)
    assert np.hypot(short[0], short[1]).max() <= 40


def test_empty_event_and_picture(arrays, tmp_path):
    empty = {"wire_offsets": np.array([0, 0]), "wire_id": np.zeros(0, np.int16), "wire_time": np.zeros(0, np.int16)}
    event = view(empty, 0, NETWORK, "codesign")
    texts = [text.get_text() for axes in draw(event).axes for text in axes.texts]
    assert "0 segments, 0 2D tracks; single-track trigger not fired" in texts
    path = display(arrays, 0, tmp_path / "event.png", NETWORK, "codesign")
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    assert (width, height) == (1400, 820)


def test_events_that_are_not_there(arrays):
    with pytest.raises(InputError, match=r"file: event must be 0\.\.2, not 3"):
        view(arrays, 3, NETWORK, "codesign", source="file")
