"""Every input of the shipped menus reaches the decision field that the public names say."""

import numpy as np
import pytest

from trigger.ecl.decision import empty_arrays
from trigger.errors import InputError
from trigger.menu import Driver, Encoding, InputDeclaration, load_menu
from trigger.menu.filling import RECORDED_INPUTS, Origin, fill_inputs, plan_inputs, source_in_words
from trigger.menu.wiring import BLOCK_FIELDS, SourceBit, is_external, source_bits

BY_HAND = {
    "ehigh": [("ecl_ehigh", 0, 0)],
    "ecl_bha": [("ecl_bhabha2d", 0, 0)],
    "bha_veto": [("ecl_bhabha3d_veto", 0, 0)],
    "ecl_bhapur": [("ecl_bhabha3d_sel", 0, 0)],
    "bha_type_1": [("ecl_bhabha2d_type", 1, 0)],
    "bha_theta": [("ecl_bhabha3d_theta", 0, 0), ("ecl_bhabha3d_theta", 0, 1)],
    "clst": [("ecl_n_clusters", 0, 0), ("ecl_n_clusters", 0, 1), ("ecl_n_clusters", 0, 2), None],
    "ecl_timing_bwd": [("ecl_timing_source", 0, 2)],
    "ecl_lml_13": [("ecl_lml", 13, 0)],
    "ecl_hie4": [("ecl_hie", 3, 0)],
    "ecl_taub2b3": [("ecl_taub2b3", 0, 0)],
    "klm_hit": [("klm_hit", 0, 0)],
    "klm": [("klm_n_bklm", 0, 0), ("klm_n_bklm", 0, 1), ("klm_n_bklm", 0, 2)],
    "eklm_hit": [("klm_eklm_hit", 0, 0)],
    "t2": [("grl_t2", k, 0) for k in range(4)],
    "t3": [("grl_t3", k, 0) for k in range(4)],
    "typ": [("grl_typ", 0, 0)],
    "cdc_open90": [("grl_cdc_open90", 0, 0)],
    "cdcklm": [("grl_cdcklm", 0, 0), ("grl_cdcklm", 1, 0)],
    "veto": [("ext_veto", 0, 0)],
    "dvt_ecl": [("displaced_dvt_ecl", 0, 0)],
}
"""Source of the bits: names in basf2 trg/grl TRGGRLProjectsModule.cc and the layout of the decision fields, joined by hand."""

UNMODELLED = {
    "tx_0", "tx_1", "cdc_active", "trkflt", "top_0", "top_1", "top_2", "top_bb", "top_active", "cdctop", "fwdsb", "bwdsb", "fwdnb",
    "bwdnb", "brlfb1", "brlfb2", "brlnb1", "brlnb2", "grlgg1", "grlgg2", "revo", "her_kick", "ler_kick", "bha_delay", "pseud_rand",
    "plsin", "poissonin", "nimin0", "nimin1",
}  # fmt: skip
"""Inputs of the menu darktrigger that nothing here models; all others have a wire."""


def flag(name: str, driver: Driver = Driver.ECL, encoding: Encoding = Encoding.FLAG, n_bits: int = 1) -> InputDeclaration:
    return InputDeclaration(name=name, bits=tuple(range(n_bits)), encoding=encoding, driver=driver, definition="")


def decisions(n_events: int) -> dict[str, np.ndarray]:
    """All decision fields of events in which nothing happened."""
    others = [field for block in ("tracks", "klm", "grl", "displaced") for field in BLOCK_FIELDS[block]]
    return empty_arrays(n_events) | {field.name: np.zeros(field.shape(n_events), field.dtype) for field in others}


def test_sources_by_hand() -> None:
    inputs = {item.name: item for item in load_menu("darktrigger").inputs}
    for name, wanted in BY_HAND.items():
        assert source_bits(inputs[name]) == tuple(bit and SourceBit(*bit) for bit in wanted), name


def test_every_other_input_of_the_shipped_menus_has_a_wire() -> None:
    inputs = [item for item in load_menu("darktrigger").inputs if item.driver is not Driver.SPARE]
    assert {item.name for item in inputs if source_bits(item) is None} == UNMODELLED


def test_rtl_of_the_chain_takes_from_outside_what_no_block_in_it_answers() -> None:
    inputs = [item for item in load_menu("darktrigger").inputs if item.driver is not Driver.SPARE]
    assert {item.name for item in inputs if is_external(item)} == UNMODELLED | {"dvt", "dvt_ecl"}


@pytest.mark.parametrize("name", ["exp16", "darktrigger"])
def test_each_source_bit_sets_its_inputs_alone(name: str) -> None:
    """Event k has source bit k of the menu set and nothing else."""
    menu = load_menu(name)
    wired = [(item, source_bits(item)) for item in menu.inputs]
    places = [(bit, source) for item, sources in wired if sources for bit, source in zip(item.bits, sources, strict=True) if source]
    unique = sorted({source for _, source in places})
    given = decisions(len(unique)) | {"ext_veto": np.zeros(len(unique), bool)}
    expected = np.zeros((len(unique), menu.n_inputs), bool)
    for event, source in enumerate(unique):
        field = given[source.field]
        field[(event, source.element) if field.ndim == 2 else event] = 1 << source.bit
        expected[event, [bit for bit, other in places if other == source]] = True
    np.testing.assert_array_equal(fill_inputs(menu, given, len(unique)), expected)


