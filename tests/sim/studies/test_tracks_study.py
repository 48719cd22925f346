"""The track study: matching, counters, widths and cuts by hand; a small study from end to end."""

import json
import pickle
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from sim.studies import tracks_counts, tracks_tables
from sim.studies.block_study import tabulate
from sim.studies.statistics import efficiency
from sim.studies.tables import read
from sim.studies.tracks import CountBlock, TrackStudy
from sim.studies.tracks_counts import histogram, in_bins, theta_of, z_of
from sim.studies.tracks_matching import match
from sim.studies.tracks_plots import plots
from sim.studies.tracks_report import write_report
from sim.studies.tracks_samples import FAR_CM, GENERATORS, REFERENCE, Kind, Sample, refer, samples, truth_of
from sim.studies.tracks_tables import Counted, width
from trigger.cdc import HoughPlane
from trigger.errors import InputError
from trigger.geometry.cdc import PT_RADIUS_GEV_PER_CM
from trigger.menu import load_menu
from trigger.menu.condition import positions

PLANE = HoughPlane()


def found_tracks(offsets, phi_raw, omega_raw):
    return SimpleNamespace(
        plane=PLANE, track_offsets=np.array(offsets), track_phi_raw=np.array(phi_raw), track_omega_raw=np.array(omega_raw)
    )


def test_tracks_go_to_the_nearest_particle_of_their_own_event():
    """Event 0: two particles, three tracks, the first two of particle 1; event 1: a particle far from its track."""
    step = np.pi / PLANE.n_phi
    phi = PLANE.phi0_rad(np.array([10, 12, 200]))
    tracks = found_tracks([0, 3, 4], [12, 10, 200, 100], [5, 5, -5, 5])
    omega = PLANE.omega_per_cm(np.array([5, -5, 5]))
    offsets = np.array([0, 2, 3])
    particles = np.array([phi[0] + 0.2 * step, phi[2], phi[0]])
    matched = match(tracks, offsets, particles, omega)
    assert matched.particle.tolist() == [0, 0, 1, -1]
    assert matched.track.tolist() == [1, 2, -1]
    turned = match(tracks, offsets, particles - 2 * np.pi, omega)
    assert turned.particle.tolist() == matched.particle.tolist()


def test_equally_near_tracks_and_empty_events():
    tracks = found_tracks([0, 0, 2, 2], [10, 10], [5, 5])
    phi, omega = PLANE.phi0_rad(np.array([10])), PLANE.omega_per_cm(np.array([5]))
    matched = match(tracks, np.array([0, 0, 1, 1]), phi, omega)
    assert matched.particle.tolist() == [0, 0]
    assert matched.track.tolist() == [0]
    nothing = match(found_tracks([0, 0], np.zeros(0, int), np.zeros(0, int)), np.array([0, 1]), phi, omega)
    assert nothing.track.tolist() == [-1]


def test_bins_at_their_edges():
    edges = np.array([1.0, 2.0, 4.0])
    assert in_bins(np.array([0.9, 1.0, 1.9, 2.0, 4.0, np.nan]), edges).tolist() == [-1, 0, 0, 1, -1, -1]
    grid = histogram((2, 2), np.array([0, 1, 1, -1]), np.array([1, 0, 0, 1]))
    assert grid.tolist() == [[0, 1], [2, 0]]


def test_outputs_in_cm_and_degrees():
    raw = np.array([[0, 0], [4096, 4096], [-2048, -4096]])
    assert z_of(raw).tolist() == [0.0, 100.0, -50.0]
    assert theta_of(raw).tolist() == [90.0, 170.0, 10.0]


