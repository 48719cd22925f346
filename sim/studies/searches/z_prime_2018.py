"""Z' -> invisible with the selection of 2018."""

from __future__ import annotations

from sim.generators.z_prime import ZPrime
from sim.offline import z_prime_2018
from sim.studies.channels import Channel
from sim.studies.searches._shared import MUON_KLM, PERIOD, RECOIL_MASS, TWO_TRACKS, scan

CHANNEL = Channel(
    name="z-prime-2018",
    title="Z' -> invisible in 2018",
    samples=scan(lambda mass: ZPrime(mass_gev=mass), (0.5, 1.0, 2.0, 4.0, 6.0, 8.0), assumes="coupling g' = 1"),
    select=z_prime_2018.select,
    cuts=z_prime_2018.CUTS,
    left_out=z_prime_2018.LEFT_OUT,
    variables=(RECOIL_MASS,),
    groups=(TWO_TRACKS, MUON_KLM),
    scanned="mass of the Z' / GeV",
    period=PERIOD,
    notes=(
        "The search used the two-track line alone; the other is shown for comparison, with the conditions of 2021.",
        "Energies of the muons as for massless ones, no initial-state radiation.",
    ),
    published="0.79 +- 6 % for the two-track line in 2018 (talks; with the hardware losses of that year: for comparison only)",
)
