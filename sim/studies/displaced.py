"""The study of the displaced-vertex trigger: long-lived pairs, prompt pairs and windows of background, from counters to tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sim.detector.whole import Detector
from sim.generators.background_tracks import BackgroundTracks
from sim.generators.long_lived import Daughters, LongLivedGun
from sim.provenance import stamp
from sim.studies import displaced_counts, displaced_tables
from sim.studies.counting import Counters, Job, merged
from sim.studies.displaced_samples import BEAM_EVENTS, SCALES, chain, samples, slices
from sim.studies.sampled import jobs_of, sample_of
from sim.studies.tables import Table
from trigger import __version__
from trigger.digest import digest
from trigger.displaced import DisplacedParameters
from trigger.errors import InputError

MIN_EVENTS = 100


@dataclass(frozen=True, kw_only=True)
class DisplacedStudy:
    """Everything that the counters depend on. events: of each sample at each level of background.

    mass_gev, decay: of the long-lived particle, whose momentum is flat in momentum_gev and whose transverse decay radius is flat
    over the bins. InputError for impossible ones.
    """

    events: int = 20_000
    seed: int = 1
    mass_gev: float = 1.0
    decay: Daughters = Daughters.MUONS
    momentum_gev: tuple[float, float] = (1.0, 4.0)

    def __post_init__(self) -> None:
        if self.events < MIN_EVENTS:
            msg = f"--events must be at least {MIN_EVENTS}, not {self.events}"
            raise InputError(msg)
        if self.seed < 0:
            msg = f"--seed must not be negative, not {self.seed}"
            raise InputError(msg)
        if self.decay is Daughters.PHOTONS:
            msg = f"--decay must be to charged particles, not {self.decay.value}"
            raise InputError(msg)
        _ = self.gun

    @property
    def gun(self) -> LongLivedGun:
        """The generator of long-lived pairs."""
        edges = displaced_counts.RADIUS_EDGES
        return LongLivedGun(
            mass_gev=self.mass_gev,
            decay=self.decay,
            range_gev=self.momentum_gev,
            flat_radius_cm=(float(edges[0]), float(edges[-1])),
        )

    def digest(self) -> str:
        """Digest of the study, of the triggers and of the bins."""
        bins = [getattr(displaced_counts, name) for name in dir(displaced_counts) if name.endswith("EDGES")]
        background = (BackgroundTracks(), BEAM_EVENTS, SCALES)
        return digest(self, DisplacedParameters(), chain().digests, background, bins, __version__)

    def stamp(self) -> dict[str, Any]:
        """Head of every table: seed, sizes, digests, versions, assumptions; guesses are called guesses."""
        meta = Detector().meta()
        levels = ", ".join(f"x{scale:g}" for scale in SCALES)
        return stamp(
            "study displaced",
            seed=self.seed,
            digests={"study": self.digest(), "displaced": digest(DisplacedParameters())},
            labels={
                "events": self.events,
                "signal": f"m = {self.mass_gev:g} GeV to {self.decay.value}, flat transverse decay radius, polar angle 17-150 deg",
                "momentum_gev": self.momentum_gev,
                **{name: value for name, value in meta.items() if not name.startswith("klm") and "background" not in name},
                "background": f"GUESS: wire hits at {levels} of preset nominal; none in the calorimeter, no tracks with the pairs",
                "menu": f"{chain().menu.name}, {chain().period.name}, before prescale; no KLM, no injection veto",
                "event_time": "of each track from its own segments",
                "interval": "Clopper-Pearson, 68.27 %; upper limits one-sided, 95 %",
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
        counted = displaced_tables.Counted(samples=samples(self.events), counters=counters, stamp=self.stamp())
        return displaced_tables.tables(counted)


@dataclass(frozen=True, kw_only=True)
class CountBlock:
    """The work of one job; picklable."""

    study: DisplacedStudy

    def __call__(self, job: Job) -> Counters:
        """Counters of the job's block."""
        study = self.study
        sample = sample_of(job, samples(study.events))
        return merged(displaced_counts.count(part) for part in slices(sample, job, study.seed, study.gun))
