"""Inelastic dark matter with a photon and a displaced pair."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.generators.inelastic import IdmPhoton
from sim.offline import idm_photon
from sim.offline.cuts import Selected
from sim.studies.channels import Channel, Variable
from sim.studies.searches._shared import ENERGY, INNER_TRACKS, PERIOD, SINGLE_PHOTON, TWO_TRACKS, scan, with_decay_radius


def select(arrays: Mapping[str, np.ndarray]) -> Selected:
    """The selection, with the true distance of the decay from the z axis in cm among the values."""
    return with_decay_radius(idm_photon.select(arrays), arrays)


CHANNEL = Channel(
    name="idm-photon",
    title="inelastic dark matter with a photon",
    samples=scan(
        lambda ctau: IdmPhoton(ctau_cm=ctau),
        (0.1, 1.0, 10.0, 100.0),
        "cm",
        assumes="m(A') = 3, m(chi1) = 1, splitting 0.4 GeV, chi2 -> chi1 e e",
    ),
    select=select,
    cuts=idm_photon.CUTS,
    left_out=idm_photon.LEFT_OUT,
    variables=(
        Variable(name="radius", label="radius of the pair / cm", edges=(0.2, 1.0, 3.0, 10.0, 20.0, 40.0, 70.0)),
        Variable(name="decay_radius", label="true decay radius / cm", edges=(0.0, 0.2, 1.0, 3.0, 10.0, 20.0, 40.0, 70.0, 125.0)),
        Variable(name="photon_e_star", label="E* of the photon / GeV", edges=(1.0, 2.0, 3.0, 4.0, 5.5)),
    ),
    groups=(*SINGLE_PHOTON, ENERGY, TWO_TRACKS, INNER_TRACKS),
    scanned="c tau / cm",
    period=PERIOD,
    published="none; single-photon lines are expected to carry it (public skim)",
)
