"""Control sample of radiative Bhabhas: two electrons that predict a photon."""

from __future__ import annotations

from sim.generators.radiative_bhabha import RadiativeBhabha
from sim.offline import e_e_gamma
from sim.studies.channels import Channel, ChannelSample, Role, Variable
from sim.studies.searches._shared import BHABHA, ENERGY, PERIOD, PHOTON_2, TWO_TRACKS

CHANNEL = Channel(
    name="e-e-gamma",
    title="control sample: two electrons that predict a photon",
    samples=(ChannelSample(label="e e gamma", process=RadiativeBhabha(), role=Role.CONTROL),),
    select=e_e_gamma.select,
    cuts=e_e_gamma.CUTS,
    left_out=e_e_gamma.LEFT_OUT,
    variables=(Variable(name="recoil_e_star", label="predicted E* / GeV", edges=(0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.5)),),
    groups=(PHOTON_2, BHABHA, ENERGY, TWO_TRACKS),
    period=PERIOD,
)
