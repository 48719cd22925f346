"""Searches with displaced vertices, and the points at which it is asked what the first level keeps of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from sim.generators.b_mesons import BToKS
from sim.generators.inelastic import IdmDarkHiggs, IdmPhoton
from sim.generators.long_lived import Daughters
from sim.generators.process import Generator
from sim.offline import b_to_kaon, idm_dark_higgs, idm_photon
from sim.studies.channels import Selection

CTAU, SPLITTING = "c tau [cm]", "splitting [GeV]"
CTAUS_CM = ((0.1, 1.0), (0.3, 1.0), (1.0, 1.0), (3.0, 1.0), (10.0, 1.0), (30.0, 2.0), (100.0, 4.0))
"""Decay lengths, with the events of each in multiples: long ones leave few that are selected."""
SPLITTINGS_GEV = ((0.1, 4.0), (0.15, 2.0), (0.2, 2.0), (0.3, 1.0), (0.4, 1.0), (0.6, 1.0))
SPLITTING_CTAU_CM = 10.0
"""Decay length where the splitting is scanned."""
ESCAPES_CM = 1e4
"""Decay length of a chi2 that leaves the detector, as a rule."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """A search. at: what it scans to the generator. values: of that, each with its multiple of events. select: its offline
    selection. share: of the events of a point."""

    title: str
    at: Callable[[float], Generator]
    select: Selection
    scanned: str = CTAU
    values: tuple[tuple[float, float], ...] = CTAUS_CM
    share: float = 1.0


def _published(ctau_cm: float, *, decay: Daughters, mass_gev: float, splitting_gev: float = 0.4) -> IdmDarkHiggs:
    """Masses of the search of arXiv 2505.09705 where the splitting is 0.4; chi2 and h' live equally long."""
    return IdmDarkHiggs(
        ctau_cm=ctau_cm, splitting_gev=splitting_gev, higgs_ctau_cm=ctau_cm, higgs_decay=decay, higgs_mass_gev=mass_gev
    )


def _splitting(splitting_gev: float) -> IdmDarkHiggs:
    return _published(SPLITTING_CTAU_CM, decay=Daughters.KAONS, mass_gev=1.2, splitting_gev=splitting_gev)


def _alone(ctau_cm: float, *, scale: float, decay: Daughters, mass_gev: float) -> IdmDarkHiggs:
    """The same model, all dark masses times a scale, where chi2 escapes."""
    return IdmDarkHiggs(
        mass_gev=3.0 * scale,
        chi_mass_gev=scale,
        splitting_gev=0.4 * scale,
        ctau_cm=ESCAPES_CM,
        higgs_mass_gev=mass_gev,
        higgs_ctau_cm=ctau_cm,
        higgs_decay=decay,
    )


SEARCHES: Mapping[str, Search] = {
    "idm_pions": Search(
        title="inelastic dark matter with a dark Higgs boson: m(A') = 3, splitting 0.4, h' -> pi pi of 1 GeV",
        at=partial(_published, decay=Daughters.PIONS, mass_gev=1.0),
        select=idm_dark_higgs.select,
    ),
    "idm_muons": Search(
        title="the same: m(A') = 3, splitting 0.4, h' -> mu mu of 0.5 GeV",
        at=partial(_published, decay=Daughters.MUONS, mass_gev=0.5),
        select=idm_dark_higgs.select,
    ),
    "idm_soft": Search(
        title="the same, soft electrons: m(A') = 3, splitting 0.1, h' -> K K of 1.2 GeV",
        at=partial(_published, decay=Daughters.KAONS, mass_gev=1.2, splitting_gev=0.1),
        select=idm_dark_higgs.select,
        share=4.0,
    ),
    "idm_splitting": Search(
        title=f"the same against the splitting: c tau {SPLITTING_CTAU_CM:g} cm, h' -> K K of 1.2 GeV",
        at=_splitting,
        select=idm_dark_higgs.select,
        scanned=SPLITTING,
        values=SPLITTINGS_GEV,
    ),
    "alone_pions": Search(
        title="h' alone, chi2 escapes: m(A') = 3, h' -> pi pi of 1 GeV",
        at=partial(_alone, scale=1.0, decay=Daughters.PIONS, mass_gev=1.0),
        select=idm_dark_higgs.select_alone,
    ),
    "alone_slow_pions": Search(
        title="h' alone, chi2 escapes: m(A') = 9, h' -> pi pi of 0.8 GeV",
        at=partial(_alone, scale=3.0, decay=Daughters.PIONS, mass_gev=0.8),
        select=idm_dark_higgs.select_alone,
    ),
    "alone_slow_muons": Search(
        title="h' alone, chi2 escapes: m(A') = 9, h' -> mu mu of 0.5 GeV",
        at=partial(_alone, scale=3.0, decay=Daughters.MUONS, mass_gev=0.5),
        select=idm_dark_higgs.select_alone,
    ),
    "idm_photon": Search(
        title="inelastic dark matter with a photon: m(A') = 3, splitting 0.4, chi2 -> chi1 e e",
        at=lambda ctau: IdmPhoton(ctau_cm=ctau),
        select=idm_photon.select,
    ),
    "b_to_k_s": Search(
        title="B -> K S, S -> mu mu of 1 GeV", at=lambda ctau: BToKS(ctau_cm=ctau), select=b_to_kaon.select, share=0.25
    ),
}
