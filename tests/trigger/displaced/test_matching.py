"""Tracks of a displaced vertex and clusters of the calorimeter: by hand, at the edges of the window, and in the chain."""

import numpy as np
import pytest

from trigger.chain import Chain, reads
from trigger.displaced import DisplacedParameters, DisplacedTrigger
from trigger.displaced.formats import DEPTH, TURN_RAW
from trigger.displaced.matching import MatchWindow, cell_tables, meets_cluster
from trigger.geometry.ecl import cells
from trigger.menu import load_menu

BARREL, FORWARD = 300, 20


def vertex(azimuth_raw, along_raw=0, slope_raw=0, bend_raw=0, impact_raw=0):
    """One event with one vertex; both tracks are the same."""
    numbers = {"bend": bend_raw, "impact": impact_raw, "phi0": azimuth_raw, "z0": along_raw, "slope": slope_raw}
    tracks = {f"displaced_{name}_raw": np.full((1, 2), value, np.int16) for name, value in numbers.items()}
    return {"displaced_offsets": np.array([0, 1]), **tracks}


def clusters(*tc):
    return np.array([[*tc, *[0] * (6 - len(tc))]], np.uint16)


@pytest.mark.parametrize("tc", [BARREL, FORWARD])
def test_straight_tracks_from_the_axis_end_at_the_azimuth_of_the_cell(tc):
    """15 degrees are 682.67 LSB: the largest difference that counts is 683. 60 cm are 480 LSB of z."""
    place, window = cells(), MatchWindow()
    azimuth = round(np.arctan2(place.y_cm[tc - 1], place.x_cm[tc - 1]) / (2 * np.pi) * TURN_RAW)
    along = round(place.z_cm[tc - 1] / DEPTH.resolution)
    for off, expected in ((0, True), (683, True), (684, False), (-683, True), (-684, False)):
        found = vertex((azimuth + off) % TURN_RAW, along)
        assert meets_cluster(found, clusters(0, tc), window).tolist() == [expected], off
    for off, expected in ((-480, True), (-481, False)):
        assert meets_cluster(vertex(azimuth % TURN_RAW, along + off), clusters(tc), window).tolist() == [expected]
    assert not meets_cluster(vertex(azimuth % TURN_RAW, along), clusters(), window).any()


def test_bend_and_slope_are_followed_to_the_cell():
    """A track that turns by asin(F r / 2) on its way to 126 cm and rises by slope times path; one that turns back before."""
    place = cells()
    x, y, z = (float(column[BARREL - 1]) for column in (place.x_cm, place.y_cm, place.z_cm))
    radius = np.hypot(x, y)
    bend = 1000 * 2.0**-18
    turned = np.arcsin(bend * radius / 2)
    azimuth = round((np.arctan2(y, x) - turned) / (2 * np.pi) * TURN_RAW) % TURN_RAW
    narrow = MatchWindow(azimuth_deg=0.2, along_cm=2.0)
    start = round((z - radius * np.cos(turned) * 0.5) / DEPTH.resolution)
    assert meets_cluster(vertex(azimuth, start, 32, 1000), clusters(BARREL), narrow).all()
    assert not meets_cluster(vertex(azimuth, start, 0, 1000), clusters(BARREL), narrow).any()
    wide = MatchWindow(azimuth_deg=179.0, along_cm=200.0)
    assert not meets_cluster(vertex(azimuth, start, 32, 8000), clusters(BARREL), wide).any()


