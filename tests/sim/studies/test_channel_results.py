"""A user's search from a plug-in file, through everything that a study writes: maps, changes, periods, parts, reports."""

import json
import pickle
import re
import sys
from dataclasses import replace
from pathlib import Path

import correctionlib
import numpy as np
import pyhepmc
import pytest
from typer.testing import CliRunner

import sim.cli
from sim.offline.cuts import CutFlow
from sim.studies.block_study import forget, run_study
from sim.studies.channel_changes import average_table, change_table, changed_lines_table
from sim.studies.channel_compare import by_name, count_average, count_pairs
from sim.studies.channel_counts import PROBABILITY_UNIT, Lines
from sim.studies.channel_maps import map_table, write_corrections
from sim.studies.channel_rates import count_pair
from sim.studies.channel_results import in_words, write_results
from sim.studies.channel_summary import benchmark
from sim.studies.channel_tables import Counted, efficiency_table, weights_table, yield_table
from sim.studies.channels import Selected
from sim.studies.plugins import Catalogue, Plugin
from sim.studies.recipe import Recipe, read_periods
from sim.studies.statistics import clopper_pearson
from trigger.chain import Chain
from trigger.errors import InputError
from trigger.menu import load_menu

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
MENU, PLUGIN = ((EXAMPLES / name).read_text(encoding="utf-8") for name in ("lamp.toml", "lamp.py"))
LOOSE = MENU.replace('lone = "lone & !veto"', 'lone = "lone & !veto"\nhie = "elow & !veto"').replace('"lamp"', '"loose"')


@pytest.fixture
def folder(tmp_path):
    """The plug-in beside its menu, as a user would have them."""
    (tmp_path / "lamp.py").write_text(PLUGIN, encoding="utf-8")
    (tmp_path / "lamp.toml").write_text(MENU, encoding="utf-8")
    (tmp_path / "loose.toml").write_text(LOOSE, encoding="utf-8")
    return tmp_path


def recipe(folder, **options):
    known = {"names": ("lamp",), "events": 160, "seed": 3, "levels": (0.0,), "plugins": (str(folder / "lamp.py"),)}
    return Recipe(**{**known, "rate_events": 0, **options})


def counted(asked, out):
    study = asked.study()
    return Counted(study=study, channel=study.channels[0], counters=run_study(study, out))


def dicts(table):
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def test_a_plug_in_is_studied_like_our_own(folder, monkeypatch):
    asked, out = recipe(folder), folder / "out"
    study = asked.study()
    counters = run_study(study, out)
    forget(out)
    tables = write_results(asked, study, counters, out)["lamp"]
    sent = pickle.dumps(study.task())
    for name in [name for name in sys.modules if name.startswith("darktrigger_plugin")]:
        monkeypatch.delitem(sys.modules, name)  # as in another process, which has never seen the plug-in
    task = pickle.loads(sent)
    for job in study.jobs():
        again = task(job)
        assert again.keys() == counters[job.sample].keys()
        assert all(np.array_equal(again[name], counters[job.sample][name]) for name in again)
    rows = {(row["sample"], row["entry"], row["variable"], row["bin"]): row for row in dicts(tables["efficiency"])}
    for sample, events in (("dim", 160), ("bright", 80)):
        whole = rows[sample, "all", "", "all"]
        assert whole["generated"] == events
        assert whole["efficiency"] == whole["passed"] / whole["total"]
        assert whole["low"] <= whole["efficiency"] <= whole["high"]
        inner = [rows[sample, "all", "estar", label]["total"] for label in ("0-1", "1-2", "2-4")]
        assert sum(inner) <= whole["total"]
        # The block of the plug-in reaches the line of its menu; a lone photon makes one cluster nearly always.
        assert rows[sample, "lone", "", "all"]["efficiency"] > 0.9
        made = next(row for row in dicts(tables["yield"]) if row["sample"] == sample)
        assert made["without_trigger"] == pytest.approx(10 / (2.0 * whole["total"] / events))
        assert made["with_menu_low"] <= made["with_menu"] <= made["with_menu_high"]
    flow = dicts(tables["flow"].where(sample="dim"))
    assert [row["events"] for row in flow] == [160, rows["dim", "all", "", "all"]["total"]]
    lines = {row["line"]: row for row in dicts(tables["lines"].where(sample="dim"))}
    assert lines["lone"]["passed"] == rows["dim", "lone", "", "all"]["passed"]
    kills = dicts(tables["kills"].where(sample="dim", line="hie"))
    lost = lines["hie"]["total"] - lines["hie"]["passed"]
    assert sum(row["first"] for row in kills) == lost
    assert (folder / "out" / "lamp_efficiency.png").read_bytes().startswith(b"\x89PNG")
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "a lamp of 2 fb" in page
    assert "exactly" not in page.partition("<h2>Offline selection")[0]
    assert not (folder / "out" / ".blocks").exists()


