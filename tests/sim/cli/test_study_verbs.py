"""The verbs study, display, bench and demo at the command line."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
import sim.studies.photon_plots
from sim.files import write_events
from trigger.events import EventRecord, with_event_numbers


def darktrigger(*words):
    return CliRunner().invoke(sim.cli.build_app(), [str(word) for word in words])


@pytest.fixture
def events(tmp_path):
    arrays = {
        "ecl_offsets": np.array([0, 2, 3]),
        "ecl_tc_id": np.array([200, 201, 300], np.int16),
        "ecl_adc": np.array([300, 20, 100], np.int16),
    }
    path = tmp_path / "events.npz"
    write_events(path, EventRecord(with_event_numbers(arrays), {}))
    return path


@pytest.mark.parametrize("verb", [["study"], ["study", "single-photon"], ["display"], ["display", "event"], ["bench"], ["demo"]])
def test_help_shows_what_it_does(verb):
    answer = darktrigger(*verb, "--help")
    assert answer.exit_code == 0
    assert "Usage: " in answer.stdout
    if verb not in (["study"], ["display"]):
        assert f"Example: darktrigger {verb[0]}" in answer.stdout


def test_study_writes_tables_and_draws_them(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(sim.studies.photon_plots, "plots", lambda tables, folder: drawn.append((set(tables), folder)))
    out, change = tmp_path / "study", tmp_path / "my.toml"
    change.write_text("lml_cl_e_cms_3 = 0.4\n", encoding="utf-8")
    words = ("--events", 1000, "--seed", 3, "--background", "low", "--parameters", change, "--out", out)
    answer = darktrigger("study", "single-photon", *words)
    assert answer.exit_code == 0, answer.stderr
    assert "lml13" in answer.stdout
    stamp = json.loads((out / "plateaus.json").read_text(encoding="utf-8"))["stamp"]
    assert stamp["seed"] == 3
    assert stamp["labels"]["changed_parameters"] == {"lml_cl_e_cms_3": "2/5"}
    assert "GUESS" in stamp["labels"]["background"]
    assert drawn == [({path.stem for path in out.glob("*.json")}, out)]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["study", "single-photon", "--out", "s", "--events", 10], "--events must be at least 100"),
        (["study", "single-photon", "--out", "s", "--seed", -1], "--seed must not be negative"),
        (["study", "single-photon", "--out", "s", "--workers", 0], "workers must be at least 1"),
        (["study", "single-photon", "--out", "file/s", "--events", 100], "cannot be written"),
        (["display", "event", "events.npz", 2, "--out", "e.png"], "event must be 0..1, not 2"),
        (["display", "event", "events.npz", 0, "--out", "e.gif"], "--out must end in .png"),
        (["display", "event", "missing.npz", 0, "--out", "e.png"], "no such file"),
        (["bench", "klm"], "klm does not exist in this version; it has ecl, tracks"),
        (["demo", "--out", "file/demo"], "file"),
    ],
)
def test_bad_input_is_named_and_nothing_is_left(words, reason, tmp_path, events, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    answer = darktrigger(*words)
    assert answer.exit_code == 2
    assert reason in answer.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_display_of_an_event(tmp_path, events):
    answer = darktrigger("display", "event", events, 1, "--out", tmp_path / "e.png")
    assert answer.exit_code == 0, answer.stderr
    assert (tmp_path / "e.png").read_bytes()[:4] == b"\x89PNG"
    assert "event 1" in answer.stdout


def test_bench_prints_and_writes_its_table(tmp_path):
    answer = darktrigger("bench", "ecl", "--quick", "--repeats", 1, "--out", tmp_path)
    assert answer.exit_code == 0, answer.stderr
    assert "model, 60 hits" in answer.stdout
    assert "peak" in answer.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"benchmark.csv", "benchmark.json"}
