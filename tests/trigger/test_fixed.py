"""Fixed against hand-worked values, exact rationals, and three outside witnesses: quantizers, apytypes, ap_fixed headers."""

import hashlib
import itertools
import os
import shutil
import subprocess
import tempfile
from fractions import Fraction
from importlib.util import find_spec
from math import ceil, floor
from pathlib import Path

import apytypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quantizers.fixed_point.fixed_point_ops_np import get_fixed_quantizer_np

from trigger.fixed import MAX_FRACTION, MAX_WIDTH, Fixed, Overflow, Rounding

MODES = tuple(itertools.product(Rounding, Overflow))


def fixed(width, fraction, signed, rounding=Rounding.TRN, overflow=Overflow.WRAP):
    return Fixed(width=width, fraction=fraction, signed=signed, rounding=rounding, overflow=overflow)


def exact_raw(value: Fraction, fmt: Fixed) -> int:
    """The definition of each mode, in rationals."""
    scaled = value * Fraction(2) ** fmt.fraction
    nearest_low, nearest_high = ceil(scaled - Fraction(1, 2)), floor(scaled + Fraction(1, 2))
    away, toward = (nearest_high, nearest_low) if scaled > 0 else (nearest_low, nearest_high)
    rounded = {
        Rounding.TRN: floor(scaled),
        Rounding.TRN_ZERO: int(scaled),
        Rounding.RND: nearest_high,
        Rounding.RND_CONV: round(scaled),
        Rounding.RND_ZERO: toward,
        Rounding.RND_INF: away,
        Rounding.RND_MIN_INF: nearest_low,
    }[fmt.rounding]
    low, high = (-(1 << (fmt.width - 1)) if fmt.signed else 0), (1 << (fmt.width - fmt.signed)) - 1
    if fmt.overflow is Overflow.SAT_SYM and fmt.signed:
        low = -high
    if low <= rounded <= high:
        return rounded
    match fmt.overflow:
        case Overflow.WRAP:
            return (rounded - low) % (1 << fmt.width) + low
        case Overflow.SAT_ZERO:
            return 0
        case _:
            return low if rounded < low else high


# A published table: UG1399, "Quantization modes" (ap_fixed<3,2> of 1.25 and -1.25) and "Overflow modes" (ap_fixed<4,4> of
# 19 and -19; ap_ufixed<4,4> of 19 and -19).
PUBLISHED_ROUNDING = [
    (Rounding.RND, 1.5, -1.0),
    (Rounding.RND_ZERO, 1.0, -1.0),
    (Rounding.RND_MIN_INF, 1.0, -1.5),
    (Rounding.RND_INF, 1.5, -1.5),
    (Rounding.RND_CONV, 1.0, -1.0),
    (Rounding.TRN, 1.0, -1.5),
    (Rounding.TRN_ZERO, 1.0, -1.0),
]
PUBLISHED_OVERFLOW = [
    (Overflow.SAT, True, 7, -8),
    (Overflow.SAT, False, 15, 0),
    (Overflow.SAT_ZERO, True, 0, 0),
    (Overflow.SAT_SYM, True, 7, -7),
    (Overflow.SAT_SYM, False, 15, 0),
    (Overflow.WRAP, True, 3, -3),
    (Overflow.WRAP, False, 3, 13),
]


@pytest.mark.parametrize(("rounding", "positive", "negative"), PUBLISHED_ROUNDING)
def test_published_rounding(rounding, positive, negative):
    fmt = fixed(3, 1, True, rounding, Overflow.SAT)
    assert fmt.to_float(fmt.quantise([1.25, -1.25])).tolist() == [positive, negative]


@pytest.mark.parametrize(("overflow", "signed", "positive", "negative"), PUBLISHED_OVERFLOW)
def test_published_overflow(overflow, signed, positive, negative):
    assert fixed(4, 0, signed, Rounding.RND, overflow).quantise([19.0, -19.0]).tolist() == [positive, negative]


def test_every_spelling_of_one_format():
    fmt = fixed(13, 12, True, Rounding.RND_CONV, Overflow.SAT_SYM)
    assert fmt.ap_fixed == "ap_fixed<13,1,AP_RND_CONV,AP_SAT_SYM>"
    assert fmt.kif == (1, 0, 12)
    assert (fmt.raw_min, fmt.raw_max) == (-4095, 4095)
    assert (fmt.minimum, fmt.maximum, fmt.resolution) == (-4095 / 4096, 4095 / 4096, 1 / 4096)
    fmt = fixed(8, -2, False, Rounding.TRN_ZERO, Overflow.WRAP)
    assert fmt.ap_fixed == "ap_ufixed<8,10,AP_TRN_ZERO,AP_WRAP>"
    assert fmt.kif == (0, 10, -2)
    assert (fmt.minimum, fmt.maximum, fmt.resolution) == (0.0, 1020.0, 4.0)


