"""The single-photon lines against their published conditions."""

import numpy as np

from sim.studies.lines import by_threshold, single_photon_lines
from trigger.ecl import EclParameters

LINES = single_photon_lines(EclParameters.default())

# Published conditions: E* in GeV, first and last theta id, exactly one cluster asked for, 3D Bhabha veto.
PUBLISHED = {
    "lml13": (0.5, range(6, 12), True, False),
    "lml6": (1.0, range(4, 16), True, False),
    "lml7": (1.0, (2, 3, 16), True, False),
    "lml1": (2.0, range(4, 15), False, False),
    "lml2": (2.0, (2, 3, 15, 16), False, True),
    "lml4": (2.0, (1, 17), False, True),
}


def test_published_conditions():
    found = {line.name: (line.threshold_gev, line.theta_ids, line.exclusive, line.vetoed) for line in LINES}
    assert found == {name: (cut, tuple(rings), one, veto) for name, (cut, rings, one, veto) in PUBLISHED.items()}
    assert all(line.name == f"lml{line.bit}" for line in LINES)


def test_two_gev_lines_cover_every_ring_once():
    rings = sorted(theta for line in by_threshold(LINES)["2 GeV"] for theta in line.theta_ids)
    assert rings == list(range(1, 18))
    assert [len(lines) for lines in by_threshold(LINES).values()] == [1, 2, 3]


def test_parameters_move_threshold_and_rings():
    changed = EclParameters.default().replace(lml_cl_e_cms_3="0.4", lml13_theta_id=1 << 7)
    line = single_photon_lines(changed)[0]
    assert line.threshold_gev == 0.4
    assert line.theta_ids == (8,)
    assert line.inside(np.array([7, 8, 9])).tolist() == [False, True, False]


def test_fired_reads_its_own_bit():
    lml = np.zeros((2, 14), np.uint8)
    lml[1, 6] = 1
    assert [line.name for line in LINES if line.fired(lml)[1]] == ["lml6"]
    assert not any(line.fired(lml)[0] for line in LINES)
