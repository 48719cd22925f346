"""Events for the selections of photons, of decays in flight, of B mesons and of slow pions."""

import numpy as np
from hand_made import HALF, MU, SQRT_S, Case, against, changed, decay, displaced, electron, photon, star, track

from sim.offline import (
    alp_fusion,
    alp_three_gamma,
    b_to_kaon,
    dark_photon_invisible,
    gamma_gamma_klm,
    idm_dark_higgs,
    idm_photon,
    y1s,
)
from sim.offline.objects import KAON_MASS_GEV, PION_MASS_GEV

A = star(3.0, 80, 20)
THREE = [photon(A), *(photon(four) for four in decay(against(A), 0.0))]
MERGED = [photon(star(HALF, 80, 0)), photon(star(0.6 * HALF, 100, 180)), photon(star(0.4 * HALF, 98, 181))]
FUSED = [photon(star(1.0, 60, 10)), photon(star(1.0, 70, 190))]
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
SHORT_PIONS = [track(f, q) for f, q in zip(decay(star(3.0, 90, 0, 0.498), PION_MASS_GEV), (1, -1), strict=True)]
Y2S, Y3S = y1s.UPSILON_2S_BEAMS, y1s.UPSILON_3S_BEAMS


def slow(resonance_gev, beams):
    """Two pions back to back that leave a Y(1S) at rest."""
    p = np.sqrt(((resonance_gev - y1s.UPSILON_1S_GEV) / 2) ** 2 - PION_MASS_GEV**2)
    return [track(star(p, t, phi, PION_MASS_GEV), q, beams, is_muon=False) for t, phi, q in ((80, 0, 1), (100, 180, -1))]


SLOW_2S, SLOW_3S = slow(y1s.UPSILON_2S_GEV, Y2S), slow(y1s.UPSILON_3S_GEV, Y3S)
A0 = [track(star(3.0, 70, angle, MU), q, Y2S) for angle, q in ((0, 1), (120, -1))]
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
    "idm_dark_higgs_alone": Case(
        idm_dark_higgs.select_alone,
        idm_dark_higgs.ALONE_CUTS,
        ([], IDM[:2]),
        {
            "two_tracks": ([], IDM),
            "pointing": ([], displaced(IDM[:2], (0.0, 3.0, 0.0))),
            "no_k_short": ([], displaced(SHORT_PIONS, WAY)),
            "extra_energy": ([photon(star(2.5, 90, 0))], IDM[:2]),
        },
        {"higgs_radius": np.hypot(*WAY[:2])},
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
    "y1s_invisible": Case(
        y1s.select_invisible,
        y1s.INVISIBLE_CUTS,
        ([], SLOW_3S),
        {
            "slow_pions": ([], [SLOW_3S[0], track(star(1.0, 90, 180), -1, Y3S)]),
            "tag": ([], [SLOW_3S[0], track(star(0.1, 100, 180, PION_MASS_GEV), -1, Y3S)]),
            "no_other_track": ([], [*SLOW_3S, A0[0]]),
            "no_photons": ([photon(star(0.6, 90, 0))], SLOW_3S),
        },
    ),
    "y1s_cp_odd": Case(
        y1s.select_cp_odd,
        y1s.CP_ODD_CUTS,
        ([photon(star(2.0, 90, 200), Y2S)], [*SLOW_2S, *A0]),
        {
            "slow_pions": ([], A0),
            "tag": ([], [SLOW_2S[0], track(star(0.1, 100, 180, PION_MASS_GEV), -1, Y2S), *A0]),
            "photon": ([photon(star(0.1, 90, 200), Y2S)], [*SLOW_2S, *A0]),
            "two_more_tracks": ([photon(star(2.0, 90, 200), Y2S)], [*SLOW_2S, A0[0]]),
        },
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
}  # fmt: skip
