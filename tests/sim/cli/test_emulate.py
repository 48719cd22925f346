"""`darktrigger emulate`: the decisions of the model, joined to the events, whatever the format; bad input; interrupts."""

import os
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
from sim.blocks import BLOCK_EVENTS
from sim.detector.cdc import CdcResponse, respond_cdc
from sim.files import SUFFIXES, read_events, write_events
from sim.generators.guns import ParticleGun
from trigger.cdc import ClassicExperts, ClassicMlp, HoughFinder, NeuroInputs, SegmentFinder, SingleTrackTrigger
from trigger.cdc.neuro.activation import tanh_half_table
from trigger.ecl import EclCalibration, EclParameters, EclTrigger
from trigger.ecl.layout import DECISION_FIELDS
from trigger.events import EventRecord, with_event_numbers
from trigger.networks import DEFAULT_NETWORK, FrozenNetwork, load_network, save_network

ECL = ("--blocks", "ecl")


def sample(n_events: int, timed: bool = False) -> EventRecord:
    """Random hits, up to 11 cells per event."""
    rng = np.random.default_rng(4)
    counts = rng.integers(0, 12, n_events)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    step = np.repeat(rng.integers(1, 40, n_events), counts)
    cells = 1 + step * (np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts))
    arrays = {
        "ecl_offsets": offsets,
        "ecl_tc_id": cells.astype(np.int16),
        "ecl_adc": rng.integers(1, 600, len(cells)).astype(np.int16),
        "true_photon_estar": rng.random(n_events),
    }
    if timed:
        arrays["ecl_time"] = rng.integers(-400, 400, len(cells)).astype(np.int16)
        arrays["ecl_phase"] = rng.integers(-127, 1, n_events).astype(np.int16)
    return EventRecord(with_event_numbers(arrays, experiment=26, run=9, first_event=1000), {"seed": 4})


def invoke(*arguments: object) -> tuple[int, str]:
    shown = CliRunner().invoke(sim.cli.build_app(), [str(argument) for argument in arguments])
    return shown.exit_code, shown.stderr


def expected(record: EventRecord, trigger: EclTrigger | None = None) -> dict[str, np.ndarray]:
    run = (trigger or EclTrigger()).run
    time = record.arrays.get("ecl_time")
    return run(record["ecl_offsets"], record["ecl_tc_id"], record["ecl_adc"], time, record.arrays.get("ecl_phase")).arrays()


@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_decisions_of_the_model_with_the_events_numbers(tmp_path, suffix, timed):
    record = sample(2000, timed)
    write_events(tmp_path / f"in{suffix}", record)
    assert invoke("emulate", tmp_path / f"in{suffix}", "--out", tmp_path / f"out{suffix}", *ECL) == (0, "")
    result = read_events(tmp_path / f"out{suffix}")
    for name, array in expected(record).items():
        np.testing.assert_array_equal(result[name], array, err_msg=name)
    numbers = {"experiment", "run", "event", "weight"} | ({"ecl_phase"} if timed else set())
    assert set(result.arrays) == {field.name for field in DECISION_FIELDS} | numbers
    for name in numbers:
        np.testing.assert_array_equal(result[name], record[name])
    assert result.meta["made_by"] == "emulate"
    assert result.meta["seed"] == 4
    assert result.meta["source"] == {"seed": 4}


def test_input_can_go_along(tmp_path):
    record = sample(50)
    write_events(tmp_path / "in.npz", record)
    assert invoke("emulate", tmp_path / "in.npz", "--out", tmp_path / "out.npz", "--with-input", *ECL) == (0, "")
    result = read_events(tmp_path / "out.npz")
    for name, array in (record.arrays | expected(record)).items():
        np.testing.assert_array_equal(result[name], array, err_msg=name)


def test_parameters_and_calibration_of_the_user_change_the_answer(tmp_path):
    record = sample(3000)
    write_events(tmp_path / "in.npz", record)
    (tmp_path / "my.toml").write_text("lowe = 0.9\n")
    (tmp_path / "cells.toml").write_text("dead = [1, 2, 3]\n")
    settings = ("--parameters", tmp_path / "my.toml", "--calibration", tmp_path / "cells.toml")
    assert invoke("emulate", tmp_path / "in.npz", "--out", tmp_path / "out.npz", *settings) == (0, "")
    result = read_events(tmp_path / "out.npz")
    changed = EclTrigger(EclParameters.from_toml(tmp_path / "my.toml"), EclCalibration.from_toml(tmp_path / "cells.toml"))
    for name, array in expected(record, changed).items():
        np.testing.assert_array_equal(result[name], array, err_msg=name)
    assert not np.array_equal(result["ecl_elow"], expected(record)["ecl_elow"])
    assert not np.array_equal(result["ecl_etotal_adc"], expected(record)["ecl_etotal_adc"])


