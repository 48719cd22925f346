"""Turn-on fits of the single-photon study, by line, ring and azimuth."""

import numpy as np
from numpy.typing import NDArray

from sim.studies import photon_counts as counts
from sim.studies.float_cut import Variant, lab_per_cm
from sim.studies.photon_chain import Kind
from sim.studies.photon_reading import Counted, in_rings
from sim.studies.tables import Table, Value
from sim.studies.turn_on import TurnOn, fit_turn_on, half_width_16_84
from trigger.geometry.ecl import N_THETA, cells

FIT_RANGE = (0.6, 2.0)
"""Fitted range of E* / threshold. Our choice: from eight widths below the turn-on to the plateau."""
MAP_MIN_EVENTS = 60
"""Events that a ring-and-azimuth bin needs for a fit of its own. Our choice: an E50 to about 1.5 %."""
# E50 / threshold, width / threshold, smallest and largest width with an exact boost. Source: SOURCES 2.5 (isolated photons,
# 35 to 120 degrees), simulated there with another shower model.
EXPECTED = {0.5: (1.10, 0.063, 0.055, 0.061), 1.0: (1.075, 0.049, 0.038, 0.041), 2.0: (1.054, 0.040, 0.025, 0.026)}

CENTRAL = f"{counts.CENTRAL_DEG[0]:g}-{counts.CENTRAL_DEG[1]:g} deg"
RINGS = "rings of the line"


FIT_COLUMNS = (
    "e50_gev", "e50_error", "e50_over_threshold", "width_gev", "width_error", "width_over_threshold",
    "half_16_84_over_threshold", "width_10_90_gev", "plateau", "plateau_low", "plateau_high", "floor", "e95_gev", "e99_gev",
    "events", "deviance", "bins", "valid",
)  # fmt: skip


def _fit(edges: NDArray[np.float64], k: NDArray[np.int64], n: NDArray[np.int64]) -> TurnOn | None:
    """Turn-on with a floor; None where the counts do not carry one."""
    if np.count_nonzero(n) < 4 or k.sum() < 10 or k.sum() == n.sum():
        return None
    return fit_turn_on(edges, k, n, floor=True)


def fit_values(k: NDArray[np.int64], n: NDArray[np.int64], threshold_gev: float) -> tuple[Value, ...]:
    """Values of `FIT_COLUMNS` from counts in the bins of E*, fitted around the threshold; None where there is no fit."""
    inside = (counts.E_EDGES[:-1] > FIT_RANGE[0] * threshold_gev - 1e-9) & (
        counts.E_EDGES[1:] < FIT_RANGE[1] * threshold_gev + 1e-9
    )
    place = np.flatnonzero(inside)
    edges = counts.E_EDGES[inside.argmax() : inside.argmax() + place.size + 1]
    k, n = k[place], n[place]
    fit = _fit(edges, k, n)
    if fit is None:
        return (None,) * (len(FIT_COLUMNS) - 1) + (False,)
    central = half_width_16_84(edges, k, n, fit.plateau)
    return (
        fit.e50, fit.e50_error, fit.e50 / threshold_gev, fit.width, fit.width_error, fit.width / threshold_gev,
        central / threshold_gev, fit.width_10_90, fit.plateau, fit.plateau_low, fit.plateau_high, fit.floor,
        fit.energy_at(0.95), fit.energy_at(0.99), fit.events, fit.deviance, fit.bins, fit.valid,
    )  # fmt: skip


def fits(c: Counted) -> Table:
    """Turn-on of every line, sample and selection, and of the floating-point variants on the gun."""
    rows: list[tuple[Value, ...]] = []
    for sample, selection, found in c.selections(Kind.GUN, Kind.MUMUGAMMA):
        for line in c.lines:
            n = found[f"n_theta/{selection}"][in_rings(line)].sum(axis=0)
            k = found[f"k_theta/{selection}/{line.name}"][in_rings(line)].sum(axis=0)
            where = (sample.name, selection, line.name, RINGS, Variant.HARDWARE.value, line.threshold_gev)
            rows.append((*where, *fit_values(k, n, line.threshold_gev), None, None))
    gun = c.counters["gun"]
    for line in c.lines:
        for variant in Variant:
            n, k = gun[f"n_variant/{line.name}"], gun[f"k_variant/{line.name}/{variant.name.lower()}"]
            for row, region in ((0, RINGS), (1, CENTRAL)):
                if variant is Variant.HARDWARE and region == RINGS:
                    continue
                where = ("gun", "all", line.name, region, variant.value, line.threshold_gev)
                expected = _expected(line.threshold_gev, variant) if region == CENTRAL else (None, None)
                rows.append((*where, *fit_values(k[row], n[row], line.threshold_gev), *expected))
    columns = ("sample", "selection", "line", "region", "cut", "threshold_gev", *FIT_COLUMNS, "expected_e50", "expected_width")
    return c.table(
        "turn_on_fits", "Turn-on of the single-photon lines: error function on a floor, binomial likelihood",
        columns, rows,
        f"fitted from {FIT_RANGE[0]:g} to {FIT_RANGE[1]:g} times the threshold; errors and bounds of one sigma",
        "half_16_84: half the step from 16 to 84 % of the plateau, without any curve: the turn-on has a tail beyond it",
        "expected: E50 and width over threshold for isolated photons (SOURCES 2.5), no gain; a range for an exact boost",
    )  # fmt: skip


