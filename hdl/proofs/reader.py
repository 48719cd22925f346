"""Conditions of menu lines read a second way, for proofs: Python's own grammar instead of the menu's parser.

A count is one number: `x >= n` on a one-hot count says that its bits from the n-th on are not all 0, `x == n` is its n-th bit; a
binary count is compared as it is. Published tables spell a line as a sum of products of input positions.
"""

import ast
import re
from collections.abc import Iterable

from amaranth.hdl import Cat, Const, Value

from trigger.menu import Encoding, InputDeclaration, Menu

_WORDS = ((r"&", " and "), (r"\|", " or "), (r"!(?!=)", " not "))
"""Operators of conditions and Python's: they bind in the same order."""


def read_condition(text: str, menu: Menu, bits: Value) -> Value:
    """The one-bit value of a condition over the input bits of its menu."""
    for pattern, word in _WORDS:
        text = re.sub(pattern, word, text)
    inputs = {declaration.name: declaration for declaration in menu.inputs}
    positions = {name: position for position, name in enumerate(menu.input_names)}

    def value(node: ast.expr) -> Value:
        match node:
            case ast.BoolOp(op=operator, values=operands):
                some = sum((value(one) for one in operands), Const(0))
                return some == len(operands) if isinstance(operator, ast.And) else some > 0
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return value(operand) == 0
            case ast.Compare(left=ast.Name(id=name), ops=[operator], comparators=[ast.Constant(value=int(number))]):
                return _compare(inputs[name], operator, number, bits)
            case ast.Name(id=name):
                return bits[positions[name]]
        msg = f"condition must be made of names, comparisons, &, | and !, not {ast.dump(node)}"
        raise ValueError(msg)

    return value(ast.parse(text.strip(), mode="eval").body)


def _compare(count: InputDeclaration, operator: ast.cmpop, number: int, bits: Value) -> Value:
    own = Cat(bits[position] for position in count.bits)
    match operator:
        case ast.NotEq() | ast.Lt() | ast.LtE():
            opposite = {ast.NotEq: ast.Eq, ast.Lt: ast.GtE, ast.LtE: ast.Gt}[type(operator)]
            return _compare(count, opposite(), number, bits) == 0
        case ast.Gt():
            return _compare(count, ast.GtE(), number + 1, bits)
    exact = isinstance(operator, ast.Eq)
    if count.encoding is Encoding.BINARY:
        return own == number if exact else own >= number
    if number == 0:
        return own == 0 if exact else Const(1)
    return own[number - 1] if exact else own >= 1 << (number - 1)


def read_products(terms: str, bits: Value) -> Value:
    """The one-bit value of a published sum of products: `10 !105 + 11 !105`."""
    return Cat(_product(term.split(), bits) for term in terms.split("+")) != 0


def _product(factors: Iterable[str], bits: Value) -> Value:
    wanted = {int(factor.lstrip("!")): not factor.startswith("!") for factor in factors}
    mask = sum(1 << position for position in wanted)
    pattern = sum(1 << position for position, is_set in wanted.items() if is_set)
    return (bits & mask) == pattern
