"""The study of the displaced-vertex trigger: crossings, counters, cuts and quantiles by hand; a small study from end to end."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
from sim.generators.long_lived import Daughters
from sim.studies import block_study, displaced_losses, displaced_offline, displaced_samples, displaced_searches
from sim.studies.block_study import tabulate
from sim.studies.displaced import CountBlock, DisplacedStudy
from sim.studies.displaced_counts import ALL, ALONG_EDGES, AXES, CROSSED, RADIUS_EDGES, TRANSVERSE_EDGES, count
from sim.studies.displaced_losses import ANY_VERTEX, BEFORE, CROSSING, STAGES
from sim.studies.displaced_offline import EVERY, EXISTING, FIVE, NEW, RUN, SHOWN_LINES, gained, with_new
from sim.studies.displaced_samples import (
    CEILING,
    LINES,
    OR,
    TRUE,
    Kind,
    Slice,
    Variant,
    columns,
    crossings,
    degraded,
    enough,
    samples,
)
from sim.studies.displaced_scores import ALGORITHMS, HOUGH, HYPOTHESES, N_SCORES, RATES_HZ, STEP_HZ, cut_for
from sim.studies.displaced_tables import MASS_SCANS, UNIQUE, WITH, at, quantiles, source_hz
from sim.studies.statistics import efficiency, upper_limit
from sim.studies.tables import read
from trigger.errors import InputError
from trigger.geometry.cdc import superlayers

FIRST = superlayers().offset[:-1].astype(int)
SIZE = superlayers().n_segments.astype(int)
X1 = "x1 (guess)"


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
    """Three pairs at 1, 4 and 4 cm; the second and the third cross; existing lines take the second; vertices in the last two."""
    values = {
        "radius_cm": np.array([1.0, 4.0, 4.0]),
        "opening_deg": np.array([3.0, 12.0, 179.0]),
        "pt_gev": np.array([0.1, 0.25, 5.0]),
        "crossed": np.array([False, True, True]),
        "decided": {OR: np.array([False, True, False]), CEILING: np.array([True, True, False])},
        "scores": {HOUGH.name: np.array([0, 7, N_SCORES])},
        "vertex_event": np.array([1, 2]),
        "transverse_cm": np.array([0.005, 99.0]),
        "along_cm": np.array([0.25, 60.0]),
    }
    return Slice(**{**values, **changed})


def test_counters_by_hand():
    found = count(part())
    assert found[f"radius/{ALL}/events"][:3].tolist() == [1, 2, 0]
    assert found[f"radius/{CROSSED}/events"][:3].tolist() == [0, 2, 0]
    assert found[f"radius/{CROSSED}/{CEILING}"][:3].tolist() == [0, 1, 0]
    assert found[f"opening/{ALL}/events"].tolist() == [1, 0, 1, 0, 0, 0, 0, 0, 0, 1]
    assert found[f"pt/{ALL}/events"].tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert found[f"every/{ALL}/events"].tolist() == [3]
    assert np.argwhere(found[f"radius/{ALL}/score/{HOUGH.name}"]).tolist() == [[0, 0], [1, 7], [1, N_SCORES]]
    assert np.argwhere(found[f"radius/{ALL}/unique/{HOUGH.name}"]).tolist() == [[0, 0], [1, N_SCORES]]
    assert found["transverse"].shape == (len(RADIUS_EDGES) - 1, len(TRANSVERSE_EDGES))
    assert np.argwhere(found["transverse"]).tolist() == [[1, 0], [1, len(TRANSVERSE_EDGES) - 1]]
    assert np.argwhere(found["along"]).tolist() == [[1, 2], [1, len(ALONG_EDGES) - 1]]
    assert count(part(radius_cm=np.array([50.0, 4.0, 4.0])))[f"radius/{ALL}/events"].sum() == 2


def test_scores_and_their_bins():
    """Eight scores of the network per bin; one of the hypotheses. The smallest score of a bin is in it, the one before is not."""
    raw = np.array([HOUGH.low - 1, HOUGH.low, HOUGH.low + 7, HOUGH.low + 8, HOUGH.high])
    assert HOUGH.bins(raw).tolist() == [0, 1, 1, 2, N_SCORES]
    assert HYPOTHESES.bins(np.array([-(1 << 15), -256, -255, 767, 5000])).tolist() == [0, 1, 2, N_SCORES, N_SCORES]
    for algorithm in ALGORITHMS:
        for place in (1, 2, 77, N_SCORES):
            least = algorithm.raw_of(place)
            assert algorithm.bins(np.array([least - 1, least])).tolist() == [place - 1, place]


def test_cut_is_the_smallest_with_at_most_the_rate():
    """STEP_HZ windows are a second: 3 above bin 900, 2 more above bin 20, and one without any score."""
    unique = np.zeros(N_SCORES + 1, int)
    unique[[0, 20, 900]] = 1, 2, 3
    second = round(STEP_HZ)
    assert [cut_for(unique, second, hz) for hz in (2.0, 3.01, 4.9, 5.1, 1000.0)] == [901, 21, 21, 1, 1]
    unique[N_SCORES] = 4
    assert cut_for(unique, second, 3.0) == N_SCORES + 1


def test_lost_segments_and_turned_sides():
    rng = np.random.default_rng(1)
    n = 40_000
    given = {
        "cdc_offsets": np.array([0, n // 2, n]),
        "cdc_ts_id": np.arange(n) % 2336,
        "cdc_lr": np.tile(np.arange(4, dtype=np.int8), n // 4),
    }
    assert degraded(given, Variant(), rng) is given
    fewer = degraded(given, Variant(kept=0.9), rng)
    assert len(fewer["cdc_ts_id"]) == fewer["cdc_offsets"][-1] == pytest.approx(0.9 * n, abs=5 * np.sqrt(0.09 * n))
    assert (np.diff(fewer["cdc_ts_id"][: fewer["cdc_offsets"][1]]) % 2336 > 0).all()
    wrong = degraded(given, Variant(wrong=0.15), rng)
    known = np.isin(given["cdc_lr"], (1, 2))
    turned = wrong["cdc_lr"] != given["cdc_lr"]
    assert not turned[~known].any()
    assert turned[known].mean() == pytest.approx(0.15, abs=5 * np.sqrt(0.13 / known.sum()))
    assert (wrong["cdc_lr"][turned] == 3 - given["cdc_lr"][turned]).all()


def test_median_and_its_interval_are_order_statistics():
    """100 entries, one per bin: ranks 50, 45 and 56 (binomial, 16 and 84 % of 100 at 1/2), 90; then all beyond the edges."""
    edges = np.arange(101.0)
    assert quantiles(np.append(np.ones(100, int), 0), edges) == (49.5, 44.5, 55.5, 89.5)
    assert np.isnan(quantiles(np.append(np.zeros(100, int), 3), edges)).all()
    assert np.isnan(quantiles(np.zeros(101, int), edges)).all()
    single = np.zeros(101, int)
    single[7] = 1
    assert quantiles(single, edges) == (7.5,) * 4


def test_rates_of_sources():
    """1.148 nb at 6e35 per cm^2 and s are 689 Hz."""
    assert source_hz(Kind.MUON_PAIR) == pytest.approx(688.8)
    assert source_hz(Kind.K_SHORT) == 1000.0
    assert source_hz(Kind.LAMBDA) is None


def test_lines_are_those_of_the_menu():
    assert tuple(columns()) == LINES
    assert all(columns().values())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"events": 10}, "--events must be at least 100"),
        ({"windows": 10}, "--windows must be at least 100"),
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
    return DisplacedStudy(events=100, windows=300, offline=30, seed=4)


@pytest.fixture(scope="module")
def made(study, tmp_path_factory):
    """With fewer kinds of sources and variations."""
    folder = tmp_path_factory.mktemp("displaced")
    with pytest.MonkeyPatch.context() as patch:
        searches = {name: replace(search, values=((1.0, 1.0),)) for name, search in displaced_searches.SEARCHES.items()}
        kept = ("idm_muons", "alone_slow_pions")
        patch.setattr(displaced_offline, "SEARCHES", {name: searches[name] for name in kept})
        patch.setattr(displaced_losses, "MASSES_GEV", (1.0,))
        patch.setattr(displaced_samples, "SOURCES", (Kind.MUON_PAIR, Kind.K_SHORT))
        patch.setattr(displaced_samples, "MASSES_GEV", (0.9, 2.0))
        patch.setattr(displaced_samples, "CTAUS_CM", (10.0,))
        patch.setattr(displaced_samples, "KEPT_SEGMENTS", (0.9,))
        patch.setattr(displaced_samples, "WRONG_SIDES", (0.15,))
        yield tabulate(study, folder), folder


def counts_of(table, **chosen):
    kept = table.where(**chosen)
    return dict(zip(kept.column("decision"), kept.column("k"), strict=True))


def test_tables_are_written_stamped_and_call_guesses_guesses(study, made):
    tables, folder = made
    assert {path.stem for path in folder.glob("*.json")} == set(tables)
    again = read(folder / "displaced.json")
    assert again.stamp["seed"] == 4
    assert again.stamp["digests"]["study"] == study.digest() != replace(study, mass_gev=2.0).digest()
    assert again.stamp["labels"]["background"].startswith("GUESS: wire hits at x0, x0.3, x1, x3")
    assert tables["displaced_background"].notes[-1].startswith("GUESS")


def test_fractions_agree_with_their_counts(made):
    for name in ("displaced", "displaced_summary", "displaced_scan", "displaced_k_short", "displaced_sources", "displaced_offline"):
        table = made[0][name]
        n, k, value, low, high = (np.array(table.column(c), float) for c in ("n", "k", "efficiency", "low", "high"))
        expected = efficiency(k.astype(int), n.astype(int))
        assert np.array_equal(value, expected.value, equal_nan=True)
        assert np.array_equal(low, expected.low)
        assert np.array_equal(high, expected.high)
    for axis in AXES:
        chosen = made[0]["displaced"].where(background="none", among=ALL, axis=axis, decision=at(HOUGH.name, 1000.0))
        assert sum(chosen.column("n")) == 100


def test_decisions_are_consistent(made):
    """A true vertex and a gain are decisions, tight cuts take less, the OR adds the gain, the ceiling is a set of crossings."""
    table = made[0]["displaced_summary"]
    for background in ("none", "x0.3 (guess)", X1, "x3 (guess)"):
        counts = counts_of(table, background=background, among=ALL, low_edge=0.0, high_edge=50.0)
        crossing = table.where(background=background, among=CROSSED, low_edge=0.0, high_edge=50.0).column("n")[0]
        for rate in RATES_HZ:
            assert counts[at(TRUE, rate)] <= counts[at(HOUGH.name, rate)]
            for algorithm in ALGORITHMS:
                fired, unique, both = (counts[at(algorithm.name, rate, *what)] for what in ((), (UNIQUE,), (WITH,)))
                assert unique <= fired <= unique + counts[OR] == both
        for name in (algorithm.name for algorithm in ALGORITHMS):
            assert counts[at(name, RATES_HZ[1])] <= counts[at(name, RATES_HZ[0])]
        assert max(counts[line] for line in LINES) <= counts[OR] <= sum(counts[line] for line in LINES)
        assert counts[CEILING] <= crossing


def test_cuts_keep_their_rates(made):
    table = made[0]["displaced_cuts"]
    for row in table.rows:
        cells = dict(zip(table.columns, row, strict=True))
        assert cells["windows"] == 300
        assert cells["rate_hz"] == pytest.approx(STEP_HZ * cells["k"] / 300)
        assert cells["rate_hz"] <= cells["wanted_hz"]
        assert cells["upper_95_hz"] == STEP_HZ * float(upper_limit(cells["k"], 300))


def test_scan_has_the_studys_own_pairs_where_nothing_is_lost(made):
    scan, pairs = made[0]["displaced_scan"], made[0]["displaced"]
    own = counts_of(pairs, background=X1, among=ALL, axis="every")
    for varied, value in (("segments", 1.0), ("sides", 0.0), ("background", 1.0)):
        assert counts_of(scan, varied=varied, value=value, among=ALL) == own
    assert counts_of(scan, varied="segments", value=0.9, among=ALL)[CEILING] < own[CEILING]


def test_windows_of_background_are_rates_at_the_true_step(made):
    table = made[0]["displaced_background"]
    assert set(table.column("sample")) == {Kind.WIRES.value, Kind.BEAM.value}
    for row in table.rows:
        cells = dict(zip(table.columns, row, strict=True))
        assert cells["n"] == (300 if cells["sample"] == Kind.BEAM.value and cells["background"] == X1 else 60)
        assert cells["upper_95"] == upper_limit(cells["k"], cells["n"])
        if cells["decision"] == OR or cells["decision"].endswith(WITH):
            assert cells["rate_hz"] is None
        else:
            assert cells["rate_hz"] == pytest.approx(STEP_HZ * cells["k"] / cells["n"], rel=1e-12)
            assert cells["rate_upper_95_hz"] == STEP_HZ * cells["upper_95"]


def test_searches_keep_what_the_lines_and_the_new_lines_keep(made):
    table = made[0]["displaced_offline"]
    titles = dict.fromkeys(table.column("search"))
    assert len(titles) == 2
    for search in titles:
        counts, n = counts_of(table, search=search), table.where(search=search).column("n")[0]
        assert 0 < n < 30
        for existing in EXISTING:
            assert counts[existing] + counts[gained(existing)] == counts[with_new(existing)] <= n
            assert counts[gained(existing)] <= sum(counts[name] for name in NEW)
        assert counts[FIVE] <= counts[EVERY] >= counts[RUN]
        lines = made[0]["displaced_offline_lines"].where(search=search)
        assert len(lines.rows) == SHOWN_LINES
        taken = lines.column("k")
        assert taken == sorted(taken, reverse=True)
        assert taken[0] <= counts[RUN] <= sum(taken) + n


def test_losses_go_on_from_stage_to_stage(made):
    table = made[0]["displaced_losses"]
    left = table.where(of=CROSSING)
    counts = dict(zip(left.column("stage"), left.column("k"), strict=True))
    by_stage = [counts[stage] for stage in STAGES]
    assert by_stage == sorted(by_stage, reverse=True)
    assert by_stage[-1] > 0
    assert table.where(of=BEFORE).column("n") == [by_stage[0], *by_stage[:-1]]
    own = counts_of(made[0]["displaced_scan"], varied="mass, mu-mu", value=0.9, among=CROSSED)
    assert {*left.column("n")} == {by_stage[0]}
    for stage in STAGES[-2:]:
        assert counts[stage] <= counts[f"{ANY_VERTEX}: {stage}"]
    assert own


def test_masses_are_scanned_for_every_decay_that_they_allow(made):
    scan = made[0]["displaced_scan"]
    found = {varied: set(scan.where(varied=varied).column("value")) for varied in MASS_SCANS}
    assert found == {"mass, mu-mu": {0.9, 2.0}, "mass, e-e": {0.9, 2.0}, "mass, pi-pi": {0.9, 2.0}, "mass, k-k": {2.0}}


def test_work_travels_to_other_processes(study):
    job = next(job for job in study.jobs() if job.sample == "pair_x1")
    work = CountBlock(study=study)
    here, there = work(job), pickle.loads(pickle.dumps(work))(job)
    assert here.keys() == there.keys()
    assert all((here[name] == there[name]).all() for name in here)


def test_pairs_are_the_same_at_every_level(study):
    work, of = CountBlock(study=study), {job.sample: job for job in study.jobs()}
    quiet, loud = work(of["pair_x0"]), work(of["pair_x1"])
    assert (quiet[f"radius/{CROSSED}/events"] == loud[f"radius/{CROSSED}/events"]).all()
    names = [sample.name for sample in samples(100, 300)]
    assert len(names) == len(set(names))
    assert {*names, *(sample.name for sample in (*study.searches, *study.losses))} == set(of)


def test_command_line_draws_every_picture(made, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(block_study, "run_study", lambda study, *_, **__: asked.append(study) or {})
    monkeypatch.setattr(block_study, "forget", lambda *_: None)
    monkeypatch.setattr(DisplacedStudy, "tables", lambda *_: made[0].values())
    words = ["study", "displaced", "--mass", "2", "--decay", "pi-pi", "--events", "200", "--windows", "900", "--out", str(tmp_path)]
    answer = CliRunner().invoke(sim.cli.build_app(), words)
    assert answer.exit_code == 0, answer.stderr
    assert asked == [DisplacedStudy(events=200, windows=900, mass_gev=2.0, decay=Daughters.PIONS)]
    assert "upper_95_hz" in answer.stdout
    pictures = sorted(tmp_path.glob("*.png"))
    assert [path.stem.removeprefix("displaced") for path in pictures] == ["", "_axes", "_k_short", "_losses", "_offline", "_scan"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)
    refused = CliRunner().invoke(sim.cli.build_app(), [*words[:4], "--decay", "tau", "--out", str(tmp_path)])
    assert refused.exit_code == 2
    assert "--decay must be one of e-e, mu-mu, pi-pi, k-k" in refused.stderr
