"""The events of the verification stand where they claim to stand; the model's own sums and clusters are the measure."""

import numpy as np
import pytest

from sim.blocks import BLOCK_EVENTS, Stage, stream
from sim.cosim.stimulus import cuts as declared
from sim.cosim.stimulus.bhabha_crowds import BhabhaCrowds
from sim.cosim.stimulus.cuts import OFFSETS, PAIR_SETS, Cuts, pairs_inside
from sim.cosim.stimulus.fills import ENUMERATED, Places, RandomFill
from sim.cosim.stimulus.grid import Lists, empty_grid, lattice, near_cells, put_shares, to_events
from sim.cosim.stimulus.lone_pairs import ALONE, LonePairs
from sim.cosim.stimulus.mix import ecl_mix
from sim.cosim.stimulus.pairs import ClusterCuts, ThetaRings
from sim.cosim.stimulus.sums import Counts, QuadrantPairs, RingCuts, SumCuts
from sim.cosim.stimulus.ties import EqualCells, EqualMembers, EqualPairs
from sim.cosim.stimulus.timed import Timed, Times
from trigger.ecl import EclParameters, EclThresholds, EclTrigger, choose_window
from trigger.ecl.thresholds import BHABHA2D_BACKWARD_RINGS, BHABHA2D_FORWARD_RINGS, MAX_CLUSTERS, N_BHABHA2D
from trigger.events import validate
from trigger.geometry.ecl import N_CELLS, cells

TRIGGER = EclTrigger()
CUTS = Cuts(TRIGGER.thresholds)
MIX = ecl_mix(TRIGGER.thresholds)
SOURCES = [share.source for share in MIX.shares]


def rng(number: int = 0) -> np.random.Generator:
    return stream(7, "test", Stage.STIMULUS, number)


def made(source, n: int):
    """Events of a source and the model's decisions."""
    events = source.make(n, 0, rng())
    hits = [events[name] for name in ("ecl_offsets", "ecl_tc_id", "ecl_adc")]
    return events, TRIGGER.run(*hits, events.get("ecl_time"), events.get("ecl_phase"))


def grid_of(events) -> np.ndarray:
    grid = empty_grid(len(events["ecl_offsets"]) - 1)
    rows = np.repeat(np.arange(len(grid)), np.diff(events["ecl_offsets"]))
    grid[rows, events["ecl_tc_id"] - 1] = events["ecl_adc"]
    return grid


def test_every_threshold_of_the_declarations_is_in_exactly_one_list():
    lists = ("CLUSTER", "PHYSICS_SUM", "TOTAL_SUM", "RING", "COUNT", "PAIR", "THETA")
    named = [name for each in lists for name in getattr(declared, f"{each}_CUTS")]
    assert sorted(named) == sorted(EclThresholds.__dataclass_fields__)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_events_pass_the_door_and_are_the_same_again(source):
    events = source.make(300, 500, rng())
    validate(events, source.name, required=("ecl_offsets", "ecl_tc_id", "ecl_adc"))
    assert len(events["ecl_offsets"]) == 301
    assert ("ecl_time" in events) == ("ecl_phase" in events)  # timed events of all sources have the same fields
    again = source.make(300, 500, rng())
    for name, array in events.items():
        np.testing.assert_array_equal(array, again[name], err_msg=name)
    assert not np.array_equal(events["ecl_adc"], source.make(300, 500, rng(1))["ecl_adc"])


def test_clusters_stand_below_on_and_above_every_cluster_cut():
    source = ClusterCuts(CUTS)
    n = 20 * source.n_cases
    _, decision = made(source, n)
    table = cells()
    factor = np.where(decision.ecl_cluster_tc > 0, table.cm_energy_e[decision.ecl_cluster_tc.astype(int) - 1], 0)
    case = np.arange(n) % source.n_cases
    for k, (cut, at, offset) in enumerate(source.cases):
        rows = np.flatnonzero(case == k)
        factors = [at] if at is not None else CUTS.factors
        wanted = {f: int(CUTS.cluster_cut(cut, np.array(f))) + offset for f in factors}
        hit = [np.any((factor[rows] == f) & (decision.ecl_cluster_adc[rows] == value)) for f, value in wanted.items()]
        assert any(hit), (cut, at, offset)


