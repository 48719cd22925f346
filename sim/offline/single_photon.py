# Ref: public basf2 skims (SinglePhotonDark) and HLT filter code (FilterCalculator); collaboration talks for the mass regions.
"""Offline selection of the search for an invisible dark photon: one photon and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.offline import jagged
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration, total_momentum


@dataclass(frozen=True, kw_only=True)
class SinglePhotonCuts:
    """Values of the selection; energies in GeV (e_star: CM frame), angles in degrees in the laboratory, lengths in cm."""

    candidate_e_star: float = 0.5
    acceptance_theta: tuple[float, float] = (17.0, 150.0)
    central_theta: tuple[float, float] = (44.2, 94.8)
    barrel_theta: tuple[float, float] = (32.2, 128.7)
    barrel_e_star: float = 1.0
    endcap_e_star: float = 2.0
    track_pt: float = 0.15
    track_dr: float = 0.5
    track_dz: float = 2.0
    veto_photon_e: float = 0.55
    hlt_cluster_e_star: float = 0.3
    hlt_time_ns: float = 200.0
    low_mass_m2_max: float = 36.0
    high_mass_m2: tuple[float, float] = (24.0, 69.0)


CUTS = (
    Cut(
        name="candidate",
        asks="a photon with E* > 0.5 GeV and 17 < theta < 150 deg",
        source="SinglePhotonDark skim",
        certainty=Certainty.SKIM,
    ),
    Cut(
        name="region",
        asks="44.2 < theta < 94.8 deg, or barrel and E* > 1 GeV, or endcaps and gaps and E* > 2 GeV",
        source="SinglePhotonDark skim; barrel edges 32.2 and 128.7 deg from a talk",
        certainty=Certainty.SKIM,
    ),
    Cut(name="one_candidate", asks="exactly one such photon", source="SinglePhotonDark skim", certainty=Certainty.SKIM),
    Cut(
        name="no_tracks",
        asks="no track with |dz| < 2 cm, |dr| < 0.5 cm, pT > 0.15 GeV",
        source="SinglePhotonDark skim",
        certainty=Certainty.SKIM,
    ),
    Cut(
        name="no_other_photon",
        asks="no other photon with E_lab > 0.55 GeV in time",
        source="SinglePhotonDark skim; |t| < 200 ns stands for the weighted time distance, which needs the ECL fit error",
        certainty=Certainty.SKIM,
    ),
    Cut(
        name="hlt_quiet",
        asks="no other cluster with E* > 0.3 GeV and |t| < 200 ns",
        source="HLT FilterCalculator",
        certainty=Certainty.SKIM,
    ),
)

LEFT_OUT = (
    LeftOut(name="Zernike moment > 0.5", reason="needs the crystal-level shower shape, which the response does not simulate"),
    LeftOut(name="KLM veto", reason="a cut of its own in sim.offline.dark_photon_invisible"),
    LeftOut(name="BDT of 12 variables", reason="neither the network nor its inputs' definitions are public"),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class SinglePhotonSelection:
    """Cut flow with, per event, the candidate (flat photon index, -1 for none), its recoil mass squared and its regions."""

    flow: CutFlow
    candidate: NDArray[np.int64]
    recoil_m2_gev2: NDArray[np.float64]
    low_mass: NDArray[np.bool_]
    high_mass: NDArray[np.bool_]


def inside(value: NDArray[np.float64], bounds: tuple[float, float]) -> NDArray[np.bool_]:
    """Marks values strictly between the bounds."""
    return (value > bounds[0]) & (value < bounds[1])


def select(
    arrays: Mapping[str, np.ndarray], cuts: SinglePhotonCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS
) -> SinglePhotonSelection:
    """Masks of the single-photon selection from the ``off_*`` fields.

    The candidate is the first photon that passes the region cut. M_X^2 = s - 2 sqrt(s) E*; it is NaN without a candidate.
    An event without photons and tracks fails at the first cut.
    """
    cut = cuts or SinglePhotonCuts()
    offsets = arrays["off_photon_offsets"]
    e_star, energy = arrays["off_photon_estar"], arrays["off_photon_e"]
    theta = np.degrees(arrays["off_photon_theta"])
    in_time = np.abs(arrays["off_photon_time"]) < cut.hlt_time_ns

    candidate = (e_star > cut.candidate_e_star) & inside(theta, cut.acceptance_theta)
    region = candidate & (
        inside(theta, cut.central_theta)
        | (inside(theta, cut.barrel_theta) & (e_star > cut.barrel_e_star))
        | (e_star > cut.endcap_e_star)
    )
    chosen = jagged.first(offsets, region)
    other = np.ones(e_star.size, bool)
    other[chosen[chosen >= 0]] = False
    good_track = (
        (np.abs(arrays["off_track_dz"]) < cut.track_dz)
        & (np.abs(arrays["off_track_dr"]) < cut.track_dr)
        & (np.hypot(arrays["off_track_px"], arrays["off_track_py"]) > cut.track_pt)
    )
    masks = (
        jagged.count(offsets, candidate) > 0,
        chosen >= 0,
        jagged.count(offsets, region) == 1,
        jagged.count(arrays["off_track_offsets"], good_track) == 0,
        jagged.count(offsets, other & in_time & (energy > cut.veto_photon_e)) == 0,
        jagged.count(offsets, other & in_time & (e_star > cut.hlt_cluster_e_star)) == 0,
    )
    flow = CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT)
    m2 = recoil_mass_squared(np.where(chosen >= 0, np.append(e_star, np.nan)[chosen], np.nan), beams)
    return SinglePhotonSelection(
        flow=flow,
        candidate=chosen,
        recoil_m2_gev2=m2,
        low_mass=flow.passed & (m2 < cut.low_mass_m2_max),
        high_mass=flow.passed & inside(m2, cut.high_mass_m2),
    )


def recoil_mass_squared(e_star_gev: NDArray[np.float64], beams: BeamDeclaration = Y4S_BEAMS) -> NDArray[np.float64]:
    """M_X^2 in GeV^2 of what recoils against a photon of this CM energy."""
    s = mandelstam_s(beams)
    return s - 2 * np.sqrt(s) * e_star_gev


def mandelstam_s(beams: BeamDeclaration = Y4S_BEAMS) -> float:
    """Squared CM energy of the beams in GeV^2."""
    energy, px, py, pz = total_momentum(beams)
    return energy**2 - px**2 - py**2 - pz**2
