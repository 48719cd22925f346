"""`darktrigger emulate` with the KLM in straight-line mode, and with the injection veto from times or from a rate."""

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
from sim.files import read_events, write_events
from sim.injection import Injection
from trigger.events import EventRecord
from trigger.klm_line import KlmLineTrigger
from trigger.menu import load_menu
from trigger.menu.injection import REVOLUTION_US, InjectionVeto

STRIPS = ("klm_offsets", "klm_section", "klm_sector", "klm_layer", "klm_plane", "klm_strip")


def invoke(*arguments: object) -> tuple[int, str]:
    shown = CliRunner().invoke(sim.cli.build_app(), [str(argument) for argument in arguments])
    return shown.exit_code, shown.stdout + shown.stderr


def muons(n_events: int, **more: np.ndarray) -> EventRecord:
    """The same muon of ten layers in every event."""
    one = np.array([(1, 3, layer, plane, (1, 20)[plane]) for layer in range(6, 12) for plane in (0, 1)], np.int8)
    hits = np.tile(one, (n_events, 1))
    fields = {"klm_offsets": np.arange(n_events + 1) * len(one), **dict(zip(STRIPS[1:], hits.T, strict=True))}
    return EventRecord(fields | more)


def test_straight_lines_from_the_generator_to_the_lines_of_the_menu(tmp_path):
    events, out = tmp_path / "mu.npz", tmp_path / "out.npz"
    assert invoke("generate", "mu-mu", "--events", 60, "--out", events, "--klm", "--klm-strips")[0] == 0
    assert invoke("emulate", events, "--out", out, "--klm-mode", "lines")[0] == 0
    given, decided = read_events(events), read_events(out)
    assert given.meta["labels"]["klm"]["klm_strips"] is True
    expected = KlmLineTrigger().run(*(given[name] for name in STRIPS))
    for name, array in expected.arrays().items():
        np.testing.assert_array_equal(decided[name], array, err_msg=name)
    assert expected.klm_b2b.any()
    column = decided.meta["line_names"].index("mu_b2b")
    np.testing.assert_array_equal(decided["ftdl"][:, column], expected.klm_b2b.astype(bool))
    assert invoke("emulate", events, "--out", tmp_path / "layers.npz")[0] == 0
    layers = read_events(tmp_path / "layers.npz")
    assert layers.meta["digests"]["klm"] != decided.meta["digests"]["klm"]
    assert (layers["klm_fired"] != decided["klm_fired"]).any()


def test_straight_lines_need_strips(tmp_path):
    events = tmp_path / "in.npz"
    write_events(events, EventRecord({name: array for name, array in muons(3).arrays.items() if name != "klm_strip"}))
    status, shown = invoke("emulate", events, "--out", tmp_path / "out.npz", "--blocks", "klm", "--klm-mode", "lines")
    assert status == 2
    assert "field klm_strip is missing; the block klm needs klm_offsets, klm_section" in shown
    status, shown = invoke("emulate", events, "--out", tmp_path / "out.npz", "--klm-mode", "fits")
    assert status == 2
    assert "--klm-mode must be layers or lines, not 'fits'" in shown
    assert [path.name for path in tmp_path.iterdir()] == ["in.npz"]


def test_veto_from_the_times_of_the_file(tmp_path):
    """By hand: before any injection, in the full window, at two passages of the bunch and beside one, when all is over."""
    times = np.array([-5.0, 0.0, 499.0, 60 * REVOLUTION_US, 60 * REVOLUTION_US + 3, 70 * REVOLUTION_US + 0.9, 10_100.0])
    closed = [False, True, True, True, False, True, False]
    write_events(tmp_path / "in.npz", muons(len(times), injection_us=times))
    assert invoke("emulate", tmp_path / "in.npz", "--out", tmp_path / "out.npz", "--injection", "file")[0] == 0
    decided = read_events(tmp_path / "out.npz")
    np.testing.assert_array_equal(decided["ext_veto"], closed)
    np.testing.assert_array_equal(decided["injection_us"], times)
    column = decided.meta["line_names"].index("klmhit")
    np.testing.assert_array_equal(decided["ftdl"][:, column], np.logical_not(closed))
    assert decided.meta["labels"]["injection"]["note"].startswith("GUESS")
    assert "veto" not in decided.meta["labels"]["not_supplied"]
    wide = ("--injection-windows", "11000,11000,0")
    assert invoke("emulate", tmp_path / "in.npz", "--out", tmp_path / "wide.npz", "--injection", "file", *wide)[0] == 0
    assert read_events(tmp_path / "wide.npz")["ext_veto"].tolist() == [False] + 6 * [True]


def test_veto_at_a_rate_of_injections(tmp_path):
    """As many events are vetoed as the windows are open; the same seed gives the same times."""
    n_events, rate_hz = 20_000, 50.0
    write_events(tmp_path / "in.npz", muons(n_events))
    outputs = []
    for name in ("a", "b"):
        assert invoke("emulate", tmp_path / "in.npz", "--out", tmp_path / f"{name}.npz", "--injection", rate_hz)[0] == 0
        outputs.append(read_events(tmp_path / f"{name}.npz"))
    np.testing.assert_array_equal(outputs[0]["injection_us"], outputs[1]["injection_us"])
    fraction = InjectionVeto().dead_fraction(rate_hz)
    assert outputs[0].meta["labels"]["injection"]["dead_fraction"] == fraction
    assert abs(outputs[0]["ext_veto"].mean() - fraction) < 4 * np.sqrt(fraction / n_events)
    assert outputs[0]["injection_us"].max() < 1e6 / rate_hz
    lines = outputs[0]["ftdl"][:, load_menu("exp16").line_names.index("klmhit")]
    np.testing.assert_array_equal(lines, ~outputs[0]["ext_veto"])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--injection", "often"), "--injection must be `file` or injections per second, not 'often'"),
        (("--injection", "0"), "--injection 0: injections per second must be positive, not 0.0"),
        (("--injection", "nan"), "injections per second must be positive, not nan"),
        (("--injection", "200"), "windows of 10000.0 us overlap at 200.0 Hz"),
        (("--injection", "file"), "field injection_us is missing; give injections per second instead"),
        (("--injection", "20", "--injection-windows", "500,2"), "must be three times in us, as 500,10000,2, not '500,2'"),
        (("--injection", "20", "--injection-windows", "5,4,2"), "need 0 <= full_us <= gated_us"),
        (("--injection-windows", "500,10000,2"), "--injection-windows needs --injection"),
    ],
)
def test_bad_options_of_the_injection(tmp_path, options, reason):
    write_events(tmp_path / "in.npz", muons(4))
    status, shown = invoke("emulate", tmp_path / "in.npz", "--out", tmp_path / "out.npz", *options)
    assert status == 2
    assert reason in " ".join(shown.split())
    assert [path.name for path in tmp_path.iterdir()] == ["in.npz"]


def test_files_that_contradict_the_option(tmp_path):
    write_events(tmp_path / "veto.npz", muons(4, ext_veto=np.zeros(4, bool)))
    write_events(tmp_path / "times.npz", muons(4, injection_us=np.zeros(4)))
    for name, reason in (("veto", "field ext_veto is there already"), ("times", "injection_us is there already; use its times")):
        status, shown = invoke("emulate", tmp_path / f"{name}.npz", "--out", tmp_path / "out.npz", "--injection", "20")
        assert status == 2
        assert reason in " ".join(shown.split())
    with pytest.raises(ValueError, match="times must be given where no rate is"):
        Injection().fields(None, 4, np.random.default_rng(1))
