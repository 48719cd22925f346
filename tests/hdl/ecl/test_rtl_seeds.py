"""Seeds, their order and their numbers: hand-worked places, then random hit maps against the neighbour table cell by cell."""

import numpy as np
import pytest

from hdl.ecl.beats import address
from hdl.ecl.icn import Icn
from hdl.ecl.seed_order import SeedOrder
from hdl.ecl.seeds import Seeds
from trigger.geometry.ecl import N_CELLS, Region, cells

NO_ROW = {"row.valid": 0}


def seeds_by_table(hits: np.ndarray) -> np.ndarray:
    """The rule of the seeds, one cell at a time; hits (576,) bool."""
    table, answer = cells(), np.zeros(N_CELLS, bool)
    for cell in np.flatnonzero(hits):
        at = [0, *(bool(n) and bool(hits[n - 1]) for n in table.neighbours[cell].astype(int))]
        isolated = not (at[1] or at[3] or at[4]) if table.theta_id[cell] == 1 else not (at[1] or at[7])
        answer[cell] = isolated and not (at[5] and at[6])
    return answer


def as_bits(number: int) -> np.ndarray:
    return np.array([number >> k & 1 for k in range(N_CELLS)], bool)


def as_number(bits: np.ndarray) -> int:
    return sum(1 << k for k in np.flatnonzero(bits).tolist())


def tc_id(theta_id: int, phi_id: int) -> int:
    return int(np.flatnonzero((cells().theta_id == theta_id) & (cells().phi_id == phi_id))[0]) + 1


def find_seeds(bench, hit_maps: np.ndarray) -> list[np.ndarray]:
    """Seeds of windows back to back; checks when they come."""
    stimulus = [row for hits in hit_maps for row in bench.rows(hits.astype(int))] + [NO_ROW] * 3
    trace = bench.trace(Seeds(), stimulus, ["complete", "done", "hits", "seeds"])
    done = [cycle for cycle, seen in enumerate(trace) if seen["done"]]
    assert done == [16 * k + 15 + Seeds.LATENCY for k in range(len(hit_maps))]
    assert [trace[cycle - 1]["hits"] for cycle in done] == [as_number(hits) for hits in hit_maps]
    assert all(trace[cycle - 1]["complete"] for cycle in done)
    return [as_bits(trace[cycle]["seeds"]) for cycle in done]


@pytest.mark.parametrize(
    ("hits", "wanted"),
    [
        ([(8, 1), (8, 36)], [(8, 36)]),
        ([(8, 5), (9, 5)], [(9, 5)]),
        ([(15, 5), (16, 5)], [(15, 5), (16, 5)]),
        ([(8, 5), (8, 6), (9, 6)], [(9, 6)]),
        ([(8, 5), (9, 6)], [(8, 5), (9, 6)]),
        ([(3, 1), (3, 32)], [(3, 32)]),
        ([(3, 7), (4, 7)], [(3, 7), (4, 7)]),
        ([(1, 1), (1, 31)], [(1, 31)]),
        ([(1, 3), (2, 4)], [(2, 4)]),
        ([(1, 3), (2, 5)], [(1, 3), (2, 5)]),
        ([(1, 3), (2, 5), (1, 5)], [(2, 5)]),
        ([(17, 1), (17, 32)], [(17, 32)]),
    ],
    ids=lambda places: "-".join(f"{theta}.{phi}" for theta, phi in places),
)
def test_places(bench, hits, wanted):
    """Phi wrap, towards larger theta, region edges, the two-column rule, the theta-1 ring."""
    flags = np.zeros((1, N_CELLS), bool)
    flags[0, [tc_id(*place) - 1 for place in hits]] = True
    assert (np.flatnonzero(find_seeds(bench, flags)[0]) + 1).tolist() == sorted(tc_id(*place) for place in wanted)


def test_random_maps(bench):
    rng = np.random.default_rng(1)
    hit_maps = rng.random((60, N_CELLS)) < rng.choice([0.02, 0.2, 0.5, 0.8, 1.0], (60, 1))
    for found, hits in zip(find_seeds(bench, hit_maps), hit_maps, strict=True):
        assert np.array_equal(found, seeds_by_table(hits))


def seed_maps() -> np.ndarray:
    """No seed, one seed in each cell that a beat or a region starts or ends with, and random numbers of seeds."""
    rng = np.random.default_rng(2)
    edges = [0, 35, 36, 71, 72, 79, 80, 503, 504, 511, 512, 539, 540, 575]
    single = np.zeros((len(edges), N_CELLS), bool)
    single[range(len(edges)), edges] = True
    few = np.zeros((20, N_CELLS), bool)
    for k, flags in enumerate(few):
        flags[rng.choice(N_CELLS, k % 10, replace=False)] = True
    return np.concatenate([single, few, rng.random((10, N_CELLS)) < 0.3])


def test_order(bench):
    """Barrel by id, forward by id, backward by id, at most six, one per cycle from `LATENCY` on; then whether any are left."""
    maps, names = seed_maps(), ["slot", "valid", "address", "ended", "more"]
    stimulus = [{"start": int(k == 0), "seeds": as_number(flags)} for flags in maps for k in range(16)]
    trace = bench.trace(SeedOrder(), stimulus, names)
    region = cells().region
    for number, flags in enumerate(maps):
        found = trace[16 * number : 16 * number + 16]
        slots = [cycle for cycle, seen in enumerate(found) if seen["slot"]]
        assert slots == list(range(SeedOrder.LATENCY, SeedOrder.LATENCY + 6))
        ordered = [c for r in (Region.BRL, Region.FWD, Region.BWD) for c in np.flatnonzero(flags & (region == r)).tolist()]
        assert [found[cycle]["address"] for cycle in slots if found[cycle]["valid"]] == [address(c) for c in ordered[:6]]
        assert [cycle for cycle, seen in enumerate(found) if seen["ended"]] == [slots[-1] + 1]
        assert found[slots[-1] + 1]["more"] == (len(ordered) > 6)


def test_numbers(bench):
    """Counts per region, theta id 1 left out; `LATENCY` measured at full rate."""
    maps = seed_maps()
    stimulus = [{"start": int(k == 0), "seeds": as_number(flags)} for flags in maps for k in range(16)]
    trace = bench.trace(Icn(), stimulus, ["done", "fw", "br", "bw"])
    done = [cycle for cycle, seen in enumerate(trace) if seen["done"]]
    assert done == [16 * k + Icn.LATENCY for k in range(len(maps))]
    region, counted = cells().region, cells().theta_id != 1
    for cycle, flags in zip(done, maps, strict=True):
        wanted = {n: (flags & counted & (region == r)).sum() for n, r in zip(("fw", "br", "bw"), Region, strict=True)}
        assert {name: trace[cycle][name] for name in wanted} == wanted
