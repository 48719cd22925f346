"""Z' -> invisible with the selection of 2023."""

from __future__ import annotations

from sim.generators.z_prime import ZPrime
from sim.offline import z_prime_2023
from sim.studies.channels import Channel
from sim.studies.searches._shared import DIMUON_BACKGROUNDS, MUON_PAIR, PERIOD, RECOIL_MASS, scan

CHANNEL = Channel(
    name="z-prime-2023",
    title="Z' -> invisible in 2023",
    samples=(
        *scan(lambda mass: ZPrime(mass_gev=mass), (0.5, 2.0, 4.0, 6.0, 8.0), assumes="g' = 1, branching fraction 1"),
        *DIMUON_BACKGROUNDS,
    ),
    select=z_prime_2023.select,
    cuts=z_prime_2023.CUTS,
    left_out=z_prime_2023.LEFT_OUT,
    variables=(RECOIL_MASS,),
    groups=MUON_PAIR,
    scanned="mass of the Z' / GeV",
    period=PERIOD,
    notes=("Energies of the muons as for massless ones, no initial-state radiation.",),
    published="two-track or CDC-KLM line, the latter about 90 % on its plateau (recalled, unverified)",
)