def test_the_answer_of_a_single_cluster_changes_at_its_cut():
    """lml13 of lone clusters in theta ids 6..11: no event one count below the cut, some on it and above."""
    source = ClusterCuts(CUTS)
    events, decision = made(source, 40 * source.n_cases)
    theta = cells().theta_id[decision.ecl_cluster_tc[:, 0].astype(int) - 1]
    factor = cells().cm_energy_e[decision.ecl_cluster_tc[:, 0].astype(int) - 1].astype(int)
    lone = (decision.ecl_n_clusters == 1) & (theta >= 6) & (theta <= 11)
    distance = decision.ecl_cluster_adc[:, 0] - CUTS.cluster_cut("lml_cm05_min", factor)
    assert not decision.ecl_lml[lone & (distance == -1), 13].any()
    for offset in (0, 1):
        assert decision.ecl_lml[lone & (distance == offset), 13].all()
        assert np.count_nonzero(lone & (distance == offset)) > 10
    assert len(events["ecl_adc"]) > 0


def test_sums_stand_below_on_and_above_every_sum_cut():
    source = SumCuts(CUTS)
    n = 30 * source.n_cases
    _, decision = made(source, n)
    case = np.arange(n) % source.n_cases
    for k, (cut, offset) in enumerate(source.cases):
        sums = decision.ecl_ephys_adc if cut in declared.PHYSICS_SUM_CUTS else decision.ecl_etotal_adc
        on_target = sums[case == k] == getattr(TRIGGER.thresholds, cut) + offset
        assert on_target.mean() > 0.5, (cut, offset)


def test_ring_sums_stand_in_all_nine_combinations_at_every_bhabha_type():
    source = RingCuts(CUTS)
    n = 10 * source.n_cases
    events, decision = made(source, n)
    ring = np.stack([grid_of(events)[:, cells().theta_id == theta].sum(axis=1) for theta in range(1, 18)], axis=1)
    thresholds = TRIGGER.thresholds
    for kind in range(N_BHABHA2D):
        forward = ring[:, np.array(BHABHA2D_FORWARD_RINGS[kind]) - 1].sum(axis=1) - thresholds.bhabha2d_forward_min[kind]
        backward = ring[:, np.array(BHABHA2D_BACKWARD_RINGS[kind]) - 1].sum(axis=1) - thresholds.bhabha2d_backward_min[kind]
        seen = {(f, b) for f, b in zip(forward.tolist(), backward.tolist(), strict=True) if abs(f) <= 1 and abs(b) <= 1}
        assert len(seen) == len(OFFSETS) ** 2, kind
    assert 0.1 < decision.ecl_bhabha2d.mean() < 0.9


def test_pairs_stand_on_both_sides_of_every_angle_edge():
    source = LonePairs(CUTS)
    _, decision = made(source, 4 * source.n_cases)
    difference, total = declared.angles()
    pair = decision.ecl_cluster_tc[:, :2].astype(int) - 1
    two = decision.ecl_n_clusters >= 2
    d, s = (values[pair[:, 0], pair[:, 1]] for values in (difference, total))
    for name in PAIR_SETS:
        window = CUTS.pair_window(name)
        for angle, values, bounds in (("phi", d, window.phi_difference), ("theta", s, window.theta_sum)):
            edges = [
                edge.removeprefix(f"{angle} ") for pair_set, edge in source.pairs if pair_set == name and edge.startswith(angle)
            ]
            if name != "lml_back_to_back" or angle == "phi":
                assert edges == ["below first", "first", "last", "above last"], (name, angle)
            inside = two & (values >= bounds.first) & (values <= bounds.last)
            assert inside.any(), (name, angle)
            if "below first" in edges:
                gap = values[inside].min() - values[two & (values < bounds.first)].max()
                assert 1 <= gap <= 4, (name, angle, "first")
            if "above last" in edges:
                gap = values[two & (values > bounds.last)].min() - values[inside].max()
                assert 1 <= gap <= 4, (name, angle, "last")


