"""Invisible dark photon: one photon and nothing else."""

from __future__ import annotations

from sim.generators.dark_photon import DarkPhoton
from sim.generators.lost_electrons import LostElectrons
from sim.generators.photon_pair import PhotonPair
from sim.offline import dark_photon_invisible
from sim.studies.channels import Channel, ChannelSample, Role, Variable
from sim.studies.searches._shared import PERIOD, PHOTON_MAP, SINGLE_PHOTON, scan

CHANNEL = Channel(
    name="dark-photon-invisible",
    title="A' -> invisible with a photon",
    samples=(
        *scan(lambda mass: DarkPhoton(mass_gev=mass), (0.5, 4.0, 7.0, 8.5, 9.3, 9.8), assumes="epsilon = 1, no width"),
        ChannelSample(label="gamma gamma", process=PhotonPair(isr=True), role=Role.BACKGROUND),
        ChannelSample(label="e e gamma, both lost", process=LostElectrons(), role=Role.BACKGROUND),
    ),
    select=dark_photon_invisible.select,
    cuts=dark_photon_invisible.CUTS,
    left_out=dark_photon_invisible.LEFT_OUT,
    variables=(
        *PHOTON_MAP[:2],
        Variable(name="recoil_m2", label="M_X^2 / GeV^2", edges=(-6.0, 10.0, 24.0, 36.0, 50.0, 69.0, 85.0, 95.0, 102.0)),
    ),
    groups=SINGLE_PHOTON,
    scanned="mass of the A' / GeV",
    map_axes=PHOTON_MAP,
    period=PERIOD,
    notes=("e e gamma has the tree with massless electrons in a limited region; cosmics are a process of their own.",),
    published="plateau of about 99 % measured with mu mu gamma (talks); lines reach masses of 8.3, 9.5 and 10.1 GeV (derived)",
)