@settings(deadline=None, derandomize=True)
@given(st.data())
def test_spellings_read_back(data):
    rounding, overflow = data.draw(st.sampled_from(MODES))
    fmt = fixed(data.draw(st.integers(1, 62)), data.draw(st.integers(-70, 70)), data.draw(st.booleans()), rounding, overflow)
    assert Fixed.from_ap_fixed(fmt.ap_fixed) == fmt
    assert Fixed.from_kif(*fmt.kif, rounding=rounding, overflow=overflow) == fmt
    assert hash(Fixed.from_ap_fixed(fmt.ap_fixed)) == hash(fmt)


def test_ap_fixed_defaults_are_those_of_cpp():
    assert Fixed.from_ap_fixed("ap_fixed<16, 6>") == fixed(16, 10, True, Rounding.TRN, Overflow.WRAP)
    assert Fixed.from_ap_fixed("ap_ufixed<8,3,AP_RND>") == fixed(8, 5, False, Rounding.RND, Overflow.WRAP)
    assert Fixed.from_ap_fixed("ap_fixed<4,2,AP_RND,AP_SAT,0>") == fixed(4, 2, True, Rounding.RND, Overflow.SAT)


@pytest.mark.parametrize(
    "text",
    ["fixed<8,4>", "ap_fixed<8>", "ap_fixed<8,x>", "ap_fixed<8,4,RND>", "ap_fixed<8,4,AP_RND,AP_WRAP_SM>",
     "ap_fixed<8,4,AP_RND,AP_SAT,1>", "ap_fixed<8,4> ;", "ap_fixed<1,1,AP_RND,AP_SAT,0,0>", "ap_fixed<0,0>"],
)  # fmt: skip
def test_foreign_text_is_refused(text):
    with pytest.raises(ValueError, match=r"must be|must hold"):
        Fixed.from_ap_fixed(text)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"width": 0}, ValueError, "width must be 1 to 62 bits, not 0"),
        ({"width": MAX_WIDTH + 1}, ValueError, "not 63"),
        ({"fraction": MAX_FRACTION + 1}, ValueError, "fraction must be -512 to 512 bits, not 513"),
        ({"width": 8.0}, TypeError, "width must be of type int, not float"),
        ({"width": True}, TypeError, "width must be of type int, not bool"),
        ({"signed": 1}, TypeError, "signed must be of type bool, not int"),
        ({"rounding": "AP_RND"}, TypeError, "rounding must be of type Rounding, not str"),
        ({"overflow": Rounding.RND}, TypeError, "overflow must be of type Overflow, not Rounding"),
    ],
)
def test_bad_declarations_are_refused(change, error, message):
    good = {"width": 8, "fraction": 4, "signed": True, "rounding": Rounding.RND, "overflow": Overflow.SAT}
    with pytest.raises(error, match=message):
        Fixed(**(good | change))


def test_bad_kif_is_refused():
    with pytest.raises(ValueError, match="keep_negative must be 0 or 1, not 2"):
        Fixed.from_kif(2, 3, 4, rounding=Rounding.RND, overflow=Overflow.SAT)


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([[0.0, 1.0], [np.nan, np.inf]], ValueError, r"finite, not nan \(at index \(1, 0\)\)"),
        (-np.inf, ValueError, r"finite, not -inf \(at index \(\)\)"),
        ([0, 1 << 62], ValueError, "below 2"),
        (np.uint64(1 << 63), ValueError, "below 2"),
        ([True], TypeError, "not bool"),
        (["1"], TypeError, "values must be floats"),
        ([1 + 2j], TypeError, "not complex128"),
        (np.longdouble(1), TypeError, "not float128|not longdouble"),
        (None, TypeError, "not object"),
    ],
)
def test_bad_values_are_refused(values, error, message):
    with pytest.raises(error, match=message):
        fixed(8, 4, True).quantise(values)


def test_bad_raw_is_refused():
    with pytest.raises(ValueError, match=r"raw must be -8 to 7 in ap_fixed<4,4,AP_TRN,AP_WRAP>, not 8 \(at index \(1,\)\)"):
        fixed(4, 0, True).to_float([7, 8])
    with pytest.raises(ValueError, match="raw must be 0 to 15"):
        fixed(9, 0, True).requantise(np.int8(-1), fixed(4, 0, False))
    with pytest.raises(TypeError, match="raw must be integers, not float64"):
        fixed(4, 0, True).check([1.0])