ANSWERS = {
    "bhabha3d_veto_pair": lambda decision: decision.ecl_bhabha3d_veto,
    "bhabha3d_sel_pair": lambda decision: decision.ecl_bhabha3d_sel,
    "mumu_pair": lambda decision: decision.ecl_mumu,
    "taub2b_pair": lambda decision: decision.ecl_taub2b,
    "taub2b2_pair": lambda decision: decision.ecl_taub2b2,
    "taub2b3_pair": lambda decision: decision.ecl_taub2b3,
    "hie_pair": lambda decision: 1 - decision.ecl_hie[:, 0],
    "lml_back_to_back": lambda decision: decision.ecl_lml[:, 8] | decision.ecl_lml[:, 9],
    "lml10": lambda decision: decision.ecl_lml[:, 10],
}
"""The bit that each pair set decides; hie1 is a veto."""


def test_one_pair_alone_decides_at_every_place_at_each_edge_and_by_its_energies():
    """The RTL compares the newest cluster with each earlier one by a unit of its own."""
    source, repeats = LonePairs(CUTS), 4
    _, decision = made(source, repeats * source.n_cases)
    cell = decision.ecl_cluster_tc.astype(int) - 1
    earlier, later = np.array([(i, j) for j in range(MAX_CLUSTERS) for i in range(j)]).T
    inside = np.array([pairs_inside(CUTS.pair_window(name)) for name in PAIR_SETS])
    places: dict[str, set[int]] = {name: set() for name in PAIR_SETS}
    n_right = 0
    for row, case in enumerate(source.cases * repeats):
        meeting = inside[PAIR_SETS.index(case.pair_set), cell[row, earlier], cell[row, later]] & (cell[row, later] >= 0)
        is_inside = not case.edge.endswith(("below first", "above last"))
        as_meant = np.array_equal(earlier[meeting], [case.place] * is_inside) and decision.ecl_n_clusters[row] >= case.place + 2
        answer = ANSWERS[case.pair_set](decision)[row]
        n_right += as_meant and answer == (is_inside and case.energies[0].passing)
        places[case.pair_set].add(case.place)
    assert n_right > 0.99 * repeats * source.n_cases
    assert all(found == ({0} if name == ALONE else set(range(MAX_CLUSTERS - 1))) for name, found in places.items())


def test_several_pairs_pass_at_once_with_different_angles():
    """Both clusters of a pair pass the energy cuts, so pairs inside the windows are those that may be recorded."""
    _, decision = made(BhabhaCrowds(CUTS), 1000)
    cell = decision.ecl_cluster_tc.astype(int) - 1
    earlier, later = np.array([(i, j) for j in range(MAX_CLUSTERS) for i in range(j)]).T
    inside = pairs_inside(TRIGGER.thresholds.bhabha3d_sel_pair)[cell[:, earlier], cell[:, later]] & (cell[:, later] >= 0)
    lower = np.minimum(cells().theta_id[cell[:, earlier]], cells().theta_id[cell[:, later]])
    angle = np.minimum(lower, 4) - 1
    n_angles = [len(set(row[passing].tolist())) for row, passing in zip(angle, inside, strict=True)]
    assert np.mean(inside.sum(axis=1) >= 2) > 0.8
    assert np.mean(np.array(n_angles) >= 2) > 0.2
    same_later = [(np.bincount(later[passing], minlength=1) > 1).any() for passing in inside]
    same_earlier = [(np.bincount(earlier[passing], minlength=1) > 1).any() for passing in inside]
    assert min(np.mean(same_later), np.mean(same_earlier)) > 0.4
    assert decision.ecl_bhabha3d_sel.all()


