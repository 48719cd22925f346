"""The chain against its blocks run one by one, hand-made events, subsets of blocks, prescales."""

from pathlib import Path

import numpy as np
import pytest

from trigger.chain import Chain, RandomPrescale
from trigger.ecl import EclParameters, EclTrigger
from trigger.errors import InputError
from trigger.klm import KlmParameters, KlmTrigger
from trigger.menu import PrescaleCounters, load_menu

PHOTON = [(290, 400)]
"""2.1 GeV in one barrel cell."""
CLUSTERS = [(150, 200), (290, 150), (430, 120), (350, 100)]
"""Four clusters between 0.5 and 1.1 GeV."""


def cells(*events: list[tuple[int, int]]) -> dict[str, np.ndarray]:
    hits = np.array([hit for event in events for hit in sorted(event)], np.int16).reshape(-1, 2)
    offsets = np.cumsum([0, *map(len, events)])
    return {"ecl_offsets": offsets, "ecl_tc_id": hits[:, 0], "ecl_adc": hits[:, 1]}


def muons(*sectors: list[tuple[int, int]]) -> dict[str, np.ndarray]:
    """KLM hits of events: (section, sector) pairs that fire."""
    hits = np.array([(*place, layer) for event in sectors for place in event for layer in range(2, 9)], np.int8).reshape(-1, 3)
    offsets = np.cumsum([0, *(7 * len(event) for event in sectors)])
    return {"klm_offsets": offsets, "klm_section": hits[:, 0], "klm_sector": hits[:, 1], "klm_layer": hits[:, 2]}


EVENTS = cells(PHOTON, CLUSTERS, []) | muons([], [(0, 1)], [(0, 2), (1, 6), (3, 0)])


def fired(decision, event: int) -> set[str]:
    return {name for name, value in zip(decision.line_names, decision.ftdl[event], strict=True) if value}


def test_blocks_of_the_chain_answer_as_alone():
    decision = Chain().run(EVENTS)
    alone = EclTrigger().run(*(EVENTS[name] for name in ("ecl_offsets", "ecl_tc_id", "ecl_adc"))).arrays()
    alone |= KlmTrigger().run(*(EVENTS[name] for name in ("klm_offsets", "klm_section", "klm_sector", "klm_layer"))).arrays()
    for name, array in alone.items():
        np.testing.assert_array_equal(decision[name], array, err_msg=name)


def test_lines_of_events_by_hand():
    decision = Chain().run(EVENTS)
    assert {"hie", "lml1", "lml6", "lml13", "c1hie", "g_high", "bhie"} <= fired(decision, 0)
    assert not {"c4", "lml0", "klmhit", "c2"} & fired(decision, 0)
    assert {"c2", "c3", "c4", "lml0", "hie", "klmhit"} <= fired(decision, 1)
    assert fired(decision, 2) == {"klm2", "klmhit", "mu_b2b", "eklmhit", "mu_epair"}


def test_the_veto_of_the_file_closes_lines():
    closed = Chain().run(EVENTS | {"ext_veto": np.array([True, True, True])})
    assert fired(closed, 0) == {"hiev", "vetout"}
    assert fired(closed, 2) == {"vetout"}


def test_names_of_columns_are_those_of_the_menu():
    decision = Chain(menu="darktrigger", blocks=("ecl", "menu")).run(EVENTS)
    menu = load_menu("darktrigger")
    assert (decision.input_names, decision.line_names) == (menu.input_names, menu.line_names)
    assert decision.input_bits.shape == (3, len(menu.input_names))
    assert decision.ftdl.shape == decision.psnm.shape == (3, len(menu.lines))
    assert decision.l1.tolist() == [True, True, False]
    np.testing.assert_array_equal(decision.l1_probability, [1.0, 1.0, 0.0])


def test_what_was_left_out_is_named():
    plan = Chain().run(EVENTS).plan
    assert list(plan.blocks) == ["ecl", "klm"]
    assert plan.left_out["tracks"] == "no field cdc_offsets"
    assert plan.not_supplied["t2"] == "not answered by block tracks"
    assert Chain(blocks=("ecl", "menu")).run(EVENTS).plan.left_out["klm"] == "not asked for"


def test_blocks_without_the_menu_and_the_menu_on_their_answers():
    answers = Chain(blocks=("ecl", "klm")).run(EVENTS)
    assert "ftdl" not in answers
    again = Chain(blocks=("menu",)).run(answers.arrays())
    whole = Chain().run(EVENTS)
    for name in ("input_bits", "ftdl", "psnm", "l1_probability"):
        np.testing.assert_array_equal(again[name], whole[name])


