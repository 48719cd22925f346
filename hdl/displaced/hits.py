"""The segments of two windows: azimuths in registers, where all of them are compared at once, the rest in small memories."""

import numpy as np
from amaranth.hdl import Cat, Elaboratable, Module, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory

from hdl.cdc.neuro.segments import Number, Time
from hdl.displaced.layout import Axial
from hdl.logic import choose, delayed
from trigger.cdc.neuro.inputs import SIDE
from trigger.displaced.fit_tables import fit_tables
from trigger.displaced.formats import AZIMUTH, COARSE_SHIFT
from trigger.geometry.cdc import FIRST_PRIORITY, N_SUPERLAYERS, superlayers

Hit = data.StructLayout({"valid": 1, "number": Number, "priority": range(FIRST_PRIORITY + 1), "lr": range(len(SIDE)), "time": Time})
"""A segment with its number in its superlayer."""
Position = Axial["position"].shape
N_POSITIONS = Position.stop
N_BANKS = 2
"""Windows that are held: one is filled, the other is fitted. Their number is the parity of the window."""
Stored = data.StructLayout({"angle": AZIMUTH.width, "second": 1, "left": 1, "right": 1, "time": Time})
"""A segment: azimuth of its wire, second priority, sides of the wire on which the track can have passed, time."""


class WindowHits(Elaboratable):
    """Nine lanes of segments, at most one each per cycle, into the bank of their window.

    A segment can be compared two cycles after it came, that is by a seed that comes one cycle after it. Segments beyond the room of
    a superlayer are lost.

    Attributes:
        in_hits: lanes by superlayer. in_last: the last cycle of a window; the next one begins the next window in the other bank.
        there: Value (N_POSITIONS bits) by superlayer and bank. coarse, second, left, right: lists by superlayer, bank and position.
    """

    def __init__(self) -> None:
        self.in_hits = Signal(data.ArrayLayout(Hit, N_SUPERLAYERS))
        self.in_last = Signal()
        lanes = range(N_SUPERLAYERS)
        self.there = [[Signal(N_POSITIONS, name=f"there_{s}_{b}") for b in range(N_BANKS)] for s in lanes]
        self._stored = [[[self._place(s, b, i) for i in range(N_POSITIONS)] for b in range(N_BANKS)] for s in lanes]
        self.coarse = [[[place["coarse"] for place in bank] for bank in lane] for lane in self._stored]
        self.flags = [[[place["flags"] for place in bank] for bank in lane] for lane in self._stored]
        self._memory = [Memory(shape=Stored, depth=N_BANKS * N_POSITIONS, init=[]) for _ in lanes]

    @staticmethod
    def _place(superlayer: int, bank: int, position: int) -> dict[str, Signal]:
        """Registers of a segment: upper bits of the azimuth; second priority (axial), or both sides (stereo)."""
        where = f"{superlayer}_{bank}_{position}"
        axial = bool(superlayers().axial[superlayer])
        return {
            "coarse": Signal(AZIMUTH.width - COARSE_SHIFT, name=f"coarse_{where}", reset_less=True),
            "flags": Signal(1 if axial else 2, name=f"flags_{where}", reset_less=True),
        }

    def read(self, m: Module, superlayer: int, bank: Value, position: Value) -> data.View:
        """A stored segment, in the same cycle; every call is a port of its own."""
        port = self._memory[superlayer].read_port(domain="comb")
        m.d.comb += port.addr.eq(Cat(position, bank))
        return port.data

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bank = Signal()
        last = delayed(m, self.in_last, 1, "last")
        with m.If(last):
            m.d.sync += bank.eq(~bank)
        for superlayer in range(N_SUPERLAYERS):
            m.submodules[f"memory_{superlayer}"] = self._memory[superlayer]
            self._lane(m, superlayer, bank, last)
        return m

    def _lane(self, m: Module, superlayer: int, bank: Signal, last: Value) -> None:
        hit = self.in_hits[superlayer]
        lines, table = superlayers(), fit_tables().angle
        own = table[lines.offset[superlayer] : lines.offset[superlayer + 1]]
        angles = np.concatenate([np.zeros((len(own), 1), np.int64), own], axis=1)
        rom = Memory(shape=AZIMUTH.width, depth=angles.size, init=angles.ravel().tolist())
        m.submodules[f"angles_{superlayer}"] = rom
        port = rom.read_port()
        m.d.comb += [port.en.eq(1), port.addr.eq(Cat(hit.priority, hit.number))]
        valid = delayed(m, hit.valid, 1, f"valid_{superlayer}")
        late = {name: delayed(m, hit[name], 1, f"{name}_{superlayer}") for name in ("priority", "lr", "time")}
        # The width of a choice follows its values: a side that no code excludes would have none.
        left, right = (Value.cast(choose([int(side != wrong) for side in SIDE], late["lr"])) for wrong in (1, -1))
        second = late["priority"] != FIRST_PRIORITY
        count = Signal(range(N_POSITIONS + 1), name=f"count_{superlayer}")
        taken = Signal(name=f"taken_{superlayer}")
        m.d.comb += taken.eq(valid & (count < N_POSITIONS))
        m.d.sync += count.eq(count + taken)
        with m.If(last):
            m.d.sync += count.eq(0)
        write = self._memory[superlayer].write_port()
        m.d.comb += [
            write.en.eq(taken),
            write.addr.eq(Cat(count[: Position.stop.bit_length() - 1], bank)),
            write.data.angle.eq(port.data),
            write.data.second.eq(second),
            write.data.left.eq(left),
            write.data.right.eq(right),
            write.data.time.eq(late["time"]),
        ]
        axial = bool(superlayers().axial[superlayer])
        for number in range(N_BANKS):
            there = self.there[superlayer][number]
            for position in range(N_POSITIONS):
                with m.If(taken & (bank == number) & (count == position)):
                    place = self._stored[superlayer][number][position]
                    m.d.sync += [
                        there[position].eq(1),
                        place["coarse"].eq(port.data[COARSE_SHIFT:]),
                        place["flags"].eq(second if axial else Cat(left, right)),
                    ]
            with m.If(last & (bank != number)):
                m.d.sync += there.eq(0)
