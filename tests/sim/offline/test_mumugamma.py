"""The mu mu gamma control sample, cut by cut, and its prediction of the photon."""

import numpy as np
import pytest

from sim.offline.mumugamma import MUON_MASS_GEV, MuMuGammaCuts, select
from trigger.geometry.beams import Y4S_BEAMS, boost_to_cm, total_momentum

MINUS = {"charge": -1, "px": -2.0, "py": 1.0, "pz": 1.0}
PLUS = {"charge": 1, "px": 3.0, "py": 1.5, "pz": 1.0}


@pytest.mark.parametrize(
    ("tracks", "failed"),
    [
        ([PLUS, MINUS], None),
        ([PLUS], "two_good_tracks"),
        ([PLUS, MINUS, {"pz": 0.1}], "two_good_tracks"),
        ([PLUS, MINUS, {"dz": 2.1}], None),
        ([PLUS, MINUS, {"dr": -0.51}], None),
        ([PLUS, MINUS | {"charge": 1}], "opposite_charge"),
        ([PLUS | {"e_cluster": 1.0}, MINUS], "muon_clusters"),
        ([PLUS | {"e_cluster": 0.0}, MINUS], None),
        ([PLUS | {"e_cluster": 0.0}, MINUS | {"e_cluster": 0.0}], "muon_clusters"),
    ],
)
def test_first_failing_cut(offline, tracks, failed):
    flow = select(offline([([], tracks)])).flow
    names = [cut.name for cut, mask in zip(flow.cuts, flow.masks, strict=True) if not mask[0]]
    assert (names[0] if names else None) == failed


def event_with_photon(e_star, theta_cm, phi_cm=0.3):
    """Momenta (mu+, mu-, photon) in the laboratory that add up to the beams, with this photon in the pure-boost CM."""
    energy, *beam = total_momentum(Y4S_BEAMS)
    s = energy**2 - np.dot(beam, beam)
    k = e_star * np.array([np.sin(theta_cm) * np.cos(phi_cm), np.sin(theta_cm) * np.sin(phi_cm), np.cos(theta_cm)])
    pair_energy, pair_mass2 = np.sqrt(s) - e_star, s - 2 * np.sqrt(s) * e_star
    half = np.sqrt(pair_mass2 / 4 - MUON_MASS_GEV**2)
    along = np.array([0.2, 0.5, 0.1]) / np.linalg.norm([0.2, 0.5, 0.1]) * half
    velocity = -k / pair_energy
    muons = [boost(np.sqrt(pair_mass2) / 2, sign * along, velocity) for sign in (1, -1)]
    lab = np.array(beam) / energy
    return [boost(e, p, lab)[1] for e, p in (*muons, (e_star, k))]


def boost(energy, momentum, beta):
    gamma = 1 / np.sqrt(1 - beta @ beta)
    along = momentum @ beta
    shift = (gamma - 1) / (beta @ beta) * along + gamma * energy
    return gamma * (energy + along), momentum + shift * beta


def test_muons_predict_the_photon(offline):
    for e_star in (0.5, 1.0, 3.0):
        plus, minus, photon = event_with_photon(e_star, 1.3)
        tracks = [{"px": p[0], "py": p[1], "pz": p[2], "charge": q} for p, q in ((plus, 1), (minus, -1))]
        selection = select(offline([([], tracks)]))
        assert selection.flow.passed.tolist() == [True]
        assert np.isclose(selection.recoil_e_star_gev[0], e_star, rtol=1e-9)
        assert np.isclose(selection.recoil_theta_rad[0], np.arccos(photon[2] / np.linalg.norm(photon)))
        assert np.isclose(selection.recoil_phi_rad[0], np.arctan2(photon[1], photon[0]))
        exact, _ = boost_to_cm(np.array([np.linalg.norm(photon)]), photon[None], Y4S_BEAMS)
        assert np.isclose(exact[0], e_star)


def test_soft_or_forward_recoil_fails(offline):
    for e_star, theta, failed in ((0.05, 1.3, "recoil_momentum"), (1.0, 0.1, "recoil_angle"), (1.0, 3.1, "recoil_angle")):
        plus, minus, _ = event_with_photon(e_star, theta)
        tracks = [{"px": p[0], "py": p[1], "pz": p[2], "charge": q} for p, q in ((plus, 1), (minus, -1))]
        flow = select(offline([([], tracks)])).flow
        assert [c.name for c, m in zip(flow.cuts, flow.masks, strict=True) if not m[0]] == [failed]


def test_no_prediction_without_two_tracks(offline):
    selection = select(offline([([], [PLUS]), ([], [])]))
    assert np.isnan(selection.recoil_e_star_gev).all()
    assert np.isnan(selection.recoil_theta_rad).all()
    assert not selection.flow.passed.any()


def test_quiet_muons_is_no_part_of_the_selection(offline):
    loud = MINUS | {"e_cluster": 0.26}
    selection = select(offline([([], [PLUS, MINUS]), ([], [PLUS, loud]), ([], [PLUS, MINUS, loud | {"dz": 3.0}])]))
    assert selection.flow.passed.tolist() == [True, True, True]
    assert selection.quiet_muons.tolist() == [True, False, True]


def test_isolated_asks_muons_and_photon_to_be_apart(offline):
    plus, minus, photon = event_with_photon(1.0, 1.3)
    pair = [{"px": p[0], "py": p[1], "pz": p[2], "charge": q} for p, q in ((plus, 1), (minus, -1))]
    smallest = min(angle(plus, photon), angle(minus, photon), angle(plus, minus))
    for limit in (smallest - 0.01, smallest + 0.01):
        selection = select(offline([([], pair)]), MuMuGammaCuts(isolation_deg=limit))
        assert selection.isolated.tolist() == [limit < smallest]
    assert select(offline([([], pair[:1])])).isolated.tolist() == [False]


def test_muons_on_top_of_each_other_are_not_isolated(offline):
    plus, minus, photon = event_with_photon(5.2, 1.3)
    assert angle(plus, minus) < 41 < min(angle(plus, photon), angle(minus, photon))
    pair = [{"px": p[0], "py": p[1], "pz": p[2], "charge": q} for p, q in ((plus, 1), (minus, -1))]
    selection = select(offline([([], pair)]), MuMuGammaCuts(isolation_deg=41.0))
    assert selection.flow.passed.tolist() == [True]
    assert selection.isolated.tolist() == [False]


def angle(a, b):
    """Angle between two vectors in degrees."""
    return np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))
