"""Physics events for `verify ecl`: every process in turn, through the fast response, most with background (a guess)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sim.cosim.stimulus.grid import Arrays, Source
from sim.detector.background import Background, BackgroundPreset
from sim.detector.ecl import EclResponse, respond
from sim.generators.bhabha import Bhabha
from sim.generators.dark_photon import DarkPhoton
from sim.generators.guns import PhotonGun
from sim.generators.photon_pair import PhotonPair
from sim.generators.process import Generator
from sim.generators.radiative_muons import RadiativeMuons

ECL_INPUT = ("ecl_offsets", "ecl_tc_id", "ecl_adc", "ecl_time", "ecl_phase")


@dataclass(frozen=True)
class Physics:
    """Events of one process with one level of background, as timed hits."""

    name: str
    process: Generator
    background: Background = field(default_factory=Background)
    n_cases: int = 0

    def make(self, n: int, first: int, rng: np.random.Generator) -> Arrays:
        fields = respond(self.process.generate(n, rng), rng, EclResponse(background=self.background))
        return {name: fields[name] for name in ECL_INPUT}


def physics_sources() -> tuple[Source, ...]:
    """The processes of low-multiplicity searches and of what they are measured against."""
    nominal = Background(preset=BackgroundPreset.NOMINAL)
    return (
        Physics("photon_gun", PhotonGun(), nominal),
        Physics("dark_photon", DarkPhoton(), nominal),
        Physics("gamma_gamma", PhotonPair()),
        Physics("bhabha", Bhabha()),
        Physics("mu_mu_gamma", RadiativeMuons(), nominal),
    )
