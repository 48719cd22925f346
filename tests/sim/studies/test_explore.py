"""Exploration of networks: cuts and fronts by hand, a tiny exploration from end to end, resumed, widened, refused."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from fractions import Fraction

import numpy as np
import pytest
from typer.testing import CliRunner

from hdl import synthesis
from hdl.synthesis import Report, synthesise
from hls import plans
from hls.networks import CodesignDesign
from sim.cli import build_app
from sim.cosim.verify_codesign import codesign_rtl
from sim.parts import Interrupted
from sim.studies import explore as exploring
from sim.studies import explore_samples, neuro_samples
from sim.studies.costs import Built, Design
from sim.studies.explore import Exploration, explore
from sim.studies.explore_networks import grid, label, read_designs
from sim.studies.explore_plot import plot
from sim.studies.explore_samples import Candidates
from sim.studies.explore_scores import NOT_TAKEN, closest, cut_at, pareto_front
from sim.studies.explore_table import COLUMNS, COSTS, lut_per_dsp
from sim.studies.tables import read, write
from sim.studies.tracks_counts import FAR_FROM_CM, z_of
from sim.studies.tracks_samples import Kind
from trigger.cdc import SingleTrackTrigger
from trigger.networks import load_network

TINY = Exploration(
    designs=(CodesignDesign(hidden=(2,), weight_fraction=2, input_fraction=4, lane_fraction=2, bit_cost=1e-5),),
    reuses=(1,), blocks=1, float_epochs=1, epochs=1, events=400, background_share=Fraction(1, 20), seed=7,
)  # fmt: skip


def test_front_of_hand_made_points():
    """Best for its cost: 0, 2 and 4; 1 costs more than 0 for the same; 3 is beaten by 2; 5 equals 2; 6 and 7 are unknown."""
    cost = [1, 2, 3, 4, 9, 3, np.nan, 1]
    gain = [0.5, 0.5, 0.9, 0.8, 0.95, 0.9, 1.0, np.nan]
    assert pareto_front(cost, gain).tolist() == [True, False, True, False, True, True, False, False]
    assert pareto_front([], []).tolist() == []


@pytest.mark.parametrize(
    ("least", "share", "cut"),
    [
        ([5, 7, 9, 11], Fraction(1, 2), 8),  # 9 would let three of four pass
        ([5, 7, 7, 11], Fraction(1, 2), 6),  # equal ones pass together or not at all
        ([5, 7, 9, 11], Fraction(1, 5), 4),
        ([0, 0, 9, 11], Fraction(1, 4), -1),  # even |z| = 0 is too much
        ([3, NOT_TAKEN, NOT_TAKEN, NOT_TAKEN], Fraction(1, 4), 4096),  # the others pass at no cut
        ([4096, 4096], Fraction(1, 3), 4095),
        ([*range(100)], Fraction("0.29"), 28),  # 0.29 * 100 is below 29 in floating point
        ([], Fraction(1, 2), 4096),
    ],
)
def test_cut_at_a_fixed_background(least, share, cut):
    array = np.array(least, np.int64)
    assert cut_at(array, share) == cut
    assert (array <= cut).sum() <= share * len(array)
    assert cut == 4096 or (array <= cut + 1).sum() > share * len(array)


def test_closest_track_of_each_particle():
    """Particle 0: the nearer of two tracks; 1: an answer, but too slow; 2: no answer; 3: a straight track; 4: negative z."""
    raw = np.array([[300, 0], [-20, 0], [10, 0], [5, 0], [7, 0], [-4096, 0]], np.int16)
    seen = Candidates(
        p_gev=np.ones(5), pt_gev=np.ones(5), z_cm=np.zeros(5), x_raw=np.zeros((6, 27), np.int16),
        expert=np.array([0, 4, 0, -1, 0, 0], np.int8), omega_raw=np.array([5, -5, 30, 5, 0, 6]),
        particle=np.array([0, 0, 1, 2, 3, 4]), nearest=np.ones(6, bool),
    )  # fmt: skip
    momenta = SingleTrackTrigger().run([0, 6], seen.omega_raw, seen.expert, raw[:, 0], raw[:, 1]).track_p_raw
    assert momenta.tolist()[1:5] == [20, 3, 20, 0]
    assert closest(seen, raw).tolist() == [20, NOT_TAKEN, NOT_TAKEN, NOT_TAKEN, 4096]


def test_candidates_follow_the_tracks_of_the_study(tmp_path):
    """Numbers of particles go on from slice to slice; the shipped network finds z of the tracks that it is given."""
    muons = explore_samples.candidates(Kind.PROMPT, 4200, 3, tmp_path)
    assert np.array_equal(np.unique(muons.particle), np.arange(len(muons)))
    assert muons.nearest.sum() == len(muons)
    again = explore_samples.candidates(Kind.PROMPT, 4200, 3, tmp_path)
    assert all(np.array_equal(one, other) for one, other in zip(vars(muons).values(), vars(again).values(), strict=True))
    background = explore_samples.candidates(Kind.BACKGROUND, 1500, 3, tmp_path)
    assert np.abs(background.z_cm).min() >= FAR_FROM_CM
    answer = load_network("codesign").network.answer(background.x_raw, background.expert)
    taken = background.nearest & (background.expert >= 0)
    assert np.corrcoef(z_of(answer[taken]), background.z_cm[background.particle[taken]])[0, 1] > 0.8


def test_shipped_networks_stand_beside_the_designs():
    """Costs of the classic network are those of all its experts together."""
    classic, codesign = exploring.shipped()
    assert [(one.variant, one.reuse) for one in classic.built] == [("5 experts, weights in memory", reuse) for reuse in (1, 2, 4)]
    assert [(one.variant, one.reuse) for one in codesign.built] == [("", 1), ("", 2), ("", 4), ("da4ml", 1)]


STAND_IN = Built(verilog="module shipped; endmodule", top="shipped", latency=20, interval=4, made_from="d" * 64)
COUNTED = Report(
    lut=1000, ff=900, dsp=2, carry=0, wide_mux=0, ramb18=1, ramb36=0, levels=5, carry_cells=0, cells={}, yosys="Yosys", key="key"
)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A cache of syntheses of its own; in place of shipped networks, which take minutes in Yosys, a design that is in the cache."""
    folder = tmp_path_factory.mktemp("cache")
    key = synthesis.report_key(STAND_IN.verilog, STAND_IN.top)
    (folder / f"{key}.json").write_text(json.dumps(asdict(COUNTED)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthesis, "cache_folder", lambda: folder)
        patch.setattr(
            exploring,
            "designs",
            lambda names, reuses: [Design(block=names[0], variant="5 experts", reuse=4, build=lambda: STAND_IN)],
        )
        yield


@pytest.fixture(scope="module")
def made(quick, tmp_path_factory):
    """Interrupted before the training, and gone on with."""
    folder = tmp_path_factory.mktemp("exploration")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plans, "train", interrupt)
        with pytest.raises(Interrupted, match="what is done is kept in .*exploration"):
            explore(TINY, folder)
        patch.undo()
        patch.setattr(neuro_samples, "make_block", refuse)  # the sample is there already
        return folder, explore(TINY, folder)


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def refuse(*_: object, **__: object) -> None:
    raise AssertionError


