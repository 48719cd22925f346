"""`darktrigger generate`: the same events however they are made, options that reach the process, bad input, interrupts."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import pyhepmc
import pytest
from typer.testing import CliRunner

import sim.cli
from sim import generation
from sim.blocks import BLOCK_EVENTS, Stage, stream
from sim.detector.cdc import CdcResponse, WireBackground, WirePreset, respond_cdc
from sim.detector.ecl.config import DigitiserMode, EclResponse
from sim.detector.ecl.response import respond
from sim.detector.klm import KlmBackground, KlmPreset, KlmResponse, respond_klm
from sim.files import SUFFIXES, read_events, write_events
from sim.generators import PROCESSES, Bhabha, DarkPhoton, MuonPair, PhotonGun
from sim.generators.bhabha import Accept
from sim.generators.guns import Frame
from sim.offline.reco import reconstruct
from trigger.cdc.mask import CdcMask
from trigger.events import EventRecord

HELP = "generate", "--help"


def invoke(*arguments: object) -> tuple[int, str]:
    shown = CliRunner().invoke(sim.cli.build_app(), [str(argument) for argument in arguments])
    return shown.exit_code, shown.stderr


def write_hepmc(path, n_events: int, pdg: int = 22):
    with pyhepmc.open(str(path), "w") as file:
        for number in range(n_events):
            event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
            vertex = pyhepmc.GenVertex((0, 0, 0, 0))
            vertex.add_particle_in(pyhepmc.GenParticle((0, 0, 1, 1), 11, 4))
            vertex.add_particle_out(pyhepmc.GenParticle((1.5, 0.2, 0.5, 1.6), pdg, 1))
            event.add_vertex(vertex)
            event.weights = [1.0 - 2.0 * (number % 2)]
            file.write(event)
    return path


def same(left: EventRecord, right: EventRecord) -> None:
    assert set(left.arrays) == set(right.arrays)
    for name in left.arrays:
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_file_holds_what_generator_detector_and_reconstruction_give(tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    options = ("--mass", "8", "--background", "nominal", "--background-scale", "3", "--mode", "waveform", "--run", 12)
    assert invoke("generate", "dark-photon", "--events", 200, "--seed", 9, "--out", out, *options) == (0, "")
    record = read_events(out)
    particles = DarkPhoton(mass_gev=8.0).generate(200, stream(9, "dark-photon", Stage.GENERATE, 0))
    truth = particles.to_truth()
    response = EclResponse(mode=DigitiserMode.WAVEFORM, background=generation_background())
    hits = respond(particles, stream(9, "dark-photon", Stage.RESPONSE, 0), response)
    offline = reconstruct(truth | hits, stream(9, "dark-photon", Stage.RECONSTRUCTION, 0))
    for name, array in (truth | hits | offline).items():
        np.testing.assert_array_equal(record[name], array, err_msg=name)
    assert set(record.arrays) == {*truth, *hits, *offline, "experiment", "run", "event", "weight"}
    assert record["event"].tolist() == list(range(200))
    assert set(record["run"].tolist()) == {12}


def generation_background():
    from sim.detector.background import Background, BackgroundPreset

    return Background(preset=BackgroundPreset.NOMINAL, scale=3.0)


def test_wires_beside_the_calorimeter(tmp_path):
    """The wires have a stream of their own: the calorimeter's hits are the same with and without them."""
    common = ("generate", "mu-mu", "--events", 50, "--seed", 3)
    (tmp_path / "dead.toml").write_text("layers = [30]\n")
    options = ("--wires", "--wire-background", "low", "--wire-background-scale", "0.3", "--dead", tmp_path / "dead.toml")
    assert invoke(*common, "--out", tmp_path / "with.npz", *options) == (0, "")
    assert invoke(*common, "--out", tmp_path / "without.npz") == (0, "")
    record, plain = read_events(tmp_path / "with.npz"), read_events(tmp_path / "without.npz")
    chamber = CdcResponse(
        background=WireBackground(preset=WirePreset.LOW, scale=0.3), mask=CdcMask.from_toml(tmp_path / "dead.toml")
    )
    particles = MuonPair().generate(50, stream(3, "mu-mu", Stage.GENERATE, 0))
    wires = respond_cdc(particles, stream(3, "mu-mu", Stage.DRIFT_CHAMBER, 0), chamber)
    assert set(record.arrays) == set(plain.arrays) | set(wires)
    for name, array in (plain.arrays | wires).items():
        np.testing.assert_array_equal(record[name], array, err_msg=name)
    assert record.meta["labels"]["drift_chamber"]["cdc_background"].startswith("GUESS")
    assert set(record.meta["digests"]) - set(plain.meta["digests"]) == {"drift_chamber"}


