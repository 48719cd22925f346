"""Files of basf2's branch layout, written here with uproot: read as events, emulated, compared with their recorded words."""

import json
from collections.abc import Mapping
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
from typer.testing import CliRunner

import sim.cli
from sim.files import EventFile, read_events, write_events
from trigger.chain import Chain
from trigger.errors import InputError
from trigger.events import EventRecord
from trigger.geometry.cdc import layers

Lists = Mapping[str, list[list[float]]]
SIMULATED: Lists = {
    "m_TCId": [[290, 150], [], [430]],
    "m_edep": [[2.1, 0.5], [], [0.0027]],
    "m_TimeAve": [[10.0, -3.0], [], [0.0]],
}
"""Three events; the last cell is half a count and 0.07 MeV, so that it counts."""


def write_basf2(path: Path, objects: Mapping[str, Lists], flat: Mapping[str, np.ndarray] | None = None) -> None:
    """A TTree `tree`: objects with one list per member and event, `Object.member` one number (or ten) per event."""
    with uproot.recreate(path) as file:
        trees = {name: ak.zip({m: _column(m, values) for m, values in lists.items()}) for name, lists in objects.items()}
        flat = flat or {}
        kinds = {name: ak.type(array).content for name, array in trees.items()}
        shapes = {name: np.dtype((array.dtype, array.shape[1:])) if array.ndim > 1 else array.dtype for name, array in flat.items()}
        tree = file.mktree("tree", {**kinds, **shapes}, field_name=lambda outer, inner: f"{outer}.{inner}" if outer else inner)
        tree.extend({**trees, **flat})


def _column(member: str, values: list[list[float]]) -> ak.Array:
    return ak.values_astype(ak.Array(values), "float64" if member in ("m_edep", "m_TimeAve") else "int32")


def words(bits: np.ndarray) -> np.ndarray:
    """Bits (n, k) as recorded words, uint32 (n, 10)."""
    padded = np.zeros((len(bits), 320), np.uint64)
    padded[:, : bits.shape[1]] = bits
    return (padded.reshape(len(bits), 10, 32) << np.arange(32, dtype=np.uint64)).sum(axis=2).astype(np.uint32)


def invoke(*arguments: object) -> tuple[int, str, str]:
    shown = CliRunner().invoke(sim.cli.build_app(), [str(argument) for argument in arguments])
    return shown.exit_code, shown.stdout, shown.stderr


def test_simulated_cells(tmp_path):
    write_basf2(tmp_path / "a.root", {"TRGECLHits": SIMULATED}, {"EventMetaData.m_event": np.array([7, 8, 9], np.int32)})
    record = read_events(tmp_path / "a.root")
    assert record["event"].tolist() == [7, 8, 9]
    assert record["ecl_offsets"].tolist() == [0, 2, 2, 3]
    assert record["ecl_tc_id"].tolist() == [150, 290, 430]
    assert record["ecl_adc"].tolist() == [95, 400, 1]  # 0.5 and 2.1 GeV over 5.25 MeV
    assert record["ecl_time"].tolist() == [-3, 10, 0]  # ticks of 0.983 ns
    assert record.meta["objects"] == {"ecl": "TRGECLHits"}


def test_unpacked_cells_are_preferred(tmp_path):
    unpacked = {
        "m_hittedTCId": [[5, 5, 3], [0], [576]],
        "m_energy": [[20, 30, 4095], [0], [1]],
        "m_caltime": [[-9, 4, 0], [-9999], [12]],
    }
    write_basf2(tmp_path / "a.root", {"TRGECLHits": SIMULATED, "TRGECLUnpackerStores": unpacked})
    record = read_events(tmp_path / "a.root")
    assert "ecl_time" not in record  # no window numbers: the stored cells are the window, the larger entry of a cell counts
    assert (record["ecl_offsets"].tolist(), record["ecl_tc_id"].tolist()) == ([0, 2, 2, 3], [3, 5, 576])
    assert record["ecl_adc"].tolist() == [4095, 30, 1]
    write_basf2(tmp_path / "b.root", {"TRGECLUnpackerStores": unpacked | {"m_hit_win": [[3, 4, 3], [-1], [3]]}})
    timed = read_events(tmp_path / "b.root")
    assert (timed["ecl_tc_id"].tolist(), timed["ecl_adc"].tolist()) == ([3, 5, 5, 576], [4095, 20, 30, 1])
    assert timed["ecl_time"].tolist() == [0, -9, 4, 12]


