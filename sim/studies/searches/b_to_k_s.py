"""B -> K S with a long-lived scalar."""

from __future__ import annotations

from sim.generators.b_mesons import BToKS, Kaon
from sim.offline import b_to_kaon
from sim.studies.channels import Channel, ChannelSample, Variable
from sim.studies.searches._shared import ENERGY, FOUR_CLUSTERS, PERIOD, THREE_TRACKS, THREE_TRACKS_NEURO, scan

CHANNEL = Channel(
    name="b-to-k-s",
    title="B -> K S, S long-lived",
    samples=(
        *scan(lambda ctau: BToKS(ctau_cm=ctau), (0.1, 1.0, 10.0, 100.0), "cm", share=0.5, assumes="m(S) = 1 GeV, S -> mu mu"),
        ChannelSample(label="K* S, 1 cm", process=BToKS(ctau_cm=1.0, kaon=Kaon.EXCITED), value=1.0, share=0.5),
    ),
    select=b_to_kaon.select,
    cuts=b_to_kaon.CUTS,
    left_out=b_to_kaon.LEFT_OUT,
    variables=(
        Variable(name="radius", label="radius of S / cm", edges=(0.05, 0.2, 1.0, 3.0, 10.0, 20.0, 40.0, 70.0)),
        Variable(name="reduced_mass", label="reduced mass of S / GeV", edges=(0.0, 0.5, 0.9, 1.1, 2.0, 4.5)),
    ),
    groups=(THREE_TRACKS, THREE_TRACKS_NEURO, ENERGY, FOUR_CLUSTERS),
    scanned="c tau / cm",
    period=PERIOD,
    published="B events are triggered with nearly 100 % (public trigger documentation)",
)
