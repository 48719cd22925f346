"""Axion-like particle from photon fusion: two photons and nothing else."""

from __future__ import annotations

from sim.generators.alp import AlpFusion
from sim.offline import alp_fusion
from sim.studies.channels import Channel, Variable
from sim.studies.searches._shared import BACK_TO_BACK, ENERGY, PERIOD, PHOTON_05, PHOTON_1, scan

CHANNEL = Channel(
    name="alp-fusion",
    title="ALP from photon fusion",
    samples=scan(lambda mass: AlpFusion(mass_gev=mass), (0.2, 0.5, 1.0, 2.0, 4.0, 7.0), assumes="g = 1e-3 / GeV"),
    select=alp_fusion.select,
    cuts=alp_fusion.CUTS,
    left_out=alp_fusion.LEFT_OUT,
    variables=(
        Variable(name="pair_mass", label="M(gamma gamma) / GeV", edges=(0.0, 0.3, 0.7, 1.5, 2.5, 4.5, 8.0)),
        Variable(name="soft_e", label="E of the softer photon / GeV", edges=(0.1, 0.15, 0.2, 0.25, 0.3, 0.5, 1.0, 2.0, 4.0)),
    ),
    groups=(BACK_TO_BACK, ENERGY, PHOTON_1, PHOTON_05),
    scanned="mass of the axion-like particle / GeV",
    period=PERIOD,
    notes=("The first row of the selection is the acceptance: both photons in the crystals with more than 0.05 GeV.",),
    published="66 % (0.2 GeV) and 89 % (2 GeV) of events with both photons in the calorimeter (talks)",
)
