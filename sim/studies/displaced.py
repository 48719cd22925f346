"""The study of the displaced-vertex trigger at fixed rate: pairs, sources of background, searches, from counters to tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sim.detector.whole import Detector
from sim.generators.background_tracks import BackgroundTracks
from sim.generators.long_lived import Daughters, LongLivedGun
from sim.provenance import stamp
from sim.studies import displaced_counts, displaced_line_widths, displaced_tables, displaced_vertex_widths, displaced_widths
from sim.studies.counting import Counters, Job, merged
from sim.studies.displaced_losses import STAGES, LossSample, count_losses, loss_samples, losses_table
from sim.studies.displaced_offline import OfflineSample, count_offline, offline_chain, offline_samples, offline_tables
from sim.studies.displaced_samples import BEAM_EVENTS, MAX_RADIUS_CM, SCALES, Sample, chain, samples, slices
from sim.studies.displaced_scores import ALGORITHMS
from sim.studies.displaced_searches import SEARCHES
from sim.studies.sampled import jobs_of, sample_of
from sim.studies.tables import Table
from trigger import __version__
from trigger.digest import digest
from trigger.displaced import DisplacedParameters
from trigger.displaced.hypotheses import HypothesisGrid
from trigger.displaced.network import shipped_network
from trigger.errors import InputError

MIN_EVENTS = 100
BLOCK_EVENTS = 1 << 13
"""Events of a logical block: an eighth of that of event files, so that many workers share the windows. Our choice."""


@dataclass(frozen=True, kw_only=True)
class DisplacedStudy:
    """Everything that the counters depend on. events: pairs at each level of background; variations and other sources have half.

    windows: of beam background at the nominal level, with which cuts are chosen. offline: events of each point of a search, before
    the point's own multiple, half of events if it is None. mass_gev, decay: of the long-lived particle, whose momentum is flat
    in momentum_gev and whose transverse decay radius is flat over the bins. InputError for impossible ones.
    """

    events: int = 20_000
    seed: int = 1
    mass_gev: float = 1.0
    decay: Daughters = Daughters.MUONS
    momentum_gev: tuple[float, float] = (1.0, 4.0)
    windows: int = 400_000
    offline: int | None = None

    def __post_init__(self) -> None:
        if self.events < MIN_EVENTS:
            msg = f"--events must be at least {MIN_EVENTS}, not {self.events}"
            raise InputError(msg)
        if self.windows < MIN_EVENTS:
            msg = f"--windows must be at least {MIN_EVENTS}, not {self.windows}"
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
        return LongLivedGun(
            mass_gev=self.mass_gev,
            decay=self.decay,
            range_gev=self.momentum_gev,
            flat_radius_cm=(0.0, MAX_RADIUS_CM),
        )

    @property
    def searches(self) -> tuple[OfflineSample, ...]:
        """Samples of the searches."""
        return offline_samples(max(self.events // 2, 1) if self.offline is None else self.offline)

    @property
    def samples(self) -> tuple[Sample, ...]:
        """All other samples."""
        return samples(self.events, self.windows)

    @property
    def losses(self) -> tuple[LossSample, ...]:
        """Samples whose losses are looked at stage by stage."""
        return loss_samples(max(self.events // 2, 1))

    @property
    def every(self) -> tuple[Sample | OfflineSample | LossSample, ...]:
        """All of them."""
        return (*self.samples, *self.searches, *self.losses)

    def digest(self) -> str:
        """Digest of the study, of the triggers and of the bins."""
        bins = [getattr(displaced_counts, name) for name in dir(displaced_counts) if name.endswith("EDGES")]
        background = (BackgroundTracks(), BEAM_EVENTS, SCALES, [sample.name for sample in self.every])
        entries = [(entry.name, entry.low, entry.high) for entry in ALGORITHMS]
        rivals = (HypothesisGrid(), shipped_network(), entries)
        asked = [SEARCHES[sample.search].at(sample.value) for sample in self.searches], STAGES
        return digest(self, rivals, chain().digests, offline_chain().digests, background, bins, asked, __version__)

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
                "windows": self.windows,
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
        return jobs_of(self.every, BLOCK_EVENTS)

    def task(self) -> CountBlock:
        """The work on one of the jobs."""
        return CountBlock(study=self)

    def tables(self, counters: dict[str, Counters]) -> tuple[Table, ...]:
        """Every table."""
        counted = displaced_tables.Counted(samples=self.samples, counters=counters, stamp=self.stamp())
        others = (*offline_tables(counters, self.searches, self.stamp()), losses_table(counters, self.losses, self.stamp()))
        widths = (stage.scan() for stage in (displaced_widths, displaced_line_widths, displaced_vertex_widths))
        return (*displaced_tables.tables(counted), *others, *widths)


@dataclass(frozen=True, kw_only=True)
class CountBlock:
    """The work of one job; picklable."""

    study: DisplacedStudy

    def __call__(self, job: Job) -> Counters:
        """Counters of the job's block."""
        study = self.study
        sample = sample_of(job, study.every)
        if isinstance(sample, OfflineSample):
            return count_offline(sample, job, study.seed)
        if isinstance(sample, LossSample):
            return count_losses(sample, job, study.seed, study.gun)
        return merged(displaced_counts.count(part) for part in slices(sample, job, study.seed, study.gun))