def test_every_theta_id_is_the_centre_of_a_cluster_in_every_pair_set():
    source = ThetaRings(CUTS)
    _, decision = made(source, 10 * source.n_cases)
    theta = cells().theta_id[decision.ecl_cluster_tc.astype(int) - 1]
    assert set(np.unique(theta[decision.ecl_cluster_tc > 0])) == set(range(1, 18))
    assert {int(value) for value in np.unique(decision.ecl_bhabha3d_theta)} == {0, 1, 2, 3}
    assert decision.ecl_bhabha3d_intrack.any()


def test_counts_pass_through_the_cuts_on_icn_and_cluster_numbers():
    _, decision = made(Counts(CUTS), 1300)
    assert set(range(10)) <= set(decision.ecl_icn.tolist())
    assert set(decision.ecl_n_clusters.tolist()) == set(range(7))
    fired = decision.ecl_bhabha2d_type.any(axis=1)
    for flag in (0, 1):
        assert (decision.ecl_bhabha2d[fired] == flag).any()


def test_the_background_veto_sees_every_pair_of_phi_ids():
    source = QuadrantPairs(CUTS)
    events, decision = made(source, source.n_cases)
    assert source.n_cases == 36 * 37 // 2 + 32 * 33 // 2
    assert set(decision.ecl_bgveto.tolist()) == {0, 0b011, 0b101}
    assert np.diff(events["ecl_offsets"]).min() >= 1


def test_equal_pairs_are_equal():
    _, decision = made(EqualPairs(CUTS), 500)
    two = decision.ecl_n_clusters == 2
    assert two.mean() > 0.8
    assert (decision.ecl_cluster_adc[two, 0] == decision.ecl_cluster_adc[two, 1]).mean() > 0.9


def test_equal_cells_have_the_largest_counts_twice_and_times_of_their_own():
    source = EqualCells()
    events, decision = made(source, source.n_cases)
    grid = grid_of(events)
    largest = grid == grid.max(axis=1)[:, None]
    assert np.mean(largest.sum(axis=1) == 2) > 0.95
    first, last = largest.argmax(axis=1), N_CELLS - 1 - largest[:, ::-1].argmax(axis=1)
    assert np.mean(last == first + 1) > 0.7
    assert len(set(first[last == first + 1].tolist())) > 0.7 * N_CELLS
    time = np.zeros_like(grid)
    time[np.repeat(np.arange(len(grid)), np.diff(events["ecl_offsets"])), events["ecl_tc_id"] - 1] = events["ecl_time"]
    rows = np.arange(len(grid))
    np.testing.assert_array_equal(decision.ecl_timing, time[rows, first])
    assert np.mean(time[rows, first] != time[rows, last]) > 0.95


def test_two_members_of_a_cluster_are_equal_in_every_two_slots_that_leave_a_seed():
    source = EqualMembers()
    events, decision = made(source, 5 * source.n_cases)
    assert {(0, 2), (2, 3), (4, 5), (2, 8)} <= set(source.cases)
    assert not {(0, 1), (6, 7), (5, 6)} & set(source.cases)
    grid = grid_of(events)
    largest = grid == grid.max(axis=1)[:, None]
    assert (largest.sum(axis=1) == 2).all()
    centres = decision.ecl_cluster_tc.astype(int) - 1
    taken = (centres >= 0) & largest[np.arange(len(grid))[:, None], centres]
    assert taken.any(axis=1).all()


def test_random_fills_have_no_hit_576_hits_one_hit_and_everything_between():
    source = RandomFill(CUTS)
    events, _ = made(source, 2000)
    hits = np.diff(events["ecl_offsets"])
    kind = np.arange(2000) % ENUMERATED
    assert set(hits[kind == 0]) == {0}
    assert set(hits[kind == 1]) == {N_CELLS}
    assert set(hits[kind == 2]) == {1}
    filled = np.histogram(hits[kind > 2], [1, 3, 10, 30, 100, 300, 576])[0]
    assert filled.min() > 50
    assert events["ecl_adc"].max() == 4095


