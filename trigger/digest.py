"""One digest for any declaration: SHA-256 of a canonical spelling."""

import dataclasses
import enum
import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np


def canonical(value: Any) -> Any:
    """Return `value` as plain JSON types, equal for equal declarations and independent of insertion order.

    Knows dataclasses, enums, mappings, sequences, numpy arrays and scalars, `Fraction`, `Decimal`, str, int, float, bool, None.

    Raises:
        TypeError: a kind that has no canonical spelling.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return {"float": value.hex()}
    if isinstance(value, enum.Enum):
        return {type(value).__name__: value.name}
    if isinstance(value, Fraction | Decimal):
        ratio = Fraction(value)
        return {"ratio": [str(ratio.numerator), str(ratio.denominator)]}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: canonical(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {type(value).__name__: fields}
    if isinstance(value, Mapping):
        return {"map": sorted([str(key), canonical(item)] for key, item in value.items())}
    if isinstance(value, np.ndarray):
        data = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return {"array": [value.dtype.str, list(value.shape), data]}
    if isinstance(value, np.generic):
        return canonical(value.item())
    if isinstance(value, tuple | list):
        return [canonical(item) for item in value]
    if isinstance(value, frozenset | set):
        return {"set": sorted(json.dumps(canonical(item), sort_keys=True) for item in value)}
    msg = f"value must be a declaration (dataclass, number, string, sequence, mapping, array), not {type(value).__name__}"
    raise TypeError(msg)


def digest(*values: Any) -> str:
    """Return the SHA-256 hex digest (64 characters) of one or more declarations."""
    text = json.dumps([canonical(value) for value in values], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
