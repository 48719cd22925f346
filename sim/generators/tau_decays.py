"""Tau leptons of events replaced by what Pythia makes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.generators.particles import Particles, merge
from sim.generators.pythia import decayed
from sim.generators.qed import TAU_MASS_GEV

TAU = 15


def decay_taus(particles: Particles, rng: np.random.Generator) -> Particles:
    """The events without their taus, and at their ends the final particles of the decays, neutrinos included.

    The taus fly their lifetimes; their spins are left out. Raises ModuleNotFoundError without the extra `pythia`.
    """
    tau = np.abs(particles.pdg) == TAU
    mothers = particles.only(tau)
    momenta = np.stack([mothers.energy, mothers.px, mothers.py, mothers.pz])
    made = decayed(mothers.pdg, momenta, TAU_MASS_GEV, np.stack([mothers.vx, mothers.vy, mothers.vz]), rng)
    time = made.t + np.repeat(mothers.t, np.diff(made.offsets))
    daughters = replace(made, offsets=made.offsets[mothers.offsets], t=time, weight=particles.weight)
    return merge(particles.only(~tau), daughters)
