"""Dead and hot trigger cells, per-cell thresholds and gains: what stands between a cell's fitted energy and the logic.

Order, per cell: a dead cell reads 0; else a hot cell reads at least its stuck count; then the count is multiplied with the gain
(fixed point, truncated, saturated to 12 bits); then counts below the cell's threshold read 0. Our choice: the firmware's own masks
are not public.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trigger.errors import InputError
from trigger.geometry.ecl import N_CELLS

ADC_BITS = 12
ADC_MAX = (1 << ADC_BITS) - 1
GAIN_FRACTION_BITS = 10
"""Gains are multiples of 2^-10. Our choice: 0.1 %, below the energy LSB up to 5 GeV."""
GAIN_BITS = 12
"""Gain word: 0 .. 4 - 2^-10."""
GAIN_ONE = 1 << GAIN_FRACTION_BITS


def _constant(value: int) -> NDArray[np.uint16]:
    return np.full(N_CELLS, value, dtype=np.uint16)


@dataclass(frozen=True, kw_only=True, eq=False)
class EclCalibration:
    """Per-cell settings, arrays of length 576 indexed by tc_id - 1; the default changes nothing.

    Attributes:
        dead: bool, cell reads 0.
        hot_adc: uint16, count that a hot cell shows at least; 0 = not hot.
        threshold_adc: uint16, smallest count that is kept.
        gain_raw: uint16, gain in units of 2^-10.
    """

    dead: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(N_CELLS, dtype=bool))
    hot_adc: NDArray[np.uint16] = field(default_factory=lambda: _constant(0))
    threshold_adc: NDArray[np.uint16] = field(default_factory=lambda: _constant(1))
    gain_raw: NDArray[np.uint16] = field(default_factory=lambda: _constant(GAIN_ONE))

    def __post_init__(self) -> None:
        limits = (("hot_adc", 0, ADC_MAX), ("threshold_adc", 1, ADC_MAX), ("gain_raw", 0, (1 << GAIN_BITS) - 1))
        if self.dead.shape != (N_CELLS,) or self.dead.dtype != bool:
            msg = f"dead must be bool ({N_CELLS},), not {self.dead.dtype} {self.dead.shape}"
            raise ValueError(msg)
        for name, low, high in limits:
            values = getattr(self, name)
            if values.shape != (N_CELLS,) or values.dtype != np.uint16:
                msg = f"{name} must be uint16 ({N_CELLS},), not {values.dtype} {values.shape}"
                raise ValueError(msg)
            wrong = np.flatnonzero((values < low) | (values > high))
            if wrong.size:
                msg = f"{name} of tc_id {wrong[0] + 1} must be {low}..{high}, not {values[wrong[0]]}"
                raise ValueError(msg)
        for name in ("dead", "hot_adc", "threshold_adc", "gain_raw"):
            getattr(self, name).setflags(write=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EclCalibration):
            return NotImplemented
        names = ("dead", "hot_adc", "threshold_adc", "gain_raw")
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in names)

    def __hash__(self) -> int:
        return hash((self.dead.tobytes(), self.hot_adc.tobytes(), self.threshold_adc.tobytes(), self.gain_raw.tobytes()))

    @property
    def is_neutral(self) -> bool:
        """True if every cell passes through unchanged."""
        return self == EclCalibration()

    def apply(self, tc_id: NDArray[np.integer], adc: NDArray[np.integer]) -> NDArray[np.uint16]:
        """Return the calibrated counts (0 = no hit) of cells `tc_id` (1..576) with counts `adc` (0..4095), element by element."""
        index = np.asarray(tc_id, dtype=np.int64) - 1
        value = np.where(self.dead[index], 0, np.maximum(np.asarray(adc, dtype=np.int64), self.hot_adc[index]))
        value = np.minimum((value * self.gain_raw[index]) >> GAIN_FRACTION_BITS, ADC_MAX)
        return np.where(value >= self.threshold_adc[index], value, 0).astype(np.uint16)

    @classmethod
    def from_toml(cls, path: str | Path) -> "EclCalibration":
        """Return the settings of a TOML file.

        Keys: `dead = [ids]`; `gain = x` and `threshold = n` for all cells, or tables `[gain]`, `[threshold]`, `[hot]` with
        `"tc_id" = value` and, for gain and threshold, an optional `default`.

        Raises:
            InputError: unreadable file, unknown key, id outside 1..576, value out of range.
        """
        try:
            table = tomllib.loads(Path(path).read_text(encoding="utf-8"), parse_float=Decimal)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            msg = f"{path}: not a readable TOML file: {error}"
            raise InputError(msg) from error
        unknown = sorted(set(table) - {"dead", "hot", "threshold", "gain"})
        if unknown:
            msg = f"{path}: unknown calibration key {unknown[0]!r}; known are dead, hot, threshold, gain"
            raise InputError(msg)
        dead = np.zeros(N_CELLS, dtype=bool)
        for tc_id in _list(table.get("dead", []), f"{path}: dead"):
            dead[_index(tc_id, f"{path}: dead")] = True
        try:
            return cls(
                dead=dead,
                hot_adc=_per_cell(table.get("hot", {}), 0, 1, f"{path}: hot"),
                threshold_adc=_per_cell(table.get("threshold", {}), 1, 1, f"{path}: threshold"),
                gain_raw=_per_cell(table.get("gain", {}), GAIN_ONE, GAIN_ONE, f"{path}: gain"),
            )
        except InputError:
            raise
        except ValueError as error:
            msg = f"{path}: {error}"
            raise InputError(msg) from error


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        msg = f"{where} must be a list of tc ids, not {value!r}"
        raise InputError(msg)
    return value


def _index(tc_id: object, where: str) -> int:
    text = str(tc_id)
    if isinstance(tc_id, bool) or not text.isascii() or not text.isdigit() or not 1 <= int(text) <= N_CELLS:
        msg = f"{where}: tc_id must be 1..{N_CELLS}, not {tc_id!r}"
        raise InputError(msg)
    return int(text) - 1


def _raw(value: object, scale: int, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        msg = f"{where} must be a number, not {value!r}"
        raise InputError(msg)
    if isinstance(value, Decimal) and not value.is_finite():
        msg = f"{where} must be finite, not {value}"
        raise InputError(msg)
    raw = Fraction(value) * scale
    if scale == 1 and raw.denominator != 1:
        msg = f"{where} must be a whole number of counts, not {value}"
        raise InputError(msg)
    nearest = round(raw)
    if not 0 <= nearest <= np.iinfo(np.uint16).max:
        msg = f"{where} is out of range: {value}"
        raise InputError(msg)
    return nearest


def _per_cell(value: object, default_raw: int, scale: int, where: str) -> NDArray[np.uint16]:
    if not isinstance(value, Mapping):
        return _constant(_raw(value, scale, where))
    result = _constant(_raw(value["default"], scale, f"{where}.default") if "default" in value else default_raw)
    for tc_id, item in value.items():
        if tc_id != "default":
            result[_index(tc_id, where)] = _raw(item, scale, f"{where}.{tc_id}")
    return result
