"""Z' -> invisible with the selection of 2018."""

from __future__ import annotations

from sim.generators.z_prime import ZPrime
from sim.offline import z_prime_2018
from sim.studies.channels import Channel, ChannelSample, LineGroup, Variable

_MASSES = (0.5, 1.0, 2.0, 4.0, 6.0, 8.0)

CHANNEL = Channel(
    name="z-prime-2018",
    title="Z' -> invisible in 2018",
    samples=tuple(
        ChannelSample(label=f"{mass:g} GeV", process=ZPrime(mass_gev=mass), value=mass, assumes="coupling g' = 1")
        for mass in _MASSES
    ),
    select=z_prime_2018.select,
    cuts=z_prime_2018.CUTS,
    left_out=z_prime_2018.LEFT_OUT,
    variables=(Variable(name="recoil_mass", label="recoil mass / GeV", edges=(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0)),),
    groups=(LineGroup(name="two tracks", lines=("ffo",)), LineGroup(name="muon with KLM", lines=("cdcklm1", "cdcklm2"))),
    scanned="mass of the Z' / GeV",
    period="e18r781",
    notes=(
        "The search used the two-track line alone; the other is shown for comparison, with the conditions of 2021.",
        "Energies of the muons as for massless ones, no initial-state radiation.",
    ),
    published="0.79 +- 6 % for the two-track line in 2018 (talks; with the hardware losses of that year: for comparison only)",
)