def _expected(threshold_gev: float, variant: Variant) -> tuple[Value, Value]:
    if threshold_gev not in EXPECTED:
        return None, None
    e50, width, low, high = EXPECTED[threshold_gev]
    return e50, f"{low:g}-{high:g}" if variant in (Variant.CELL, Variant.DIRECTION) else f"{width:g}"


def by_ring(c: Counted) -> Table:
    """Turn-on per theta id, gun."""
    rows: list[tuple[Value, ...]] = []
    found = c.counters["gun"]
    for line in c.lines:
        for theta in line.theta_ids:
            n, k = found["n_theta/all"][theta], found[f"k_theta/all/{line.name}"][theta]
            rows.append((line.name, theta, line.threshold_gev, *fit_values(k, n, line.threshold_gev)))
    return c.table(
        "turn_on_by_ring", "Turn-on by the theta id that the photon flies into, photon gun",
        ("line", "theta_id", "threshold_gev", *FIT_COLUMNS), rows,
    )  # fmt: skip


def by_phi(c: Counted) -> Table:
    """Turn-on per azimuth, gun."""
    rows: list[tuple[Value, ...]] = []
    found = c.counters["gun"]
    for group, members in c.groups.items():
        threshold = members[0].threshold_gev
        for phi in range(counts.PHI_BINS):
            n, k = (found[f"{key}_phi/all/{group}"][phi] for key in "nk")
            centre = 2.5 + 360 / counts.PHI_BINS * (phi + 0.5)
            rows.append((group, phi + 1, centre, threshold, *fit_values(k, n, threshold)))
    return c.table(
        "turn_on_by_phi", "Turn-on by azimuth in all rings of the lines of a threshold, photon gun",
        ("group", "phi_bin", "phi_deg", "threshold_gev", *FIT_COLUMNS), rows,
    )  # fmt: skip


def threshold_map(c: Counted) -> Table:
    """E50 / threshold per ring and azimuth with what the look-up alone predicts, gun."""
    rows: list[tuple[Value, ...]] = []
    found = c.counters["gun"]
    predicted = _look_up_ratio()
    for group, members in c.groups.items():
        for theta in sorted({theta for line in members for theta in line.theta_ids}):
            for phi in range(counts.MAP_PHI_BINS):
                n, k = found[f"n_map/{group}"][theta, phi], found[f"k_map/{group}"][theta, phi]
                fit = _fit(counts.MAP_EDGES, k, n) if n.sum() >= MAP_MIN_EVENTS else None
                e50, error = (fit.e50, fit.e50_error) if fit is not None and fit.valid else (None, None)
                centre = 2.5 + 360 / counts.MAP_PHI_BINS * (phi + 0.5)
                rows.append((group, theta, phi + 1, centre, int(n.sum()), e50, error, float(predicted[theta, phi])))
    return c.table(
        "threshold_map", "E50 over threshold by theta id and azimuth, photon gun",
        ("group", "theta_id", "phi_bin", "phi_deg", "n", "e50_over_threshold", "error", "look_up_over_exact"), rows,
        "look_up_over_exact: mean over the cells of look-up factor / exact E_lab per E* at the cell centre",
    )  # fmt: skip


def _look_up_ratio() -> NDArray[np.float64]:
    """Look-up factor over exact boost, mean over the cells of each ring and azimuth bin, (18, bins); NaN where no centre lies."""
    c = cells()
    phi = np.arctan2(c.y_cm, c.x_cm)
    exact = lab_per_cm(np.arctan2(np.hypot(c.x_cm, c.y_cm), c.z_cm), phi)
    ratio = c.cm_energy_e / 10 / exact
    place = ((np.degrees(phi) - 2.5) % 360 / 360 * counts.MAP_PHI_BINS).astype(int) % counts.MAP_PHI_BINS
    out = np.full((N_THETA + 1, counts.MAP_PHI_BINS), np.nan)
    for theta in range(1, N_THETA + 1):
        for bin_ in range(counts.MAP_PHI_BINS):
            here = (c.theta_id == theta) & (place == bin_)
            if here.any():
                out[theta, bin_] = np.mean(ratio[here])
    return out
