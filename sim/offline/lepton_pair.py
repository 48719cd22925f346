"""Two tracks of opposite charge and what they leave of the beams: the frame of searches for two leptons and missing energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.offline import jagged, objects
from sim.offline.objects import Arrays, Flags, Floats
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration


@dataclass(frozen=True, kw_only=True, eq=False)
class LeptonPair:
    """two: events with exactly two good tracks and no charge. lab, star, recoil: (events, 4) sum of the good tracks in both frames,
    and what it leaves of the beams in the laboratory. mass_gev, recoil_mass_gev: NaN where there are not two."""

    two: Flags
    lab: Floats
    star: Floats
    recoil: Floats
    mass_gev: Floats
    recoil_mass_gev: Floats

    @property
    def recoil_theta_deg(self) -> Floats:
        """Polar angle of the recoil in the laboratory."""
        return objects.theta_deg(self.recoil)

    @property
    def pt_star(self) -> Floats:
        """Momentum of the pair across the beams in the CM frame."""
        return objects.pt(self.star)

    def quiet(self, arrays: Arrays, cone_deg: float, extra_gev: float) -> Flags:
        """No photon within this angle of the recoil and less than this energy in all photons."""
        near = objects.near(arrays, "off_photon", self.recoil[:, 1:], cone_deg)
        return (near == 0) & (objects.extra_energy(arrays) < extra_gev)


def lepton_pair(arrays: Arrays, good: Flags, mass_gev: float | Floats, beams: BeamDeclaration = Y4S_BEAMS) -> LeptonPair:
    """The pair of the good tracks with this mass, one for all tracks or one each."""
    tracks = objects.tracks(arrays, mass_gev, beams)
    two = (jagged.count(tracks.offsets, good) == 2) & (objects.charge(arrays, good) == 0)
    lab = tracks.total(good)
    recoil = objects.recoil(lab, beams)
    return LeptonPair(
        two=two,
        lab=lab,
        star=objects.to_star(lab, beams),
        recoil=recoil,
        mass_gev=np.where(two, objects.mass(lab), np.nan),
        recoil_mass_gev=np.where(two, objects.mass(recoil), np.nan),
    )
