"""Lepton-flavour-violating Z' -> e mu beside an electron and a muon."""

from __future__ import annotations

from sim.generators.z_prime_e_mu import ZPrimeEMuVisible
from sim.offline import lfv_z_prime_visible
from sim.studies.channels import Channel, Variable
from sim.studies.searches._shared import ENERGY, MUON_PAIR, PERIOD, THREE_TRACKS, THREE_TRACKS_NEURO, scan

CHANNEL = Channel(
    name="z-prime-e-mu-visible",
    title="Z' -> e mu with e mu",
    samples=scan(lambda mass: ZPrimeEMuVisible(mass_gev=mass), (0.5, 2.0, 4.0, 8.0), assumes="coupling 1, branching fraction 1"),
    select=lfv_z_prime_visible.select,
    cuts=lfv_z_prime_visible.CUTS,
    left_out=lfv_z_prime_visible.LEFT_OUT,
    variables=(
        Variable(name="n_tracks", label="good tracks", edges=(1.5, 2.5, 3.5, 4.5)),
        Variable(name="pair_mass", label="smallest M(e mu) / GeV", edges=(0.1, 0.4, 0.8, 1.5, 2.5, 3.5, 5.0, 7.0, 9.0)),
    ),
    groups=(THREE_TRACKS, THREE_TRACKS_NEURO, *MUON_PAIR, ENERGY),
    scanned="mass of the Z' / GeV",
    period=PERIOD,
)
