"""Events for the selections of leptons and prompt tracks."""

import numpy as np
from hand_made import HALF, MU, SQRT_S, Case, against, changed, decay, displaced, electron, mass, photon, star, track

from sim.offline import (
    dark_higgsstrahlung,
    dark_higgsstrahlung_visible,
    dark_photon_visible,
    e_e_gamma,
    four_muons,
    lfv_z_prime,
    lfv_z_prime_visible,
    tau_l_alpha,
    v0,
    z_prime_2018,
    z_prime_2023,
    z_prime_tau_tau,
)
from sim.offline.objects import PION_MASS_GEV

# Two muons of 3.5 GeV: the recoil has a mass of 2.7 GeV and goes to the side.
PAIR = [track(star(3.5, 70, 0, MU), 1), track(star(3.5, 80, 140, MU), -1)]
ALONG = [track(star(2.0, 25, 0, MU), 1), track(star(2.0, 25, 180, MU), -1)]
FLAT = [track(star(3.5, 80, 0, MU), 1), track(star(3.5, 100, 180, MU), -1)]
RECOIL = against(star(3.5, 70, 0, MU) + star(3.5, 80, 140, MU))
FORWARD = decay(against(star(3.0, 15, 0, 1.0)), MU)
INTO_RECOIL = photon(star(0.3, *np.degrees([np.arccos(RECOIL[3] / np.linalg.norm(RECOIL[1:])), np.arctan2(RECOIL[2], RECOIL[1])])))
SOFT = photon(star(0.3, 90, 250))
E_MU = [electron(star(3.5, 70, 0), 1), track(star(3.5, 80, 140, MU), -1)]
LIKE_SIGNS = [
    *(electron(star(p, 70, phi), -1) for p, phi in ((2.5, 0), (2.0, 120))),
    *(track(star(p, 95, phi, MU), 1) for p, phi in ((2.2, 60), (3.0, 240))),
]
LIGHTEST_E_MU = mass(star(2.0, 70, 120, 0.000511) + star(2.2, 95, 60, MU))
# A photon of 3 GeV against a pair.
GAMMA = star(3.0, 60, 200)
MU_MU = [track(four, sign) for four, sign in zip(decay(against(GAMMA), MU), (1, -1), strict=True)]
E_E = [electron(four, sign) for four, sign in zip(decay(against(GAMMA), 0.000511), (1, -1), strict=True)]
FOUR = [
    track(four, sign)
    for half, angle in ((star(4.0, 75, 10, 2.0), 20), (against(star(4.0, 75, 10, 2.0)), 110))
    for four, sign in zip(decay(half, MU, phi=angle), (1, -1), strict=True)
]
TAUS = [*(track(star(2.5, 80, angle, MU), sign) for angle, sign in ((0, 1), (150, -1)))]
TAUS += [track(star(1.0, 100, angle, PION_MASS_GEV), sign, is_muon=False) for angle, sign in ((60, 1), (250, -1))]
# Three A' of 1.5 GeV: one against two from a scalar.
FIRST = star(3.5, 80, 0, 1.5)
SIX = [
    track(four, sign, is_kaon=False)
    for k, dark in enumerate([FIRST, *decay(against(FIRST), 1.5)])
    for four, sign in zip(decay(dark, PION_MASS_GEV, phi=70 * k), (1, -1), strict=True)
]
UNEQUAL = [(30, 0, 1), (150, 50, -1), (90, 90, 1), (80, 300, -1)]
TAU_3 = [
    track(star(p, 92, angle, PION_MASS_GEV), q, is_muon=False) for p, angle, q in ((1.4, 168, -1), (1.2, 180, 1), (1.3, 195, -1))
]
TAU_1 = track(star(2.0, 85, 1, MU), 1)
BHABHA = [electron(star(4.5, 75, 0), 1), electron(star(4.0, 95, 165), -1)]
V0_PAIR = displaced([electron(star(0.6, 85, angle), q, is_electron=True) for angle, q in ((262, 1), (264, -1))], (1.0, 3.0, 0.0))

