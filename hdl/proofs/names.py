"""Names for signals that stand in one row, `a, b = Signal(), Signal()`: Amaranth names those of single assignments only.

Proofs link what they keep to registers by name; the components stay as they are.
"""

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType

from amaranth import tracer

Place = tuple[int | None, int | None, int | None, int | None]
"""First and last line, first and last column of an expression."""


@contextmanager
def names_in_rows() -> Iterator[None]:
    """Within, signals in a row are named after the variables that they are assigned to."""
    own = tracer.get_var_name

    def name_of(depth: int = 2, default: object = tracer._raise_exception) -> object:
        found = own(depth + 1, default)
        return _variable(sys._getframe(depth)) or found if found is default else found

    tracer.get_var_name = name_of
    try:
        yield
    finally:
        tracer.get_var_name = own


def _variable(frame: FrameType) -> str | None:
    """Variable that the call which a frame is in is assigned to, as one of a row."""
    places = list(frame.f_code.co_positions())
    return _rows(frame.f_code.co_filename).get(places[frame.f_lasti // 2])


@cache
def _rows(path: str) -> dict[Place, str]:
    """Variables of the rows in a source file, by the place of what is assigned."""
    named: dict[Place, str] = {}
    for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=variables)], value=ast.Tuple(elts=values)):
                for variable, value in zip(variables, values, strict=True):
                    if isinstance(variable, ast.Name):
                        named[value.lineno, value.end_lineno, value.col_offset, value.end_col_offset] = variable.id
    return named
