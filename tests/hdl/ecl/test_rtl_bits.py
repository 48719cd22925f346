"""Bits made of counts and pairs: counters, low multiplicity, tau topologies, high energy, each condition broken in turn."""

import pytest

from hdl.ecl.counts import COUNTED, Counts
from hdl.ecl.high_energy import HighEnergy
from hdl.ecl.low_multiplicity import LowMultiplicity
from hdl.ecl.tau import Tau
from trigger.ecl.parameters import EclParameters
from trigger.ecl.thresholds import EclThresholds

T = EclThresholds.from_parameters(EclParameters.default())


def test_counts(bench):
    """Each counter counts its own cut, over the six slots of one window only."""
    cuts = list(COUNTED)
    windows = [
        [{cut: int((k * place + place // 2) % 3 == 0) for k, cut in enumerate(cuts)} for place in range(6)] for _ in range(2)
    ]
    windows[1] = [dict.fromkeys(cuts, 1)] * 6
    stimulus = [{"slot": 1, "index": k % 6, "cluster": cluster} for k, cluster in enumerate([*windows[0], *windows[1]])]
    seen = bench.trace(Counts(), [*stimulus, {"slot": 0}, {}], [f"counts.{name}" for name in COUNTED.values()])
    for number, clusters in enumerate(windows):
        found = seen[6 * number + 5 + Counts.LATENCY]
        assert found == {f"counts.{name}": sum(one[cut] for one in clusters) for cut, name in COUNTED.items()}
    assert seen[-1] == seen[-2]


def lml(bench, counts, pairs=()):
    stimulus = [{"counts": counts, "any_pair": dict.fromkeys(pairs, 1)}]
    bits = bench.trace(LowMultiplicity(T), stimulus, ["lml"])[0]["lml"]
    return {k for k in range(14) if bits >> k & 1}


@pytest.mark.parametrize(
    ("counts", "pairs", "wanted"),
    [
        ({}, [], {11}),
        ({"n_clusters": 3, "n300": 1}, [], {0, 11}),
        ({"n_clusters": 2, "n300": 1}, [], {11}),
        ({"n_clusters": 3, "n300": 0}, [], {11}),
        ({"n_clusters": 3, "n300": 1}, ["bhabha3d_veto"], {11}),
        ({"n2": 1, "n2a": 1}, [], {1}),
        ({"n2": 1, "n2b": 1}, [], {2}),
        ({"n2": 1, "n2b": 1}, ["bhabha3d_veto"], {3}),
        ({"n2": 1, "n2c": 1}, [], {4}),
        ({"n2": 1, "n2c": 1}, ["bhabha3d_veto"], {5}),
        ({"n1a": 1, "n300": 1}, [], {6, 11}),
        ({"n1a": 1, "n300": 2}, [], {11}),
        ({"n1a": 2, "n300": 1}, [], {11}),
        ({"n1b": 1, "n300": 1}, [], {7, 11}),
        ({"n1b": 2, "n300": 1}, [], {11}),
        ({}, ["lml8"], {8, 11}),
        ({"n2": 1}, ["lml8", "lml9", "lml10"], set()),
        ({}, ["lml9", "lml10"], {9, 10, 11}),
        ({"n216": 3, "n500_216": 1}, [], {11, 12}),
        ({"n216": 2, "n500_216": 1}, [], {11}),
        ({"n216": 3, "n500_216": 0}, [], {11}),
        ({"n216": 3, "n500_216": 1}, ["bhabha3d_veto"], {11}),
        ({"n05": 1, "n300": 1}, [], {11, 13}),
        ({"n05": 2, "n300": 1}, [], {11}),
    ],
)
def test_low_multiplicity(bench, counts, pairs, wanted):
    assert lml(bench, counts, pairs) == wanted


@pytest.mark.parametrize(
    ("total", "endcap", "outside", "pairs", "wanted"),
    [
        (0, 0, 0, (), (0, 0, 0)),
        (0, 0, 0, ("taub2b", "taub2b2", "taub2b3"), (1, 1, 1)),
        (0, 1, 1, ("taub2b", "taub2b2", "taub2b3"), (1, 1, 0)),
        (0, 2, 0, ("taub2b", "taub2b2", "taub2b3"), (1, 0, 1)),
        (1, 0, 0, ("taub2b", "taub2b2", "taub2b3"), (0, 0, 0)),
    ],
)
def test_tau(bench, total, endcap, outside, pairs, wanted):
    """`total`: counts above the largest allowed E_total."""
    assert T.taub2b_total_max == T.taub2b2_total_max == T.taub2b3_total_max
    counts = {"n_taub2b2_endcap": endcap, "n_taub2b3_outside": outside}
    stimulus = [{"etotal": T.taub2b_total_max + total, "counts": counts, "any_pair": dict.fromkeys(pairs, 1)}]
    seen = bench.trace(Tau(T), stimulus, ["taub2b", "taub2b2", "taub2b3"])[0]
    assert tuple(seen.values()) == wanted


@pytest.mark.parametrize(
    ("ephys", "clusters", "phi", "theta", "wanted"),
    [
        (-1, [], 0, 0, 0b0000),
        (0, [], 0, 0, 0b1111),
        (0, [{"single_veto": 1}], 1, 1, 0b0000),
        (0, [{"endcap": 1}], 1, 1, 0b1111),
        (0, [{"adc": 9}, {"adc": 5}], 0, 0, 0b1111),
        (0, [{"adc": 9}, {"adc": 5}], 1, 0, 0b1101),
        (0, [{"adc": 9}, {"adc": 5}], 1, 1, 0b1100),
        (0, [{"adc": 9}, {"adc": 5, "endcap": 1}], 0, 0, 0b1011),
        (0, [{"adc": 9, "hie4": 1}, {"adc": 5, "endcap": 1, "hie4": 1}], 0, 0, 0b0011),
        (0, [{"adc": 4, "endcap": 1}, {"adc": 5}], 0, 0, 0b1011),
        (0, [{"adc": 5, "endcap": 1}, {"adc": 5}], 0, 0, 0b1111),
        (0, [{"adc": 5}, {"adc": 5, "endcap": 1}], 0, 0, 0b1011),
        (0, [{"adc": 9}, {"adc": 5, "endcap": 1}, {"adc": 1}], 1, 1, 0b1111),
    ],
)
def test_high_energy(bench, ephys, clusters, phi, theta, wanted):
    """`ephys`: counts from the threshold. A tie of energies takes cluster 1; the pair vetoes need exactly two clusters."""
    none = dict.fromkeys(("adc", "endcap", "hie4", "single_veto"), 0)
    stored = [{**none, **(clusters[k] if k < len(clusters) else {})} for k in range(6)]
    stimulus = [{"slot": 1, "index": k, "cluster": cluster} for k, cluster in enumerate(stored)]
    static = {"ephys": T.hie_base_min + ephys, "n_clusters": len(clusters), "phi_window": phi, "theta_window": theta}
    seen = bench.trace(HighEnergy(T), [*stimulus, {"slot": 0, **static}], ["hie"])
    assert seen[-1]["hie"] == wanted
