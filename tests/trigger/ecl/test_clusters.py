"""Seeds, centres, members, order and limit of clusters, on events worked out by hand from the slot rules."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trigger.geometry.ecl import N_CELLS, cells

Places = dict[tuple[int, int], int]
"""(theta id, phi id) -> counts."""


def clusters(decision: dict) -> list[tuple[int, int, int]]:
    rows = zip(decision["cluster_tc"], decision["cluster_adc"], decision["cluster_ntc"], strict=True)
    return list(rows)[: decision["n_clusters"]]


@pytest.fixture
def at(cell, decide):
    """Decision of an event given by places."""
    return lambda places: decide({cell(*place): adc for place, adc in places.items()})


@pytest.mark.parametrize("tc", range(1, N_CELLS + 1))
def test_one_cell(tc: int, decide) -> None:
    """A single cell is one cluster of itself, and counts in the ICN of its region except at theta id 1."""
    d = decide({tc: 19})
    theta = cells().theta_id[tc - 1]
    assert clusters(d) == [(tc, 19, 1)]
    assert (d["icn_fw"], d["icn_br"], d["icn_bw"]) == (theta in (2, 3), 4 <= theta <= 15, theta >= 16)
    assert (d["icn"], d["overflow"]) == (2 <= theta <= 15, 0)
    assert d["cluster_tc"][1:] == d["cluster_adc"][1:] == d["cluster_ntc"][1:] == [0] * 5


SEEDS: dict[str, tuple[Places, list[tuple[int, int]]]] = {
    "same ring: the first phi id": ({(8, 5): 50, (8, 6): 50}, [(8, 5)]),
    "same ring over the phi wrap": ({(8, 36): 50, (8, 1): 50}, [(8, 36)]),
    "same phi: the larger theta id": ({(8, 5): 50, (9, 5): 50}, [(9, 5)]),
    "diagonal down-left alone does not block": ({(8, 5): 50, (9, 6): 50}, [(8, 5), (9, 6)]),
    "diagonal up-left does not block": ({(8, 5): 50, (9, 4): 50}, [(9, 4), (8, 5)]),
    "down and down-left together block": ({(8, 5): 50, (8, 6): 50, (9, 6): 50}, [(9, 6)]),
    "edge of the barrel, theta 15": ({(15, 5): 50, (14, 5): 50, (15, 6): 50}, [(15, 5)]),
    "edge of the barrel, theta 4": ({(4, 5): 50, (4, 6): 50}, [(4, 5)]),
    "forward and barrel do not touch": ({(3, 5): 50, (4, 5): 50, (4, 6): 50}, [(4, 5), (3, 5)]),
    "barrel and backward do not touch": ({(15, 5): 50, (16, 5): 50}, [(15, 5), (16, 5)]),
    "forward ring wraps at 32": ({(3, 32): 50, (3, 1): 50}, [(3, 32)]),
    "forward, theta 3 blocks theta 2": ({(2, 7): 50, (3, 7): 50}, [(3, 7)]),
    "backward ring wraps at 32": ({(16, 32): 50, (16, 1): 50}, [(16, 32)]),
    "backward, theta 17 blocks theta 16": ({(16, 7): 50, (17, 7): 50}, [(17, 7)]),
    "theta 1: previous theta 1 cell blocks": ({(1, 5): 50, (1, 7): 50}, [(1, 5)]),
    "theta 1 ring wraps": ({(1, 31): 50, (1, 1): 50}, [(1, 31)]),
    "theta 1: theta 2 of its first row blocks": ({(1, 5): 50, (2, 5): 50}, [(2, 5)]),
    "theta 1: theta 2 of its second row blocks": ({(1, 5): 50, (2, 6): 50}, [(2, 6)]),
    "theta 1: theta 2 of the row before does not": ({(1, 5): 50, (2, 4): 50}, [(1, 5), (2, 4)]),
    "theta 1: theta 2 of the row after does not": ({(1, 5): 50, (2, 7): 50}, [(1, 5), (2, 7)]),
    "theta 1: next theta 1 and theta 2 after block": ({(1, 5): 50, (1, 7): 50, (2, 7): 50}, [(2, 7)]),
}


@pytest.mark.parametrize("name", SEEDS)
def test_seeds(name: str, cell, at) -> None:
    """Equal energies, so that every cluster is centred on its seed."""
    places, wanted = SEEDS[name]
    d = at(places)
    order = sorted((cell(*place) for place in wanted), key=lambda tc: (not 81 <= tc <= 512, tc))
    assert [tc for tc, _, _ in clusters(d)] == order
    in_icn = [theta for theta, _ in wanted if 2 <= theta <= 15]
    assert d["icn"] == len(in_icn)


def test_centre_is_the_most_energetic_and_members_are_its_own(cell, at) -> None:
    """Seeds (10,6), (9,7), (7,9), in this order of ids.

    The first moves to (9,7), its slot 4, and takes that cell's members, although (9,7) itself has a stronger neighbour; the other
    two move to (8,8), whose members are (8,7), (9,7), (7,9) and itself.
    """
    d = at({(9, 7): 30, (8, 7): 40, (8, 8): 100, (7, 9): 20, (10, 6): 25})
    assert clusters(d) == [(cell(9, 7), 195, 4), (cell(8, 8), 190, 4), (cell(8, 8), 190, 4)]


@pytest.mark.parametrize(
    ("places", "centre"),
    [
        ({(8, 5): 100, (7, 5): 100, (7, 6): 100}, (8, 5)),
        ({(8, 5): 50, (7, 5): 100, (7, 6): 100}, (7, 5)),
        ({(8, 5): 50, (7, 4): 100, (7, 5): 100}, (7, 4)),
        ({(8, 5): 50, (7, 4): 100, (7, 5): 101}, (7, 5)),
        ({(8, 5): 50, (7, 5): 99, (7, 6): 100}, (7, 6)),
        ({(1, 5): 50, (2, 4): 100}, (2, 4)),
    ],
)
def test_ties_take_the_seed_and_then_the_lower_slot(places: Places, centre: tuple[int, int], cell, at) -> None:
    assert clusters(at(places))[0][0] == cell(*centre)


def test_seeds_with_one_centre_give_duplicate_clusters(cell, at) -> None:
    """A diagonal: all three cells are seeds, all take (7,4), and no cluster is dropped."""
    assert clusters(at({(6, 3): 20, (7, 4): 100, (8, 5): 30})) == [(cell(7, 4), 150, 3)] * 3


def test_largest_cluster(cell, at) -> None:
    """Nine members: the seed (9,7) and slot 3 one count below 4095, or the tie rule would move the centre."""
    block = {(theta, phi): 4095 for theta in (7, 8, 9) for phi in (7, 8, 9)}
    assert clusters(at(block)) == [(cell(9, 7), 4 * 4095, 4)]
    assert clusters(at({**block, (9, 7): 4094, (8, 7): 4094})) == [(cell(8, 8), 9 * 4095 - 2, 9)]


def test_order_is_barrel_forward_backward(cell, decide) -> None:
    tcs = [cell(3, 9), cell(1, 15), cell(8, 9), cell(5, 20), cell(16, 3), cell(17, 20)]
    d = decide(dict.fromkeys(tcs, 20))
    groups = [
        sorted(tc for tc in tcs if 81 <= tc <= 512),
        sorted(tc for tc in tcs if tc <= 80),
        sorted(tc for tc in tcs if tc > 512),
    ]
    assert d["cluster_tc"] == [tc for group in groups for tc in group]
    assert (d["n_clusters"], d["overflow"]) == (6, 0)
    assert (d["icn"], d["icn_fw"], d["icn_br"], d["icn_bw"]) == (3, 1, 2, 2)


def test_more_than_six_clusters_lose_the_endcaps_first(cell, decide) -> None:
    barrel = [cell(8, phi) for phi in range(1, 13, 2)]
    ends = [cell(3, 9), cell(1, 15), cell(16, 3)]
    d = decide(dict.fromkeys(barrel + ends, 20))
    assert d["cluster_tc"] == barrel
    assert (d["n_clusters"], d["overflow"]) == (6, 1)
    assert (d["icn"], d["icn_fw"], d["icn_br"], d["icn_bw"]) == (7, 1, 6, 1)
    five = decide(dict.fromkeys(barrel[:5] + ends, 20))
    assert five["cluster_tc"] == [*barrel[:5], cell(3, 9)]
    assert five["overflow"] == 1
    assert decide(dict.fromkeys(barrel[:5] + ends[:1], 20))["overflow"] == 0


def test_a_full_ring_has_no_seed(cell, decide) -> None:
    """Every cell has a neighbour at phi id - 1: hits without clusters, so lml11 and nothing else of the counts."""
    d = decide({cell(8, phi): 100 for phi in range(1, 37)})
    assert (d["n_clusters"], d["icn"], d["overflow"]) == (0, 0, 0)
    assert d["lml"] == [int(k == 11) for k in range(14)]
    assert d["hie"] == [1, 1, 1, 1]


def test_every_cell_at_full_scale(decide) -> None:
    """576 x 4095 counts: no seed, all sums and types, E_phys without the 80 cells of theta ids 1, 16 and 17."""
    d = decide(dict.fromkeys(range(1, N_CELLS + 1), 4095))
    assert (d["n_clusters"], d["icn"], d["overflow"]) == (0, 0, 0)
    assert (d["etotal_adc"], d["ephys_adc"]) == (576 * 4095, 496 * 4095)
    assert (d["elow"], d["ehigh"], d["elum"], d["burst"]) == (1, 1, 1, 1)
    assert d["bhabha2d_type"] == [1] * 14
    assert (d["bhabha2d"], d["physics"], d["bgveto"]) == (1, 0, 1)
    assert (d["timing_source"], d["timing_quality"]) == (1, 3)
    assert d["lml"] == [int(k == 11) for k in range(14)]
    assert d["word"][1] >> 2 & 0x7FF == 0x7FF
    assert d["word"][1] & 3 == 3


def test_an_empty_event_is_all_zero(decide) -> None:
    for name, value in decide({}).items():
        assert value in (0, [0] * (len(value) if isinstance(value, list) else 0)), name


@given(st.dictionaries(st.integers(1, N_CELLS), st.integers(1, 4095), min_size=1, max_size=60))
@settings(max_examples=200, deadline=None)
def test_properties(decide, adc: dict[int, int]) -> None:
    """Centres have hits, a cluster is at least its centre and at most nine cells of the event, counts agree with each other."""
    d = decide(adc)
    for tc, energy, members in clusters(d):
        assert adc[tc] <= energy <= sum(adc.values())
        assert 1 <= members <= min(9, len(adc))
    assert d["icn"] == d["icn_fw"] + d["icn_br"] <= len(adc)
    assert d["overflow"] == 0 or d["n_clusters"] == 6
    assert d["n_clusters"] == 6 or d["icn"] + d["icn_bw"] <= d["n_clusters"]