def test_maps_of_correctionlib_are_the_table(folder):
    found = counted(recipe(folder), folder / "out")
    table = map_table(found)
    maps = correctionlib.CorrectionSet.from_file(str(write_corrections(found, folder)))
    assert set(maps) == {"dim", "bright"}
    seen = 0
    for row in dicts(table):
        middle = [(row[f"{axis}_low"] + row[f"{axis}_high"]) / 2 for axis in ("estar", "theta", "phi")]
        values = [
            maps[row["sample"]].evaluate("0", row["entry"], value, *middle) for value in ("efficiency", "low", "high", "events")
        ]
        # The file holds the numbers of the table to the last digit; correctionlib reads them to the last bit but one.
        assert values == pytest.approx([row["efficiency"] or 0.0, row["low"], row["high"], row["total"]], rel=1e-15, abs=0)
        seen += row["passed"]
    assert seen > 100
    assert len(table.rows) == 2 * 7 * 8
    with pytest.raises(IndexError):
        maps["dim"].evaluate("0", "hie", "low", 9.0, 1.0, 1.0)


def test_a_change_is_compared_on_the_same_events(folder):
    asked = recipe(folder, menu=str(folder / "loose.toml"), changes=(("lml_cl_e_cms_2", "2.0"),))
    compared = counted(asked, folder / "out")
    plain = run_study(recipe(folder).study(), folder / "plain")
    new = replace(recipe(folder).study(), scenarios=(compared.study.scenarios[1],))
    changed = run_study(new, folder / "new")
    for sample, found in compared.counters.items():
        for name, values in plain[sample].items():
            assert np.array_equal(found[name], values)
        for name, values in changed[sample].items():
            assert np.array_equal(found[f"1/{name}"], values)
    rows = {row["entry"]: row for row in dicts(change_table(compared).where(sample="dim"))}
    # A looser sum gains, a higher threshold loses; nothing else moves.
    assert rows["energy"]["gained"] > rows["energy"]["lost"] == 0
    assert rows["lml6"]["lost"] > rows["lml6"]["gained"] == 0
    assert rows["lone"]["gained"] == rows["lone"]["lost"] == 0
    for row in rows.values():
        total = row["selected"]
        assert row["after"] - row["before"] == pytest.approx(row["change"])
        low, high = clopper_pearson(np.array([row["gained"]]), np.array([total]))
        assert [row["gained_low"], row["gained_high"]] == [low[0], high[0]]
        assert row["kept_after"] - row["kept_before"] == pytest.approx(row["kept_change"], abs=1e-6)
    assert rows["lml6"]["p_value"] == pytest.approx(2 * 0.5 ** rows["lml6"]["lost"])
    lines = {row["line"]: row for row in dicts(changed_lines_table(compared).where(sample="dim"))}
    assert lines["hie"]["gained"] == rows["energy"]["gained"]
    assert "lone" not in lines


def test_events_of_another_generator_keep_their_weights(folder):
    """40 photons, every second one forward of lml13, a quarter of all, forward, with negative weight, in units of 2."""
    path = folder / "photons.hepmc3"
    with pyhepmc.open(str(path), "w", format="hepmc3") as file:
        for number in range(40):
            event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
            vertex = pyhepmc.GenVertex((0.0, 0.0, 0.0, 0.0))
            phi = 0.15 * number
            for sign in (1, -1):
                vertex.add_particle_in(pyhepmc.GenParticle((0, 0, 5.0 * sign, 5.0), 11 * sign, 4))
            pz = 0.2 if number % 2 else 3.0
            photon = (1.5 * np.cos(phi), 1.5 * np.sin(phi), pz, np.hypot(1.5, pz))
            vertex.add_particle_out(pyhepmc.GenParticle(photon, 22, 1))
            event.add_vertex(vertex)
            event.weights = [-2.0 if number % 4 == 0 else 2.0]
            file.write(event)
    found = counted(recipe(folder, source=str(path), events=1000), folder / "out")
    efficiency = {row["entry"]: row for row in dicts(efficiency_table(found).where(bin="all"))}
    weighted = {row["entry"]: row for row in dicts(weights_table(found))}
    assert {row["total"] for row in efficiency.values()} == {40}
    assert {(row["sum_of_weights"], row["effective_events"]) for row in weighted.values()} == {(20.0, 10.0)}
    assert efficiency["lone"]["passed"] == 40
    assert (weighted["lone"]["efficiency"], weighted["lone"]["sigma"]) == (1.0, 0.0)
    assert efficiency["lml13"]["passed"] == 20
    assert (weighted["lml13"]["efficiency"], weighted["lml13"]["sigma"]) == (1.0, pytest.approx(np.sqrt(20 / 400)))
    assert not yield_table(found, 10.0).rows
    with pytest.raises(InputError, match="no such file"):
        recipe(folder, source=str(folder / "no.lhe")).study().jobs()


