"""Pictures of the study come from its tables alone, as read back from disk."""

import numpy as np
import pytest
from PIL import Image

from sim.offline.single_photon import mandelstam_s
from sim.studies.photon_plots import REACH_GEV, plots
from sim.studies.tables import read


@pytest.fixture(scope="module")
def pictures(small_tables, tmp_path_factory):
    _, folder = small_tables
    tables = {path.stem: read(path) for path in folder.glob("*.json")}
    return plots(tables, tmp_path_factory.mktemp("pictures"))


def test_every_picture_is_drawn(pictures):
    assert set(pictures) == {
        "turn_on_control_sample", "turn_on_gun", "turn_on_by_position", "threshold_map",
        "cut_variants", "mass_reach", "plateaus", "losses",
    }  # fmt: skip
    for path in pictures.values():
        with Image.open(path) as image:
            assert image.width >= 1400
            # more than a blank page: ink in every quarter
            grey = np.asarray(image.convert("L").resize((400, 200)))
        quarters = [grey[y : y + 100, x : x + 200] for x in (0, 200) for y in (0, 100)]
        assert all(quarter.min() < 200 for quarter in quarters), path.name


def test_reach_markers_are_the_masses_of_the_thresholds():
    s = mandelstam_s()
    for group, mass in REACH_GEV.items():
        e_star = float(group.split()[0])
        assert abs((s - 2 * s**0.5 * e_star) ** 0.5 - mass) < 6e-3
