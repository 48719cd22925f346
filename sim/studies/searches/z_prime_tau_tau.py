"""Z', scalar or axion-like particle -> tau tau beside a pair of muons."""

from __future__ import annotations

from sim.generators.muon_mediator import Mediator
from sim.generators.two_pair_processes import FourMuons, MuMuPiPi, MuMuTauTau
from sim.generators.z_prime_visible import ZPrimeTauTau
from sim.offline import z_prime_tau_tau
from sim.studies.channels import Channel, ChannelSample, Role, Variable
from sim.studies.searches._shared import ENERGY, MUON_KLM, PERIOD, THREE_TRACKS, THREE_TRACKS_NEURO, scan

CHANNEL = Channel(
    name="z-prime-tau-tau",
    title="Z', scalar or ALP -> tau tau with mu mu",
    samples=(
        *scan(lambda mass: ZPrimeTauTau(mass_gev=mass), (4.0, 6.0, 8.0, 9.5), assumes="g' = 1, branching fraction 1"),
        *(
            ChannelSample(
                label=f"{mediator.name.lower()} 6 GeV",
                process=ZPrimeTauTau(mass_gev=6.0, mediator=mediator),
                value=6.0,
                assumes="coupling 1, branching fraction 1",
            )
            for mediator in Mediator
            if mediator is not Mediator.VECTOR
        ),
        ChannelSample(label="mu mu tau tau", process=MuMuTauTau(), role=Role.BACKGROUND),
        ChannelSample(label="mu mu pi pi", process=MuMuPiPi(), role=Role.BACKGROUND),
        ChannelSample(label="four mu", process=FourMuons(), role=Role.BACKGROUND),
    ),
    select=z_prime_tau_tau.select,
    cuts=z_prime_tau_tau.CUTS,
    left_out=z_prime_tau_tau.LEFT_OUT,
    variables=(Variable(name="recoil_mass", label="recoil mass / GeV", edges=(0.0, 2.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.5)),),
    groups=(THREE_TRACKS, THREE_TRACKS_NEURO, MUON_KLM, ENERGY),
    scanned="mass of the new particle / GeV",
    period=PERIOD,
    published="three tracks or single muon (talks); no efficiency by line",
)
