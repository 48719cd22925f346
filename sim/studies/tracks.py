"""The track study: 2D finder, neuro trigger and single-track trigger on simulated tracks, from counters of blocks to tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sim.detector.cdc.config import CdcResponse
from sim.detector.ecl.config import EclResponse
from sim.provenance import stamp
from sim.studies import tracks_counts, tracks_tables
from sim.studies.counting import Counters, Job, merged
from sim.studies.sampled import jobs_of, sample_of
from sim.studies.tables import Table
from sim.studies.tracks_samples import GENERATORS, GUESS_SCALES, samples, slices
from trigger import __version__
from trigger.cdc import HoughPlane, InputWindows, LeftRightTable, SingleTrackCuts
from trigger.digest import digest
from trigger.ecl import EclParameters
from trigger.errors import InputError
from trigger.networks import load_network, shipped_networks

MIN_EVENTS = 100


@dataclass(frozen=True, kw_only=True)
class TrackStudy:
    """Everything that the counters depend on. events: muons from the interaction point at each background level.

    networks: shipped ones by name, or files; they answer for the same tracks.
    """

    events: int = 40_000
    seed: int = 1
    networks: tuple[str, ...] = field(default_factory=shipped_networks)
    response: CdcResponse = field(default_factory=CdcResponse)

    def __post_init__(self) -> None:
        if self.events < MIN_EVENTS:
            msg = f"--events must be at least {MIN_EVENTS}, not {self.events}"
            raise InputError(msg)
        if self.seed < 0:
            msg = f"--seed must not be negative, not {self.seed}"
            raise InputError(msg)
        if not self.networks or len(set(self.networks)) != len(self.networks):
            msg = f"networks must be different ones, at least one, not {', '.join(self.networks) or 'none'}"
            raise InputError(msg)

    def digest(self) -> str:
        """Digest of the study, of the networks and tables, and of the bins."""
        bins = [getattr(tracks_counts, name) for name in dir(tracks_counts) if name.endswith("EDGES")]
        networks = [load_network(name).digest for name in self.networks]
        table = LeftRightTable.default()
        trigger = (table.inner, table.outer, HoughPlane(), InputWindows(), SingleTrackCuts())
        reference = (EclResponse(), EclParameters.default())
        return digest(self, networks, trigger, reference, list(GENERATORS.values()), bins, __version__)

    def stamp(self) -> dict[str, Any]:
        """Head of every table: seed, sizes, digests, versions, assumptions; guesses are called guesses."""
        meta = self.response.meta() | EclResponse().meta()
        meta.pop("cdc_background")
        scales = ", ".join(f"x{scale:g}" for scale in GUESS_SCALES)
        return stamp(
            "study tracks",
            seed=self.seed,
            digests={"study": self.digest(), **{f"network_{name}": load_network(name).digest for name in self.networks}},
            labels={
                "events": self.events,
                **meta,
                "background": f"GUESS: wire hits at {scales} of preset nominal (60 kHz per wire); muon pairs: calorimeter hits too",
                "interval": "Clopper-Pearson, 68.27 %",
            },
            packages=("scipy",),
        )

    def jobs(self) -> list[Job]:
        """All blocks of all samples."""
        return jobs_of(samples(self.events))

    def task(self) -> CountBlock:
        """The work on one of the jobs."""
        return CountBlock(study=self)

    def tables(self, counters: dict[str, Counters]) -> tuple[Table, ...]:
        """Every table."""
        return tracks_tables.tables(
            tracks_tables.Counted(
                samples=samples(self.events), counters=counters, networks=self.networks, seed=self.seed, stamp=self.stamp()
            )
        )


@dataclass(frozen=True, kw_only=True)
class CountBlock:
    """The work of one job; picklable."""

    study: TrackStudy

    def __call__(self, job: Job) -> Counters:
        """Counters of the job's block."""
        study = self.study
        sample = sample_of(job, samples(study.events))
        networks = {name: load_network(name).network for name in study.networks}
        parts = slices(sample, job, study.seed, networks, study.response)
        return merged(tracks_counts.count(part, sample.kind) for part in parts)
