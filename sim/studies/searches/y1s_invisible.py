"""Y(1S) -> invisible, tagged by two slow pions at the Y(3S)."""

from __future__ import annotations

from sim.generators.upsilon_dipion import Upsilon, UpsilonDecay, UpsilonDipion
from sim.offline import y1s
from sim.studies.channels import Channel, ChannelSample, Variable
from sim.studies.searches._shared import OTHER_BOOST, PERIOD, SHORT_TRACKS, TWO_TRACKS, TWO_TRACKS_NEURO

CHANNEL = Channel(
    name="y1s-invisible",
    title="Y(3S) -> pi pi Y(1S), Y(1S) invisible",
    samples=(ChannelSample(label="Y(3S)", process=UpsilonDipion(upsilon=Upsilon.THREE_S, decay=UpsilonDecay.INVISIBLE)),),
    select=y1s.select_invisible,
    cuts=y1s.INVISIBLE_CUTS,
    left_out=y1s.LEFT_OUT,
    variables=(
        Variable(name="fast_pion_pt", label="larger pT of the pions / GeV", edges=(0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.7)),
        Variable(name="recoil_mass", label="recoil mass / GeV", edges=(9.45, 9.455, 9.46, 9.465, 9.47)),
    ),
    groups=(TWO_TRACKS, TWO_TRACKS_NEURO, SHORT_TRACKS),
    period=PERIOD,
    notes=(OTHER_BOOST,),
)
