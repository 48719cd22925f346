"""Figures of merit by hand, their invariance, the paired bootstrap, and the verb on real tracks."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from sim.cli import build_app
from sim.studies.neuro_score import METRICS, Answer, compare, metrics
from trigger.cdc.neuro.codesign import CodesignLayer, CodesignNetwork
from trigger.networks import FrozenNetwork, load_network, save_network

SAMPLE = Path(__file__).parents[2] / "reference" / "neuro_tracks_exp20.csv.gz"


def tracks(seed=1, n=600):
    """z_reco of three classes, and answers with a response of 0.8, an offset and outliers."""
    rng = np.random.default_rng(seed)
    z = np.concatenate([rng.uniform(-1, 1, n), rng.uniform(30.1, 60, n), rng.uniform(2, 29, n // 2)])
    smear = np.where(rng.random(len(z)) < 0.1, rng.uniform(-60, 60, len(z)), 4 * rng.standard_normal(len(z)))
    return z, 0.8 * z + 3 + smear


def test_by_hand():
    """Ten signal tracks 0 to 9 out, cut at the ninth (8): 7, 8 pass, 8.5, 50 do not; at 95 % the tenth (9): 50 alone does not."""
    z = np.array([0.0] * 10 + [40.0] * 4)
    likeness = -np.array([*range(10), 7, 8, 8.5, 50], dtype=float)
    found = dict(zip(METRICS, metrics(z, Answer(name="x", z=z, likeness=likeness)), strict=True))
    assert found["rejection_90"] == 0.5
    assert found["rejection_95"] == 0.25
    assert found["auc"] == pytest.approx((7.5 + 8.5 + 9 + 10) / 40)
    assert found["width_cm"] == 0
    assert np.isnan(found["width_elsewhere_cm"])


def test_width_by_hand():
    """The central 68.27 % of a Gaussian of 4 cm behind a response of 0.8 is 5 cm."""
    rng = np.random.default_rng(3)
    z = np.concatenate([rng.uniform(-1, 1, 40_000), rng.uniform(40, 60, 40_000)])
    answer = Answer(name="x", z=0.8 * z + 4 * rng.standard_normal(len(z)))
    assert metrics(z, answer)[3] == pytest.approx(5, rel=0.02)


@pytest.mark.parametrize(("scale", "shift"), [(0.01, 0), (40.96, 0), (-1, 0), (3, 200), (-0.5, -7)])
def test_rescaling_moves_nothing(scale, shift):
    z, answer = tracks()
    likeness = -np.abs(answer)
    for first, second in (
        (Answer(name="x", z=answer), Answer(name="x", z=scale * answer + shift)),
        (Answer(name="x", z=answer, likeness=likeness), Answer(name="x", z=answer, likeness=abs(scale) * likeness + shift)),
    ):
        assert np.allclose(metrics(z, first), metrics(z, second), rtol=1e-9)


def test_a_better_answer_scores_better():
    z, answer = tracks()
    worse = Answer(name="worse", z=answer + 10 * np.random.default_rng(5).standard_normal(len(z)))
    better, other = metrics(z, Answer(name="better", z=answer)), metrics(z, worse)
    assert (better[:3] > other[:3]).all()
    assert (better[3:] < other[3:]).all()


def test_nothing_to_score():
    z = np.array([0.5, 10.0])
    assert np.isnan(metrics(z, Answer(name="x", z=z))).all()


def test_bootstrap():
    """Equal answers differ by exactly 0; errors of the rejection are binomial where every event has one track."""
    z, answer = tracks()
    same = [Answer(name="a", z=answer), Answer(name="b", z=2 * answer)]
    found = compare(z, same, np.arange(len(z)), replicas=300, rng=np.random.default_rng(2))
    assert np.allclose(found.difference, 0, atol=1e-9)
    assert np.allclose(found.difference_low, 0, atol=1e-9)
    assert np.allclose(found.difference_high, 0, atol=1e-9)
    p = found.value[0, 0]
    assert found.error[0, 0] > np.sqrt(p * (1 - p) / 600)
    again = compare(z, same, np.arange(len(z)), replicas=300, rng=np.random.default_rng(2))
    assert np.array_equal(found.error, again.error)


def test_events_are_drawn_whole():
    """Every track four times in its event: the same figures, and the errors of a quarter of the tracks, not of all."""
    z, answer = tracks(n=200)
    single = compare(z, [Answer(name="a", z=answer)], np.arange(len(z)), replicas=400, rng=np.random.default_rng(4))
    four = compare(
        np.tile(z, 4),
        [Answer(name="a", z=np.tile(answer, 4))],
        np.tile(np.arange(len(z)), 4),
        replicas=400,
        rng=np.random.default_rng(4),
    )
    assert np.allclose(single.value, four.value, rtol=0.05)
    assert np.allclose(single.error[0, :3], four.error[0, :3], rtol=0.25)


def test_too_few_replicas_are_refused():
    z, answer = tracks(n=20)
    with pytest.raises(ValueError, match="replicas must be 2 or more, not 1"):
        compare(z, [Answer(name="a", z=answer)], np.arange(len(z)), replicas=1, rng=np.random.default_rng(1))


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(build_app(), ["evaluate", *arguments])
    return result.exit_code, result.output


def test_verb_on_real_tracks(tmp_path):
    """The shipped network on the tracks that its training did not see is better than the one that ran."""
    status, text = run(str(SAMPLE), "--replicas", "50", "--out", str(tmp_path / "scores"))
    assert status == 0
    assert "not in training: " in text
    assert "not in training, run 639: " in text
    content = json.loads((tmp_path / "scores" / "neuro_scores.json").read_text())
    rows = [dict(zip(content["columns"], row, strict=True)) for row in content["rows"]]
    unseen = {(row["answer"], row["metric"]): row["value"] for row in rows if row["part"] == "not in training"}
    assert unseen["deployed |z|", "rejection_90"] == pytest.approx(0.83, abs=0.06)
    for metric in ("rejection_90", "rejection_95", "auc"):
        assert unseen["ours class", metric] > unseen["deployed |z|", metric]
    assert unseen["ours |z|", "width_cm"] < unseen["deployed |z|", "width_cm"]
    assert content["stamp"]["digests"]["network"] == load_network("codesign").digest


def test_verb_with_a_users_network(tmp_path):
    weight = np.zeros((3, 27), int)
    weight[0, 3], weight[2, 0] = 1, 1
    layer = CodesignLayer(
        integer=np.zeros(27, int), fraction=np.full(27, 8), signed=True, weight=weight, weight_fraction=0,
        bias=np.zeros(3, int), bias_fraction=0,
    )  # fmt: skip
    save_network(tmp_path / "mine.npz", FrozenNetwork(network=CodesignNetwork([layer])))
    status, text = run(str(SAMPLE), "--network", str(tmp_path / "mine.npz"), "--replicas", "10")
    assert status == 0
    assert "not in training: 941 events, 580 signal and 404 background tracks" in text
    assert "\nin training" not in text


def test_verb_with_a_network_that_has_no_class():
    status, text = run(str(SAMPLE), "--network", "classic", "--replicas", "10")
    assert status == 0
    assert re.search(r"ours \|z\| +rejection_90", text)
    assert "ours class" not in text


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("none.csv",), "none.csv: not a readable text or gzip file"),
        ((str(SAMPLE), "--network", "best"), "no shipped network 'best'"),
        ((str(SAMPLE), "--replicas", "1"), "replicas must be 2 or more"),
    ],
)
def test_bad_input_ends_with_status_2(arguments, reason):
    status, text = run(*arguments)
    assert status == 2
    assert reason in text
    assert "Traceback" not in text


def test_file_without_signal(tmp_path):
    import gzip

    lines = gzip.decompress(SAMPLE.read_bytes()).decode().splitlines()
    (tmp_path / "few.csv").write_text("\n".join(lines[:3]) + "\n")
    status, text = run(str(tmp_path / "few.csv"), "--replicas", "10")
    assert status == 2
    assert "there is nothing to score" in text