def test_parts_of_the_file_join_to_the_whole(tmp_path):
    record = sample(2 * BLOCK_EVENTS + 100)
    write_events(tmp_path / "in.npz", record)
    for blocks in ("0:1", "1:3", "0:3"):
        out = tmp_path / f"out{blocks.replace(':', '-')}.npz"
        assert invoke("emulate", tmp_path / "in.npz", "--out", out, "--event-blocks", blocks, *ECL) == (0, "")
    parts = EventRecord.concatenate([read_events(tmp_path / f"out{name}.npz") for name in ("0-1", "1-3")])
    whole = read_events(tmp_path / "out0-3.npz")
    assert whole.n_events == record.n_events
    for name in whole.arrays:
        np.testing.assert_array_equal(parts[name], whole[name])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ecl_tc_id": [0, 5, 6]}, "in.npz: field ecl_tc_id, event 0: must be 1..576, not 0"),
        ({"ecl_tc_id": [4, 5, 577]}, "in.npz: field ecl_tc_id, event 1: must be 1..576, not 577"),
        ({"ecl_adc": [4, 5, 4096]}, "in.npz: field ecl_adc, event 1: must be 1..4095, not 4096"),
        ({"ecl_offsets": [0, 2, 1, 3]}, "in.npz: field ecl_offsets, event 1: must not decrease"),
        ({"ecl_adc": [1.0, np.nan, 2.0]}, "in.npz: field ecl_adc: must hold integers, not float64"),
        ({"weight": [1.0, np.nan, 1.0]}, "in.npz: field weight, event 1: must be finite, not nan"),
        ({"ecl_adc": None}, "in.npz: field ecl_adc is missing"),
    ],
)
def test_bad_events_are_refused_and_nothing_is_written(tmp_path, change, reason):
    arrays = {"event": [1, 2, 3], "weight": [1.0] * 3, "ecl_offsets": [0, 1, 3, 3], "ecl_tc_id": [4, 5, 6], "ecl_adc": [1, 2, 3]}
    good = {name: np.array(values) for name, values in (arrays | change).items() if values is not None}
    np.savez(tmp_path / "in.npz", **good)
    status, message = invoke("emulate", tmp_path / "in.npz", "--out", tmp_path / "out.npz", *ECL)
    assert status == 2
    assert message.startswith(f"error: {tmp_path}/{reason}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.npz"]


def test_bad_files_settings_and_folders_are_refused(tmp_path):
    write_events(tmp_path / "in.npz", sample(5))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "in.npz").read_bytes()[:1500])
    (tmp_path / "my.toml").write_text("lowee = 1.0\n")
    (tmp_path / "cells.toml").write_text("dead = [577]\n")
    good, out = tmp_path / "in.npz", tmp_path / "out.npz"
    before = sorted(tmp_path.iterdir())
    for arguments, reason in (
        ((tmp_path / "cut.npz", "--out", out), "cut.npz: not a complete .npz file"),
        ((tmp_path / "none.npz", "--out", out), "none.npz: no such file"),
        ((good, "--out", out, "--parameters", tmp_path / "my.toml"), "lowee"),
        ((good, "--out", out, "--calibration", tmp_path / "cells.toml"), "577"),
        ((good, "--out", good / "out.npz"), "output folder"),
        ((good, "--out", good), "exists"),
        ((good, "--out", tmp_path / "out.csv"), "name must end in"),
        ((good, "--out", out, "--blocks", "ecl,klm"), "field klm_offsets is missing; the block klm needs klm_offsets"),
        ((good, "--out", out, "--blocks", "ecl,displaced"), "field cdc_offsets is missing; the block displaced needs"),
        (
            (good, "--out", out, "--blocks", "ecl,top"),
            "--blocks: 'top' is not a block; known are ecl, tracks, klm, grl, menu, displaced, chain",
        ),
        ((good, "--out", out, "--menu", "exp17"), "no shipped menu 'exp17'"),
        ((good, "--out", out, "--period", "e19"), "menu exp16 has no period 'e19'"),
        ((good, "--out", out, "--prescale", "none"), "--prescale must be random or counters, not 'none'"),
        ((good, "--out", out, "--event-blocks", "0:2"), "--event-blocks must be a:b with 0 <= a < b <= 1"),
    ):
        status, message = invoke("emulate", *arguments)
        assert status == 2, arguments
        assert message.startswith("error: ")
        assert reason in message
        assert sorted(tmp_path.iterdir()) == before


