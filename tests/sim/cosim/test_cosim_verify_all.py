"""`verify all`: what is verified, what is taken over, where it goes on; with blocks that answer at once."""

import json

import pytest

from sim.cosim import verify_all as module
from sim.cosim.campaign import Job
from sim.cosim.record import ForeignCheckpoint, checkpoint_path, write_record
from sim.cosim.verify_all import BLOCKS, Block, verify_all
from sim.sources import sources_digest
from trigger.errors import InputError


class Recorder:
    """A block's verification that writes a record at once and remembers the jobs."""

    def __init__(self, *, passed: bool = True) -> None:
        self.jobs: list[Job] = []
        self.passed = passed

    def __call__(self, job: Job) -> dict:
        self.jobs.append(job)
        record = {
            "block": job.out.stem, "passed": self.passed, "n_events": job.n_events, "seed": job.seed,
            "simulator": job.simulator.value, "sources_of": ["hdl.klm"], "digests": {"sources": sources_digest("hdl.klm")},
        }  # fmt: skip
        write_record(job.out, record)
        return record


def run(folder, *verifications, **settings) -> list[bool]:
    """Whether each block's record was there before."""
    blocks = tuple(Block(name=f"b{k}", verify=verify, share=1 / (k + 1)) for k, verify in enumerate(verifications))
    job = Job(**{"n_events": 100, "out": folder, "workers": 1, **settings})
    return [one.was_kept for one in verify_all(job, folder, blocks)]


def test_each_block_is_verified_once(tmp_path):
    first, second = Recorder(), Recorder()
    assert run(tmp_path, first, second) == [False, False]
    assert [job.n_events for job in (*first.jobs, *second.jobs)] == [100, 50]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["verify-b0-100.json", "verify-b1-50.json"]
    assert run(tmp_path, first, second) == [True, True]
    assert len(first.jobs) == len(second.jobs) == 1


@pytest.mark.parametrize("change", [{"seed": 2}, {"n_events": 200}])
def test_another_job_is_verified_again(tmp_path, change):
    verify = Recorder()
    run(tmp_path, verify)
    assert run(tmp_path, verify, **change) == [False]


def test_changed_sources_are_verified_again(tmp_path, monkeypatch):
    verify = Recorder()
    run(tmp_path, verify)
    with monkeypatch.context() as context:
        context.setattr(module, "sources_hold", lambda _: False)
        assert run(tmp_path, verify) == [False]
    assert run(tmp_path, verify) == [True]


@pytest.mark.parametrize("edit", [{"passed": False}, {"netlist": {}}, {"digests": {}}, {"digests": None}])
def test_a_record_that_says_less_is_not_taken_over(tmp_path, edit):
    verify = Recorder()
    run(tmp_path, verify)
    path = tmp_path / "verify-b0-100.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | edit))
    assert run(tmp_path, verify) == [False]


@pytest.mark.parametrize("text", ["", "[]", '{"passed": true'])
def test_a_broken_record_is_made_again(tmp_path, text):
    (tmp_path / "verify-b0-100.json").write_text(text)
    assert run(tmp_path, Recorder()) == [False]


def test_an_interrupted_block_goes_on(tmp_path):
    verify = Recorder()
    checkpoint_path(tmp_path / "verify-b0-100.json").write_text("")
    run(tmp_path, verify, Recorder())
    assert verify.jobs[0].resume


def test_the_checkpoint_of_other_sources_is_dropped(tmp_path):
    verify = Recorder()

    def foreign(job: Job) -> dict:
        if job.resume:
            raise ForeignCheckpoint("belongs to another verification")
        return verify(job)

    checkpoint_path(tmp_path / "verify-b0-100.json").write_text("")
    assert run(tmp_path, foreign) == [False]
    assert not verify.jobs[0].resume


def test_a_failure_does_not_stop_the_others(tmp_path):
    last = Recorder()
    assert run(tmp_path, Recorder(passed=False), last) == [False, False]
    assert len(last.jobs) == 1


def test_bad_input_is_no_foreign_checkpoint(tmp_path):
    def refused(job: Job) -> dict:
        raise InputError("no")

    with pytest.raises(InputError, match="no"):
        run(tmp_path, refused)


def test_every_block_of_the_chain_is_there():
    names = [block.name for block in BLOCKS]
    assert len(set(names)) == len(names)
    assert {"ecl", "tracks.segments", "tracks.hough", "tracks.inputs", "tracks.neuro", "tracks.stt", "klm", "grl", "menu"} <= set(
        names
    )
    assert names[-1] == "chain"
