"""Options of the processes of `generate`: text of the command line to the fields of a process."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

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
    hints = get_type_hints(process.model)
    kinds = {field.name: hints[field.name] for field in dataclasses.fields(process.model)}
    values: dict[str, Any] = {}
    for option, value in given.items():
        if value is None:
            continue
        field = _FIELDS[option]
        if field not in kinds:
            own = sorted(f"--{name}" for name, field in _FIELDS.items() if field in kinds)
            raise InputError(f"--{option}: {process.name} has no such option; it has {', '.join(own)}")
        values[field] = _convert(f"--{option}", value, kinds[field])
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


def _convert(option: str, value: Any, kind: Any) -> Any:
    """The value of an option as its field wants it: ranges and choices are given as text."""
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return parse_choice(option, value, kind)
    return parse_range(option, value) if isinstance(value, str) else value


# Option: field of the process.
_FIELDS: Mapping[str, str] = {
    "e-star": "e_star_gev",
    "theta": "theta_deg",
    "frame": "frame",
    "pdg": "pdg",
    "momentum": "range_gev",
    "spectrum": "spectrum",
    "z": "z_cm",
    "theta-min": "theta_min_deg",
    "lost": "lost_deg",
    "isr": "isr",
    "accept": "accept",
    "seen": "seen",
    "isr-mass-min": "isr_mass_min_gev",
    "pair-mass-min": "mass_min_gev",
    "e-star-min": "e_star_min_gev",
    "weighted": "weighted",
    "mass": "mass_gev",
    "epsilon": "epsilon",
    "coupling": "coupling",
    "ctau": "ctau_cm",
    "decay": "decay",
    "mediator": "mediator",
    "higgs-mass": "higgs_mass_gev",
    "higgs-ctau": "higgs_ctau_cm",
    "higgs-decay": "higgs_decay",
    "chi-mass": "chi_mass_gev",
    "splitting": "splitting_gev",
    "kaon": "kaon",
    "flat-radius": "flat_radius_cm",
    "meson": "meson",
    "upsilon": "upsilon",
}
