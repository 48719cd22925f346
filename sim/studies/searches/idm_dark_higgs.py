"""Inelastic dark matter with a dark Higgs boson: two displaced pairs."""

from __future__ import annotations

from sim.generators.inelastic import IdmDarkHiggs
from sim.generators.long_lived import Daughters
from sim.offline import idm_dark_higgs
from sim.studies.channels import Channel, ChannelSample, Role, Variable
from sim.studies.searches._shared import ENERGY, INNER_TRACKS, MUON_KLM, PERIOD, THREE_TRACKS, TWO_TRACKS, scan

CHANNEL = Channel(
    name="idm-dark-higgs",
    title="inelastic dark matter with a dark Higgs boson",
    samples=(
        *scan(
            lambda ctau: IdmDarkHiggs(ctau_cm=ctau, higgs_ctau_cm=ctau),
            (0.1, 1.0, 10.0, 100.0),
            "cm",
            assumes="m(A') = 3, m(chi1) = 1, splitting 0.4, m(h') = 1 GeV; chi2 -> chi1 e e, h' -> pi pi; both with this c tau",
        ),
        ChannelSample(
            label="muons alone, 1 cm",
            process=IdmDarkHiggs(ctau_cm=1.0, higgs_ctau_cm=1.0, decay=Daughters.MUONS, higgs_decay=Daughters.MUONS),
            value=1.0,
            role=Role.CONTROL,
            assumes="chi2 -> chi1 mu mu, h' -> mu mu: not selected, efficiencies of generated events",
        ),
    ),
    select=idm_dark_higgs.select,
    cuts=idm_dark_higgs.CUTS,
    left_out=idm_dark_higgs.LEFT_OUT,
    variables=(
        Variable(name="higgs_radius", label="radius of the h' / cm", edges=(0.2, 1.0, 3.0, 10.0, 20.0, 40.0, 70.0)),
        Variable(name="chi_radius", label="radius of the electrons / cm", edges=(0.0, 0.2, 1.0, 3.0, 10.0, 20.0, 40.0, 70.0)),
    ),
    groups=(ENERGY, TWO_TRACKS, THREE_TRACKS, MUON_KLM, INNER_TRACKS),
    scanned="c tau / cm",
    period=PERIOD,
    published="electrons alone usable, by the calorimeter's trigger (talks); that hie is meant is inferred",
)
