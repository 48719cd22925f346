"""Dark Higgsstrahlung with h' -> A'A': six tracks in three pairs of equal mass."""

from __future__ import annotations

from sim.generators.dark_higgs_decays import DarkHiggsstrahlungDecays, HiggsDecay
from sim.offline import dark_higgsstrahlung_visible
from sim.studies.channels import Channel, Variable
from sim.studies.searches._shared import ENERGY, MUON_KLM, PERIOD, THREE_TRACKS, THREE_TRACKS_NEURO, TWO_TRACKS, scan

CHANNEL = Channel(
    name="dark-higgsstrahlung-visible",
    title="A' h', h' -> A' A'",
    samples=scan(
        lambda mass: DarkHiggsstrahlungDecays(mass_gev=mass, higgs_mass_gev=2.5 * mass, higgs_decay=HiggsDecay.DARK_PHOTONS),
        (0.3, 0.6, 1.0, 2.0),
        assumes="m(h') = 2.5 m(A'), epsilon^2 alpha_D = 1e-7, all A' -> mu mu",
    ),
    select=dark_higgsstrahlung_visible.select,
    cuts=dark_higgsstrahlung_visible.CUTS,
    left_out=dark_higgsstrahlung_visible.LEFT_OUT,
    variables=(Variable(name="pair_mass", label="mass of the pairs / GeV", edges=(0.25, 0.45, 0.8, 1.5, 2.5, 3.4)),),
    groups=(THREE_TRACKS, THREE_TRACKS_NEURO, TWO_TRACKS, MUON_KLM, ENERGY),
    scanned="mass of the A' / GeV",
    period=PERIOD,
)