CASES = {
    "dark_photon_muons": Case(
        dark_photon_visible.select_muons,
        dark_photon_visible.CUTS,
        ([photon(GAMMA)], MU_MU),
        {
            "two_tracks": ([photon(GAMMA)], changed(MU_MU, 0, charge=-1)),
            "leptons": ([photon(GAMMA)], [t | {"is_muon": False} for t in MU_MU]),
            "photon": ([], MU_MU),
            "whole_event": ([photon(GAMMA)], changed(MU_MU, 0, px=0.1, py=0.1, pz=0.1)),
            "pair_mass": ([photon(GAMMA)], [track(star(5.2, 80, 0, MU), 1), track(star(5.2, 100, 180, MU), -1)]),
        },
        {"pair_mass": np.sqrt(SQRT_S**2 - 6 * SQRT_S), "photon_e_star": 3.0},
    ),
    "dark_photon_electrons": Case(
        dark_photon_visible.select_electrons,
        dark_photon_visible.CUTS,
        ([photon(GAMMA)], E_E),
        {
            "two_tracks": ([photon(GAMMA)], E_E[:1]),
            "leptons": ([photon(GAMMA)], MU_MU),
            "photon": ([photon(star(0.15, 80, 0))], E_E),
            "whole_event": ([photon(star(0.4, 80, 0))], E_E),
            "pair_mass": ([photon(GAMMA)], [E_E[0], E_E[0] | {"charge": -1}]),
        },
    ),
    "z_prime_2018": Case(
        z_prime_2018.select,
        z_prime_2018.CUTS,
        ([], [t | {"e_cluster": 0.25} for t in PAIR]),
        {
            "two_tracks": ([], changed(PAIR, 0, dr=0.6)),
            "muons": ([], changed(PAIR, 0, e_cluster=0.45)),
            "muon_angle": ([], ALONG),
            "recoil_angle": ([], [track(four, q) for four, q in zip(FORWARD, (1, -1), strict=True)]),
            "no_photons": ([INTO_RECOIL], PAIR),
            "pair_pt": ([], FLAT),
        },
    ),
    "z_prime_2023": Case(
        z_prime_2023.select,
        z_prime_2023.CUTS,
        ([SOFT], PAIR),
        {
            "two_tracks": ([], changed(PAIR, 1, dz=2.1)),
            "loose_tracks": ([], [*PAIR, {"dr": 1.0}, {"dz": 4.0}]),
            "muons": ([], changed(PAIR, 0, is_muon=False)),
            "pair_pt": ([], [track(star(3.5, 80, 0, MU), 1), track(star(3.5, 82, 180, MU), -1)]),
            "recoil_angle": ([], ALONG),
            "no_photons": ([SOFT, SOFT], PAIR),
        },
        {"recoil_mass": mass(RECOIL)},
    ),
    "lfv_z_prime": Case(
        lfv_z_prime.select,
        lfv_z_prime.CUTS,
        ([SOFT], E_MU),
        {
            "two_tracks": ([], changed(E_MU, 1, charge=1)),
            "loose_tracks": ([], [*E_MU, {"dr": 1.0}, {"dz": 4.0}]),
            "electron": ([], changed(E_MU, 0, is_electron=False)),
            "electron_angle": ([], [electron(star(3.5, 165, 0), 1), E_MU[1]]),
            "muon": ([], changed(E_MU, 1, e_cluster=0.1)),
            "recoil_angle": ([], [electron(FORWARD[0], 1), track(FORWARD[1], -1)]),
            "no_photons": ([photon(star(1.0, 90, 250))], E_MU),
            "pair_pt": ([], [electron(star(3.5, 80, 0), 1), track(star(3.5, 100, 180, MU), -1)]),
        },
    ),
    "dark_higgsstrahlung": Case(
        dark_higgsstrahlung.select,
        dark_higgsstrahlung.CUTS,
        ([SOFT], PAIR),
        {
            "two_tracks": ([], PAIR[:1]),
            "muons": ([], changed(PAIR, 1, is_muon=False)),
            "pair_pt": ([], [{"px": 1.0, "py": 0.0}, {"px": -1.05, "py": 0.0, "charge": -1}]),
            "recoil_angle": ([], ALONG),
            "no_photons": ([INTO_RECOIL], PAIR),
            "pair_mass": ([], [track(star(3.0, 70, 0, MU), 1), track(star(3.0, 70, 20, MU), -1)]),
        },
    ),
    "z_prime_e_mu_visible": Case(
        lfv_z_prime_visible.select,
        lfv_z_prime_visible.CUTS,
        ([], LIKE_SIGNS),
        {"tracks": ([], [*LIKE_SIGNS, *E_MU])},
        {"n_tracks": 4, "pair_mass": LIGHTEST_E_MU},
    ),
    "four_muons": Case(
        four_muons.select,
        four_muons.CUTS,
        ([], FOUR),
        {
            "four_tracks": ([], [*FOUR, {}]),
            "muons": ([], changed(changed(FOUR, 0, is_muon=False), 2, is_muon=False)),
            "mass": ([], changed(FOUR, 0, px=0.1, py=0.1, pz=0.1)),
            "no_photons": ([photon(star(0.5, 80, 0))], FOUR),
        },
        {"four_mass": SQRT_S, "light_pair_mass": None},
    ),
    "z_prime_tau_tau": Case(
        z_prime_tau_tau.select,
        z_prime_tau_tau.CUTS,
        ([], TAUS),
        {
            "four_tracks": ([], TAUS[:3]),
            "muons": ([], changed(TAUS, 1, is_muon=False)),
            "one_prongs": ([], changed(TAUS, 2, is_kaon=True)),
            "mass": ([], FOUR),
        },
        {"recoil_mass": mass(against(star(2.5, 80, 0, MU) + star(2.5, 80, 150, MU)))},
    ),
    "dark_higgsstrahlung_visible": Case(
        dark_higgsstrahlung_visible.select,
        dark_higgsstrahlung_visible.CUTS,
        ([], SIX),
        {
            "six_tracks": ([], SIX[:5]),
            "lepton_pair": ([], [t | {"is_muon": False} for t in SIX]),
            "whole_event": ([], changed(SIX, 0, px=0.1, py=0.1, pz=0.1)),
            "equal_masses": ([], [*SIX[:2], *(track(star(2.0, t, p), q) for t, p, q in UNEQUAL)]),
        },
        {"pair_mass": 1.5},
    ),
    "tau_l_alpha": Case(
        tau_l_alpha.select,
        tau_l_alpha.CUTS,
        ([], [TAU_1, *TAU_3]),
        {
            "tracks_1x3": ([], [TAU_1, *TAU_3[:2]]),
            "thrust": ([], [track(star(3.0, 92, 90, MU), 1), *TAU_3]),
            "visible_energy": ([photon(star(5.0, 80, 0))], [TAU_1, *TAU_3]),
            "three_prong_mass": ([], [TAU_1, *(t | {"px": -2.0, "py": 0.1, "pz": 0.1} for t in TAU_3)]),
            "lepton": ([], [TAU_1 | {"is_muon": False}, *TAU_3]),
        },
    ),
    "e_e_gamma": Case(
        e_e_gamma.select,
        e_e_gamma.CUTS,
        ([], BHABHA),
        {
            "two_good_tracks": ([], [*BHABHA, {}]),
            "electrons": ([], [t | {"e_cluster": 2.9} for t in BHABHA]),
            "recoil_momentum": ([], [electron(star(HALF, 75, 0), 1), electron(star(HALF, 105, 180), -1)]),
            "recoil_angle": ([], [electron(star(4.0, 50, 0), 1), electron(star(4.0, 50, 180), -1)]),
        },
    ),
    "e_gamma": Case(
        e_e_gamma.select_single,
        e_e_gamma.SINGLE_CUTS,
        ([photon(star(2.0, 90, 180))], BHABHA[:1]),
        {
            "one_track": ([photon(star(2.0, 90, 180))], BHABHA),
            "electron": ([photon(star(2.0, 90, 180))], changed(BHABHA[:1], 0, e_cluster=1.9)),
            "photon": ([photon(star(0.4, 90, 180))], BHABHA[:1]),
        },
        {"photon_e_star": 2.0},
    ),
    "v0": Case(
        v0.select,
        v0.CUTS,
        ([], [*BHABHA, *V0_PAIR]),
        {
            "bhabha": ([], [BHABHA[0], BHABHA[1] | {"e_cluster": 1.0}, *V0_PAIR]),
            "pair_mass": ([], [electron(star(2.0, 75, 0), 1), electron(star(2.0, 75, 40), -1), *V0_PAIR]),
            "recoil_angle": ([], [electron(star(4.0, 50, 0), 1), electron(star(4.0, 50, 180), -1), *V0_PAIR]),
            "v0": ([], [*BHABHA, *displaced(V0_PAIR, (0.2, 0.3, 0.0))]),
            "no_photon": ([photon(star(1.5, 80, 250))], [*BHABHA, *V0_PAIR]),
        },
        {"v0_radius": np.hypot(1.0, 3.0)},
    ),
}  # fmt: skip
