"""Two tracks put into the list in one cycle, as one after the other."""

import numpy as np
from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data
from amaranth.sim import Simulator

from hdl.displaced.insertion import Meeting, Newcomer, Places

N = 4
NEWCOMER = data.StructLayout({"found": 1, "same": N, "better": N})
CASE = data.StructLayout(
    {"there": N, "lanes": data.ArrayLayout(NEWCOMER, 2), "meeting": data.StructLayout({"same": 1, "better": 1})}
)


def put_one(there, found, same, better):
    """(place or None, places taken afterwards, whether there was none) of one track; words of a bit per place as sets."""
    alike = same & there
    if not found or alike - better:
        return None, there, False
    places = alike or set(range(N)) - there
    if not places:
        return None, there, True
    place = min(places)
    return place, there - alike | {place}, False


def put_both(there, first, second, meets, second_better):
    place, after, lost = put_one(there, *first)
    found, same, better = second
    if place is not None:
        same, better = same - {place}, better - {place}
        same |= {place} if meets else set()
        better |= {place} if second_better else set()
    second_place, after, second_lost = put_one(after, found, same, better)
    return place, second_place, after, lost or second_lost


def test_as_if_the_second_came_after_the_first():
    rng = np.random.default_rng(9)
    cases = np.unique(rng.integers(0, 1 << CASE.size, 3000)).tolist()
    # Rare in random numbers: both stay although the list is full, all alike, the second better than all.
    cases += [case | CASE.const({"there": 15, "lanes": [{"found": 1, "better": 15}] * 2}).as_value().value for case in cases[:1000]]
    m, case, answer = Module(), Signal(CASE), Signal(3 * N + 1)
    lanes = [Newcomer(found=lane.found, same=lane.same, better=lane.better) for lane in (case.lanes[0], case.lanes[1])]
    found = Places(m, N).insert(case.there, *lanes, Meeting(same=case.meeting.same, better=case.meeting.better))
    m.d.comb += answer.eq(Cat(*found.put, found.after, found.lost))
    seen = []

    async def bench(ctx):
        for number in cases:
            ctx.set(case.as_value(), number)
            seen.append(ctx.get(answer))

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
    wanted = []
    for number in cases:
        one = CASE.from_bits(number)
        pair = [(lane.found, bits(lane.same), bits(lane.better)) for lane in (one.lanes[0], one.lanes[1])]
        *places, after, lost = put_both(bits(one.there), *pair, one.meeting.same, one.meeting.better)
        words = [*({place} - {None} for place in places), after]
        wanted.append(sum(1 << (N * k + bit) for k, word in enumerate(words) for bit in word) | lost << 3 * N)
    assert seen == wanted
    assert {number >> 3 * N for number in wanted} == {0, 1}


def bits(word):
    return {k for k in range(N) if word >> k & 1}
