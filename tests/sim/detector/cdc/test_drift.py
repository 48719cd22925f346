"""The drift relation of the chamber and the table by which the displaced-vertex trigger turns it round."""

import numpy as np

from sim.detector.cdc.config import CdcResponse
from sim.detector.cdc.drift import drift_time_ns
from trigger.displaced.fit_tables import N_TIMES, fit_tables
from trigger.displaced.formats import DRIFT
from trigger.geometry.cdc import TIME_NS


def test_drift_time_by_hand():
    """0.5 cm: 113.6 ns at the velocity at the wire and 50.4 ns for what it slows down by."""
    response = CdcResponse()
    times = drift_time_ns(np.array([0.0, 0.5]), cm_per_ns=response.drift_cm_per_ns, ns_per_cm3=response.drift_ns_per_cm3)
    assert np.round(times, 1).tolist() == [0.0, 164.0]


def test_trigger_inverts_the_relation_of_the_simulation():
    """Every raw time: the table's distance, within half an LSB, is the one whose simulated time is the middle of that unit."""
    response = CdcResponse()
    distance = fit_tables().drift * DRIFT.resolution
    below, above = (
        drift_time_ns(np.maximum(distance + side, 0), cm_per_ns=response.drift_cm_per_ns, ns_per_cm3=response.drift_ns_per_cm3)
        for side in (-DRIFT.resolution / 2, DRIFT.resolution / 2)
    )
    middle = (np.arange(N_TIMES) + 0.5) * TIME_NS
    assert (below <= middle + 1e-3).all()
    assert (middle <= above + 1e-3).all()