def test_empty_and_shapes():
    fmt = fixed(8, 4, True)
    for empty in (fmt.quantise([]), fmt.check([]), fmt.requantise(np.zeros((0, 3), np.int16), fmt)):
        assert empty.size == 0
        assert empty.dtype == np.int64
    assert fmt.quantise(np.float32(0.5)).shape == ()
    assert fmt.quantise(np.zeros((2, 3), np.float16)).shape == (2, 3)
    assert fmt.quantise(-0.0) == 0


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(("rounding", "overflow"), MODES)
def test_exhaustive_against_rationals(rounding, overflow, signed):
    for width, fraction in itertools.product(range(1, 6), range(-2, 6)):
        target = fixed(width, fraction, signed, rounding, overflow)
        for source_signed in (True, False):
            source = fixed(7, 3, source_signed)
            raw = np.arange(-64, 64) + (0 if source_signed else 64)
            expected = [exact_raw(Fraction(int(r), 8), target) for r in raw]
            assert target.requantise(raw, source).tolist() == expected
            assert target.quantise(raw / 8).tolist() == expected
            assert target.quantise(raw << 1).tolist() == [exact_raw(Fraction(int(r) << 1), target) for r in raw]


EXTREMES = [5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 2.0**62, 2.0**63, 2.0**64, 2.0**-600, 0.5, 1 - 2.0**-53]


@pytest.mark.parametrize(("rounding", "overflow"), MODES)
@pytest.mark.parametrize("fmt", [(62, 0), (62, 512), (62, -512), (1, 0), (3, 500), (61, 61), (10, -3)])
def test_extreme_floats_against_rationals(fmt, rounding, overflow):
    values = np.array([s * v for v in EXTREMES for s in (1, -1)])
    for signed in (True, False):
        target = fixed(*fmt, signed, rounding, overflow)
        assert target.quantise(values).tolist() == [exact_raw(Fraction(v), target) for v in values.tolist()]


@pytest.mark.parametrize(("rounding", "overflow"), MODES)
def test_widest_formats_at_every_shift(rounding, overflow):
    """The ends of 62-bit formats shifted by up to 130 bits both ways: halves and wraps at the limit of int64."""
    for signed, shift in itertools.product((True, False), range(-130, 131)):
        source, target = fixed(62, 200, signed), fixed(62, 200 + shift, signed, rounding, overflow)
        raw = [source.raw_min, source.raw_min + 1, source.raw_max // 2 + 1, source.raw_max]
        assert target.requantise(raw, source).tolist() == [exact_raw(Fraction(r) / 2**200, target) for r in raw]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.integers(1, 62), st.integers(-80, 80), st.booleans(), st.sampled_from(MODES),
    st.floats(allow_nan=False, allow_infinity=False), st.integers(1 - 2**62, 2**62 - 1),
    st.integers(1, 62), st.integers(-80, 80), st.data(),
)  # fmt: skip
def test_any_format_against_rationals(width, fraction, signed, modes, value, whole, source_width, source_fraction, data):
    target = fixed(width, fraction, signed, *modes)
    source = fixed(source_width, source_fraction, data.draw(st.booleans()))
    raw = data.draw(st.integers(source.raw_min, source.raw_max))
    assert target.quantise(value) == exact_raw(Fraction(value), target)
    assert target.quantise(whole) == exact_raw(Fraction(whole), target)
    assert target.requantise(raw, source) == exact_raw(raw / Fraction(2) ** source_fraction, target)
    if width <= 53:
        assert target.quantise(target.to_float(target.quantise(value))) == target.quantise(value)


GRID = np.arange(-400, 401) / 32  # ties, quarter ties, both signs, several wraps of every format below
WITNESS_FORMATS = [(4, 2, True), (4, 2, False), (6, 3, True), (5, 4, True), (3, -1, True), (5, 0, False), (3, 4, True)]


@pytest.mark.parametrize("fmt", WITNESS_FORMATS)
@pytest.mark.parametrize("overflow", [Overflow.WRAP, Overflow.SAT, Overflow.SAT_SYM])
@pytest.mark.parametrize("rounding", list(Rounding))
def test_quantizers_agrees(rounding, overflow, fmt):
    """All its modes; it saturates before it rounds, which differs from ap_fixed only where the result is the same."""
    target = fixed(*fmt, rounding, overflow)
    theirs = get_fixed_quantizer_np(rounding.name, overflow.name)(GRID, *(np.float64(k) for k in target.kif))
    assert target.to_float(target.quantise(GRID)).tolist() == (theirs + 0.0).tolist()


APYTYPES_MODES = {
    Rounding.TRN: apytypes.QuantizationMode.TO_NEG,
    Rounding.TRN_ZERO: apytypes.QuantizationMode.TO_ZERO,
    Rounding.RND: apytypes.QuantizationMode.TIES_POS,
    Rounding.RND_CONV: apytypes.QuantizationMode.TIES_EVEN,
    Rounding.RND_ZERO: apytypes.QuantizationMode.TIES_ZERO,
    Rounding.RND_INF: apytypes.QuantizationMode.TIES_AWAY,
    Rounding.RND_MIN_INF: apytypes.QuantizationMode.TIES_NEG,
}


