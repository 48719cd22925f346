"""`darktrigger train` as a user types it: a small network of each family, one interrupted and gone on with, and bad input."""

import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from hls.classic import ClassicTraining
from hls.plans import ClassicPlan
from sim.cli import build_app
from sim.studies import neuro_samples, neuro_training
from trigger.networks import load_network

SAMPLE = Path(__file__).parents[2] / "reference" / "neuro_tracks_exp20.csv.gz"
SMALL = ("--blocks", "1", "--float-epochs", "1", "--epochs", "1", "--hidden", "6,4", "--runs", "639")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(build_app(), ["train", *arguments])
    return result.exit_code, result.output


def test_trained_interrupted_and_gone_on_with(tmp_path, monkeypatch):
    """Interrupted behind the simulation, the same command takes the sample over; the part kept aside stays unseen."""
    out = tmp_path / "net.npz"
    arguments = (str(SAMPLE), "--out", str(out), *SMALL)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("hls.plans.train", interrupt)
        status, text = run(*arguments)
    assert status == 130
    assert "the same command goes on" in text
    assert not out.exists()
    with monkeypatch.context() as patch:
        patch.setattr(neuro_samples, "make_block", interrupt)
        status, text = run(*arguments)
    assert status == 0, text
    assert {path.name for path in tmp_path.iterdir()} == {"net.npz", *(f"net_curves.{kind}" for kind in ("csv", "json", "png"))}
    frozen = load_network(out)
    assert frozen.codesign.hidden == (6, 4)
    assert [row["epoch"] for row in frozen.record["history"]] == [1, 2]
    assert len(frozen.seen_events) == frozen.record["counts"]["real_events"] < 300
    assert frozen.record["stamp"]["labels"] == {"runs": [639], "kept_aside": "3/10 of the events"}
    assert len(np.unique(frozen.codesign.run(np.random.default_rng(1).integers(-4096, 4097, (500, 27))), axis=0)) > 100
    status, text = run(*arguments)
    assert status == 2
    assert "exists" in text


def test_five_experts_from_simulation_alone(tmp_path, monkeypatch):
    """Smaller than the example of the help, in everything; the file is one that the trigger takes."""
    monkeypatch.setattr(neuro_samples, "FLAT_RECIPE", replace(neuro_samples.FLAT_RECIPE, block_events=800))
    out = tmp_path / "net.npz"
    status, text = run("--family", "classic", "--out", str(out), "--blocks", "1", "--epochs", "2", "--more-epochs", "1")
    assert status == 0, text
    frozen = load_network(out)
    assert frozen.family == "classic"
    assert [[matrix.shape for matrix in expert.weights] for expert in frozen.network.experts] == [[(81, 27), (2, 81)]] * 5
    assert [row["expert"] for row in frozen.record["history"]] == [0, 0, 1, 2, 3, 4]
    assert frozen.record["counts"]["simulated_tracks"] > 1024
    assert frozen.record["counts"]["real_events"] == len(frozen.seen_events) == 0
    assert frozen.record["stamp"]["labels"] == {"tracks": "simulated alone"}
    assert [row["expert"] for row in frozen.record["rounding"]] == [0, 1, 2, 3, 4]
    assert max(row["z_largest"] for row in frozen.record["rounding"]) < 40, "a centimetre"
    assert (tmp_path / "net_curves.png").exists()


def test_example_of_the_help_is_read(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(neuro_training, "train_network", lambda request: asked.append(request) or load_network("codesign"))
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(build_app(), ["train", "--help"])
    example = " ".join(shown.output.split()).partition("Example: darktrigger train ")[2]
    status, text = run(*shlex.split(example))
    assert status == 0, text
    assert asked[0].plan == ClassicPlan(training=ClassicTraining(epochs=4, more_epochs=2))
    assert asked[0].recipe == replace(neuro_samples.FLAT_RECIPE, blocks=1)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--family", "classic", "--float-epochs", "3"), "--float-epochs does not exist for the family classic"),
        (("--more-epochs", "3"), "--more-epochs does not exist for the family codesign"),
        (("--family", "classic", "--more-epochs", "0"), "more_epochs must be 1..10000, not 0"),
        (("none.csv",), "none.csv: not a readable text or gzip file"),
        ((str(SAMPLE), "--runs", "640"), "has no run 640; it has 639, 738"),
        ((str(SAMPLE), "--hidden", "8,x"), "--hidden must be whole numbers with commas, not '8,x'"),
        ((str(SAMPLE), "--hidden", "0"), "hidden must be one or more positive numbers of nodes"),
        ((str(SAMPLE), "--epochs", "0"), "epochs must be 1..10000, not 0"),
    ],
)
def test_bad_input_ends_with_status_2(tmp_path, arguments, reason):
    status, text = run(*arguments, "--out", str(tmp_path / "net.npz"))
    assert status == 2
    assert reason in text
    assert "Traceback" not in text
    assert list(tmp_path.iterdir()) == []


def test_output_must_be_npz(tmp_path):
    status, text = run(str(SAMPLE), "--out", str(tmp_path / "net.csv"))
    assert status == 2
    assert "name must end in .npz" in text
