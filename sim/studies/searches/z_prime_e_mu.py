"""Z' -> invisible with lepton-flavour violation: an electron and a muon."""

from __future__ import annotations

from sim.generators.z_prime_e_mu import ZPrimeEMu
from sim.offline import lfv_z_prime
from sim.studies.channels import Channel
from sim.studies.searches._shared import ENERGY, MUON_PAIR, PERIOD, RECOIL_MASS, scan

CHANNEL = Channel(
    name="z-prime-e-mu",
    title="Z' -> invisible with e mu",
    samples=scan(lambda mass: ZPrimeEMu(mass_gev=mass), (0.5, 2.0, 4.0, 6.0, 8.0), assumes="coupling 1, branching fraction 1"),
    select=lfv_z_prime.select,
    cuts=lfv_z_prime.CUTS,
    left_out=lfv_z_prime.LEFT_OUT,
    variables=(RECOIL_MASS,),
    groups=(*MUON_PAIR, ENERGY),
    scanned="mass of the Z' / GeV",
    period=PERIOD,
    published="0.79 for the two-track line in 2018, the value of the muon pair (talks)",
)