@pytest.mark.parametrize("fmt", [f for f in WITNESS_FORMATS if f[2]] + [(40, 20, True), (30, 2, True)])
@pytest.mark.parametrize("overflow", [Overflow.WRAP, Overflow.SAT])
@pytest.mark.parametrize("rounding", list(Rounding))
def test_apytypes_agrees(rounding, overflow, fmt):
    width, fraction, _ = fmt
    target, source = fixed(*fmt, rounding, overflow), fixed(50, 25, True)
    raw = np.concatenate([(GRID * 2**25).astype(np.int64), np.random.default_rng(1).integers(-(1 << 49), 1 << 49, 500)])
    theirs = apytypes.APyFixedArray(raw.tolist(), bits=50, frac_bits=25).cast(
        bits=width,
        frac_bits=fraction,
        quantization=APYTYPES_MODES[rounding],
        overflow=getattr(apytypes.OverflowMode, overflow.name),
    )
    bits = np.array([int(b) for b in theirs.to_bits()])
    assert target.requantise(raw, source).tolist() == np.where(bits > target.raw_max, bits - (1 << width), bits).tolist()


CPP_SOURCE = fixed(12, 5, True)
CPP_SHAPES = [(4, 2, True), (4, 2, False), (6, 3, True), (3, -1, True), (5, 6, False), (5, 5, True)]
CPP_FORMATS = [fixed(*shape, *modes) for shape in CPP_SHAPES for modes in MODES]


def cpp_text() -> str:
    """A program that prints per format one line: bits of each source value converted, and of its double converted."""
    calls = "\n".join(f"  run<{fmt.ap_fixed} >();" for fmt in CPP_FORMATS)
    return f"""#include <cstdio>
#include <ap_fixed.h>
template <class T> void run() {{
  for (int raw = {CPP_SOURCE.raw_min}; raw <= {CPP_SOURCE.raw_max}; ++raw) {{
    {CPP_SOURCE.ap_fixed} x;
    x.range() = raw;
    T from_fixed = x, from_double = x.to_double();
    std::printf("%u %u ", from_fixed.range().to_uint(), from_double.range().to_uint());
  }}
  std::printf("\\n");
}}
int main() {{
{calls}
}}
"""


@pytest.fixture(scope="module")
def cpp_bits():
    """(format, source value, converted from fixed or double) bits that the ap_fixed headers of hls4ml give; cached."""
    headers = Path(find_spec("hls4ml").submodule_search_locations[0]) / "templates/vivado/ap_types"
    declaration = cpp_text() + "".join(path.read_text() for path in sorted(headers.rglob("*.h")))
    digest = hashlib.sha256(declaration.encode()).hexdigest()
    cache = Path(tempfile.gettempdir()) / f"darktrigger-ap-fixed-{digest[:24]}.npy"
    if not cache.exists():
        with tempfile.TemporaryDirectory() as folder:
            source, program = Path(folder) / "witness.cpp", Path(folder) / "witness"
            source.write_text(cpp_text())
            subprocess.run(["g++", "-std=c++11", "-O0", "-w", f"-I{headers}", str(source), "-o", str(program)], check=True)
            lines = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout.splitlines()
            bits = np.array([line.split() for line in lines], dtype=np.int64).reshape(len(CPP_FORMATS), -1, 2)
            partial = Path(folder) / "bits.npy"
            np.save(partial, bits)
            shutil.copy(partial, f"{cache}.{os.getpid()}")
            os.replace(f"{cache}.{os.getpid()}", cache)
    return np.load(cache, allow_pickle=False)


@pytest.mark.parametrize("index", range(len(CPP_FORMATS)), ids=lambda k: CPP_FORMATS[k].ap_fixed)
def test_ap_fixed_headers_agree(cpp_bits, index):
    fmt = CPP_FORMATS[index]
    raw = np.arange(CPP_SOURCE.raw_min, CPP_SOURCE.raw_max + 1)
    theirs = np.where(cpp_bits[index] > fmt.raw_max, cpp_bits[index] - (1 << fmt.width), cpp_bits[index])
    for name, ours, column in (
        ("fixed", fmt.requantise(raw, CPP_SOURCE), 0),
        ("double", fmt.quantise(CPP_SOURCE.to_float(raw)), 1),
    ):
        wrong = np.flatnonzero(ours != theirs[:, column])[:5]
        rows = [(float(raw[k] / 32), int(ours[k]), int(theirs[k, column])) for k in wrong]
        assert not rows, f"{fmt.ap_fixed} from {name}: (value, ours, theirs) {rows}"
