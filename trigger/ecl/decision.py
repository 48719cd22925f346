"""The ECL decision of many events as a frozen record of arrays."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from trigger.ecl.layout import DECISION_FIELDS

Arrays = dict[str, NDArray]


@dataclass(frozen=True, kw_only=True, eq=False)
class EclDecision:
    """One array per field of `layout.DECISION_FIELDS`, in that order, with its dtype; events first. Meanings stand there.

    An event without any hit in its window has no trigger object: every field is 0, lml11 and the word included.
    """

    ecl_n_clusters: NDArray[np.uint8]
    ecl_overflow: NDArray[np.uint8]
    ecl_cluster_tc: NDArray[np.uint16]
    ecl_cluster_adc: NDArray[np.uint16]
    ecl_cluster_ntc: NDArray[np.uint8]
    ecl_cluster_time: NDArray[np.int16]
    ecl_icn: NDArray[np.uint8]
    ecl_icn_fw: NDArray[np.uint8]
    ecl_icn_br: NDArray[np.uint8]
    ecl_icn_bw: NDArray[np.uint8]
    ecl_ephys_adc: NDArray[np.uint32]
    ecl_etotal_adc: NDArray[np.uint32]
    ecl_elow: NDArray[np.uint8]
    ecl_ehigh: NDArray[np.uint8]
    ecl_elum: NDArray[np.uint8]
    ecl_burst: NDArray[np.uint8]
    ecl_physics: NDArray[np.uint8]
    ecl_bhabha2d_type: NDArray[np.uint8]
    ecl_bhabha2d: NDArray[np.uint8]
    ecl_bhabha3d_veto: NDArray[np.uint8]
    ecl_bhabha3d_sel: NDArray[np.uint8]
    ecl_mumu: NDArray[np.uint8]
    ecl_taub2b: NDArray[np.uint8]
    ecl_taub2b2: NDArray[np.uint8]
    ecl_taub2b3: NDArray[np.uint8]
    ecl_hie: NDArray[np.uint8]
    ecl_lml: NDArray[np.uint8]
    ecl_bhabha3d_intrack: NDArray[np.uint8]
    ecl_bhabha3d_theta: NDArray[np.uint8]
    ecl_bgveto: NDArray[np.uint8]
    ecl_timing: NDArray[np.int16]
    ecl_timing_source: NDArray[np.uint8]
    ecl_timing_quality: NDArray[np.uint8]
    ecl_word: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.ecl_n_clusters)

    def arrays(self) -> Arrays:
        """Return name -> array in declared order; the arrays themselves, not copies."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def empty_arrays(n_events: int) -> Arrays:
    """Return all fields of `n_events` events without hits: zeros in declared shapes and dtypes."""
    return {field.name: np.zeros(field.shape(n_events), dtype=field.dtype) for field in DECISION_FIELDS}
