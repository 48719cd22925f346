"""Decisions of model and RTL against what an analysis selects in the same events: efficiency and purity of each line."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from sim.offline import mumugamma, single_photon
from sim.studies.lines import Line
from sim.studies.photon_counts import PLATEAU_ABOVE
from sim.studies.pointing import ring_at
from sim.studies.statistics import efficiency
from sim.studies.tables import Table, Value

Arrays = Mapping[str, np.ndarray]


class Selection(Enum):
    """Which analysis looks at a sample."""

    SINGLE_PHOTON = "single photon"
    MUMUGAMMA = "mu mu gamma, photon predicted by the muons"


@dataclass(frozen=True, kw_only=True, eq=False)
class Photons:
    """Selected events with the photon that the analysis sees."""

    selected: NDArray[np.bool_]
    e_star_gev: NDArray[np.float64]
    ring: NDArray[np.int64]

    def wanted(self, line: Line) -> NDArray[np.bool_]:
        """Events that the line should take: selected, photon in its rings and on its plateau."""
        return self.selected & line.inside(self.ring) & (self.e_star_gev > PLATEAU_ABOVE * line.threshold_gev)


def photons(arrays: Arrays, selection: Selection) -> Photons:
    """What the analysis selects among these events (``off_*`` fields)."""
    if selection is Selection.MUMUGAMMA:
        found = mumugamma.select(arrays)
        return Photons(
            selected=found.flow.passed,
            e_star_gev=np.nan_to_num(found.recoil_e_star_gev),
            ring=ring_at(found.recoil_theta_rad),
        )
    chosen = single_photon.select(arrays)
    has = chosen.candidate >= 0
    e_star, theta = (np.append(arrays[f"off_photon_{name}"], np.nan)[chosen.candidate] for name in ("estar", "theta"))
    return Photons(
        selected=chosen.flow.passed,
        e_star_gev=np.where(has, e_star, 0.0),
        ring=ring_at(np.where(has, theta, np.nan)),
    )


COLUMNS = (
    "sample", "selection", "line", "wanted",
    "model_k", "model_efficiency", "model_low", "model_high", "rtl_k", "rtl_efficiency", "rtl_low", "rtl_high",
    "fired", "model_purity", "rtl_purity", "purity_low", "purity_high",
)  # fmt: skip


def against_offline(
    name: str, selection: Selection, arrays: Arrays, model: Arrays, rtl: Arrays, lines: tuple[Line, ...]
) -> list[tuple[Value, ...]]:
    """Rows of `COLUMNS`: exact intervals of efficiency and purity. Purity: fired events that the analysis wants; its
    interval is that of the RTL. Lines that the sample's photons cannot reach are left out.
    """
    seen = photons(arrays, selection)
    rows: list[tuple[Value, ...]] = []
    for line in lines:
        wanted = seen.wanted(line)
        if not wanted.any():
            continue
        bits = [line.fired(side["ecl_lml"]) for side in (model, rtl)]
        row: list[Value] = [name, selection.value, line.name, int(wanted.sum())]
        for bit in bits:
            e = efficiency(int((bit & wanted).sum()), int(wanted.sum()))
            row += [int(e.passed), float(e.value), float(e.low), float(e.high)]
        purities = [efficiency(int((bit & wanted).sum()), int(bit.sum())) for bit in bits]
        rtl_side = purities[1]
        row += [int(bits[1].sum()), *(float(p.value) for p in purities), float(rtl_side.low), float(rtl_side.high)]
        rows.append(tuple(row))
    return rows


def as_table(rows: list[tuple[Value, ...]], stamp: Mapping[str, object]) -> Table:
    """The rows of all samples."""
    return Table(
        name="rtl_against_offline",
        title="Model and RTL against the offline selection, same events",
        columns=COLUMNS,
        rows=tuple(rows),
        notes=(
            f"wanted: selected offline, photon in the rings of the line with E* above {PLATEAU_ABOVE:g} thresholds",
            "purity: wanted among fired; a line also takes photons below its plateau and outside the selection",
        ),
        stamp=stamp,
    )
