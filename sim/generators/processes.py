"""The processes by name, each with the outside cross-section that its samples are normalised to."""

from __future__ import annotations

from dataclasses import dataclass

from sim.generators.alp import AlpFusion, AlpThreeGamma
from sim.generators.b_mesons import BToKAlp, BToKS
from sim.generators.background_tracks import BackgroundTracks
from sim.generators.bhabha import Bhabha
from sim.generators.cosmics import Cosmics
from sim.generators.dark_higgs_decays import DarkHiggsstrahlungDecays
from sim.generators.dark_photon import DarkPhoton
from sim.generators.dark_photon_visible import DarkPhotonVisible
from sim.generators.guns import ParticleGun, PhotonGun
from sim.generators.inelastic import IdmDarkHiggs, IdmPhoton
from sim.generators.long_lived import LongLivedGun, NeutralStrangeGun
from sim.generators.lost_electrons import LostElectrons
from sim.generators.muon_pair import MuonPair
from sim.generators.one_sided_bhabha import OneSidedBhabha
from sim.generators.photon_conversion import PhotonConversion
from sim.generators.photon_pair import PhotonPair
from sim.generators.process import CrossSection
from sim.generators.pseudoscalar_photon import PseudoscalarPhoton
from sim.generators.pythia import CharmQuarks, DownQuarks, PythiaProcess, StrangeQuarks, TauPair, UpQuarks, Upsilon4S
from sim.generators.radiative_bhabha import RadiativeBhabha
from sim.generators.radiative_muons import RadiativeMuons
from sim.generators.secondary_interactions import SecondaryInteractions
from sim.generators.tau_alpha import TauToLeptonAlpha
from sim.generators.three_photons import ThreePhotons
from sim.generators.two_pair_processes import FourMuons, MuMuPiPi, MuMuTauTau, TwoPairs
from sim.generators.two_photon import TwoPhotonElectrons, TwoPhotonLeptons, TwoPhotonMuons, TwoPhotonTaus
from sim.generators.upsilon_dipion import UpsilonDipion
from sim.generators.z_prime import ZPrime
from sim.generators.z_prime_e_mu import ZPrimeEMu, ZPrimeEMuVisible
from sim.generators.z_prime_visible import MuonMediator, ZPrimeMuMu, ZPrimeTauTau

