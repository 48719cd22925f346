"""What a block needs, and what it answers with a part of it."""

import numpy as np
import pytest

from trigger.blocks import GRL_NEEDS, GrlBlock, TriggerSettings, make_block
from trigger.ecl.layout import DECISION_FIELDS as ECL_FIELDS
from trigger.grl import GrlTrigger
from trigger.grl.layout import DECISION_FIELDS as GRL_FIELDS
from trigger.klm import DECISION_FIELDS as KLM_FIELDS
from trigger.klm import KlmParameters
from trigger.networks import CLASSIC, CODESIGN, load_network

SETTINGS = TriggerSettings()
ALL = ("ecl_cluster_tc", "ecl_cluster_adc", "ecl_bhabha3d_veto", "track_expert", "track_theta_raw", "klm_fired")


def events(n_events: int) -> dict[str, np.ndarray]:
    """Random segments, tracks, clusters and KLM sectors."""
    rng = np.random.default_rng(9)
    n_segments, n_tracks = rng.integers(0, 60, n_events), rng.integers(0, 4, n_events)
    segments, tracks = int(n_segments.sum()), int(n_tracks.sum())
    return {
        "cdc_offsets": np.cumsum([0, *n_segments]),
        "cdc_ts_id": rng.integers(0, 2336, segments).astype(np.int16),
        "track_offsets": np.cumsum([0, *n_tracks]),
        "track_phi_raw": rng.integers(0, 320, tracks).astype(np.int16),
        "track_omega_raw": rng.integers(-33, 34, tracks).astype(np.int8),
        "track_expert": rng.integers(-1, 5, tracks).astype(np.int8),
        "track_theta_raw": rng.integers(-4096, 4097, tracks).astype(np.int16),
        "ecl_cluster_tc": rng.integers(0, 577, (n_events, 6)).astype(np.uint16),
        "ecl_cluster_adc": rng.integers(0, 1000, (n_events, 6)).astype(np.uint16),
        "ecl_bhabha3d_veto": rng.integers(0, 2, n_events).astype(np.uint8),
        "klm_fired": rng.integers(0, 2, (n_events, 24)).astype(np.uint8),
    }


def test_grl_answers_everything_with_everything():
    given = events(200)
    block = make_block("grl", SETTINGS, list(given))
    answer = block.run(given)
    required = [given[name] for name in GrlBlock.required]
    expected = GrlTrigger().run(*required, **{name: given[name] for name in ALL}).arrays()
    assert list(answer) == list(block.answers) == [field.name for field in GRL_FIELDS]
    for name, array in expected.items():
        np.testing.assert_array_equal(answer[name], array, err_msg=name)


@pytest.mark.parametrize("missing", [ALL[:3], ALL[3:5], ALL[5:]])
def test_grl_leaves_out_exactly_what_depends_on_what_is_missing(missing):
    """An answer that is kept does not change when the missing fields are filled in; every one that may change is left out."""
    given = events(2000)
    present = {name: array for name, array in given.items() if name not in missing}
    partial, whole = make_block("grl", SETTINGS, list(present)).run(present), make_block("grl", SETTINGS, list(given)).run(given)
    changes = {name for name, array in whole.items() if not np.array_equal(array, _without(given, missing)[name])}
    assert changes <= set(whole) - set(partial)
    assert {f"grl_{name}" for name, needs in GRL_NEEDS.items() if set(needs) & set(missing)} == set(whole) - set(partial)
    for name, array in partial.items():
        np.testing.assert_array_equal(whole[name], array, err_msg=name)


def _without(given: dict[str, np.ndarray], missing: tuple[str, ...]) -> dict[str, np.ndarray]:
    required = [given[name] for name in GrlBlock.required]
    return GrlTrigger().run(*required, **{name: given[name] for name in ALL if name not in missing}).arrays()


def test_blocks_declare_what_they_answer():
    names = ("wire_offsets", "wire_id", "wire_time")
    assert make_block("ecl", SETTINGS, names).answers == tuple(field.name for field in ECL_FIELDS)
    assert make_block("klm", SETTINGS, names).answers == tuple(field.name for field in KLM_FIELDS)
    tracks = make_block("tracks", SETTINGS, names)
    given = {"wire_offsets": np.array([0, 0]), "wire_id": np.zeros(0, np.int16), "wire_time": np.zeros(0, np.int16)}
    assert set(tracks.run(given)) <= set(tracks.answers)
    with pytest.raises(ValueError, match="block must be one of ecl, tracks, klm, grl, displaced, not"):
        make_block("menu", SETTINGS, names)


def test_a_changed_setting_changes_its_digest_alone():
    digests = SETTINGS.digests
    assert digests["network"] == SETTINGS.network.digest
    assert len(set(digests.values())) == len(digests)
    changed = TriggerSettings(klm=KlmParameters(min_layers=8), neuro_clocks=1).digests
    assert {name for name in digests if digests[name] != changed[name]} == {"klm", "neuro_clocks"}
    other = TriggerSettings(network=load_network(CODESIGN if SETTINGS.network.family == CLASSIC else CLASSIC)).digests
    assert {name for name in digests if digests[name] != other[name]} == {"network"}


def test_settings_have_digests_of_their_own():
    assert set(SETTINGS.digests) == {
        "parameters",
        "calibration",
        "mask",
        "network",
        "fitter",
        "klm",
        "grl",
        "displaced",
        "displaced_match",
        "neuro_clocks",
    }
