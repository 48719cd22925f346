"""Studies of a search: counters of hand-made events, references that share nothing with the lines, tables that add up."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sim.studies.searches
from sim.offline.cuts import CutFlow
from sim.studies.channel_counts import PROBABILITY_UNIT, Kind, Lines, count, entries_of, reference_of, serving
from sim.studies.channel_study import ChannelStudy
from sim.studies.channel_task import Scenario
from sim.studies.channels import LineGroup, Selected, Variable
from sim.studies.kills import count_kills, factor_names, inner_conditions, inner_names, products_of, text_of
from sim.studies.searches import CHANNELS
from trigger.chain import Chain
from trigger.errors import InputError
from trigger.menu import load_menu
from trigger.menu.condition import positions

TAU, Z_PRIME_2018 = CHANNELS["tau"], CHANNELS["z-prime-2018"]
MENU = load_menu("exp16")
LINES = Lines(menu=MENU, period=MENU.period("e18r781"))


def lines(*names):
    row = np.zeros(len(MENU.line_names), bool)
    row[[MENU.line_names.index(name) for name in names]] = True
    return row


def selected(channel, passed, value):
    masks = tuple(passed for _ in channel.cuts)
    flow = CutFlow(cuts=channel.cuts, masks=masks, left_out=channel.left_out)
    return Selected(flow=flow, values={variable.name: value for variable in (*channel.variables, *channel.map_axes)})


def test_counters_of_hand_made_events():
    """ffo is kept one time in 100, hie always; bffo is the reference of hie, bhie of ffo."""
    ftdl = np.stack([lines("ffo", "bffo"), lines("hie", "bhie", "bffo"), lines("ffo", "hie", "bhie"), lines(), lines("ffo")])
    passed = np.array([True, True, True, True, False])
    value = np.array([4.5, 5.5, 11.0, np.nan, 4.5])
    bits = np.zeros((5, MENU.n_inputs), bool)
    found = count(TAU, LINES, bits, ftdl, selected(TAU, passed, value), {})
    entries = entries_of(TAU, LINES)
    names = [entry.name for entry in entries]
    two, energy, every, menu = (names.index(name) for name in ("two tracks", "total energy", "all", "menu"))
    assert found["generated"].tolist() == [5]
    assert found["flow"].tolist() == [5, *(4 for _ in TAU.cuts)]
    # Edges 2, 4, 5, 6, ..., 9, 10.4: 4.5 is in the second bin, 5.5 in the third, 11 and no value above the last.
    assert found["selected:visible_e_star"].tolist() == [0, 0, 1, 1, 0, 0, 0, 0, 2]
    assert found["generated:visible_e_star"].tolist() == [0, 0, 2, 1, 0, 0, 0, 0, 2]
    assert found["generated_passed:visible_e_star"][two].tolist() == [0, 0, 2, 0, 0, 0, 0, 0, 1]
    assert found["passed:visible_e_star"][two].tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 1]
    assert found["passed:visible_e_star"][energy].tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 1]
    assert found["passed:visible_e_star"][every].sum() == 3
    assert found["alone:visible_e_star"][two].tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 0]
    kept = found["kept:visible_e_star"].sum(axis=1) / PROBABILITY_UNIT
    assert kept[[two, energy]] == pytest.approx([0.02, 2.0], rel=1e-6)
    # bffo and bhie are kept one time in 50.
    assert kept[menu] == pytest.approx(2 + 1 - 0.99 * 0.98, rel=1e-5)
    assert [found[f"{name}:visible_e_star"][energy].sum() for name in ("reference", "both")] == [2, 1]
    assert [found[f"{name}:visible_e_star"][two].sum() for name in ("reference", "both")] == [2, 1]
    ffo, hie = (MENU.line_names.index(name) for name in ("ffo", "hie"))
    assert (found["line_fired"][[ffo, hie]] / PROBABILITY_UNIT).tolist() == [2, 2]
    assert found["line_exclusive"][hie] / PROBABILITY_UNIT == pytest.approx(0.98 * 0.98 + 0.99 * 0.98, rel=1e-6)


def test_entries_are_groups_lines_all_and_the_menu():
    entries = entries_of(TAU, LINES)
    assert [entry.kind for entry in entries[: len(TAU.groups)]] == [Kind.GROUP] * len(TAU.groups)
    assert [entry.name for entry in entries[-2:]] == ["all", "menu"]
    single = {entry.name for entry in entries if entry.kind is Kind.LINE}
    assert single == set(serving(TAU)) - {"ffo", "fff", "hie", "c4", "eclmumu"}
    masked = {name for name, n in zip(MENU.line_names, LINES.period.prescales, strict=True) if not n}
    assert set(entries[-1].lines) == set(MENU.line_names) - masked


def test_a_map_counts_what_lies_inside_all_axes():
    axes = tuple(
        Variable(name=name, label=name, edges=edges) for name, edges in (("e", (0, 1, 2)), ("t", (0, 1)), ("p", (0, 1, 2, 3)))
    )
    channel = replace(TAU, map_axes=axes, variables=axes[:1])
    value = np.array([0.5, 1.5, 0.5, 2.5])
    flow = selected(channel, np.array([True, True, False, True]), value).flow
    chosen = Selected(flow=flow, values={"e": value, "t": np.full(4, 0.5), "p": np.array([2.5, 0.0, 0.5, 0.5])})
    bits = np.zeros((4, MENU.n_inputs), bool)
    found = count(channel, LINES, bits, np.stack([lines("hie")] * 2 + [lines()] * 2), chosen, {})
    assert found["map_selected"].reshape(2, 1, 3).tolist() == [[[0, 0, 1]], [[1, 0, 0]]]
    assert found["map_passed"][-2].tolist() == found["map_selected"].tolist()
    assert found["map_passed"][0].sum() == 0


def test_kills_of_hand_made_inputs():
    """ffo asks for two tracks, an angle, no Bhabha and no injection veto, in this order."""
    (product,) = products_of(MENU.line("ffo").condition)
    texts = [text_of(factor, MENU.input_names) for factor in product.factors]
    assert texts == ["t2_1 | t2_2 | t2_3", "cdc_open90", "!bha_veto", "!veto"]
    place = {name: i for i, name in enumerate(MENU.input_names)}
    bits = np.zeros((5, MENU.n_inputs), bool)
    for event, names in enumerate((("t2_1", "cdc_open90"), ("t2_1", "cdc_open90", "bha_veto"), ("t2_2",), ("bha_veto",), ())):
        bits[event, [place[name] for name in names]] = True
    found = count_kills(MENU, ("ffo",), bits, {})
    assert found["first/ffo"].tolist() == [2, 1, 1, 0]
    assert found["alone/ffo"].tolist() == [0, 1, 1, 0]


def test_single_photon_bits_are_opened():
    """Two clusters, of which one alone would do: the line fails by the other cluster, and by nothing else."""
    chain = Chain(period="e18r781")
    adc, cells = np.array([400, 100, 400], np.int16), np.array([250, 400, 250], np.int16)
    fields = {"ecl_offsets": np.array([0, 2, 3]), "ecl_tc_id": cells, "ecl_adc": adc}
    decision = chain.run(fields)
    inner, names = inner_conditions(chain, decision.fields), inner_names(chain)
    assert {place: len(held) for place, held in inner.items()} == {place: len(held) for place, held in names.items()}
    for place, held in inner.items():
        assert held.all(axis=0).tolist() == decision.input_bits[:, place].tolist()
    found = count_kills(chain.menu, ("lml6",), decision.input_bits, inner)
    texts = [text for _, text in factor_names(chain.menu, "lml6", names)]
    assert len(texts) == len(found["first/lml6"])
    killed = {text: n for text, n in zip(texts, found["alone/lml6"].tolist(), strict=True) if n}
    assert killed == {"only one cluster above lml_cl_e_lab_2": 1}
    assert inner_conditions(chain, {}) == {}


def test_every_module_of_searches_is_listed_under_its_name():
    files = {path.stem.replace("_", "-") for path in Path(sim.studies.searches.__file__).parent.glob("[a-z]*.py")}
    assert set(CHANNELS) == files


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=lambda channel: channel.name)
def test_references_share_no_input_with_the_lines(channel):
    menu = ChannelStudy(names=(channel.name,)).chains[channel.name][0].menu
    veto = {bit for item in menu.inputs if item.name == "veto" for bit in item.bits}
    for group in channel.groups:
        reference = reference_of(group, menu)
        if reference is not None:
            read = positions(menu.line(reference).condition)
            for line in group.lines:
                assert positions(menu.line(line).condition) & read <= veto
    assert reference_of(LineGroup(name="both", lines=("bffo", "bhie", "by")), menu) is None


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=lambda channel: channel.name)
def test_every_search_can_be_studied(channel):
    study = ChannelStudy(names=(channel.name,), events=16)
    assert len(study.jobs()) == len(channel.samples) * len(study.levels)
    assert ChannelStudy(names=(channel.name,), events=16, seed=2).digest() != study.digest()


def test_bad_studies_are_refused():
    with pytest.raises(InputError, match="--events"):
        ChannelStudy(names=("tau",), events=3)
    with pytest.raises(InputError, match="--seed"):
        ChannelStudy(names=("tau",), seed=-1)
    with pytest.raises(InputError, match="CHANNEL must be one of"):
        ChannelStudy(names=("taus",))
    with pytest.raises(InputError, match="menu physics_book has no line"):
        ChannelStudy(names=("tau",), scenarios=(Scenario(menu=load_menu("physics_book")),))
    with pytest.raises(ValueError, match="edges of x"):
        Variable(name="x", label="x", edges=(1.0, 1.0))
    with pytest.raises(ValueError, match="map_axes must be none or three"):
        replace(TAU, map_axes=TAU.variables)
    with pytest.raises(ValueError, match="samples must be at least one"):
        replace(TAU, samples=())
