"""Control sample of radiative Bhabhas: one electron and a photon."""

from __future__ import annotations

from sim.generators.radiative_bhabha import RadiativeBhabha, Seen
from sim.offline import e_e_gamma
from sim.studies.channels import Channel, ChannelSample, Role, Variable
from sim.studies.searches._shared import BHABHA, ENERGY, PERIOD, PHOTON_2, TWO_TRACKS

CHANNEL = Channel(
    name="e-gamma",
    title="control sample: one electron and a photon",
    samples=(
        ChannelSample(label="e gamma, one lost", process=RadiativeBhabha(seen=Seen.ONE), role=Role.CONTROL),
        ChannelSample(label="e e gamma", process=RadiativeBhabha(), role=Role.CONTROL),
    ),
    select=e_e_gamma.select_single,
    cuts=e_e_gamma.SINGLE_CUTS,
    left_out=(),
    variables=(Variable(name="photon_e_star", label="E* of the photon / GeV", edges=(0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.5)),),
    groups=(PHOTON_2, BHABHA, ENERGY, TWO_TRACKS),
    period=PERIOD,
)