def test_places_give_overflows_duplicates_ties_and_windows_without_seed():
    _, decision = made(Places(CUTS), 3000)
    clusters = decision.ecl_cluster_tc
    assert decision.ecl_overflow.mean() > 0.1
    assert (decision.ecl_n_clusters[decision.ecl_etotal_adc > 0] == 0).any(), "a full ring has no seed"
    duplicate = [np.count_nonzero(row) > len(set(row[row > 0].tolist())) for row in clusters]
    assert np.mean(duplicate) > 0.02
    ties = [len(set(row[:n].tolist())) < n for row, n in zip(decision.ecl_cluster_adc, decision.ecl_n_clusters, strict=True)]
    assert np.mean(ties) > 0.1
    assert not near_cells()[np.ix_(lattice(), lattice())][~np.eye(len(lattice()), dtype=bool)].any()


def test_timed_hits_stand_at_the_window_edges_and_in_every_candidate():
    events, _ = made(Timed(Places(CUTS)), 4000)
    start = choose_window(*(events[f"ecl_{name}"] for name in ("offsets", "tc_id", "adc", "time", "phase")))[4]
    counts = np.diff(events["ecl_offsets"])
    assert {-128, 0, 128} <= set((start - events["ecl_phase"])[counts > 0].tolist())
    from_start = events["ecl_time"] - np.repeat(start, counts)
    assert {-1, 0, 255, 256} <= set(from_start.tolist())
    assert (np.abs(events["ecl_time"]) > 1000).any()
    same_cell = (np.diff(events["ecl_tc_id"]) == 0) & (np.diff(events["ecl_time"]) >= 0)
    assert same_cell.any()
    assert len(Times) == 5


def test_a_mix_gives_every_source_its_share_and_every_case():
    for n in (1, 17, 2000, BLOCK_EVENTS):
        assert sum(MIX.sizes(n)) == n
    sizes = dict(zip([source.name for source in SOURCES], MIX.sizes(BLOCK_EVENTS), strict=True))
    assert min(sizes.values()) > 1000
    reached = MIX.cases(BLOCK_EVENTS)
    assert {"cluster_cuts", "sum_cuts", "ring_cuts", "lone_pairs"} <= set(reached)
    assert all(n == total for n, total in reached.values())
    assert MIX.cases(100)["cluster_cuts"][0] < reached["cluster_cuts"][1]


def test_blocks_go_on_with_the_cases_where_the_last_one_stopped():
    quadrant = {source.name: arrays for source, arrays in MIX.parts(1, 3, 4000)}["quadrant_pairs"]
    place = [source.name for source in SOURCES].index("quadrant_pairs")
    first = 3 * MIX.sizes(BLOCK_EVENTS)[place]
    expected = QuadrantPairs(CUTS).cases[first % QuadrantPairs(CUTS).n_cases]
    hits = quadrant["ecl_tc_id"][: quadrant["ecl_offsets"][1]].astype(int) - 1
    counted = hits[cells().theta_id[hits] > 1]
    assert {int(cells().region[cell]) for cell in counted} == {expected[0]}
    assert {int(cells().phi_id[cell]) for cell in counted} == set(expected[1:])


def test_thresholds_of_a_user_are_followed():
    thresholds = EclThresholds.from_parameters(EclParameters.default().replace(lume="2.1"))
    events = SumCuts(Cuts(thresholds)).make(27 * 30, 0, rng())
    sums = grid_of(events)[:, np.isin(cells().theta_id, range(2, 16))].sum(axis=1)
    assert thresholds.elum_min != TRIGGER.thresholds.elum_min
    for offset in OFFSETS:
        assert np.count_nonzero(sums == thresholds.elum_min + offset) >= 15


def test_shares_add_up_and_saturate():
    grid = empty_grid(3)
    where = Lists.of([np.arange(300, 400)])
    put_shares(grid, np.arange(3), where, np.zeros(3, np.int64), np.array([0, 1, 9000]), rng())
    assert grid.sum(axis=1).tolist() == [0, 1, 9000]
    grid[1, 5] = 99_999
    assert to_events(grid)["ecl_adc"].max() == 4095
    assert Lists.of([np.zeros(0, np.int64)]).pick(np.array([0, 0]), rng(), default=-1).tolist() == [-1, -1]