def test_width_of_a_known_distribution():
    """Flat between 0 and 10: half of the central 68.27 % is 3.413, the median 5."""
    edges = np.linspace(-5, 15, 201)
    counts = np.where((edges[:-1] > -0.05) & (edges[:-1] < 9.95), 40, 0)
    value, error, median, median_error = width(counts, edges, np.random.default_rng(1))
    assert value == pytest.approx(3.4134, abs=1e-3)
    assert median == pytest.approx(5.0)
    # Quantiles of a flat distribution: sqrt(2 a (1 - 2 a) / n) 10 / 2 with a = 0.1587.
    assert error == pytest.approx(10 / 2 * np.sqrt(2 * 0.1587 * (1 - 2 * 0.1587) / 4000), rel=0.2)
    assert median_error == pytest.approx(10 / 2 / np.sqrt(4000), rel=0.2)
    assert np.isnan(width(counts // 40 * 0, edges, np.random.default_rng(1))).all()


def test_truth_of_both_charges_and_no_photons():
    events = GENERATORS[Kind.MUON_PAIR].generate(200, np.random.default_rng(1))
    truth = truth_of(events)
    assert (np.diff(truth.offsets) == 2).all()
    assert len(events.pdg) > 400
    bend = truth.omega_per_cm.reshape(-1, 2)
    assert (bend[:, 0] < 0).all()
    assert (bend[:, 1] > 0).all()
    assert np.abs(truth.omega_per_cm) == pytest.approx(PT_RADIUS_GEV_PER_CM / truth.pt_gev)
    assert np.abs(truth_of(GENERATORS[Kind.BACKGROUND].generate(500, np.random.default_rng(1))).z_cm).max() < FAR_CM


@pytest.fixture(scope="module")
def study():
    return TrackStudy(events=300, seed=3, networks=("codesign",))


@pytest.fixture(scope="module")
def made(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tracks")
    return tabulate(study, folder), folder


def test_tables_are_written_stamped_and_call_guesses_guesses(study, made):
    tables, folder = made
    assert {path.stem for path in folder.glob("*.json")} == set(tables)
    assert not (folder / ".blocks").exists()
    again = read(folder / "plateau.json")
    assert again.stamp["seed"] == 3
    assert again.stamp["labels"]["background"].startswith("GUESS: wire hits at x0, x0.3, x1, x3")
    assert set(again.stamp["digests"]) == {"study", "network_codesign"}
    assert json.loads((folder / "cuts.json").read_text(encoding="utf-8"))["notes"][1].startswith("GUESS")


def test_efficiencies_agree_with_their_counts(made):
    tables, _ = made
    rows = 0
    for table in tables.values():
        if "efficiency" in table.columns and "k" in table.columns:
            n, k, value, low, high = (np.array(table.column(name), float) for name in ("n", "k", "efficiency", "low", "high"))
            expected = efficiency(k.astype(int), n.astype(int))
            assert np.array_equal(value, expected.value, equal_nan=True)
            assert np.array_equal(low, expected.low)
            assert np.array_equal(high, expected.high)
            rows += len(n)
    assert rows > 200


def test_each_step_loses_tracks_and_muons_are_found(made):
    tables, _ = made
    for background in ("x0", "x1"):
        counts = {
            (step, given): k
            for step, given, k in zip(
                *(tables["plateau"].where(background=background).column(name) for name in ("step", "given", "k")), strict=True
            )
        }
        assert (
            counts["2D", "particle"] >= counts["answered", "2D track"] >= counts["y", "2D track"] >= counts["stt", "2D track"] > 0
        )
    central = tables["efficiency_2d"].where(background="x0", variable="theta_deg", low_edge=60.0)
    assert central.column("efficiency")[0] == 1.0
    summary = tables["resolution_summary"].where(background="x0", quantity="z_cm", region="pT > 1 GeV")
    assert 0.2 < summary.column("width")[0] < 3.0


def test_more_background_passes_looser_cuts(made):
    table = made[0]["cuts"].where(background="x1", among=tracks_counts.EVERY, cut_on="|z|")
    for name in ("signal_kept", "others_kept"):
        kept = table.column(name)
        assert kept == sorted(kept)
        assert kept[0] < kept[-1]
    by_class = made[0]["cuts"].where(background="x1", among=tracks_counts.EVERY, cut_on="class")
    assert all(ours >= by_z for ours, by_z in zip(by_class.column("signal_kept"), table.column("signal_kept"), strict=True))


def test_response_along_the_beam_line(made):
    table = made[0]["response"].where(background="x0")
    assert len(table.rows) == len(tracks_counts.Z_EDGES) - 1
    assert sum(table.column("tracks")) > 20


def test_passing_counts_every_track_once():
    every = tracks_counts.EVERY
    found = {f"abs_z/{every}/n": np.array([5, 3, 0, 2]), f"class/{every}/n": np.array([1, 2, 4, 3])}
    assert tracks_tables._passing(found, f"abs_z/{every}/n").tolist() == [5, 8, 8, 10]
    assert tracks_tables._passing(found, f"class/{every}/n").tolist() == [4, 6, 7, 10]


def a_slice_of_lines():
    """Five events of two muons: (angles, number of 2D tracks, open, y track, single track, reference) each."""
    events = [
        ((60, 120), 2, True, True, True, True),
        ((60, 120), 2, True, False, True, False),
        ((60, 120), 2, False, True, False, True),
        ((20, 140), 1, False, False, True, True),
        ((10, 160), 0, False, False, False, False),
    ]
    theta, n_tracks, opened, has_y, has_single, reference = (np.array(column) for column in zip(*events, strict=True))
    single = SimpleNamespace(grl_ty=has_y[:, None], grl_typ=has_single.astype(np.uint8))
    return SimpleNamespace(
        truth=SimpleNamespace(offsets=np.arange(0, 11, 2), theta_deg=theta.ravel(), pt_gev=np.full(10, 3.0)),
        tracks=SimpleNamespace(track_offsets=np.concatenate([[0], np.cumsum(n_tracks)])),
        answers={"net": SimpleNamespace(single=single)},
        opened=opened,
        reference=reference,
    )


def test_lines_and_their_reference_by_hand():
    """Events, line, reference, both: of all five, of four inside 17 to 150 deg, of three inside 35 to 123 deg."""
    part = a_slice_of_lines()
    found = tracks_counts._lines(part, part.reference)
    assert {name: counts.tolist() for name, counts in found.items()} == {
        "lines/t2>=2/": [[5, 3, 3, 2], [4, 3, 3, 2], [3, 3, 2, 2]],
        "lines/ffo/": [[5, 2, 3, 1], [4, 2, 3, 1], [3, 2, 2, 1]],
        "lines/fyo/net": [[5, 1, 3, 1], [4, 1, 3, 1], [3, 1, 2, 1]],
        "lines/stt/net": [[5, 3, 3, 2], [4, 3, 3, 2], [3, 2, 2, 1]],
    }
    sample = Sample(kind=Kind.MUON_PAIR, scale=1.0, events=5)
    counted = Counted(samples=(sample,), counters={sample.name: found}, networks=("net",), seed=1, stamp={})
    table = tracks_tables.lines(counted)
    row = table.where(line="ffo", acceptance=tracks_counts.ACCEPTANCES[0])
    names = ("n", "k", "efficiency", "reference", "reference_events", "by_reference", "minus_truth")
    assert [row.column(name)[0] for name in names] == [5, 2, 0.4, REFERENCE, 3, 1 / 3, 1 / 3 - 0.4]
    expected = efficiency(1, 3)
    assert (row.column("by_reference_low")[0], row.column("by_reference_high")[0]) == (expected.low, expected.high)
    part.reference[:] = False
    none = tracks_tables.lines(replace(counted, counters={sample.name: tracks_counts._lines(part, part.reference)}))
    assert set(none.column("reference_events")) == {0}
    for name in ("by_reference", "minus_truth"):
        assert np.isnan(np.array(none.column(name), float)).all()


def test_reference_shares_no_input_with_the_lines():
    """In the menu, vetoes apart, the reference is one bit of the calorimeter that no line with tracks reads."""
    menu = load_menu("exp16")
    bits = {item.name: set(item.bits) for item in menu.inputs}
    vetoes = bits["bha_veto"] | bits["veto"]
    assert positions(menu.line(REFERENCE).condition) - vetoes == bits["ecl_mumu"]
    for line in ("ffo", "fyo", "stt"):
        assert not positions(menu.line(line).condition) & bits["ecl_mumu"]


def test_reference_of_muon_pairs(made):
    """It takes most pairs but not all, the same for every line and network, and none with a muon beside the calorimeter."""
    table = made[0]["lines"]
    for background in ("x0", "x3"):
        for acceptance in tracks_counts.ACCEPTANCES:
            rows = table.where(background=background, acceptance=acceptance)
            assert len(set(rows.column("reference_events"))) == 1
            assert 0.3 < rows.column("reference_events")[0] / rows.column("n")[0] < 0.97
    events = GENERATORS[Kind.MUON_PAIR].generate(200, np.random.default_rng(1))
    truth = truth_of(events)
    quiet = Sample(kind=Kind.MUON_PAIR, scale=0.0, events=200)
    taken = refer(events, np.random.default_rng(2), quiet.calorimeter)
    inside = ((truth.theta_deg > 12) & (truth.theta_deg < 156)).reshape(-1, 2).all(axis=1)
    assert not (taken & ~inside).any()
    assert taken.sum() > 80


def test_work_travels_to_other_processes(study):
    job = study.jobs()[0]
    work = CountBlock(study=study)
    here, there = work(job), pickle.loads(pickle.dumps(work))(job)
    assert here.keys() == there.keys()
    assert all((here[name] == there[name]).all() for name in here)
    assert here["tracks"][0] == job.events


def test_pictures_and_report_show_every_network(made, tmp_path):
    tables, _ = made
    pictures = plots(tables, tmp_path)
    page = write_report(tables, pictures, tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png") == len(pictures) - 1
    assert "Guess." in page
    assert "codesign" in page
    assert pictures["tracks_z"].read_bytes().startswith(b"\x89PNG")


def test_samples_of_a_kind_share_their_particles(study):
    names = [sample.name for sample in samples(study.events)]
    assert names[:4] == ["prompt_x0", "prompt_x0.3", "prompt_x1", "prompt_x3"]
    assert len(names) == len(set(names)) == len(study.jobs()) == 16
    assert replace(study, seed=4).digest() != study.digest()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"events": 10}, "--events must be at least 100, not 10"),
        ({"seed": -1}, "--seed must not be negative, not -1"),
        ({"networks": ()}, "networks must be different ones, at least one, not none"),
        ({"networks": ("codesign", "codesign")}, "networks must be different ones"),
    ],
)
def test_impossible_studies_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        TrackStudy(**change)
