"""What an export is made of: the order of a user, and a block with its RTL, the meaning of its ports and its golden vectors."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.blocks import Stage, stream
from sim.cosim import hough, menu
from sim.cosim.export_golden import Golden
from sim.cosim.rtl import Rtl
from trigger.chain import DEFAULT_MENU
from trigger.ecl import EclParameters, EclThresholds
from trigger.ecl.layout import DecisionField
from trigger.errors import InputError
from trigger.menu import load_menu
from trigger.networks import FrozenNetwork
from trigger.registers import RegisterMap, register_map

if TYPE_CHECKING:
    from amaranth.lib import wiring

IDLE_SHARE = 1 / 4
"""Part of the golden events that run with random idle gaps (our choice); the rest at full rate."""
MAX_IDLE = 40


class Settings(enum.Enum):
    """Where the RTL has its thresholds and prescales."""

    CONSTANTS = "constants"
    REGISTERS = "registers"


def parse_settings(text: str) -> Settings:
    """The kind of settings of this name; InputError if there is none."""
    try:
        return Settings(text)
    except ValueError:
        names = " or ".join(kind.value for kind in Settings)
        msg = f"--settings must be {names}, not {text!r}"
        raise InputError(msg) from None


@dataclass(frozen=True, kw_only=True)
class Order:
    """What shall be exported.

    n_events, seed: of the golden vectors. The others belong to some blocks; None is the declared default.
    parameters, calibration: TOML files of the ECL trigger. menu, period: of the global decision. network: shipped one or file.
    reuse: cycles in which a multiplier of a network serves one track. settings: where thresholds, or prescales and masks, are.
    """

    n_events: int
    seed: int
    parameters: Path | None = None
    calibration: Path | None = None
    menu: str | None = None
    period: str | None = None
    network: str | None = None
    reuse: int | None = None
    settings: Settings | None = None

    def rng(self, block: str) -> np.random.Generator:
        """The random numbers of a block's golden vectors."""
        return stream(self.seed, f"export.{block}", Stage.STIMULUS, 0)


@dataclass(frozen=True, kw_only=True)
class Input:
    """What an input port means. shape: its layout for Amaranth; an unsigned number of the port's width by default."""

    meaning: str
    shape: Any = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Exported:
    """A block ready for export.

    component: class of the RTL, whose docstring is the contract of its ports. interval: initiation interval, cycles from event to
    event. inputs: meaning of each port but `in_valid`. fields: what `out_<name>` holds. digests: of what it was made from, by name.
    registers: thresholds and prescales, which settings says where they are. network: quantised network, which has an
    hls4ml project. held: inputs that keep their value in idle cycles of the golden vectors.
    """

    component: type[wiring.Component]
    rtl: Rtl
    interval: int
    inputs: Mapping[str, Input]
    fields: tuple[DecisionField, ...]
    golden: Golden
    digests: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Any] = field(default_factory=dict)
    registers: RegisterMap | None = None
    settings: Settings = Settings.CONSTANTS
    network: FrozenNetwork | None = None
    held: tuple[str, ...] = ()


def gaps(rng: np.random.Generator, n: int) -> np.ndarray:
    """Idle cycles after each of n records: random ones for a part of them."""
    return np.where(rng.random(n) < IDLE_SHARE, rng.integers(0, MAX_IDLE + 1, n), 0)


def frame_gaps(rng: np.random.Generator, n_frames: int) -> np.ndarray:
    """Idle cycles after each beat of a frame: random ones in a part of the frames."""
    n_idle = int(n_frames * IDLE_SHARE)
    return np.concatenate([hough.random_idle(rng, n_idle), hough.full_rate(n_frames - n_idle)])


def registers(prefix: str | None, *, period: str | None = None, **declared: Any) -> RegisterMap:
    """Registers of one block, or of all."""
    of_menu = declared.setdefault("menu", load_menu(DEFAULT_MENU))
    declared.setdefault("ecl", EclThresholds.from_parameters(EclParameters.default()))
    every = register_map(period=of_menu.period(menu.period_of(of_menu, period)), **declared)
    return RegisterMap(registers=tuple(one for one in every.registers if one.name.startswith(prefix or "")))


def layout_text(module: Any) -> str:
    """What a module of declarations says about a layout, behind its first paragraph."""
    return " ".join(str(module.__doc__).split("\n\n", 1)[1].split())


def described(layout: Any) -> dict[str, Any]:
    from hdl.export import describe

    return describe(layout)