def test_wires_and_klm_hits(tmp_path):
    wires = {"m_eWire": [[4096 * 1 + 512 * 2 + 7, 159], [], [4096 * 8 + 512 * 5 + 383]], "m_driftTime": [[5012, 5009], [], [4999]]}
    klm = {
        "m_Subdetector": [[1, 2], [], [2]],
        "m_Section": [[2, 1], [], [2]],
        "m_Sector": [[8, 4], [], [1]],
        "m_Layer": [[15, 1], [], [14]],
    }
    write_basf2(tmp_path / "a.root", {"CDCHits": wires, "KLMDigits": klm})
    record = read_events(tmp_path / "a.root")
    assert record["wire_offsets"].tolist() == record["klm_offsets"].tolist() == [0, 2, 2, 3]
    assert record["wire_id"].tolist() == [159, layers().first_wire[8 + 2] + 7, 14335]  # layer 2 of superlayer 1 is the eleventh
    assert record["wire_time"].tolist() == [2, 0, 7]  # half the bins below 5013, cut off downwards
    assert [record[f"klm_{name}"].tolist() for name in ("section", "sector", "layer")] == [[1, 2, 3], [7, 3, 0], [14, 0, 13]]
    assert "klm_strip" not in record.arrays
    strips = {"m_Plane": [[1, 2], [], [1]], "m_Strip": [[48, 75], [], [1]]}
    write_basf2(tmp_path / "s.root", {"CDCHits": wires, "KLMDigits": klm | strips})
    record = read_events(tmp_path / "s.root")
    assert [record[f"klm_{name}"].tolist() for name in ("section", "plane", "strip")] == [[1, 2, 3], [1, 1, 0], [47, 74, 0]]
    beyond = strips | {"m_Strip": [[49, 75], [], [1]]}
    write_basf2(tmp_path / "s.root", {"CDCHits": wires, "KLMDigits": klm | beyond})
    with pytest.raises(InputError, match="klm_strip, event 0: must be 0..47 in section 1, sector 7, layer 14, plane 1, not 48"):
        read_events(tmp_path / "s.root")
    write_basf2(tmp_path / "c.root", {"CDCHits": {"m_eWire": wires["m_eWire"], "m_tdcCount": wires["m_driftTime"]}})
    assert read_events(tmp_path / "c.root")["wire_time"].tolist() == [2, 0, 7]  # the member's name in other releases
    write_basf2(tmp_path / "b.root", {"CDCHits": wires, "CDCHits4Trg": {name: [[], [], []] for name in wires}})
    assert read_events(tmp_path / "b.root")["wire_offsets"].tolist() == [0, 0, 0, 0]


def test_times_since_injection(tmp_path):
    """Clocks of RF/4: 127,222 are a millisecond. Not valid, and no injection of late: no time. They fill the veto."""
    name = "EventLevelTriggerTimeInfo"
    times = {
        f"{name}.m_isValid": np.array([True, False, True]),
        f"{name}.m_timeSinceLastInjection": np.array([63_611, 63_611, 0x7FFF_FFFF], np.uint32),
    }
    write_basf2(tmp_path / "a.root", {"TRGECLHits": SIMULATED}, times)
    found = read_events(tmp_path / "a.root")["injection_us"]
    np.testing.assert_allclose(found, [500.0, -1, -1], atol=0.01)
    with EventFile(tmp_path / "a.root") as file:
        assert file.read(1, 3)["injection_us"].tolist() == [-1, -1]
    windows = ("--injection", "file", "--injection-windows", "600,10000,2")
    assert invoke("emulate", tmp_path / "a.root", "--out", tmp_path / "out.npz", *windows)[0] == 0
    decided = read_events(tmp_path / "out.npz")
    assert decided["ext_veto"].tolist() == [True, False, False]
    assert decided["injection_us"].tolist() == found.tolist()
    write_basf2(tmp_path / "b.root", {"TRGECLHits": SIMULATED}, {f"{name}.m_isValid": np.array([True] * 3)})
    assert "injection_us" not in read_events(tmp_path / "b.root").arrays


def test_pieces_of_a_file(tmp_path):
    write_basf2(tmp_path / "a.root", {"TRGECLHits": SIMULATED})
    with EventFile(tmp_path / "a.root") as file:
        assert file.read(1, 3)["ecl_tc_id"].tolist() == [430]
        assert list(file.read(0, 2, ["ecl_adc"]).arrays) == ["ecl_offsets", "ecl_adc"]


