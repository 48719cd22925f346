"""`darktrigger emulate` with the menu: fields in every format, messages, prescales along a file, interrupted and resumed."""

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
from sim.blocks import BLOCK_EVENTS
from sim.files import SUFFIXES, read_events, write_events
from trigger.chain import Chain
from trigger.events import EventRecord, with_event_numbers
from trigger.menu import PrescaleCounters, load_menu

MINE = 'name = "mine"\nbase = "exp16"\n[periods.p.prescales]\nhie = 7\nc4 = 3\n'


def sample(n_events: int) -> EventRecord:
    """Random cells and KLM hits, with a veto and a TOP bit."""
    rng = np.random.default_rng(14)
    counts = rng.integers(0, 8, (2, n_events))
    offsets = [np.concatenate([[0], np.cumsum(column)]) for column in counts]
    step = np.repeat(rng.integers(1, 60, n_events), counts[0])
    arrays = {
        "ecl_offsets": offsets[0],
        "ecl_tc_id": (1 + step * (np.arange(offsets[0][-1]) - np.repeat(offsets[0][:-1], counts[0]))).astype(np.int16),
        "ecl_adc": rng.integers(20, 500, offsets[0][-1]).astype(np.int16),
        "klm_offsets": offsets[1],
        **{f"klm_{name}": rng.integers(0, n, offsets[1][-1]).astype(np.int8) for name, n in (("section", 4), ("sector", 1))},
        "klm_layer": rng.integers(2, 12, offsets[1][-1]).astype(np.int8),
        "ext_veto": rng.random(n_events) < 0.1,
        "ext_top_0": rng.random(n_events) < 0.5,
    }
    return EventRecord(with_event_numbers(arrays, experiment=26, run=9, first_event=1000), {"seed": 4})


def invoke(*arguments: object) -> tuple[int, str]:
    shown = CliRunner().invoke(sim.cli.build_app(), ["emulate", *(str(argument) for argument in arguments)])
    return shown.exit_code, shown.stdout + shown.stderr


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_decision_in_every_format(tmp_path, suffix):
    record = sample(500)
    write_events(tmp_path / f"in{suffix}", record)
    status, shown = invoke(tmp_path / f"in{suffix}", "--out", tmp_path / f"out{suffix}", "--menu", "darktrigger")
    assert status == 0
    assert "left out: tracks (no field cdc_offsets)" in shown
    assert "left out: grl (no field cdc_offsets)" in shown
    assert "read 0: t3, ty, t2, typ (not answered by block tracks)" in shown
    assert "read 0: tx_0, tx_1, cdc_active (no block models it; not in the file)" in shown
    assert "left out: displaced (no field cdc_offsets)" in shown
    assert "read 0: dvt, dvt_ecl (not answered by block displaced)" in shown
    result, expected = read_events(tmp_path / f"out{suffix}"), Chain(menu="darktrigger").run(record.arrays)
    assert expected.ftdl.any(axis=0).sum() > 10
    for name, array in expected.arrays().items():
        if name not in ("psnm", "l1"):
            np.testing.assert_array_equal(result[name], array, err_msg=name)
    np.testing.assert_array_equal(result["psnm"], result["ftdl"])  # this menu prescales nothing
    np.testing.assert_array_equal(result["l1"], result["ftdl"].any(axis=1))
    menu = load_menu("darktrigger")
    assert (result.meta["input_names"], result.meta["line_names"]) == (list(menu.input_names), list(menu.line_names))
    labels = result.meta["labels"]
    assert labels["blocks"] == ["ecl", "klm", "menu"]
    assert (labels["menu"], labels["period"], labels["prescaling"]) == ("darktrigger", "design", "random")
    assert labels["not_supplied"]["top_1"] == "pass-through, and not in the file"
    assert "top_0" not in labels["not_supplied"]
    assert labels["from_file"] == ["top_0"]
    assert "taken from the file: top_0\n" in shown
    assert result.meta["digests"]["menu"] == menu.digest


def test_fields_that_no_input_reads_are_named(tmp_path):
    record = sample(20)
    write_events(tmp_path / "in.npz", EventRecord({**record.arrays, "ext_top_O": record["ext_top_0"]}))
    assert "not an input of the menu: ext_top_O" in invoke(tmp_path / "in.npz", "--out", tmp_path / "out.npz")[1]


def test_the_menu_on_decisions_made_before(tmp_path):
    write_events(tmp_path / "in.npz", sample(300))
    assert invoke(tmp_path / "in.npz", "--out", tmp_path / "whole.npz")[0] == 0
    assert invoke(tmp_path / "whole.npz", "--out", tmp_path / "again.npz", "--blocks", "menu")[0] == 0
    whole, again = read_events(tmp_path / "whole.npz"), read_events(tmp_path / "again.npz")
    columns = np.array([not name.startswith("top") for name in whole.meta["input_names"]])
    np.testing.assert_array_equal(again["input_bits"][:, columns], whole["input_bits"][:, columns])
    np.testing.assert_array_equal(again["ftdl"], whole["ftdl"])


def test_random_prescale_does_not_depend_on_the_range(tmp_path):
    (tmp_path / "mine.toml").write_text(MINE)
    first = sample(BLOCK_EVENTS)
    write_events(tmp_path / "in.npz", EventRecord.concatenate([first, first.select(slice(0, 500))]))
    given = (tmp_path / "in.npz", "--menu", tmp_path / "mine.toml", "--seed", 3)
    assert invoke(*given, "--out", tmp_path / "whole.npz")[0] == 0
    assert invoke(*given, "--out", tmp_path / "part.npz", "--event-blocks", "1:2")[0] == 0
    assert invoke(*given[:-1], 4, "--out", tmp_path / "other.npz", "--event-blocks", "1:2")[0] == 0
    whole, part, other = (read_events(tmp_path / f"{name}.npz") for name in ("whole", "part", "other"))
    np.testing.assert_array_equal(part["psnm"], whole["psnm"][BLOCK_EVENTS:])
    assert not np.array_equal(other["psnm"], part["psnm"])
    np.testing.assert_array_equal(part["ftdl"], whole["ftdl"][:500])
    assert not np.array_equal(part["psnm"], whole["psnm"][:500])  # the same events in another block have draws of their own
    hie = whole.meta["line_names"].index("hie")
    fired, kept = whole["ftdl"][:, hie].sum(), whole["psnm"][:, hie].sum()
    assert abs(kept - fired / 7) < 5 * np.sqrt(fired * 6 / 49)


def test_counters_run_along_the_file_also_after_an_interrupt(tmp_path, monkeypatch):
    (tmp_path / "mine.toml").write_text(MINE)
    write_events(tmp_path / "in.npz", sample(BLOCK_EVENTS + 500))
    given = (tmp_path / "in.npz", "--menu", tmp_path / "mine.toml", "--prescale", "counters", "--out", tmp_path / "out.npz")
    from sim import emulation

    work = emulation._emulate_block
    with monkeypatch.context() as patch:
        patch.setattr(emulation, "_emulate_block", lambda w, n, p: work(w, n, p) if n < 1 else interrupt())
        assert invoke(*given)[0] == 130
    assert invoke(*given)[0] == 0
    result = read_events(tmp_path / "out.npz")
    counters = PrescaleCounters(period=load_menu(tmp_path / "mine.toml").periods[0])
    np.testing.assert_array_equal(result["psnm"], counters.run(result["ftdl"]))
    assert not np.array_equal(result["psnm"], result["ftdl"])


def interrupt() -> None:
    raise KeyboardInterrupt
