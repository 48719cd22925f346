"""FTDL files of the experiment to a menu file: input list, algorithm, output list, prescales.

Ref: basf2 trg/gdl/dbobjects/log/ftd_0036.inp, .alg, .oup (read in public source). Lists have one row "position name" per bit, in
order. The algorithm has one row per output: products joined by `+`, the factors of a product by blanks or `*`, each factor an input
position, with `!` before it for the complement. The table of prescales has no public text form: one row "line prescale" for
every line is assumed. Anything else is refused with file and row.
"""

import difflib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from trigger.errors import InputError
from trigger.menu.inputs import Driver, Encoding, InputDeclaration
from trigger.menu.menu import LARGEST_PRESCALE, Menu

_INPUT_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_LINE_NAME = re.compile(r"[\w-]+", re.ASCII)
_FACTOR = re.compile(r"(!?)(\w+)", re.ASCII)
PASS_THROUGH = "not modelled here: taken from the event file, 0 where it has no such bit"
PERIOD = "imported"


@dataclass(frozen=True, kw_only=True)
class FtdlFiles:
    """The files of one FTDL version; without prescales every line passes."""

    inputs: Path
    algorithm: Path
    outputs: Path
    prescales: Path | None = None


def import_menu(files: FtdlFiles, name: str, known: Menu) -> str:
    """Return the TOML text of a menu with these inputs, lines and prescales, in the order of the files.

    Bits that `known` declares under the same names keep its encodings, drivers and definitions; all others become flags that are
    passed through. Conditions are the sums of products, spelt with the names of the bits.

    Raises:
        InputError: a file that cannot be read, a row that is not in the format, a position or name twice or unknown, more or fewer
            rows than outputs, an empty algorithm (which the experiment's evaluator takes as always true), a prescale beyond the
            counter.
    """
    inputs = _names(files.inputs, _INPUT_NAME)
    outputs = _names(files.outputs, _LINE_NAME)
    rows = _rows(files.algorithm)
    if len(rows) != len(outputs):
        raise InputError(f"{files.algorithm}: must have a row for each of the {len(outputs)} outputs, not {len(rows)}")
    lines = [(line, _condition(files.algorithm, number, row, inputs)) for line, (number, row) in zip(outputs, rows, strict=True)]
    source = ", ".join(path.name for path in (files.inputs, files.algorithm, files.outputs, files.prescales) if path)
    parts = [
        f"name = {_text(name)}",
        f"description = {_text(f'imported FTDL menu: {len(outputs)} lines')}",
        f"source = {_text(f'files {source}')}",
        f"n_inputs = {len(inputs)}",
        *(_input_table(declaration) for declaration in _declarations(inputs, known)),
        "\n[lines]",
        *(f"{line} = {_text(condition)}" for line, condition in lines),
    ]
    if files.prescales:
        values = _prescales(files.prescales, outputs)
        parts += [f"\n[periods.{PERIOD}]", f"source = {_text(f'file {files.prescales.name}')}", f"\n[periods.{PERIOD}.prescales]"]
        parts += [f"{line} = {values[line]}" for line in outputs]
    return "\n".join(parts) + "\n"


def _rows(path: Path) -> list[tuple[int, str]]:
    """Rows with their numbers from 1; blank ones at the end are dropped."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a readable text file: {getattr(error, 'strerror', None) or error}") from error
    return list(enumerate(text.rstrip().split("\n"), start=1))


def _names(path: Path, allowed: re.Pattern[str]) -> list[str]:
    """Names of a list, by position."""
    names: list[str] = []
    for number, row in _rows(path):
        position, _, name = row.strip().partition(" ")
        name = name.strip()
        if position != str(len(names)) or not allowed.fullmatch(name):
            raise InputError(f"{path}:{number}: must be '{len(names)} NAME', not {row.strip()!r}")
        if name in names:
            raise InputError(f"{path}:{number}: {name} is at position {names.index(name)} already")
        names.append(name)
    return names


def _condition(path: Path, number: int, row: str, inputs: list[str]) -> str:
    """One row of the algorithm in the language of menu files."""
    if not row.strip():
        raise InputError(f"{path}:{number}: empty: a line without products would be always true")
    products = []
    for product in row.split("+"):
        factors = product.replace("*", " ").split()
        if not factors:
            raise InputError(f"{path}:{number}: a product without factors in {row.strip()!r}")
        products.append(" & ".join(_factor(path, number, factor, inputs) for factor in factors))
    return " | ".join(products)


def _factor(path: Path, number: int, factor: str, inputs: list[str]) -> str:
    match = _FACTOR.fullmatch(factor)
    if match is None or not match[2].isdigit():
        raise InputError(f"{path}:{number}: a factor must be an input position, with ! for its complement, not {factor!r}")
    if int(match[2]) >= len(inputs):
        raise InputError(f"{path}:{number}: input {match[2]} does not exist; the list ends at {len(inputs) - 1}")
    return match[1] + inputs[int(match[2])]


def _prescales(path: Path, outputs: list[str]) -> dict[str, int]:
    values: dict[str, int] = {}
    for number, row in _rows(path):
        parts = row.split()
        if len(parts) != 2 or not parts[1].isdecimal():
            raise InputError(f"{path}:{number}: must be 'LINE PRESCALE', not {row.strip()!r}")
        line, value = parts[0], int(parts[1])
        if line not in outputs:
            close = difflib.get_close_matches(line, outputs, n=1)
            raise InputError(f"{path}:{number}: unknown line {line!r}" + (f"; did you mean {close[0]!r}?" if close else ""))
        if line in values:
            raise InputError(f"{path}:{number}: {line} has a prescale already")
        if value > LARGEST_PRESCALE:
            raise InputError(f"{path}:{number}: prescale of {line} must be 0..{LARGEST_PRESCALE}, not {value}")
        values[line] = value
    missing = [line for line in outputs if line not in values]
    if missing:
        raise InputError(f"{path}: no prescale for {', '.join(missing[:5])}; every one of the {len(outputs)} lines needs one")
    return values


def _declarations(inputs: list[str], known: Menu) -> list[InputDeclaration]:
    """Declarations of all bits, by first position."""
    place = {name: position for position, name in enumerate(inputs)}
    found = [
        InputDeclaration(
            name=item.name,
            bits=tuple(place[name] for name in item.bit_names),
            encoding=item.encoding,
            driver=item.driver,
            definition=item.definition,
        )
        for item in known.inputs
        if all(name in place for name in item.bit_names)
    ]
    taken = {bit for item in found for bit in item.bits}
    found += [
        InputDeclaration(name=name, bits=(position,), encoding=Encoding.FLAG, driver=Driver.EXTERNAL, definition=PASS_THROUGH)
        for name, position in place.items()
        if position not in taken
    ]
    return sorted(found, key=lambda item: item.bits)


def _input_table(item: InputDeclaration) -> str:
    return (
        f"\n[inputs.{item.name}]\nbits = {list(item.bits)}\nencoding = {_text(item.encoding.value)}\n"
        f"driver = {_text(item.driver.value)}\ndefinition = {_text(item.definition)}"
    )


def _text(value: str) -> str:
    """A TOML string."""
    return json.dumps(value)