def test_run_periods_are_averaged_by_luminosity(folder):
    (folder / "periods.toml").write_text(
        f"""[[period]]
name = "old"
luminosity = 1
[[period]]
name = "new"
luminosity = 3
menu = "{folder / "loose.toml"}"
period = "e18r781"
[period.parameters]
lml_cl_e_cms_2 = 2.0
""",
        encoding="utf-8",
    )
    rows = dicts(average_table(counted(recipe(folder, periods=str(folder / "periods.toml")), folder / "out")))
    for row in rows:
        if row["selected"]:
            assert row["average"] == pytest.approx(0.25 * row["old"] + 0.75 * row["new"], abs=1e-6)
            assert row["average_sigma"] <= 0.5 / np.sqrt(row["selected"]) + 1e-9
    energy = next(row for row in rows if row["entry"] == "energy" and row["bin"] == "all")
    assert energy["new"] > energy["old"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "tables"),
        ("[[period]]\nluminosity = 1", "name must be text"),
        ('[[period]]\nname = "a"\nluminosity = 0', "period a: luminosity must be a positive number"),
        ('[[period]]\nname = "a"\nluminosity = 1\nlumi = 2', "unknown key 'lumi'"),
        ('[[period]]\nname = "a"\nluminosity = 1\nparameters = 2', "parameters must be a table"),
        ('[[period]]\nname = "a"\nluminosity = 1\nparameters = {lml = 2}', "period a: unknown ETM parameter 'lml'"),
        ('[[period]]\nname = "a"\nluminosity = 1\n[[period]]\nname = "a"\nluminosity = 1', "must be different"),
        ("[[period", "not a readable TOML file"),
    ],
)
def test_bad_periods_are_named(text, reason, tmp_path):
    path = tmp_path / "p.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=reason):
        read_periods(path)


