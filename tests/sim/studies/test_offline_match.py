"""Efficiency and purity of decisions with respect to an offline selection, on events written by hand."""

import numpy as np

from sim.studies.lines import single_photon_lines
from sim.studies.offline_match import COLUMNS, Selection, against_offline, as_table, photons
from trigger.ecl import EclParameters

LINES = single_photon_lines(EclParameters.default())


def events(photon_list):
    """Events with the given (E*, theta in degrees) photons and no tracks."""
    offsets = np.concatenate([[0], np.cumsum([len(p) for p in photon_list])]).astype(np.int64)
    flat = np.array([photon for event in photon_list for photon in event], dtype=float).reshape(-1, 2)
    arrays = {"off_photon_offsets": offsets, "off_photon_estar": flat[:, 0], "off_photon_e": flat[:, 0]}
    arrays |= {
        "off_photon_theta": np.radians(flat[:, 1]),
        "off_photon_phi": np.zeros(len(flat)),
        "off_photon_time": np.zeros(len(flat)),
    }
    arrays |= {f"off_track_{name}": np.zeros(0) for name in ("px", "py", "pz", "charge", "dr", "dz", "is_muon", "e_cluster")}
    return arrays | {"off_track_offsets": np.zeros(len(photon_list) + 1, np.int64)}


def lml(bits):
    """Decision with lml6 set in the marked events."""
    out = np.zeros((len(bits), 14), np.uint8)
    out[:, 6] = bits
    return {"ecl_lml": out}


def test_hand_worked_efficiency_and_purity():
    # wanted by lml6: events 0, 1 and 4; event 2 lies below the plateau, 3 has a second photon, 5 has none
    arrays = events([[(1.5, 80)], [(1.5, 80)], [(1.2, 80)], [(1.5, 80), (1.5, 60)], [(3.0, 120)], []])
    model, rtl = lml([1, 1, 1, 0, 0, 0]), lml([1, 0, 1, 0, 0, 0])
    rows = against_offline("s", Selection.SINGLE_PHOTON, arrays, model, rtl, LINES)
    row = next(dict(zip(COLUMNS, row, strict=True)) for row in rows if row[2] == "lml6")
    assert row["wanted"] == 3
    assert (row["model_k"], row["rtl_k"]) == (2, 1)
    assert (row["model_efficiency"], row["rtl_efficiency"]) == (2 / 3, 1 / 3)
    assert row["fired"] == 2
    assert (row["model_purity"], row["rtl_purity"]) == (2 / 3, 1 / 2)
    assert row["purity_low"] < 0.5 < row["purity_high"]
    assert row["rtl_low"] < 1 / 3 < row["rtl_high"]


def test_lines_without_photons_are_left_out():
    arrays = events([[(0.8, 80)]])
    rows = against_offline("s", Selection.SINGLE_PHOTON, arrays, lml([0]), lml([0]), LINES)
    assert [row[2] for row in rows] == ["lml13"]
    table = as_table(rows, {"seed": 1})
    assert table.column("line") == ["lml13"]
    assert table.column("model_purity") != table.column("wanted")


def test_events_without_a_candidate_are_never_wanted():
    seen = photons(events([[], [(0.3, 80)]]), Selection.SINGLE_PHOTON)
    assert not seen.selected.any()
    assert seen.ring.tolist() == [0, 0]
    assert seen.e_star_gev.tolist() == [0.0, 0.0]


def test_control_sample_uses_the_predicted_photon():
    arrays = events([[], []])
    arrays["off_track_offsets"] = np.array([0, 2, 2])
    for name, values in {
        "px": (3.0, -2.0), "py": (1.5, 1.0), "pz": (1.0, 1.0), "charge": (1, -1), "dr": (0, 0), "dz": (0, 0),
        "is_muon": (1, 1), "e_cluster": (0.2, 0.2),
    }.items():  # fmt: skip
        arrays[f"off_track_{name}"] = np.array(values, float)
    seen = photons(arrays, Selection.MUMUGAMMA)
    assert seen.selected.tolist() == [True, False]
    assert seen.e_star_gev[0] > 0.5
    assert (seen.e_star_gev[1], seen.ring[1]) == (0.0, 0)
