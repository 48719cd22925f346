"""The fixed-point format: one object that owns a format and every spelling of it.

Ref: AMD Vitis HLS user guide UG1399, "Arbitrary precision fixed-point data types" (quantisation and overflow modes of
ap_fixed), whose meaning of each mode is followed exactly; KIF triples as in HGQ2 and quantizers.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Our choice: 62 bits keep every raw value, its half step and its neighbours inside int64 arithmetic.
MAX_WIDTH = 62
# Our choice: a resolution between 2^-512 and 2^512 keeps every value of every format a normal float64.
MAX_FRACTION = 512
_FLOAT_MANTISSA_BITS = 53
_SHIFT_LIMIT = 63
_AP_TEXT = re.compile(r"ap_(u?)fixed<([^<>]*)>")


class Rounding(Enum):
    """What happens to bits below the resolution; the value is the name that ap_fixed uses."""

    TRN = "AP_TRN"  # toward minus infinity
    TRN_ZERO = "AP_TRN_ZERO"  # toward zero
    RND = "AP_RND"  # to nearest, ties toward plus infinity
    RND_CONV = "AP_RND_CONV"  # to nearest, ties to even
    RND_ZERO = "AP_RND_ZERO"  # to nearest, ties toward zero
    RND_INF = "AP_RND_INF"  # to nearest, ties away from zero
    RND_MIN_INF = "AP_RND_MIN_INF"  # to nearest, ties toward minus infinity


class Overflow(Enum):
    """What happens to a rounded value outside the range; the value is the name that ap_fixed uses."""

    WRAP = "AP_WRAP"  # modulo 2^width
    SAT = "AP_SAT"  # to the nearest end of the range
    SAT_SYM = "AP_SAT_SYM"  # the same, with a signed range that is symmetric about zero
    SAT_ZERO = "AP_SAT_ZERO"  # to zero


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """A fixed-point format: value = raw * 2^-fraction, raw an integer of `width` bits.

    width: bits, the sign among them, 1..62. fraction: bits after the binary point, -512..512, also negative or larger
    than width. rounding and overflow say how a value enters the format; both are always given. TypeError for a wrong
    kind, ValueError for a wrong value. Equal by value, hashable.
    """

    width: int
    fraction: int
    signed: bool
    rounding: Rounding
    overflow: Overflow

    def __post_init__(self) -> None:
        for name, kind in (
            ("width", int),
            ("fraction", int),
            ("signed", bool),
            ("rounding", Rounding),
            ("overflow", Overflow),
        ):
            value = getattr(self, name)
            if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
                msg = f"{name} must be of type {kind.__name__}, not {type(value).__name__} ({value!r})"
                raise TypeError(msg)
        if not 1 <= self.width <= MAX_WIDTH:
            msg = f"width must be 1 to {MAX_WIDTH} bits, not {self.width}"
            raise ValueError(msg)
        if abs(self.fraction) > MAX_FRACTION:
            msg = f"fraction must be -{MAX_FRACTION} to {MAX_FRACTION} bits, not {self.fraction}"
            raise ValueError(msg)

    @classmethod
    def from_kif(cls, keep_negative: int, integer: int, fraction: int, *, rounding: Rounding, overflow: Overflow) -> "Fixed":
        """The format of a KIF triple: integer bits do not count the sign. ValueError if keep_negative is not 0 or 1."""
        if keep_negative not in (0, 1):
            msg = f"keep_negative must be 0 or 1, not {keep_negative!r}"
            raise ValueError(msg)
        signed = bool(keep_negative)
        return cls(
            width=int(keep_negative) + integer + fraction,
            fraction=fraction,
            signed=signed,
            rounding=rounding,
            overflow=overflow,
        )

    @classmethod
    def from_ap_fixed(cls, text: str) -> "Fixed":
        """The format of an ap_fixed<W,I,Q,O> or ap_ufixed text; Q and O left out mean AP_TRN and AP_WRAP, as in C++.

        ValueError for any other text, an unknown mode, or a number of saturation bits other than zero.
        """
        match = _AP_TEXT.fullmatch("".join(text.split()))
        arguments = match[2].split(",") if match else []
        if match is None or not 2 <= len(arguments) <= 5:
            msg = f"text must be ap_fixed<W,I,Q,O> or ap_ufixed<W,I,Q,O>, not {text!r}"
            raise ValueError(msg)
        arguments += ["AP_TRN", "AP_WRAP", "0"][len(arguments) - 2 :]
        try:
            width, integer, saturation_bits = (int(arguments[k]) for k in (0, 1, 4))
            rounding, overflow = Rounding(arguments[2]), Overflow(arguments[3])
        except ValueError as error:
            msg = f"text must hold integers and modes of ap_fixed, not {text!r} ({error})"
            raise ValueError(msg) from error
        if saturation_bits != 0:
            msg = f"saturation bits must be 0, not {saturation_bits} (in {text!r})"
            raise ValueError(msg)
        return cls(width=width, fraction=width - integer, signed=not match[1], rounding=rounding, overflow=overflow)

    @property
    def raw_max(self) -> int:
        """Largest raw integer."""
        return (1 << (self.width - self.signed)) - 1

    @property
    def raw_min(self) -> int:
        """Smallest raw integer that a conversion gives: symmetric to raw_max for a signed SAT_SYM format."""
        if not self.signed:
            return 0
        return -self.raw_max - (self.overflow is not Overflow.SAT_SYM)

    @property
    def resolution(self) -> float:
        """Value of one LSB, exact."""
        return float(np.ldexp(1.0, -self.fraction))

    @property
    def minimum(self) -> float:
        """Value of raw_min; rounded to float64 for formats wider than 53 bits."""
        return float(np.ldexp(float(self.raw_min), -self.fraction))

    @property
    def maximum(self) -> float:
        """Value of raw_max; rounded to float64 for formats wider than 53 bits."""
        return float(np.ldexp(float(self.raw_max), -self.fraction))

    @property
    def ap_fixed(self) -> str:
        """The C++ type, ap_fixed<W,I,Q,O> or ap_ufixed<W,I,Q,O>: I counts the sign, both modes are explicit."""
        unsigned = "" if self.signed else "u"
        integer = self.width - self.fraction
        return f"ap_{unsigned}fixed<{self.width},{integer},{self.rounding.value},{self.overflow.value}>"

    @property
    def kif(self) -> tuple[int, int, int]:
        """The triple (keep_negative, integer, fraction) of HGQ2 and quantizers: integer bits without the sign."""
        return int(self.signed), self.width - self.signed - self.fraction, self.fraction

    def quantise(self, values: ArrayLike) -> NDArray[np.int64]:
        """Raw int64 integers of real numbers, in the shape of `values`; rounded, then overflowed, both exactly.

        values: float16, float32, float64 or integers. Exact for every finite input, huge and subnormal ones included;
        -0.0 gives 0. ValueError names the first value that is NaN, infinite, or an integer of size 2^62 or more;
        TypeError for any other kind of input.
        """
        array = np.asarray(values)
        if array.dtype.kind in "iu":
            return self._convert(_small_integers(array, "values"), self.fraction)
        if array.dtype not in (np.float16, np.float32, np.float64):
            msg = f"values must be floats of at most 64 bits or integers, not {array.dtype}"
            raise TypeError(msg)
        finite = np.isfinite(array)
        if not finite.all():
            position = tuple(int(k) for k in np.argwhere(~finite)[0])
            msg = f"values must be finite, not {array[position]} (at index {position})"
            raise ValueError(msg)
        mantissa, exponent = np.frexp(array.astype(np.float64))
        whole = np.ldexp(mantissa, _FLOAT_MANTISSA_BITS).astype(np.int64)
        return self._convert(whole, exponent.astype(np.int64) + (self.fraction - _FLOAT_MANTISSA_BITS))

    def requantise(self, raw: ArrayLike, source: "Fixed") -> NDArray[np.int64]:
        """Raw int64 integers in this format of raw integers in the format `source`; exact integer arithmetic.

        Rounding and overflow are those of this format. ValueError for a raw value outside `source`, TypeError for
        non-integers.
        """
        return self._convert(source.check(raw), self.fraction - source.fraction)

    def to_float(self, raw: ArrayLike) -> NDArray[np.float64]:
        """Values of raw integers; exact up to 53 bits of width, nearest float64 beyond. Errors as in `check`."""
        return np.ldexp(self.check(raw).astype(np.float64), -self.fraction)

    def check(self, raw: ArrayLike) -> NDArray[np.int64]:
        """The raw integers as int64. ValueError names the first one outside the range, TypeError for non-integers."""
        array = np.asarray(raw)
        if array.size == 0 and array.dtype == np.float64:
            return array.astype(np.int64)  # an empty list has no kind of its own
        if array.dtype.kind not in "iu":
            msg = f"raw must be integers, not {array.dtype}"
            raise TypeError(msg)
        lowest = -self.raw_max - 1 if self.signed else 0
        outside = (array < lowest) | (array > self.raw_max)
        if outside.any():
            position = tuple(int(k) for k in np.argwhere(outside)[0])
            msg = f"raw must be {lowest} to {self.raw_max} in {self.ap_fixed}, not {array[position]} (at index {position})"
            raise ValueError(msg)
        return array.astype(np.int64)

    def _convert(self, number: NDArray[np.int64], shift: Any) -> NDArray[np.int64]:
        """Raw integers of number * 2^shift, in LSB: |number| below 2^62, shift one integer or an array of them."""
        shift = np.asarray(shift, dtype=np.int64)
        down, up = np.clip(-shift, 0, _SHIFT_LIMIT), np.clip(shift, 0, _SHIFT_LIMIT)
        rounded = _round(number, down, self.rounding)
        inside = (rounded <= self.raw_max >> up) & (rounded >= -(-self.raw_min >> up))
        if self.overflow is Overflow.WRAP:
            outcome = self._wrap(rounded, up)
        elif self.overflow is Overflow.SAT_ZERO:
            outcome = np.zeros_like(rounded)
        else:
            outcome = np.where(rounded < 0, self.raw_min, self.raw_max)
        return np.where(inside, rounded << np.where(inside, up, 0), outcome).astype(np.int64)

    def _wrap(self, rounded: NDArray[np.int64], up: NDArray[np.int64]) -> NDArray[np.int64]:
        """rounded * 2^up modulo 2^width, read as a number of this format; up 0..63, 63 clears every bit."""
        bits = (rounded.astype(np.uint64) << up.astype(np.uint64)) & np.uint64((1 << self.width) - 1)
        raw = bits.astype(np.int64)
        return np.where(raw > self.raw_max, raw - (1 << self.width), raw)


def _small_integers(array: NDArray[Any], name: str) -> NDArray[np.int64]:
    """The integers as int64; ValueError for the first one of size 2^62 or more."""
    limit = (1 << MAX_WIDTH) - 1
    outside = (array > limit) | ((array < -limit) if array.dtype.kind == "i" else False)
    if outside.any():
        position = tuple(int(k) for k in np.argwhere(outside)[0])
        msg = f"{name} must be integers of size below 2^{MAX_WIDTH}, not {array[position]} (at index {position})"
        raise ValueError(msg)
    return array.astype(np.int64)


def _round(number: NDArray[np.int64], down: NDArray[np.int64], rounding: Rounding) -> NDArray[np.int64]:
    """number / 2^down as a rounded integer; down 0..63, where 63 stands for any larger shift as well.

    |number| is below 2^62, so a shift of 63 or more leaves less than one half.
    """
    floor = number >> down
    rest = number - (floor << down)
    half = np.int64(1) << np.maximum(down - 1, 0)
    above, tie = rest > half, rest == half
    match rounding:
        case Rounding.TRN:
            return floor
        case Rounding.TRN_ZERO:
            return floor + ((number < 0) & (rest > 0))
        case Rounding.RND:
            return floor + (above | tie)
        case Rounding.RND_CONV:
            return floor + (above | (tie & ((floor & 1) == 1)))
        case Rounding.RND_ZERO:
            return floor + (above | (tie & (number < 0)))
        case Rounding.RND_INF:
            return floor + (above | (tie & (number >= 0)))
        case Rounding.RND_MIN_INF:
            return floor + above