def rows_of(table) -> list[dict]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in table.rows]


def test_costs_are_those_of_the_network_in_yosys(made):
    folder, table = made
    network = load_network(folder / "networks" / f"{label(TINY.designs[0]).replace(' ', '_')}.npz")
    rtl, interval = codesign_rtl(network.codesign, reuse=1)
    report = synthesise(rtl.design.verilog, rtl.design.ports.module)
    own, classic, codesign = rows_of(table)
    assert report.lut > 30
    assert [own[name] for name in COSTS] == [
        report.lut, report.ff, report.dsp, report.memory_bits, report.levels, rtl.latency, interval,
    ]  # fmt: skip
    assert own["cost"] == report.lut + lut_per_dsp() * report.dsp
    assert lut_per_dsp() == 594  # 926,400 look-up tables and 1,560 slices
    assert [row["cost"] for row in (classic, codesign)] == [1000 + 2 * 594] * 2
    assert [row["memory_bits"] for row in (classic, codesign)] == [18 * 1024] * 2


def test_rows_of_all_networks(made):
    own, classic, codesign = rows_of(made[1])
    assert [row["network"] for row in (own, classic, codesign)] == [label(TINY.designs[0]), "shipped classic", "shipped codesign"]
    assert [row["shipped"] for row in (own, classic, codesign)] == [False, True, True]
    assert codesign["multiplications"] == load_network("codesign").codesign.multiplications
    assert [row["front_high_pt"] for row in (own, classic, codesign)] == [True, False, True]


def test_efficiencies_are_at_one_background(made):
    rows = rows_of(made[1])
    assert len({row["background_n"] for row in rows}) == len({row["stt_n"] for row in rows}) == 1
    assert all(row["background_k"] <= row["background_n"] / 20 for row in rows)
    assert min(row["background_k"] for row in rows[1:]) > 0
    assert rows[2]["stt_efficiency"] > 0.9 > rows[0]["stt_efficiency"]
    assert all(row["stt_low"] <= row["stt_efficiency"] <= row["stt_high"] for row in rows)
    assert rows[2]["high_pt_width_cm"] < rows[1]["high_pt_width_cm"] < rows[0]["high_pt_width_cm"]


def test_table_and_picture_are_written_and_stamped(made):
    folder, table = made
    write(table, folder)
    again = read(folder / "explore.json")
    assert again.stamp["seed"] == 7
    assert set(again.stamp["digests"]) == {"exploration", label(TINY.designs[0]), "shipped classic", "shipped codesign"}
    assert again.stamp["labels"]["background"].startswith("GUESS")
    assert again.stamp["labels"]["yosys"][0].startswith("Yosys")
    assert plot(again, folder).read_bytes().startswith(b"\x89PNG")


