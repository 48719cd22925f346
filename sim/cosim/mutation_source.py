"""Mutants of Python source: one small fault each, made in the syntax tree and put back into the text.

Only what functions do is changed: constants of modules and classes are declarations, which the RTL reads as well. Left as they are:
annotations, texts, decorators, `raise`, what only guards a `raise`, and `__post_init__` (checks of what a user gives).
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What is wrong; where a kind has a counterpart among the faults of a netlist (`hdl.mutation`), it has the same name."""

    COMPARISON = "comparison"
    CONSTANT = "constant"
    OFF_BY_ONE = "off by one"
    STUCK_BIT = "stuck bit"
    """A condition is always true or always false."""
    SWAPPED_OPERAND = "swapped operand"
    OPERATOR = "operator"
    """Another operator or function of the same arguments."""
    REGISTER_DROPPED = "register dropped"
    """A value is not stored."""


@dataclass(frozen=True, kw_only=True)
class SourceFault:
    """One fault. line: from 1. says: old and new text. start, end: place in the text, characters. new: what stands there."""

    kind: Kind
    line: int
    says: str
    start: int
    end: int
    new: str

    def applied(self, text: str) -> str:
        """The text with the fault."""
        return text[: self.start] + self.new + text[self.end :]


_COMPARED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
_ORDERED_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_ORDERED = (ast.Sub, ast.FloorDiv, ast.Mod, ast.LShift, ast.RShift, ast.Div, ast.Pow, ast.MatMult)
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.Div: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
    ast.Pow: ast.Mult,
}  # fmt: skip
_FUNCTIONS = {"min": "max", "minimum": "maximum", "any": "all", "argmin": "argmax", "first": "last"}
_FUNCTIONS |= {other: one for one, other in _FUNCTIONS.items()}
_SHOWN = 60


def source_faults(text: str) -> list[SourceFault]:
    """Every fault of a module's source, in the order of the text."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def place(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    found = []
    for node in (node for function in _functions(ast.parse(text)) for node in _nodes(function)):
        for kind, new in _mutations(node):
            start, end = place(node.lineno, node.col_offset), place(node.end_lineno or 0, node.end_col_offset or 0)
            written = new if isinstance(new, str) else f"({ast.unparse(new)})"
            says = f"{_short(text[start:end])} -> {_short(written)}"
            found.append(SourceFault(kind=kind, line=node.lineno, says=says, start=start, end=end, new=written))
    return sorted(found, key=lambda fault: (fault.start, fault.end, fault.new))


def _functions(root: ast.AST) -> Iterator[ast.AST]:
    """Functions of a module and methods of its classes, not those inside others."""
    for child in ast.iter_child_nodes(root):
        if isinstance(child, ast.FunctionDef) and child.name != "__post_init__":
            yield child
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child)


def _nodes(root: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """Expressions and statements that may be changed."""
    for name, value in ast.iter_fields(root):
        if name in ("annotation", "args", "returns", "decorator_list") and not isinstance(root, ast.Call):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(
                child, ast.Raise | ast.Assert | ast.JoinedStr | ast.Import | ast.ImportFrom
            ):
                continue
            if isinstance(child, ast.If) and any(isinstance(each, ast.Raise) for each in child.body):
                yield from (node for part in child.orelse for node in _with(part))
                continue
            yield from _with(child)


def _with(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    if isinstance(node, ast.expr | ast.stmt):
        yield node
    yield from _nodes(node)


def _mutations(node: ast.expr | ast.stmt) -> Iterator[tuple[Kind, ast.AST | str]]:
    match node:
        case ast.Compare(ops=[operator], left=left, comparators=[right]) if type(operator) in _COMPARED:
            other = _COMPARED[type(operator)]()
            yield Kind.COMPARISON, ast.Compare(left=left, ops=[other], comparators=[right])
            if isinstance(operator, _ORDERED_COMPARISONS):
                yield Kind.SWAPPED_OPERAND, ast.Compare(left=right, ops=[operator], comparators=[left])
        case ast.BinOp(op=operator, left=left, right=right):
            if type(operator) in _OPERATORS:
                yield Kind.OPERATOR, ast.BinOp(left=left, op=_OPERATORS[type(operator)](), right=right)
            if isinstance(operator, _ORDERED):
                yield Kind.SWAPPED_OPERAND, ast.BinOp(left=right, op=operator, right=left)
        case ast.BoolOp(op=operator, values=values):
            yield Kind.OPERATOR, ast.BoolOp(op=ast.Or() if isinstance(operator, ast.And) else ast.And(), values=values)
        case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
            yield Kind.OPERATOR, operand
        case ast.Constant(value=bool(value)):
            yield Kind.CONSTANT, str(not value)
        case ast.Constant(value=int(value)):
            yield Kind.OFF_BY_ONE, f"({value + 1})"
            yield Kind.OFF_BY_ONE, f"({value - 1})"
            yield Kind.CONSTANT, f"({value ^ 2})"
        case ast.IfExp(body=body, orelse=orelse):
            yield Kind.STUCK_BIT, body
            yield Kind.STUCK_BIT, orelse
        case ast.If(test=test):
            for value in (True, False):
                changed = copy.copy(node)
                changed.test = ast.copy_location(ast.Constant(value=value), test)
                yield Kind.STUCK_BIT, _indented(changed)
        case ast.AugAssign() | ast.Assign(targets=[ast.Subscript()]):
            yield Kind.REGISTER_DROPPED, "pass"
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name) as function) if name in _FUNCTIONS:
            changed_call = copy.deepcopy(node)
            replaced = changed_call.func
            if isinstance(replaced, ast.Attribute):
                replaced.attr = _FUNCTIONS[name]
            elif isinstance(function, ast.Name):
                changed_call.func = ast.Name(id=_FUNCTIONS[name], ctx=ast.Load())
            yield Kind.OPERATOR, changed_call


def _indented(statement: ast.stmt) -> str:
    """A statement as it stands in the text behind its own indentation."""
    return ast.unparse(statement).replace("\n", "\n" + " " * statement.col_offset)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[:_SHOWN] + "..."
