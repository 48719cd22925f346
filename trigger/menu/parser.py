"""Text of a condition to its tree: `t2 >= 2 & cdc_open90 & !bha_veto & !veto`.

Grammar: `|` binds weakest, then `&`, then `!`; parentheses; a name is a flag, a single bit of a count, or a count that is compared
with a number by >= > == != < <=. Nothing else is accepted.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from trigger.menu.condition import Bit, Condition, Not, all_of, any_of, at_least, equal_to
from trigger.menu.inputs import Encoding, InputDeclaration

_TOKEN = re.compile(r"\s*(?:(?P<name>[A-Za-z_]\w*)|(?P<number>\d+)|(?P<operator>>=|<=|==|!=|[<>&|!()]))")
_MAX_DEPTH = 50
"""Brackets and ! inside each other. Our choice: far more than a person writes, far less than Python's stack."""
_MAX_DIGITS = 9
_COMPARISONS = (">=", "<=", "==", "!=", ">", "<")


class ConditionError(ValueError):
    """A condition that cannot be read: the message says what and at which column (from 1)."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    column: int


class Names:
    """What a condition may name: the inputs, and the single bits of counts."""

    def __init__(self, inputs: Iterable[InputDeclaration]) -> None:
        self.inputs = {declaration.name: declaration for declaration in inputs}
        self.bits: dict[str, int] = {}
        for declaration in self.inputs.values():
            self.bits.update(zip(declaration.bit_names, declaration.bits, strict=True))

    def nearest(self, name: str) -> str:
        """Return ", did you mean X?" for the nearest valid name, or nothing."""
        close = difflib.get_close_matches(name, [*self.inputs, *self.bits], n=1)
        return f"; did you mean {close[0]!r}?" if close else ""


def parse(text: str, names: Names) -> Condition:
    """Return the tree of `text`.

    Raises:
        ConditionError: unknown name (with the nearest valid one), a count that is not compared, a flag that is, a number beyond the
            count's range, an exact comparison with an "or more" value, any other text.
    """
    return _Parser(_tokens(text), names).whole()


def _tokens(text: str) -> list[_Token]:
    tokens = []
    place = 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            column = place + len(text[place:]) - len(text[place:].lstrip()) + 1
            msg = f"column {column}: {text[column - 1]!r} is no part of a condition"
            raise ConditionError(msg)
        tokens.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1))
        place = match.end()
    return [*tokens, _Token("end", "end of condition", len(text) + 1)]


class _Parser:
    def __init__(self, tokens: list[_Token], names: Names) -> None:
        self.tokens = tokens
        self.names = names
        self.place = 0
        self.depth = 0

    def whole(self) -> Condition:
        condition = self.disjunction()
        if self.next.kind != "end":
            self.fail(f"expected & or |, not {self.next.text!r}")
        return condition

    @property
    def next(self) -> _Token:
        return self.tokens[self.place]

    def take(self) -> _Token:
        token = self.next
        self.place += 1
        return token

    def fail(self, reason: str, token: _Token | None = None) -> None:
        msg = f"column {(token or self.next).column}: {reason}"
        raise ConditionError(msg)

    def disjunction(self) -> Condition:
        operands = [self.conjunction()]
        while self.next.text == "|":
            self.take()
            operands.append(self.conjunction())
        return any_of(tuple(operands))

    def conjunction(self) -> Condition:
        operands = [self.factor()]
        while self.next.text == "&":
            self.take()
            operands.append(self.factor())
        return all_of(tuple(operands))

    def factor(self) -> Condition:
        token = self.take()
        if token.text in ("!", "("):
            return self.nested(token)
        if token.kind != "name":
            self.fail(f"expected a name, ! or (, not {token.text!r}", token)
        return self.comparison(token) if self.next.text in _COMPARISONS else self.flag(token)

    def nested(self, token: _Token) -> Condition:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self.fail(f"more than {_MAX_DEPTH} brackets and ! inside each other", token)
        inner = Not(self.factor()) if token.text == "!" else self.disjunction()
        if token.text == "(" and self.take().text != ")":
            self.fail("expected )", self.tokens[self.place - 1])
        self.depth -= 1
        return inner

    def flag(self, token: _Token) -> Condition:
        position = self.names.bits.get(token.text)
        if position is not None:
            return Bit(position)
        if token.text in self.names.inputs:
            self.fail(f"{token.text} is a count: compare it with a number", token)
        self.fail(f"unknown bit {token.text!r}{self.names.nearest(token.text)}", token)
        raise AssertionError

    def comparison(self, token: _Token) -> Condition:
        operator, number = self.take().text, self.take()
        if number.kind != "number":
            self.fail(f"expected a number, not {number.text!r}", number)
        count = self.names.inputs.get(token.text)
        if count is None and token.text not in self.names.bits:
            self.fail(f"unknown count {token.text!r}{self.names.nearest(token.text)}", token)
        if count is None or count.encoding is Encoding.FLAG:
            self.fail(f"{token.text} is a single bit: it cannot be compared with a number", token)
            raise AssertionError
        if len(number.text) > _MAX_DIGITS:
            self.fail(f"{count.name} reaches {count.largest}, not a number of {len(number.text)} digits", number)
        return self.compare(count, operator, int(number.text), number)

    def compare(self, count: InputDeclaration, operator: str, value: int, token: _Token) -> Condition:
        if value > count.largest:
            self.fail(f"{count.name} reaches {count.largest}, not {value}", token)
        open_end = count.encoding is Encoding.ONE_HOT and value == count.largest
        if open_end and operator in ("==", "!=", ">", "<="):
            self.fail(f"{count.name} tells {value} from more only as {count.name} >= {value}", token)
        if operator in ("==", "!="):
            condition = equal_to(count, value)
            return condition if operator == "==" else Not(condition)
        first = value if operator in (">=", "<") else value + 1
        condition = at_least(count, first)
        return condition if operator in (">=", ">") else Not(condition)
