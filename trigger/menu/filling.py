"""Input bits of a menu from decision fields and from what an event file brings along, with where each bit came from."""

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from trigger.errors import InputError
from trigger.fields import declared
from trigger.menu.inputs import Driver, InputDeclaration
from trigger.menu.menu import Menu
from trigger.menu.wiring import BLOCK_FIELDS, EXTERNAL_PREFIX, UNMODELLED, SourceBit, fields, source_bits, wire_of

RECORDED_INPUTS = "rec_input_words"
"""Event-file field of input bits as somebody else recorded them: bit b of word w is position 32 w + b."""
WORD_BITS = 32

_PASSED = frozenset({Driver.TOP, Driver.EXTERNAL})
"""Drivers outside: of their inputs no block is asked."""


class Origin(enum.Enum):
    """Where an input bit comes from."""

    BLOCK = "block"
    """A decision field of a block."""
    FILE = "file"
    """A field `ext_<bit name>` or recorded input words of the event file."""
    ABSENT = "absent"
    """Nowhere: it reads 0."""


@dataclass(frozen=True, kw_only=True)
class InputPlan:
    """How the inputs of a menu are filled from fields of given names.

    origins: of each position. from_file: names of the bits that the file fills. absent: why an input reads 0, by its name; spare
    inputs are not named. unread: fields `ext_*` that no input reads: misspelt, or of another menu.
    """

    origins: tuple[Origin, ...]
    from_file: tuple[str, ...]
    absent: Mapping[str, str]
    unread: tuple[str, ...]


def plan_inputs(menu: Menu, names: Collection[str]) -> InputPlan:
    """Return how the inputs are filled.

    names: fields that are there. A bit that no block answers is taken from its field `ext_<bit name>`, else from the recorded
    words, else it is 0.

    Raises:
        InputError: an input whose encoding does not fit its field.
    """
    origins = [Origin.ABSENT] * menu.n_inputs
    absent: dict[str, str] = {}
    known: set[str] = set()
    for item in menu.inputs:
        wire, _ = wire_of(item), source_bits(item)
        known.update(external_names(item), () if wire is None else (wire.field,))
        for name, position in zip(external_names(item), item.bits, strict=True):
            if wire is not None and wire.field in names:
                origins[position] = Origin.BLOCK
            elif name in names or (RECORDED_INPUTS in names and position < _recorded_bits()):
                origins[position] = Origin.FILE
        if item.driver is not Driver.SPARE and all(origins[position] is Origin.ABSENT for position in item.bits):
            absent[item.name] = _reason(item)
    unread = tuple(name for name in names if name.startswith(EXTERNAL_PREFIX) and name not in known)
    from_file = tuple(name for name, origin in zip(menu.input_names, origins, strict=True) if name and origin is Origin.FILE)
    return InputPlan(origins=tuple(origins), from_file=from_file, absent=absent, unread=unread)


def fill_inputs(menu: Menu, given: Mapping[str, NDArray], n_events: int) -> NDArray[np.bool_]:
    """Return the input bits of a menu, bool (n, n_inputs), as `plan_inputs` says.

    given: decision fields, `ext_*` fields and recorded words, events first.

    Raises:
        InputError: an `ext_*` field that is not one bit per event; an input whose encoding does not fit its field.
    """
    columns = np.zeros((menu.n_inputs, n_events), dtype=bool)
    origins = plan_inputs(menu, given).origins
    for item in menu.inputs:
        sources = source_bits(item) or (None,) * len(item.bits)
        for position, source, name in zip(item.bits, sources, external_names(item), strict=True):
            if origins[position] is Origin.BLOCK and source is not None:
                columns[position] = read_bit(given[source.field], source)
            elif origins[position] is Origin.FILE:
                columns[position] = _flags(name, given[name]) if name in given else read_word(given[RECORDED_INPUTS], position)
    return np.ascontiguousarray(columns.T)


def read_bit(field: NDArray, source: SourceBit) -> NDArray[np.bool_]:
    """Return one bit of a field, bool (n,)."""
    numbers = field if field.ndim == 1 else field[:, source.element]
    return numbers if numbers.dtype == bool else (numbers >> source.bit & 1).astype(bool)


def read_word(words: NDArray[np.uint32], position: int) -> NDArray[np.bool_]:
    """Return the bit at a position of recorded words (n, n_words), bool (n,)."""
    return (words[:, position // WORD_BITS] >> np.uint32(position % WORD_BITS) & np.uint32(1)).astype(bool)


@cache
def external_names(item: InputDeclaration) -> tuple[str, ...]:
    """Return the event-file fields that may fill the bits of an input."""
    return tuple(f"{EXTERNAL_PREFIX}{name}" for name in item.bit_names)


def _recorded_bits() -> int:
    return WORD_BITS * declared()[RECORDED_INPUTS].shape[0]


def _flags(name: str, values: NDArray) -> NDArray[np.bool_]:
    if values.ndim != 1 or values.dtype.kind not in "biu" or bool(((values != 0) & (values != 1)).any()):
        msg = f"field {name}: must be 0 or 1 for each event"
        raise InputError(msg)
    return values.astype(bool)


def _reason(item: InputDeclaration) -> str:
    wire = wire_of(item)
    if wire is not None:
        block = next((block for block, fields in BLOCK_FIELDS.items() if wire.field in {field.name for field in fields}), None)
        return f"not answered by block {block}" if block else f"no field {wire.field}"
    if item.driver in _PASSED:
        return "pass-through, and not in the file"
    return f"{_why_unmodelled(item)}; not in the file"


def source_in_words(item: InputDeclaration) -> str:
    """Return where the bits of an input come from, with what is inferred about it, or why they are passed through.

    Raises:
        InputError: the encoding does not fit the field.
    """
    wire, sources = wire_of(item), source_bits(item)
    if wire is None or sources is None:
        names = ", ".join(external_names(item))
        reason = "" if item.driver in _PASSED or item.driver is Driver.SPARE else f" ({_why_unmodelled(item)})"
        return f"pass-through: {names} of the event file{reason}"
    element = f"[{wire.element}]" if len(item.bits) == 1 and fields()[wire.field].length > 1 else ""
    return f"from {wire.field}{element}" + (f" ({wire.note})" if wire.note else "")


def _why_unmodelled(item: InputDeclaration) -> str:
    return UNMODELLED.get(f"{item.driver.value}_{item.name}", "no block models it")
