"""The menus `darktrigger` and `physics_book`: what they hold, and their lines on events worked out by hand."""

import numpy as np
import pytest

from trigger.menu import Driver, Menu, load_menu

NAMED_IN_TALKS = [
    "lml1",
    "lml2",
    "lml4",
    "lml6",
    "lml7",
    "lml13",
    "lml0",
    "lml12",
    "lml8",
    "lml9",
    "lml10",
    "hie",
    "c4",
    "eclmumu",
    "ffo",
    "fyo",
    "fff",
    "ffy",
    "ffs",
    "fss",
    "sss",
    "fso",
    "sso",
    "stt",
    "cdcklm1",
    "cdcklm2",
]
"""Lines behind the trigger names of public talks on low-multiplicity physics and the tau figure."""


def fire(menu: Menu, *bits: str) -> set[str]:
    """Lines that fire when exactly these bits are set."""
    values = np.zeros((1, menu.n_inputs), dtype=bool)
    values[0, [menu.input_names.index(bit) for bit in bits]] = True
    return {name for name, fired in zip(menu.line_names, menu.evaluate(values)[0], strict=True) if fired}


def test_darktrigger_has_the_lines_of_the_talks_as_published() -> None:
    menu, published = load_menu("darktrigger"), load_menu("exp16")
    assert set(NAMED_IN_TALKS) < set(menu.line_names)
    shared = [name for name in menu.line_names if name in published.line_names]
    assert len(shared) == 44
    for name in shared:
        assert menu.line(name).condition == published.line(name).condition, name
    assert menu.period("design").prescales == (1,) * len(menu.lines)


def test_new_inputs_of_darktrigger_take_the_published_spares_first() -> None:
    menu, published = load_menu("darktrigger"), load_menu("exp16")
    assert menu.n_inputs == 162
    assert menu.input_names[:151] == published.input_names[:151]
    assert [item.bits for item in menu.inputs if item.name not in {other.name for other in published.inputs}] == [
        (bit,) for bit in range(151, 160)
    ]
    assert [item.name for item in menu.inputs if item.driver is Driver.DISPLACED] == ["dvt", "dvt_ecl"]


@pytest.mark.parametrize(
    ("bits", "lines"),
    [
        (("ehigh", "ecl_hie1", "ecl_hie3"), {"hie", "hie1", "hie3"}),
        (("ehigh", "ecl_hie1", "bha_veto"), set()),
        (("ecl_taub2b", "ecl_taub2b3", "bha_veto"), {"ecltaub2b", "ecltaub2b3"}),
        (("ecl_taub2b2", "veto"), set()),
        (("ecl_lml_6", "ecl_lml_13"), {"lml6", "lml13"}),
        (("cdcklm_0",), {"cdcklm1"}),
        (("dvt",), {"dvt"}),
        (("dvt", "dvt_ecl"), {"dvt", "dvt_ecl"}),
        (("dvt", "dvt_ecl", "bha_veto"), set()),
        (("dvt_ecl", "veto"), set()),
    ],
)
def test_lines_of_darktrigger(bits: tuple[str, ...], lines: set[str]) -> None:
    assert fire(load_menu("darktrigger"), *bits) == lines


def test_physics_book_has_twenty_lines_and_two_sets_of_prescales() -> None:
    menu = load_menu("physics_book")
    assert menu.line_names == (*(f"line{k}" for k in range(18)), "eed", "fed")
    phase3 = dict(zip(menu.line_names, menu.period("phase3").prescales, strict=True))
    phase2 = dict(zip(menu.line_names, menu.period("phase2").prescales, strict=True))
    assert {name: n for name, n in phase3.items() if n != 1} == {
        "line2": 20, "line3": 2, "line8": 2, "line11": 20, "line12": 20, "line14": 5, "line16": 3, "line17": 5,
    }  # fmt: skip
    assert {name: n for name, n in phase2.items() if n != 1} == {"line2": 20, "line11": 10, "line12": 10}


@pytest.mark.parametrize(
    ("bits", "lines"),
    [
        (("t3_2",), {"line0"}),
        (("t3_1", "t3_z10"), {"line1", "line2"}),
        (("t3_1",), {"line2"}),
        (("t3_1", "t3_z10", "trkbha"), {"line3"}),
        (("t3_0", "t3_z10", "samhem", "ecl_lml_11"), {"line4"}),
        (("t3_0", "t3_z10", "opohem", "ecl_lml_11"), {"line5"}),
        (("t3_0", "t3_z10", "opohem"), set()),
        (("clst_0", "clst_1", "ecl_e300_2"), {"line6"}),
        (("clst_0", "clst_1"), set()),
        (("clst_2", "ecl_e300_2", "ecl_3dbha"), set()),
        (("ecl_lml_1",), {"line7"}),
        (("ecl_lml_1", "trkbha"), {"line8"}),
        (("ecl_lml_2",), {"line9"}),
        (("ecl_lml_2", "trkbha"), {"line10"}),
        (("ecl_lml_3",), {"line10"}),
        (("ecl_lml_4",), {"line11"}),
        (("ecl_lml_5",), {"line12"}),
        (("ecl_lml_6", "ecl_lml_7", "ecl_lml_8", "ecl_lml_9", "ecl_lml_10"), {"line13", "line14", "line15", "line17"}),
        (("ecl_lml_9", "t3_z25all"), {"line16"}),
        (("t2_1", "cdcecl_1", "d5"), {"eed"}),
        (("t2_0", "cdcecl_0", "d5"), {"fed"}),
        (("t2_1", "cdcecl_0", "d5"), set()),
    ],
)
def test_lines_of_physics_book(bits: tuple[str, ...], lines: set[str]) -> None:
    assert fire(load_menu("physics_book"), *bits) == lines