def test_klm_beside_the_calorimeter(tmp_path):
    """The KLM has a stream of its own, too."""
    common = ("generate", "mu-mu", "--events", 50, "--seed", 3)
    options = ("--klm", "--klm-background", "low", "--klm-background-scale", "2")
    assert invoke(*common, "--out", tmp_path / "with.npz", *options) == (0, "")
    assert invoke(*common, "--out", tmp_path / "without.npz") == (0, "")
    record, plain = read_events(tmp_path / "with.npz"), read_events(tmp_path / "without.npz")
    response = KlmResponse(background=KlmBackground(preset=KlmPreset.LOW, scale=2.0))
    particles = MuonPair().generate(50, stream(3, "mu-mu", Stage.GENERATE, 0))
    hits = respond_klm(particles, stream(3, "mu-mu", Stage.KLM, 0), response, plain["true_particle_ecl_e"])
    assert set(record.arrays) == set(plain.arrays) | set(hits)
    for name, array in (plain.arrays | hits).items():
        np.testing.assert_array_equal(record[name], array, err_msg=name)
    assert record.meta["labels"]["klm"]["klm_background"].startswith("GUESS")
    assert set(record.meta["digests"]) - set(plain.meta["digests"]) == {"klm"}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--klm-background", "low"), "need --klm"),
        (("--klm", "--klm-background", "huge"), "--klm-background must be one of none, low, nominal, high, not 'huge'"),
        (("--klm", "--klm-background-scale", "-1"), "scale must be within 0..100"),
    ],
)
def test_bad_options_of_the_klm(tmp_path, options, reason):
    status, errors = invoke("generate", "mu-mu", "--events", 5, "--out", tmp_path / "out.npz", *options)
    assert status == 2
    assert reason in errors
    assert list(tmp_path.iterdir()) == []


def test_own_hits_of_wires(tmp_path):
    hits = {"wire_offsets": np.array([0, 1]), "wire_id": np.array([77], np.int16), "wire_time": np.array([400], np.int16)}
    write_events(tmp_path / "random.npz", EventRecord(hits))
    options = ("--wires", "--wire-hits", tmp_path / "random.npz")
    assert invoke("generate", "photon-gun", "--events", 20, "--out", tmp_path / "out.npz", *options) == (0, "")
    record = read_events(tmp_path / "out.npz")
    assert record["wire_id"].tolist() == 20 * [77]
    assert "wire_hits" in record.meta["digests"]


def test_metadata_say_how_the_events_were_made(tmp_path):
    out = tmp_path / "out.npz"
    assert invoke("generate", "bhabha", "--isr", "--events", 10, "--out", out, "--background", "low") == (0, "")
    meta = read_events(out).meta
    assert meta["made_by"] == "generate"
    assert meta["seed"] == 1
    assert {"source", "response", "fields"} == set(meta["digests"])
    labels = meta["labels"]
    assert labels["sample"] == "bhabha"
    assert labels["options"]["isr"] is True
    assert labels["options"]["theta_min_deg"] == 10.0
    assert labels["response"]["background"].startswith("GUESS")
    assert labels["reference_cross_section"]["nb"] == 300.0
    assert labels["cross_section"]["nb"] == pytest.approx(298, abs=1)
    assert meta["versions"]["darktrigger"]


def test_workers_and_block_ranges_do_not_change_the_events(tmp_path):
    n_events = 2 * BLOCK_EVENTS + 100
    common = ("generate", "photon-gun", "--events", n_events, "--seed", 3, "--no-offline")
    for name, options in (("one", ("--workers", 1)), ("two", ("--workers", 2))):
        assert invoke(*common, "--out", tmp_path / f"{name}.npz", *options) == (0, "")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    for blocks in ("0:1", "1:3"):
        assert invoke(*common, "--out", tmp_path / f"{blocks[0]}.npz", "--event-blocks", blocks) == (0, "")
    whole = read_events(tmp_path / "one.npz")
    assert whole.n_events == n_events
    same(EventRecord.concatenate([read_events(tmp_path / f"{first}.npz") for first in (0, 1)]), whole)
    assert len(np.unique(whole["true_photon_estar"])) == n_events, "no event may come twice"


