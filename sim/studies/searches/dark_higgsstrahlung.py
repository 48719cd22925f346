"""Dark Higgsstrahlung with an invisible dark Higgs boson: two muons from the A', missing energy."""

from __future__ import annotations

from sim.generators.dark_higgs_decays import DarkHiggsstrahlungDecays
from sim.offline import dark_higgsstrahlung
from sim.studies.channels import Channel, Variable
from sim.studies.searches._shared import DIMUON_BACKGROUNDS, MUON_PAIR, PERIOD, scan

CHANNEL = Channel(
    name="dark-higgsstrahlung",
    title="A' h', h' invisible",
    samples=(
        *scan(
            lambda mass: DarkHiggsstrahlungDecays(mass_gev=mass, higgs_mass_gev=0.5 * mass),
            (1.8, 2.5, 3.2, 4.0, 5.0, 6.0, 7.0),
            assumes="m(h') = m(A') / 2, epsilon^2 alpha_D = 1e-7, A' -> mu mu",
        ),
        *DIMUON_BACKGROUNDS,
    ),
    select=dark_higgsstrahlung.select,
    cuts=dark_higgsstrahlung.CUTS,
    left_out=dark_higgsstrahlung.LEFT_OUT,
    variables=(
        Variable(name="pair_mass", label="M(mu mu) / GeV", edges=(1.65, 2.2, 2.8, 3.5, 4.5, 5.5, 6.5, 7.5, 9.0, 10.51)),
        Variable(name="recoil_mass", label="recoil mass / GeV", edges=(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0)),
        Variable(name="helicity", label="cos(theta_hel)", edges=(-1.0, -0.6, -0.2, 0.2, 0.6, 1.0)),
    ),
    groups=MUON_PAIR,
    scanned="mass of the A' / GeV",
    period=PERIOD,
    published="two-track line: signal above 10 % for M(mu mu) > 4 GeV, large loss below, to be recovered by CDC-KLM (talks)",
)
