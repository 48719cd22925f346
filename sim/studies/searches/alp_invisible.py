"""Axion-like particle that leaves the detector: a single photon."""

from __future__ import annotations

from sim.generators.alp import AlpThreeGamma
from sim.offline import dark_photon_invisible
from sim.studies.channels import Channel, ChannelSample, Variable
from sim.studies.searches._shared import PERIOD, PHOTON_MAP, SINGLE_PHOTON

CHANNEL = Channel(
    name="alp-invisible",
    title="ALP that decays outside, with a photon",
    samples=tuple(
        ChannelSample(
            label=f"{mass:g} GeV",
            process=AlpThreeGamma(mass_gev=mass, coupling=coupling),
            value=mass,
            assumes=f"g = {coupling:g} / GeV, so that nearly all decay behind the calorimeter",
        )
        for mass, coupling in ((0.05, 1e-5), (0.2, 3e-7), (1.0, 1e-8), (4.0, 1e-9))
    ),
    select=dark_photon_invisible.select,
    cuts=dark_photon_invisible.CUTS,
    left_out=dark_photon_invisible.LEFT_OUT,
    variables=(*PHOTON_MAP[:2], Variable(name="recoil_m2", label="M_X^2 / GeV^2", edges=(-6.0, 6.0, 12.0, 24.0, 36.0))),
    groups=SINGLE_PHOTON,
    scanned="mass of the axion-like particle / GeV",
    period=PERIOD,
    published="single-photon lines, as for the invisible dark photon (talks)",
)
