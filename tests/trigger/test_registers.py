"""The register map: values of the declarations, addresses that do not overlap, both texts say the same and compile."""

import json
import re
import subprocess
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import pytest

from trigger.ecl import EclParameters
from trigger.ecl.thresholds import EclThresholds
from trigger.errors import InputError
from trigger.klm import KlmParameters
from trigger.klm_line import KlmLineParameters
from trigger.menu import Menu, load_menu
from trigger.registers import BLOCK_BASES, Register, RegisterMap, c_header_text, json_text, register_map

THRESHOLDS = EclThresholds.from_parameters(EclParameters.default())


@cache
def the_map(menu_name: str = "exp16", period: str = "e18r781", thresholds: EclThresholds = THRESHOLDS) -> RegisterMap:
    menu = load_menu(menu_name)
    return register_map(ecl=thresholds, menu=menu, period=menu.period(period))


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("ecl_ehigh_min", 191),
        ("ecl_lml_cm1_min_10", 191),
        ("ecl_bhabha3d_veto_pair_phi_difference_first", 161),
        ("ecl_bhabha3d_veto_pair_phi_difference_last", 199),
        ("ecl_bhabha3d_veto_pair_theta_sum_last", 189),
        ("ecl_lml13_theta_mask", 2016),
        ("ecl_mumu_max_0", -1),
        ("klm_min_layers", 5),
        ("tracks_stt_z_max", 614),
        ("tracks_y_z_max", 819),
        ("tracks_stt_p_above", 7),
        ("menu_prescale_ffo", 100),
        ("menu_prescale_lml1", 2),
        ("menu_prescale_fss", 1),
    ],
)
def test_defaults_are_the_declared_numbers(name: str, default: int) -> None:
    """By hand: 1 GeV is 190.5 counts; 15 and 20 cm are 614.4 and 819.2 of 4096 per 100 cm."""
    assert the_map()[name].default == default


def test_masked_lines_have_a_zero_in_their_mask_bit() -> None:
    menu, registers = load_menu("exp16"), the_map()
    for place, prescale in enumerate(menu.period("e18r781").prescales):
        word = registers[f"menu_mask_{place // 32}"]
        assert word.default >> (place % 32) & 1 == (prescale > 0)
    assert registers["menu_mask_5"].width == 175 - 5 * 32


def test_every_threshold_has_a_register_and_no_address_is_used_twice() -> None:
    registers = the_map().registers
    for declared in fields(THRESHOLDS):
        assert any(entry.name.startswith(f"ecl_{declared.name}") for entry in registers), declared.name
    addresses = [entry.address for entry in registers]
    assert len(set(addresses)) == len(addresses)
    for entry in registers:
        block = entry.name.partition("_")[0]
        higher = [base for base in BLOCK_BASES.values() if base > BLOCK_BASES[block]]
        assert BLOCK_BASES[block] <= entry.address < min(higher, default=1 << 16)


def test_a_changed_declaration_changes_its_register_and_nothing_else() -> None:
    before, after = the_map(), the_map(thresholds=replace(THRESHOLDS, ehigh_min=200))
    changed = [one.name for one, other in zip(before.registers, after.registers, strict=True) if one != other]
    assert changed == ["ecl_ehigh_min"]
    assert before.digest != after.digest


def test_texts_are_byte_identical_when_made_again() -> None:
    once, again = the_map.__wrapped__(), the_map.__wrapped__()
    assert json_text(once) == json_text(again)
    assert c_header_text(once) == c_header_text(again)


def test_json_and_header_say_the_same() -> None:
    registers = the_map("darktrigger", "design")
    read = json.loads(json_text(registers))
    assert read["digest"] == registers.digest
    header = dict(re.findall(r"#define DARKTRIGGER_(\w+) \(?(-?\w+?)(?:u|\))$", c_header_text(registers), re.MULTILINE))
    assert len(header) == 3 * len(read["registers"])
    for row, entry in zip(read["registers"], registers.registers, strict=True):
        assert (row["name"], int(row["address"], 16), row["width"], row["default"]) == (
            entry.name, entry.address, entry.width, entry.default,
        )  # fmt: skip
        name = row["name"].upper()
        values = [header[f"{name}_{what}"] for what in ("ADDRESS", "WIDTH", "DEFAULT")]
        assert values == [row["address"], str(row["width"]), str(row["default"])]


def test_header_compiles(tmp_path: Path) -> None:
    (tmp_path / "registers.h").write_text(c_header_text(the_map()), encoding="utf-8")
    program = '#include "registers.h"\n#include "registers.h"\nint main() { return DARKTRIGGER_ECL_EHIGH_MIN_DEFAULT != 191u; }\n'
    (tmp_path / "main.cc").write_text(program, encoding="utf-8")
    subprocess.run(["g++", "-Wall", "-Werror", "-o", "program", "main.cc"], cwd=tmp_path, check=True)
    subprocess.run(["./program"], cwd=tmp_path, check=True)


def with_lines(*names: str) -> Menu:
    menu = load_menu("darktrigger")
    return replace(menu, lines=tuple(replace(menu.lines[0], name=name) for name in names), periods=())


def test_bad_declarations_are_refused() -> None:
    menu = with_lines("a-b", "A_b")
    period = replace(load_menu("darktrigger").period("design"), prescales=(1, 1))
    with pytest.raises(InputError, match="register names of lines must differ, but a_b"):
        register_map(ecl=THRESHOLDS, menu=menu, period=period)
    with pytest.raises(InputError, match="register ecl_ehigh_min: must be 0..4194303 to fit 22 bits, not 5000000"):
        the_map(thresholds=replace(THRESHOLDS, ehigh_min=5_000_000))
    with pytest.raises(ValueError, match="address of x must be a multiple of 4"):
        Register(name="x", address=2, width=1, default=0)
    with pytest.raises(ValueError, match="lower-case name and 1..32 bits"):
        Register(name="x", address=0, width=33, default=0)
    one = Register(name="x", address=0, width=1, default=0)
    with pytest.raises(ValueError, match="addresses must rise"):
        RegisterMap(registers=(one, one))
    with pytest.raises(ValueError, match="names of registers must differ"):
        RegisterMap(registers=(one, replace(one, address=4)))


def test_klm_parameters_reach_the_map() -> None:
    menu = load_menu("darktrigger")
    registers = register_map(ecl=THRESHOLDS, menu=menu, period=menu.period("design"), klm=KlmParameters(min_layers=8))
    assert registers["klm_min_layers"].default == 8
    lines = register_map(ecl=THRESHOLDS, menu=menu, period=menu.period("design"), klm=KlmLineParameters(intercept_raw=4095))
    found = {entry.name: (entry.width, entry.default) for entry in lines.registers if entry.name.startswith("klm_")}
    assert found == {"klm_gap_raw": (12, 500), "klm_intercept_raw": (12, 4095), "klm_min_layers": (4, 2)}
