"""The single-photon selection, cut by cut, on events written by hand."""

import numpy as np
import pytest

from sim.offline import dark_photon_invisible
from sim.offline.single_photon import CUTS, mandelstam_s, recoil_mass_squared, select

# (photons, tracks, first cut that fails or None)
EVENTS = [
    ([{}], [], None),
    ([], [], "candidate"),
    ([{"estar": 0.49}], [], "candidate"),
    ([{"theta": 16.9}], [], "candidate"),
    ([{"theta": 150.1}], [], "candidate"),
    # central barrel from 0.5 GeV, barrel from 1 GeV, the rest from 2 GeV
    ([{"estar": 0.51, "theta": 44.3}], [], None),
    ([{"estar": 0.51, "theta": 44.1}], [], "region"),
    ([{"estar": 0.51, "theta": 94.7}], [], None),
    ([{"estar": 0.51, "theta": 94.9}], [], "region"),
    ([{"estar": 1.01, "theta": 94.9}], [], None),
    ([{"estar": 1.0, "theta": 94.9}], [], "region"),
    ([{"estar": 1.01, "theta": 32.3}], [], None),
    ([{"estar": 1.01, "theta": 32.1}], [], "region"),
    ([{"estar": 1.99, "theta": 128.8}], [], "region"),
    ([{"estar": 2.01, "theta": 128.8}], [], None),
    ([{"estar": 2.01, "theta": 31.8}], [], None),
    ([{}, {"phi": 2.0}], [], "one_candidate"),
    ([{}], [{}], "no_tracks"),
    ([{}], [{"px": 0.14}], None),
    ([{}], [{"dz": 2.1}], None),
    ([{}], [{"dr": -0.6}], None),
    # another photon that is no candidate: by laboratory energy, by CM energy, out of time
    ([{}, {"estar": 0.45, "e": 0.56, "theta": 30.0}], [], "no_other_photon"),
    ([{}, {"estar": 0.31, "e": 0.54, "theta": 30.0}], [], "hlt_quiet"),
    ([{}, {"estar": 0.29, "e": 0.54, "theta": 30.0}], [], None),
    ([{}, {"estar": 0.45, "e": 0.56, "theta": 30.0, "time": -200.0}], [], None),
]


@pytest.mark.parametrize("number", range(len(EVENTS)))
def test_first_failing_cut(offline, number):
    photons, tracks, expected = EVENTS[number]
    flow = select(offline([(photons, tracks)])).flow
    failed = [cut.name for cut, mask in zip(flow.cuts, flow.masks, strict=True) if not mask[0]]
    assert (failed[0] if failed else None) == expected
    assert bool(flow.passed[0]) == (expected is None)


def test_all_events_at_once_give_the_same_as_one_by_one(offline):
    flow = select(offline([event[:2] for event in EVENTS])).flow
    assert flow.passed.tolist() == [event[2] is None for event in EVENTS]
    counts = flow.counts()
    assert counts[0] == len(EVENTS)
    assert counts[-1] == sum(event[2] is None for event in EVENTS)
    assert np.all(np.diff(counts) <= 0)
    assert counts.size == len(CUTS) + 1


def test_candidate_is_the_photon_of_the_region_cut(offline):
    selection = select(offline([([{"estar": 0.6, "theta": 30.0}, {"estar": 0.7}], []), ([], [])]))
    assert selection.candidate.tolist() == [1, -1]
    assert np.isclose(selection.recoil_m2_gev2[0], recoil_mass_squared(0.7))
    assert np.isnan(selection.recoil_m2_gev2[1])


def test_mass_regions(offline):
    selection = select(offline([([{"estar": e}], []) for e in (5.28, 4.0, 3.0, 2.1)]))
    m2 = recoil_mass_squared(np.array([5.28, 4.0, 3.0, 2.1]))
    assert selection.low_mass.tolist() == (m2 < 36).tolist() == [True, True, False, False]
    assert selection.high_mass.tolist() == ((m2 > 24) & (m2 < 69)).tolist() == [False, True, True, True]


def test_recoil_mass_of_the_published_photon_energies():
    # E* of M_A' from the specification: 0 -> 5.29, 4 -> 4.53, 8 -> 2.26, 9.5 -> 1.02 GeV; sqrt(s) = 10.579 GeV.
    assert abs(np.sqrt(mandelstam_s()) - 10.579) < 1e-3
    for mass, e_star in ((0.0, 5.29), (4.0, 4.53), (8.0, 2.26), (9.5, 1.02)):
        assert abs((mandelstam_s() - mass**2) / (2 * np.sqrt(mandelstam_s())) - e_star) < 6e-3
    for mass, e_star in ((8.34, 2.0), (9.53, 1.0), (10.07, 0.5)):
        assert abs(np.sqrt(recoil_mass_squared(e_star)) - mass) < 6e-3


def test_unknown_cut_name(offline):
    flow = select(offline([([{}], [])])).flow
    assert flow.mask("region").tolist() == [True]
    with pytest.raises(KeyError):
        flow.mask("bdt")


def test_klm_vetoes_in_azimuth_alone(offline):
    """Opposite in azimuth but not in polar angle, as radiation leaves photons; clusters on the same side and without a photon."""
    photon = {"theta": 70.0, "phi": 0.3}
    behind, beside = {"theta": 60.0, "phi": 0.3 + np.pi}, {"theta": 110.0, "phi": 0.3}
    events = [([photon], [], [behind]), ([photon], [], [beside]), ([photon], [], []), ([], [], [behind])]
    assert dark_photon_invisible.select(offline(events)).flow.mask("no_klm").tolist() == [False, True, True, True]
