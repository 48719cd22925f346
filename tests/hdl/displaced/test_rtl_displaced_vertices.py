# amaranth: UnusedElaboratable=no
"""List of tracks, ring of pairs and vertex of the displaced-vertex trigger against their models, component by component."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from hdl.displaced.pairs import PairFinder
from hdl.displaced.scan import AzimuthScan
from hdl.displaced.tracks import TrackList
from hdl.displaced.vertex import VertexFit
from trigger.displaced import DisplacedTrigger, vertex
from trigger.displaced.constants import N_RADII, constants
from trigger.displaced.pairs import OUTSIDE, candidates, scan
from trigger.displaced.tracks import insert, make_tracks

TABLE, CUTS = constants(), DisplacedTrigger().cuts
SHARED_MAX = 1


def simulate(dut, bench):
    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


def any_track(rng, segments=5):
    """A track of random numbers; one superlayer in two tracks has no segment."""
    chosen = rng.integers(0, segments, 5).tolist()
    if rng.random() < 0.5:
        chosen[rng.integers(5)] = -1
    low_high = {"bend": (-3000, 3000), "impact": (-1500, 1500), "phi": (0, 3000), "z0": (-500, 500), "slope": (-60, 100)}
    numbers = {name: int(rng.integers(*limits)) for name, limits in low_high.items()}
    return numbers | {"chi2": int(rng.integers(8)), "row": int(rng.integers(len(TABLE.grow))), "chosen": chosen}


def put(tracks, place, track):
    """The track in a place of the model's list."""
    tracks.values[place] = [track[name] for name in ("bend", "impact", "phi")]
    tracks.lines[place], tracks.chi2[place] = (track["z0"], track["slope"]), track["chi2"]
    tracks.chosen[place], tracks.rows[place] = track["chosen"], track["row"]
    scan(tracks.values[place], TABLE, tracks.scans[place])


def transverse(track):
    return {name: track[name] for name in ("bend", "impact", "phi")}


def record(track, found=1):
    """The track as the RTL takes it."""
    axial = [{"there": int(segment >= 0), "position": max(segment, 0)} for segment in track["chosen"]]
    rest = {name: track[name] for name in ("z0", "slope", "chi2", "row")}
    return {"found": found, "transverse": transverse(track), "t0": 0, "axial": axial, "n_stereo": 3, **rest}


def azimuths(tracks, place):
    return [{"turn": int(turn) % OUTSIDE, "outside": int(turn == OUTSIDE)} for turn in tracks.scans[place]]


def test_vertices_of_crossings():
    rng, n = np.random.default_rng(2), 80
    tracks, cases = make_tracks(2 * n, N_RADII), []
    for k in range(n):
        cases.append((any_track(rng), any_track(rng), int(rng.integers(8, 400))))
        put(tracks, 2 * k, cases[k][0])
        put(tracks, 2 * k + 1, cases[k][1])
    wanted = [vertex.find(tracks, 2 * k, 2 * k + 1, case[2], CUTS, TABLE) for k, case in enumerate(cases)]
    dut, numbers, passes = VertexFit(CUTS, TABLE), [], []

    async def bench(ctx):
        for cycle in range(n + dut.CUT_LATENCY):
            if cycle < n:
                one, other, radius = cases[cycle]
                ctx.set(dut.in_one, record(one))
                ctx.set(dut.in_other, record(other))
                ctx.set(dut.in_radius, radius)
            both = [tuple(ctx.get(out[k]) for k in (0, 1)) for out in (dut.out_depths, dut.out_sines, dut.out_cosines)]
            numbers.append((ctx.get(dut.out_radius), ctx.get(dut.out_phi), *both))
            passes.append(ctx.get(dut.out_passes))
            await ctx.tick()

    simulate(dut, bench)
    assert numbers[dut.LATENCY : dut.LATENCY + n] == [(case[2], *want[1:]) for case, want in zip(cases, wanted, strict=True)]
    assert passes[dut.CUT_LATENCY :] == [int(want[0]) for want in wanted]
    assert 0 < sum(passes[dut.CUT_LATENCY :]) < n


def test_azimuths_of_two_lanes():
    rng, n = np.random.default_rng(6), 12
    cases = [[any_track(rng) for _ in range(2)] for _ in range(n)]
    tracks = make_tracks(2 * n, N_RADII)
    dut, seen = AzimuthScan(TABLE), []

    async def bench(ctx):
        for cycle in range(n + dut.LATENCY):
            for lane in range(2):
                ctx.set(dut.in_tracks[lane], transverse(cases[min(cycle, n - 1)][lane]))
            if cycle >= dut.LATENCY:
                found = [[dut.out_scans[lane][k] for k in range(N_RADII)] for lane in range(2)]
                seen.append([[OUTSIDE if ctx.get(one.outside) else ctx.get(one.turn) for one in scans] for scans in found])
            await ctx.tick()

    simulate(dut, bench)
    for case, scans in zip(cases, seen, strict=True):
        for lane in range(2):
            put(tracks, 2 * n, case[lane])
            assert scans[lane] == tracks.scans[2 * n].tolist()


