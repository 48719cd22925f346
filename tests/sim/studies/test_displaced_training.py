"""Training of the network of displaced vertices end to end on few windows, and the parts that choose its cuts."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from sim.cli import build_app
from sim.studies import displaced_rates, displaced_vertices
from sim.studies.displaced_rates import RateRecipe, cut_for, rate_of
from sim.studies.displaced_tables import STEP_HZ
from sim.studies.displaced_vertices import Source, VertexRecipe, particles_of, vertex_set, windows_of
from trigger.displaced import DisplacedParameters
from trigger.errors import InputError
from trigger.networks import load_network

FEW = VertexRecipe(seed=4, block_events=400, signal_blocks=2, beam_blocks=2, other_blocks=1, beam_scale=4.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("windows")


@pytest.fixture(scope="module")
def vertices(folder):
    return vertex_set(FEW, DisplacedParameters(), folder)


def test_weights_of_signal_and_background_are_equal(vertices):
    signal, background = vertices.is_signal, ~vertices.is_signal
    assert signal.any()
    assert background.any()
    assert vertices.weight[signal].sum() == pytest.approx(vertices.weight[background].sum(), rel=1e-4)
    assert vertices.weight.mean() == pytest.approx(1, rel=1e-4)
    assert vertices.x_raw.shape == (len(vertices), 16)


def test_windows_are_kept_and_the_same(folder, vertices, monkeypatch):
    """A second call reads what the first one wrote; another folder gives the same windows again."""
    block = (FEW, Source.PIONS, 1)
    first = windows_of(*block, folder)
    with monkeypatch.context() as patch:
        patch.setattr(displaced_vertices, "simulate", None)
        kept = windows_of(*block, folder)
    for name, column in first.segments.items():
        assert np.array_equal(column, kept.segments[name])
    assert np.array_equal(first.x_cm, kept.x_cm)
    rows = np.array([3, 0, 399])
    chosen = first.select(rows)
    offsets = first.segments["cdc_offsets"]
    wanted = np.concatenate([first.segments["cdc_ts_id"][offsets[row] : offsets[row + 1]] for row in rows])
    assert np.array_equal(chosen.segments["cdc_ts_id"], wanted)
    assert chosen.segments["cdc_offsets"].tolist() == [0, *np.cumsum(np.diff(offsets)[rows])]


def test_every_second_signal_block_has_beam_background():
    alone, crowded = (particles_of(FEW, Source.MUONS, block) for block in (0, 1))
    assert set(np.diff(alone.offsets).tolist()) == {2}
    assert np.diff(crowded.offsets).mean() > 3
    assert np.hypot(alone.vx, alone.vy).max() < 51


def test_no_vertex_of_a_source_is_refused(folder):
    impossible = DisplacedParameters(impact_high_cm=60.0)
    with pytest.raises(InputError, match="no vertex was found in windows of: long-lived particle to muons"):
        vertex_set(FEW, impossible, folder)


def test_cut_for_a_rate():
    """Of 2 x N windows at N Hz each, the rate for two windows lets the two best unique ones pass."""
    best = np.array([[5, 9, 7, -5000], [8, 3, 1, 2]])
    unique = np.array([[True, False, True, False], [True, True, True, True]])
    assert cut_for(best, unique, 2 * STEP_HZ / 8) == 6
    assert cut_for(best, unique, 0.0) == 9
    assert cut_for(best, unique, STEP_HZ) == -4096
    rate = rate_of(0, 1000)
    assert (rate["rate_hz"], rate["low_hz"]) == (0, 0)
    assert rate["upper_95_hz"] == pytest.approx(3.0 * STEP_HZ / 1000, rel=0.01)


def test_verb_trains_freezes_and_records(tmp_path, monkeypatch):
    monkeypatch.setattr(displaced_vertices.VertexRecipe, "scaled", lambda recipe, seed, beam_blocks: FEW)
    monkeypatch.setattr(displaced_rates.RateRecipe, "windows", property(lambda rates: FEW))
    arguments = ["train", "--family", "displaced", "--out", str(tmp_path / "net.npz"), "--float-epochs", "1", "--epochs", "1"]
    monkeypatch.setattr("hls.displaced.VertexTraining.batch", 64)
    shown = CliRunner().invoke(build_app(), [*arguments, "--rate-blocks", "2"])
    assert shown.exit_code == 0, shown.output
    assert "score" in shown.output
    frozen = load_network(tmp_path / "net.npz")
    assert frozen.family == "displaced"
    points = frozen.record["working_points"]["points"]
    assert [point["wanted_hz"] for point in points] == [1000.0, 100.0]
    assert json.loads(json.dumps(frozen.record)) == frozen.record
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.npz", "net_curves.csv", "net_curves.json", "net_curves.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--family", "displaced", "--hidden", "4"], "--hidden does not exist for the family displaced"),
        (["--family", "displaced", "--blocks", "0"], "beam_blocks must be at least 1, not 0"),
        (["--family", "displaced", "--rate-blocks", "1"], "blocks must be at least 2"),
        (["--family", "codesign", "--rate-blocks", "3"], "--rate-blocks does not exist for the family codesign"),
    ],
)
def test_impossible_requests_are_refused(tmp_path, arguments, message):
    shown = CliRunner().invoke(build_app(), ["train", "--out", str(tmp_path / "net.npz"), *arguments])
    assert shown.exit_code == 2
    assert message in shown.output


def test_shipped_network_has_rates_of_other_windows():
    """The cuts were chosen on one half of the windows; rates are those of the other half, of another seed than the training."""
    record = load_network("displaced").record
    assert record["settings"]["rates"]["RateRecipe"]["seed"] != record["settings"]["recipe"]["VertexRecipe"]["seed"]
    for point in record["working_points"]["points"]:
        assert point["unique"]["of"] == RateRecipe().blocks // 2 * VertexRecipe().block_events
        assert (
            point["unique"]["low_hz"]
            <= point["unique"]["rate_hz"]
            <= point["unique"]["high_hz"]
            < point["unique"]["upper_95_hz"] * 1.2
        )
