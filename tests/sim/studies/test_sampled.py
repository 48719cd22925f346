"""What studies of samples share: jobs, names, tables from counters, a file that changes meanwhile."""

import enum

import numpy as np
import pytest

from sim.studies.sampled import Leveled, jobs_of, sample_of, tabulate
from sim.studies.tables import Table
from trigger.errors import InputError


class Kind(enum.Enum):
    ONE = "one"
    OTHER = "other"


SAMPLES = (Leveled(kind=Kind.ONE, scale=0.3, events=70_000), Leveled(kind=Kind.OTHER, scale=3.0, events=5))


def count(job):
    return {"events": np.array([job.events])}


def tables(counters):
    rows = tuple((name, int(found["events"][0])) for name, found in counters.items())
    return [Table(name="sizes", title="Sizes", columns=("sample", "events"), rows=rows, notes=(), stamp={})]


def test_every_event_is_in_one_block_of_its_sample():
    jobs = jobs_of(SAMPLES)
    assert {job.sample for job in jobs} == {"one_x0.3", "other_x3"}
    assert sum(job.events for job in jobs if job.sample == "one_x0.3") == 70_000
    assert sample_of(jobs[-1], SAMPLES) is SAMPLES[1]


def test_tables_come_from_all_counters(tmp_path):
    made = tabulate(jobs_of(SAMPLES), count, lambda: "same", tables, tmp_path)
    assert made["sizes"].rows == (("one_x0.3", 70_000), ("other_x3", 5))
    assert (tmp_path / "sizes.json").exists()
    assert not (tmp_path / ".blocks").exists()


def test_a_file_that_changes_meanwhile_leaves_no_table(tmp_path):
    digests = iter(("before", "after"))
    with pytest.raises(InputError, match="a file that the study reads changed while it ran"):
        tabulate(jobs_of(SAMPLES), count, lambda: next(digests), tables, tmp_path)
    assert not (tmp_path / "sizes.json").exists()