def test_seed_changes_the_events(tmp_path):
    for seed in (1, 2):
        assert invoke("generate", "photon-gun", "--events", 50, "--seed", seed, "--out", tmp_path / f"{seed}.npz") == (0, "")
    one, two = (read_events(tmp_path / f"{seed}.npz")["true_photon_estar"] for seed in (1, 2))
    assert not np.intersect1d(one, two).size


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_every_process_runs(tmp_path, process):
    out = tmp_path / "out.npz"
    assert invoke("generate", process.name, "--events", 20, "--out", out) == (0, "")
    record = read_events(out)
    assert record.n_events == 20
    assert record.meta["labels"]["left_out"] == process.left_out


def test_help_names_every_process():
    from sim.cli.generate import _PROCESSES

    named = re.split(r", | or |; ", _PROCESSES)
    assert [process.name for process in PROCESSES if process.name not in named] == []


def test_process_options_reach_the_process():
    from sim.cli._process_options import build_generator, find_process

    gun = build_generator(find_process("photon-gun"), {"e-star": "1:2", "theta": "30:60", "frame": "cm", "mass": None})
    assert gun == PhotonGun(e_star_gev=(1.0, 2.0), theta_deg=(30.0, 60.0), frame=Frame.CM)
    bhabha = build_generator(find_process("bhabha"), {"isr": True, "accept": "either", "theta-min": 17.0})
    assert bhabha == Bhabha(isr=True, accept=Accept.EITHER, theta_min_deg=17.0)


def test_events_of_a_file_go_the_same_way(tmp_path):
    path = write_hepmc(tmp_path / "events.hepmc3", 30)
    assert invoke("generate", "--from-file", path, "--out", tmp_path / "all.npz") == (0, "")
    record = read_events(tmp_path / "all.npz")
    assert record.n_events == 30
    assert record["weight"].tolist() == [1.0, -1.0] * 15
    np.testing.assert_allclose(record["true_particle_px"], 1.5)
    assert np.diff(record["ecl_offsets"]).min() > 0
    assert record.meta["labels"]["file"] == "events.hepmc3"
    assert not record["true_particle_vz"].any()
    options = ("--events", 10, "--frame", "cm", "--smear-vertex")
    assert invoke("generate", "--from-file", path, "--out", tmp_path / "some.npz", *options) == (0, "")
    boosted = read_events(tmp_path / "some.npz")
    assert boosted.n_events == 10
    assert (boosted["true_particle_pz"] > 0.7).all()
    assert len(np.unique(boosted["true_particle_vz"])) == 10