@pytest.mark.parametrize(
    ("objects", "reason"),
    [
        (
            {"MCParticles": {"m_pdg": [[13], [], []]}},
            "TTree 'tree' has none of the branches that are needed: TRGECLUnpackerStores with",
        ),
        ({"TRGECLHits": {"m_TCId": [[1], [], []]}}, "TTree 'tree' has none of the branches that are needed"),
        ({"TRGECLHits": SIMULATED | {"m_TCId": [[577, 1], [], [1]]}}, "field ecl_tc_id, event 0: must be 1..576, not 577"),
        (
            {"CDCHits": {"m_eWire": [[160], [], []], "m_driftTime": [[5], [], []]}},
            "field wire_id, event 0: must be 0..14335, not -1",
        ),
    ],
)
def test_bad_files_give_one_clear_error(tmp_path, objects, reason):
    write_basf2(tmp_path / "a.root", objects)
    with pytest.raises(InputError, match=reason):
        read_events(tmp_path / "a.root")
    status, _, message = invoke("emulate", tmp_path / "a.root", "--out", tmp_path / "out.npz")
    assert status == 2
    assert message.startswith("error: ")
    assert message.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.root"]


def events(n_events: int) -> tuple[dict[str, Lists], EventRecord]:
    """Random cells and KLM layers, as objects and as our event file."""
    rng = np.random.default_rng(12)
    cells = [sorted(rng.choice(np.arange(1, 577), rng.integers(0, 8), replace=False).tolist()) for _ in range(n_events)]
    adc = [rng.integers(20, 600, len(event)).tolist() for event in cells]
    hits = [[(2 * (s % 4 // 2) + s % 2, s % 4, layer) for s in rng.integers(0, 8, 2).tolist() for layer in range(8)] for _ in cells]
    hits = [sorted(event) for event in hits]
    objects: dict[str, Lists] = {
        "TRGECLUnpackerStores": {"m_hittedTCId": cells, "m_energy": adc},
        "KLMDigits": {
            "m_Subdetector": [[section // 2 + 1 for section, _, _ in event] for event in hits],
            "m_Section": [[section % 2 + 1 for section, _, _ in event] for event in hits],
            "m_Sector": [[sector + 1 for _, sector, _ in event] for event in hits],
            "m_Layer": [[layer + 1 for _, _, layer in event] for event in hits],
        },
    }
    flat = np.array([hit for event in hits for hit in event], np.int8).reshape(-1, 3)
    arrays = {
        "ecl_offsets": np.cumsum([0, *map(len, cells)]),
        "ecl_tc_id": np.concatenate(cells).astype(np.int16),
        "ecl_adc": np.concatenate(adc).astype(np.int16),
        "klm_offsets": np.cumsum([0, *map(len, hits)]),
        **{f"klm_{name}": flat[:, k] for k, name in enumerate(("section", "sector", "layer"))},
    }
    return objects, EventRecord(arrays)


def test_emulate_answers_as_for_our_own_file(tmp_path):
    objects, record = events(400)
    write_basf2(tmp_path / "theirs.root", objects)
    write_events(tmp_path / "ours.npz", record)
    for name in ("theirs.root", "ours.npz"):
        status, shown, _ = invoke("emulate", tmp_path / name, "--out", tmp_path / f"{name}.npz", "--menu", "darktrigger")
        assert status == 0
        assert "left out: tracks (no field cdc_offsets)" in shown
    ours, theirs = (read_events(tmp_path / f"{name}.npz") for name in ("ours.npz", "theirs.root"))
    assert ours["ftdl"].any(axis=0).sum() > 10
    assert set(ours.arrays) == set(theirs.arrays)
    for name in ours.arrays:
        np.testing.assert_array_equal(theirs[name], ours[name], err_msg=name)
    assert theirs.meta["line_names"] == list(Chain(menu="darktrigger").menu.line_names)


def recorded(record: EventRecord) -> tuple[np.ndarray, np.ndarray, Chain]:
    """Input bits and lines as the model has them, with TOP and track bits of our choice, which nothing here computes."""
    chain = Chain()
    names = list(chain.menu.input_names)
    bits = chain.run(record.arrays).input_bits.copy()
    bits[:, names.index("top_0")] = True
    bits[::3, names.index("t2_1")] = True
    return bits, chain.menu.evaluate(bits), chain


def summary(bits: np.ndarray, lines: np.ndarray) -> dict[str, np.ndarray]:
    numbers = {"EventMetaData.m_event": 100, "EventMetaData.m_run": 5, "EventMetaData.m_experiment": 26}
    flat = {name: np.full(len(bits), value, np.int32) for name, value in numbers.items()}
    flat["EventMetaData.m_event"] += np.arange(len(bits), dtype=np.int32)
    recorded_words = {"m_inputBits": words(bits), "m_ftdlBits": words(lines), "m_psnmBits": words(lines)}
    return flat | {f"TRGSummary.{name}": values for name, values in recorded_words.items()}


def rows_of(folder: Path, name: str) -> list[list]:
    """Rows of a table that `compare` wrote."""
    return json.loads((folder / f"compare_{name}.json").read_text())["rows"]


def test_compare_agrees_with_words_of_the_model(tmp_path):
    objects, record = events(300)
    bits, lines, _ = recorded(record)
    write_basf2(tmp_path / "a.root", objects, summary(bits, lines))
    status, shown, _ = invoke("compare", tmp_path / "a.root", "--out", tmp_path / "tables")
    assert status == 0, shown
    rows = {row[1]: row for row in rows_of(tmp_path / "tables", "inputs")}
    assert rows["top_0"][2:6] == ["no: taken from the file", 300, 300, 0]
    assert rows["ehigh"][2] == "yes"
    assert rows["ehigh"][3] == rows["ehigh"][4] > 100
    menu = rows_of(tmp_path / "tables", "menu")
    assert sum(row[5] + row[6] for row in menu) == 0
    assert {row[1] for row in menu if row[3]} >= {"hie", "ff", "klmhit"}


def test_compare_names_every_difference(tmp_path):
    objects, record = events(300)
    bits, lines, chain = recorded(record)
    ehigh, hie, c4 = chain.menu.input_names.index("ehigh"), chain.menu.line_names.index("hie"), chain.menu.line_names.index("c4")
    fired = np.flatnonzero(bits[:, ehigh])
    bits[fired[:7], ehigh] = False
    lines[np.flatnonzero(~lines[:, c4])[:2], c4] = True
    first_c4 = int(np.flatnonzero(~chain.menu.evaluate(bits)[:, c4])[0])
    write_basf2(tmp_path / "a.root", objects, summary(bits, lines))
    status, shown, _ = invoke("compare", tmp_path / "a.root", "--out", tmp_path / "tables")
    assert status == 1
    tables = {name: rows_of(tmp_path / "tables", name) for name in ("inputs", "lines", "menu")}
    inputs = [row for row in tables["inputs"] if row[5] or row[6]]
    assert [row[:3] for row in inputs] == [[ehigh, "ehigh", "yes"]]
    assert inputs[0][4] - inputs[0][3] == inputs[0][6] == 7
    assert inputs[0][7] == "; ".join(f"26/5/{100 + event}" for event in fired[:5])
    assert [row[1] for row in tables["lines"] if row[5] or row[6]] == ["c4"]
    assert next(row for row in tables["lines"] if row[0] == c4)[5:7] == [2, 0]
    wrong = {row[1]: row for row in tables["menu"] if row[5] or row[6]}
    assert wrong["hie"][5] == sum(lines[fired[:7], hie])  # the recorded lines fired, those of the recorded inputs do not
    assert wrong["c4"][7].startswith(f"26/5/{100 + first_c4}")
    assert "ehigh" in shown
    assert (tmp_path / "tables" / "compare_lines.csv").read_text().count("\n") > 175


def test_compare_without_optional_branches(tmp_path):
    objects, record = events(50)
    bits, lines, _ = recorded(record)
    del objects["KLMDigits"]
    write_basf2(tmp_path / "a.root", objects, summary(bits, lines))
    status, _, _ = invoke("compare", tmp_path / "a.root", "--out", tmp_path / "tables")
    assert status == 0
    rows = {row[1]: row[2] for row in rows_of(tmp_path / "tables", "inputs")}
    assert (rows["klm_hit"], rows["ehigh"]) == ("no: taken from the file", "yes")
    lines_compared = {row[1]: row[2] for row in rows_of(tmp_path / "tables", "lines")}
    assert (lines_compared["klmhit"], lines_compared["hie"]) == ("no: reads no bit that was compared", "yes")


def test_compare_needs_recorded_words(tmp_path):
    write_basf2(tmp_path / "a.root", {"TRGECLHits": SIMULATED})
    status, _, message = invoke("compare", tmp_path / "a.root", "--out", tmp_path / "tables")
    assert status == 2
    assert "field rec_input_words is missing: there are no recorded words (TRGSummary) to compare with" in message
    assert not (tmp_path / "tables").exists()


def test_steering_file_writes_what_the_reader_reads():
    from sim.formats.basf2_objects import DERIVED, PER_EVENT, SOURCES
    from sim.formats.basf2_steering import BRANCHES

    derived = {item.object for item in DERIVED.values()}
    assert {source.object for source in SOURCES} | {name for name, _ in PER_EVENT.values()} | derived == set(BRANCHES)
