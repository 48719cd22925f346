"""Small proofs, false claims that must fail, and their counterexamples as events for model and RTL."""

import json
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Assert, Const, Module
from typer.testing import CliRunner

import sim.cli
from hdl.klm import KlmTrigger
from hdl.menu.psnm import Psnm
from hdl.menu.trigger import MenuTrigger
from hdl.proofs import blocks, klm, menu, proof
from hdl.proofs.bench import Bench
from hdl.proofs.proof import Outcome, prove
from hdl.proofs.replay import replay
from hdl.proofs.solver import Mode, Status, Trace, solve
from trigger.klm import FIRST_SECTOR, N_LAYERS, SECTORS, KlmParameters
from trigger.klm import KlmTrigger as KlmModel
from trigger.menu import Menu, Period, PrescaleCounters, l1_accept, load_menu

EVENTS = Path(__file__).parent / "events"
PUBLISHED = Path(__file__).parents[2] / "reference" / "gdl_lines_dnf.csv"
SHORT_S = 300


def klm_answers(trace: Trace) -> dict[str, int]:
    """The model's answer to the event that the last cycle of the trace shows."""
    layers = trace.steps[-1 - KlmTrigger.LATENCY]["in_layers"]
    place, layer = np.array([divmod(k, N_LAYERS) for k in range(layers.bit_length()) if layers >> k & 1]).T
    section = np.searchsorted(FIRST_SECTOR, place, side="right") - 1
    decision = KlmModel().run([0, len(layer)], section, place - np.array(FIRST_SECTOR)[section], layer)
    return {f"out_{name}": sum(int(bit) << k for k, bit in enumerate(np.ravel(value))) for name, value in decision.arrays().items()}


def with_layers_that_exist(trace: Trace) -> Trace:
    """The trace without hits in layers that a sector does not have: the claim covers them, events do not know them."""
    n_layers = np.repeat((15, 15, 12, 14), SECTORS).tolist()
    exist = sum(((1 << n) - 1) << N_LAYERS * sector for sector, n in enumerate(n_layers))
    return Trace(steps=tuple(step | {"in_layers": step["in_layers"] & exist} for step in trace.steps))


def menu_answers(trace: Trace, the_menu: Menu) -> dict[str, int]:
    """The model's answer to the event that the last cycle of the trace shows; all events since the last reset count."""
    last = len(trace.steps) - 1 - MenuTrigger.LATENCY
    first = 1 + max((k for k, step in enumerate(trace.steps[: last + 1]) if step.get("rst")), default=-1)
    taken = [step["in_bits"] for step in trace.steps[first : last + 1] if step["in_valid"]]
    ftdl = the_menu.evaluate(np.array([[bits >> k & 1 for k in range(the_menu.n_inputs)] for bits in taken], dtype=bool))
    psnm = PrescaleCounters(period=the_menu.periods[0]).run(ftdl)
    rows = {"out_ftdl": ftdl[-1], "out_psnm": psnm[-1], "out_l1": l1_accept(psnm)[-1:]}
    return {name: sum(int(bit) << k for k, bit in enumerate(row)) for name, row in rows.items()}


def test_wrong_number_of_layers_is_refuted_and_its_event_separates_the_two() -> None:
    """The counterexample goes through model, shipped RTL and faulty RTL: a regression event."""
    parameters = KlmParameters()
    wrong = replace(parameters, min_layers=4)
    claim = klm.KlmClaim(parameters, KlmTrigger.LATENCY)
    answer = solve(Bench(KlmTrigger(wrong), claim).rtlil(), Mode.BOUNDED, KlmTrigger.LATENCY + 1, SHORT_S)
    assert answer.status is Status.FAIL
    trace = answer.trace
    assert trace is not None
    right_rtl, wrong_rtl = (replay(KlmTrigger(one), trace)[-1] for one in (parameters, wrong))
    assert wrong_rtl.pop("out_valid") == right_rtl.pop("out_valid") == 1
    assert wrong_rtl != right_rtl


def test_small_menu_is_proven_and_a_wrong_line_refuted(small_menu: Menu, tmp_path: Path) -> None:
    lines = menu.lines_of_texts(small_menu)
    outcome = prove(menu.lines_proof(small_menu, "menu.small.lines", "what its text says", lines), cache=tmp_path)
    assert outcome.passed
    trace = outcome.broken_trace
    assert trace is not None
    wrong = menu.with_a_wrong_line(small_menu)
    right_rtl, wrong_rtl = (replay(MenuTrigger(one, "p"), trace)[-1] for one in (small_menu, wrong))
    assert right_rtl.pop("out_valid") == 1
    assert right_rtl == menu_answers(trace, small_menu)
    assert wrong_rtl["out_ftdl"] != right_rtl["out_ftdl"]