def test_blocks_of_a_file_by_range(tmp_path, monkeypatch):
    """With blocks of four events, a file of ten has three; any of them can be made alone."""
    for module in ("sim.blocks", "sim.generation"):
        monkeypatch.setattr(f"{module}.BLOCK_EVENTS", 4)
    iterate = generation.readers.iterate
    monkeypatch.setattr(generation.readers, "iterate", lambda *options: iterate(*options, block_events=4))
    path = write_hepmc(tmp_path / "events.hepmc3", 10)
    for blocks in ("0:3", "0:1", "1:3"):
        out = tmp_path / f"{blocks[0]}{blocks[2]}.npz"
        assert invoke("generate", "--from-file", path, "--out", out, "--event-blocks", blocks) == (0, "")
    whole = read_events(tmp_path / "03.npz")
    assert whole["event"].tolist() == list(range(10))
    same(EventRecord.concatenate([read_events(tmp_path / f"{name}.npz") for name in ("01", "13")]), whole)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("mu-mu-gama", "--events", 5), "PROCESS must be one of photon-gun"),
        (("--events", 5), "PROCESS is missing"),
        (("bhabha",), "--events is missing"),
        (("bhabha", "--events", 5, "--mass", 1.0), "--mass: bhabha has no such option; it has --accept"),
        (("dark-photon", "--events", 5, "--mass", 11.0), "dark-photon: mass_gev must be"),
        (("photon-gun", "--events", 5, "--e-star", "1"), "--e-star must be a range a:b, not '1'"),
        (("photon-gun", "--events", 5, "--e-star", "2:1"), "photon-gun: e_star_gev must be a range"),
        (("photon-gun", "--events", 5, "--frame", "cms"), "--frame must be one of lab, cm, not 'cms'"),
        (("bhabha", "--events", 5, "--mode", "slow"), "--mode must be one of fast, waveform"),
        (("bhabha", "--events", 5, "--background", "huge"), "--background must be one of none, low, nominal, high"),
        (("bhabha", "--events", 5, "--background-scale", -1), "Background.scale must be"),
        (("bhabha", "--events", 5, "--gain", 3), "EclResponse.gain must be"),
        (("bhabha", "--events", 5, "--background-hits", "none.npz"), "none.npz: no such file"),
        (("bhabha", "--events", 5, "--wire-background", "low"), "--dead need --wires"),
        (("bhabha", "--events", 5, "--wires", "--wire-background", "huge"), "--wire-background must be one of none, low"),
        (("bhabha", "--events", 5, "--wires", "--wire-background-scale", -1), "WireBackground.scale must be"),
        (("bhabha", "--events", 5, "--wires", "--wire-hits", "none.npz"), "none.npz: no such file"),
        (("bhabha", "--events", 5, "--wires", "--dead", "none.toml"), "none.toml: not a readable TOML file"),
        (("bhabha", "--events", 5, "--wire-t0", 4900), "--wire-t0 is for --wire-hits"),
        (("bhabha", "--events", 5, "--smear-vertex"), "--smear-vertex is for --from-file"),
        (("bhabha", "--events", 5, "--event-blocks", "0:2"), "--event-blocks must be a:b"),
        (("bhabha", "--events", 5, "--from-file", "in.hepmc"), "exclude each other"),
        (("--from-file", "in.hepmc", "--mass", 1), "--mass is an option of a process"),
        (("--from-file", "in.hepmc", "--events", 9), "in.hepmc holds 3 events, not 9"),
        (("--from-file", "cut.hepmc"), "cut.hepmc: is cut in or after event 2"),
        (("--from-file", "pions.hepmc"), "event 0: 111 must be decayed"),
        (("--from-file", "missing.lhe"), "missing.lhe: no such file"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(tmp_path, monkeypatch, arguments, reason):
    monkeypatch.chdir(tmp_path)
    whole = write_hepmc(tmp_path / "in.hepmc", 3).read_bytes()
    (tmp_path / "cut.hepmc").write_bytes(whole[: len(whole) * 9 // 10])
    write_hepmc(tmp_path / "pions.hepmc", 2, pdg=111)
    before = sorted(tmp_path.iterdir())
    status, message = invoke("generate", *arguments, "--out", "out.npz")
    assert (status, message[:7]) == (2, "error: ")
    assert reason in message
    assert sorted(tmp_path.iterdir()) == before


def test_output_that_cannot_be_written_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(generation, "make_block", None)
    (tmp_path / "there.npz").write_bytes(b"precious")
    for out, reason in (("no/folder.npz", "output folder"), ("there.npz", "exists"), ("out.csv", "name must end in")):
        status, message = invoke("generate", "photon-gun", "--events", 5, "--out", tmp_path / out)
        assert status == 2
        assert reason in message
    assert (tmp_path / "there.npz").read_bytes() == b"precious"


def test_example_of_the_help_runs(tmp_path, monkeypatch):
    shown = CliRunner().invoke(sim.cli.build_app(), HELP)
    example = " ".join(shown.output.split()).partition("Example: darktrigger ")[2]
    monkeypatch.chdir(tmp_path)
    assert invoke(*shlex.split(example)) == (0, "")
    assert read_events("events.npz").n_events == 1000


def test_interrupt_in_mid_run_and_resume(tmp_path):
    """A real process gets a real SIGINT, as its whole group does at a terminal; the next run keeps the finished blocks."""
    n_blocks = 5
    common = ["generate", "photon-gun", "--events", str(n_blocks * BLOCK_EVENTS), "--no-offline"]
    out, folder = tmp_path / "out.npz", tmp_path / ".out.npz.parts"
    command = [sys.executable, "-c", "from sim.cli import main; main()", *common, "--out", str(out), "--workers", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    while process.poll() is None and not list(folder.glob("block-*.npz")):
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGINT)
    _, message = process.communicate(timeout=120)
    assert process.returncode == 130
    assert message.startswith("interrupted; ")
    assert "Traceback" not in message
    assert not out.exists()

    kept = len(list(folder.glob("block-*.npz")))
    assert 0 < kept < n_blocks
    made = []
    with pytest.MonkeyPatch.context() as patch:
        make_block = generation.make_block
        patch.setattr(generation, "make_block", lambda task: made.append(task.block) or make_block(task))
        assert invoke(*common, "--out", out, "--workers", 1) == (0, "")
    assert len(made) == n_blocks - kept
    assert not folder.exists()
    assert invoke(*common, "--out", tmp_path / "straight.npz", "--workers", 1) == (0, "")
    assert out.read_bytes() == (tmp_path / "straight.npz").read_bytes()
