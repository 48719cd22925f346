"""`verify klm` and `verify menu`: they pass, say what was done, find other parameters and prescales, refuse foreign options."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
from sim.cosim import klm
from sim.cosim import menu as global_decision
from sim.cosim.campaign import Job
from sim.cosim.compare import compare
from sim.cosim.klm import klm_events, verify_klm
from sim.cosim.menu import input_vectors, verify_menu
from trigger.errors import InputError
from trigger.klm import DECISION_FIELDS, KlmParameters, KlmTrigger
from trigger.menu import load_menu
from trigger.menu.condition import positions

N_EVENTS, MENU_EVENTS = 4000, 49_152
"""The menu has enough for the largest prescale, 20,000."""


def invoke(*arguments: object) -> tuple[int, str, str]:
    shown = CliRunner().invoke(sim.cli.build_app(), ["verify", *(str(argument) for argument in arguments)])
    return shown.exit_code, shown.stdout, shown.stderr


def test_klm_passes_and_its_record_says_so(tmp_path):
    status, shown, _ = invoke("klm", "--events", N_EVENTS, "--out", tmp_path / "r.json")
    assert status == 0
    assert shown.startswith(f"passed: {N_EVENTS:,} events, 0 mismatched, 0 missing, 0 extra, 0 late")
    record = json.loads((tmp_path / "r.json").read_text())
    assert record["block"] == "klm"
    assert record["latency_measured"] == {"2": N_EVENTS}


def test_klm_of_other_parameters_fails(tmp_path):
    rtl = klm.klm_rtl(KlmParameters())
    record = verify_klm(Job(n_events=N_EVENTS, out=tmp_path / "r.json"), KlmParameters(min_layers=6), rtl=rtl)
    assert not record["passed"]
    assert record["mismatched_events"] > N_EVENTS // 10
    assert record["missing_events"] == record["extra_events"] == record["late_events"] == 0


def test_menu_passes_with_running_counters_and_another_menu_fails(tmp_path):
    """exp16 with the prescales of one period against its own model, and against a model with the prescales of another."""
    menu, job = load_menu("exp16"), Job(n_events=MENU_EVENTS, out=tmp_path / "r.json")
    rtl = global_decision.menu_rtl(menu, "e18r781")
    record = verify_menu(job, menu, "e18r781", rtl=rtl)
    assert record["passed"]
    assert (record["menu"], record["period"], record["digests"]["menu"]) == ("exp16", "e18r781", menu.digest)
    assert json.loads((tmp_path / "r.json").read_text()) == record
    other = verify_menu(job, menu, "e16r1062", rtl=rtl)
    assert not other["passed"]
    assert {row["field"] for row in other["differences"]} <= {"psnm", "l1"}


def test_klm_events_hold_every_kind():
    parameters = KlmParameters()
    events = klm_events(np.random.default_rng(1), 6000, parameters)
    decision = KlmTrigger(parameters).run(events.offsets, events.section, events.sector, events.layer)
    assert set(np.unique(decision.klm_n_bklm)) == set(range(17))
    assert set(np.unique(decision.klm_n_eklm)) == set(range(9))
    assert (np.diff(events.offsets) == 0).any()
    more, fewer = (
        KlmTrigger(KlmParameters(min_layers=n)).run(events.offsets, events.section, events.sector, events.layer).klm_fired
        for n in (parameters.min_layers + 1, parameters.min_layers - 1)
    )
    assert ((decision.klm_fired == 1) & (more == 0)).sum(axis=0).min() > 100, "sectors on the cut"
    assert ((decision.klm_fired == 0) & (fewer == 1)).sum(axis=0).min() > 100, "sectors one layer below the cut"
    key = np.repeat(np.arange(6000), np.diff(events.offsets)) * 10_000
    key += 1000 * events.section.astype(int) + 20 * events.sector.astype(int) + events.layer
    assert len(np.unique(key)) < len(key), "a hit can come twice"


def test_input_vectors_make_every_line_say_yes_and_no():
    menu = load_menu("exp16")
    bits = input_vectors(np.random.default_rng(1), 60_000, menu)
    lines = menu.evaluate(bits)
    assert lines.any(axis=0).all()
    assert not lines.all(axis=0).any()
    assert (bits.sum(axis=1) == 0).any()
    assert bits.sum(axis=1).max() > 150
    own = sorted(positions(menu.line("ffo").condition))
    assert len(np.unique(bits[:, own], axis=0)) == 1 << len(own)


def test_every_prescale_counter_comes_to_its_end_twice():
    menu = load_menu("exp16")
    prescales = np.array(menu.periods[0].prescales)
    fired = menu.evaluate(input_vectors(np.random.default_rng(1), MENU_EVENTS, menu)).sum(axis=0)
    assert prescales.max() == 20_000
    assert (fired >= 2 * prescales).all()


def test_comparison_finds_one_changed_bit():
    events = klm_events(np.random.default_rng(2), 50, KlmParameters())
    decided = KlmTrigger().run(events.offsets, events.section, events.sector, events.layer).arrays()
    changed = {name: values.copy() for name, values in decided.items()}
    changed["klm_fired"][17, 5] ^= 1
    answers = klm.Answers(arrays=changed, event=np.arange(50), latency=np.full(50, 2), n_events=50)
    outcome = compare(decided, answers, DECISION_FIELDS)
    assert outcome.mismatched == (17,)
    assert (outcome.differences[0].field, outcome.differences[0].element) == ("klm_fired", 5)


def test_unknown_period_and_options_of_other_blocks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no period 'e20'"):
        global_decision.period_of(load_menu("exp16"), "e20")
    assert global_decision.period_of(load_menu("darktrigger"), None) == "design"
    status, _, errors = invoke("klm", "--menu", "exp16")
    assert status == 2
    assert "--menu is an option of verify menu and chain, not of verify klm" in errors
    status, _, errors = invoke("menu", "--waves")
    assert status == 2
    assert "--waves is an option of verify ecl, not of verify menu" in errors
    assert list(tmp_path.iterdir()) == []