def test_batch_blocks_merge_to_the_study_at_the_command_line(folder, monkeypatch):
    monkeypatch.chdir(folder)

    def darktrigger(*words):
        answer = CliRunner().invoke(sim.cli.build_app(), [str(word) for word in words])
        return answer.exit_code, answer.output

    common = ("study", "lamp", "--plugin", "lamp.py", "--events", 32, "--background", "0,0.1", "--seed", 3)
    status, text = darktrigger(*common, "--out", "one")
    assert status == 0, text
    for blocks in (":1", "1:3", "3:"):
        status, text = darktrigger(*common, "--event-blocks", blocks, "--out", "parts")
        assert status == 0, text
    parts = sorted(Path("parts").iterdir())
    assert [path.name for path in parts] == [f"lamp-{span}.part.npz" for span in ("0-1", "1-3", "3-4")]
    status, text = darktrigger("merge", *parts, "--out", "merged")
    assert status == 0, text
    one, merged = ({path.name: path.read_bytes() for path in Path(name).iterdir()} for name in ("one", "merged"))
    assert one == merged
    assert darktrigger("merge", *parts[:2], "--out", "no") == (2, "error: no part has block 3 of 4 blocks\n")
    (folder / "lamp.py").write_text(PLUGIN + "\n", encoding="utf-8")
    status, text = darktrigger("merge", *parts, "--out", "no")
    assert (status, "a file of its options changed" in text) == (2, True)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("nothing",), "CHANNEL must be one of"),
        (("tau", "--set", "lml"), "--set must be KEY=VALUE"),
        (("tau", "--set", "lml_cl=1"), "--set: unknown ETM parameter 'lml_cl'"),
        (("tau", "--background", "a"), "--background must be numbers"),
        (("tau", "--background", "1,1"), "--background must be different numbers"),
        (("tau", "--yield", 0), "--yield must be positive"),
        (("tau", "--event-blocks", "3:2"), "--event-blocks must be a:b"),
        (("tau", "--plugin", "no.py"), "--plugin .*no.py: cannot be read"),
        (("tau", "--periods", "p.toml", "--set", "lml_cl_e_cms_3=1"), "must not be given together"),
        (("tau", "--scheduler", "tcp://host:1", "--workers", 2), "--workers must not be 2"),
        (("tau", "--frame", "moon"), "--frame must be one of lab"),
        (("tau", "--menu", "nomenu"), "no shipped menu 'nomenu'"),
    ],
)
def test_bad_options_are_named_and_nothing_is_left(words, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(sim.cli.build_app(), ["study", *map(str, words), "--out", "s"])
    assert answer.exit_code == 2
    assert re.search(reason, answer.stderr), answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_bad_plug_ins_are_named(tmp_path):
    def of(text):
        return Catalogue(plugins=(Plugin(path="p.py", text=text),))

    with pytest.raises(InputError, match="p.py: ZeroDivisionError"):
        _ = of("1 / 0").channels
    with pytest.raises(InputError, match="must define CHANNEL, CHANNELS or BLOCKS"):
        _ = of("x = 1").channels
    with pytest.raises(InputError, match="CHANNEL must be a sim.studies.channels.Channel, not int"):
        _ = of("CHANNEL = 3").channels
    with pytest.raises(InputError, match="a name and a method run, not int"):
        _ = of("BLOCKS = (3,)").blocks
    with pytest.raises(InputError, match="there is a search tau already"):
        _ = of("from sim.studies.searches.tau import CHANNEL").channels
    block = "class B:\n    name = 'b'\n    def run(self, fields):\n        return {%s}\nBLOCKS = [B()]\n"
    event = {"event": np.arange(3)}
    with pytest.raises(InputError, match="block b: field ecl_adc must begin with"):
        of(block % "'ecl_adc': fields['event']").run_blocks(event)
    with pytest.raises(InputError, match="block b: field ext_x"):
        of(block % "'ext_x': fields['event'][:1] > 0").run_blocks(event)


def test_the_example_of_scale_runs(tmp_path):
    asked = recipe(tmp_path, names=("scale",), plugins=(str(EXAMPLES / "scale.py"),))
    found = counted(asked, tmp_path / "out")
    assert [int(point.found["generated"][0]) for point in found.points()] == [160, 16]
    whole = {(row["sample"], row["entry"]): row for row in dicts(efficiency_table(found).where(bin="all"))}
    assert whole["photon", "photon"]["efficiency"] > 0.5
    assert whole["mu mu", "tracks"]["passed"] > 0
    assert whole["photon", "tracks"]["passed"] == 0


def test_several_searches_are_summed_up(folder):
    plugins = (str(folder / "lamp.py"), str(EXAMPLES / "scale.py"))
    asked, out = recipe(folder, names=("scale", "lamp"), plugins=plugins), folder / "out"
    study = asked.study()
    tables = write_results(asked, study, run_study(study, out), out)
    assert {path.name for path in out.iterdir()} >= {"scale", "lamp", "index.html", "summary.csv", "summary_lines.json"}
    assert (out / "summary.png").read_bytes().startswith(b"\x89PNG")
    rows = dicts(tables[""]["summary"])
    assert [(row["search"], row["sample"]) for row in rows] == [
        ("scale", "photon"), ("scale", "mu mu"), ("lamp", "dim"), ("lamp", "bright"),
    ]  # fmt: skip
    for row in rows:
        lines = dicts(tables[row["search"]]["lines"].where(sample=row["sample"]))
        best = max(line["after_prescale"] for line in lines)
        carrier = next(line for line in lines if line["line"] == row["carried_by"])
        assert row["line_after_prescale"] == carrier["after_prescale"] == best
        assert row["lost_without"] == carrier["lost_without"]
        whole = dicts(tables[row["search"]]["efficiency"].where(sample=row["sample"], bin="all", entry="menu"))[0]
        assert row["menu_after_prescale"] == whole["after_prescale"] >= best
    each = dicts(tables[""]["summary_lines"].where(search="lamp"))
    assert [row["line"] for row in each] == tables["lamp"]["lines"].column("line")
    assert benchmark(study.channels[1].samples).label == "bright"
    words = in_words(study, tables, out)
    assert words[-1].startswith("160 events per sample of share 1 and level; ")
    assert "carried_by" in words[0]


def test_a_distribution_brings_searches_by_entry_point(folder, monkeypatch):
    """A distribution as pip leaves it: a module, and metadata that name it under `darktrigger.searches`."""
    info = folder / "lamp-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lamp\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[darktrigger.searches]\nlamp = lamp\n", encoding="utf-8")
    without = Catalogue().digest()
    monkeypatch.syspath_prepend(str(folder))
    catalogue = Catalogue()
    assert catalogue.find("lamp").title == "a lamp"
    assert [block.name for block in catalogue.blocks] == ["lone"]
    assert catalogue.digest() != without


