"""The conditions behind the single-photon lines, one by one: which of them an event failed first.

Written from the stored clusters of a decision with array operations, apart from the trigger's own loop; the conditions of a line
together are its bit.
"""

import numpy as np
from numpy.typing import NDArray

from trigger.ecl.decision import EclDecision
from trigger.ecl.tables import cell_tables, theta_mask
from trigger.ecl.thresholds import (
    LML1_THETA,
    LML2_THETA,
    LML4_THETA,
    LML6_THETA,
    LML7_THETA,
    EclThresholds,
)

Bool = NDArray[np.bool_]
Conditions = list[tuple[str, Bool]]


def conditions(decision: EclDecision, thresholds: EclThresholds) -> dict[str, Conditions]:
    """Return line -> its conditions in order, each a name and bool (n,), for lml1, lml2, lml4, lml6, lml7, lml13.

    `thresholds` are those that the decision was made with. The AND of a line's conditions equals its bit in every event.
    Conditions go from the weakest to the strongest, so that the first failing one says why the line is silent. Energies are
    named by their ETM parameter.
    """
    clusters = _Clusters(decision, thresholds)
    no_veto = ("no 3D Bhabha veto", decision.ecl_bhabha3d_veto == 0)
    two, one, half = "lml_cl_e_cms_1", "lml_cl_e_cms_2", "lml_cl_e_cms_3"
    above_two, above_one, above_half = (
        clusters.above(cut) for cut in (thresholds.lml_cm2_min, thresholds.lml_cm1_min, thresholds.lml_cm05_min)
    )
    return {
        "lml1": clusters.some(theta_mask(LML1_THETA), above_two, two),
        "lml2": [*clusters.some(theta_mask(LML2_THETA), above_two, two), no_veto],
        "lml4": [*clusters.some(theta_mask(LML4_THETA), above_two, two), no_veto],
        "lml6": clusters.single(theta_mask(LML6_THETA), above_one, one),
        "lml7": clusters.single(theta_mask(LML7_THETA), above_one, one),
        "lml13": clusters.single(thresholds.lml13_theta_mask, above_half, half),
    }


class _Clusters:
    """Stored clusters as arrays (n, 6), and the conditions that lines share."""

    def __init__(self, decision: EclDecision, thresholds: EclThresholds) -> None:
        tables = cell_tables()
        self.stored = decision.ecl_cluster_tc > 0
        self.energy_adc = decision.ecl_cluster_adc.astype(np.int64)
        self.theta_id = tables.theta_id[decision.ecl_cluster_tc].astype(np.int64)
        self.factor = tables.cm[decision.ecl_cluster_tc, 2]
        self.n300 = (self.stored & (self.energy_adc >= thresholds.lml_n300_min)).sum(axis=1)

    def above(self, cm_min: tuple[int, ...]) -> Bool:
        """Stored clusters at or above a CM threshold given per factor e."""
        return self.stored & (self.energy_adc >= np.array(cm_min)[self.factor])

    def some(self, mask: int, above: Bool, key: str) -> Conditions:
        """At least one cluster in the theta ids of `mask` and above the cut."""
        inside = self.stored & ((mask << 1) >> self.theta_id & 1 == 1)
        where = _theta_text(mask)
        return [
            ("a stored cluster", self.stored.any(axis=1)),
            (f"a cluster in {where}", inside.any(axis=1)),
            (f"a cluster above {key} in {where}", (inside & above).any(axis=1)),
        ]

    def single(self, mask: int, above: Bool, key: str) -> Conditions:
        """Exactly one such cluster, and exactly one cluster of the event above lml_cl_e_lab_2."""
        inside = self.stored & ((mask << 1) >> self.theta_id & 1 == 1)
        return [
            *self.some(mask, above, key),
            (f"only one cluster above {key} in {_theta_text(mask)}", (inside & above).sum(axis=1) <= 1),
            ("a cluster above lml_cl_e_lab_2", self.n300 >= 1),
            ("only one cluster above lml_cl_e_lab_2", self.n300 <= 1),
        ]


def _theta_text(mask: int) -> str:
    """Theta ids of a mask as text, runs joined: "theta id 2..3, 15..16"."""
    ids = [theta for theta in range(1, mask.bit_length() + 1) if mask >> (theta - 1) & 1]
    runs: list[list[int]] = []
    for theta in ids:
        if runs and runs[-1][1] == theta - 1:
            runs[-1][1] = theta
        else:
            runs.append([theta, theta])
    text = ", ".join(str(first) if first == last else f"{first}..{last}" for first, last in runs)
    return f"theta id {text or 'none'}"
