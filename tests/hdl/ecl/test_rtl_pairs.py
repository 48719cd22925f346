"""Pairs of clusters: every angle window at its edges, energies, the last pair in (i, j) order."""

import itertools

import pytest

from hdl.ecl.pair import Pair, PairPassed
from hdl.ecl.pairs import Pairs
from trigger.ecl.parameters import EclParameters
from trigger.ecl.thresholds import EclThresholds

T = EclThresholds.from_parameters(EclParameters.default())
FREE = (
    *("valid", "veto_low", "veto_high", "sel_low", "sel_high", "mumu", "taub2b", "taub2b2"),
    *("taub2b3_pair", "taub2b3_theta", "pair_above"),
)
PASS = dict.fromkeys(FREE, 1)
"""A cluster whose energies meet every condition but lml9's."""
WINDOWS = {
    "bhabha3d_veto": (160, 200, 165, 190),
    "bhabha3d_sel": (140, 220, 160, 200),
    "mumu": (160, 200, 165, 190),
    "taub2b": (110, 250, 130, 230),
    "taub2b2": (120, 240, 140, 220),
    "taub2b3": (120, 240, 140, 220),
    "lml8": (170, 190, None, None),
    "lml10": (160, 200, 160, 200),
    "hie_phi": (150, 210, None, None),
    "hie_theta": (None, None, 160, 200),
}
"""Published bounds, strict: phi difference, theta sum; None where the condition has none."""


def pair(bench, pairs):
    """`passed` of pairs of clusters, one pair per cycle."""
    stimulus = [{"valid": 1, "first": a, "second": b} for a, b in pairs] + [{"valid": 0}] * Pair.LATENCY
    seen = bench.trace(Pair(T), stimulus, ["passed", "in_track", "sel_theta"])
    return [PairPassed.from_bits(one["passed"]) for one in seen[Pair.LATENCY :]]


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("swap", [False, True])
def test_angle_windows(bench, name, swap):
    """Each bound exactly and one degree inside, with either cluster at the larger angle."""
    low_d, high_d, low_s, high_s = WINDOWS[name]
    differences = (0, 90, 180, 359) if low_d is None else (0, low_d, low_d + 1, 180, high_d - 1, high_d, 359)
    sums = (18, 100, 180, 312) if low_s is None else (low_s, low_s + 1, high_s - 1, high_s)
    cases = list(itertools.product(differences, sums))
    stimulus = [
        ({**PASS, "cm_phi": d, "cm_theta": s // 2}, {**PASS, "cm_phi": 0, "cm_theta": s - s // 2})[:: -1 if swap else 1]
        for d, s in cases
    ]
    wanted = [int((low_d is None or low_d < d < high_d) and (low_s is None or low_s < s < high_s)) for d, s in cases]
    assert [passed[name] for passed in pair(bench, stimulus)] == wanted
    assert 0 < sum(wanted) < len(wanted)


@pytest.mark.parametrize(
    ("name", "first", "second", "wanted"),
    [
        ("bhabha3d_veto", {"veto_high": 0}, {}, 1),
        ("bhabha3d_veto", {"veto_high": 0}, {"veto_high": 0}, 0),
        ("bhabha3d_veto", {"veto_low": 0}, {}, 0),
        ("bhabha3d_sel", {}, {"sel_high": 0}, 1),
        ("bhabha3d_sel", {"sel_high": 0}, {"sel_high": 0}, 0),
        ("bhabha3d_sel", {}, {"sel_low": 0}, 0),
        ("mumu", {"mumu": 0}, {}, 0),
        ("taub2b", {"taub2b": 0}, {}, 1),
        ("taub2b", {"taub2b": 0}, {"taub2b": 0}, 0),
        ("taub2b2", {}, {"taub2b2": 0}, 0),
        ("taub2b3", {"taub2b3_pair": 0}, {}, 1),
        ("taub2b3", {"taub2b3_pair": 0}, {"taub2b3_pair": 0}, 0),
        ("taub2b3", {}, {"taub2b3_theta": 0}, 0),
        ("lml8", {"pair_above": 0}, {}, 0),
        ("lml9", {}, {}, 0),
        ("lml9", {"pair_above": 0, "pair_below": 1}, {}, 1),
        ("lml9", {}, {"pair_above": 0, "pair_below": 1}, 1),
        ("lml9", {"pair_above": 0, "pair_below": 1}, {"pair_above": 0, "pair_below": 1}, 0),
    ],
)
def test_energy_conditions(bench, name, first, second, wanted):
    angles = ({"cm_phi": 0, "cm_theta": 90}, {"cm_phi": 180, "cm_theta": 90})
    assert pair(bench, [({**PASS, **angles[0], **first}, {**PASS, **angles[1], **second})])[0][name] == wanted


def test_last_pair_in_order(bench):
    """For every set of back-to-back pairs, the flags are those of the largest (i, j); one window after the other."""
    codes = itertools.cycle((3, 2, 0, 1, 2, 3, 1))
    windows = [
        [{**PASS, "cm_phi": phi, "cm_theta": 90, "in_track": k % 2, "sel_theta": next(codes)} for k, phi in enumerate(towards)]
        for towards in itertools.product((0, 180), repeat=6)
    ]
    stimulus = [{"slot": 1, "index": k, "cluster": cluster} for clusters in windows for k, cluster in enumerate(clusters)]
    stimulus = [one for k in range(len(windows)) for one in [*stimulus[6 * k : 6 * k + 6], *[{"slot": 0}] * 10]]
    seen = bench.trace(Pairs(T), stimulus, ["any_pair", "in_track", "sel_theta"])
    for number, clusters in enumerate(windows):
        found = seen[16 * number + 5 + Pairs.LATENCY]
        passing = [(a, b) for a, b in itertools.combinations(clusters, 2) if a["cm_phi"] != b["cm_phi"]]
        assert PairPassed.from_bits(found["any_pair"]).bhabha3d_veto == int(bool(passing))
        last = passing[-1] if passing else ({"in_track": 0, "sel_theta": 0},) * 2
        assert found["in_track"] == max(one["in_track"] for one in last)
        assert found["sel_theta"] == min(one["sel_theta"] for one in last)


def test_missing_clusters_make_no_pair(bench):
    """Only valid clusters of the same window pair up: what is left of the window before does not count."""
    opposite = [{**PASS, "cm_phi": phi, "cm_theta": 90} for phi in (0, 180)]
    nothing = dict.fromkeys([*FREE, "cm_phi", "cm_theta"], 0)
    first = [*opposite, *[nothing] * 4]
    second = [opposite[0], *[nothing] * 5]
    stimulus = [{"slot": 1, "index": k % 6, "cluster": cluster} for k, cluster in enumerate([*first, *second])] + [{"slot": 0}] * 4
    seen = bench.trace(Pairs(T), stimulus, ["any_pair", "leading_phi", "leading_theta"])
    at_first, at_second = seen[5 + Pairs.LATENCY], seen[11 + Pairs.LATENCY]
    assert (PairPassed.from_bits(at_first["any_pair"]).mumu, at_first["leading_phi"], at_first["leading_theta"]) == (1, 1, 1)
    assert at_second == {"any_pair": 0, "leading_phi": 0, "leading_theta": 0}