def test_a_second_call_makes_nothing_anew(made, monkeypatch):
    folder, table = made
    for module, name in ((neuro_samples, "make_block"), (explore_samples, "slices"), (plans, "train"), (synthesis, "_mapped")):
        monkeypatch.setattr(module, name, refuse)
    assert explore(TINY, folder) == table
    with pytest.raises(AssertionError):
        explore(replace(TINY, epochs=2), folder)


def test_a_wider_exploration_trains_only_what_is_new(made, monkeypatch):
    folder, _ = made
    asked = []

    def remember(design, *_):
        asked.append(design.weight_fraction)
        raise KeyboardInterrupt

    monkeypatch.setattr(plans, "train", remember)
    with pytest.raises(Interrupted):
        explore(replace(TINY, designs=(*TINY.designs, replace(TINY.designs[0], weight_fraction=3))), folder)
    assert asked == [3]


def test_unknown_costs_stay_empty(made, monkeypatch, tmp_path):
    folder, table = made
    monkeypatch.setattr(synthesis, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(synthesis, "_mapped", refuse)
    for row, known in zip(rows_of(explore(TINY, folder, only_done=True)), rows_of(table), strict=True):
        assert (row["lut"], row["dsp"], row["cost"], row["latency"]) == (None, None, None, known["latency"])
        assert not row["front_stt"]
        assert row["stt_k"] == known["stt_k"]


def test_designs_of_a_grid_and_of_a_file(tmp_path):
    assert [label(design) for design in grid(((8,), (4, 2)), (3, 5))] == ["8 w3", "8 w5", "4-2 w3", "4-2 w5"]
    path = tmp_path / "designs.toml"
    path.write_text("[[design]]\nhidden = [16, 4]\nweight_fraction = 5\n[[design]]\nbit_cost = 1e-6\n")
    assert read_designs(path) == (CodesignDesign(hidden=(16, 4), weight_fraction=5), CodesignDesign(bit_cost=1e-6))
    assert label(read_designs(path)[1]) == "64-32-32 w8 bit_cost=1e-06"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[[design]]\nnodes = 3\n", r"design 1: unknown key 'nodes'; known are hidden, input_fraction"),
        ("[[design]]\n[[design]]\nweight_fraction = 0\n", r"design 2: weight_fraction must be 1\.\.12, not 0"),
        ("[[design]]\nhidden = 8\n", r"design 1: .*int.* object is not iterable"),
        ("[design]\nhidden = [8]\n", r"must have tables \[\[design\]\] and nothing else, not 'design'"),
        ("hidden = [8]\n", r"must have tables \[\[design\]\] and nothing else, not 'hidden'"),
        ("[[design]\n", "not a readable TOML file"),
        ("", "must have one design and one reuse at least, not 0 and 2"),
        ("[[design]]\n[[design]]\n", "every design must be there once, not 64-32-32 w8 twice"),
    ],
)
def test_bad_files_of_designs(tmp_path, content, reason):
    path = tmp_path / "designs.toml"
    path.write_text(content)
    status, shown = run("--designs", path, "--out", tmp_path / "out")
    assert status == 2
    assert re.search(reason, shown)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--hidden", "8,x"), "--hidden must be whole numbers with commas, not '8,x'"),
        (("--hidden", "0"), "hidden must be one or more positive numbers of nodes"),
        (("--weight-fraction", "13"), "weight_fraction must be 1..12, not 13"),
        (("--reuse", "0"), "reuse must be at least 1, not 0"),
        (("--reuse", "2,2"), "every reuse must be there once, not 2 twice"),
        (("--events", "99"), "events must be at least 100, not 99"),
        (("--blocks", "0"), "blocks must be at least 1, not 0"),
        (("--epochs", "0"), "epochs must be 1..10000, not 0"),
        (("--seed", "-1"), "seed must be at least 0, not -1"),
        (("--background-share", "1"), "background_share must be between 0 and 1, not 1"),
        (("--background-share", "nan"), "--background-share must be a number, not nan"),
        (("--designs", "x.toml", "--hidden", "8"), "--designs must stand alone"),
    ],
)
def test_bad_options(tmp_path, arguments, reason):
    status, shown = run(*arguments, "--out", tmp_path / "out")
    assert status == 2
    assert reason in shown
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    status, shown = run("--hidden", "8", "--out", tmp_path / "file")
    assert status == 2
    assert "file/networks: cannot be made: Not a directory" in shown


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(build_app(), ["explore", *map(str, arguments)])
    return result.exit_code, result.output


def test_by_the_verb(made):
    """The same exploration by its options: nothing is made anew but the table."""
    folder, _ = made
    path = folder / "tiny.toml"
    path.write_text("[[design]]\nhidden = [2]\nweight_fraction = 2\ninput_fraction = 4\nlane_fraction = 2\nbit_cost = 1e-5\n")
    options = "--reuse 1 --blocks 1 --float-epochs 1 --epochs 1 --events 400 --background-share 0.05 --seed 7"
    status, shown = run("--designs", path, "--out", folder, *options.split())
    assert status == 0, shown
    assert read(folder / "explore.json").rows == tuple(tuple(row) for row in made[1].rows)
    assert "shipped codesign" in shown
