"""B -> K a with a -> gamma gamma."""

from __future__ import annotations

from sim.generators.b_mesons import BToKAlp
from sim.offline import b_to_kaon
from sim.studies.channels import Channel, Variable
from sim.studies.searches._shared import ENERGY, FOUR_CLUSTERS, PERIOD, THREE_TRACKS, THREE_TRACKS_NEURO, scan

CHANNEL = Channel(
    name="b-to-k-alp",
    title="B -> K a, a -> gamma gamma",
    samples=scan(lambda mass: BToKAlp(mass_gev=mass), (0.3, 1.0, 3.0, 4.5), share=0.5, assumes="prompt, branching fraction 1"),
    select=b_to_kaon.select_alp,
    cuts=b_to_kaon.ALP_CUTS,
    left_out=b_to_kaon.ALP_LEFT_OUT,
    variables=(Variable(name="pair_mass", label="M(gamma gamma) / GeV", edges=(0.0, 0.5, 1.5, 2.5, 3.5, 4.8)),),
    groups=(THREE_TRACKS, THREE_TRACKS_NEURO, ENERGY, FOUR_CLUSTERS),
    scanned="mass of the axion-like particle / GeV",
    period=PERIOD,
    notes=("The search is one of Belle; the trigger is this one's.",),
    published="B events are triggered with nearly 100 % (public trigger documentation)",
)
