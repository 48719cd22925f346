"""Block counters: the same for any number of workers, resumed after an interrupt, refused when stale."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from sim.studies.counting import Job, add, load, run, save
from trigger.errors import InputError

JOBS = [Job(sample=sample, block=block, events=100 + block) for sample in ("gun", "pairs") for block in range(4)]


@pytest.fixture
def work(monkeypatch):
    """Functions that a worker process can import by name."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return importlib.import_module("counting_work")


def test_workers_do_not_change_the_counters(tmp_path, work):
    alone = run(JOBS, work.count, tmp_path / "one", "d")
    shared = run(list(reversed(JOBS)), work.count, tmp_path / "two", "d", workers=2)
    assert alone.keys() == shared.keys() == {"gun", "pairs"}
    for sample, counters in alone.items():
        assert counters["n"][0] == sum(j.events for j in JOBS if j.sample == sample)
        assert counters["histogram"].sum() == counters["n"][0]
        for name, values in counters.items():
            assert np.array_equal(values, shared[sample][name])


def test_interrupted_run_goes_on_where_it_stopped(tmp_path, work):
    made = []

    def interrupted(job):
        if len(made) == 3:
            raise KeyboardInterrupt
        made.append(job)
        return work.count(job)

    with pytest.raises(KeyboardInterrupt):
        run(JOBS, interrupted, tmp_path, "d")
    rest, seen = [], []

    def resumed(job):
        rest.append(job)
        return work.count(job)

    result = run(JOBS, resumed, tmp_path, "d", done=seen.append)
    assert made + rest == JOBS
    assert sorted(seen, key=JOBS.index) == JOBS
    expected = run(JOBS, work.count, tmp_path / "fresh", "d")
    assert all(np.array_equal(result[s][n], expected[s][n]) for s in expected for n in expected[s])


def test_blocks_of_another_configuration_are_made_again(tmp_path, work):
    run(JOBS[:1], work.count, tmp_path, "old")
    made = []
    run(JOBS[:1], lambda job: made.append(job) or work.count(job), tmp_path, "new")
    assert made == JOBS[:1]


def test_damaged_checkpoint_is_made_again(tmp_path, work):
    path = tmp_path / JOBS[0].file_name
    save(path, work.count(JOBS[0]), "d")
    path.write_bytes(path.read_bytes()[:-40])
    assert load(path, "d") is None
    result = run(JOBS[:1], work.count, tmp_path, "d")
    assert result["gun"]["n"][0] == JOBS[0].events


def test_error_of_a_worker_is_not_lost(tmp_path, work):
    with pytest.raises(ZeroDivisionError):
        run(JOBS, work.failing, tmp_path, "d", workers=2)
    assert not [p for p in tmp_path.iterdir() if p.name.endswith(".part")]


def test_missing_names_count_as_zero():
    total = add({"a": np.array([1])}, {"a": np.array([2]), "b": np.array([3])})
    assert {name: values.tolist() for name, values in total.items()} == {"a": [3], "b": [3]}


def test_bad_folder_and_bad_workers(tmp_path, work):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        run(JOBS[:1], work.count, tmp_path / "file" / "sub", "d")
    with pytest.raises(InputError, match="workers"):
        run(JOBS[:1], work.count, tmp_path, "d", workers=0)
