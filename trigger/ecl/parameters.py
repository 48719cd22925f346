"""The 92 ETM parameters as one declared set that a TOML file can change.

Ref: basf2 trg/ecl TRGECLETMParameters.h and data/ETM_Parameters.dat (read in public source).
"""

import csv
import difflib
import enum
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files
from pathlib import Path

from trigger.errors import InputError

ADC_LSB_GEV = Fraction(525, 100_000)
"""Energy of one count: 5.25 MeV. Source: raw-data unpacker and FAM tables of basf2 trg/ecl [DATA]."""


class Unit(enum.Enum):
    """Unit of an ETM parameter."""

    GEV_LAB = "gev_lab"
    GEV_CM = "gev_cm"
    DEG = "deg"
    COUNT = "count"
    THETA_ID = "theta_id"
    MASK = "mask"
    FACTOR = "factor"
    GEV_PER_COUNT = "gev_per_count"


_LARGEST = {
    Unit.GEV_LAB: 10_000,
    Unit.GEV_CM: 10_000,
    Unit.DEG: 720,
    Unit.COUNT: 1_000,
    Unit.THETA_ID: 17,
    Unit.MASK: (1 << 17) - 1,
    Unit.FACTOR: 65_535,
    Unit.GEV_PER_COUNT: 1,
}
"""Door checks, our choice: far above any value that the experiment could use, so that a wrong unit is noticed."""
_INTEGER = frozenset({Unit.COUNT, Unit.THETA_ID, Unit.MASK, Unit.FACTOR})


@dataclass(frozen=True, kw_only=True)
class ParameterDeclaration:
    """One ETM key with its default, unit and use."""

    key: str
    default: Fraction
    unit: Unit
    used_for: str


@cache
def declared_parameters() -> tuple[ParameterDeclaration, ...]:
    """Return the declarations of all 92 keys, in the order of the experiment's list."""
    text = (files("trigger.ecl") / "etm_parameters.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        ParameterDeclaration(key=row["key"], default=Fraction(row["default"]), unit=Unit(row["unit"]), used_for=row["used_for"])
        for row in rows
    )


@cache
def _by_key() -> dict[str, ParameterDeclaration]:
    return {declaration.key: declaration for declaration in declared_parameters()}


def _checked(key: str, value: object, where: str) -> Fraction:
    declaration = _by_key().get(key)
    if declaration is None:
        close = difflib.get_close_matches(key, _by_key(), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        msg = f"{where}: unknown ETM parameter {key!r}{hint}"
        raise InputError(msg)
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal | Fraction):
        msg = f"{where}: {key} must be a number, not {value!r}"
        raise InputError(msg)
    try:
        number = Fraction(str(value)) if isinstance(value, float | Decimal) else Fraction(value)
    except (ValueError, ZeroDivisionError):
        msg = f"{where}: {key} must be a finite number, not {value!r}"
        raise InputError(msg) from None
    largest = _LARGEST[declaration.unit]
    if not 0 <= number <= largest:
        msg = f"{where}: {key} must be 0..{largest} ({declaration.unit.value}), not {value}"
        raise InputError(msg)
    if declaration.unit in _INTEGER and number.denominator != 1:
        msg = f"{where}: {key} must be an integer ({declaration.unit.value}), not {value}"
        raise InputError(msg)
    return number


@dataclass(frozen=True, kw_only=True)
class EclParameters:
    """Values of all 92 ETM keys as exact rationals, equal by value.

    `EclParameters.default()` is the experiment's list; `replace` and `from_toml` change single keys. A float is read as the
    decimal number that it prints as, so 0.4 means 4/10. `parameters["hie"]` returns a `Fraction`.

    Raises:
        InputError: unknown key (with the nearest one), not a number, out of range, not an integer where one is needed.
    """

    items: tuple[tuple[str, Fraction], ...]

    def __post_init__(self) -> None:
        expected = [declaration.key for declaration in declared_parameters()]
        if [key for key, _ in self.items] != expected:
            msg = f"items must hold the {len(expected)} ETM keys in declared order"
            raise ValueError(msg)
        for key, value in self.items:
            _checked(key, value, "EclParameters")

    @classmethod
    def default(cls) -> "EclParameters":
        """Return the experiment's values."""
        return cls(items=tuple((d.key, d.default) for d in declared_parameters()))

    @classmethod
    def from_mapping(cls, changes: Mapping[str, object], where: str = "EclParameters") -> "EclParameters":
        """Return the defaults with `changes` applied; `where` names the source in errors."""
        new = {key: _checked(key, value, where) for key, value in changes.items()}
        return cls(items=tuple((key, new.get(key, value)) for key, value in cls.default().items))

    @classmethod
    def from_toml(cls, path: str | Path) -> "EclParameters":
        """Return the defaults with the keys of a TOML file (`key = value` at top level) applied."""
        try:
            text = Path(path).read_text(encoding="utf-8")
            table = tomllib.loads(text, parse_float=Decimal)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            msg = f"{path}: not a readable TOML file: {error}"
            raise InputError(msg) from error
        return cls.from_mapping(table, where=str(path))

    def replace(self, **changes: object) -> "EclParameters":
        """Return a copy with some keys changed."""
        new = {key: _checked(key, value, "replace") for key, value in changes.items()}
        return EclParameters(items=tuple((key, new.get(key, value)) for key, value in self.items))

    def __getitem__(self, key: str) -> Fraction:
        for name, value in self.items:
            if name == key:
                return value
        msg = f"unknown ETM parameter {key!r}"
        raise KeyError(msg)

    def __iter__(self) -> Iterator[str]:
        return iter(key for key, _ in self.items)

    def changed(self) -> dict[str, Fraction]:
        """Return the keys that differ from the experiment's values."""
        default = dict(self.default().items)
        return {key: value for key, value in self.items if value != default[key]}