def test_bits_that_no_block_answers_come_from_the_file() -> None:
    menu = load_menu("exp16")
    names = list(menu.input_names)
    words = np.zeros((3, 10), np.uint32)
    words[1, names.index("top_0") // 32] |= np.uint32(1) << np.uint32(names.index("top_0") % 32)
    words[2] = ~np.uint32(0)
    given = decisions(3) | {"ext_top_1": np.array([1, 0, 0], np.uint8), RECORDED_INPUTS: words}
    bits, plan = fill_inputs(menu, given, 3), plan_inputs(menu, given)
    assert bits[:, names.index("top_1")].tolist() == [True, False, False]
    assert bits[:, names.index("top_0")].tolist() == [False, True, True]
    assert bits[:, names.index("ehigh")].tolist() == [False] * 3
    assert [plan.origins[names.index(name)] for name in ("ehigh", "top_0", "top_1")] == [Origin.BLOCK, Origin.FILE, Origin.FILE]
    assert not plan.absent
    assert {"top_0", "top_1", "nimin1"} <= set(plan.from_file)
    assert not {"ehigh", "t2_0"} & set(plan.from_file)


def test_what_reads_zero_is_named_with_its_reason() -> None:
    plan = plan_inputs(load_menu("exp16"), ["ecl_ehigh", "ext_top_O"])
    assert plan.absent["top_0"] == "pass-through, and not in the file"
    assert plan.absent["t2"] == "not answered by block tracks"
    assert plan.absent["cdctop"] == "needs the TOP trigger, which is not modelled; not in the file"
    assert plan.absent["veto"] == "no field ext_veto"
    assert "ehigh" not in plan.absent
    assert "inp151" not in plan.absent
    assert plan.unread == ("ext_top_O",)


def test_inputs_of_the_menu_before_2019() -> None:
    """All but three have a field; these are pass-through, and say why."""
    menu = load_menu("physics_book")
    inputs = {item.name: item for item in menu.inputs}
    assert source_bits(inputs["trkbha"]) == (SourceBit("grl_trkbha2", 0, 0),)
    wireless = {name for name, item in inputs.items() if source_bits(item) is None}
    assert wireless == {"t3_z10", "t3_z25all", "ecl_e300_2"}
    absent = plan_inputs(menu, decisions(1)).absent
    assert set(absent) == wireless
    assert absent["t3_z10"] == "tracks of the 3D fitter are counted within 35 cm alone; no bit says 10 cm; not in the file"
    assert absent["ecl_e300_2"].startswith("no bit counts clusters above 0.3 GeV; lml0 with lml00_ncl = 2")
    given = decisions(2) | {"ext_t3_z10": np.array([0, 1], np.uint8)}
    assert fill_inputs(menu, given, 2)[:, menu.input_names.index("t3_z10")].tolist() == [False, True]


def test_encodings_must_fit_the_field() -> None:
    with pytest.raises(InputError, match="clst is one-hot, but ecl_n_clusters is a number"):
        source_bits(flag("clst", encoding=Encoding.ONE_HOT, n_bits=4))
    with pytest.raises(InputError, match="t2 has 5 bits, but grl_t2 has 4 elements"):
        source_bits(flag("t2", Driver.TRACKS, Encoding.ONE_HOT, 5))


def test_an_input_of_a_users_menu_may_be_any_decision_field() -> None:
    assert source_bits(flag("icn_br", encoding=Encoding.BINARY, n_bits=2)) == (
        SourceBit("ecl_icn_br", 0, 0),
        SourceBit("ecl_icn_br", 0, 1),
    )
    assert source_bits(flag("clst", Driver.EXTERNAL)) is None


def test_external_fields_are_one_bit() -> None:
    with pytest.raises(InputError, match="field ext_top_0: must be 0 or 1"):
        fill_inputs(load_menu("exp16"), {"ext_top_0": np.array([0, 2])}, 2)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ehigh", "from ecl_ehigh"),
        ("ecl_lml_13", "from ecl_lml[13]"),
        ("cdcklm", "from grl_cdcklm"),
        ("clst", "from ecl_n_clusters"),
        ("t3", "from grl_t3 (inferred: neuro tracks stand for those of the 3D fitter)"),
        ("top_0", "pass-through: ext_top_0 of the event file"),
        (
            "cdctop",
            "pass-through: ext_cdctop_0, ext_cdctop_1, ext_cdctop_2, ext_cdctop_3 of the event file "
            "(needs the TOP trigger, which is not modelled)",
        ),
    ],
)
def test_sources_in_words(name: str, words: str) -> None:
    """One element of a field is named, all of them, or bits of a number, are not."""
    assert source_in_words(next(item for item in load_menu("darktrigger").inputs if item.name == name)) == words


def test_one_bit_of_two_in_words() -> None:
    assert source_in_words(flag("cdcklm", Driver.GRL)) == "from grl_cdcklm[0]"
