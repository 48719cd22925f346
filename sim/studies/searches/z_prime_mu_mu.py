"""Z' or muonphilic scalar -> mu mu beside a pair of muons."""

from __future__ import annotations

from sim.generators.muon_mediator import Mediator
from sim.generators.two_pair_processes import FourMuons
from sim.generators.z_prime_visible import ZPrimeMuMu
from sim.offline import four_muons
from sim.studies.channels import Channel, ChannelSample, Role, Variable
from sim.studies.searches._shared import MUON_KLM, PERIOD, THREE_TRACKS, THREE_TRACKS_NEURO, TWO_TRACKS, TWO_TRACKS_NEURO, scan

CHANNEL = Channel(
    name="z-prime-mu-mu",
    title="Z' or scalar -> mu mu with mu mu",
    samples=(
        *scan(lambda mass: ZPrimeMuMu(mass_gev=mass), (0.3, 1.0, 3.0, 5.0, 7.0, 9.0), assumes="g' = 1, branching fraction 1"),
        ChannelSample(
            label="scalar 3 GeV",
            process=ZPrimeMuMu(mass_gev=3.0, mediator=Mediator.SCALAR),
            value=3.0,
            assumes="coupling 1, branching fraction 1",
        ),
        ChannelSample(label="four mu", process=FourMuons(), role=Role.BACKGROUND),
    ),
    select=four_muons.select,
    cuts=four_muons.CUTS,
    left_out=four_muons.LEFT_OUT,
    variables=(Variable(name="light_pair_mass", label="smallest M(mu mu) / GeV", edges=(0.2, 0.4, 0.8, 1.5, 2.5, 3.5, 4.5, 5.5)),),
    groups=(THREE_TRACKS, THREE_TRACKS_NEURO, TWO_TRACKS, TWO_TRACKS_NEURO, MUON_KLM),
    scanned="mass of the new particle / GeV",
    period=PERIOD,
    published="three tracks or CDC-KLM; near full efficiency (recalled, unverified)",
)