def windows_of_tracks(rng):
    """Windows of two lanes with few, many and very many tracks that share segments: (cycles, lanes) tracks or None."""
    for number in range(36):
        share, segments = rng.choice([0.2, 0.9]), 4 if number % 2 else 32
        yield [[any_track(rng, segments) if rng.random() < share else None for _ in range(2)] for _ in range(rng.integers(4, 20))]


def test_list_keeps_the_best_of_tracks_that_share_segments():
    """Windows follow each other without a gap; both lanes, tracks put one cycle before and overflow are as in the model."""
    rng, room = np.random.default_rng(3), 16
    windows, wanted = list(windows_of_tracks(rng)), []
    for window in windows:
        tracks, overflow = make_tracks(room, N_RADII), False
        for track in (track for cycle in window for track in cycle if track):
            put(tracks, room, track)
            overflow |= bool(insert(tracks, SHARED_MAX))
        places = [int(tracks.values[k, 0]) if tracks.there[k] else None for k in range(room)]
        wanted.append((places, int(tracks.there[:room].sum()), int(overflow)))
    dut, seen = TrackList(room, SHARED_MAX), []
    none = record(any_track(rng), 0)

    async def bench(ctx):
        for window in [*windows, [[None, None]] * TrackList.LATENCY]:
            for cycle, pair in enumerate(window):
                for lane, track in enumerate(pair):
                    ctx.set(dut.in_tracks[lane].track, record(track) if track else none)
                ctx.set(dut.in_last, cycle == len(window) - 1)
                if ctx.get(dut.out_valid):
                    there = ctx.get(dut.out_there)
                    bends = [ctx.get(dut.out_places[k].track.transverse.bend) for k in range(room)]
                    places = [bend if there >> k & 1 else None for k, bend in enumerate(bends)]
                    seen.append((places, ctx.get(dut.out_count), ctx.get(dut.out_overflow)))
                await ctx.tick()

    simulate(dut, bench)
    assert seen == wanted
    assert 0 < sum(overflow for *_, overflow in wanted) < 18


@pytest.mark.parametrize(("room", "n_slots"), [(4, 3), (8, 3)])
def test_crossings_of_pairs(room, n_slots):
    """Lists with any filling, as fast as they may come: the crossings in their slots, and whether some are lost."""
    rng, lists = np.random.default_rng(room), []
    for _ in range(30):
        tracks, numbers = make_tracks(room, N_RADII), [any_track(rng) for _ in range(room)]
        for place, track in enumerate(numbers):
            rare = rng.random(5) < 0.1
            track["chosen"] = [
                s if s < 0 or same else 5 * place % 32 + s % 2 for s, same in zip(track["chosen"], rare, strict=True)
            ]
            put(tracks, place, track)
        tracks.there[:room] = rng.random(room) < rng.uniform(0.3, 1.2)
        queue = np.zeros((n_slots, 3), np.int64)
        lost = candidates(tracks, CUTS, TABLE, queue)
        lists.append((tracks, numbers, queue, lost))
    dut, seen = PairFinder(CUTS, TABLE, room, n_slots), []

    async def bench(ctx):
        for cycle in range(len(lists) * dut.INITIATION_INTERVAL + dut.LATENCY):
            number, place = divmod(cycle, dut.INITIATION_INTERVAL)
            ctx.set(dut.in_valid, place == 0 and number < len(lists))
            if place == 0 and number < len(lists):
                tracks, numbers, _, _ = lists[number]
                ctx.set(dut.in_there, sum(int(tracks.there[k]) << k for k in range(room)))
                for k in range(room):
                    ctx.set(dut.in_places[k].track, record(numbers[k]))
                    ctx.set(dut.in_places[k].scan, azimuths(tracks, k))
            if ctx.get(dut.out_valid):
                both = [ctx.get(out.transverse.bend) for out in (dut.out_one, dut.out_other)]
                found = (*both, ctx.get(dut.out_radius)) if ctx.get(dut.out_found) else None
                last = ctx.get(dut.out_last)
                seen.append((cycle, found, last, ctx.get(dut.out_overflow) if last else 0))
            await ctx.tick()

    simulate(dut, bench)
    wanted = []
    for number, (_, numbers, queue, lost) in enumerate(lists):
        for slot, (a, b, radius) in enumerate(queue.tolist()):
            found = (numbers[a]["bend"], numbers[b]["bend"], radius) if a >= 0 else None
            last = int(slot == n_slots - 1)
            wanted.append((number * dut.INITIATION_INTERVAL + dut.LATENCY + slot, found, last, int(lost) if last else 0))
    assert seen == wanted
    assert sum(found is not None for _, found, _, _ in wanted) > 15
    assert 0 < sum(lost for *_, lost in wanted) < len(lists)


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="max_tracks must be a power of two of at least 4, not 12"):
        PairFinder(CUTS, TABLE, 12, 3)
