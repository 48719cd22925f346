"""The whole trigger: primitives in, the global decision out, for any subset of the blocks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.blocks import DETECTOR_BLOCKS, Block, Fields, TriggerSettings, make_block
from trigger.digest import digest
from trigger.errors import InputError
from trigger.events import validate
from trigger.fields import count_events
from trigger.menu import Menu, Period, keep_probability, l1_accept, load_menu, random_prescale
from trigger.menu.condition import positions
from trigger.menu.filling import InputPlan, fill_inputs, plan_inputs
from trigger.menu.wiring import BLOCK_FIELDS, ON_DEMAND, wire_of

MENU = "menu"
CHAIN_BLOCKS = (*DETECTOR_BLOCKS, MENU)
"""Blocks of the chain, in the order in which they run."""
DEFAULT_MENU = "exp16"


class Prescaler(Protocol):
    """What turns lines before prescale into lines after it: `PrescaleCounters` for a stream, `RandomPrescale` elsewhere."""

    def run(self, ftdl: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Lines after prescale, bool (n, n_lines), of lines before it."""


@dataclass(frozen=True, kw_only=True)
class RandomPrescale:
    """Each line is kept with probability 1/N, drawn from `rng`, as in the experiment's simulation."""

    period: Period
    rng: np.random.Generator

    def run(self, ftdl: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Lines after prescale, bool (n, n_lines)."""
        return random_prescale(ftdl, self.period, self.rng)


@dataclass(frozen=True, kw_only=True)
class ChainPlan:
    """What a chain does with events of given fields.

    Attributes:
        blocks: detector blocks that run, by name.
        left_out: those that do not, with the reason.
        inputs: how the inputs of the menu are filled, with those that nothing supplies; None without the menu.
    """

    blocks: Mapping[str, Block]
    left_out: Mapping[str, str]
    inputs: InputPlan | None

    @property
    def not_supplied(self) -> Mapping[str, str]:
        """Inputs of the menu that read 0 because nothing supplies them, with the reason."""
        return {} if self.inputs is None else self.inputs.absent


@dataclass(frozen=True, kw_only=True, eq=False)
class ChainDecision:
    """Answers of all blocks that ran, for n events.

    Attributes:
        fields: event-file fields by name, events first: those of the blocks, and of the menu `input_bits` bool (n, n_inputs),
            `ftdl` and `psnm` bool (n, n_lines), `l1` bool (n,) and `l1_probability` float64 (n,).
        input_names, line_names: of the columns; empty without the menu.
        plan: what ran, what did not, and where the input bits came from.
    """

    fields: Mapping[str, NDArray]
    input_names: tuple[str, ...]
    line_names: tuple[str, ...]
    plan: ChainPlan

    def __getitem__(self, name: str) -> NDArray:
        return self.fields[name]

    def __contains__(self, name: object) -> bool:
        return name in self.fields

    def arrays(self) -> dict[str, NDArray]:
        """The fields by name; the arrays themselves, not copies."""
        return dict(self.fields)

    @property
    def input_bits(self) -> NDArray[np.bool_]:
        """Input bits of the menu, bool (n, n_inputs)."""
        return self.fields["input_bits"]

    @property
    def ftdl(self) -> NDArray[np.bool_]:
        """Lines before prescale, bool (n, n_lines)."""
        return self.fields["ftdl"]

    @property
    def psnm(self) -> NDArray[np.bool_]:
        """Lines after prescale, bool (n, n_lines)."""
        return self.fields["psnm"]

    @property
    def l1(self) -> NDArray[np.bool_]:
        """The L1 accept, bool (n,)."""
        return self.fields["l1"]

    @property
    def l1_probability(self) -> NDArray[np.float64]:
        """Probability of the L1 accept when prescales act independently, float64 (n,)."""
        return self.fields["l1_probability"]


class Chain:
    """The trigger of one menu, one prescale period and one set of settings. Immutable.

    Attributes:
        menu, period: the loaded menu; its period, all prescales 1 for a menu without periods.
        settings: of the blocks.
        blocks: those that shall run; None: all whose input is there.
    """

    def __init__(
        self,
        *,
        menu: Menu | str = DEFAULT_MENU,
        period: str | None = None,
        blocks: Collection[str] | None = None,
        settings: TriggerSettings | None = None,
        **changes: Any,
    ) -> None:
        """Arguments beside those below are settings by name: parameters, calibration, mask, network, fitter, klm, grl.

        menu: a menu, or what `load_menu` takes. period: of its periods, the first by default. blocks: of CHAIN_BLOCKS.

        Raises:
            InputError: no such block or period, or an error of the menu file.
            TypeError: no such setting, or settings twice.
        """
        if settings is not None and changes:
            msg = f"settings must be given as one object or by name, not both: {', '.join(changes)}"
            raise TypeError(msg)
        self.settings = settings or TriggerSettings(**changes)
        self.menu = load_menu(menu) if isinstance(menu, str) else menu
        self.period = period_of(self.menu, period)
        for name in blocks or ():
            if name not in CHAIN_BLOCKS:
                msg = f"block must be one of {', '.join(CHAIN_BLOCKS)}, not {name!r}"
                raise InputError(msg)
        self.blocks = None if blocks is None else tuple(name for name in CHAIN_BLOCKS if name in blocks)
        self._plans: dict[frozenset[str], ChainPlan] = {}

    @property
    def digests(self) -> dict[str, str]:
        """Digests of all settings, of the menu and of the period."""
        return {**self.settings.digests, "menu": self.menu.digest, "period": digest(self.period)}

    def plan(self, names: Collection[str]) -> ChainPlan:
        """Return what the chain does with events that have fields of these names.

        Raises:
            InputError: a block that shall run lacks a field.
        """
        key = frozenset(names)
        if key not in self._plans:
            self._plans[key] = self._made_plan(names)
        return self._plans[key]

    def _made_plan(self, names: Collection[str]) -> ChainPlan:
        there, run, left_out = dict.fromkeys(names), dict[str, Block](), dict[str, str]()
        for name in DETECTOR_BLOCKS:
            if self.blocks is not None and name not in self.blocks:
                left_out[name] = "not asked for"
                continue
            if self.blocks is None and name in ON_DEMAND and not reads(self.menu, name):
                left_out[name] = "no line of the menu reads it"
                continue
            block = make_block(name, self.settings, there)
            missing = [field for field in block.required if field not in there]
            if missing and self.blocks is not None:
                msg = f"field {missing[0]} is missing; the block {name} needs {', '.join(block.required)}"
                raise InputError(msg)
            if missing:
                left_out[name] = f"no field {missing[0]}"
            else:
                run[name] = block
                there.update(dict.fromkeys(block.answers))
        return ChainPlan(blocks=run, left_out=left_out, inputs=plan_inputs(self.menu, there) if self.has_menu else None)

    @property
    def has_menu(self) -> bool:
        """Whether the menu is evaluated."""
        return self.blocks is None or MENU in self.blocks

    def run(self, arrays: Mapping[str, ArrayLike], prescaler: Prescaler | None = None) -> ChainDecision:
        """Return the decisions on events.

        arrays: event-file fields; those of blocks that are not run are taken as they are, so that a menu can be evaluated on
            decisions made before. prescaler: random draws of seed 0 by default; studies read `ftdl` and `l1_probability` instead.

        Raises:
            InputError: names the field, the first bad event and the reason.
        """
        given = validate({name: np.asarray(array) for name, array in arrays.items()}, "Chain.run")
        plan = self.plan(given)
        answers: dict[str, NDArray] = {}
        for block in plan.blocks.values():
            answers |= block.run({**given, **answers})
        if self.has_menu:
            answers |= self._decide({**given, **answers}, prescaler)
        names = (self.menu.input_names, self.menu.line_names) if self.has_menu else ((), ())
        return ChainDecision(fields=answers, input_names=names[0], line_names=names[1], plan=plan)

    def _decide(self, known: Fields, prescaler: Prescaler | None) -> dict[str, NDArray]:
        """Fields of the menu; known: everything that the events have."""
        n_events = count_events({name: len(array) for name, array in known.items()})[0]
        input_bits = fill_inputs(self.menu, known, n_events)
        ftdl = self.menu.evaluate(input_bits)
        psnm = (prescaler or RandomPrescale(period=self.period, rng=np.random.default_rng(0))).run(ftdl)
        return {
            "input_bits": input_bits,
            "ftdl": ftdl,
            "psnm": psnm,
            "l1": l1_accept(psnm),
            "l1_probability": keep_probability(ftdl, self.period),
        }


def reads(menu: Menu, block: str) -> bool:
    """Whether a line of the menu reads an input bit that this block supplies."""
    fields = {field.name for field in BLOCK_FIELDS[block]}
    wires = ((item, wire_of(item)) for item in menu.inputs)
    supplied = {position for item, wire in wires if wire is not None and wire.field in fields for position in item.bits}
    return any(supplied.intersection(positions(line.condition)) for line in menu.lines)


def period_of(menu: Menu, name: str | None) -> Period:
    """Return a period of a menu, the first without a name; all prescales 1 if the menu has none.

    Raises:
        InputError: the menu has no such period.
    """
    if name is None:
        return menu.periods[0] if menu.periods else Period(name="none", source="our choice", prescales=(1,) * len(menu.lines))
    try:
        return menu.period(name)
    except KeyError as error:
        raise InputError(error.args[0]) from error
