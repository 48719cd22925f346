"""`verify klm.line`: it passes, sees every changed cut, its events hold what the RTL can get wrong; dropped events, resets."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
from hdl.klm_line import LineTrigger
from sim.cosim import klm_line, runner, stream
from sim.cosim.campaign import Job
from sim.cosim.chain import chain_rtl
from sim.cosim.compare import compare
from sim.cosim.exchange import Answers, assign, decode_fields, exchange
from sim.cosim.export import export_block
from sim.cosim.export_order import Order
from sim.cosim.klm_line import BLOCK, beats_of, line_rtl, records, simulate, verify_line
from sim.cosim.stimulus.grl_pointed import deck
from sim.cosim.stimulus.klm_line import StripEvents, strip_events
from sim.cosim.stimulus.klm_line_edges import cut_lines, edge_strips, exact_pairs
from sim.cosim.stimulus.klm_line_pointed import Kind, pointed_strips
from sim.cosim.wrapper import Header
from trigger.chain import Chain
from trigger.errors import InputError
from trigger.geometry.klm import FIRST_SECTOR, N_PLANES, N_SECTORS, strip_table
from trigger.klm import DECISION_FIELDS, KlmDecision
from trigger.klm_line import N_TRACKS, KlmLineParameters, KlmLineTrigger

N_EVENTS = 4000


def decide(events: StripEvents, parameters: KlmLineParameters | None = None) -> KlmDecision:
    return KlmLineTrigger(parameters).run(events.offsets, *events.hits())


@pytest.fixture(scope="module")
def model() -> runner.Model:
    return runner.build(line_rtl(KlmLineParameters()).design)


def test_straight_lines_pass_and_the_record_says_so(tmp_path):
    arguments = ["verify", BLOCK, "--events", str(N_EVENTS), "--out", str(tmp_path / "r.json")]
    shown = CliRunner().invoke(sim.cli.build_app(), arguments)
    assert shown.exit_code == 0
    assert shown.stdout.startswith(f"passed: {N_EVENTS:,} events, 0 mismatched, 0 missing, 0 extra, 0 late")
    record = json.loads((tmp_path / "r.json").read_text())
    assert (record["block"], record["latency_measured"]) == ("klm.line", {"10": N_EVENTS})


@pytest.mark.parametrize("cut", [{"gap_raw": 470}, {"intercept_raw": 495}, {"min_layers": 3}])
def test_other_cuts_fail(tmp_path, cut):
    record = verify_line(
        Job(n_events=N_EVENTS, out=tmp_path / "r.json"), KlmLineParameters(**cut), rtl=line_rtl(KlmLineParameters())
    )
    assert not record["passed"]
    assert 0 < record["mismatched_events"] < N_EVENTS // 5
    assert record["missing_events"] == record["extra_events"] == record["late_events"] == 0


def test_each_track_of_a_plane_decides_at_the_cut_at_the_gap_and_by_its_layers():
    """Answers change with a cut moved by little, because of each of the four tracks."""
    n = 8000
    hits = pointed_strips(
        np.random.default_rng(2), np.arange(n), KlmLineParameters(), exact_pairs(KlmLineParameters().intercept_raw)
    )
    event, sector, layer, plane, strip = hits
    kept = (strip >= 0) & (strip < strip_table().n_strips[sector, layer, plane])
    order = np.argsort(event[kept], kind="stable")
    event, sector, layer, plane, strip = (column[kept][order] for column in hits)
    section = np.searchsorted(FIRST_SECTOR, sector, side="right") - 1
    events = StripEvents(
        offsets=np.searchsorted(event, np.arange(n + 1)), section=section, sector=sector - np.array(FIRST_SECTOR)[section],
        layer=layer, plane=plane, strip=strip,
    )  # fmt: skip
    _, _, track, kind = deck(np.random.default_rng(2), n, N_SECTORS, N_PLANES, N_TRACKS, len(Kind))
    fired = decide(events).klm_fired
    assert not fired[kind == Kind.LAYERS].any()

    def changed(of: Kind, **cut: int) -> int:
        differs = (decide(events, KlmLineParameters(**cut)).klm_fired != fired).any(axis=1)
        return int(np.bincount(track[differs & (kind == of)], minlength=N_TRACKS).min())

    def of_gap(gap_raw: int) -> np.ndarray:
        differs = (decide(events, KlmLineParameters(gap_raw=gap_raw)).klm_fired != fired).any(axis=1)
        return np.bincount(track[differs], minlength=N_TRACKS)[:3]

    assert changed(Kind.ON_CUT, intercept_raw=499) > 100
    assert changed(Kind.CUT, intercept_raw=470) > 10
    assert changed(Kind.CUT, intercept_raw=530) > 10
    assert changed(Kind.GAP, gap_raw=530) > 20
    assert changed(Kind.GAP, gap_raw=470) > 5
    assert changed(Kind.ON_CUT, min_layers=3) > 100
    assert all(of_gap(gap).min() >= 2 for gap in (499, 501)), "distances of exactly the gap: three tracks have room for them"


def test_edges_are_met_to_the_unit_on_both_sides():
    """All events at the gap change with it by one unit; lines stand on the cut or just behind it, in every track."""
    n = 400
    event, sector, layer, plane, strip = edge_strips(np.random.default_rng(2), np.arange(n), KlmLineParameters())
    kept = (strip >= 0) & (strip < strip_table().n_strips[sector, layer, plane])
    order = np.flatnonzero(kept)[np.argsort(event[kept], kind="stable")]
    event, sector, layer, plane, strip = (column[order] for column in (event, sector, layer, plane, strip))
    section = np.searchsorted(FIRST_SECTOR, sector, side="right") - 1
    events = StripEvents(
        offsets=np.searchsorted(event, np.arange(n + 1)), section=section, sector=sector - np.array(FIRST_SECTOR)[section],
        layer=layer, plane=plane, strip=strip,
    )  # fmt: skip
    fired = decide(events).klm_fired

    def changed(**cut: int) -> int:
        return int((decide(events, KlmLineParameters(**cut)).klm_fired != fired).any(axis=1).sum())

    assert changed(gap_raw=499) > n // 16
    assert changed(gap_raw=501) > n // 16
    assert changed(intercept_raw=499) > n // 8
    assert changed(intercept_raw=501) > n // 16
    assert {line.track for line in cut_lines(KlmLineParameters()) if line.miss == 0} == set(range(N_TRACKS))


def test_protocol(model):
    """Unfinished events are dropped, beats outside an event ignored, a reset forgets everything; with and without gaps."""
    rng, declared = np.random.default_rng(6), klm_line.ports()
    events = strip_events(rng, 400, KlmLineParameters())
    pause, reset = stream.empty_records(declared, 1), stream.empty_records(declared, 1)
    stream.put_header(pause, flags=np.array([0]), idle=np.array([LineTrigger.LATENCY]))
    stream.put_header(reset, flags=np.array([stream.flag(Header.RESET)]), idle=np.array([0]))
    parts: list[np.ndarray] = []
    for number in range(events.n_events):
        one, other = events.slice(number, number + 1), events.slice(399 - number, 400 - number)
        whole = records(declared, one, rng.integers(0, 3, int(beats_of(one)[0])))
        head = records(declared, other, np.zeros(int(beats_of(other)[0]), int))
        stream.put_header(head, flags=np.full(len(head), stream.flag(Header.VALID)), idle=np.zeros(len(head), int))
        stray = head.copy()
        stray[0, -1] &= 0xFE
        parts += [[whole], [head[:-1], whole], [pause, head[:-1], reset, whole], [stray, whole]][number % 4]
    response = exchange(model, [np.concatenate(parts)], events.n_events)
    event, latency = assign(response.marks, response.cycles, LineTrigger.LATENCY)
    arrays = decode_fields(declared, DECISION_FIELDS, response.results)
    answers = Answers(arrays=arrays, event=event, latency=latency, n_events=events.n_events)
    outcome = compare(decide(events).arrays(), answers, DECISION_FIELDS)
    assert (outcome.mismatched, len(answers.missing), answers.n_extra) == ((), 0, 0)
    assert set(latency) == {LineTrigger.LATENCY}
    assert decide(events).klm_fired.any(axis=1).mean() > 0.1


def test_largest_sums(model):
    """Every strip of a sector of each section, alone and all together."""
    table = strip_table()
    sector, layer, plane, strip = np.nonzero(np.arange(75) < table.n_strips[..., None])
    columns = []
    for chosen in ([0], [15], [16], [20], [0, 15, 16, 20]):
        keep = np.isin(sector, chosen)
        columns.append([values[keep] for values in (sector, layer, plane, strip)])
    joined = [np.concatenate(parts) for parts in zip(*columns, strict=True)]
    section = np.searchsorted((0, 8, 16, 20), joined[0], side="right") - 1
    events = StripEvents(
        offsets=np.cumsum([0, *(len(column[0]) for column in columns)]),
        section=section.astype(np.int8),
        sector=(joined[0] - np.array((0, 8, 16, 20))[section]).astype(np.int8),
        **{name: values.astype(np.int8) for name, values in zip(("layer", "plane", "strip"), joined[1:], strict=True)},
    )
    answers = simulate(model, events, LineTrigger.LATENCY, np.zeros(int(beats_of(events).sum()), int))
    assert compare(decide(events).arrays(), answers, DECISION_FIELDS).mismatched == ()


def test_events_hold_every_kind():
    parameters = KlmLineParameters()
    events = strip_events(np.random.default_rng(1), 10_000, parameters)
    fired = decide(events, parameters).klm_fired
    assert (fired.sum(axis=0) > 40).all()
    assert set(np.unique(fired.sum(axis=1))) >= {0, 1, 2}
    for change in ({"intercept_raw": 499}, {"intercept_raw": 501}, {"min_layers": 3}, {"gap_raw": 470}):
        other = decide(events, KlmLineParameters(**change)).klm_fired
        assert (other != fired).any(axis=1).sum() > 10, change
    counts = np.diff(events.offsets)
    assert (counts == 0).mean() > 0.05
    assert counts.max() > 1200, "full sectors"
    key = np.repeat(np.arange(10_000), counts) * 10_000_000
    key += sum(
        values.astype(np.int64) * radix for values, radix in zip(events.hits(), (1_000_000, 100_000, 1000, 100, 1), strict=True)
    )
    assert len(np.unique(key)) < len(key), "a strip can come twice"


def test_export_of_the_block(tmp_path):
    """Ports, registers and golden vectors are there; a word per beat, an answer per event."""
    assert export_block(BLOCK, Order(n_events=40, seed=3), tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (manifest["module"], manifest["latency_cycles"], manifest["golden"]["events"]) == ("klm_line_trigger", 10, 40)
    assert {"in_first", "in_last", "in_hit", "in_strip", "out_klm_fired"} <= {port["name"] for port in manifest["ports"]}
    registers = json.loads((tmp_path / "out" / "registers" / "registers.json").read_text())["registers"]
    assert {row["name"]: row["default"] for row in registers} == {
        "klm_gap_raw": 500,
        "klm_intercept_raw": 500,
        "klm_min_layers": 2,
    }


def test_the_chain_in_hardware_takes_layers_alone():
    with pytest.raises(InputError, match="the RTL of the chain has the KLM in layer-count mode alone"):
        chain_rtl(Chain(klm=KlmLineParameters()))
