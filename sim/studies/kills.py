"""Why a line did not fire: of the factors of its condition, the one that fails first, and the one that alone stood in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.studies.counting import Counters
from trigger.menu import Menu
from trigger.menu.condition import And, Bit, Condition, Constant, Not, Or, evaluate


@dataclass(frozen=True)
class Product:
    """One way for a line to fire: all factors hold."""

    factors: tuple[Condition, ...]


def products_of(condition: Condition) -> tuple[Product, ...]:
    """The alternatives of a condition: the operands of its outermost OR, each as the factors of its outermost AND."""
    alternatives = condition.operands if isinstance(condition, Or) else (condition,)
    return tuple(Product(part.operands if isinstance(part, And) else (part,)) for part in alternatives)


def text_of(condition: Condition, names: Sequence[str]) -> str:
    """The condition in the menu's notation, over single input bits of these names."""
    match condition:
        case Bit(position):
            return names[position]
        case Constant(value):
            return "true" if value else "false"
        case Not(operand):
            return f"!{_nested(operand, names)}"
        case And(operands):
            return " & ".join(_nested(part, names) for part in operands)
        case Or(operands):
            return " | ".join(_nested(part, names) for part in operands)


def _nested(condition: Condition, names: Sequence[str]) -> str:
    text = text_of(condition, names)
    return f"({text})" if isinstance(condition, And | Or) else text


def count_kills(menu: Menu, lines: Sequence[str], input_bits: NDArray[np.bool_]) -> Counters:
    """Counters `first/<line>` and `alone/<line>`, int64, one number per factor of every alternative, one after the other.

    input_bits: bool (n, n_inputs) of the events that the line should have kept. first: the factor is the first of its alternative
    that fails. alone: it is the only one of its alternative that fails, and no other alternative holds. Events in which the
    line fires are in neither.
    """
    columns = np.ascontiguousarray(input_bits.T)
    counters: Counters = {}
    for name in lines:
        products = products_of(menu.line(name).condition)
        failed = [~evaluate(product.factors, columns) for product in products]
        lost = np.logical_and.reduce([part.any(axis=0) for part in failed])
        first, alone = [], []
        for part in failed:
            earlier = np.logical_or.accumulate(part, axis=0)
            before = np.concatenate([np.zeros((1, earlier.shape[1]), bool), earlier[:-1]])
            first.append((part & ~before)[:, lost].sum(axis=1))
            alone.append((part & (part.sum(axis=0) == 1))[:, lost].sum(axis=1))
        counters[f"first/{name}"] = np.concatenate(first).astype(np.int64)
        counters[f"alone/{name}"] = np.concatenate(alone).astype(np.int64)
    return counters
