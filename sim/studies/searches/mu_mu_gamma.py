"""Control sample e+e- -> mu mu gamma: the photon that the muons predict, seen by the single-photon lines."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.generators.radiative_muons import RadiativeMuons
from sim.offline import mumugamma
from sim.offline.cuts import Certainty, Cut, Selected
from sim.studies.channels import Channel, ChannelSample, Role
from sim.studies.searches._shared import ENERGY, PERIOD, PHOTON_MAP, SINGLE_PHOTON

_ALONE = (
    Cut(
        name="quiet_muons",
        asks="both muon clusters below 0.25 GeV, so that neither is the other cluster above 0.3 GeV",
        source="our choice",
        certainty=Certainty.OURS,
    ),
    Cut(
        name="isolated",
        asks="muons and predicted photon at least 30 deg apart",
        source="our choice",
        certainty=Certainty.OURS,
    ),
)


def select(arrays: Mapping[str, np.ndarray]) -> Selected:
    """The skim with quiet and isolated muons; values: the predicted photon, E* in GeV and angles in degrees, NaN for none."""
    found = mumugamma.select(arrays)
    values = {
        "photon_e_star": found.recoil_e_star_gev,
        "photon_theta": np.degrees(found.recoil_theta_rad),
        "photon_phi": np.degrees(found.recoil_phi_rad),
    }
    flow = found.flow.also(_ALONE[0], found.quiet_muons).also(_ALONE[1], found.isolated)
    return Selected(flow=flow, values=values)


CHANNEL = Channel(
    name="mu-mu-gamma",
    title="control sample mu mu gamma",
    samples=(ChannelSample(label="mu mu gamma", process=RadiativeMuons(), role=Role.CONTROL),),
    select=select,
    cuts=(*mumugamma.CUTS, *_ALONE),
    left_out=mumugamma.LEFT_OUT,
    variables=PHOTON_MAP[:2],
    groups=(*SINGLE_PHOTON, ENERGY),
    map_axes=PHOTON_MAP,
    period=PERIOD,
    published="plateau of about 99 % for the single-photon lines (talks)",
)
