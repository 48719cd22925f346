"""Thresholds of the ECL trigger in registers: each register is its own threshold, and only that."""

from hdl.export_ecl import PREFIX, thresholds_of
from hdl.register_bank import bank_of
from trigger.ecl import EclParameters, EclThresholds
from trigger.menu import load_menu
from trigger.registers import register_map


def registers():
    menu = load_menu("exp16")
    every = register_map(ecl=EclThresholds.from_parameters(EclParameters.default()), menu=menu, period=menu.periods[0]).registers
    return [one for one in every if one.name.startswith(PREFIX)]


def test_the_defaults_of_the_map_are_the_declared_thresholds():
    assert thresholds_of({one.name: one.default for one in registers()}) == EclThresholds.from_parameters(EclParameters.default())


def test_every_register_is_read_once():
    class Asked(dict):
        def __getitem__(self, name):
            asked.append(name)
            return super().__getitem__(name)

    asked: list[str] = []
    thresholds_of(Asked({one.name: one.default for one in registers()}))
    assert sorted(asked) == sorted(one.name for one in registers())


def test_reset_sets_the_defaults_with_their_signs():
    declared = registers()
    bank = bank_of(declared)
    assert [one.init for one in bank] == [one.default for one in declared]
    shapes = {one.shape().signed for one in bank}
    assert shapes == {False, True}
