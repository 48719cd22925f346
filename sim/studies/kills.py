"""Why a line did not fire: of the factors of its condition, the one that fails first, and the one that alone stood in the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.studies.counting import Counters
from trigger.chain import Chain
from trigger.ecl import EclTrigger
from trigger.ecl.conditions import Conditions, conditions
from trigger.ecl.decision import EclDecision
from trigger.ecl.layout import DECISION_FIELDS
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


def inner_names(chain: Chain) -> dict[int, tuple[str, ...]]:
    """By position of a single-photon input bit, the names of its conditions, in order."""
    trigger = EclTrigger(chain.settings.parameters)
    nothing = trigger.run(np.zeros(1, np.int64), np.zeros(0, np.int16), np.zeros(0, np.int16))
    return {place: tuple(name for name, _ in held) for place, held in _inner(chain, nothing).items()}


def inner_conditions(chain: Chain, fields: Mapping[str, NDArray]) -> dict[int, NDArray[np.bool_]]:
    """By position of a single-photon input bit, whether each of its conditions holds, bool (conditions, n).

    fields: answers of the ECL block. Empty without them.
    """
    if not all(field.name in fields for field in DECISION_FIELDS):
        return {}
    decision = EclDecision(**{field.name: fields[field.name] for field in DECISION_FIELDS})
    return {place: np.stack([mask for _, mask in held]) for place, held in _inner(chain, decision).items()}


def _inner(chain: Chain, decision: EclDecision) -> dict[int, Conditions]:
    found = conditions(decision, EclTrigger(chain.settings.parameters).thresholds)
    place = {name: position for position, name in enumerate(chain.menu.input_names)}
    bits = {name: f"ecl_lml_{name.removeprefix('lml')}" for name in found}
    return {place[bits[name]]: held for name, held in found.items() if bits[name] in place}


def factor_names(menu: Menu, line: str, inner: Mapping[int, Sequence[str]]) -> list[tuple[int, str]]:
    """(number of the alternative, text) of every factor of a line, in the order of the counters of `count_kills`.

    inner: names of the conditions of input bits, which stand in place of those bits.
    """
    names: list[tuple[int, str]] = []
    for number, product in enumerate(products_of(menu.line(line).condition), 1):
        for factor in product.factors:
            texts = inner.get(factor.position) if isinstance(factor, Bit) else None
            names += [(number, text) for text in texts or (text_of(factor, menu.input_names),)]
    return names


def count_kills(
    menu: Menu, lines: Sequence[str], input_bits: NDArray[np.bool_], inner: Mapping[int, NDArray[np.bool_]]
) -> Counters:
    """Counters `first/<line>` and `alone/<line>`, int64, one number per factor of every alternative, one after the other.

    input_bits: bool (n, n_inputs) of the events that the line should have kept. inner: by position of an input bit, conditions,
    bool (conditions, n), that stand in its place. first: the factor is the first of its alternative that fails. alone: it is
    the only one of its alternative that fails. Events in which the line fires are in neither.
    """
    columns = np.ascontiguousarray(input_bits.T)
    counters: Counters = {}
    for name in lines:
        failed = [_failed(product, columns, inner) for product in products_of(menu.line(name).condition)]
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


def _failed(product: Product, columns: NDArray[np.bool_], inner: Mapping[int, NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Factors that fail, bool (factors, n), those of `inner` in place of their bit."""
    held = evaluate(product.factors, columns)
    rows = []
    for factor, row in zip(product.factors, held, strict=True):
        deeper = inner.get(factor.position) if isinstance(factor, Bit) else None
        rows.append(row[None] if deeper is None else deeper)
    return ~np.concatenate(rows)
