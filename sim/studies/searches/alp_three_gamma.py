"""Axion-like particle -> gamma gamma beside a photon: three resolved photons."""

from __future__ import annotations

from sim.generators.alp import AlpThreeGamma
from sim.generators.photon_pair import PhotonPair
from sim.generators.pseudoscalar_photon import Meson, PseudoscalarPhoton
from sim.generators.three_photons import ThreePhotons
from sim.offline import alp_three_gamma
from sim.studies.channels import Channel, ChannelSample, Role, Variable
from sim.studies.searches._shared import BACK_TO_BACK, BHABHA, ENERGY, PERIOD, PHOTON_2, THREE_CLUSTERS, scan

CHANNEL = Channel(
    name="alp-three-gamma",
    title="ALP -> gamma gamma with a photon, resolved",
    samples=(
        *scan(lambda mass: AlpThreeGamma(mass_gev=mass), (0.3, 0.5, 1.0, 3.0, 5.0, 7.0, 9.0), assumes="g = 1e-3 / GeV"),
        ChannelSample(label="three gamma", process=ThreePhotons(), role=Role.BACKGROUND),
        ChannelSample(label="eta gamma", process=PseudoscalarPhoton(meson=Meson.ETA), role=Role.BACKGROUND),
        ChannelSample(label="eta' gamma", process=PseudoscalarPhoton(meson=Meson.ETA_PRIME), role=Role.BACKGROUND),
        ChannelSample(label="gamma gamma", process=PhotonPair(isr=True), role=Role.BACKGROUND),
    ),
    select=alp_three_gamma.select,
    cuts=alp_three_gamma.CUTS,
    left_out=alp_three_gamma.LEFT_OUT,
    variables=(
        Variable(name="light_pair_mass", label="smallest M(gamma gamma) / GeV", edges=(0.0, 0.3, 0.6, 1.5, 2.5, 3.5, 4.5, 6.2)),
        Variable(name="heavy_pair_mass", label="largest M(gamma gamma) / GeV", edges=(6.0, 7.0, 8.0, 9.0, 10.0, 11.0)),
    ),
    groups=(ENERGY, THREE_CLUSTERS, PHOTON_2, BACK_TO_BACK, BHABHA),
    scanned="mass of the axion-like particle / GeV",
    period=PERIOD,
    published="near 100 % where no two photons make a Bhabha (recalled, unverified)",
)
