"""Pictures of the study come from its tables alone, as read back from disk."""

import numpy as np
import pytest
from PIL import Image

from sim.offline.single_photon import mandelstam_s
from sim.studies.block_study import tabulate
from sim.studies.photon_plots import REACH_GEV, plots
from sim.studies.single_photon import SinglePhotonStudy
from sim.studies.tables import read
from trigger.ecl import EclParameters


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


def test_tables_without_a_single_fit_are_drawn(tmp_path):
    parameters = EclParameters.default().replace(lml_cl_e_cms_1=9, lml_cl_e_cms_2=8, lml_cl_e_cms_3=7)
    tables = tabulate(SinglePhotonStudy(events=100, parameters=parameters, masses_gev=()), tmp_path)
    assert not any(tables["turn_on_fits"].column("valid"))
    assert all(path.exists() for path in plots(tables, tmp_path).values())


def test_reach_markers_are_the_masses_of_the_thresholds():
    s = mandelstam_s()
    for group, mass in REACH_GEV.items():
        e_star = float(group.split()[0])
        assert abs((s - 2 * s**0.5 * e_star) ** 0.5 - mass) < 6e-3
