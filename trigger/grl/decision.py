"""The GRL decision of many events as a frozen record of arrays."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class GrlDecision:
    """One array per field of `layout.DECISION_FIELDS`, in that order, with its dtype; events first. Meanings stand there."""

    grl_ts: Bits
    grl_ta: Bits
    grl_cdc_open90: Bits
    grl_cdc_b2b3: Bits
    grl_cdc_b2b5: Bits
    grl_cdc_b2b7: Bits
    grl_cdc_b2b9: Bits
    grl_itsfb2b: Bits
    grl_ti: Bits
    grl_i2io: Bits
    grl_i2fo: Bits
    grl_f2f30: Bits
    grl_s2f30: Bits
    grl_s2s30: Bits
    grl_s2s3: Bits
    grl_s2s5: Bits
    grl_s2so: Bits
    grl_s2f3: Bits
    grl_s2f5: Bits
    grl_s2fo: Bits
    grl_fwd_s: Bits
    grl_bwd_s: Bits
    grl_track: Bits
    grl_trkflt: Bits
    grl_secl: Bits
    grl_iecl: Bits
    grl_samhem: Bits
    grl_opohem: Bits
    grl_d3: Bits
    grl_d5: Bits
    grl_d7: Bits
    grl_p3: Bits
    grl_p5: Bits
    grl_p7: Bits
    grl_p9: Bits
    grl_cdcecl: Bits
    grl_c2gev: Bits
    grl_cdctop: Bits
    grl_cdcklm: Bits
    grl_seklm_0: Bits
    grl_seklm_1: Bits
    grl_ecleklm: Bits
    grl_ieklm: Bits
    grl_fwdsb: Bits
    grl_bwdsb: Bits
    grl_fwdnb: Bits
    grl_bwdnb: Bits
    grl_brlfb1: Bits
    grl_brlfb2: Bits
    grl_brlnb1: Bits
    grl_brlnb2: Bits
    grl_trkbha1: Bits
    grl_trkbha2: Bits
    grl_grlgg1: Bits
    grl_grlgg2: Bits
    grl_n1gev: Bits
    grl_n2gev: Bits
    grl_n_full: Bits
    grl_track_overflow: Bits
    grl_n_short: Bits
    grl_n_inner: Bits
    grl_short_map: NDArray[np.uint32]
    grl_inner_map: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.grl_ts)

    def arrays(self) -> dict[str, NDArray]:
        """Return name -> array in declared order; the arrays themselves, not copies."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
