# Ref: basf2 trg/ecl TrgEclMaster.cc (read in public source), low-multiplicity bits; talks for the three photon triggers.
"""The single-photon lines: which bit, which threshold, where in the calorimeter."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trigger.ecl.parameters import EclParameters
from trigger.ecl.thresholds import LML1_THETA, LML2_THETA, LML4_THETA, LML6_THETA, LML7_THETA
from trigger.geometry.ecl import N_THETA


@dataclass(frozen=True, kw_only=True)
class Line:
    """One low-multiplicity bit that a single photon can fire.

    threshold_gev: E* that it asks for; counts_key: the same among the trigger's integer thresholds, per look-up factor.
    exclusive: exactly one cluster above it and no other above 300 MeV; else any cluster above it. vetoed: not with a 3D
    Bhabha. theta_ids: where the centre of the cluster may lie.
    """

    name: str
    bit: int
    threshold_gev: float
    counts_key: str
    theta_ids: tuple[int, ...]
    exclusive: bool
    vetoed: bool

    def fired(self, lml: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Events of a decision in which the bit is set."""
        return lml[:, self.bit] != 0

    def inside(self, theta_id: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Marks cells or photons that lie in the rings of the line."""
        return np.isin(theta_id, self.theta_ids)


GROUPS = ("0.5 GeV", "1 GeV", "2 GeV")
"""Names of the three thresholds, as talks call them."""


def single_photon_lines(parameters: EclParameters) -> tuple[Line, ...]:
    """lml13, lml6, lml7, lml1, lml2, lml4 with the thresholds and rings of these parameters."""
    mask = int(parameters["lml13_theta_id"])
    centre = tuple(theta for theta in range(1, N_THETA + 1) if mask >> (theta - 1) & 1)
    two, one, half = (float(parameters[f"lml_cl_e_cms_{k}"]) for k in (1, 2, 3))
    declared = (
        ("lml13", 13, half, "lml_cm05_min", centre, True, False),
        ("lml6", 6, one, "lml_cm1_min", LML6_THETA, True, False),
        ("lml7", 7, one, "lml_cm1_min", LML7_THETA, True, False),
        ("lml1", 1, two, "lml_cm2_min", LML1_THETA, False, False),
        ("lml2", 2, two, "lml_cm2_min", LML2_THETA, False, True),
        ("lml4", 4, two, "lml_cm2_min", LML4_THETA, False, True),
    )
    return tuple(
        Line(name=name, bit=bit, threshold_gev=cut, counts_key=key, theta_ids=rings, exclusive=exclusive, vetoed=vetoed)
        for name, bit, cut, key, rings, exclusive, vetoed in declared
    )


def by_threshold(lines: tuple[Line, ...]) -> Mapping[str, tuple[Line, ...]]:
    """The lines of each group, in the order of `GROUPS`; together they cover the calorimeter, or its centre."""
    return {"0.5 GeV": lines[:1], "1 GeV": lines[1:3], "2 GeV": lines[3:]}
