"""A trigger menu: typed inputs, lines as conditions, prescales per period; loaded from TOML, evaluated with numpy.

Ref: basf2 trg/gdl ftd_0036 and TRGGDL (read in public source): input bits -> FTDL (lines) -> PSNM (prescale and mask) -> L1 = OR.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trigger.digest import digest
from trigger.menu.condition import Condition, evaluate
from trigger.menu.inputs import InputDeclaration

PRESCALE_BITS = 24
"""Width of a prescale counter. Our choice: the largest recorded prescale is 160,000; the firmware's width is `unverified`."""
LARGEST_PRESCALE = (1 << PRESCALE_BITS) - 1
_CHUNK = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Line:
    """One output line: its name, the text of its condition and what the text means."""

    name: str
    text: str
    condition: Condition


@dataclass(frozen=True, kw_only=True)
class Period:
    """Prescales of one run period in line order: 0 masks the line, 1 keeps all, N keeps one in N."""

    name: str
    source: str
    prescales: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Menu:
    """Inputs and lines of one menu; positions in `inputs` count from 0 to `n_inputs` - 1, lines keep their order."""

    name: str
    description: str
    source: str
    n_inputs: int
    inputs: tuple[InputDeclaration, ...]
    lines: tuple[Line, ...]
    periods: tuple[Period, ...]

    @cached_property
    def line_names(self) -> tuple[str, ...]:
        """Names of the lines, in order."""
        return tuple(line.name for line in self.lines)

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the single input bits by position; "" where no input is declared."""
        names = [""] * self.n_inputs
        for declaration in self.inputs:
            for position, name in zip(declaration.bits, declaration.bit_names, strict=True):
                names[position] = name
        return tuple(names)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that decides: inputs, conditions, prescales (not the texts around them)."""
        lines = [(line.name, line.condition) for line in self.lines]
        inputs = [(item.name, item.bits, item.encoding) for item in self.inputs]
        return digest(self.n_inputs, inputs, lines, self.periods)

    def line(self, name: str) -> Line:
        """Return the line called `name`; KeyError if there is none."""
        for line in self.lines:
            if line.name == name:
                return line
        msg = f"menu {self.name} has no line {name!r}"
        raise KeyError(msg)

    def period(self, name: str) -> Period:
        """Return the period called `name`; KeyError if there is none."""
        for period in self.periods:
            if period.name == name:
                return period
        msg = f"menu {self.name} has no period {name!r}; it has {', '.join(p.name for p in self.periods) or 'none'}"
        raise KeyError(msg)

    def evaluate(self, input_bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the lines before prescale (FTDL), bool (n, n_lines), of input bits, bool (n, n_inputs).

        Raises:
            TypeError: `input_bits` is not bool.
            ValueError: not two-dimensional with n_inputs columns.
        """
        bits = np.asarray(input_bits)
        if bits.dtype != bool:
            msg = f"input_bits must be bool, not {bits.dtype}"
            raise TypeError(msg)
        if bits.ndim != 2 or bits.shape[1] != self.n_inputs:
            msg = f"input_bits must have shape (n, {self.n_inputs}) for menu {self.name}, not {bits.shape}"
            raise ValueError(msg)
        conditions = tuple(line.condition for line in self.lines)
        result = np.empty((len(bits), len(conditions)), dtype=bool)
        for first in range(0, len(bits), _CHUNK):
            columns = np.ascontiguousarray(bits[first : first + _CHUNK].T)
            result[first : first + _CHUNK] = evaluate(conditions, columns).T
        return result
