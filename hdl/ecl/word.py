"""The 96-bit word to the GDL, packed as `trigger.ecl.layout.WORD_FIELDS` declares it."""

from collections.abc import Mapping

from amaranth.hdl import Cat, Const, Mux, Value

from trigger.ecl.layout import DECISION_FIELDS, WORD_BITS, WORD_FIELDS, Packing, WordField


def pack(values: Mapping[str, Value]) -> Value:
    """Return the word of decision fields given by name, plus "hit"; every field is as wide as the layout says."""
    bits = [Const(0, 1)] * WORD_BITS
    for field in WORD_FIELDS:
        for k, bit in enumerate(_packed(field, values)):
            bits[field.low + k] = bit
    return Cat(bits)


def _packed(field: WordField, values: Mapping[str, Value]) -> Value:
    if field.packing is Packing.ZERO:
        return Const(0, field.width)
    value = values[field.source]
    if field.element is not None:
        width = {declared.name: declared.width for declared in DECISION_FIELDS}[field.source]
        value = value.word_select(field.element, width)
    if field.packing is Packing.SATURATE:
        value = Mux(value[field.width :].any(), Const(-1, field.width).as_unsigned(), value[: field.width])
    if len(value) < field.width:
        msg = f"{field.name}: source {field.source} must have at least {field.width} bits, not {len(value)}"
        raise ValueError(msg)
    return value[: field.width]
