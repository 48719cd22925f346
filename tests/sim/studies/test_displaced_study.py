"""The study of the displaced-vertex trigger: crossings, counters and quantiles by hand; a small study from end to end."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
from sim.generators.long_lived import Daughters
from sim.studies import block_study, displaced_tables
from sim.studies.block_study import tabulate
from sim.studies.displaced import CountBlock, DisplacedStudy
from sim.studies.displaced_counts import ALL, ALONG_EDGES, CROSSED, RADIUS_EDGES, TRANSVERSE_EDGES, count
from sim.studies.displaced_plot import plot
from sim.studies.displaced_samples import (
    CEILING,
    DVT,
    LINES,
    OR,
    TRUE,
    UNIQUE,
    Kind,
    Slice,
    columns,
    crossings,
    enough,
    samples,
)
from sim.studies.displaced_tables import STEP_HZ, quantiles
from sim.studies.statistics import efficiency, upper_limit
from sim.studies.tables import read
from trigger.errors import InputError
from trigger.geometry.cdc import superlayers

FIRST = superlayers().offset[:-1].astype(int)
SIZE = superlayers().n_segments.astype(int)


def test_windows_come_every_eight_data_clocks():
    """508.887 MHz / 16 / 8; the public description of the step says 3.97 MHz."""
    assert pytest.approx(3.9757e6, rel=1e-4) == STEP_HZ


def test_crossed_superlayers_and_their_segments():
    """Event 0: daughter 0 in axial superlayers 0, 2, 4, 6, daughter 1 in 2, 4, 6, 8 and stereo 1; event 1: nothing there."""
    first, second = [0, 2, 4, 6], [1, 2, 4, 6, 8]
    ideal = np.concatenate([FIRST[first], FIRST[second] + 10, FIRST[first], FIRST[second]])
    offsets = np.cumsum([0, 4, 5, 4, 5])
    there = np.concatenate([FIRST[first], FIRST[second[1:]] + 9])
    there[1] = FIRST[2] + SIZE[2] - 1
    crossed, seen = crossings(offsets, ideal, np.array([0, len(there), len(there)]), there)
    assert [np.flatnonzero(row).tolist() for row in crossed.reshape(-1, 9)] == [first, second, first, second]
    assert [np.flatnonzero(row).tolist() for row in seen.reshape(-1, 9)] == [first, second[1:], [], []]
    assert enough(crossed).tolist() == [True, True]
    assert enough(seen).tolist() == [True, False]
    there[3] = FIRST[6] + 2
    assert not enough(crossings(offsets, ideal, np.array([0, len(there), len(there)]), there)[1]).any()


def part(**changed):
    """Three pairs at 1, 4 and 4 cm; the second and the third cross; vertices in the last two."""
    values = {
        "radius_cm": np.array([1.0, 4.0, 4.0]),
        "crossed": np.array([False, True, True]),
        "decided": {DVT: np.array([True, True, False])},
        "vertex_event": np.array([0, 1, 1]),
        "transverse_cm": np.array([0.0, 0.005, 99.0]),
        "along_cm": np.array([0.0, 0.25, 60.0]),
    }
    return Slice(**{**values, **changed})


def test_counters_by_hand():
    found = count(part())
    assert found[f"events/{ALL}"][:3].tolist() == [1, 2, 0]
    assert found[f"events/{CROSSED}"][:3].tolist() == [0, 2, 0]
    assert found[f"{DVT}/{ALL}"][:3].tolist() == [1, 1, 0]
    assert found[f"{DVT}/{CROSSED}"][:3].tolist() == [0, 1, 0]
    assert found["transverse"].shape == (len(RADIUS_EDGES) - 1, len(TRANSVERSE_EDGES))
    assert np.argwhere(found["transverse"]).tolist() == [[1, 0], [1, len(TRANSVERSE_EDGES) - 1]]
    assert np.argwhere(found["along"]).tolist() == [[1, 2], [1, len(ALONG_EDGES) - 1]]
    assert count(part(radius_cm=np.array([50.0, 4.0, 4.0])))[f"events/{ALL}"].sum() == 2


def test_median_and_its_interval_are_order_statistics():
    """100 entries, one per bin: ranks 50, 45 and 56 (binomial, 16 and 84 % of 100 at 1/2), 90; then all beyond the edges."""
    edges = np.arange(101.0)
    assert quantiles(np.append(np.ones(100, int), 0), edges) == (49.5, 44.5, 55.5, 89.5)
    assert np.isnan(quantiles(np.append(np.zeros(100, int), 3), edges)).all()
    assert np.isnan(quantiles(np.zeros(101, int), edges)).all()
    single = np.zeros(101, int)
    single[7] = 1
    assert quantiles(single, edges) == (7.5,) * 4


def test_lines_are_those_of_the_menu():
    assert tuple(columns()) == LINES
    assert all(columns().values())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"events": 10}, "--events must be at least 100"),
        ({"seed": -1}, "--seed must not be negative"),
        ({"decay": Daughters.PHOTONS}, "--decay must be to charged particles"),
        ({"mass_gev": 0.1}, "mass_gev must be above 0.21"),
    ],
)
def test_impossible_studies_are_refused(change, reason):
    with pytest.raises(InputError, match=reason):
        DisplacedStudy(**change)


@pytest.fixture(scope="module")
def study():
    return DisplacedStudy(events=150, seed=4)


@pytest.fixture(scope="module")
def made(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("displaced")
    return tabulate(study, folder), folder


def counts_of(table, **chosen):
    kept = table.where(**chosen)
    return dict(zip(kept.column("decision"), kept.column("k"), strict=True))


def test_tables_are_written_stamped_and_call_guesses_guesses(study, made):
    tables, folder = made
    assert {path.stem for path in folder.glob("*.json")} == set(tables)
    assert not (folder / ".blocks").exists()
    again = read(folder / "displaced.json")
    assert again.stamp["seed"] == 4
    assert again.stamp["digests"]["study"] == study.digest() != replace(study, mass_gev=2.0).digest()
    assert again.stamp["labels"]["background"].startswith("GUESS: wire hits at x0, x0.3, x1, x3")
    assert tables["displaced_background"].notes[-1].startswith("GUESS")


def test_fractions_agree_with_their_counts(made):
    for name in ("displaced", "displaced_summary", "displaced_prompt", "displaced_background"):
        table = made[0][name]
        n, k, value, low, high = (np.array(table.column(c), float) for c in ("n", "k", "efficiency", "low", "high"))
        expected = efficiency(k.astype(int), n.astype(int))
        assert np.array_equal(value, expected.value, equal_nan=True)
        assert np.array_equal(low, expected.low)
        assert np.array_equal(high, expected.high)
    radius = made[0]["displaced"].where(background="none", among=ALL, decision=DVT)
    assert sum(radius.column("n")) == 150


def test_decisions_are_consistent(made):
    """A true vertex and a gain are decisions, the OR is no less than any of its lines, and the ceiling is a set of crossings."""
    table = made[0]["displaced_summary"]
    for background in ("none", "x0.3 (guess)", "x1 (guess)", "x3 (guess)"):
        counts = counts_of(table, background=background, among=ALL, low_edge_cm=0.0, high_edge_cm=50.0)
        crossing = table.where(background=background, among=CROSSED, low_edge_cm=0.0, high_edge_cm=50.0).column("n")[0]
        assert counts[TRUE] <= counts[DVT]
        assert counts[UNIQUE] <= counts[DVT] <= counts[UNIQUE] + counts[OR]
        assert max(counts[line] for line in LINES) <= counts[OR] <= sum(counts[line] for line in LINES)
        assert counts[CEILING] <= crossing
    quiet = counts_of(table, background="none", among=CROSSED, low_edge_cm=0.0, high_edge_cm=50.0)
    assert quiet[CEILING] > quiet[DVT] > 0.4 * quiet[CEILING]
    errors = made[0]["displaced_vertex"].where(background="none", low_edge_cm=0.0, high_edge_cm=50.0)
    assert errors.column("median_cm")[0] < 1.0 < errors.column("median_cm")[1] < 4.0


def test_windows_of_background_are_rates_at_the_true_step(made):
    table = made[0]["displaced_background"]
    assert set(table.column("sample")) == {Kind.WIRES.value, Kind.BEAM.value}
    for row in table.rows:
        cells = dict(zip(table.columns, row, strict=True))
        assert cells["upper_95"] == upper_limit(cells["k"], 150)
        if cells["decision"] == OR:
            assert cells["rate_hz"] is None
        else:
            assert cells["rate_hz"] == STEP_HZ * cells["k"] / 150
            assert cells["rate_upper_95_hz"] == STEP_HZ * cells["upper_95"]


def test_work_travels_to_other_processes(study):
    job = next(job for job in study.jobs() if job.sample == "pair_x1")
    work = CountBlock(study=study)
    here, there = work(job), pickle.loads(pickle.dumps(work))(job)
    assert here.keys() == there.keys()
    assert all((here[name] == there[name]).all() for name in here)


def test_pairs_are_the_same_at_every_level(study):
    work, of = CountBlock(study=study), {job.sample: job for job in study.jobs()}
    quiet, loud = work(of["pair_x0"]), work(of["pair_x1"])
    assert (quiet[f"events/{CROSSED}"] == loud[f"events/{CROSSED}"]).all()
    assert {sample.name for sample in samples(100)} == set(of)


def test_command_line(made, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(block_study, "run_study", lambda study, *_, **__: asked.append(study) or {})
    monkeypatch.setattr(block_study, "forget", lambda *_: None)
    monkeypatch.setattr(DisplacedStudy, "tables", lambda *_: made[0].values())
    words = ["study", "displaced", "--mass", "2", "--decay", "pi-pi", "--events", "200", "--out", str(tmp_path)]
    answer = CliRunner().invoke(sim.cli.build_app(), words)
    assert answer.exit_code == 0, answer.stderr
    assert asked == [DisplacedStudy(events=200, mass_gev=2.0, decay=Daughters.PIONS)]
    assert "rate_upper_95_hz" in answer.stdout
    assert (tmp_path / "displaced.png").read_bytes().startswith(b"\x89PNG")
    refused = CliRunner().invoke(sim.cli.build_app(), [*words[:-4], "--decay", "tau", "--out", str(tmp_path)])
    assert refused.exit_code == 2
    assert "--decay must be one of e-e, mu-mu, pi-pi, k-k" in refused.stderr


def test_picture_of_a_table_with_empty_bins(made, tmp_path):
    table = made[0]["displaced"]
    assert None in table.column("efficiency") or np.isnan(np.array(table.column("efficiency"), float)).any()
    assert plot(table, tmp_path / "d.png").read_bytes().startswith(b"\x89PNG")
    assert displaced_tables.SUMMARY[: len(displaced_tables.AGAINST_RADIUS)] == displaced_tables.AGAINST_RADIUS
