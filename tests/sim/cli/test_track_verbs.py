"""The verbs about tracks at the command line: studies, bench, display."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
import sim.studies.tracks_plots
import sim.studies.tracks_report
from sim.files import write_events
from trigger.events import EventRecord, with_event_numbers

SEGMENT = (("ts_id", 10, np.int16), ("priority", 3, np.int8), ("lr", 2, np.int8), ("time", 40, np.int16))
TRACKS = Path(__file__).parents[2] / "reference" / "neuro_tracks_exp20.csv.gz"


def darktrigger(*words):
    return CliRunner().invoke(sim.cli.build_app(), [str(word) for word in words])


@pytest.mark.parametrize("verb", ["tracks", "drift-times"])
def test_help_shows_an_example(verb):
    answer = darktrigger("study", verb, "--help")
    assert answer.exit_code == 0
    assert f"Example: darktrigger study {verb}" in answer.stdout


def test_study_tracks_writes_a_report(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(sim.studies.tracks_plots, "plots", lambda tables, folder: drawn.append(set(tables)))
    monkeypatch.setattr(sim.studies.tracks_report, "write_report", lambda tables, pictures, path: path)
    answer = darktrigger("study", "tracks", "--events", 100, "--network", "codesign", "--out", tmp_path)
    assert answer.exit_code == 0, answer.stderr
    assert "codesign" in answer.stdout
    assert "report.html" in answer.stdout.replace("\n", "")
    assert drawn == [{path.stem for path in tmp_path.glob("*.json")}]


def test_study_drift_times_prints_medians(tmp_path):
    answer = darktrigger("study", "drift-times", TRACKS, "--events", 20, "--out", tmp_path)
    assert answer.exit_code == 0, answer.stderr
    assert "simulated x3" in answer.stdout
    assert (tmp_path / "drift_spectra.png").exists()


def test_display_draws_tracks_where_there_are_no_cells(tmp_path):
    arrays = {
        "cdc_offsets": np.array([0, 1]),
        **{f"cdc_{name}": np.array([value], kind) for name, value, kind in SEGMENT},
    }
    write_events(tmp_path / "events.npz", EventRecord(with_event_numbers(arrays), {}))
    answer = darktrigger("display", "event", tmp_path / "events.npz", 0, "--network", "codesign", "--out", tmp_path / "e.png")
    assert answer.exit_code == 0, answer.stderr
    assert (tmp_path / "e.png").read_bytes().startswith(b"\x89PNG")
    asked = darktrigger("display", "event", tmp_path / "events.npz", 0, "--view", "ecl", "--out", tmp_path / "f.png")
    assert asked.exit_code == 2
    assert "ecl_offsets" in asked.stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["study", "tracks", "--out", "s", "--events", 1], "--events must be at least 100, not 1"),
        (["study", "tracks", "--out", "s", "--network", "nobody"], "no shipped network 'nobody'"),
        (["study", "drift-times", "absent.csv", "--out", "s"], "absent.csv: not a readable"),
    ],
)
def test_bad_requests_end_with_status_2(words, reason):
    answer = darktrigger(*words)
    assert answer.exit_code == 2
    assert reason in answer.stderr
