"""tau -> l alpha with an invisible alpha."""

from __future__ import annotations

from sim.generators.tau_alpha import Lepton, TauToLeptonAlpha
from sim.offline import tau_l_alpha
from sim.studies.channels import Channel, ChannelSample, Variable
from sim.studies.searches._shared import (
    BACK_TO_BACK,
    ENERGY,
    FOUR_CLUSTERS,
    PERIOD,
    SINGLE_TRACK,
    THREE_CLUSTERS,
    THREE_TRACKS,
    TWO_TRACKS,
)

CHANNEL = Channel(
    name="tau-l-alpha",
    title="tau -> l alpha, alpha invisible",
    samples=tuple(
        ChannelSample(
            label=f"{lepton.value} {mass:g} GeV",
            process=TauToLeptonAlpha(mass_gev=mass, decay=lepton),
            value=mass,
            share=0.5,
            assumes="branching fraction 1 for one of the two taus",
        )
        for lepton in Lepton
        for mass in (0.1, 0.8, 1.4)
    ),
    select=tau_l_alpha.select,
    cuts=tau_l_alpha.CUTS,
    left_out=tau_l_alpha.LEFT_OUT,
    variables=(Variable(name="lepton_x", label="2 E(l) / m(tau)", edges=(0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.6)),),
    groups=(TWO_TRACKS, THREE_TRACKS, SINGLE_TRACK, ENERGY, FOUR_CLUSTERS, THREE_CLUSTERS, BACK_TO_BACK),
    scanned="mass of the alpha / GeV",
    period=PERIOD,
    published="none by line; the search used hie, low-multiplicity and track lines (recalled, unverified)",
)
