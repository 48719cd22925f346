"""The door of the GRL model: what is refused, what may be left out, what is not modelled."""

import numpy as np
import pytest
from by_hand import STRAIGHT, cell, nonzero, track
from slow_grl import Event, arguments

from trigger.errors import InputError
from trigger.grl import GrlTrigger
from trigger.grl.layout import NOT_MODELLED


def test_what_is_not_modelled_stays_zero():
    rng = np.random.default_rng(4)
    everything = Event(
        segments=range(992),
        tracks=[track(k, int(rng.integers(-33, 34)), 0) for k in range(0, 320, 7)],
        clusters=[(cell(10, phi_id), 3000) for phi_id in (1, 5, 9, 19, 25, 30)],
        klm=range(24),
        bhabha=True,
    )
    found = nonzero(everything)
    for one in NOT_MODELLED:
        assert not [name for name in found if name.rpartition("_")[0] == one.name or name == one.name.removeprefix("grl_")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"klm_fired": np.full((1, 24), 2)}, "klm_fired, event 0: must be 0 or 1, not 2"),
        ({"klm_fired": np.zeros((1, 23), int)}, r"must be integers of shape \(n, 24\)"),
        ({"klm_fired": np.zeros((2, 24), int)}, "rows"),
        ({"ecl_cluster_tc": np.full((1, 6), 1024)}, "ecl_cluster_tc, event 0"),
        ({"track_phi_raw": np.array([320])}, "track_phi_raw, event 0: must be 0..319, not 320"),
        ({"track_omega_raw": np.array([34])}, "track_omega_raw, event 0: must be -33..33, not 34"),
        ({"cdc_ts_id": np.array([2336])}, "cdc_ts_id"),
        ({"track_phi_raw": np.array([0.5])}, "track_phi_raw: must hold integers, not float64"),
    ],
)
def test_bad_input(change, message):
    good = dict(arguments([Event(segments=[1], tracks=[track(0)])]))
    with pytest.raises(InputError, match=message):
        GrlTrigger().run(**(good | change))


def test_cell_beyond_the_last_one_is_refused():
    good = dict(arguments([Event()]))
    with pytest.raises(InputError, match="ecl_cluster_tc, event 0: must be 0..576, not 577"):
        GrlTrigger().run(**(good | {"ecl_cluster_tc": np.full((1, 6), 577)}))


def test_optional_inputs_are_empty_ones():
    event = Event(segments=STRAIGHT, tracks=[track(0)])
    given = arguments([event])
    short = {name: given[name] for name in ("cdc_offsets", "cdc_ts_id", "track_offsets", "track_phi_raw", "track_omega_raw")}
    with_all, without = GrlTrigger().run(**given).arrays(), GrlTrigger().run(**short).arrays()
    for name in with_all:
        assert np.array_equal(with_all[name], without[name]), name


def test_empty_lists_are_arrays_of_integers():
    """An empty list has numpy's kind of number, which is a float."""
    nothing = {"cdc_offsets": [0, 0], "cdc_ts_id": [], "track_offsets": [0, 0], "track_phi_raw": [], "track_omega_raw": []}
    found = GrlTrigger().run(**nothing).arrays()
    expected = GrlTrigger().run(**arguments([Event()])).arrays()
    for name in expected:
        assert np.array_equal(found[name], expected[name]), name
