"""The event display of displaced vertices: what is drawn is what the trigger answers."""

import struct

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
from sim.detector.cdc import CdcResponse, respond_cdc
from sim.files import write_events
from sim.generators.long_lived import LongLivedGun
from sim.studies.display_displaced import draw, order, outgoing, view
from trigger.cdc import SegmentFinder
from trigger.displaced import DisplacedTrigger
from trigger.errors import InputError
from trigger.events import EventRecord


@pytest.fixture(scope="module")
def arrays():
    pairs = LongLivedGun(range_gev=(1.5, 3.0), flat_radius_cm=(8.0, 14.0), theta_deg=(60.0, 100.0))
    made = pairs.generate(8, np.random.default_rng(5))
    return respond_cdc(made, np.random.default_rng(6), CdcResponse()) | made.to_truth()


def test_seeds_and_vertices_are_those_of_the_trigger(arrays):
    segments = SegmentFinder().run(*(arrays[name] for name in ("wire_offsets", "wire_id", "wire_time"))).arrays()
    decision = DisplacedTrigger().run(*segments.values())
    seen = 0
    for number in range(8):
        event = view(arrays, number, source="file")
        first, last = decision.displaced_offsets[number : number + 2]
        assert event.title == f"file, event {number}"
        assert len(event.seeds) == decision.displaced_n_seeds[number]
        assert event.decision.displaced_radius_raw.tolist() == decision.displaced_radius_raw[first:last].tolist()
        assert event.truth.shape == (2, 6)
        scores = event.decision.displaced_score_raw[order(event)]
        assert (np.diff(scores.astype(int)) <= 0).all()
        seen += last > first
    assert seen >= 3
    assert not view(segments, 0).truth.size


def test_a_straight_track_goes_straight():
    """3 cm from the axis, along x: y = 3 everywhere, and the path is x."""
    x, y, path = outgoing(0.0, 3.0, 0.0)
    assert y == pytest.approx(3.0)
    assert x == pytest.approx(path)
    assert x[0] >= 0
    assert np.hypot(x[-1], y[-1]) == pytest.approx(np.hypot(x, y).max())


def test_drawn_and_written(arrays, tmp_path):
    figure = draw(view(arrays, 0))
    assert any("seeds" in text.get_text() for axes in figure.axes for text in axes.texts)
    numbers = {"experiment": np.zeros(8, np.int32), "run": np.zeros(8, np.int32), "event": np.arange(8)}
    write_events(tmp_path / "e.npz", EventRecord({**arrays, **numbers}, {"seed": 1}))
    words = ["display", "event", str(tmp_path / "e.npz"), "2", "--view", "displaced", "--out", str(tmp_path / "d.png")]
    answer = CliRunner().invoke(sim.cli.build_app(), words)
    assert answer.exit_code == 0, answer.output
    assert struct.unpack(">II", (tmp_path / "d.png").read_bytes()[16:24]) == (1400, 820)


def test_an_event_that_is_not_there(arrays):
    with pytest.raises(InputError, match="event must be 0..7, not 8"):
        view(arrays, 8)