def test_one_of_several_clusters_and_tracks_is_enough():
    azimuth = int(cell_tables().azimuth[BARREL])
    found = vertex((azimuth + TURN_RAW // 2) % TURN_RAW, int(cell_tables().along[BARREL]))
    assert not meets_cluster(found, clusters(1, BARREL), MatchWindow()).any()
    found["displaced_phi0_raw"][0, 1] = azimuth
    assert meets_cluster(found, clusters(1, BARREL), MatchWindow()).all()


@pytest.mark.parametrize(("name", "value"), [("azimuth_deg", 0.0), ("azimuth_deg", 180.0), ("along_cm", -1.0), ("along_cm", 256.0)])
def test_impossible_windows_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must be above 0 and below"):
        MatchWindow(**{name: value})


@pytest.fixture(scope="module")
def pairs(from_vertex, segments_of):
    """Event fields of six pairs from 6 to 16 cm, and of an event with nothing in it."""
    events = []
    for k in range(6):
        x, y, direction = (6 + 2 * k) * np.cos(k), (6 + 2 * k) * np.sin(k), k + 0.3
        events.append(segments_of(from_vertex(x, y, 5, direction, 0.004, 0.3), from_vertex(x, y, 5, direction - 0.8, -0.005, 0.6)))
    columns = (np.concatenate([event[k] for event in events]) for k in range(4))
    named = zip(("ts_id", "priority", "lr", "time"), columns, ("int16", "int8", "int8", "int16"), strict=True)
    offsets = np.cumsum([0, *(len(event[0]) for event in events), 0])
    return {"cdc_offsets": offsets} | {f"cdc_{name}": column.astype(kind) for name, column, kind in named}


def test_chain_runs_the_block_only_for_a_menu_that_reads_it(pairs):
    plain, ours = Chain().run(pairs), Chain(menu="darktrigger").run(pairs)
    assert plain.plan.left_out["displaced"] == "no line of the menu reads it"
    assert "displaced_dvt" not in plain
    assert not reads(load_menu("exp16"), "displaced")
    assert ours["displaced_dvt"].tolist()[-3:] == [1, 1, 0]
    line = ours.ftdl[:, ours.line_names.index("dvt")]
    np.testing.assert_array_equal(line, ours["displaced_dvt"] > 0)
    assert "displaced_dvt_ecl" not in ours
    assert ours.plan.not_supplied["dvt_ecl"] == "not answered by block displaced"
    alone = Chain(blocks=("displaced",)).run(pairs)
    np.testing.assert_array_equal(alone["displaced_dvt"], ours["displaced_dvt"])


def test_matched_vertices_of_an_event_make_its_bit(pairs):
    """The same events with one cluster, in each cell of the calorimeter after the other."""
    found, n_events = Chain(blocks=("displaced",)).run(pairs), len(pairs["cdc_offsets"]) - 1
    tc = np.repeat(np.arange(1, 577), n_events)
    matched = np.zeros((576 * n_events, 6), np.uint16)
    matched[:, 3] = tc
    offsets = np.concatenate([[0], np.cumsum(np.tile(np.diff(pairs["cdc_offsets"]), 576))])
    many = {name: np.tile(column, 576) for name, column in pairs.items()} | {"cdc_offsets": offsets, "ecl_cluster_tc": matched}
    bits = Chain(blocks=("displaced",)).run(many)["displaced_dvt_ecl"].reshape(576, n_events) > 0
    np.testing.assert_array_equal(bits.any(axis=0), found["displaced_dvt"] > 0)
    assert (bits.sum(axis=0)[found["displaced_dvt"] > 0] < 60).all()


def test_bit_with_cluster_has_the_looser_cut(pairs):
    """With the tight cut above every score no vertex is taken alone, but with clusters everywhere those above the loose cut are."""
    n_events = len(pairs["cdc_offsets"]) - 1
    found = DisplacedTrigger().run(*pairs.values())
    event = np.repeat(np.arange(n_events), np.diff(found.displaced_offsets))
    best = np.array([found.displaced_score_raw[event == k].max(initial=-4096) for k in range(n_events)])
    loose = int(np.sort(best)[n_events // 2])
    settings = DisplacedParameters(score_tight_raw=4095, score_loose_raw=loose)
    chain = Chain(blocks=("displaced",), displaced=settings, displaced_match=MatchWindow(azimuth_deg=179.9, along_cm=255.0))
    clusters_everywhere = np.tile(np.array([150, 250, 350, 450, 300, 200], np.uint16), (n_events, 1))
    answer = chain.run({**pairs, "ecl_cluster_tc": clusters_everywhere})
    assert not answer["displaced_dvt"].any()
    there = np.bincount(event, minlength=n_events) > 0
    assert answer["displaced_dvt_ecl"].tolist() == (there & (best >= loose)).astype(int).tolist()
    assert 0 < answer["displaced_dvt_ecl"].sum() < n_events
