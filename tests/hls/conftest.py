"""What the tests of the networks share: the real sample."""

from pathlib import Path

import pytest

from hls.data import RealTracks, read_tracks

SAMPLE = Path(__file__).parents[1] / "reference" / "neuro_tracks_exp20.csv.gz"


@pytest.fixture(scope="session")
def real_tracks() -> RealTracks:
    """All rows of the shared real tracks, see tests/reference/README.md."""
    return read_tracks(SAMPLE)