def test_settings_reach_the_blocks():
    changed = Chain(parameters=EclParameters.default().replace(hie=3.0), klm=KlmParameters(min_layers=8)).run(EVENTS)
    assert {"lml1", "lml6"} <= fired(changed, 0)
    assert "hie" not in fired(changed, 0)
    assert fired(changed, 2) == set()


def test_events_do_not_depend_on_each_other():
    whole = Chain().run(EVENTS)
    for event, (hits, sectors) in enumerate([(PHOTON, []), (CLUSTERS, [(0, 1)]), ([], [(0, 2), (1, 6), (3, 0)])]):
        alone = Chain().run(cells(hits) | muons(sectors))
        np.testing.assert_array_equal(alone.ftdl[0], whole.ftdl[event])
        np.testing.assert_array_equal(alone.input_bits[0], whole.input_bits[event])


def test_prescales(tmp_path: Path):
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nbase = "exp16"\n[periods.p.prescales]\nhie = 3\n'
        + "".join(f"{name} = 0\n" for name in load_menu("exp16").line_names if name != "hie")
    )
    chain = Chain(menu=str(tmp_path / "mine.toml"), blocks=("ecl", "menu"))
    photons = cells(*[PHOTON] * 3000)
    np.testing.assert_allclose(chain.run(photons).l1_probability, 1 / 3)
    counters = PrescaleCounters(period=chain.period)
    passed = np.concatenate([chain.run(cells(*[PHOTON] * n), counters).l1 for n in (4, 5)])
    assert passed.tolist() == [False, False, True] * 3
    drawn = chain.run(photons, RandomPrescale(period=chain.period, rng=np.random.default_rng(5))).l1
    np.testing.assert_array_equal(drawn, chain.run(photons, RandomPrescale(period=chain.period, rng=np.random.default_rng(5))).l1)
    assert abs(drawn.sum() - 1000) < 130  # five standard deviations
    np.testing.assert_array_equal(chain.run(photons).l1, chain.run(photons).l1)


def test_the_period_masks_lines():
    """c1hie passed all in experiment 16 and was masked from experiment 18 run 781 on."""
    c1hie = load_menu("exp16").line_names.index("c1hie")
    passed = {name: Chain(period=name).run(EVENTS).psnm[0, c1hie] for name in ("e16r1062", "e18r781")}
    assert passed == {"e16r1062": True, "e18r781": False}


def test_period_by_default(tmp_path: Path):
    """The first of the menu; of a menu without periods, one that keeps all."""
    (tmp_path / "bare.toml").write_text(
        'name = "bare"\nn_inputs = 2\n[inputs.veto]\nbits = [1]\n[lines]\non = "veto"\noff = "!veto"\n'
    )
    assert Chain().period == load_menu("exp16").periods[0]
    chain = Chain(menu=str(tmp_path / "bare.toml"))
    assert chain.period.prescales == (1, 1)
    assert chain.run(EVENTS | {"ext_veto": np.array([True, False, True])}).psnm.tolist() == [
        [True, False],
        [False, True],
        [True, False],
    ]


@pytest.mark.parametrize(
    ("arguments", "events", "reason"),
    [
        ({"blocks": ("ecl", "klm")}, cells(PHOTON), "field klm_offsets is missing; the block klm needs klm_offsets, klm_section"),
        ({"blocks": ("eclo",)}, EVENTS, "block must be one of ecl, tracks, klm"),
        ({"period": "e19"}, EVENTS, "menu exp16 has no period 'e19'"),
        ({"menu": "exp17"}, EVENTS, "no shipped menu 'exp17'"),
        ({}, cells([(600, 5)]), "Chain.run: field ecl_tc_id, event 0: must be 1..576, not 600"),
        ({}, EVENTS | {"ecl_tcid": np.zeros(3)}, "ecl_tcid is not an event field"),
        ({}, EVENTS | {"ext_top_0": np.array([0, 1, 2])}, "field ext_top_0: must be 0 or 1"),
    ],
)
def test_bad_input(arguments, events, reason):
    with pytest.raises(InputError, match=reason):
        Chain(**arguments).run(events)


def test_unknown_settings_are_refused():
    with pytest.raises(TypeError, match="parameter"):
        Chain(parameter=EclParameters.default())
