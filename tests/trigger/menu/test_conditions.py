"""Condition text: meaning of every comparison on every bit pattern, and one clear error for everything else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trigger.menu.condition import And, Bit, Condition, Constant, Not, Or, at_least, equal_to, evaluate, positions
from trigger.menu.constant import constant_value
from trigger.menu.inputs import Driver, Encoding, InputDeclaration
from trigger.menu.parser import ConditionError, Names, parse


def declare(name: str, bits: tuple[int, ...], encoding: Encoding) -> InputDeclaration:
    return InputDeclaration(name=name, bits=bits, encoding=encoding, driver=Driver.SPARE, definition="")


INPUTS = (
    declare("t2", (0, 1, 2, 3), Encoding.ONE_HOT),
    declare("clst", (4, 5, 6), Encoding.BINARY),
    declare("veto", (7,), Encoding.FLAG),
)
NAMES = Names(INPUTS)
ALL = ((np.arange(256)[None, :] >> np.arange(8)[:, None]) & 1).astype(bool)
ONE_HOT_VALUE = np.array([{0: 0, 1: 1, 2: 2, 4: 3, 8: 4}.get(k % 16, -1) for k in range(256)])
BINARY_VALUE = (np.arange(256) >> 4) % 8


def run(text: str) -> np.ndarray:
    return evaluate((parse(text, NAMES),), ALL)[0]


@pytest.mark.parametrize("operator", [">=", ">", "<", "<=", "==", "!="])
@pytest.mark.parametrize("value", range(8))
def test_binary_counts_compare_as_numbers(operator: str, value: int) -> None:
    np.testing.assert_array_equal(run(f"clst {operator} {value}"), eval(f"BINARY_VALUE {operator} {value}"))


@pytest.mark.parametrize(
    ("operator", "value"),
    [(">=", v) for v in range(5)] + [("<", v) for v in range(5)] + [(o, v) for o in (">", "<=", "==", "!=") for v in range(4)],
)
def test_one_hot_counts_on_legal_patterns(operator: str, value: int) -> None:
    legal = ONE_HOT_VALUE >= 0
    expected = eval(f"ONE_HOT_VALUE {operator} {value}")
    np.testing.assert_array_equal(run(f"t2 {operator} {value}")[legal], expected[legal])


def test_one_hot_on_illegal_patterns_is_the_or_of_bits() -> None:
    np.testing.assert_array_equal(run("t2 >= 3"), ALL[2] | ALL[3])
    np.testing.assert_array_equal(run("t2 == 2"), ALL[1])
    np.testing.assert_array_equal(run("t2_1"), ALL[1])


def test_precedence_and_brackets() -> None:
    np.testing.assert_array_equal(run("t2_0 | t2_1 & !veto"), ALL[0] | (ALL[1] & ~ALL[7]))
    np.testing.assert_array_equal(run("(t2_0 | t2_1) & !veto"), (ALL[0] | ALL[1]) & ~ALL[7])
    np.testing.assert_array_equal(run("!(t2_0 | !!veto)"), ~(ALL[0] | ALL[7]))
    np.testing.assert_array_equal(run("t2>=2&clst==1"), (ALL[1] | ALL[2] | ALL[3]) & (BINARY_VALUE == 1))


@pytest.mark.parametrize("value", [8, 9, 16])
def test_a_binary_count_never_reaches_more_than_its_bits_hold(value: int) -> None:
    """Three bits: 7 is the largest. 8 must not be taken for 0, nor 9 for 1."""
    assert equal_to(INPUTS[1], value) == Constant(False)
    assert at_least(INPUTS[1], value) == Constant(False)


def test_fifty_levels_of_brackets_and_not() -> None:
    np.testing.assert_array_equal(run("(" * 50 + "veto" + ")" * 50), ALL[7])
    np.testing.assert_array_equal(run("!(" * 25 + "veto" + ")" * 25), ~ALL[7])
    for before, column in (("!" * 51, 51), ("(" * 51, 51), ("veto & " + "!(" * 26, 58)):
        with pytest.raises(ConditionError, match=f"^column {column}: more than 50 brackets and ! inside each other$"):
            parse(before + "veto", NAMES)


def test_brackets_beside_each_other_are_not_inside() -> None:
    np.testing.assert_array_equal(run(" & ".join(["(!veto)"] * 60)), ~ALL[7])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("t2 >= 5", "column 7: t2 reaches 4, not 5"),
        ("clst >= 8", "clst reaches 7, not 8"),
        ("t2 == 4", "tells 4 from more only as t2 >= 4"),
        ("t2 > 4", "only as t2 >= 4"),
        ("t2", "column 1: t2 is a count"),
        ("veto >= 1", "veto is a single bit"),
        ("vetoo", "unknown bit 'vetoo'; did you mean 'veto'"),
        ("clts >= 1", "unknown count 'clts'; did you mean 'clst'"),
        ("veto &", "expected a name"),
        ("& veto", "expected a name"),
        ("veto veto", "column 6: expected & or |, not 'veto'"),
        ("(veto", r"expected \)"),
        ("veto + t2_0", r"column 6: '\+' is no part"),
        ("t2 >= x", "expected a number, not 'x'"),
        ("t2 >= -1", "column 7: '-' is no part"),
        ("", "end of condition"),
        ("t2_4", "unknown bit"),
    ],
)
def test_bad_text(text: str, reason: str) -> None:
    with pytest.raises(ConditionError, match=reason):
        parse(text, NAMES)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("veto & !veto", False),
        ("veto | !veto", True),
        ("t2 == 1 & t2 == 2", False),
        ("t2 >= 0", True),
        ("clst >= 1 | clst == 0", True),
        ("t2 < 2 & t2 > 1", False),
        ("t2 >= 2 | t2 < 2", True),
        ("veto", None),
        ("t2 == 1 | t2 == 2", None),
    ],
)
def test_constant_conditions(text: str, value: bool | None) -> None:
    assert constant_value(parse(text, NAMES), INPUTS) is value


def conditions() -> st.SearchStrategy[Condition]:
    leaves = st.one_of(st.builds(Bit, st.integers(0, 7)), st.builds(Constant, st.booleans()))

    def deeper(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        several = st.lists(inner, min_size=1, max_size=4).map(tuple)
        return st.one_of(st.builds(Not, inner), st.builds(And, several), st.builds(Or, several))

    return st.recursive(leaves, deeper, max_leaves=12)


@given(conditions())
def test_constant_value_equals_exhaustion(condition: Condition) -> None:
    single_bits = tuple(declare(f"b{k}", (k,), Encoding.FLAG) for k in range(8))
    values = set(evaluate((condition,), ALL)[0].tolist())
    assert constant_value(condition, single_bits) == (values.pop() if len(values) == 1 else None)


@given(conditions())
def test_value_depends_on_named_positions_only(condition: Condition) -> None:
    changed = ALL.copy()
    other = [k for k in range(8) if k not in positions(condition)]
    changed[other] = ~changed[other]
    np.testing.assert_array_equal(evaluate((condition,), ALL), evaluate((condition,), changed))


@pytest.mark.parametrize(("bits", "encoding"), [((), Encoding.FLAG), ((1, 1), Encoding.BINARY), ((1, 2), Encoding.FLAG)])
def test_bad_declarations(bits: tuple[int, ...], encoding: Encoding) -> None:
    with pytest.raises(ValueError, match="bits must be|one bit"):
        declare("x", bits, encoding)
