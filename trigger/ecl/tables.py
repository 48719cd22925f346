"""Declarations of the ECL trigger in the form that compiled loops read: cell tables and one record of thresholds.

Everything that is declared elsewhere enters the loops as an argument. A compiled loop is cached against its own file alone, so a
constant of another file inside it could outlive a change there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache

import numpy as np
from numpy.typing import NDArray

from trigger.ecl import thresholds as declared
from trigger.ecl.thresholds import EclThresholds, PairWindow, Window
from trigger.geometry.ecl import N_CELLS, N_SLOTS, Region, cells

_ICN_OR_SLOTS = (1, 7)
_ICN_AND_SLOTS = (5, 6)
_ICN_OR_SLOTS_THETA1 = (1, 3, 4)
"""A fired cell is a seed unless one of the OR slots, or both AND slots, have fired. Source: TrgEclCluster.cc [SIM]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CellTables:
    """Read-only arrays indexed by tc id, 0..576; row 0 belongs to "no cell" and is all zero.

    Attributes:
        slots: int16 (577, 9), the cell itself and its slots 1..8.
        seed: int16 (577, 5), three cells of the OR rule, two of the AND rule, 0 = empty.
        theta_id: int16 (577,).
        region: int16 (577,), `Region`.
        cm: int16 (577, 3), theta and phi in the CM frame in degrees, factor e.
        quadrants: int16 (577,), background veto: bits 0..3 FWD quadrants, bits 4..7 BRL quadrants.
    """

    slots: NDArray[np.int16]
    seed: NDArray[np.int16]
    theta_id: NDArray[np.int16]
    region: NDArray[np.int16]
    cm: NDArray[np.int16]
    quadrants: NDArray[np.int16]


def _from_one(values: NDArray) -> NDArray[np.int16]:
    table = np.zeros((N_CELLS + 1, *values.shape[1:]), dtype=np.int16)
    table[1:] = values
    table.setflags(write=False)
    return table


@cache
def cell_tables() -> CellTables:
    """Return the tables of the declared geometry."""
    c = cells()
    slots = np.column_stack([np.arange(1, N_CELLS + 1), c.neighbours]).astype(np.int16)
    if slots.shape[1] != N_SLOTS + 1:
        msg = f"neighbours must have {N_SLOTS} slots, not {slots.shape[1] - 1}"
        raise ValueError(msg)
    seed = np.zeros((N_CELLS, len(_ICN_OR_SLOTS_THETA1) + len(_ICN_AND_SLOTS)), dtype=np.int16)
    innermost = c.theta_id == 1
    seed[:, : len(_ICN_OR_SLOTS)] = slots[:, _ICN_OR_SLOTS]
    seed[innermost, : len(_ICN_OR_SLOTS_THETA1)] = slots[innermost][:, _ICN_OR_SLOTS_THETA1]
    seed[:, len(_ICN_OR_SLOTS_THETA1) :] = slots[:, _ICN_AND_SLOTS]
    quadrants = np.zeros(N_CELLS, dtype=np.int16)
    forward = (c.region == Region.FWD) & ~innermost
    for k in range(4):
        quadrants[forward & np.isin(c.phi_id, declared.BGVETO_QUADRANTS_FWD[k])] |= 1 << k
        quadrants[(c.region == Region.BRL) & np.isin(c.phi_id, declared.BGVETO_QUADRANTS_BRL[k])] |= 1 << (k + 4)
    return CellTables(
        slots=_from_one(slots),
        seed=_from_one(seed),
        theta_id=_from_one(c.theta_id),
        region=_from_one(c.region),
        cm=_from_one(np.column_stack([c.cm_theta_deg, c.cm_phi_deg, c.cm_energy_e])),
        quadrants=_from_one(quadrants),
    )


@cache
def bhabha2d_rings() -> NDArray[np.int16]:
    """Return int16 (2, 14, 3): theta ids summed on the forward and on the backward side of each type, padded with 0."""
    sides = (declared.BHABHA2D_FORWARD_RINGS, declared.BHABHA2D_BACKWARD_RINGS)
    longest = max(len(rings) for side in sides for rings in side)
    table = np.zeros((len(sides), declared.N_BHABHA2D, longest), dtype=np.int16)
    for s, side in enumerate(sides):
        for k, rings in enumerate(side):
            table[s, k, : len(rings)] = rings
    table.setflags(write=False)
    return table


def theta_mask(theta_ids: Iterable[int]) -> int:
    """Return the mask of a set of theta ids, bit theta - 1 as in the parameter `lml13_theta_id`."""
    return sum(1 << (theta - 1) for theta in theta_ids)


_THETA_SETS = {
    "physics_theta_mask": declared.PHYSICS_RINGS,
    "endcap_theta_mask": declared.ENDCAP_THETA,
    "hie_single_theta_mask": declared.HIE_SINGLE_THETA,
    "taub2b3_theta_mask": declared.TAUB2B3_THETA,
    "lml1_theta_mask": declared.LML1_THETA,
    "lml2_theta_mask": declared.LML2_THETA,
    "lml4_theta_mask": declared.LML4_THETA,
    "lml6_theta_mask": declared.LML6_THETA,
    "lml7_theta_mask": declared.LML7_THETA,
    "lml12_theta_mask": declared.LML12_THETA,
}


def threshold_record(thresholds: EclThresholds) -> NDArray[np.void]:
    """Return a structured array (1,) with all thresholds and theta id masks, int32, under their declared names.

    A `Window` becomes `<name>_first`, `<name>_last`; a `PairWindow` four fields, `<name>_phi_first` .. `<name>_theta_last`.
    Field names are part of the compiled type, so loops cannot mix them up.
    """
    values: dict[str, int | tuple[int, ...]] = {name: theta_mask(ids) for name, ids in _THETA_SETS.items()}
    values["taub2b2_endcap_below"] = declared.TAUB2B2_ENDCAP_BELOW
    for field in fields(thresholds):
        value = getattr(thresholds, field.name)
        if isinstance(value, PairWindow):
            values |= _window(f"{field.name}_phi", value.phi_difference) | _window(f"{field.name}_theta", value.theta_sum)
        elif isinstance(value, Window):
            values |= _window(field.name, value)
        else:
            values[field.name] = value
    dtype = [(name, np.int32, np.shape(value)) for name, value in values.items()]
    record = np.zeros(1, dtype=dtype)
    for name, value in values.items():
        record[name][0] = value
    record.setflags(write=False)
    return record


def _window(name: str, window: Window) -> dict[str, int | tuple[int, ...]]:
    return {f"{name}_first": window.first, f"{name}_last": window.last}
