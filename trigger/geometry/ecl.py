"""The 576 ECL trigger cells: numbering, positions, neighbour slots, CM look-up.

Ref: basf2 trg/ecl TrgEclMapping.cc, TrgEclCluster.cc, TrgEclDataBase.cc (read in public source); numbering and slot rules in
DECISIONS.md, "ECL geometry". Arrays are indexed by tc_id - 1; ids inside arrays count from 1 and 0 means "none".
"""

import csv
import enum
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration, cm_direction_and_energy

N_CELLS = 576
N_SLOTS = 8
N_THETA = 17
FIRST_BARREL, FIRST_BACKWARD = 81, 513


class Region(enum.IntEnum):
    """Detector region of a trigger cell; the value is its place in the cell numbering."""

    FWD = 0
    BRL = 1
    BWD = 2


N_PHI = {Region.FWD: 32, Region.BRL: 36, Region.BWD: 32}
"""phi ids of a full ring of each region; theta id 1 uses the odd ones only and each of its cells covers two rows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """All trigger cells as read-only arrays of length 576, index = tc_id - 1.

    Attributes:
        theta_id, phi_id: uint8, from 1.
        region: uint8, `Region`.
        x_cm, y_cm, z_cm: float64, centre in the detector frame.
        n_crystals, fam, fam_channel: uint8.
        word_theta_code, word_phi_code: uint8, position codes of the raw data (LSB 360/256 degree).
        neighbours: uint16 (576, 8), tc ids in slot order 1..8, 0 = empty slot.
        cm_theta_deg, cm_phi_deg: uint16, integer degrees in the CM frame.
        cm_energy_e: uint8, 4-bit factor e: a CM cut X is E_lab > X * e / 10.
    """

    theta_id: NDArray[np.uint8]
    phi_id: NDArray[np.uint8]
    region: NDArray[np.uint8]
    x_cm: NDArray[np.float64]
    y_cm: NDArray[np.float64]
    z_cm: NDArray[np.float64]
    n_crystals: NDArray[np.uint8]
    fam: NDArray[np.uint8]
    fam_channel: NDArray[np.uint8]
    word_theta_code: NDArray[np.uint8]
    word_phi_code: NDArray[np.uint8]
    neighbours: NDArray[np.uint16]
    cm_theta_deg: NDArray[np.uint16]
    cm_phi_deg: NDArray[np.uint16]
    cm_energy_e: NDArray[np.uint8]

    @property
    def cm_word(self) -> NDArray[np.uint32]:
        """Packed look-up words, uint32 (576,): theta << 13 | phi << 4 | e, as the experiment stores them."""
        theta, phi = self.cm_theta_deg.astype(np.uint32), self.cm_phi_deg.astype(np.uint32)
        return ((theta << 13) | (phi << 4) | self.cm_energy_e).astype(np.uint32)


def theta_phi_of(tc_id: int) -> tuple[int, int]:
    """Return (theta id, phi id), both from 1, of trigger cell `tc_id` (1..576).

    Raises:
        ValueError: id out of range.
    """
    if not 1 <= tc_id <= N_CELLS:
        msg = f"tc_id must be 1..{N_CELLS}, not {tc_id}"
        raise ValueError(msg)
    if tc_id < FIRST_BARREL:
        group, place = divmod(tc_id - 1, 5)
        return (1, 2, 3, 3, 2)[place], 2 * group + (1 if place < 3 else 2)
    if tc_id < FIRST_BACKWARD:
        column, row = divmod(tc_id - FIRST_BARREL, 12)
        return row + 4, column + 1
    group, place = divmod(tc_id - FIRST_BACKWARD, 4)
    return (17, 16, 16, 17)[place], 2 * group + (2 if place < 2 else 1)


def _region_of(tc_id: int) -> Region:
    if tc_id < FIRST_BARREL:
        return Region.FWD
    return Region.BRL if tc_id < FIRST_BACKWARD else Region.BWD


def _slots(theta: int, phi: int, region: Region, at: dict[tuple[int, int], int]) -> list[int]:
    """Slots 1..8 of one cell; `at` maps (theta id, phi id) to tc id, with theta 1 entered at both rows that it covers."""
    n_phi = N_PHI[region]

    def cell(theta_id: int, phi_id: int) -> int:
        return at[theta_id, (phi_id - 1) % n_phi + 1]

    up, down = phi - 1, phi + 1
    if region is Region.BRL:
        right = [cell(theta - 1, p) for p in (up, phi, down)] if theta > 4 else [0, 0, 0]
        left = [cell(theta + 1, p) for p in (down, phi, up)] if theta < 15 else [0, 0, 0]
        return [cell(theta, up), *right, cell(theta, down), *left]
    if theta == 1:
        around = [cell(2, p) for p in (up, phi, down, phi + 2)]
        return [cell(1, phi - 2), *around, cell(1, phi + 2), 0, 0]
    if theta == 2:
        odd = phi % 2 == 1
        inner = [cell(1, up) if odd else 0, cell(1, phi), 0 if odd else cell(1, down)]
        return [cell(2, up), *inner, cell(2, down), cell(3, down), cell(3, phi), cell(3, up)]
    if theta == 16:
        outer = [cell(17, p) for p in (down, phi, up)]
        return [cell(16, up), 0, 0, 0, cell(16, down), *outer]
    inner = [cell(theta - 1, p) for p in (up, phi, down)]
    return [cell(theta, up), *inner, cell(theta, down), 0, 0, 0]


def _neighbours(theta_id: NDArray[np.uint8], phi_id: NDArray[np.uint8]) -> NDArray[np.uint16]:
    at: dict[tuple[int, int], int] = {}
    for tc_id, (theta, phi) in enumerate(zip(theta_id.tolist(), phi_id.tolist(), strict=True), start=1):
        at[theta, phi] = tc_id
        if theta == 1:
            at[theta, phi + 1] = tc_id
    slots = [
        _slots(theta, phi, _region_of(tc_id), at)
        for tc_id, (theta, phi) in enumerate(zip(theta_id.tolist(), phi_id.tolist(), strict=True), start=1)
    ]
    return np.array(slots, dtype=np.uint16)


def _table() -> dict[str, list[str]]:
    text = (files("trigger.geometry") / "tables" / "ecl_trigger_cells.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    return {name: [row[name] for row in rows] for name in rows[0]}


def _read_only(array: NDArray) -> NDArray:
    array.setflags(write=False)
    return array


@cache
def cells(beams: BeamDeclaration = Y4S_BEAMS) -> Cells:
    """Return the trigger cells with the CM look-up of `beams`.

    The look-up takes each cell centre as the direction of a photon with 1 GeV: theta and phi in the CM frame (e- along +z)
    rounded to the nearest degree (phi modulo 360), e = nearest integer of 10 E_lab / E_CM. With the default beams it equals the
    576 words of the experiment [DERIVED].
    """
    table = _table()
    ids = np.array([theta_phi_of(tc_id) for tc_id in range(1, N_CELLS + 1)], dtype=np.uint8)
    x, y, z = (np.array(table[name], dtype=np.float64) for name in ("x_cm", "y_cm", "z_cm"))
    theta, phi, energy = cm_direction_and_energy(x, y, z, beams)
    small = {
        name: _read_only(np.array(table[name], dtype=np.uint8))
        for name in ("n_crystals", "fam", "fam_channel", "word_theta_code", "word_phi_code")
    }
    return Cells(
        theta_id=_read_only(ids[:, 0].copy()),
        phi_id=_read_only(ids[:, 1].copy()),
        region=_read_only(np.array([_region_of(i) for i in range(1, N_CELLS + 1)], dtype=np.uint8)),
        x_cm=_read_only(x),
        y_cm=_read_only(y),
        z_cm=_read_only(z),
        neighbours=_read_only(_neighbours(ids[:, 0], ids[:, 1])),
        cm_theta_deg=_read_only(np.rint(np.degrees(theta)).astype(np.uint16)),
        cm_phi_deg=_read_only((np.rint(np.degrees(phi)).astype(np.int64) % 360).astype(np.uint16)),
        cm_energy_e=_read_only(np.rint(10.0 / energy).astype(np.uint8)),
        **small,
    )
