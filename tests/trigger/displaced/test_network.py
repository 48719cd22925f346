"""The network of displaced vertices as shipped: its family, what it was made for, and what the trigger does with its answers."""

import numpy as np
import pytest

from trigger.cdc.neuro.codesign import CodesignLayer, CodesignNetwork
from trigger.displaced import DisplacedParameters, DisplacedTrigger
from trigger.displaced.features import VERTEX
from trigger.displaced.network import SILENT, shipped_network
from trigger.errors import InputError
from trigger.networks import load_network, save_network

SIZES = (16, 8)


def answering(score):
    """A network that gives every vertex one score."""
    empty = np.zeros(VERTEX.n_inputs, np.int64)
    layer = CodesignLayer(
        integer=empty, fraction=empty, signed=True, weight=np.zeros((1, VERTEX.n_inputs), np.int64), weight_fraction=0,
        bias=np.array([score]), bias_fraction=12,
    )  # fmt: skip
    return CodesignNetwork([layer], VERTEX)


@pytest.fixture(scope="module")
def pair(segments_of, from_vertex):
    """Segments of two tracks from one point 12 cm away from the axis."""
    tracks = [from_vertex(12.0, 3.0, 4.0, 0.25 + turn, kappa, 0.3) for turn, kappa in ((0.5, 0.004), (-0.5, -0.004))]
    return segments_of(*tracks)


def test_shipped_network_is_of_its_family_and_small():
    frozen = load_network("displaced")
    assert frozen.family == "displaced"
    assert frozen.displaced.interface == VERTEX
    assert frozen.displaced.hidden == SIZES
    assert [layer.weight.shape for layer in frozen.displaced.layers] == [(16, 16), (8, 16), (1, 8)]
    for layer in frozen.displaced.layers:
        width = layer.signed + layer.integer + layer.fraction
        assert width[layer.used].max() <= 8, "8 bits at most"
    with pytest.raises(InputError, match="must be of the family codesign, not displaced"):
        _ = frozen.codesign
    with pytest.raises(InputError, match="must be of the family displaced, not codesign"):
        _ = load_network("codesign").displaced


def test_parameters_have_the_cuts_of_the_record():
    """The tight cut is that of 100 Hz, the loose one that of 1 kHz, in a record made with the same cuts otherwise."""
    record = load_network("displaced").record
    cuts = {point["wanted_hz"]: point["score_raw"] for point in record["working_points"]["points"]}
    assert (DisplacedParameters().score_tight_raw, DisplacedParameters().score_loose_raw) == (cuts[100.0], cuts[1000.0])


def test_file_round_trip(tmp_path):
    save_network(tmp_path / "again.npz", load_network("displaced"))
    assert load_network(tmp_path / "again.npz").digest == load_network("displaced").digest


@pytest.mark.parametrize(("score", "cut", "fires"), [(100, 100, 1), (99, 100, 0), (-4096, -4096, 1)])
def test_score_decides(pair, score, cut, fires):
    trigger = DisplacedTrigger(DisplacedParameters(score_tight_raw=cut), answering(score))
    found = trigger.run([0, len(pair[0])], *pair)
    assert len(found.displaced_score_raw) >= 1
    assert set(found.displaced_score_raw.tolist()) == {score}
    assert found.displaced_vertex.tolist() == [fires]


def test_score_is_that_of_the_features(pair):
    found = DisplacedTrigger().run([0, len(pair[0])], *pair)
    assert np.array_equal(found.displaced_score_raw, shipped_network().run(found.displaced_features)[:, 0])
    assert not SILENT.run(found.displaced_features).any()


@pytest.mark.parametrize("name", ["score_tight_raw", "score_loose_raw"])
def test_impossible_cuts_are_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be -4096 to 4095, not 5000"):
        DisplacedParameters(**{name: 5000})
