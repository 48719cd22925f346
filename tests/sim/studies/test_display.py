"""The event display shows the hits of the chosen window, the seeds and the clusters of the decision."""

import struct

import numpy as np
import pytest

from sim.studies.display import display, draw, view
from trigger.ecl import EclParameters
from trigger.ecl.tables import cell_tables
from trigger.errors import InputError

CELL = 200
SIDE = int(cell_tables().slots[CELL][1])


def event(time=None, extra=()):
    """A photon in two neighbouring cells, and further (cell, adc, time) hits."""
    hits = sorted([(CELL, 300, 0), (SIDE, 40, 0), *extra], key=lambda hit: (hit[0], hit[2]))
    arrays = {
        "ecl_offsets": np.array([0, 0, len(hits)]),
        "ecl_tc_id": np.array([h[0] for h in hits], np.int16),
        "ecl_adc": np.array([h[1] for h in hits], np.int16),
    }
    if time is not None:
        arrays["ecl_time"] = np.array([h[2] + time for h in hits], np.int16)
    return arrays


def test_untimed_event():
    shown = view(event(), 1, source="file")
    assert np.flatnonzero(shown.adc).tolist() == sorted([CELL, SIDE])
    assert (shown.adc[CELL], shown.adc[SIDE]) == (300, 40)
    assert not shown.outside_adc.any()
    assert shown.decision.ecl_cluster_tc[0, 0] == CELL
    assert shown.decision.ecl_cluster_adc[0, 0] == 340
    assert len(shown.seeds) == shown.decision.ecl_n_clusters[0] == 1
    assert shown.title == "file, event 1"


def test_hits_outside_the_window_are_kept_apart():
    shown = view(event(time=0, extra=[(500, 60, 900), (CELL, 20, 1500)]), 1)
    assert np.flatnonzero(shown.outside_adc).tolist() == [500]
    assert shown.adc[CELL] == 300
    assert shown.adc[500] == 0


def test_event_numbers_make_the_title():
    arrays = event() | {"experiment": np.array([3, 3]), "run": np.array([4, 4]), "event": np.array([8, 9])}
    assert view(arrays, 1).title == "experiment 3, run 4, event 9"
    assert view(arrays, 1, title="a photon").title == "a photon"


def test_parameters_reach_the_decision():
    strict = EclParameters.default().replace(lml_cl_e_cms_2="2.3")
    assert view(event(), 1).decision.ecl_lml[0, 6] == 1
    assert view(event(), 1, strict).decision.ecl_lml[0, 6] == 0


def test_every_seed_of_a_crowded_event_starts_a_cluster():
    rng = np.random.default_rng(5)
    cells = np.sort(rng.choice(np.arange(1, 577), 12, replace=False)).astype(np.int16)
    arrays = {"ecl_offsets": np.array([0, 12]), "ecl_tc_id": cells, "ecl_adc": np.full(12, 50, np.int16)}
    shown = view(arrays, 0)
    d = shown.decision
    c = cell_tables()
    by_region = int(d.ecl_icn[0]) + int(d.ecl_icn_bw[0]) + int(np.sum(c.theta_id[shown.seeds] == 1))
    assert len(shown.seeds) == by_region


@pytest.mark.parametrize("number", [-1, 2])
def test_no_such_event(number):
    with pytest.raises(InputError, match=r"event must be 0\.\.1"):
        view(event(), number)


def test_picture(tmp_path):
    path = display(event(time=0, extra=[(500, 60, 900), (1, 100, 0), (576, 100, 0)]), 1, tmp_path / "event.png")
    header = path.read_bytes()[:24]
    width, height = struct.unpack(">II", header[16:24])
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert width > 1200
    assert height > 600


def test_picture_names_clusters_and_fired_bits():
    figure = draw(view(event(), 1))
    words = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert "1: 1.79 GeV" in words
    bits = {t.get_text() for axes in figure.axes for t in axes.texts if t.get_color() == "white"}
    assert "lml6" in bits
    assert "lml1" not in bits
    assert "elow" in bits


def test_empty_event_can_be_drawn():
    shown = view(event(), 0)
    assert shown.decision.ecl_n_clusters[0] == 0
    assert draw(shown).axes