def test_prescale_counters_are_proven(tmp_path: Path) -> None:
    """Masked, all, and two counters; kept under its digest; JSON and back."""
    period = Period(name="p", source="this test", prescales=(0, 1, 3, 160_000))
    found = prove(menu.prescale_proof("menu.small.prescales", period), cache=tmp_path)
    assert (found.status, found.refuted) == (Status.PASS, Status.FAIL)
    assert len(list(tmp_path.iterdir())) == 1
    again = prove(menu.prescale_proof("menu.small.prescales", period), cache=tmp_path)
    assert again.was_kept
    assert again.to_json() == found.to_json()
    assert Outcome.from_json(found.to_json()) == again
    assert found.cpu_s > 0


def test_claim_without_assertion_is_refused() -> None:
    with pytest.raises(ValueError, match="must assert something"):
        Bench(Psnm(Period(name="p", source="", prescales=(1,))), lambda *_: None).rtlil()


@pytest.mark.parametrize("path", sorted([*EVENTS.glob("klm_*.json"), *EVENTS.glob("menu_*.json")]), ids=lambda path: path.stem)
def test_counterexamples_of_faulty_components(path: Path) -> None:
    """Events that separated a faulty component from its claim: shipped RTL == model."""
    trace = Trace.from_json(json.loads(path.read_text(encoding="utf-8"))["steps"])
    if path.stem.startswith("klm"):
        trace = with_layers_that_exist(trace)
        shown, expected = replay(KlmTrigger(), trace)[-1], klm_answers(trace)
        assert replay(KlmTrigger(KlmParameters(min_layers=4)), trace)[-1]["out_klm_fired"] != expected["out_klm_fired"]
    else:
        the_menu = load_menu("exp16")
        shown, expected = replay(MenuTrigger(the_menu, the_menu.periods[0].name), trace)[-1], menu_answers(trace, the_menu)
    assert shown.pop("out_valid") == 1
    assert shown == expected


def test_there_are_such_events() -> None:
    assert {path.stem for path in EVENTS.glob("*.json")} >= {"klm_layers", "menu_line", "tracks_votes"}


def test_published_table_must_be_that_of_the_menu() -> None:
    lines = menu.lines_of_products(load_menu("exp16"), PUBLISHED)(Const(1 << 10, 162))
    assert len(lines) == 175
    with pytest.raises(ValueError, match="lines of darktrigger, in order"):
        menu.lines_of_products(load_menu("darktrigger"), PUBLISHED)


def invoke(*arguments: object) -> tuple[int, str, str]:
    shown = CliRunner().invoke(sim.cli.build_app(), ["prove", *(str(argument) for argument in arguments)])
    return shown.exit_code, shown.stdout, shown.stderr


def test_verb_and_its_status(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A claim that holds gives 0; one that does not gives 1, with its counterexample in the record."""
    monkeypatch.setattr(proof, "cache_folder", lambda: tmp_path / "cache")
    period = Period(name="p", source="", prescales=(2, 3))
    good = menu.prescale_proof("menu.one", period)
    false = replace(good, name="ecl.false", bench=lambda: Bench(Psnm(period), never_passes), depth=4)
    monkeypatch.setitem(blocks.BLOCKS, "klm", lambda: [good])
    monkeypatch.setitem(blocks.BLOCKS, "ecl", lambda: [false])
    status, shown, _ = invoke("klm", "--out", tmp_path / "good.json")
    assert (status, "proven" in shown) == (0, True)
    status, shown, _ = invoke("ecl", "--out", tmp_path / "false.json")
    assert (status, "counterexample" in shown) == (1, True)
    record = json.loads((tmp_path / "false.json").read_text(encoding="utf-8"))
    assert record["passed"] is False
    assert record["proofs"][0]["counterexample"]


def never_passes(bench: Bench, m: Module) -> None:
    """The false claim that no line ever passes."""
    m.d.comb += Assert(bench.dut.out_psnm == 0)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("name", "reason"), [("none", "must be one of menu"), ("klm.none", "klm has klm.sectors")])
def test_unknown_names(name: str, reason: str) -> None:
    status, _, errors = invoke(name)
    assert status == 2
    assert reason in errors


def test_missing_tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    status, _, errors = invoke("klm", "--out", tmp_path / "proofs.json")
    assert (status, "darktrigger[synth]" in errors) == (2, True)
    assert not list(tmp_path.iterdir())
