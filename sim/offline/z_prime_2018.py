# Ref: Belle II, Phys. Rev. Lett. 124, 141801 (values recalled, unverified); basf2 skim DimuonPlusMissingEnergy; talks.
"""Z' -> invisible in the data of 2018: two muons, missing energy, nothing else."""

from dataclasses import dataclass

from sim.offline import jagged, objects
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut, Selected
from sim.offline.lepton_pair import lepton_pair
from sim.offline.objects import Arrays, inside
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration


@dataclass(frozen=True, kw_only=True)
class ZPrime2018Cuts:
    """Values of the selection; GeV, degrees in the laboratory, cm. Recalled ones are unverified."""

    track_dr: float = 0.5
    track_dz: float = 2.0
    muon_e_cluster: tuple[float, float] = (0.15, 0.40)
    muon_e_over_p: float = 0.4
    muon_theta: tuple[float, float] = (37.0, 120.0)
    recoil_theta: tuple[float, float] = (33.0, 128.0)
    recoil_theta_below_mass: float = 3.0
    photon_from_recoil_deg: float = 15.0
    extra_energy: float = 0.4
    pair_pt_star: float = 0.2


_RECALLED = "Phys. Rev. Lett. 124, 141801, recalled"
CUTS = (
    Cut(
        name="two_tracks",
        asks="exactly two tracks of opposite charge with |dr| < 0.5 cm and |dz| < 2 cm",
        source=_RECALLED,
        certainty=Certainty.UNVERIFIED,
    ),
    Cut(
        name="muons",
        asks="both with 0.15 < E_cluster < 0.40 GeV and E/p < 0.4",
        source=_RECALLED,
        certainty=Certainty.UNVERIFIED,
    ),
    Cut(name="muon_angle", asks="both at 37 < theta < 120 deg", source=_RECALLED, certainty=Certainty.UNVERIFIED),
    Cut(
        name="recoil_angle",
        asks="recoil at 33 < theta < 128 deg where its mass is below 3 GeV",
        source=_RECALLED,
        certainty=Certainty.UNVERIFIED,
    ),
    Cut(
        name="no_photons",
        asks="no photon within 15 deg of the recoil, less than 0.4 GeV in photons",
        source=_RECALLED,
        certainty=Certainty.UNVERIFIED,
    ),
    Cut(name="pair_pt", asks="pT*(mu mu) above 0.2 GeV", source="DimuonPlusMissingEnergy skim", certainty=Certainty.SKIM),
)
LEFT_OUT = (
    LeftOut(name="tau suppression", reason="its values per recoil mass are not public; it acts on events that fired already"),
    LeftOut(name="muonID > 0.3", reason="the cluster cuts stand for it, as in 2018"),
)


def select(arrays: Arrays, cuts: ZPrime2018Cuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks from the `off_track_*` and `off_photon_*` fields; values: `recoil_mass` in GeV, NaN where there are not two tracks."""
    cut = cuts or ZPrime2018Cuts()
    offsets = arrays["off_track_offsets"]
    good = objects.good_tracks(arrays, cut.track_dr, cut.track_dz)
    theta = objects.theta_deg(objects.tracks(arrays, objects.MUON_MASS_GEV, beams).lab)
    muon = inside(arrays["off_track_e_cluster"], cut.muon_e_cluster) & (objects.e_over_p(arrays) < cut.muon_e_over_p)
    pair = lepton_pair(arrays, good, objects.MUON_MASS_GEV, beams)
    light = pair.recoil_mass_gev < cut.recoil_theta_below_mass
    masks = (
        pair.two,
        jagged.count(offsets, good & muon) == 2,
        jagged.count(offsets, good & inside(theta, cut.muon_theta)) == 2,
        ~light | inside(pair.recoil_theta_deg, cut.recoil_theta),
        pair.quiet(arrays, cut.photon_from_recoil_deg, cut.extra_energy),
        pair.pt_star > cut.pair_pt_star,
    )
    return Selected(flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT), values={"recoil_mass": pair.recoil_mass_gev})
