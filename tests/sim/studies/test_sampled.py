"""What studies of samples share: jobs and names."""

import enum

from sim.studies.sampled import Leveled, jobs_of, sample_of


class Kind(enum.Enum):
    ONE = "one"
    OTHER = "other"


SAMPLES = (Leveled(kind=Kind.ONE, scale=0.3, events=70_000), Leveled(kind=Kind.OTHER, scale=3.0, events=5))


def test_every_event_is_in_one_block_of_its_sample():
    jobs = jobs_of(SAMPLES)
    assert {job.sample for job in jobs} == {"one_x0.3", "other_x3"}
    assert sum(job.events for job in jobs if job.sample == "one_x0.3") == 70_000
    assert sample_of(jobs[-1], SAMPLES) is SAMPLES[1]


def test_blocks_of_another_size():
    sizes = [(job.block, job.events) for job in jobs_of(SAMPLES, 30_000)]
    assert sizes == [(0, 30_000), (1, 30_000), (2, 10_000), (0, 5)]
