"""The word as hardware packs it against the packing of the model, field by field and in random decisions."""

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator

from hdl.ecl.word import pack
from trigger.ecl import unpack_word
from trigger.ecl.layout import DECISION_FIELDS, WORD_BITS, WORD_FIELDS, Packing

FIELDS = [field for field in DECISION_FIELDS if field.name != "ecl_word"]


def words(decisions):
    """The word of each decision {field: raw bits}, fields that are not named being 0."""
    m, word, answers = Module(), Signal(WORD_BITS), []
    inputs = {"hit": Signal(name="hit"), **{field.name: Signal(field.length * field.width, name=field.name) for field in FIELDS}}
    m.d.comb += word.eq(pack(inputs))

    async def bench(ctx):
        for decision in decisions:
            for name, signal in inputs.items():
                ctx.set(signal, decision.get(name, 0))
            await ctx.delay(1e-9)
            answers.append(ctx.get(word))

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
    return answers


@pytest.mark.parametrize("declared", [f for f in WORD_FIELDS if f.packing is not Packing.ZERO], ids=lambda f: f.name)
def test_every_bit_of_every_field(declared):
    """A source with one bit set sets that bit of the field alone; the prescale bit and the hit bit share their source."""
    width = {field.name: field.width for field in FIELDS}.get(declared.source, 1)
    offset = width * (declared.element or 0)
    if declared.packing is Packing.SATURATE:
        values = [0, 1, (1 << declared.width) - 1, 1 << declared.width, (1 << width) - 1]
        wanted = [min(value, (1 << declared.width) - 1) for value in values]
    else:
        values = wanted = [1 << k for k in range(declared.width)]
    found = words([{declared.source: value << offset} for value in values])
    assert [word >> declared.low & ((1 << declared.width) - 1) for word in found] == wanted
    same_source = [f for f in WORD_FIELDS if f.source == declared.source]
    mask = sum(((1 << f.width) - 1) << f.low for f in same_source)
    assert not any(word & ~mask for word in found)


def test_unpacked_by_the_model():
    """Random decisions come back from the model's unpacking."""
    rng = np.random.default_rng(1)
    decisions = [{"hit": 1, **{f.name: int(rng.integers(0, 1 << min(f.length * f.width, 60))) for f in FIELDS}} for _ in range(50)]
    packed = np.array([[word >> (32 * k) & 0xFFFFFFFF for k in range(3)] for word in words(decisions)], np.uint32)
    unpacked = unpack_word(packed)
    for name in ("ecl_icn", "ecl_bhabha2d", "ecl_timing_quality"):
        declared = next(f for f in WORD_FIELDS if f.source == name)
        mask = (1 << declared.width) - 1
        assert np.asarray(unpacked[declared.name]).tolist() == [decision[name] & mask for decision in decisions]
