"""Engines: one process, several, and a dask cluster that loses a worker give the same counters; parts of a study add up to it."""

import importlib
import itertools
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from sim.studies.counting import Job, run
from sim.studies.engines import DaskCluster, OneProcess, Processes, engine_of
from sim.studies.partial import Part, merge_parts, read_part, write_part
from trigger.errors import InputError

JOBS = [Job(sample=sample, block=block, events=100 + block) for sample in ("gun", "pairs") for block in range(6)]


@pytest.fixture
def work(monkeypatch):
    """Functions that a worker process can import by name."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return importlib.import_module("counting_work")


def same(left, right):
    return left.keys() == right.keys() and all(
        left[sample].keys() == right[sample].keys()
        and all(np.array_equal(left[sample][name], right[sample][name]) for name in left[sample])
        for sample in left
    )


def test_a_lost_worker_of_a_cluster_only_has_its_blocks_repeated(tmp_path, work):
    """Block 2 of `gun` kills the process that works on it, the first time; every block is saved once, with the right numbers."""
    from distributed import LocalCluster

    expected = run(JOBS, work.count, tmp_path / "one", "d")
    pids = tmp_path / "pids"
    pids.mkdir()
    seen = []
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        task = work.Fragile(folder=str(pids), block=2)
        found = run(JOBS, task, tmp_path / "dask", "d", done=seen.append, scheduler=cluster.scheduler_address)
        assert same(found, expected)
        with pytest.raises(ZeroDivisionError):
            list(DaskCluster(cluster.scheduler_address).map(work.failing, JOBS[:2]))
    assert sorted(seen, key=JOBS.index) == JOBS
    assert len(list(pids.iterdir())) == 2, "the block was tried by two processes"


def test_cluster_without_scheduler_or_with_other_versions(work, monkeypatch):
    monkeypatch.setattr("sim.studies.engines._CONNECT_S", 0.2)
    with pytest.raises(InputError, match="no dask scheduler answers"):
        next(DaskCluster("tcp://127.0.0.1:9").map(work.count, JOBS))
    checked = importlib.import_module("sim.studies.engines")._checked
    ours = {"darktrigger": "0", "python": "0", "numpy": "0", "numba": "0", "scipy": "0", "pythia8mc": "0"}
    with pytest.raises(InputError, match="a worker has darktrigger"):
        checked(work.count, JOBS[0], ours)


def test_choice_of_the_engine():
    assert engine_of() == OneProcess()
    assert engine_of(3) == Processes(3)
    assert engine_of(1, "tcp://host:1") == DaskCluster("tcp://host:1")
    with pytest.raises(InputError, match="workers must be at least 1"):
        engine_of(0)
    with pytest.raises(InputError, match="--workers must not be 2"):
        engine_of(2, "tcp://host:1")


def part(first, stop, work, study="a" * 64):
    counters = {}
    for job in JOBS[first:stop]:
        found = work.count(job)
        before = counters.get(job.sample)
        counters[job.sample] = found if before is None else {name: before[name] + found[name] for name in found}
    return Part(study=study, recipe={"events": 3}, first=first, stop=stop, n_blocks=len(JOBS), counters=counters)


def test_parts_in_any_order_are_the_study(tmp_path, work):
    cuts = (0, 1, 2, 5, 6, 8, 11, 12)
    files = {}
    for first, stop in itertools.pairwise(cuts):
        path = tmp_path / f"{first}.part.npz"
        write_part(path, part(first, stop, work))
        files[path] = read_part(path)
    assert files[path].recipe == {"events": 3}
    shuffled = dict(sorted(files.items(), key=lambda item: -item[1].first))
    assert same(merge_parts(shuffled), run(JOBS, work.count, tmp_path / "one", "d"))


@pytest.mark.parametrize(
    ("spans", "reason"),
    [
        (((0, 5), (6, 8), (8, 11)), "no part has block 5, block 11 of 12 blocks"),
        (((0, 5), (3, 12)), "3.npz and 0.npz both have blocks 3:5"),
        (((0, 12), (4, 5)), "4.npz and 0.npz both have block 4"),
        (((2, 12),), "no part has blocks 0:2 of 12 blocks"),
        ((), "at least one part"),
    ],
)
def test_missing_and_repeated_blocks_are_named(spans, reason, work):
    with pytest.raises(InputError, match=reason):
        merge_parts({Path(f"{first}.npz"): part(first, stop, work) for first, stop in spans})


def test_parts_of_other_studies_and_other_files_are_refused(tmp_path, work):
    with pytest.raises(InputError, match="b.npz is of study bbbbbbbbbbbb, a.npz of aaaaaaaaaaaa"):
        merge_parts({Path("a.npz"): part(0, 6, work), Path("b.npz"): part(6, 12, work, study="b" * 64)})
    path = tmp_path / "x.npz"
    for content in (b"", b"no file of ours", None):
        if content is None:
            np.savez(path, a=np.zeros(2))
        else:
            path.write_bytes(content)
        with pytest.raises(InputError, match="not counters of event blocks"):
            read_part(path)
    with pytest.raises(InputError, match="not counters of event blocks"):
        read_part(tmp_path / "missing.npz")
    with pytest.raises(InputError, match="cannot be written"):
        write_part(tmp_path / "no" / "x.npz", part(0, 2, work))


def test_interrupt_says_what_is_kept(tmp_path, work):
    def interrupted(job):
        if job.block == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return work.count(job)

    with pytest.raises(KeyboardInterrupt, match="interrupted; 3 of 12 blocks are kept"):
        run(JOBS, interrupted, tmp_path / "k", "d")
