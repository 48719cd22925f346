"""The trigger menu: input bits, line conditions, prescales, the global decision."""

from trigger.menu.inputs import Driver, Encoding, InputDeclaration
from trigger.menu.loader import ConstantLineWarning, load_menu, shipped_menus
from trigger.menu.menu import Line, Menu, Period
from trigger.menu.prescale import PrescaleCounters, keep_probability, l1_accept, random_prescale

__all__ = [
    "ConstantLineWarning",
    "Driver",
    "Encoding",
    "InputDeclaration",
    "Line",
    "Menu",
    "Period",
    "PrescaleCounters",
    "keep_probability",
    "l1_accept",
    "load_menu",
    "random_prescale",
    "shipped_menus",
]
