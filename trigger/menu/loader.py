"""Menu files: strict TOML to `Menu`, with file and line in every error.

Top-level keys: `name`, `description`, `source`, `base` (a shipped menu or a file that this one extends), `n_inputs`;
tables `[inputs.NAME]` (bits, encoding, driver, definition), `[lines]` (name = "condition"), `[periods.NAME]` (source, and a table
`prescales` with line = N; lines that it does not name keep all). With `base`, a line or input of the same name is replaced and a
new one is added behind; `remove = [lines]` takes lines away; its periods are taken over unless the file has its own. An input on
spare bits of the base takes them.
"""

import difflib
import enum
import re
import tomllib
import warnings
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from trigger.errors import InputError
from trigger.menu.constant import constant_value
from trigger.menu.inputs import Driver, Encoding, InputDeclaration
from trigger.menu.menu import LARGEST_PRESCALE, Line, Menu, Period
from trigger.menu.parser import ConditionError, Names, parse

Choice = TypeVar("Choice", bound=enum.Enum)
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_TWICE = "Cannot overwrite a value"
"""What the TOML reader says of a key that a table has already."""
_TOP_KEYS = {"name", "description", "source", "base", "n_inputs", "inputs", "lines", "periods", "remove"}
_INPUT_KEYS = {"bits", "encoding", "driver", "definition"}
_PERIOD_KEYS = {"source", "prescales"}


class ConstantLineWarning(UserWarning):
    """A line's condition is always true or always false."""


