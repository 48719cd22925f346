"""The demo from end to end on few events: files, equality, report."""

import json
import re

import pytest

from sim.files import read_events
from sim.studies.demo import Demo, run_demo
from sim.studies.tables import read


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    said = []
    settings = Demo(out=folder, seed=3, sample_events=400, verify_events=300, study_events=2000, workers=1)
    report = run_demo(settings, said.append)
    return folder, report, said


def test_model_and_rtl_agree_on_every_event(demo):
    folder, _, _ = demo
    record = json.loads((folder / "verify-ecl.json").read_text(encoding="utf-8"))
    assert record["passed"]
    assert record["n_events"] == 300
    equality = read(folder / "rtl_equality.json")
    assert equality.column("different_events") == [0, 0]
    assert equality.column("events") == [400, 400]
    assert len(set(equality.column("latencies"))) == 1


def test_event_files_join_their_decisions(demo):
    folder, _, _ = demo
    for name in ("mumugamma", "dark_photon"):
        events, model, rtl = (read_events(folder / "events" / f"{name}{end}.npz") for end in ("", "_model", "_rtl"))
        assert (events["event"] == model["event"]).all()
        assert (events["event"] == rtl["event"]).all()
        assert "off_photon_estar" in events
        assert "ecl_latency" in rtl


def test_offline_comparison_has_both_sides(demo):
    folder, _, _ = demo
    match = read(folder / "rtl_against_offline.json")
    assert match.column("model_k") == match.column("rtl_k")
    assert {"lml6", "lml13"} <= set(match.where(sample="dark_photon").column("line"))


def test_report_is_one_file_that_says_what_was_done(demo):
    folder, report, said = demo
    page = report.read_text(encoding="utf-8")
    assert report == folder / "report.html"
    assert "http" not in page
    assert all(source.startswith("data:image/png;base64,") for source in re.findall('src="([^"]*)"', page))
    assert page.count("<figure>") >= 9
    assert "0 of 1,100" in page
    assert "Seed 3" in page
    assert page.count("Guess.") == 2
    for digest in json.loads((folder / "rtl_equality.json").read_text(encoding="utf-8"))["stamp"]["digests"].values():
        assert digest[:16] in page
    assert any("study" in line for line in said)
