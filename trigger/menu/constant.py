"""Is a condition always true or always false? Exact, by a reduced ordered decision diagram over legal input patterns."""

from collections.abc import Iterable

from trigger.menu.condition import And, Bit, Condition, Constant, Not, Or, all_of, any_of, positions
from trigger.menu.inputs import Encoding, InputDeclaration


class Diagram:
    """Reduced ordered binary decision diagram: equal functions have equal node numbers; 0 is false, 1 is true."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[int, int, int], int] = {}
        self._triples: list[tuple[int, int, int]] = [(1 << 30, 0, 0), (1 << 30, 1, 1)]
        self._known: dict[tuple[int, int, int], int] = {}

    def node(self, condition: Condition) -> int:
        """Return the node of a condition."""
        match condition:
            case Constant(value):
                return int(value)
            case Bit(position):
                return self._make(position, 0, 1)
            case Not(operand):
                return self._if(self.node(operand), 0, 1)
            case And(operands):
                result = 1
                for operand in operands:
                    result = self._if(result, self.node(operand), 0)
                return result
            case Or(operands):
                result = 0
                for operand in operands:
                    result = self._if(result, 1, self.node(operand))
                return result

    def _make(self, position: int, low: int, high: int) -> int:
        if low == high:
            return low
        key = (position, low, high)
        if key not in self._nodes:
            self._nodes[key] = len(self._triples)
            self._triples.append(key)
        return self._nodes[key]

    def _if(self, test: int, then: int, otherwise: int) -> int:
        if test < 2:
            return then if test else otherwise
        key = (test, then, otherwise)
        if key not in self._known:
            position = min(self._triples[node][0] for node in key)
            halves = [
                self._if(*(self._triples[node][1 + side] if self._triples[node][0] == position else node for node in key))
                for side in (0, 1)
            ]
            self._known[key] = self._make(position, *halves)
        return self._known[key]


def legal(inputs: Iterable[InputDeclaration], used: frozenset[int]) -> Condition:
    """Return the condition that no one-hot count with a bit in `used` shows more than one bit."""
    rules: list[Condition] = []
    for declaration in inputs:
        if declaration.encoding is Encoding.ONE_HOT and used.intersection(declaration.bits):
            bits = [Bit(position) for position in declaration.bits]
            rules += [Not(And((one, other))) for place, one in enumerate(bits) for other in bits[:place]]
    return all_of(tuple(rules))


def constant_value(condition: Condition, inputs: Iterable[InputDeclaration]) -> bool | None:
    """Return True or False if the condition has that value for every legal input pattern, else None."""
    rules = legal(inputs, positions(condition))
    diagram = Diagram()
    if diagram.node(all_of((rules, condition))) == 0:
        return False
    if diagram.node(any_of((Not(rules), condition))) == 1:
        return True
    return None
