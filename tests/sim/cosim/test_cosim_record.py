"""Upper limits against hand-worked and tabulated values; the checkpoint across interrupts."""

import json

import pytest

from sim.cosim.compare import Comparison, Difference
from sim.cosim.record import Checkpoint, upper_limit, write_record
from trigger.errors import InputError

ROW = Difference(event=3, field="ecl_icn", element=0, model_raw=1, rtl_raw=2, model="1", rtl="2")
OUTCOME = Comparison(n_events=9, mismatched=(3,), missing=(4,), n_extra=1, latencies={27: 7, 28: 1}, differences=(ROW,))


@pytest.mark.parametrize(
    ("n_failed", "n_events", "limit"),
    [
        (0, 1_000_000, 3e-6),
        (0, 2, 1.0),
        (0, 0, 1.0),
        (5, 5, 1.0),
        # One failure in N: (1-p)^N + N p (1-p)^(N-1) = 0.05, solved by hand for N = 2: p^2 = 0.95.
        (1, 2, 0.95**0.5),
        # Poisson upper limits at 95 % for 1 and 2 events without background: 4.74 and 6.30 (PDG review, Statistics).
        (1, 10_000_000, 4.74e-7),
        (2, 10_000_000, 6.30e-7),
    ],
)
def test_upper_limit(n_failed, n_events, limit):
    assert upper_limit(n_failed, n_events) == pytest.approx(limit, rel=2e-3)


def test_a_resumed_checkpoint_has_the_saved_blocks(tmp_path):
    path = tmp_path / "record.checkpoint.jsonl"
    first = Checkpoint(path, "job", resume=False)
    first.save(2, OUTCOME)
    first.save(0, OUTCOME)
    again = Checkpoint(path, "job", resume=True)
    assert again.blocks == {2: OUTCOME, 0: OUTCOME}
    again.save(1, OUTCOME)
    assert set(Checkpoint(path, "job", resume=True).blocks) == {0, 1, 2}
    again.remove()
    assert not path.exists()


def test_a_line_that_was_cut_is_dropped_and_the_next_is_whole(tmp_path):
    path = tmp_path / "c.jsonl"
    first = Checkpoint(path, "job", resume=False)
    first.save(0, OUTCOME)
    first.save(1, OUTCOME)
    path.write_text(path.read_text()[:-20])
    again = Checkpoint(path, "job", resume=True)
    assert set(again.blocks) == {0}
    again.save(1, OUTCOME)
    assert Checkpoint(path, "job", resume=True).blocks == {0: OUTCOME, 1: OUTCOME}


@pytest.mark.parametrize("text", ["", '{"job": "another"}\n', '{"job"'])
def test_the_checkpoint_of_another_job_is_refused(tmp_path, text):
    path = tmp_path / "c.jsonl"
    path.write_text(text)
    with pytest.raises(InputError, match="belongs to another verification"):
        Checkpoint(path, "job", resume=True)
    assert Checkpoint(path, "job", resume=False).blocks == {}


def test_a_record_is_json(tmp_path):
    write_record(tmp_path / "r.json", {"passed": True})
    assert json.loads((tmp_path / "r.json").read_text()) == {"passed": True}
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]