def shipped_menus() -> tuple[str, ...]:
    """Return the names of the menus that come with the package."""
    folder = files("trigger.menu") / "menus"
    return tuple(sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml")))


def load_menu(name_or_path: str | Path) -> Menu:
    """Return a shipped menu by name, or the menu of a TOML file (anything with a suffix or a folder in it).

    Raises:
        InputError: with file, line and reason; a misspelt key or bit comes with the nearest valid name.

    Warns:
        ConstantLineWarning: a condition that is always true or always false for legal inputs.
    """
    return _load(name_or_path, ())


def _load(name_or_path: str | Path, above: tuple[Path, ...]) -> Menu:
    """The menu of a name or a file; above: files of which it is the base, directly or not."""
    text = str(name_or_path)
    if text in shipped_menus():
        content = (files("trigger.menu") / "menus" / f"{text}.toml").read_text(encoding="utf-8")
        return _Reader(f"{text}.toml", content, None, ()).menu()
    path = Path(name_or_path)
    if not path.suffix and path.name == text:
        msg = f"no shipped menu {text!r}; there are {', '.join(shipped_menus())}; a file needs its .toml suffix"
        raise InputError(msg)
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: not a readable menu file: {getattr(error, 'strerror', None) or error}"
        raise InputError(msg) from error
    return _Reader(str(path), content, path.parent, (*above, path.resolve())).menu()


class _Reader:
    """One file: its table and where each key stands in its text. read: this file and those that lead to it."""

    def __init__(self, where: str, content: str, folder: Path | None, read: tuple[Path, ...]) -> None:
        self.where = where
        self.rows = content.splitlines()
        self.folder = folder
        self.read = read
        try:
            self.table: dict[str, Any] = tomllib.loads(content)
        except tomllib.TOMLDecodeError as error:
            raise self._not_toml(str(error)) from error

    def _not_toml(self, reason: str) -> InputError:
        """The error of the TOML reader with the row that it names."""
        place = re.search(r"(.*) \(at line (\d+), column \d+\)", reason)
        if place is None or int(place[2]) > len(self.rows):
            return InputError(f"{self.where}: {reason}")
        said = "given twice" if place[1] == _TWICE else place[1]
        return InputError(f"{self.where}:{place[2]}: {said}: {self.rows[int(place[2]) - 1].strip()}")

    def fail(self, reason: str, *keys: str) -> InputError:
        return InputError(f"{self.where}{self._row(keys)}: {reason}")

    def _row(self, keys: tuple[str, ...]) -> str:
        """ ":N" for the row of a key path, following the [table] headers; "" if it cannot be told."""
        table: tuple[str, ...] = ()
        for number, row in enumerate(self.rows, start=1):
            header = re.match(r"\s*\[([^\[\]]+)\]", row)
            if header:
                table = tuple(part.strip().strip("\"'") for part in header[1].split("."))
                if table == keys:
                    return f":{number}"
                continue
            entry = re.match(r"\s*[\"']?([\w-]+)[\"']?\s*[=.]", row)
            if entry and (*table, entry[1]) == keys[: len(table) + 1]:
                return f":{number}"
        return ""

    def menu(self) -> Menu:
        self._known_keys(self.table, _TOP_KEYS, ())
        base = self._base()
        n_inputs = self._integer(self.table.get("n_inputs", base.n_inputs if base else 0), 1, 320, "n_inputs")
        inputs = self._inputs(base, n_inputs)
        lines = self._lines(base, inputs)
        return Menu(
            name=self._text(self.table.get("name"), "name"),
            description=self._text(self.table.get("description", ""), "description"),
            source=self._text(self.table.get("source", ""), "source"),
            n_inputs=n_inputs,
            inputs=inputs,
            lines=lines,
            periods=self._periods(base, lines),
        )

    def _base(self) -> Menu | None:
        if "base" not in self.table:
            return None
        name = self._text(self.table["base"], "base")
        if name in shipped_menus() or self.folder is None:
            return _load(name, ())
        if (self.folder / name).resolve() in self.read:
            raise self.fail(f"base {name} leads back to itself", "base")
        return _load(self.folder / name, self.read)

    def _inputs(self, base: Menu | None, n_inputs: int) -> tuple[InputDeclaration, ...]:
        found = {item.name: item for item in base.inputs} if base else {}
        new = {name: self._input(name, entry, n_inputs) for name, entry in self._tables("inputs").items()}
        taken = {bit for item in new.values() for bit in item.bits}
        spare = [name for name, item in found.items() if item.driver is Driver.SPARE and taken.intersection(item.bits)]
        for name in spare:
            del found[name]
        found.update(new)
        owner: dict[int, str] = {}
        bit_names: dict[str, str] = {}
        for item in found.values():
            for bit, bit_name in zip(item.bits, item.bit_names, strict=True):
                if bit in owner:
                    raise self.fail(f"input {item.name} uses bit {bit}, which belongs to {owner[bit]}", "inputs", item.name)
                if bit_name in bit_names:
                    raise self.fail(f"{item.name} and {bit_names[bit_name]} share the bit name {bit_name}", "inputs", item.name)
                owner[bit], bit_names[bit_name] = item.name, item.name
        return tuple(found.values())

    def _input(self, name: str, entry: Any, n_inputs: int) -> InputDeclaration:
        keys = ("inputs", name)
        if not isinstance(entry, dict):
            raise self.fail(f"input {name} must be a table", *keys)
        self._known_keys(entry, _INPUT_KEYS, keys)
        if not _NAME.fullmatch(name):
            raise self.fail(f"name of an input must be letters, digits and _, not {name!r}", *keys)
        bits = entry.get("bits")
        if not isinstance(bits, list) or not bits:
            raise self.fail(f"input {name} needs bits = [positions]", *keys)
        try:
            return InputDeclaration(
                name=name,
                bits=tuple(self._integer(bit, 0, n_inputs - 1, f"bit of {name}", *keys) for bit in bits),
                encoding=self._choice(Encoding, entry.get("encoding", "flag"), *keys, "encoding"),
                driver=self._choice(Driver, entry.get("driver", "external"), *keys, "driver"),
                definition=self._text(entry.get("definition", ""), *keys, "definition"),
            )
        except InputError:
            raise
        except ValueError as error:
            raise self.fail(str(error), *keys) from error

    def _lines(self, base: Menu | None, inputs: tuple[InputDeclaration, ...]) -> tuple[Line, ...]:
        names = Names(inputs)
        texts = {line.name: line.text for line in base.lines} if base else {}
        removed = self.table.get("remove", [])
        if not isinstance(removed, list):
            raise self.fail(f"remove must be a list of lines, not {removed!r}", "remove")
        for name in removed:
            if not isinstance(name, str) or name not in texts:
                raise self.fail(f"remove: {base.name if base else 'no base menu'} has no line {name!r}", "remove")
            del texts[name]
        own = self._tables("lines")
        texts.update(own)
        lines = []
        for name, text in texts.items():
            if not isinstance(text, str):
                raise self.fail(f"line {name} must be a condition in quotes, not {text!r}", "lines", name)
            try:
                condition = parse(text, names)
            except ConditionError as error:
                raise self.fail(f"line {name}: {error}", "lines", name) from error
            lines.append(Line(name=name, text=text, condition=condition))
            if name in own:
                self._warn_if_constant(lines[-1], inputs)
        if not lines:
            raise self.fail("a menu needs [lines] with at least one line")
        return tuple(lines)

    def _warn_if_constant(self, line: Line, inputs: tuple[InputDeclaration, ...]) -> None:
        value = constant_value(line.condition, inputs)
        if value is not None:
            msg = f"{self.fail(f'line {line.name} is always {str(value).lower()}: {line.text}', 'lines', line.name)}"
            warnings.warn(msg, ConstantLineWarning, stacklevel=5)

    def _periods(self, base: Menu | None, lines: tuple[Line, ...]) -> tuple[Period, ...]:
        order = [line.name for line in lines]
        result: dict[str, Period] = {}
        own = self._tables("periods")
        if base and not own:
            for period in base.periods:
                known = dict(zip(base.line_names, period.prescales, strict=True))
                values = tuple(known.get(name, 1) for name in order)
                result[period.name] = Period(name=period.name, source=period.source, prescales=values)
        for name, entry in own.items():
            keys = ("periods", name)
            if not isinstance(entry, dict):
                raise self.fail(f"period {name} must be a table", *keys)
            self._known_keys(entry, _PERIOD_KEYS, keys)
            given = entry.get("prescales", {})
            if not isinstance(given, dict):
                raise self.fail(f"prescales must be a table, not {given!r}", *keys, "prescales")
            self._known_keys(given, set(order), (*keys, "prescales"))
            values = tuple(
                self._integer(given.get(line, 1), 0, LARGEST_PRESCALE, f"prescale of {line}", *keys, "prescales", line)
                for line in order
            )
            source = self._text(entry.get("source", ""), *keys, "source")
            result[name] = Period(name=name, source=source, prescales=values)
        return tuple(result.values())

    def _tables(self, key: str) -> dict[str, Any]:
        table = self.table.get(key, {})
        if not isinstance(table, dict):
            raise self.fail(f"{key} must be a table, not {table!r}", key)
        return table

    def _known_keys(self, table: dict[str, Any], known: set[str], keys: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                close = difflib.get_close_matches(key, sorted(known), n=1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                raise self.fail(f"unknown key {key!r}{hint}", *keys, key)

    def _choice(self, choices: type[Choice], value: object, *keys: str) -> Choice:
        spelled = {choice.value: choice for choice in choices}
        if not isinstance(value, str) or value not in spelled:
            raise self.fail(f"{keys[-1]} must be one of {', '.join(spelled)}, not {value!r}", *keys)
        return spelled[value]

    def _integer(self, value: object, low: int, high: int, what: str, *keys: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.fail(f"{what} must be a whole number {low}..{high}, not {value!r}", *(keys or (what,)))
        return value

    def _text(self, value: object, *keys: str) -> str:
        if not isinstance(value, str):
            raise self.fail(f"{keys[-1]} must be text, not {value!r}", *keys)
        return value