def tracks_sample(n_events: int) -> EventRecord:
    """Muons from the interaction point: wires, and some cells."""
    rng = np.random.default_rng(7)
    particles = ParticleGun(range_gev=(0.5, 3.0), theta_deg=(40.0, 120.0)).generate(n_events, rng)
    wires = respond_cdc(particles, rng, CdcResponse())
    return EventRecord(sample(n_events).arrays | wires, {"seed": 7})


def by_hand(record: EventRecord, network: FrozenNetwork) -> dict[str, np.ndarray]:
    """Fields of the track trigger, from its parts called one by one."""
    found = SegmentFinder().run(record["wire_offsets"], record["wire_id"], record["wire_time"]).arrays()
    tracks = HoughFinder().run(found["cdc_offsets"], found["cdc_ts_id"], found["cdc_priority"])
    seen = NeuroInputs().run(tracks, *found.values())
    answers = network.network.answer(seen.x_raw, seen.track_expert)
    single = SingleTrackTrigger().run(tracks.track_offsets, tracks.track_omega_raw, seen.track_expert, answers[:, 0], answers[:, 1])
    segments = tracks.track_ts.copy()
    segments[:, 1::2] = seen.track_ts[:, 1::2]
    names = ("track_offsets", "track_phi_raw", "track_omega_raw", "track_clock")
    fields = {name: getattr(tracks, name) for name in names} | {"track_ts": segments, "track_expert": seen.track_expert}
    fields |= {"track_z_raw": answers[:, 0], "track_theta_raw": answers[:, 1]} | vars(single)
    return found | fields | ({"track_class_raw": answers[:, 2]} if answers.shape[1] == 3 else {})


def test_tracks_from_wires_and_from_segments(tmp_path):
    record, network = tracks_sample(300), load_network(DEFAULT_NETWORK)
    write_events(tmp_path / "in.npz", record)
    (tmp_path / "dead.toml").write_text('superlayers = ["0-8"]\n')
    assert invoke("emulate", tmp_path / "in.npz", "--out", tmp_path / "both.npz", "--blocks", "tracks,ecl") == (0, "")
    both, tracks = read_events(tmp_path / "both.npz"), by_hand(record, network)
    assert set(both.arrays) == {"experiment", "run", "event", "weight", "grl_t3"} | set(tracks) | set(expected(record))
    for name, array in (tracks | expected(record)).items():
        np.testing.assert_array_equal(both[name], array, err_msg=name)
    counts = np.diff(both["track_offsets"])
    assert (counts >= 1).mean() > 0.98
    assert (both["track_expert"] >= 0).mean() > 0.9
    assert both["grl_typ"].mean() > 0.5, "muons from the interaction point, most above the momentum cut"
    np.testing.assert_array_equal(both["grl_t2"][:, 0], counts == 1)
    assert both.meta["labels"]["blocks"] == ["ecl", "tracks"]
    assert both.meta["digests"]["network"] == network.digest

    assert invoke("emulate", tmp_path / "both.npz", "--out", tmp_path / "again.npz", "--blocks", "tracks") == (0, "")
    again = read_events(tmp_path / "again.npz")
    assert "cdc_ts_id" not in again
    for name in again.arrays:
        np.testing.assert_array_equal(again[name], both[name], err_msg=name)
    dead = ("--blocks", "tracks", "--dead", tmp_path / "dead.toml")
    assert invoke("emulate", tmp_path / "in.npz", "--out", tmp_path / "dead.npz", *dead) == (0, "")
    assert read_events(tmp_path / "dead.npz")["track_offsets"][-1] == 0


