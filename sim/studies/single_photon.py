"""The single-photon study: which photons the 0.5, 1 and 2 GeV lines take, from counters of logical blocks to tables."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from sim.detector.background import Background, BackgroundPreset
from sim.detector.ecl.config import EclResponse
from sim.offline.mumugamma import MuMuGammaCuts
from sim.offline.reco import Reconstruction
from sim.offline.single_photon import SinglePhotonCuts
from sim.provenance import stamp
from sim.studies import photon_counts, photon_tables
from sim.studies.counting import Counters, Job
from sim.studies.photon_chain import Sample, dark_photon, gun, muons, run_block
from sim.studies.photon_reading import Counted
from sim.studies.sampled import jobs_of, sample_of
from sim.studies.tables import Table
from trigger import __version__
from trigger.digest import digest
from trigger.ecl import EclCalibration, EclParameters, EclTrigger
from trigger.errors import InputError

GUESS_SCALES = (0.3, 1.0, 3.0)
"""Multiples of the nominal guess at which every loss by background is quoted."""
MASSES_GEV = (
    0.0,
    2.0,
    4.0,
    5.0,
    6.0,
    7.0,
    7.5,
    8.0,
    8.2,
    8.34,
    8.5,
    8.8,
    9.1,
    9.3,
    9.45,
    9.53,
    9.65,
    9.8,
    9.95,
    10.07,
    10.15,
    10.25,
)
"""A' masses, GeV. Our choice: dense around the masses at which a photon has 2, 1 and 0.5 GeV."""
BACKGROUND_SHARE, MASS_SHARE = 4, 20
"""Samples of a background level and of one mass hold this fraction (one in ...) of the events asked for. Our choice."""
MIN_EVENTS = 100


@dataclass(frozen=True, kw_only=True)
class SinglePhotonStudy:
    """Everything that the counters depend on. events: photons of the gun, and mu mu gamma events."""

    events: int = 1_000_000
    seed: int = 1
    background: BackgroundPreset = BackgroundPreset.NONE
    parameters: EclParameters = field(default_factory=EclParameters.default)
    calibration: EclCalibration = field(default_factory=EclCalibration)
    response: EclResponse = field(default_factory=EclResponse)
    masses_gev: tuple[float, ...] = MASSES_GEV

    def __post_init__(self) -> None:
        if self.events < MIN_EVENTS:
            msg = f"--events must be at least {MIN_EVENTS}, not {self.events}"
            raise InputError(msg)
        if self.seed < 0:
            msg = f"--seed must not be negative, not {self.seed}"
            raise InputError(msg)
        for key in ("lml_cl_e_cms_1", "lml_cl_e_cms_2", "lml_cl_e_cms_3"):
            if self.parameters[key] == 0:
                msg = f"--parameters: {key} must be above 0 for a turn-on, not 0"
                raise InputError(msg)

    def samples(self) -> tuple[Sample, ...]:
        """All samples: gun and mu mu gamma at the chosen background and at multiples of the guess, and one per A' mass."""
        chosen = Background(preset=self.background)
        few, fewer = self.events // BACKGROUND_SHARE, max(self.events // MASS_SHARE, 1)
        levels = [Background(preset=BackgroundPreset.NOMINAL, scale=scale) for scale in GUESS_SCALES]
        return (
            gun(self.events, chosen, "gun"),
            muons(self.events, chosen, "mumugamma"),
            *(gun(few, level, f"gun_x{level.scale:g}") for level in levels),
            *(muons(few, level, f"mumugamma_x{level.scale:g}") for level in levels),
            *(dark_photon(fewer, chosen, mass) for mass in self.masses_gev),
        )

    def digest(self) -> str:
        """Digest of the study, of the cuts and resolutions, and of the bins."""
        bins = (photon_counts.E_EDGES, photon_counts.MAP_EDGES, photon_counts.TIMING_EDGES_RAW, photon_counts.PLATEAU_ABOVE)
        return digest(self, Reconstruction(), SinglePhotonCuts(), MuMuGammaCuts(), *bins, __version__)

    def stamp(self) -> dict[str, Any]:
        """Head of every table: seed, sizes, digests, versions, assumptions; guesses are called guesses."""
        return stamp(
            "study single-photon",
            seed=self.seed,
            digests={
                "study": self.digest(),
                "parameters": digest(self.parameters),
                "calibration": digest(self.calibration),
                "response": digest(self.response),
            },
            labels={
                "events": self.events,
                "changed_parameters": {key: str(value) for key, value in self.parameters.changed().items()},
                **replace(self.response, background=Background(preset=self.background)).meta(),
                "background_levels": f"GUESS: x{', x'.join(f'{s:g}' for s in GUESS_SCALES)} of preset nominal; no public source",
                "interval": "Clopper-Pearson, 68.27 %",
            },
            packages=("scipy", "iminuit"),
        )

    def jobs(self) -> list[Job]:
        """All blocks of all samples."""
        return jobs_of(self.samples())

    def task(self) -> CountBlock:
        """The work on one of the jobs."""
        return CountBlock(study=self)

    def tables(self, counters: dict[str, Counters]) -> list[Table]:
        """Every table."""
        trigger = EclTrigger(self.parameters, self.calibration)
        return photon_tables.tables(Counted(samples=self.samples(), counters=counters, trigger=trigger, stamp=self.stamp()))


@dataclass(frozen=True, kw_only=True)
class CountBlock:
    """The work of one job; picklable."""

    study: SinglePhotonStudy

    def __call__(self, job: Job) -> Counters:
        """Counters of the job's block."""
        study = self.study
        sample = sample_of(job, study.samples())
        trigger = EclTrigger(study.parameters, study.calibration)
        response = replace(study.response, background=sample.background)
        return photon_counts.count(run_block(sample, job, study.seed, trigger, response), study.parameters)
