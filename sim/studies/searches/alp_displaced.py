"""Long-lived axion-like particle: its photons come from inside the detector."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.generators.alp import AlpThreeGamma
from sim.offline import alp_three_gamma
from sim.offline.cuts import Selected
from sim.studies.channels import Channel, ChannelSample, Variable
from sim.studies.searches._shared import BHABHA, ENERGY, PERIOD, PHOTON_1, PHOTON_2, THREE_CLUSTERS, with_decay_radius

_COUPLINGS = (1e-3, 3e-5, 1e-5, 3e-6)


def select(arrays: Mapping[str, np.ndarray]) -> Selected:
    """The skim, with the true distance of the decay from the z axis in cm among the values."""
    return with_decay_radius(alp_three_gamma.select_displaced(arrays), arrays)


CHANNEL = Channel(
    name="alp-displaced",
    title="ALP -> gamma gamma with a photon, displaced",
    samples=tuple(
        ChannelSample(
            label=f"g = {coupling:g} / GeV",
            process=AlpThreeGamma(mass_gev=0.4, coupling=coupling),
            value=coupling,
            assumes="mass 0.4 GeV",
        )
        for coupling in _COUPLINGS
    ),
    select=select,
    cuts=alp_three_gamma.SKIM_CUTS,
    left_out=alp_three_gamma.LEFT_OUT,
    variables=(
        Variable(name="decay_radius", label="true radius of the decay / cm", edges=(0.0, 0.5, 5.0, 20.0, 50.0, 90.0, 125.0, 160.0)),
        Variable(name="light_pair_mass", label="smallest M(gamma gamma) / GeV", edges=(0.0, 0.2, 0.3, 0.4, 0.5, 1.0, 6.2)),
        Variable(name="heavy_pair_mass", label="largest M(gamma gamma) / GeV", edges=(6.0, 7.0, 8.0, 9.0, 10.0, 11.0)),
    ),
    groups=(ENERGY, THREE_CLUSTERS, PHOTON_2, PHOTON_1, BHABHA),
    scanned="coupling / (1/GeV)",
    period=PERIOD,
    notes=("Masses are those of photons from the origin: a displaced pair looks lighter than it is.",),
)
