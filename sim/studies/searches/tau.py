"""Tau pairs with one and three charged particles: the control sample of the collaboration's tau figure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.generators.pythia import TauPair
from sim.offline import tau_pairs
from sim.offline.cuts import Selected
from sim.studies.channels import Channel, ChannelSample, LineGroup, Role, Variable
from sim.studies.searches._shared import BACK_TO_BACK, ENERGY, FOUR_CLUSTERS, PERIOD, THREE_CLUSTERS, THREE_TRACKS, TWO_TRACKS


def _select(arrays: Mapping[str, np.ndarray]) -> Selected:
    found = tau_pairs.select(arrays)
    return Selected(flow=found.flow, values={"visible_e_star": found.visible_e_star_gev})


CHANNEL = Channel(
    name="tau",
    title="tau pairs, one and three charged particles",
    samples=(ChannelSample(label="tau tau", process=TauPair(), role=Role.CONTROL),),
    select=_select,
    cuts=tau_pairs.CUTS,
    left_out=tau_pairs.LEFT_OUT,
    variables=(Variable(name="visible_e_star", label="visible E* / GeV", edges=(2.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.4)),),
    groups=(
        TWO_TRACKS,
        THREE_TRACKS,
        LineGroup(name="short tracks", lines=("fso", "sso", "ffs", "fss", "sss")),
        ENERGY,
        FOUR_CLUSTERS,
        THREE_CLUSTERS,
        BACK_TO_BACK,
        LineGroup(name="energetic cluster", lines=("lml1", "lml2", "lml4", "lml6", "lml7")),
        LineGroup(name="mu mu clusters", lines=("eclmumu",)),
    ),
    period=PERIOD,
    notes=("Pythia without spin correlations. Groups of lines as in the tau figure of the collaboration's talk of 2021.",),
    published="the figure has no readable numbers",
)
