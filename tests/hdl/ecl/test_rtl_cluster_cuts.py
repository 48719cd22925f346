"""Cuts on one cluster: every energy threshold at every CM factor one count below, on it and one above; every theta id."""

import pytest

from hdl.ecl.cluster_cuts import ClusterCuts, CutCluster
from trigger.ecl import thresholds as declared
from trigger.ecl.parameters import EclParameters
from trigger.ecl.thresholds import CLUSTER_ADC_MAX, EclThresholds
from trigger.geometry.ecl import N_THETA

T = EclThresholds.from_parameters(EclParameters.default())
FACTORS = (8, 9, 10, 11, 12, 13)
LABORATORY = {
    "n300": (T.lml_n300_min, 8),
    "n500_216": (T.lml_n500_min, 8),
    "pair_above": (T.lml_pair_min, 8),
    "taub2b2": (T.taub2b2_cluster_min, 8),
    "taub2b2_endcap": (T.taub2b2_endcap_min, 1),
    "taub2b3_pair": (T.taub2b3_pair_min, 8),
    "hie4": (T.hie4_cluster_min, 8),
}
"""Cut -> smallest count that passes, theta id to test it at."""
CM = {
    "n2": (T.lml_cm2_min, 8),
    "n2a": (T.lml_cm2_min, 4),
    "n2b": (T.lml_cm2_min, 15),
    "n2c": (T.lml_cm2_min, 17),
    "n1a": (T.lml_cm1_min, 15),
    "n1b": (T.lml_cm1_min, 16),
    "n05": (T.lml_cm05_min, 6),
    "veto_low": (T.bhabha3d_veto_low_min, 8),
    "veto_high": (T.bhabha3d_veto_high_min, 8),
    "sel_low": (T.bhabha3d_sel_low_min, 8),
    "sel_high": (T.bhabha3d_sel_high_min, 8),
}
THETA = {
    "n216": declared.LML12_THETA,
    "n2a": declared.LML1_THETA,
    "n2b": declared.LML2_THETA,
    "n2c": declared.LML4_THETA,
    "n1a": declared.LML6_THETA,
    "n1b": declared.LML7_THETA,
    "n05": range(6, 12),
    "in_track": range(3, 16),
    "taub2b2_endcap": declared.ENDCAP_THETA,
    "taub2b3_theta": declared.TAUB2B3_THETA,
    "endcap": declared.ENDCAP_THETA,
    "single_veto": declared.HIE_SINGLE_THETA,
}


def cut(bench, clusters):
    """Cuts of clusters (adc, theta_id, cm_e), one per cycle."""
    stimulus = [
        {"slot": 1, "index": k % 6, "cluster": {"valid": 1, "adc": adc, "centre": {"theta_id": theta_id, "cm_e": cm_e}}}
        for k, (adc, theta_id, cm_e) in enumerate(clusters)
    ]
    seen = bench.trace(ClusterCuts(T, None), [*stimulus, {"slot": 0}], ["cut_slot", "cut_index", "cut"])
    late = ClusterCuts.LATENCY
    assert [one["cut_slot"] for one in seen] == [0] * late + [1] * len(clusters)
    assert [one["cut_index"] for one in seen[late:]] == [k % 6 for k in range(len(clusters))]
    return [CutCluster.from_bits(one["cut"]) for one in seen[late:]]


@pytest.mark.parametrize("name", LABORATORY)
def test_laboratory_thresholds(bench, name):
    minimum, theta_id = LABORATORY[name]
    answers = cut(bench, [(minimum + step, theta_id, 10) for step in (-1, 0, 1)])
    assert [answer[name] for answer in answers] == [0, 1, 1]


@pytest.mark.parametrize("name", CM)
def test_cm_thresholds(bench, name):
    minimum, theta_id = CM[name]
    answers = cut(bench, [(minimum[e] + step, theta_id, e) for e in FACTORS for step in (-1, 0, 1)])
    assert [answer[name] for answer in answers] == [0, 1, 1] * len(FACTORS)


def test_upper_thresholds(bench):
    """Cuts that ask for less than a threshold, and the window of taub2b3."""
    answers = cut(bench, [(T.mumu_max[e] + step, 8, e) for e in FACTORS for step in (-1, 0, 1)])
    assert [answer.mumu for answer in answers] == [1, 1, 0] * len(FACTORS)
    answers = cut(bench, [(maximum + step, 8, 10) for maximum in (T.taub2b_cluster_max, T.lml_pair_below_max) for step in (0, 1)])
    assert [answer.taub2b for answer in answers[:2]] + [answer.pair_below for answer in answers[2:]] == [1, 0, 1, 0]
    edges = (T.taub2b3_all_min - 1, T.taub2b3_all_min, T.taub2b3_all_max, T.taub2b3_all_max + 1)
    assert [answer.taub2b3_outside for answer in cut(bench, [(adc, 8, 10) for adc in edges])] == [1, 0, 0, 1]


@pytest.mark.parametrize("name", THETA)
def test_theta_ids(bench, name):
    answers = cut(bench, [(CLUSTER_ADC_MAX, theta_id, 13) for theta_id in range(1, N_THETA + 1)])
    assert [theta_id for theta_id, answer in enumerate(answers, start=1) if answer[name]] == list(THETA[name])


def test_selection_theta_code(bench):
    answers = cut(bench, [(100, theta_id, 10) for theta_id in range(1, N_THETA + 1)])
    assert [answer.sel_theta for answer in answers] == [0, 1, 2] + [3] * 14


def test_no_cluster_no_cut(bench):
    cluster = {"valid": 0, "adc": 0, "centre": {"theta_id": 5}}
    seen = bench.trace(ClusterCuts(T, None), [{"slot": 1, "cluster": cluster}, {}], ["cut_slot", "cut"])
    assert seen[1] == {"cut_slot": 1, "cut": 0}


@pytest.mark.parametrize(
    ("changes", "name"),
    [({"mumu_e": 0}, "mumu"), ({"taub2b_cl_e": 0}, "taub2b"), ({"lml_cl_e_cms_1": 9999}, "n2"), ({"lml_cl_e_lab_2": 9999}, "n300")],
)
def test_thresholds_that_nobody_passes(bench, changes, name):
    """Extreme values do not wrap: no cluster lies below 0 GeV or above 9999 GeV."""
    t = EclThresholds.from_parameters(EclParameters.default().replace(**changes))
    stimulus = [
        {"slot": 1, "cluster": {"valid": 1, "adc": adc, "centre": {"cm_e": 13, "theta_id": 8}}} for adc in (1, CLUSTER_ADC_MAX)
    ]
    seen = bench.trace(ClusterCuts(t, None), [*stimulus, {}], ["cut"])
    assert [CutCluster.from_bits(one["cut"])[name] for one in seen[1:]] == [0, 0]
