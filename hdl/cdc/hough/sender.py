"""Tracks to quadrants and data clocks: each quadrant sends its tracks in order, so many per data clock."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.cdc.hough.association import segment_layout
from hdl.cdc.hough.layout import CLOCKS_PER_FRAME, CYCLES_PER_CLOCK, Layout
from hdl.logic import add
from trigger.cdc.hough.plane import N_QUADRANTS
from trigger.geometry.cdc import N_SECTORS

Quadrant = range(N_QUADRANTS)


def track_layout(layout: Layout) -> data.StructLayout:
    """A track as it is sent: half cells in phi from the start of the quadrant, signed half cells in omega, its segments."""
    n_omega = layout.plane.n_omega
    segments = {f"segment_{k}": segment_layout(N_SECTORS * count) for k, count in enumerate(layout.per_sector)}
    return data.StructLayout(
        {"phi": range(layout.plane.n_phi // 2), "omega": signed(len(Signal(range(-n_omega + 1, n_omega)))), **segments}
    )


class Sender(wiring.Component):
    """Data clocks of a frame.

    `begin` comes before the first track of a frame and fixes its `parity`; `valid` tracks come with their quadrant, lanes in
    order; `send` comes after the last one, with `overflow` if there were more. Then, `LATENCY` cycles later and every four cycles
    from there on, for data clocks 0 to 15: `clock` with the tracks of every quadrant, `counts` of them, in order, zero beyond.
    `out_valid` marks data clock 0 and each one with a track. Frames at least 64 cycles apart; a frame may begin while the one
    before is sent. At most as many lanes as tracks per data clock. Tracks beyond the last data clock are lost, and this too
    sets `out_overflow`.
    """

    LATENCY = 2

    def __init__(self, layout: Layout, n_lanes: int) -> None:
        self._layout, self._n_lanes, self._n_slots = layout, n_lanes, layout.plane.tracks_per_clock
        track = track_layout(layout)
        super().__init__(
            {
                "begin": In(1),
                "valid": In(n_lanes),
                "quadrants": In(data.ArrayLayout(Quadrant, n_lanes)),
                "tracks": In(data.ArrayLayout(track, n_lanes)),
                "send": In(1),
                "overflow": In(1),
                "out_valid": Out(1),
                "out_clock": Out(range(CLOCKS_PER_FRAME)),
                "out_overflow": Out(1),
                "out_counts": Out(data.ArrayLayout(range(self._n_slots + 1), N_QUADRANTS)),
                "out_tracks": Out(data.ArrayLayout(data.ArrayLayout(track, self._n_slots), N_QUADRANTS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        parity, sent_parity = Signal(), Signal()
        is_sending, cycle = Signal(), Signal(range(CYCLES_PER_CLOCK * CLOCKS_PER_FRAME))
        clock = Signal(range(CLOCKS_PER_FRAME))
        with m.If(self.begin):
            m.d.sync += parity.eq(~parity)
        with m.If(self.send):
            m.d.sync += [is_sending.eq(1), cycle.eq(0), sent_parity.eq(parity)]
        with m.Elif(is_sending):
            m.d.sync += [is_sending.eq(~cycle.all()), cycle.eq(cycle + 1)]
        m.d.comb += clock.eq(cycle[CYCLES_PER_CLOCK.bit_length() - 1 :])

        is_lost, counts = [], []
        for quadrant in range(N_QUADRANTS):
            mine, ordinals, n_new = self._tracks_of(m, quadrant)
            row, slot = self._place(m, quadrant, n_new)
            self._memories(m, quadrant, mine, ordinals, Cat(row, parity), slot, Cat(clock, sent_parity))
            is_lost.append((row > CLOCKS_PER_FRAME) | ((row == CLOCKS_PER_FRAME) & (slot != 0)))
            sent_row, sent_slot = Signal.like(row, name=f"sent_row_{quadrant}"), Signal.like(slot, name=f"sent_slot_{quadrant}")
            with m.If(self.send):
                m.d.sync += [sent_row.eq(row), sent_slot.eq(slot)]
            counts.append(Mux(clock < sent_row, self._n_slots, Mux(clock == sent_row, sent_slot, 0)))
            m.d.sync += self.out_counts[quadrant].eq(counts[-1])
        with m.If(self.send):
            m.d.sync += self.out_overflow.eq(self.overflow | Cat(is_lost).any())
        is_word = is_sending & (cycle[: CYCLES_PER_CLOCK.bit_length() - 1] == 0)
        m.d.sync += [
            self.out_valid.eq(is_word & ((clock == 0) | Cat(count != 0 for count in counts).any())),
            self.out_clock.eq(clock),
        ]
        return m

    def _tracks_of(self, m: Module, quadrant: int) -> tuple[Signal, list[Signal], Signal]:
        """(lanes with a track of the quadrant, how many lower lanes have one, how many there are)."""
        mine, n_new = Signal(self._n_lanes, name=f"mine_{quadrant}"), Signal(range(self._n_lanes + 1), name=f"n_new_{quadrant}")
        ordinals = [Signal(range(self._n_lanes), name=f"ordinal_{quadrant}_{lane}") for lane in range(self._n_lanes)]
        m.d.comb += [
            mine.eq(Cat(self.valid[lane] & (self.quadrants[lane] == quadrant) for lane in range(self._n_lanes))),
            n_new.eq(add(list(mine))),
            *(ordinal.eq(add(list(mine[:lane]))) for lane, ordinal in enumerate(ordinals)),
        ]
        return mine, ordinals, n_new

    def _place(self, m: Module, quadrant: int, n_new: Value) -> tuple[Signal, Signal]:
        """Data clock and slot of the next track of a quadrant; the clock stops behind the frame's end."""
        row = Signal(range(2 * CLOCKS_PER_FRAME), name=f"row_{quadrant}")
        slot = Signal(range(self._n_slots), name=f"slot_{quadrant}")
        following = slot + n_new
        wraps = following >= self._n_slots
        with m.If(self.begin):
            m.d.sync += [row.eq(0), slot.eq(0)]
        with m.Else():
            m.d.sync += slot.eq(Mux(wraps, following - self._n_slots, following))
            with m.If(wraps & (row <= CLOCKS_PER_FRAME)):
                m.d.sync += row.eq(row + 1)
        return row, slot

    def _memories(
        self, m: Module, quadrant: int, mine: Value, ordinals: Sequence[Value], row: Value, slot: Value, read_address: Value
    ) -> None:
        """One memory per slot of a quadrant: written where the next tracks go, read at `read_address` one cycle later.

        row: data clock of the next track, with the frame's parity as its highest bit; rows beyond the frame are not written.
        """
        width = len(self.tracks[0].as_value())
        for place in range(self._n_slots):
            memory = Memory(shape=width, depth=2 * CLOCKS_PER_FRAME, init=[])
            m.submodules[f"tracks_{quadrant}_{place}"] = memory
            write, read = memory.write_port(), memory.read_port()
            at = Signal(range(2 * CLOCKS_PER_FRAME), name=f"at_{quadrant}_{place}")
            wanted = Signal(range(self._n_slots), name=f"wanted_{quadrant}_{place}")
            takes = Signal(self._n_lanes, name=f"takes_{quadrant}_{place}")
            m.d.comb += [
                at.eq(row[:-1] + (place < slot)),
                wanted.eq(Mux(place < slot, place + self._n_slots - slot, place - slot)),
                takes.eq(Cat(one & (ordinal == wanted) for one, ordinal in zip(mine, ordinals, strict=True))),
                write.en.eq(takes.any() & ~at[-1]),
                write.addr.eq(Cat(at[:-1], row[-1])),
                read.addr.eq(read_address),
                read.en.eq(1),
                self.out_tracks[quadrant][place].as_value().eq(Mux(place < self.out_counts[quadrant], read.data, 0)),
            ]
            for lane in range(self._n_lanes):
                with m.If(takes[lane]):
                    m.d.comb += write.data.eq(self.tracks[lane])
