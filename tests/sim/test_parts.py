"""Blocks of a long run: kept over an interrupt, used again by the same job alone, put together in order."""

import subprocess
import sys

import numpy as np
import pytest

from sim.files import SUFFIXES, OutputError, read_events
from sim.parts import Interrupted, Parts
from trigger.errors import InputError
from trigger.events import EventRecord


def block(index: int) -> EventRecord:
    """Three events with index, 0 and 1 photons of energy index."""
    energies = np.full(index + 1, float(index))
    offsets = np.array([0, index, index, index + 1])
    arrays = {"event": np.arange(3) + 3 * index, "off_photon_offsets": offsets, "off_photon_e": energies}
    return EventRecord(arrays)


@pytest.mark.parametrize("kept_open", [256, 2])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_blocks_come_out_in_order_whenever_they_were_made(tmp_path, suffix, kept_open, monkeypatch):
    monkeypatch.setattr("sim.parts._KEPT_OPEN", kept_open)
    out = tmp_path / f"a{suffix}"
    with Parts(out, "job", 4) as parts:
        for index in (2, 0, 3, 1):
            parts.save(index, block(index))
        parts.finish({"seed": 3})
    record = read_events(out)
    assert record.meta == {"seed": 3}
    assert record["event"].tolist() == list(range(12))
    expected = EventRecord.concatenate([block(index) for index in range(4)])
    for name in expected.arrays:
        np.testing.assert_array_equal(record[name], expected[name])
    assert list(tmp_path.iterdir()) == [out]


def attempt(out, blocks: int, error: BaseException | None = None, before_last=lambda: None) -> None:
    """A run of job "job" that makes some of its four blocks and then ends in an error."""
    with Parts(out, "job", 4) as parts:
        for index in range(blocks):
            if index == blocks - 1:
                before_last()
            parts.save(index, block(index))
        if error is not None:
            raise error


def interrupted_after(out, blocks: int) -> None:
    with pytest.raises(Interrupted, match=rf"interrupted; {blocks} of 4 blocks are kept .*run the same command again"):
        attempt(out, blocks, KeyboardInterrupt())


def test_same_job_goes_on_where_it_stopped(tmp_path):
    out = tmp_path / "a.npz"
    interrupted_after(out, 2)
    assert not out.exists()
    with Parts(out, "job", 4) as parts:
        assert parts.done == {0, 1}
        for index in (2, 3):
            parts.save(index, block(index))
        parts.finish({})
    assert read_events(out).n_events == 12
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(("job", "n_blocks"), [("other", 4), ("job", 5)])
def test_another_job_starts_anew(tmp_path, job, n_blocks):
    out = tmp_path / "a.npz"
    interrupted_after(out, 2)
    with Parts(out, job, n_blocks) as parts:
        assert parts.done == frozenset()


def test_block_cut_off_in_writing_is_not_done(tmp_path, monkeypatch):
    out = tmp_path / "a.npz"

    def half(path, *_: object) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="1 of 4"):
        attempt(out, 2, before_last=lambda: monkeypatch.setattr("sim.formats.npz.write", half))
    monkeypatch.undo()
    with Parts(out, "job", 4) as parts:
        assert parts.done == {0}


def test_bad_input_leaves_nothing_a_full_disk_leaves_the_blocks(tmp_path, monkeypatch):
    out = tmp_path / "a.npz"
    with pytest.raises(InputError, match="bad hit"):
        attempt(out, 1, InputError("bad hit"))
    assert list(tmp_path.iterdir()) == []

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="block 1 cannot be written: No space left"):
        attempt(out, 2, before_last=lambda: monkeypatch.setattr("sim.formats.npz.write", full))
    monkeypatch.undo()
    with Parts(out, "job", 4) as parts:
        assert parts.done == {0}


def test_file_needs_every_block(tmp_path):
    with Parts(tmp_path / "a.npz", "job", 2) as parts:
        parts.save(1, block(1))
        with pytest.raises(ValueError, match="not without 0"):
            parts.finish({})
        with pytest.raises(ValueError, match=r"block must be 0\.\.1, not 2"):
            parts.save(2, block(2))
    assert list(tmp_path.iterdir()) == []


def test_one_process_at_a_time(tmp_path):
    out = tmp_path / "a.npz"
    script = f"from sim.parts import Parts\nwith Parts({str(out)!r}, 'job', 1): pass"
    with Parts(out, "job", 1):
        second = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "another process is writing it" in second.stderr
    assert second.returncode != 0


def test_output_is_checked_before_work(tmp_path):
    (tmp_path / "a.npz").write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        Parts(tmp_path / "a.npz", "job", 1)
    with pytest.raises(OutputError, match="does not exist"):
        Parts(tmp_path / "none" / "a.npz", "job", 1)
    with Parts(tmp_path / "a.npz", "job", 1, overwrite=True) as parts:
        parts.save(0, block(0))
        assert (tmp_path / "a.npz").read_text() == "mine"
        parts.finish({})
    assert read_events(tmp_path / "a.npz").n_events == 3