def test_network_of_the_user(tmp_path):
    """Five constant experts of a file: their z and theta are in the answer, their digest in its stamp."""
    networks = [
        ClassicMlp([np.zeros((1, 27), int), np.zeros((2, 1), int)], [np.zeros(1, int), np.array([40 * e, -40 * e])])
        for e in range(1, 6)
    ]
    mine = FrozenNetwork(network=ClassicExperts(networks))
    record = tracks_sample(100)
    write_events(tmp_path / "in.npz", record)
    save_network(tmp_path / "mine.npz", mine)
    settings = ("--blocks", "tracks", "--network", tmp_path / "mine.npz")
    assert invoke("emulate", tmp_path / "in.npz", "--out", tmp_path / "out.npz", *settings) == (0, "")
    result = read_events(tmp_path / "out.npz")
    assert result.meta["digests"]["network"] == mine.digest
    assert "track_class_raw" not in result
    for name, array in by_hand(record, mine).items():
        np.testing.assert_array_equal(result[name], array, err_msg=name)
    first = tanh_half_table()[40]
    assert (result["track_z_raw"][result["track_expert"] == 0] == first).all()
    assert (result["track_theta_raw"] == -result["track_z_raw"]).all()


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ("best", "no shipped network 'best'; there are c"),
        ("none.npz", "none.npz: not a readable network: No such file"),
        ("in.npz", "in.npz: not a frozen network"),
    ],
)
def test_bad_networks_are_refused(tmp_path, monkeypatch, network, reason):
    monkeypatch.chdir(tmp_path)
    write_events(tmp_path / "in.npz", tracks_sample(3))
    status, message = invoke("emulate", "in.npz", "--out", "out.npz", "--blocks", "tracks", "--network", network)
    assert status == 2
    assert message.startswith(f"error: {reason}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.npz"]


def test_help_names_the_default_network():
    shown = CliRunner().invoke(sim.cli.build_app(), ["emulate", "--help"])
    assert f"{DEFAULT_NETWORK} (default)" in " ".join(shown.output.replace("│", " ").split())


def test_tracks_need_wires_or_segments(tmp_path):
    write_events(tmp_path / "in.npz", sample(5))
    status, message = invoke("emulate", tmp_path / "in.npz", "--out", tmp_path / "out.npz", "--blocks", "tracks")
    assert status == 2
    assert "field cdc_offsets is missing; the block tracks needs cdc_offsets, cdc_ts_id, cdc_priority, cdc_lr, cdc_time" in message


def test_tracks_need_sides_and_times(tmp_path):
    zero = np.zeros(3, np.int8)
    np.savez(tmp_path / "in.npz", cdc_offsets=[0, 3], cdc_ts_id=[1, 2, 3], cdc_priority=zero + 3, cdc_lr=zero)
    status, message = invoke("emulate", tmp_path / "in.npz", "--out", tmp_path / "out.npz", "--blocks", "tracks")
    assert status == 2
    assert "field cdc_time is missing; the block tracks needs" in message


def test_example_of_the_help_runs(tmp_path, monkeypatch):
    shown = CliRunner().invoke(sim.cli.build_app(), ["emulate", "--help"])
    example = " ".join(shown.output.split()).partition("Example: darktrigger ")[2]
    write_events(tmp_path / "events.npz", sample(5))
    monkeypatch.chdir(tmp_path)
    assert invoke(*shlex.split(example)) == (0, "")
    assert read_events("decisions.npz").n_events == 5


def test_interrupt_in_mid_run_and_resume(tmp_path):
    """A real process gets a real SIGINT; the second run does not repeat the blocks of the first and gives equal bytes."""
    record, out, straight = sample(12 * BLOCK_EVENTS), tmp_path / "out.npz", tmp_path / "straight.npz"
    write_events(tmp_path / "in.npz", record)
    folder = tmp_path / ".out.npz.parts"
    command = [sys.executable, "-c", "from sim.cli import main; main()", "emulate", str(tmp_path / "in.npz"), *ECL, "--out"]
    process = subprocess.Popen([*command, str(out)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while process.poll() is None and not list(folder.glob("block-*.npz")):
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 130
    assert message.startswith("interrupted; ")
    assert "run the same command again to resume" in message
    assert "Traceback" not in message
    assert not out.exists()

    kept = {path.name: os.stat(path).st_mtime_ns for path in folder.glob("block-*.npz")}
    assert 0 < len(kept) < 12
    with pytest.MonkeyPatch.context() as patch:
        made = []
        patch.setattr("sim.emulation._emulate_block", spy(made))
        assert invoke("emulate", tmp_path / "in.npz", "--out", out, *ECL) == (0, "")
    assert len(made) == 12 - len(kept)
    assert not folder.exists()
    assert invoke("emulate", tmp_path / "in.npz", "--out", straight, *ECL) == (0, "")
    assert out.read_bytes() == straight.read_bytes()


def spy(made: list[int]):
    """The work on a block, which notes its number."""
    from sim.emulation import _emulate_block

    def noted(work, block, *rest):
        made.append(block)
        return _emulate_block(work, block, *rest)

    return noted
