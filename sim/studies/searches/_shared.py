"""What searches share: groups of lines that serve them, samples of a scan, axes of a photon's map, variables, notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sim.generators.muon_pair import MuonPair
from sim.generators.process import Generator
from sim.generators.pythia import TauPair
from sim.generators.two_photon import TwoPhotonMuons
from sim.offline.cuts import Selected
from sim.offline.vertices import true_flight_cm
from sim.studies.channels import ChannelSample, LineGroup, Role, Variable

PERIOD = "e18r781"
"""Prescales of the latest public menu: those of 2021 to 2022."""

TWO_TRACKS = LineGroup(name="two tracks", lines=("ffo",))
TWO_TRACKS_NEURO = LineGroup(name="two tracks, one neural", lines=("fyo",))
THREE_TRACKS = LineGroup(name="three tracks", lines=("fff",))
THREE_TRACKS_NEURO = LineGroup(name="three tracks, one neural", lines=("ffy",))
SINGLE_TRACK = LineGroup(name="single track", lines=("stt",))
SHORT_TRACKS = LineGroup(name="short tracks", lines=("fso", "sso", "syo", "ffs", "sss"))
MUON_KLM = LineGroup(name="muon with KLM", lines=("cdcklm1", "cdcklm2"))
ENERGY = LineGroup(name="total energy", lines=("hie",))
FOUR_CLUSTERS = LineGroup(name="four clusters", lines=("c4",))
THREE_CLUSTERS = LineGroup(name="three clusters", lines=("lml0", "lml12"))
BACK_TO_BACK = LineGroup(name="back to back", lines=("lml8", "lml9", "lml10"))
BHABHA = LineGroup(name="Bhabha and photon pair", lines=("bhapur", "ggsel"))
INNER_TRACKS = LineGroup(name="inner tracks with endcap", lines=("ioiecl1", "ioiecl2", "fioiecl1"))
PHOTON_2 = LineGroup(name="photon of 2 GeV", lines=("lml1", "lml2", "lml4"))
PHOTON_1 = LineGroup(name="photon of 1 GeV", lines=("lml6", "lml7"))
PHOTON_05 = LineGroup(name="photon of 0.5 GeV", lines=("lml13",))
SINGLE_PHOTON = (PHOTON_05, PHOTON_1, PHOTON_2)
MUON_PAIR = (TWO_TRACKS, TWO_TRACKS_NEURO, MUON_KLM, SINGLE_TRACK)

PHOTON_MAP = (
    Variable(name="photon_e_star", label="E* / GeV", edges=(0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.5)),
    Variable(name="photon_theta", label="theta / deg", edges=(17.0, 32.2, 44.2, 60.0, 75.0, 90.0, 105.0, 128.7, 150.0)),
    Variable(name="photon_phi", label="phi / deg", edges=(-180.0, -90.0, 0.0, 90.0, 180.0)),
)

RECOIL_MASS = Variable(name="recoil_mass", label="recoil mass / GeV", edges=(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0))

OTHER_BOOST = "The machine runs at the Y(4S): the look-up tables of the trigger keep its boost."
"""Note of searches at another resonance."""

DIMUON_BACKGROUNDS = (
    ChannelSample(label="mu mu", process=MuonPair(), role=Role.BACKGROUND),
    ChannelSample(label="tau tau", process=TauPair(), role=Role.BACKGROUND, share=0.5),
    ChannelSample(label="e e mu mu", process=TwoPhotonMuons(), role=Role.BACKGROUND),
)
"""What two muons and missing energy are without a signal."""


def scan(
    process: Callable[[float], Generator], values: Sequence[float], unit: str = "GeV", *, share: float = 1.0, assumes: str = ""
) -> tuple[ChannelSample, ...]:
    """One sample per value, labelled with it."""
    return tuple(
        ChannelSample(label=f"{value:g} {unit}", process=process(value), value=value, share=share, assumes=assumes)
        for value in values
    )


def with_decay_radius(found: Selected, arrays: Mapping[str, np.ndarray]) -> Selected:
    """The same with the true distance of the decay from the z axis in cm among the values, as `decay_radius`."""
    return Selected(flow=found.flow, values={**found.values, "decay_radius": true_flight_cm(arrays)})