def test_pairs_and_averages_of_hand_made_lines():
    """Two events: hie alone before; ffo (1 in 100) joins the first after the change, the second is lost."""
    channel = Catalogue().find("tau")
    menu = load_menu("exp16")
    lines = Lines(menu=menu, period=menu.period("e18r781"))
    before, after = (np.zeros((2, len(menu.line_names)), bool) for _ in range(2))
    hie, ffo = (menu.line_names.index(name) for name in ("hie", "ffo"))
    before[:, hie] = True
    after[0, [hie, ffo]] = True
    flow = CutFlow(cuts=channel.cuts, masks=tuple(np.ones(2, bool) for _ in channel.cuts), left_out=channel.left_out)
    chosen = Selected(flow=flow, values={variable.name: np.zeros(2) for variable in channel.variables})
    found = count_pairs(channel, (lines, lines), (before, after), chosen)
    names = [group.name for group in channel.groups]
    two, energy = names.index("two tracks"), names.index("total energy")
    assert found["pair_gained"][[two, energy, -1]].tolist() == [1, 0, 0]
    assert found["pair_lost"][[two, energy, -1]].tolist() == [0, 1, 1]
    assert found["pair_change"][[two, energy]].tolist() == [round(0.01 * PROBABILITY_UNIT), -PROBABILITY_UNIT]
    assert found["line_pair_gained"][[ffo, hie]].tolist() == [1, 0]
    mean = count_average(channel, (lines, lines), (1.0, 3.0), (before, after), chosen)
    variable = channel.variables[0].name
    assert mean[f"average:{variable}"][energy].sum() == PROBABILITY_UNIT * 1.25
    assert mean[f"average_sq:{variable}"][energy].sum() == PROBABILITY_UNIT * (1 + 1 / 16)


def test_rates_of_hand_made_lines(folder):
    old, new = Chain(period="e18r781"), Chain(menu=load_menu(folder / "loose.toml"), period="e18r781")
    place = {name: i for i, name in enumerate(old.menu.line_names)}
    before, after = np.zeros((2, len(old.menu.line_names)), bool), np.zeros((2, len(new.menu.line_names)), bool)
    before[0, place["hie"]] = True
    after[:, new.menu.line_names.index("lone")] = True
    found = count_pair((old, new), before, after, np.array([1.0, 0.5]))
    names = [*old.menu.line_names, "lone"]
    hie, lone = names.index("hie"), names.index("lone")
    as_numbers = {name: values / PROBABILITY_UNIT for name, values in found.items()}
    assert as_numbers["events"].tolist() == [1.5]
    assert [as_numbers[name][hie] for name in ("before", "after", "gained", "lost")] == [1.0, 0.0, 0.0, 1.0]
    assert [as_numbers[name][lone] for name in ("before", "after", "gained", "lost")] == [0.0, 1.5, 1.5, 0.0]
    assert as_numbers["gained_sq"][lone] == 1.25
    # The whole menu: the first event is kept before and after, the second only after.
    assert [as_numbers[f"kept_{name}"][-1] for name in ("before", "after", "gained", "lost")] == [1.0, 1.5, 0.5, 0.0]
    assert by_name(old.menu, before, ("lone", "hie")).tolist() == [[False, True], [False, False]]


def test_recipe_comes_back_from_json(folder):
    asked = recipe(folder, changes=(("lml_cl_e_cms_3", "0.4"),))
    assert Recipe.from_json(json.loads(json.dumps(asked.to_json()))) == asked
    with pytest.raises(InputError, match="not the options of a study"):
        Recipe.from_json({"names": ["tau"]})
