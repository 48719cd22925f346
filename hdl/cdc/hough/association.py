"""Segments of a track: of each axial superlayer the best one that crosses the box around the track's centre.

Ref: basf2 trg/cdc CDCTrigger2DFinderModule.cc (read in public source).
"""

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.cdc.block_memory import PORTS_PER_MEMORY
from hdl.cdc.hough.centre import centre_layout
from hdl.cdc.hough.frames import N_ADDRESSES, Address
from hdl.cdc.hough.layout import SECTOR_SHIFT, Layout, Reach
from hdl.logic import choose, delayed, first_set, select
from trigger.cdc.hough.windows import N_POSITIONS
from trigger.geometry.cdc import FIRST_PRIORITY, N_SECTORS


def segment_layout(n_segments: int) -> data.StructLayout:
    """The chosen segment of a superlayer: its number in the superlayer, 0 if there is none."""
    return data.StructLayout({"found": 1, "number": range(n_segments)})


class Association(wiring.Component):
    """The segment of one axial superlayer for the centre of each lane, `LATENCY` cycles later, one per lane and cycle.

    Segments with a hit on the first-priority wire go before others, then the highest number counts. Beats are written while
    they arrive, as in `Sweep`.
    """

    LATENCY = 6

    def __init__(self, layout: Layout, superlayer: int, n_lanes: int) -> None:
        self._layout, self._superlayer, self._n_lanes = layout, superlayer, n_lanes
        self._count = layout.per_sector[superlayer]
        super().__init__(
            {
                "taken": In(1),
                "address": In(Address),
                "beat": In(layout.sector_bits),
                "centres": In(data.ArrayLayout(centre_layout(layout), n_lanes)),
                "segments": Out(data.ArrayLayout(segment_layout(N_SECTORS * self._count), n_lanes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        written = self._hits_of_beat()
        entries = self._entries()
        for lane in range(self._n_lanes):
            if lane % PORTS_PER_MEMORY == 0:
                table = Memory(shape=self._entry(), depth=len(entries), init=entries)
                m.submodules[f"table_{lane}"] = table
            hits = Memory(shape=len(written), depth=N_ADDRESSES, init=[])
            m.submodules[f"hits_{lane}"] = hits
            write = hits.write_port()
            m.d.comb += [write.en.eq(self.taken), write.addr.eq(self.address), write.data.eq(written)]
            self._lane(m, lane, hits, table)
        return m

    def _hits_of_beat(self) -> Value:
        """Segments of the superlayer with a hit on any wire, then those with a first-priority hit."""
        first = self._layout.rows[self._superlayer]
        segments = [self.beat.word_select(first + k, N_POSITIONS) for k in range(self._count)]
        return Cat(*(segment.any() for segment in segments), *(segment[FIRST_PRIORITY - 1] for segment in segments))

    def _entry(self) -> data.StructLayout:
        n_sectors = self._layout.reach_sectors[self._superlayer]
        return data.StructLayout({"sector": range(N_SECTORS), "mask": n_sectors * self._count})

    def _entries(self) -> list[dict[str, int]]:
        """Reach of every centre, y2 after y2, half cell after half cell; sectors are counted from that of the plane."""
        entries = []
        for centre in np.ndindex(self._layout.half_cells, 2 * self._layout.plane.n_omega - 1):
            reach = self._layout.reach[self._superlayer].get(centre, Reach(sector=0, mask=0))
            entries.append({"sector": (reach.sector + SECTOR_SHIFT) % N_SECTORS, "mask": reach.mask})
        return entries

    def _lane(self, m: Module, lane: int, hits: Memory, table: Memory) -> None:
        centre, n_sectors = self.centres[lane], self._layout.reach_sectors[self._superlayer]
        look_up = table.read_port()
        n_y2 = 2 * self._layout.plane.n_omega - 1
        m.d.sync += look_up.addr.eq(centre.half_cell * n_y2 + centre.y2)
        m.d.comb += look_up.en.eq(1)
        entry = look_up.data
        bank, from_sector = delayed(m, centre.bank, 2, f"bank_{lane}"), delayed(m, centre.sector, 2, f"sector_{lane}")
        sectors, fetched = [], []
        for k in range(n_sectors):
            sector = Signal(range(N_SECTORS), name=f"sector_{lane}_{k}")
            port = hits.read_port()
            m.d.comb += [sector.eq(from_sector + entry.sector + k), port.addr.eq(Cat(sector, bank)), port.en.eq(1)]
            sectors.append(delayed(m, sector, 1, f"fetched_{lane}_{k}"))
            fetched.append(port.data)
        mask = delayed(m, entry.mask, 1, f"mask_{lane}")

        # Numbers start again at sector 0: what lies from there on is lower than what lies before.
        is_low = [Cat(sector == 0 for sector in sectors[1 : k + 1]).any() for k in range(n_sectors)]
        low, hit, first = (Signal(n_sectors * self._count, name=f"{name}_{lane}") for name in ("low", "hit", "first"))
        m.d.comb += [
            low.eq(Cat(one.replicate(self._count) for one in is_low)),
            hit.eq(mask & Cat(word[: self._count] for word in fetched)),
            first.eq(mask & Cat(word[self._count :] for word in fetched)),
        ]
        best = Signal(n_sectors * self._count, name=f"best_{lane}")
        with m.If((first & ~low).any()):
            m.d.sync += best.eq(first & ~low)
        with m.Elif(first.any()):
            m.d.sync += best.eq(first)
        with m.Elif((hit & ~low).any()):
            m.d.sync += best.eq(hit & ~low)
        with m.Else():
            m.d.sync += best.eq(hit)

        # From the top: the first sector with a segment, and in it the first segment.
        of_sector = [best.word_select(k, self._count) for k in reversed(range(n_sectors))]
        kept = [delayed(m, one, 1, f"kept_{lane}_{k}") for k, one in enumerate(sectors)]
        from_top, chosen = Signal(range(n_sectors), name=f"from_top_{lane}"), Signal(self._count, name=f"chosen_{lane}")
        m.d.comb += [from_top.eq(first_set(Cat(one.any() for one in of_sector))), chosen.eq(select(of_sector, from_top))]
        inside, sector = Signal(range(self._count), name=f"inside_{lane}"), Signal(range(N_SECTORS), name=f"at_{lane}")
        m.d.sync += [
            sector.eq(select(list(reversed(kept)), from_top)),
            inside.eq(self._count - 1 - first_set(Cat(reversed(list(chosen))))),
        ]
        found = delayed(m, best.any(), 1, f"found_{lane}")
        base = choose([self._count * one for one in range(N_SECTORS)], sector)
        segment = self.segments[lane]
        m.d.sync += [segment.found.eq(found), segment.number.eq(Mux(found, base + inside, 0))]
