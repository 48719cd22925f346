"""One small single-photon study for all tests that read its tables."""

import pytest

from sim.studies.block_study import tabulate
from sim.studies.single_photon import SinglePhotonStudy


@pytest.fixture(scope="session")
def small_study():
    """Few events of every sample, two masses."""
    return SinglePhotonStudy(events=4000, seed=5, masses_gev=(0.0, 9.0))


@pytest.fixture(scope="session")
def small_tables(small_study, tmp_path_factory):
    """(tables by name, folder) of the small study, made by one process."""
    folder = tmp_path_factory.mktemp("study")
    return tabulate(small_study, folder), folder
