"""Cross-sections inside the detector against those of the Belle II physics book, quoted in talks: samples and cuts as published."""

import numpy as np
import pytest

from sim.generators.bhabha import Bhabha
from sim.generators.muon_pair import MuonPair
from sim.generators.photon_pair import PhotonPair

N = 60_000
CALORIMETER, CHAMBER = (12.4, 155.1), (17.0, 150.0)


def visible(process, codes, theta_deg, p_gev=0.5):
    """Share of events with two such particles above this momentum within these angles, and its error."""
    made = process.generate(N, np.random.default_rng(7))
    theta = np.degrees(np.arctan2(np.hypot(made.px, made.py), made.pz))
    size = np.sqrt(made.px**2 + made.py**2 + made.pz**2)
    seen = np.isin(made.pdg, codes) & (size > p_gev) & (theta > theta_deg[0]) & (theta < theta_deg[1])
    share = (np.bincount(made.event_index(), weights=seen, minlength=N) >= 2).mean()
    return share, np.sqrt(share * (1 - share) / N)


@pytest.mark.parametrize(
    ("process", "codes", "theta_deg", "whole_nb", "visible_nb", "tolerance"),
    [
        # Published with the generator BabaYaga@NLO; ours has one collinear photon from the initial state.
        (PhotonPair(isr=True), (22,), CALORIMETER, 4.99, 3.30, 0.01),
        (Bhabha(isr=True), (11, -11), CALORIMETER, 300.0, 74.4, 0.03),
        # Published with KKMC.
        (MuonPair(), (13, -13), CHAMBER, 1.148, 0.831, 0.03),
    ],
)
def test_visible_part_is_the_published_one(process, codes, theta_deg, whole_nb, visible_nb, tolerance):
    share, error = visible(process, codes, theta_deg)
    assert share * whole_nb == pytest.approx(visible_nb, abs=5 * error * whole_nb + tolerance * visible_nb)
    assert 5 * error < 0.05 * share
