"""Options of the processes of `generate`: text of the command line to the fields of a process."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from trigger.errors import InputError

if TYPE_CHECKING:
    from sim.generators.process import Generator
    from sim.generators.processes import Process

Choice = TypeVar("Choice", bound=enum.Enum)


def find_process(name: str) -> Process:
    """The process of this name; InputError with the known ones otherwise."""
    from sim.generators.processes import PROCESSES

    for process in PROCESSES:
        if process.name == name:
            return process
    raise InputError(f"PROCESS must be one of {', '.join(process.name for process in PROCESSES)}, not {name!r}")


def build_generator(process: Process, given: Mapping[str, Any]) -> Generator:
    """The process with the options that were given (not None), by option name.

    InputError for an option that this process does not have, and for an impossible value.
    """
    fields = {field.name for field in dataclasses.fields(process.model)}
    values: dict[str, Any] = {}
    for option, value in given.items():
        if value is None:
            continue
        field, convert = _FIELDS[option]
        if field not in fields:
            own = sorted(f"--{name}" for name, (field, _) in _FIELDS.items() if field in fields)
            raise InputError(f"--{option}: {process.name} has no such option; it has {', '.join(own)}")
        values[field] = convert(f"--{option}", value)
    try:
        return process.model(**values)
    except ValueError as error:
        raise InputError(f"{process.name}: {error}") from error


def parse_range(option: str, text: str) -> tuple[float, float]:
    """Two numbers a:b; InputError if that is not what the text says."""
    low, colon, high = text.partition(":")
    try:
        if colon:
            return float(low), float(high)
    except ValueError:
        pass
    raise InputError(f"{option} must be a range a:b, not {text!r}")


def parse_choice(option: str, text: str, choices: type[Choice]) -> Choice:
    """The member of an enumeration with this value (or lower-case name, where values are numbers); InputError otherwise."""
    spelled = {choice.value if isinstance(choice.value, str) else choice.name.lower(): choice for choice in choices}
    if text not in spelled:
        raise InputError(f"{option} must be one of {', '.join(spelled)}, not {text!r}")
    return spelled[text]


def _same(_: str, value: Any) -> Any:
    return value


def _frame(option: str, text: str) -> Any:
    from sim.generators.guns import Frame

    return parse_choice(option, text, Frame)


def _spectrum(option: str, text: str) -> Any:
    from sim.generators.guns import Spectrum

    return parse_choice(option, text, Spectrum)


def _accept(option: str, text: str) -> Any:
    from sim.generators.bhabha import Accept

    return parse_choice(option, text, Accept)


# Option: field of the process, and how its text is read.
_FIELDS: Mapping[str, tuple[str, Callable[[str, Any], Any]]] = {
    "e-star": ("e_star_gev", parse_range),
    "theta": ("theta_deg", parse_range),
    "frame": ("frame", _frame),
    "pdg": ("pdg", _same),
    "momentum": ("range_gev", parse_range),
    "spectrum": ("spectrum", _spectrum),
    "z": ("z_cm", parse_range),
    "theta-min": ("theta_min_deg", _same),
    "lost": ("lost_deg", _same),
    "isr": ("isr", _same),
    "accept": ("accept", _accept),
    "isr-mass-min": ("isr_mass_min_gev", _same),
    "pair-mass-min": ("mass_min_gev", _same),
    "e-star-min": ("e_star_min_gev", _same),
    "weighted": ("weighted", _same),
    "mass": ("mass_gev", _same),
    "epsilon": ("epsilon", _same),
}
