"""CP-odd light Higgs boson: Y(1S) -> gamma A0, tagged by two slow pions at the Y(2S)."""

from __future__ import annotations

from sim.generators.upsilon_dipion import Upsilon, UpsilonDecay, UpsilonDipion
from sim.offline import y1s
from sim.studies.channels import Channel, Variable
from sim.studies.searches._shared import (
    ENERGY,
    MUON_KLM,
    OTHER_BOOST,
    PERIOD,
    PHOTON_2,
    THREE_TRACKS,
    THREE_TRACKS_NEURO,
    TWO_TRACKS,
    TWO_TRACKS_NEURO,
    scan,
)

CHANNEL = Channel(
    name="y1s-cp-odd",
    title="Y(2S) -> pi pi Y(1S), Y(1S) -> gamma A0, A0 -> mu mu",
    samples=scan(
        lambda mass: UpsilonDipion(upsilon=Upsilon.TWO_S, decay=UpsilonDecay.PHOTON_MUONS, mass_gev=mass),
        (0.5, 3.0, 6.0, 9.0),
        assumes="branching fractions 1",
    ),
    select=y1s.select_cp_odd,
    cuts=y1s.CP_ODD_CUTS,
    left_out=y1s.LEFT_OUT,
    variables=(
        Variable(name="photon_e_star", label="E* of the photon / GeV", edges=(0.15, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0)),
        Variable(name="pair_mass", label="M(mu mu) / GeV", edges=(0.2, 1.0, 2.0, 4.0, 5.0, 7.0, 8.0, 9.4)),
    ),
    groups=(ENERGY, TWO_TRACKS, TWO_TRACKS_NEURO, THREE_TRACKS, THREE_TRACKS_NEURO, MUON_KLM, PHOTON_2),
    scanned="mass of the A0 / GeV",
    period=PERIOD,
    notes=(OTHER_BOOST,),
)
