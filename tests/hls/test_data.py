"""The reader of real tracks: published counts, integers by hand, groups and the split by event, bad files."""

import gzip
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from hls.data import kept_aside, read_tracks
from trigger.errors import InputError

SAMPLE = Path(__file__).parents[1] / "reference" / "neuro_tracks_exp20.csv.gz"
HEAD = gzip.decompress(SAMPLE.read_bytes()).decode().splitlines()[:4]


def written(tmp_path, lines, name="tracks.csv"):
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def changed(column, text, line=1):
    """The first lines of the sample with another text in one column."""
    lines = [row.split("\t") for row in HEAD]
    lines[line][lines[0].index(column)] = text
    return ["\t".join(row) for row in lines]


def test_published_counts(real_tracks):
    """Rows, events, true tracks and experts; +1 and -1 among the drift times."""
    assert len(real_tracks) == 2942
    assert len(np.unique(real_tracks.event_number)) == 941
    assert len(real_tracks.first_of_track) == len(np.unique(real_tracks.true_track)) == 1339
    assert set(real_tracks.run.tolist()) == {639, 738}
    times = real_tracks.x_raw[:, 1::3]
    assert (times == 4096).sum() > 100
    assert (times == -4096).sum() > 100
    assert np.abs(real_tracks.x_raw).max() == 4096


def test_first_row_by_hand(real_tracks):
    """-0.724473 x 4096 = -2967.4 toward zero; 0.496094 is 127/256; 2 x -0.048085 x 4096 = -393.9, rounded, halved toward zero."""
    assert real_tracks.x_raw[0, :3].tolist() == [-2967, 2032, -197]
    assert real_tracks.target[0].tolist() == [0.555959, 0.337421]
    assert real_tracks.deployed_raw[0].tolist() == [1822, 781]
    assert (real_tracks.event[0], real_tracks.run[0], real_tracks.experiment[0]) == (13824, 738, 20)


def test_one_row_per_true_track(real_tracks):
    first = real_tracks.select(real_tracks.first_of_track)
    assert len(np.unique(first.true_track)) == len(first)
    number = real_tracks.true_track
    for row in real_tracks.first_of_track[:200].tolist():
        same = number == number[row]
        assert real_tracks.track[row] == real_tracks.track[same].min()


def test_split_keeps_events_whole(real_tracks):
    kept = kept_aside(real_tracks)
    assert set(real_tracks.event_number[kept]).isdisjoint(real_tracks.event_number[~kept])
    assert 0.25 < kept.mean() < 0.36
    assert (kept_aside(real_tracks.select(np.arange(100, 200))) == kept[100:200]).all(), "whatever else is in the file"
    assert kept_aside(real_tracks, Fraction(1)).all()
    assert not kept_aside(real_tracks, Fraction(0)).any()
    with pytest.raises(ValueError, match="share must be tenths from 0 to 1, not 1/3"):
        kept_aside(real_tracks, Fraction(1, 3))


def test_plain_text_blank_lines_and_other_columns(tmp_path, real_tracks):
    lines = ["\t".join([row, "extra" if k == 0 else "text"]) for k, row in enumerate(HEAD)]
    read = read_tracks(written(tmp_path, [lines[0], "", *lines[1:], ""]))
    assert (read.x_raw == real_tracks.x_raw[:3]).all()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([HEAD[0].replace("RecoZ", "Z"), *HEAD[1:]], "line 1: columns are missing: RecoZ"),
        (["a\tb"], "line 1: columns are missing: Experiment, Run, Subrun, Event, Track and 37 more"),
        ([HEAD[0] + "\tRun", *HEAD[1:]], "line 1: a column is there twice"),
        ([], "columns are missing"),
        (HEAD[:1], "has no tracks"),
        ([*HEAD[:2], HEAD[2] + "\t1"], "line 3: must have 42 columns, not 43"),
        (changed("RecoZ", "nan", 2), "line 3, column RecoZ: must be -1.0..1.0, not nan"),
        (changed("SL3-alpha", "inf"), "line 2, column SL3-alpha: must be -1.0..1.0, not inf"),
        (changed("SL0-relID", "1.01"), "column SL0-relID: must be -1.0..1.0, not 1.01"),
        (changed("SL0-driftT", "abc"), "line 2, column SL0-driftT: must be a number, not 'abc'"),
        (changed("Event", "1.5"), "column Event: must be an integer, not '1.5'"),
        (changed("Expert", "5"), "column Expert: must be 0..4, not 5"),
        (changed("iNodes", "126"), "column iNodes: must be 27..27, not 126"),
        (changed("RawZ", "4096"), "column RawZ: must be -4096..4095, not 4096"),
        (changed("Run", "-1"), "column Run: must be 0..2147483647, not -1"),
        (changed("Run", "9" * 30), "column Run: must be an integer, not '999"),
    ],
)
def test_bad_files_are_refused(tmp_path, lines, message):
    path = written(tmp_path, lines)
    with pytest.raises(InputError, match=message) as caught:
        read_tracks(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [SAMPLE.read_bytes()[:5000], SAMPLE.read_bytes()[:-3], b"\x1f\x8bjunk", b"\xff\xfe\x00"])
def test_damaged_files_are_refused(tmp_path, content):
    path = tmp_path / "tracks.csv.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a readable text or gzip file"):
        read_tracks(path)


def test_a_file_that_is_not_there():
    with pytest.raises(InputError, match=r"none\.csv: not a readable text or gzip file: No such file"):
        read_tracks(Path("none.csv"))