Model = (
    PhotonGun | ParticleGun | PhotonPair | ThreePhotons | Bhabha | LostElectrons | MuonPair | RadiativeMuons | DarkPhoton
    | BackgroundTracks | Cosmics | PythiaProcess | TwoPhotonLeptons | OneSidedBhabha | ZPrime | DarkPhotonVisible | MuonMediator
    | ZPrimeEMu | AlpThreeGamma | AlpFusion | DarkHiggsstrahlungDecays | PseudoscalarPhoton | UpsilonDipion
    | TwoPairs
    | LongLivedGun | NeutralStrangeGun | IdmPhoton | IdmDarkHiggs | BToKS | BToKAlp | TauToLeptonAlpha | PhotonConversion
    | SecondaryInteractions | RadiativeBhabha | ZPrimeEMuVisible
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process that a user can ask for.

    model: its options and generator; the defaults define the region that `reference` refers to. reference: published
    cross-section of that region, None where there is none (guns, and couplings that nobody knows). left_out: what is approximated
    or missing, in words; written to every file.
    """

    name: str
    summary: str
    model: type[Model]
    reference: CrossSection | None = None
    left_out: str = ""


_KKMC = "SOURCES 1.2: KKMC, Belle II physics book"

PROCESSES = (
    Process(name="photon-gun", summary="one photon, flat in E*", model=PhotonGun),
    Process(name="particle-gun", summary="one charged or neutral particle", model=ParticleGun),
    Process(
        name="gamma-gamma",
        summary="e+e- -> gamma gamma, 10-170 deg",
        model=PhotonPair,
        reference=CrossSection(nb=4.99, error_nb=0.05, source="SOURCES 1.2: BabaYaga@NLO, Belle II physics book"),
    ),
    Process(
        name="bhabha",
        summary="e+e- -> e+e-, 10-170 deg",
        model=Bhabha,
        reference=CrossSection(nb=300.0, error_nb=3.0, source="SOURCES 1.2: BabaYaga@NLO, Belle II physics book"),
    ),
    Process(name="bhabha-one-side", summary="e+e- -> e+e-, one lepton at 10-170 deg by hard radiation", model=OneSidedBhabha),
    Process(
        name="mu-mu",
        summary="e+e- -> mu+mu- with initial-state radiation",
        model=MuonPair,
        reference=CrossSection(nb=1.148, source=_KKMC),
    ),
    Process(name="mu-mu-gamma", summary="e+e- -> mu+mu- gamma, exact tree", model=RadiativeMuons),
    Process(name="e-e-gamma", summary="e+e- -> e+e- gamma, both leptons lost along the beams", model=LostElectrons),
    Process(
        name="radiative-bhabha",
        summary="e+e- -> e+e- gamma, photon and both leptons, or one of them, at 16-164 deg, exact tree",
        model=RadiativeBhabha,
        left_out="further photons, virtual corrections, pairs lighter than 0.02 GeV",
    ),
    Process(name="three-gamma", summary="e+e- -> gamma gamma gamma, 10-170 deg", model=ThreePhotons),
    Process(name="dark-photon", summary="e+e- -> gamma A', A' invisible", model=DarkPhoton),
    Process(
        name="tau-tau",
        summary="e+e- -> tau+tau-, Pythia",
        model=TauPair,
        reference=CrossSection(nb=0.919, source=_KKMC),
    ),
    Process(name="u-u", summary="e+e- -> u ubar, Pythia", model=UpQuarks, reference=CrossSection(nb=1.61, source=_KKMC)),
    Process(name="d-d", summary="e+e- -> d dbar, Pythia", model=DownQuarks, reference=CrossSection(nb=0.40, source=_KKMC)),
    Process(name="s-s", summary="e+e- -> s sbar, Pythia", model=StrangeQuarks, reference=CrossSection(nb=0.38, source=_KKMC)),
    Process(name="c-c", summary="e+e- -> c cbar, Pythia", model=CharmQuarks, reference=CrossSection(nb=1.30, source=_KKMC)),
    Process(
        name="y4s",
        summary="e+e- -> Y(4S) -> B Bbar, Pythia",
        model=Upsilon4S,
        reference=CrossSection(nb=1.110, error_nb=0.008, source="SOURCES 1.2: Belle II physics book"),
    ),
    Process(name="e-e-mu-mu", summary="e+e- -> e+e- mu+mu- by two photons", model=TwoPhotonMuons),
    Process(name="e-e-e-e", summary="e+e- -> e+e- e+e- by two photons", model=TwoPhotonElectrons),
    Process(name="z-prime", summary="e+e- -> mu+mu- Z', Z' invisible", model=ZPrime),
    Process(
        name="dark-photon-visible",
        summary="e+e- -> gamma A', A' -> e e, mu mu or pi pi",
        model=DarkPhotonVisible,
        left_out="radiation, electron mass, hadrons beyond two pions",
    ),
    Process(
        name="z-prime-e-mu",
        summary="e+e- -> e mu Z', Z' invisible, lepton flavour violated",
        model=ZPrimeEMu,
        left_out="radiation, electrons within 10 degrees of the beams",
    ),
    Process(
        name="z-prime-e-mu-visible",
        summary="e+e- -> e mu Z', Z' -> e mu, lepton flavour violated",
        model=ZPrimeEMuVisible,
        left_out="radiation, electrons within 10 degrees of the beams, spin of the Z', exchange of equal leptons",
    ),
    Process(
        name="z-prime-mu-mu",
        summary="e+e- -> mu+mu- X, X -> mu+mu-; X a Z', a scalar or an ALP",
        model=ZPrimeMuMu,
        left_out="radiation from the initial state, width of X, exchange of identical muons",
    ),
    Process(
        name="z-prime-tau-tau",
        summary="e+e- -> mu+mu- X, X -> tau+tau-; X a Z', a scalar or an ALP",
        model=ZPrimeTauTau,
        left_out="radiation from the initial state, width of X, spins of the taus",
    ),
    Process(
        name="alp-three-gamma",
        summary="e+e- -> gamma a, a -> gamma gamma in flight",
        model=AlpThreeGamma,
        left_out="radiation, decays other than to two photons",
    ),
    Process(
        name="alp-fusion",
        summary="e+e- -> e+e- a by two photons, a -> gamma gamma",
        model=AlpFusion,
        left_out="APPROXIMATION of equivalent photons: no transverse momentum, total good to tens of per cent",
    ),
    Process(
        name="dark-higgsstrahlung",
        summary="e+e- -> A' h', A' -> a pair, h' invisible or -> A' A'",
        model=DarkHiggsstrahlungDecays,
        left_out="radiation, width of the A', exchange of identical particles",
    ),
    Process(
        name="pseudoscalar-gamma",
        summary="e+e- -> P gamma, P = pi0, eta or eta' -> gamma gamma",
        model=PseudoscalarPhoton,
        left_out="radiation, decays other than to two photons; pi0: form factor not measured at this energy",
    ),
    Process(
        name="y1s-pi-pi",
        summary="Y(2S) or Y(3S) -> pi+pi- Y(1S), Y(1S) -> invisible or gamma A0",
        model=UpsilonDipion,
        left_out="radiation, spread of the beam energies, D-wave of the dipion system",
    ),
    Process(
        name="four-mu",
        summary="e+e- -> mu+mu- mu+mu-, exact tree",
        model=FourMuons,
        left_out="radiation of photons",
    ),
    Process(
        name="mu-mu-tau-tau",
        summary="e+e- -> mu+mu- tau+tau-, exact tree",
        model=MuMuTauTau,
        left_out="radiation of photons, spins of the taus",
    ),
    Process(
        name="e-e-tau-tau",
        summary="e+e- -> e+e- tau+tau- by two photons",
        model=TwoPhotonTaus,
        left_out="APPROXIMATION of equivalent photons: beam leptons lost, spins of the taus",
    ),
    Process(
        name="mu-mu-pi-pi",
        summary="e+e- -> mu+mu- pi+pi-, tree with the form factor of the rho",
        model=MuMuPiPi,
        left_out="radiation of photons; pions from one virtual photon with the rho and rho(1450) alone",
    ),
    Process(name="background-tracks", summary="tracks from along the beam line, a guess", model=BackgroundTracks),
    Process(name="cosmics", summary="cosmic muons through the drift chamber", model=Cosmics),
    Process(name="long-lived-gun", summary="a long-lived neutral particle that decays to two", model=LongLivedGun),
    Process(name="k-short-gun", summary="K_S -> pi+ pi- or Lambda -> p pi-, in flight", model=NeutralStrangeGun),
    Process(name="idm-photon", summary="e+e- -> gamma A', A' -> chi1 chi2, chi2 -> chi1 l l displaced", model=IdmPhoton),
    Process(name="idm-dark-higgs", summary="e+e- -> A' h', A' -> chi1 chi2, chi2 and h' displaced", model=IdmDarkHiggs),
    Process(name="b-to-k-s", summary="B -> K S at the Y(4S), S -> x x displaced", model=BToKS),
    Process(name="b-to-k-alp", summary="B -> K a at the Y(4S), a -> gamma gamma", model=BToKAlp),
    Process(name="tau-l-alpha", summary="e+e- -> tau+tau-, one tau -> l alpha, alpha invisible", model=TauToLeptonAlpha),
    Process(name="photon-conversion", summary="a photon that converts before the drift chamber", model=PhotonConversion),
    Process(name="secondary-interactions", summary="a hadron that interacts in material, a guess", model=SecondaryInteractions),
)
