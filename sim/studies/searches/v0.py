"""Control sample of converted photons beside a Bhabha."""

from __future__ import annotations

from sim.generators.radiative_bhabha import ConvertedBhabha, RadiativeBhabha
from sim.offline import v0
from sim.studies.channels import Channel, ChannelSample, Role, Variable
from sim.studies.searches._shared import BHABHA, ENERGY, PERIOD, THREE_TRACKS, TWO_TRACKS

_THETA_MIN_DEG = 30.0
"""The selection asks for electrons in the barrel and a recoil at 0.5 to 2.25 rad: more than 34 degrees in the CM frame."""

CHANNEL = Channel(
    name="v0",
    title="control sample: conversions beside a Bhabha",
    samples=(
        ChannelSample(
            label="e e gamma, converted",
            process=ConvertedBhabha(bhabha=RadiativeBhabha(theta_min_deg=_THETA_MIN_DEG)),
            role=Role.CONTROL,
        ),
    ),
    select=v0.select,
    cuts=v0.CUTS,
    left_out=v0.LEFT_OUT,
    variables=(Variable(name="v0_radius", label="radius of the pair / cm", edges=(0.5, 1.5, 4.0, 8.0, 12.0, 17.0)),),
    groups=(ENERGY, BHABHA, TWO_TRACKS, THREE_TRACKS),
    period=PERIOD,
    notes=("Every photon that meets material converts.",),
)
