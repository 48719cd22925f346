"""Light axion-like particle whose two photons are one cluster: it looks like a photon pair."""

from __future__ import annotations

from sim.generators.alp import AlpThreeGamma
from sim.generators.photon_pair import PhotonPair
from sim.generators.pseudoscalar_photon import Meson, PseudoscalarPhoton
from sim.offline import alp_three_gamma
from sim.studies.channels import Channel, ChannelSample, Role, Variable
from sim.studies.searches._shared import BHABHA, ENERGY, PERIOD, PHOTON_1, PHOTON_2, scan

CHANNEL = Channel(
    name="alp-merged",
    title="ALP -> gamma gamma with a photon, merged",
    samples=(
        *scan(lambda mass: AlpThreeGamma(mass_gev=mass), (0.05, 0.1, 0.15, 0.2), assumes="g = 1e-3 / GeV"),
        ChannelSample(label="pi0 gamma", process=PseudoscalarPhoton(meson=Meson.PION), role=Role.BACKGROUND),
        ChannelSample(label="gamma gamma", process=PhotonPair(), role=Role.BACKGROUND),
    ),
    select=alp_three_gamma.select_merged,
    cuts=alp_three_gamma.MERGED_CUTS,
    left_out=alp_three_gamma.MERGED_LEFT_OUT,
    variables=(Variable(name="photon_theta", label="harder photon theta / deg", edges=(37.3, 50.0, 70.0, 90.0, 110.0, 123.7)),),
    groups=(PHOTON_2, PHOTON_1, BHABHA, ENERGY),
    scanned="mass of the axion-like particle / GeV",
    period=PERIOD,
    notes=("hie has the Bhabha veto, lml1 has none: two clusters back to back are kept by the latter, by bhapur and ggsel.",),
    published="merged events must pass the trigger as photon pairs do (talks); no number",
)
