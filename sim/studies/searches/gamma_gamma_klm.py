"""Control sample of photon pairs with the KLM behind the gaps of the calorimeter."""

from __future__ import annotations

from sim.generators.photon_pair import PhotonPair
from sim.offline import gamma_gamma_klm
from sim.studies.channels import Channel, ChannelSample, Role, Variable
from sim.studies.searches._shared import BHABHA, PERIOD, PHOTON_1, PHOTON_2

CHANNEL = Channel(
    name="gamma-gamma-klm",
    title="control sample: photon pairs with the KLM",
    samples=(ChannelSample(label="gamma gamma", process=PhotonPair(isr=True), role=Role.CONTROL),),
    select=gamma_gamma_klm.select,
    cuts=gamma_gamma_klm.CUTS,
    left_out=gamma_gamma_klm.LEFT_OUT,
    variables=(
        Variable(name="probe_theta", label="softer theta / deg", edges=(12.0, 31.0, 33.0, 60.0, 90.0, 128.0, 131.0, 155.0)),
        Variable(name="probe_e_star", label="E* of the softer photon / GeV", edges=(0.1, 1.0, 2.0, 3.0, 4.0, 5.0, 5.5)),
        Variable(name="klm_clusters", label="KLM clusters at the softer photon", edges=(-0.5, 0.5, 1.5, 2.5)),
    ),
    groups=(BHABHA, PHOTON_2, PHOTON_1),
    period=PERIOD,
)
