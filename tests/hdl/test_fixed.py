"""Hardware conversion equals Fixed.requantise: exhaustive for small formats, sampled for wide ones."""

import itertools

import numpy as np
import pytest
from amaranth.hdl import Fragment, Module, Signal, signed, unsigned
from amaranth.sim import Simulator

from hdl.fixed import const, convert, shape
from trigger.fixed import Fixed, Overflow, Rounding

MODES = tuple(itertools.product(Rounding, Overflow))
TARGET_SHAPES = [(1, 0), (2, 1), (3, 3), (3, -1), (5, 2), (7, 5)]


def fixed(width, fraction, is_signed, rounding=Rounding.TRN, overflow=Overflow.WRAP):
    return Fixed(width=width, fraction=fraction, signed=is_signed, rounding=rounding, overflow=overflow)


def simulate(source, targets, raw):
    """Raw results, one row per target, of the conversions of `raw` by hardware."""
    m, value = Module(), Signal(shape(source))
    outputs = [convert(m, value, source, target) for target in targets]
    results = np.zeros((len(targets), len(raw)), dtype=np.int64)

    async def bench(ctx):
        for k, number in enumerate(raw):
            ctx.set(value, int(number))
            results[:, k] = [ctx.get(output) for output in outputs]

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
    return results


def first_mismatch(source, targets, raw, results):
    """Five rows at most of (target, raw input, hardware, model)."""
    rows = []
    for target, result in zip(targets, results, strict=True):
        expected = target.requantise(raw, source)
        rows += [(target.ap_fixed, int(raw[k]), int(result[k]), int(expected[k])) for k in np.flatnonzero(result != expected)]
    return rows[:5]


@pytest.mark.parametrize("source_signed", [True, False])
@pytest.mark.parametrize("source_shape", [(5, 2), (4, 6), (2, -1), (1, 0)])
def test_convert_exhaustive(source_shape, source_signed):
    source = fixed(*source_shape, source_signed)
    targets = [fixed(*s, is_signed, *modes) for s in TARGET_SHAPES for is_signed in (True, False) for modes in MODES]
    raw = np.arange(source.raw_min, source.raw_max + 1)
    assert first_mismatch(source, targets, raw, simulate(source, targets, raw)) == []


def test_convert_wide_formats():
    source = fixed(40, 22, True)
    rng = np.random.default_rng(20261121)
    raw = np.concatenate(
        [
            [source.raw_min, -1, 0, 1, source.raw_max],
            rng.integers(source.raw_min, source.raw_max, 60),
            rng.integers(-9999, 9999, 60),
        ]
    )
    targets = [fixed(*s, *modes) for s in [(14, 12, True), (13, 12, False), (62, 30, True), (20, -20, True)] for modes in MODES]
    assert first_mismatch(source, targets, raw, simulate(source, targets, raw)) == []


def test_shape_and_const():
    assert shape(fixed(14, 12, True)) == signed(14)
    assert shape(fixed(9, 2, False)) == unsigned(9)
    assert const(fixed(4, 2, True, Rounding.RND, Overflow.SAT), -9.0).value == -8
    assert const(fixed(4, 2, True), 1.0).shape() == signed(4)
    with pytest.raises(ValueError, match="values must be finite, not nan"):
        const(fixed(4, 2, True), float("nan"))


@pytest.mark.parametrize("wrong", [signed(4), unsigned(5)])
def test_convert_refuses_another_shape(wrong):
    m = Module()
    with pytest.raises(ValueError, match=r"value must have shape signed\(5\) of ap_fixed<5,3,AP_TRN,AP_WRAP>, not"):
        convert(m, Signal(wrong), fixed(5, 2, True), fixed(4, 2, True))
    assert not Fragment.get(m, None).statements, "nothing may be added to the module"
