"""Small reconstructed events written by hand for the tests of the selections; makes the helpers of this folder importable."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

PHOTON = {"estar": 3.0, "e": 3.0, "theta": 70.0, "phi": 0.0, "time": 0.0}
TRACK = {"px": 1.0, "py": 0.0, "pz": 0.5, "charge": 1, "dr": 0.0, "dz": 0.0, "is_muon": True, "e_cluster": 0.2}
TRACK |= {"is_electron": False, "is_kaon": False, "n_cdc": 50, "vx": 0.0, "vy": 0.0, "vz": 0.0}
KLM = {"theta": 90.0, "phi": 0.0}


def build(events):
    """``off_*`` arrays of [(photons, tracks, klm), ...]; each object a dict of changes, theta in degrees; klm may be left out."""
    arrays = {}
    for place, (name, default) in enumerate({"photon": PHOTON, "track": TRACK, "klm": KLM}.items()):
        objects = [[default | o for o in (*event, ())[place]] for event in events]
        arrays[f"off_{name}_offsets"] = np.concatenate([[0], np.cumsum([len(o) for o in objects])]).astype(np.int64)
        flat = [o for event in objects for o in event]
        for field, value in default.items():
            arrays[f"off_{name}_{field}"] = np.array([o[field] for o in flat], dtype=type(value))
    for name in ("off_photon_theta", "off_klm_theta"):
        arrays[name] = np.radians(arrays[name])
    return arrays


@pytest.fixture
def offline():
    """The builder of events written by hand."""
    return build
