"""Spectra of drift times: values by hand, the shared real tracks, bad input."""

from pathlib import Path

import numpy as np
import pytest

from sim.studies.drift_times import EVERY, KEPT, LATEST, REAL, DriftStudy, _measure, lost, run_study, times_of
from trigger.errors import InputError

TRACKS = Path(__file__).parents[2] / "reference" / "neuro_tracks_exp20.csv.gz"


def test_times_of_inputs():
    """12 fraction bits hold 256 units: 16 steps per unit. A segment of unknown side has time 0, a missing one none."""
    x = np.zeros((1, 27), np.int16)
    x[0, 0:3] = 100, -16 * 40, 7
    x[0, 3:6] = -5, 0, 7
    x[0, 6:9] = 1, 4096, 7
    times = times_of(x)[0]
    assert times[:3].tolist() == [40, 0, LATEST]
    assert np.isnan(times[3:]).all()


def test_lost_event_times():
    times = np.full((2, 9), 20.0)
    times[0, :3] = LATEST
    times[1, :2] = LATEST
    assert lost(times).tolist() == [True, False]


def test_figures_by_hand():
    counts = np.bincount([0, 0, 10, 20, 30, 120, 240, 256], minlength=LATEST + 1)
    zero, *quantiles, long_ns, long_units = _measure(counts[None])[0]
    assert zero == 0.25
    assert quantiles == [20, 30, 240]
    assert (long_ns, long_units) == (3 / 6, 2 / 6)
    assert np.isnan(_measure(np.zeros((1, LATEST + 1), int))).all()


def test_real_and_simulated_tracks(tmp_path):
    table = run_study(DriftStudy(real=TRACKS, events=60, seed=2), tmp_path)
    real = table.where(source=REAL, selection=EVERY)
    assert len(real.rows) == 9
    assert real.column("tracks")[0] == 588
    assert real.column("lost")[0] == pytest.approx(48 / 588)
    assert real.column("q50") == pytest.approx([41, 48, 47, 64, 53, 65, 53, 76, 57], abs=1)
    quiet = table.where(source="simulated x0", selection=KEPT)
    assert (np.array(quiet.column("q50_error")) > 0).all()
    # A small cell drains faster than a large one.
    assert quiet.column("q50")[0] < 0.6 * quiet.column("q50")[6]
    assert table.stamp["labels"]["cdc_background"].startswith("GUESS")
    assert (tmp_path / "drift_spectra.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "drift_times.csv").read_text(encoding="utf-8").startswith("# Drift times")


@pytest.mark.parametrize("change", [{"events": 0}, {"seed": -1}])
def test_impossible_studies_are_refused(change):
    with pytest.raises(InputError, match="--events must be at least 1 and --seed not negative"):
        DriftStudy(real=TRACKS, **change)


def test_files_without_prompt_tracks_are_refused(tmp_path):
    import gzip

    lines = gzip.decompress(TRACKS.read_bytes()).decode().splitlines()
    place = lines[0].split("\t").index("RecoZ")
    far = [line for line in lines[1:] if line and abs(float(line.split("\t")[place])) > 0.5][:5]
    path = tmp_path / "far.csv"
    path.write_text("\n".join([lines[0], *far]) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="has no tracks with"):
        run_study(DriftStudy(real=path, events=10), tmp_path)
