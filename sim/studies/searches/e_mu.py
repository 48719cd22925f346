"""Control sample with an electron, a muon and missing energy, which is tau pairs: the selection of the Z' that violates flavour."""

from __future__ import annotations

from sim.generators.pythia import TauPair
from sim.offline import lfv_z_prime
from sim.studies.channels import Channel, ChannelSample, Role, Variable
from sim.studies.searches._shared import ENERGY, MUON_PAIR, PERIOD

CHANNEL = Channel(
    name="e-mu",
    title="control sample with e mu",
    samples=(ChannelSample(label="tau tau", process=TauPair(), role=Role.CONTROL),),
    select=lfv_z_prime.select,
    cuts=lfv_z_prime.CUTS,
    left_out=lfv_z_prime.LEFT_OUT,
    variables=(Variable(name="recoil_mass", label="recoil mass / GeV", edges=(0.0, 2.0, 4.0, 6.0, 7.0, 8.0, 9.0)),),
    groups=(*MUON_PAIR, ENERGY),
    period=PERIOD,
    notes=("Control sample of the Z' at medium and high recoil mass (talks).",),
)
