"""A study as large as one likes: single photons, and a tenth as many events of two muons, all of them counted.

darktrigger study scale --plugin docs/examples/scale.py --events 100000000 --background 0 --workers 2 --out scale_study
"""

import numpy as np

from sim.generators.guns import PhotonGun
from sim.generators.muon_pair import MuonPair
from sim.offline.cuts import Certainty, Cut, CutFlow
from sim.studies.channels import Channel, ChannelSample, LineGroup, Selected, Variable

CUTS = (Cut(name="all", asks="nothing", source="an example", certainty=Certainty.OURS),)


def select(arrays):
    """Every event; the E* of the most energetic photon that was found, NaN for none."""
    offsets = arrays["off_photon_offsets"]
    events = len(offsets) - 1
    highest = np.full(events, -np.inf)
    np.maximum.at(highest, np.repeat(np.arange(events), np.diff(offsets)), arrays["off_photon_estar"])
    flow = CutFlow(cuts=CUTS, masks=(np.ones(events, bool),), left_out=())
    return Selected(flow=flow, values={"estar": np.where(np.isfinite(highest), highest, np.nan)})


CHANNEL = Channel(
    name="scale",
    title="single photons and muon pairs",
    samples=(
        ChannelSample(label="photon", process=PhotonGun()),
        ChannelSample(label="mu mu", process=MuonPair(), share=0.1),
    ),
    select=select,
    cuts=CUTS,
    variables=(Variable(name="estar", label="E* / GeV", edges=tuple(np.linspace(0.0, 5.5, 56).tolist())),),
    groups=(
        LineGroup(name="photon", lines=("lml13", "lml6", "lml7", "lml1", "lml2", "lml4")),
        LineGroup(name="tracks", lines=("ffo", "stt")),
        LineGroup(name="muon with KLM", lines=("cdcklm1", "cdcklm2")),
    ),
    period="e18r781",
)
