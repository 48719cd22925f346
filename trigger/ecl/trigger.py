"""The ECL trigger: hits of the trigger cells in, the ECL decision out."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trigger.ecl.bhabha import decide_bhabha2d, decide_pairs
from trigger.ecl.calibration import EclCalibration
from trigger.ecl.clusters import find_clusters
from trigger.ecl.decision import Arrays, EclDecision, empty_arrays
from trigger.ecl.hits import Hits, calibrated_hits, checked_hits, read_only
from trigger.ecl.low_multiplicity import decide_low_multiplicity
from trigger.ecl.parameters import EclParameters
from trigger.ecl.sums import sum_rings
from trigger.ecl.tables import threshold_record
from trigger.ecl.thresholds import EclThresholds
from trigger.ecl.window import windowed_hits
from trigger.ecl.word import pack_into

BLOCK_EVENTS = 4096
"""Events that go through all blocks before the next ones. Our choice: their arrays stay in a core's cache, and no result
depends on it."""


class EclTrigger:
    """Bit-accurate model of the ECL trigger for one set of parameters and one calibration. Immutable.

    Attributes:
        parameters, calibration: as given; the experiment's values and a calibration that changes nothing by default.
        thresholds: the integers that the parameters come to.
    """

    def __init__(self, parameters: EclParameters | None = None, calibration: EclCalibration | None = None) -> None:
        self.parameters = EclParameters.default() if parameters is None else parameters
        self.calibration = EclCalibration() if calibration is None else calibration
        self.thresholds = EclThresholds.from_parameters(self.parameters)
        self._cuts = threshold_record(self.thresholds)
        self._calibrate = not self.calibration.is_neutral

    def run(
        self,
        offsets: ArrayLike,
        tc_id: ArrayLike,
        adc: ArrayLike,
        time: ArrayLike | None = None,
        phase: ArrayLike | None = None,
    ) -> EclDecision:
        """Return the decision of every event.

        offsets (n + 1,), tc_id 1..576, adc 1..4095: hits, CSR. Without `time` they are the cells of the chosen window, ids strictly
        ascending inside an event. With `time` (raw, relative to the nominal event time) they are ordered by cell and then time, the
        window is chosen first, with `phase` (n,), -127..0, of the ECL clock. The calibration acts on the chosen window. Events do
        not depend on each other, so any slicing gives the same answers.

        Raises:
            InputError: names the field, the first bad event and the reason.
        """
        hits, phases = checked_hits(offsets, tc_id, adc, time, phase, "EclTrigger.run")
        result = empty_arrays(len(hits))
        for start in range(0, len(hits), BLOCK_EVENTS):
            stop = min(start + BLOCK_EVENTS, len(hits))
            block = {name: array[start:stop] for name, array in result.items()}
            self._run_block(hits.events(start, stop), phases[start:stop], block)
        return EclDecision(**result)

    def _run_block(self, hits: Hits, phase: NDArray[np.int16], out: Arrays) -> None:
        window_start = read_only(np.zeros(len(hits), dtype=np.int16))
        if hits.time is not None:
            hits, window_start = windowed_hits(hits, phase)
        if self._calibrate:
            hits = calibrated_hits(hits, self.calibration, window_start)
        rings = sum_rings(hits, self._cuts, out)
        find_clusters(hits, out)
        decide_bhabha2d(rings, self._cuts, out)
        decide_pairs(self._cuts, out)
        decide_low_multiplicity(self._cuts, out)
        hit = (out["ecl_etotal_adc"] != 0).astype(np.uint8)
        pack_into(out["ecl_word"], {**out, "hit": hit})
