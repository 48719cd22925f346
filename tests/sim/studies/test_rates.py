"""Rates of lines: counters against hand-worked events, the stream against a plain loop, hertz against hand-worked numbers."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
from sim.generators.dark_photon import DarkPhoton
from sim.injection import Injection
from sim.studies import rates
from sim.studies.block_study import tabulate
from sim.studies.counting import Job
from sim.studies.rate_counts import STREAM_CLOCKS, UNIT, RateTask, calorimeter_lines, count_lines, split_name, stream_windows
from sim.studies.rate_samples import Clock, NoParticles, RateSample, rate_samples
from sim.studies.rate_veto import VetoedMenu
from trigger.chain import Chain
from trigger.ecl import EclParameters
from trigger.errors import InputError
from trigger.klm_line import KlmLineParameters
from trigger.menu import Period, load_menu


@pytest.fixture
def rng():
    return np.random.default_rng(11)


PERIOD = Period(name="p", source="test", prescales=(1, 4, 0, 2))
PHOTON = RateSample(name="photon", process=DarkPhoton(mass_gev=0.0), clock=Clock.COLLISIONS, per_event=2.0, source="test")
NOISE = RateSample(name="noise", process=NoParticles(), clock=Clock.STREAM, source="test", guess="level")
FRAMES = RateSample(name="frames", process=NoParticles(), clock=Clock.FRAMES, source="test", guess="level")


def test_counters_of_hand_worked_events():
    """Lines a (kept), b (one in 4), c (masked), d (one in 2); the second event weighs 2."""
    ftdl = np.array([[1, 1, 0, 0], [0, 1, 1, 1], [0, 0, 1, 0], [0, 0, 0, 0]], bool)
    counters = count_lines(ftdl, PERIOD, np.array([1.0, 2.0, 1.0, 1.0]))
    one = {name: value / UNIT for name, value in counters.items()}
    assert one["events"].tolist() == [5]
    assert one["fired"].tolist() == [1, 3, 3, 2]
    assert one["fired_sq"].tolist() == [1, 5, 5, 4]
    assert one["kept"].tolist() == [1, 0.25 + 0.5, 0, 1]
    # Event 1: a alone decides; b never. Event 2 (weight 2): b 1/4 * 1/2, d 3/4 * 1/2.
    assert one["exclusive"].tolist() == [0.75, 0.25, 0, 0.75]
    assert one["cumulative"].tolist() == [1, 1 + 0.5, 1.5, 1 + 2 * (1 - 0.75 * 0.5)]
    assert one["accepted"].tolist() == [1 + 1.25]
    assert one["accepted_sq"].tolist() == [1 + 1.25**2]


def test_counters_do_not_depend_on_how_events_are_grouped(rng):
    ftdl, weight = rng.random((500, 4)) < 0.3, 1 + rng.random(500)
    whole = count_lines(ftdl, PERIOD, weight)
    halves = [count_lines(ftdl[part], PERIOD, weight[part]) for part in (slice(0, 123), slice(123, None))]
    for name, value in whole.items():
        if name != "events":
            np.testing.assert_array_equal(value, halves[0][name] + halves[1][name])


def test_windows_of_the_stream(rng):
    """Against a loop over windows and hits: every hit in its two windows, the last of a cell."""
    n = 20
    counts = rng.integers(0, 30, n)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    event = np.repeat(np.arange(n), counts)
    cell, time = rng.integers(1, 8, offsets[-1]), rng.integers(-4000, 4000, offsets[-1])
    order = np.lexsort((time, cell, event))
    hits = {
        "ecl_offsets": offsets,
        "ecl_tc_id": cell[order].astype(np.int16),
        "ecl_time": time[order].astype(np.int16),
        "ecl_adc": rng.integers(1, 4096, offsets[-1]).astype(np.int16),
    }
    found = stream_windows(hits, 5, 17)
    expected_offsets, expected = [0], []
    for i in range(5, 17):
        for clock in STREAM_CLOCKS:
            window = {}
            for h in range(offsets[i], offsets[i + 1]):
                if 128 * clock <= hits["ecl_time"][h] < 128 * clock + 256:
                    window[int(hits["ecl_tc_id"][h])] = int(hits["ecl_adc"][h])
            expected += sorted(window.items())
            expected_offsets.append(len(expected))
    np.testing.assert_array_equal(found[0], expected_offsets)
    np.testing.assert_array_equal(np.stack(found[1:], axis=1), expected)


def test_which_lines_the_stream_measures():
    menu = load_menu("exp16")
    alone = dict(zip(menu.line_names, calorimeter_lines(menu), strict=True))
    assert all(alone[name] for name in ("hie", "lml6", "c4", "bha3d", "eclmumu"))
    assert not any(alone[name] for name in ("ffo", "stt", "g_high", "cdcklm1", "mu_pair"))


def test_interval_of_a_poisson_number():
    """68.27 %: [0, 1.841] for nothing, [1.367, 5.918] for 3, [2.840, 8.382] for 5 (textbook tables of Garwood's interval)."""
    low, high = rates.garwood(np.array([0.0, 3.0, 5.0]))
    np.testing.assert_allclose(low, [0, 1.367, 2.840], atol=2e-3)
    np.testing.assert_allclose(high, [1.841, 5.918, 8.382], atol=2e-3)


def test_hertz_of_one_event():
    counters = {"events": np.array([1000 * UNIT])}
    # 2 nb at 5e34: 100 Hz over 1000 events. A step of the stream lasts 125.765 ns, a frame four of them.
    assert rates.hz_per_event(PHOTON, counters, 5e34) == pytest.approx(0.1)
    assert rates.hz_per_event(NOISE, counters, 5e34) == pytest.approx(1e9 / 125.765 / 1000, rel=1e-5)
    assert rates.hz_per_event(FRAMES, counters, 5e34) == pytest.approx(1e9 / 503.06 / 1000, rel=1e-5)


def test_samples_have_their_cross_sections():
    samples = {sample.name: sample for sample in rate_samples()}
    assert samples["bhabha"].per_event == 300
    assert samples["y4s"].per_event == 1.11
    assert samples["e-e-mu-mu"].per_event == pytest.approx(18.9 * 76.1 / 21.65, rel=0.01)
    assert len(samples) == len(rate_samples())
    assert {sample.name for sample in samples.values() if sample.guess} == {
        "cosmics",
        "beam-tracks",
        "background-frames",
        "background-stream",
    }
    assert split_name("e-e-mu-mu_x0.3") == ("e-e-mu-mu", 0.3)


def study(**changes):
    chain = Chain(menu="exp16", period="e18r781")
    return rates.RateStudy(**({"chain": chain, "events": 200, "scales": (0.0, 1.0), "samples": (PHOTON, NOISE)} | changes))


def test_a_study_and_its_tables(tmp_path):
    tables = tabulate(study(luminosities={"record": 5e34}), tmp_path / "one")
    lines = tables["rates"].where(background_scale=0.0)
    fired = dict(zip(lines.column("line"), lines.column("fired_hz"), strict=True))
    kept = dict(zip(lines.column("line"), lines.column("kept_hz"), strict=True))
    # Photons of 5.29 GeV, 2 nb at 5e34: a third in rings 4 to 14 fires lml1, which this period keeps one time in two.
    assert 20 < fired["lml1"] < 45
    assert sum(fired[name] for name in ("lml1", "lml2", "lml4")) > 60
    assert kept["lml1"] == pytest.approx(fired["lml1"] / 2)
    # The cumulative rate of the last line is the total; without background nothing is guessed.
    total = tables["rate_totals"].where(background_scale=0.0)
    assert lines.rows[-1][lines.columns.index("cumulative_hz")] == pytest.approx(total.column("hz")[0])
    assert total.column("guessed_hz") == [0.0]
    assert tables["rate_totals"].where(background_scale=1.0).column("guessed_hz")[0] > 0
    assert "GUESS" in tables["rates"].stamp["labels"]["background"]
    assert all(row[-1] == "GUESS: level" for row in tables["rate_by_process"].rows if row[3] == "noise")
    assert {row[1] for row in tables["veto"].rows} == {"photon"}
    assert not (tmp_path / "one" / ".blocks").exists()
    # Nearly all photons of 5.29 GeV that a line takes are kept: the software trigger wants them away from the beams. Noise is not.
    software = tables["rate_software"].where(background_scale=0.0)
    by_source = {row[3]: dict(zip(software.columns, row, strict=True)) for row in software.rows}
    assert 0.5 * by_source["photon"]["hardware_hz"] < by_source["photon"]["hz"] <= by_source["photon"]["hardware_hz"]
    assert by_source["all"]["hz"] == by_source["photon"]["hz"]
    assert by_source["all"]["within_budget"]
    assert tables["rate_software"].where(background_scale=1.0, source="noise").column("hz") == [0.0]


VETOED = """name = "vetoed"
n_inputs = 5
[inputs.veto]
bits = [0]
encoding = "flag"
driver = "gdl"
definition = "injection veto"
[inputs.ehigh]
bits = [1]
encoding = "flag"
driver = "ecl"
definition = "1 GeV"
[inputs.clst]
bits = [2, 3, 4]
encoding = "binary"
driver = "ecl"
definition = "clusters"
[lines]
hie = "ehigh & !veto"
any = "clst >= 1"
watch = "veto & clst >= 1"
[periods.p]
source = "test"
[periods.p.prescales]
any = 4
"""


def test_what_the_injection_veto_leaves_of_hand_worked_events(tmp_path):
    """Closed for a fifth of the time: hie alone, hie and any (one in 4), any alone, nothing."""
    (tmp_path / "vetoed.toml").write_text(VETOED)
    menu = load_menu(tmp_path / "vetoed.toml")
    vetoed = VetoedMenu(menu=menu, period=menu.period("p"), dead=0.2)
    bits = np.zeros((4, menu.n_inputs), bool)
    bits[:2, menu.input_names.index("ehigh")] = True
    bits[1:3, menu.input_names.index("clst_0")] = True
    assert vetoed.left(menu.evaluate(bits), bits).tolist() == pytest.approx([0.8, 0.8 + 0.2 / 4, 1 / 4, 0])
    assert VetoedMenu(menu=menu, period=menu.period("p"), dead=0.0).left(menu.evaluate(bits), bits).tolist() == [1, 1, 0.25, 0]
    # No input of this menu is the veto: nothing is closed.
    book = load_menu("physics_book")
    assert VetoedMenu(menu=book, period=book.periods[0], dead=0.2).positions == ()


def test_totals_after_the_injection_veto(tmp_path):
    """Lines with `!veto` lose what the windows close, the others nothing: in collisions, and in every window of the stream."""
    (tmp_path / "vetoed.toml").write_text(VETOED)
    chain = Chain(menu=str(tmp_path / "vetoed.toml"), period="p")
    injection = Injection(rate_hz=25.0)
    tables = tabulate(study(chain=chain, scales=(1.0,), injection=injection, luminosities={"record": 5e34}), tmp_path / "out")
    total = dict(zip(tables["rate_totals"].columns, tables["rate_totals"].rows[0], strict=True))
    kept = dict(zip(tables["rates"].column("line"), tables["rates"].column("kept_hz"), strict=True))
    # 25 injections a second: 0.5 ms full, and in the other 9.5 ms 2 of every 10.06 us.
    dead = 25 * (500 + 9500 * 2 / 10.0613) * 1e-6
    assert total["after_veto_hz"] == pytest.approx((1 - dead) * total["hz"] + dead * kept["any"], rel=1e-6)
    assert 0 < kept["any"] < total["hz"]
    assert total["after_veto_low"] < total["after_veto_hz"] < total["after_veto_high"]
    assert total["recorded_hz"] == pytest.approx(total["after_veto_hz"] * (1 - total["lost"]))
    assert any("veto on for 6.0 % of it: 25 injections per second" in note for note in tables["rate_totals"].notes)
    assert study(injection=injection).digest() != study().digest()


def test_straight_lines_get_strips():
    """The KLM in straight-line mode answers on simulated events, and not as the layer count does."""
    muons = next(sample for sample in rate_samples() if sample.name == "mu-mu")
    fired = []
    for settings in ({}, {"klm": KlmLineParameters()}):
        chain = Chain(menu="exp16", **settings)
        task = RateTask(samples=(muons,), seed=1, preset="NONE", chain=chain)
        fired.append(task(Job(sample="mu-mu_x1", block=0, events=100))["fired"][chain.menu.line_names.index("klmhit")])
    assert min(fired) > 0
    assert fired[0] != fired[1]


def test_frames_leave_calorimeter_lines_to_the_stream():
    task = RateTask(samples=(FRAMES,), seed=1, preset="NOMINAL", chain=Chain(menu="exp16"))
    job = Job(sample="frames_x1", block=0, events=300)
    fired = task(job)["fired"]
    # A worker gets the task by pickle, and answers the same.
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(task))(job)["fired"], fired)
    names = task.chain.menu.line_names
    assert not fired[calorimeter_lines(task.chain.menu)].any()
    assert fired[names.index("g_c1")] > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"events": 3}, "--events"),
        ({"seed": -1}, "--seed"),
        ({"scales": (1.0, 1.0)}, "--scales"),
        ({"scales": ()}, "--scales"),
        ({"injection": Injection()}, "--injection must be injections per second"),
    ],
)
def test_impossible_studies_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        study(**changes)


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        tabulate(study(), Path(tmp_path / "file"))


