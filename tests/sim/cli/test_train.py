"""`darktrigger train` as a user types it: a small network, interrupted and gone on with, and bad input."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from sim.cli import build_app
from sim.studies import neuro_training
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
        patch.setattr("hls.train.train", interrupt)
        status, text = run(*arguments)
    assert status == 130
    assert "the same command goes on" in text
    assert not out.exists()
    with monkeypatch.context() as patch:
        patch.setattr(neuro_training, "make_block", interrupt)
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


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
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
