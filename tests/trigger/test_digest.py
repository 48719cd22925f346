"""Digest of declarations: equal for equal values, different for every change."""

import enum
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest

from trigger.digest import digest
from trigger.ecl.parameters import EclParameters


class Colour(enum.Enum):
    RED = 1


@dataclass(frozen=True)
class Example:
    name: str
    ratio: Fraction
    table: tuple[int, ...]


def test_value_is_sha256_of_the_canonical_text() -> None:
    # sha256 of "[1]", computed with sha256sum
    assert digest(1) == "080a9ed428559ef602668b4c00f114f1a11c3f6b02a435f0bdc154578e4d7f22"


def test_equal_declarations_have_equal_digests() -> None:
    one = Example("a", Fraction(1, 3), (1, 2))
    assert digest(one) == digest(Example("a", Fraction(2, 6), (1, 2)))
    assert digest({"x": 1, "y": 2}) == digest({"y": 2, "x": 1})
    assert digest(np.arange(3)) == digest(np.arange(3))


@pytest.mark.parametrize("change", [{"name": "b"}, {"ratio": Fraction(1, 4)}, {"table": (2, 1)}])
def test_every_field_counts(change: dict) -> None:
    one = Example("a", Fraction(1, 3), (1, 2))
    assert digest(one) != digest(replace(one, **change))


def test_kinds_do_not_collide() -> None:
    values = [1, 1.0, "1", True, None, Fraction(1), [1], {1}, {"1": 1}, Colour.RED, np.array([1]), np.array([1], dtype=np.int8)]
    assert len({digest(value) for value in values}) == len(values)


def test_one_parameter_changes_the_digest() -> None:
    default = EclParameters.default()
    assert digest(default) == digest(EclParameters.default())
    assert digest(default) != digest(default.replace(hie=0.9))


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(TypeError, match="not object"):
        digest(object())