def test_a_users_files_reach_rates_and_documentation(tmp_path):
    """A changed threshold, a changed condition and a new line, by TOML alone; model and RTL on such files: test_cosim_chain."""
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nbase = "exp16"\n[lines]\nhie = "ehigh & clst >= 6"\nanything = "clst >= 1 & !veto"\n'
    )
    mine = str(tmp_path / "mine.toml")
    parameters = EclParameters.default().replace(lml_cl_e_cms_1=7)
    tables = {}
    for name, chain in (("before", Chain(menu="exp16")), ("after", Chain(menu=mine, parameters=parameters))):
        changed = rates.RateStudy(chain=chain, events=200, scales=(0.0,), samples=(PHOTON,), luminosities={"record": 5e34})
        table = tabulate(changed, tmp_path / name)["rates"]
        tables[name] = dict(zip(table.column("line"), table.column("fired_hz"), strict=True))
    # Photons of 5.29 GeV: one cluster each; none above 7 GeV, none with six clusters.
    assert tables["before"]["hie"] > 30
    assert tables["before"]["lml1"] > 20
    assert tables["after"]["hie"] == tables["after"]["lml1"] == 0
    assert tables["after"]["anything"] > 30
    assert "anything" not in tables["before"]
    shown = CliRunner().invoke(sim.cli.build_app(), ["menu", "show", "anything", "--menu", mine])
    assert shown.stdout.startswith("anything: clst >= 1 & !veto")
