"""Fixed-point formats in hardware: the shape of a format, its constants, and the conversion between two formats."""

from amaranth.hdl import Cat, Const, Module, Shape, Signal, Value, ValueLike, signed, unsigned

from trigger.fixed import Fixed, Overflow, Rounding


def shape(fmt: Fixed) -> Shape:
    """The Amaranth shape of raw integers of the format."""
    return signed(fmt.width) if fmt.signed else unsigned(fmt.width)


def const(fmt: Fixed, value: float) -> Const:
    """The constant nearest to `value` under the rounding and overflow of the format; ValueError if it is not finite."""
    return Const(int(fmt.quantise(value)), shape(fmt))


def convert(m: Module, value: ValueLike, source: Fixed, target: Fixed) -> Signal:
    """A signal of shape(target) that holds `value`, a raw integer of `source`, converted: combinational, no register.

    Rounding and overflow are those of `target`, exactly as in Fixed.requantise. The value must have the shape of
    `source`: ValueError if its width or sign differs.
    """
    value = Value.cast(value)
    if value.shape() != shape(source):
        msg = f"value must have shape {shape(source)!r} of {source.ap_fixed}, not {value.shape()!r}"
        raise ValueError(msg)
    dropped = source.fraction - target.fraction
    kept = Signal(signed(max(source.width - dropped, 1) + 2))  # one bit for a sign, one for the carry of rounding
    if dropped > 0:
        m.d.comb += kept.eq((value >> dropped) + _carry(value, dropped, target.rounding))
    else:
        m.d.comb += kept.eq(Cat(Const(0, -dropped), value).as_signed() if source.signed else Cat(Const(0, -dropped), value))
    result = Signal(shape(target))
    m.d.comb += result.eq(kept)
    if target.overflow is not Overflow.WRAP:
        low, high = (0, 0) if target.overflow is Overflow.SAT_ZERO else (target.raw_min, target.raw_max)
        with m.If(kept > target.raw_max):
            m.d.comb += result.eq(high)
        with m.Elif(kept < target.raw_min):
            m.d.comb += result.eq(low)
    return result


def _carry(value: Value, dropped: int, rounding: Rounding) -> Value:
    """The bit to add to value >> dropped: from the first dropped bit, whether any lower one is set, LSB and sign."""
    sign = value[-1] if value.shape().signed else Const(0, 1)
    extended = Cat(value, sign.replicate(max(dropped + 1 - len(value), 0)))
    first, lower, lsb = extended[dropped - 1], extended[: dropped - 1].any(), extended[dropped]
    match rounding:
        case Rounding.TRN:
            return Const(0, 1)
        case Rounding.TRN_ZERO:
            return sign & (first | lower)
        case Rounding.RND:
            return first
        case Rounding.RND_CONV:
            return first & (lower | lsb)
        case Rounding.RND_ZERO:
            return first & (lower | sign)
        case Rounding.RND_INF:
            return first & (lower | ~sign)
        case Rounding.RND_MIN_INF:
            return first & lower
