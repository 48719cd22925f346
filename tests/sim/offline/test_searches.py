"""Every selection on events made by hand: one passes, and for each cut there is one that fails it."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hand_made import SQRT_S, against, decay, electron, named, photon, star, track

from sim.offline import (
    alp_fusion,
    alp_three_gamma,
    b_to_kaon,
    dark_higgsstrahlung,
    dark_higgsstrahlung_visible,
    dark_photon_invisible,
    dark_photon_visible,
    e_e_gamma,
    four_muons,
    gamma_gamma_klm,
    idm_dark_higgs,
    idm_photon,
    lfv_z_prime,
    tau_l_alpha,
    v0,
    y1s,
    z_prime_2018,
    z_prime_2023,
    z_prime_tau_tau,
)
from sim.offline.objects import KAON_MASS_GEV, MUON_MASS_GEV, PION_MASS_GEV
from sim.offline.reco import nothing

MU = MUON_MASS_GEV


@dataclass
class Case:
    """A selection, its cuts, an event that passes, and events that fail: (photons, tracks) or (photons, tracks, klm)."""

    select: object
    cuts: tuple
    good: tuple
    bad: dict
    values: dict = field(default_factory=dict)


def mass(four):
    """Invariant mass."""
    return np.sqrt(four[0] ** 2 - np.sum(four[1:] ** 2))


def displaced(tracks, place):
    """The tracks with this origin in cm, and impact parameters that say so."""
    return [t | {"vx": place[0], "vy": place[1], "vz": place[2], "dr": 1.0} for t in tracks]


def changed(entries, index, **changes):
    """The list with one entry changed."""
    return [entry | changes if i == index else entry for i, entry in enumerate(entries)]


# Two muons of 3.5 GeV: the recoil has a mass of 2.7 GeV and goes to the side.
PAIR = [track(star(3.5, 70, 0, MU), 1), track(star(3.5, 80, 140, MU), -1)]
ALONG = [track(star(2.0, 25, 0, MU), 1), track(star(2.0, 25, 180, MU), -1)]
FLAT = [track(star(3.5, 80, 0, MU), 1), track(star(3.5, 100, 180, MU), -1)]
RECOIL = against(star(3.5, 70, 0, MU) + star(3.5, 80, 140, MU))
FORWARD = decay(against(star(3.0, 15, 0, 1.0)), MU)
INTO_RECOIL = photon(star(0.3, *np.degrees([np.arccos(RECOIL[3] / np.linalg.norm(RECOIL[1:])), np.arctan2(RECOIL[2], RECOIL[1])])))
SOFT = photon(star(0.3, 90, 250))

E_MU = [electron(star(3.5, 70, 0), 1), track(star(3.5, 80, 140, MU), -1)]

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

A = star(3.0, 80, 20)
THREE = [photon(A), *(photon(four) for four in decay(against(A), 0.0))]
HALF = SQRT_S / 2
MERGED = [photon(star(HALF, 80, 0)), photon(star(0.6 * HALF, 100, 180)), photon(star(0.4 * HALF, 98, 181))]

FUSED = [photon(star(1.0, 60, 10)), photon(star(1.0, 70, 190))]

# Three A' of 1.5 GeV: one against two from a scalar.
FIRST = star(3.5, 80, 0, 1.5)
SIX = [
    track(four, sign, is_kaon=False)
    for k, dark in enumerate([FIRST, *decay(against(FIRST), 1.5)])
    for four, sign in zip(decay(dark, PION_MASS_GEV, phi=70 * k), (1, -1), strict=True)
]

LLP = displaced([electron(star(0.8, 80, angle), sign) for angle, sign in ((0, 1), (30, -1))], (2.0, 0.5, 0.3))
ISR = [photon(star(4.0, 70, 180))]

# A dark Higgs boson that flies 3 cm in its own direction, and a pair of electrons from 1 cm away.
HIGGS = star(3.0, 90, 0, 1.0)
POINTING = [track(four, sign) for four, sign in zip(decay(HIGGS, MU), (1, -1), strict=True)]
WAY = 3.0 * np.sum([[t[f"p{axis}"] for axis in "xyz"] for t in POINTING], axis=0) / 4.0
IDM = displaced(POINTING, WAY) + displaced(
    [electron(star(0.8, 80, angle), q) for angle, q in ((150, 1), (200, -1))], (-1.0, 0.2, 0)
)

# B+ -> K+ S with S of 1.5 GeV: energies of a B at rest.
B_MASS = np.sqrt(HALF**2 - 0.33**2)
B = star(0.33, 50, 70, B_MASS)
S_ENERGY = (B_MASS**2 + 1.5**2 - KAON_MASS_GEV**2) / (2 * B_MASS)


def two_body(mass):
    """(kaon, partner of this mass) of a B, CM frame, boosted with the B."""
    momentum = np.sqrt(((B_MASS**2 + mass**2 - KAON_MASS_GEV**2) / (2 * B_MASS)) ** 2 - mass**2)
    beta, gamma = B[1:] / B[0], B[0] / B_MASS
    answer = []
    for four in (star(momentum, 70, 40, KAON_MASS_GEV), star(momentum, 110, 220, mass)):
        along = four[1:] @ beta
        shift = (gamma - 1) / (beta @ beta) * along + gamma * four[0]
        answer.append(np.array([gamma * (four[0] + along), *(four[1:] + shift * beta)]))
    return answer


KAON_P, SCALAR = two_body(1.5)
KAON = track(KAON_P, 1, is_muon=False, is_kaon=True)
S_PAIR = displaced([track(four, q) for four, q in zip(decay(SCALAR, MU), (1, -1), strict=True)], (0.5, 0.1, 0.2))
SHORT = two_body(0.498)[1]
K_SHORT = displaced(
    [track(f, q, is_muon=False) for f, q in zip(decay(SHORT, PION_MASS_GEV), (1, -1), strict=True)], (0.5, 0.1, 0.2)
)
B_PHOTONS = [photon(four) for four in decay(SCALAR, 0.0)]

UNEQUAL = [(30, 0, 1), (150, 50, -1), (90, 90, 1), (80, 300, -1)]
SHORT_PIONS = [track(f, q) for f, q in zip(decay(star(3.0, 90, 0, 0.498), PION_MASS_GEV), (1, -1), strict=True)]
TAU_3 = [
    track(star(p, 92, angle, PION_MASS_GEV), q, is_muon=False) for p, angle, q in ((1.4, 168, -1), (1.2, 180, 1), (1.3, 195, -1))
]
TAU_1 = track(star(2.0, 85, 1, MU), 1)

Y2S = y1s.UPSILON_2S_BEAMS
SLOW_P = np.sqrt(((y1s.UPSILON_2S_GEV - y1s.UPSILON_1S_GEV) / 2) ** 2 - PION_MASS_GEV**2)
SLOW = [track(star(SLOW_P, t, p, PION_MASS_GEV), q, Y2S, is_muon=False) for t, p, q in ((80, 0, 1), (100, 180, -1))]
A0 = [track(star(3.0, 70, angle, MU), q, Y2S) for angle, q in ((0, 1), (120, -1))]

BHABHA = [electron(star(4.5, 75, 0), 1), electron(star(4.0, 95, 165), -1)]
V0_PAIR = displaced([electron(star(0.6, 85, angle), q, is_electron=True) for angle, q in ((262, 1), (264, -1))], (1.0, 3.0, 0.0))
GG = [photon(star(HALF, 70, 0)), photon(star(HALF - 0.5, 110, 180))]
LOST = photon(star(5.0, 80, 30))

CASES = {
    "dark_photon_invisible": Case(
        dark_photon_invisible.select,
        dark_photon_invisible.CUTS,
        ([photon(star(3.0, 80, 30))], []),
        {
            "candidate": ([], []),
            "region": ([photon(star(1.5, 25, 0))], []),
            "one_candidate": ([photon(star(3.0, 80, 30)), photon(star(2.0, 80, 130))], []),
            "no_tracks": ([photon(star(3.0, 80, 30))], [{}]),
            "no_other_photon": ([photon(star(3.0, 80, 30)), photon(star(1.0, 80, 130))], []),
            "hlt_quiet": ([photon(star(3.0, 80, 30)), photon(star(0.35, 80, 130))], []),
            "no_klm": ([LOST], [], [{k: v for k, v in photon(star(5.0, 100, 210)).items() if k in ("theta", "phi")}]),
        },
        {"photon_e_star": 3.0, "recoil_m2": SQRT_S**2 - 6 * SQRT_S},
    ),
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
    "alp_three_gamma": Case(
        alp_three_gamma.select,
        alp_three_gamma.CUTS,
        (THREE, []),
        {
            "three_photons": (THREE[:2], []),
            "energy": ([THREE[0], THREE[1], photon(star(0.5, 90, 0))], []),
            "mass": ([photon(star(2.0, 90, angle)) for angle in (0, 120, 240)], []),
            "no_tracks": (THREE, [{}]),
        },
        {"light_pair_mass": None},
    ),
    "alp_displaced": Case(
        alp_three_gamma.select_displaced,
        alp_three_gamma.SKIM_CUTS,
        (THREE, []),
        {
            "three_photons": (THREE[1:], []),
            "energy": ([photon(star(0.08, 90, angle)) for angle in (0, 120, 240)], []),
            "mass": ([photon(star(2.0, 90, angle)) for angle in (0, 120, 240)], []),
            "no_tracks": (THREE, [{}]),
        },
    ),
    "alp_merged": Case(
        alp_three_gamma.select_merged,
        alp_three_gamma.MERGED_CUTS,
        (MERGED, []),
        {
            "two_photons": (THREE, []),
            "energy": ([photon(star(3.0, 80, 0)), photon(star(3.0, 100, 180))], []),
            "mass": ([photon(star(4.4, 80, 0)), photon(star(4.4, 90, 100))], []),
            "no_tracks": (MERGED, [{}]),
        },
    ),
    "alp_fusion": Case(
        alp_fusion.select,
        alp_fusion.CUTS,
        (FUSED, []),
        {
            "both_in_calorimeter": (FUSED[:1], []),
            "two_photons": ([*FUSED, photon(star(0.5, 80, 0))], []),
            "back_to_back": ([FUSED[0], photon(star(1.0, 70, 30))], []),
            "not_energetic": ([photon(star(4.5, 80, 0)), FUSED[1]], []),
            "missing_momentum": ([photon(star(1.0, 90, 0)), photon(star(3.0, 90, 180))], []),
            "no_tracks": (FUSED, [{}]),
        },
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
    "idm_photon": Case(
        idm_photon.select,
        idm_photon.CUTS,
        (ISR, LLP),
        {
            "photon": ([photon(star(0.8, 70, 180))], LLP),
            "one_energetic": ([*ISR, photon(star(0.7, 90, 0))], LLP),
            "few_photons": ([photon(star(1.0, 90, angle)) for angle in (0, 80, 160, 240)], LLP),
            "no_prompt_track": (ISR, [*LLP, {}]),
            "no_fast_track": (ISR, [*LLP, track(star(3.5, 90, 90), 1, dr=1.0)]),
            "displaced_pair": (ISR, changed(LLP, 0, charge=-1)),
        },
        {"radius": np.hypot(2.0, 0.5), "photon_e_star": 4.0},
    ),
    "idm_dark_higgs": Case(
        idm_dark_higgs.select,
        idm_dark_higgs.CUTS,
        ([], IDM),
        {
            "few_tracks": ([], [*IDM, {}]),
            "hits": ([], changed(IDM, 0, n_cdc=20)),
            "vertices": ([], changed(IDM, 2, is_electron=False)),
            "pointing": ([], displaced(IDM[:2], (0.0, 3.0, 0.0)) + IDM[2:]),
            "no_k_short": ([], displaced(SHORT_PIONS, WAY) + IDM[2:]),
            "extra_energy": ([photon(star(2.5, 90, 0))], IDM),
        },
        {"higgs_radius": np.hypot(*WAY[:2]), "chi_radius": np.hypot(1.0, 0.2)},
    ),
    "b_to_k_s": Case(
        b_to_kaon.select,
        b_to_kaon.CUTS,
        ([], [KAON, *S_PAIR]),
        {
            "kaon": ([], [KAON | {"is_kaon": False}, *S_PAIR]),
            "displaced_pair": ([], [KAON, *displaced(S_PAIR, (0.01, 0.0, 0.0))]),
            "not_k_short": ([], [KAON, *K_SHORT]),
            "b_meson": ([], [KAON | {"px": 0.5}, *S_PAIR]),
        },
        {"pair_mass": 1.5, "reduced_mass": np.sqrt(1.5**2 - 4 * MU**2), "radius": np.hypot(0.5, 0.1)},
    ),
    "b_to_k_alp": Case(
        b_to_kaon.select_alp,
        b_to_kaon.ALP_CUTS,
        (B_PHOTONS, [KAON]),
        {
            "kaon": (B_PHOTONS, [KAON | {"dr": 0.6}]),
            "photons": (B_PHOTONS[:1], [KAON]),
            "b_meson": (B_PHOTONS, [KAON | {"px": 0.5}]),
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
    "y1s_invisible": Case(
        y1s.select_invisible,
        y1s.INVISIBLE_CUTS,
        ([], SLOW),
        {
            "slow_pions": ([], [SLOW[0], track(star(0.8, 90, 180), -1, Y2S)]),
            "tag": ([], [SLOW[0], track(star(0.1, 100, 180, PION_MASS_GEV), -1, Y2S)]),
            "no_other_track": ([], [*SLOW, A0[0]]),
            "no_photons": ([photon(star(0.6, 90, 0))], SLOW),
        },
    ),
    "y1s_cp_odd": Case(
        y1s.select_cp_odd,
        y1s.CP_ODD_CUTS,
        ([photon(star(2.0, 90, 200), Y2S)], [*SLOW, *A0]),
        {
            "slow_pions": ([], A0),
            "tag": ([], [SLOW[0], track(star(0.1, 100, 180, PION_MASS_GEV), -1, Y2S), *A0]),
            "photon": ([photon(star(0.1, 90, 200), Y2S)], [*SLOW, *A0]),
            "two_more_tracks": ([photon(star(2.0, 90, 200), Y2S)], [*SLOW, A0[0]]),
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
    "gamma_gamma_klm": Case(
        gamma_gamma_klm.select,
        gamma_gamma_klm.CUTS,
        (GG, [], [{"theta": GG[1]["theta"], "phi": GG[1]["phi"]}]),
        {
            "two_photons": (GG[:1], []),
            "tag": ([photon(star(4.0, 70, 0)), photon(star(3.0, 110, 180))], []),
            "back_to_back": ([GG[0], photon(star(4.0, 110, 175))], []),
            "opposite": ([GG[0], photon(star(4.0, 113, 180))], []),
            "no_tracks": (GG, [{}]),
        },
        {"probe_e_star": HALF - 0.5, "klm_clusters": 1},
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


@pytest.mark.parametrize("name", CASES)
def test_one_event_passes_with_the_values_that_were_put_in(name, offline):
    case = CASES[name]
    selected = case.select(offline([case.good]))
    assert named(selected.flow) == set()
    for value, expected in case.values.items():
        assert selected.values[value].shape == (1,)
        if expected is not None:
            assert selected.values[value][0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_every_cut_can_fail(name, offline):
    case = CASES[name]
    assert set(case.bad) == {cut.name for cut in case.cuts}
    for cut, event in case.bad.items():
        assert cut in named(case.select(offline([event])).flow), cut


@pytest.mark.parametrize("name", CASES)
def test_events_do_not_mix_and_empty_ones_fail(name, offline):
    """The same answers in any company; an empty event never passes, no event gives no answer."""
    case = CASES[name]
    events = [case.good, ([], []), *case.bad.values(), case.good]
    together = case.select(offline(events))
    assert together.flow.cuts == case.cuts
    alone = [case.select(offline([event])) for event in events]
    assert together.flow.passed.tolist() == [bool(one.flow.passed[0]) for one in alone]
    assert together.flow.passed.tolist() == [True, *(False for _ in events[1:-1]), True]
    for value, column in together.values.items():
        np.testing.assert_array_equal(column, [one.values[value][0] for one in alone])
    assert case.select(nothing()).flow.passed.shape == (0,)
