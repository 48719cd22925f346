"""Physics processes and file readers that make `Particles` in the laboratory."""

from sim.generators.bhabha import Bhabha
from sim.generators.dark_photon import DarkPhoton
from sim.generators.guns import ParticleGun, PhotonGun
from sim.generators.lost_electrons import LostElectrons
from sim.generators.muon_pair import MuonPair
from sim.generators.particles import Particles, concatenate
from sim.generators.photon_pair import PhotonPair
from sim.generators.process import CrossSection, Generator
from sim.generators.processes import PROCESSES, Process
from sim.generators.radiative_bhabha import RadiativeBhabha
from sim.generators.radiative_muons import RadiativeMuons
from sim.generators.three_photons import ThreePhotons

__all__ = [
    "PROCESSES",
    "Bhabha",
    "CrossSection",
    "DarkPhoton",
    "Generator",
    "LostElectrons",
    "MuonPair",
    "ParticleGun",
    "Particles",
    "PhotonGun",
    "PhotonPair",
    "Process",
    "RadiativeBhabha",
    "RadiativeMuons",
    "ThreePhotons",
    "concatenate",
]
