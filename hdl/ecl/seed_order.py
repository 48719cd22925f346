"""The first seeds of a window in hardware order: barrel by id, forward endcap by id, backward endcap by id, one per cycle."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.ecl.beats import N_BEATS, N_LANES, Address, beat_and_lane
from hdl.logic import choose, delayed, first_set, select
from trigger.ecl.thresholds import MAX_CLUSTERS
from trigger.geometry.ecl import N_CELLS, Region, cells

ORDER = (Region.BRL, Region.FWD, Region.BWD)


def words() -> list[tuple[int, int]]:
    """(beat, mask of lanes) of every piece of a beat that lies in one region, in hardware order."""
    pieces: dict[tuple[Region, int], int] = {}
    for index, region in enumerate(cells().region.tolist()):
        beat, lane = beat_and_lane(index)
        pieces[Region(region), beat] = pieces.get((Region(region), beat), 0) | (1 << lane)
    return [(beat, pieces[region, beat]) for region in ORDER for beat in range(N_BEATS) if (region, beat) in pieces]


class SeedOrder(wiring.Component):
    """Addresses of the first six seeds.

    `start` comes with the first cycle of new `seeds`, which must then stay for 8 cycles. Then, from `LATENCY` cycles later on,
    six consecutive cycles have `slot` set, and `valid` while there are seeds; one cycle after them `more` says whether seeds
    were left. A start every 16 cycles or later.
    """

    LATENCY = 3
    N_SLOTS = MAX_CLUSTERS

    def __init__(self) -> None:
        super().__init__(
            {
                "start": In(1),
                "seeds": In(N_CELLS),
                "slot": Out(1),
                "valid": Out(1),
                "address": Out(Address),
                "ended": Out(1),
                "more": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layout = words()
        texts = [self.seeds.word_select(beat, N_LANES) & Const(mask, N_LANES) for beat, mask in layout]
        pending, wanted = Signal(len(layout)), Signal(len(layout))
        following, following_beat = Signal(N_LANES), Signal(range(N_BEATS))
        current, current_beat = Signal(N_LANES), Signal(range(N_BEATS))
        rest, advance = Signal(N_LANES), Signal()
        m.d.comb += [rest.eq(current & (current - 1)), advance.eq(rest == 0)]

        # pending: words not fetched yet; following: the word fetched last; current: what is left of the word being listed
        word = Signal(range(len(layout)))
        m.d.comb += [word.eq(first_set(pending)), wanted.eq(pending & (pending - 1))]
        with m.If(self.start):
            m.d.sync += [pending.eq(Cat(text.any() for text in texts)), following.eq(0), current.eq(0)]
        with m.Elif(advance):
            m.d.sync += [
                current.eq(following),
                current_beat.eq(following_beat),
                following.eq(Mux(pending.any(), select(texts, word), 0)),
                following_beat.eq(choose([beat for beat, _ in layout], word)),
                pending.eq(wanted),
            ]
        with m.Else():
            m.d.sync += current.eq(rest)

        strobes = [delayed(m, self.start, self.LATENCY, "start")]
        for slot in range(self.N_SLOTS):
            strobes.append(delayed(m, strobes[-1], 1, f"slot_{slot}"))
        m.d.comb += [
            self.slot.eq(Cat(strobes[:-1]).any()),
            self.valid.eq(current.any()),
            self.address.lane.eq(first_set(current)),
            self.address.beat.eq(current_beat),
            self.ended.eq(strobes[-1]),
            self.more.eq(current.any()),
        ]
        return m
