"""Control sample of converted photons beside a Bhabha."""

from __future__ import annotations

from sim.generators.radiative_electrons import RadiativeElectrons
from sim.offline import v0
from sim.studies.channels import Channel, ChannelSample, Role, Variable
from sim.studies.searches._shared import BHABHA, ENERGY, PERIOD, THREE_TRACKS, TWO_TRACKS

CHANNEL = Channel(
    name="v0",
    title="control sample: conversions beside a Bhabha",
    samples=(ChannelSample(label="e e gamma, converted", process=RadiativeElectrons(converts=True), role=Role.CONTROL),),
    select=v0.select,
    cuts=v0.CUTS,
    left_out=v0.LEFT_OUT,
    variables=(Variable(name="v0_radius", label="radius of the pair / cm", edges=(0.5, 1.5, 4.0, 8.0, 12.0, 17.0)),),
    groups=(ENERGY, BHABHA, TWO_TRACKS, THREE_TRACKS),
    period=PERIOD,
    notes=("Momenta as in mu mu gamma, electrons in place of the muons: the exchange of a photon between the beams is missing.",),
)
