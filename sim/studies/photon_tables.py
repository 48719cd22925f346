"""Tables of the single-photon study, made from its counters."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.offline import mumugamma, single_photon
from sim.studies import photon_counts as counts
from sim.studies.counting import Counters
from sim.studies.float_cut import Variant, lab_per_cm
from sim.studies.lines import Line, by_threshold, single_photon_lines
from sim.studies.photon_chain import Kind, Sample
from sim.studies.statistics import efficiency, lower_limit, paired
from sim.studies.tables import Table, Value
from sim.studies.turn_on import TurnOn, fit_turn_on
from trigger.ecl import EclTrigger
from trigger.geometry.ecl import N_THETA, cells

FIT_RANGE = (0.6, 2.0)
"""Fitted range of E* / threshold. Our choice: from eight widths below the turn-on to the plateau."""
MAP_MIN_EVENTS = 300
"""Events that a ring-and-azimuth bin needs for a fit of its own. Our choice: an E50 to about 1 %."""
REBIN = 2
"""Bins of E* that are joined for the efficiency table. Our choice: points that a figure can carry."""

# E50 / threshold, width / threshold, smallest and largest width with an exact boost. Source: SIM 2.5 (isolated photons,
# 35 to 120 degrees), simulated there with another shower model.
EXPECTED = {0.5: (1.10, 0.063, 0.055, 0.061), 1.0: (1.075, 0.049, 0.038, 0.041), 2.0: (1.054, 0.040, 0.025, 0.026)}

CENTRAL = f"{counts.CENTRAL_DEG[0]:g}-{counts.CENTRAL_DEG[1]:g} deg"
RINGS = "rings of the line"


def tables(
    samples: Iterable[Sample], counters: Mapping[str, Counters], trigger: EclTrigger, stamp: Mapping[str, Any]
) -> list[Table]:
    """All tables of the study."""
    make = _Maker(tuple(samples), counters, trigger, dict(stamp))
    return [
        make.fits(),
        make.efficiencies(),
        make.plateaus(),
        make.recoil(),
        make.by_ring(),
        make.by_phi(),
        make.threshold_map(),
        make.masses(),
        make.float_against_fixed(),
        make.losses(),
        make.timing(),
        make.kills(),
        make.cut_flows(),
    ]


def _slice(edges: NDArray[np.float64], low: float, high: float) -> slice:
    inside = np.flatnonzero((edges[:-1] > low - 1e-9) & (edges[1:] < high + 1e-9))
    return slice(int(inside[0]), int(inside[-1]) + 1)


def _fit(edges: NDArray[np.float64], k: NDArray[np.int64], n: NDArray[np.int64]) -> TurnOn | None:
    """Turn-on with a floor; None where the counts do not carry one."""
    if np.count_nonzero(n) < 4 or k.sum() < 10 or k.sum() == n.sum():
        return None
    return fit_turn_on(edges, k, n, floor=True)


_FIT_COLUMNS = (
    "e50_gev", "e50_error", "e50_over_threshold", "width_gev", "width_error", "width_over_threshold", "width_10_90_gev",
    "plateau", "plateau_low", "plateau_high", "floor", "e95_gev", "e99_gev", "events", "deviance", "bins", "valid",
)  # fmt: skip


def _fit_row(fit: TurnOn | None, threshold: float) -> tuple[Value, ...]:
    if fit is None:
        return (None,) * (len(_FIT_COLUMNS) - 1) + (False,)
    return (
        fit.e50, fit.e50_error, fit.e50 / threshold, fit.width, fit.width_error, fit.width / threshold, fit.width_10_90,
        fit.plateau, fit.plateau_low, fit.plateau_high, fit.floor, fit.energy_at(0.95), fit.energy_at(0.99),
        fit.events, fit.deviance, fit.bins, fit.valid,
    )  # fmt: skip


_EFF_COLUMNS = ("n", "k", "efficiency", "low", "high")


def _eff_row(k: int, n: int) -> tuple[Value, ...]:
    e = efficiency(int(k), int(n))
    return int(n), int(k), float(e.value), float(e.low), float(e.high)


class _Maker:
    """Counters with what is needed to read them."""

    def __init__(
        self, samples: tuple[Sample, ...], counters: Mapping[str, Counters], trigger: EclTrigger, stamp: dict[str, Any]
    ) -> None:
        self.samples, self.counters, self.trigger, self.stamp = samples, counters, trigger, stamp
        self.lines = single_photon_lines(trigger.parameters)
        self.groups = by_threshold(self.lines)

    def table(self, name: str, title: str, columns: tuple[str, ...], rows: Iterable[tuple[Value, ...]], *notes: str) -> Table:
        return Table(name=name, title=title, columns=columns, rows=tuple(rows), notes=notes, stamp=self.stamp)

    def selections(self, *kinds: Kind) -> Iterator[tuple[Sample, str, Counters]]:
        """(sample, selection, counters) of the samples of these kinds."""
        for sample in self.samples:
            if sample.kind in kinds:
                found = self.counters[sample.name]
                for key in found:
                    if key.startswith("n_theta/"):
                        yield sample, key.removeprefix("n_theta/"), found

    def in_rings(self, line: Line | None) -> NDArray[np.bool_]:
        """Rings of a line; those of all lines for None."""
        rings = np.arange(N_THETA + 1)
        return line.inside(rings) if line is not None else rings > 0

    def named_lines(self) -> tuple[tuple[str, Line | None], ...]:
        return (*((line.name, line) for line in self.lines), (counts.OR, None))

    def fits(self) -> Table:
        """Turn-on of every line, sample and selection, and of the floating-point variants on the gun."""
        rows: list[tuple[Value, ...]] = []
        for sample, selection, found in self.selections(Kind.GUN, Kind.MUMUGAMMA):
            for line in self.lines:
                rings = self.in_rings(line)
                n, k = (
                    found[f"{key}{selection}{end}"][rings].sum(axis=0)
                    for key, end in (("n_theta/", ""), ("k_theta/", f"/{line.name}"))
                )
                rows.append(
                    (
                        sample.name,
                        selection,
                        line.name,
                        RINGS,
                        Variant.HARDWARE.value,
                        line.threshold_gev,
                        *self._fitted(line, k, n),
                    )
                )
        for line in self.lines:
            for variant in Variant:
                n = self.counters["gun"][f"n_variant/{line.name}"]
                k = self.counters["gun"][f"k_variant/{line.name}/{variant.name.lower()}"]
                for row, region in ((0, RINGS), (1, CENTRAL)):
                    if variant is Variant.HARDWARE and region == RINGS:
                        continue
                    exact = variant in (Variant.CELL, Variant.DIRECTION)
                    fitted = self._fitted(line, k[row], n[row], region == CENTRAL, exact)
                    rows.append(("gun", "all", line.name, region, variant.value, line.threshold_gev, *fitted))
        columns = ("sample", "selection", "line", "region", "cut", "threshold_gev", *_FIT_COLUMNS, "expected_e50", "expected_width")
        return self.table(
            "turn_on_fits", "Turn-on of the single-photon lines: error function on a floor, binomial likelihood",
            columns, rows,
            f"fitted from {FIT_RANGE[0]:g} to {FIT_RANGE[1]:g} times the threshold; errors and bounds of one sigma",
            "expected: E50 and width over threshold for isolated photons (SIM 2.5), no gain; a range for an exact boost",
        )  # fmt: skip

    def _fitted(self, line: Line, k: NDArray, n: NDArray, central: bool = False, exact: bool = False) -> tuple[Value, ...]:
        part = _slice(counts.E_EDGES, FIT_RANGE[0] * line.threshold_gev, FIT_RANGE[1] * line.threshold_gev)
        fit = _fit(counts.E_EDGES[part.start : part.stop + 1], k[part], n[part])
        expected: tuple[Value, Value] = (None, None)
        if central and line.threshold_gev in EXPECTED:
            e50, width, low, high = EXPECTED[line.threshold_gev]
            expected = (e50, f"{low:g}-{high:g}" if exact else f"{width:g}")
        return (*_fit_row(fit, line.threshold_gev), *expected)

    def efficiencies(self) -> Table:
        """Efficiency against true E*."""
        rows: list[tuple[Value, ...]] = []
        edges = counts.E_EDGES[::REBIN]
        for sample, selection, found in self.selections(Kind.GUN, Kind.MUMUGAMMA):
            for name, line in self.named_lines():
                rings = self.in_rings(line)
                n = found[f"n_theta/{selection}"][rings].sum(axis=0).reshape(-1, REBIN).sum(axis=1)
                k = found[f"k_theta/{selection}/{name}"][rings].sum(axis=0).reshape(-1, REBIN).sum(axis=1)
                rows += [
                    (sample.name, selection, name, float(edges[i]), float(edges[i + 1]), *_eff_row(k[i], n[i]))
                    for i in range(n.size)
                ]
        return self.table(
            "efficiency", "Efficiency against the photon's true E*",
            ("sample", "selection", "line", "e_star_low", "e_star_high", *_EFF_COLUMNS), rows,
            "photons that fly into a ring of the line; for `or` into any trigger cell",
        )  # fmt: skip

    def plateaus(self) -> Table:
        """Efficiency well above threshold."""
        rows: list[tuple[Value, ...]] = []
        for sample, selection, found in self.selections(Kind.GUN, Kind.MUMUGAMMA):
            for line in self.lines:
                rings = self.in_rings(line)
                above = counts.E_EDGES[:-1] > counts.PLATEAU_ABOVE * line.threshold_gev - 1e-9
                n = int(found[f"n_theta/{selection}"][rings][:, above].sum())
                k = int(found[f"k_theta/{selection}/{line.name}"][rings][:, above].sum())
                limit = float(lower_limit(k, n))
                rows.append((sample.name, _level(sample), selection, line.name, *_eff_row(k, n), limit))
        return self.table(
            "plateaus", f"Efficiency for E* above {counts.PLATEAU_ABOVE:g} times the threshold",
            ("sample", "background", "selection", "line", *_EFF_COLUMNS, "lower_limit_95"), rows,
            "published: about 0.99 on mu mu gamma data; its background and its cuts on the muon clusters are not public",
            "offline_quiet_muons: both muon clusters below 0.25 GeV offline (our choice)",
            "offline_isolated: also muons and predicted photon more than 30 deg apart from each other (our choice)",
        )  # fmt: skip

    def recoil(self) -> Table:
        """Efficiency of the control sample against the predicted E*, as data can measure it."""
        rows: list[tuple[Value, ...]] = []
        edges = counts.E_EDGES[::REBIN]
        for sample in self.samples:
            if sample.kind is Kind.MUMUGAMMA:
                found = self.counters[sample.name]
                for name, line in self.named_lines():
                    rings = self.in_rings(line)
                    n = found["n_recoil"][rings].sum(axis=0).reshape(-1, REBIN).sum(axis=1)
                    k = found[f"k_recoil/{name}"][rings].sum(axis=0).reshape(-1, REBIN).sum(axis=1)
                    rows += [
                        (sample.name, name, float(edges[i]), float(edges[i + 1]), *_eff_row(k[i], n[i])) for i in range(n.size)
                    ]
        return self.table(
            "efficiency_recoil", "Efficiency against the E* that the two muons predict, mu mu gamma control sample",
            ("sample", "line", "e_star_low", "e_star_high", *_EFF_COLUMNS), rows,
            "no reference trigger: the track trigger is not emulated yet; smeared by the momentum resolution",
        )  # fmt: skip

    def by_ring(self) -> Table:
        """Turn-on per theta id, gun."""
        rows: list[tuple[Value, ...]] = []
        found = self.counters["gun"]
        for line in self.lines:
            for theta in line.theta_ids:
                part = _slice(counts.E_EDGES, FIT_RANGE[0] * line.threshold_gev, FIT_RANGE[1] * line.threshold_gev)
                n, k = found["n_theta/all"][theta][part], found[f"k_theta/all/{line.name}"][theta][part]
                fit = _fit(counts.E_EDGES[part.start : part.stop + 1], k, n)
                rows.append((line.name, theta, line.threshold_gev, *_fit_row(fit, line.threshold_gev)))
        return self.table(
            "turn_on_by_ring", "Turn-on by the theta id that the photon flies into, photon gun",
            ("line", "theta_id", "threshold_gev", *_FIT_COLUMNS), rows,
        )  # fmt: skip

    def by_phi(self) -> Table:
        """Turn-on per azimuth, gun."""
        rows: list[tuple[Value, ...]] = []
        found = self.counters["gun"]
        for group, members in self.groups.items():
            threshold = members[0].threshold_gev
            part = _slice(counts.E_EDGES, FIT_RANGE[0] * threshold, FIT_RANGE[1] * threshold)
            for phi in range(counts.PHI_BINS):
                n, k = (found[f"{key}_phi/all/{group}"][phi][part] for key in "nk")
                fit = _fit(counts.E_EDGES[part.start : part.stop + 1], k, n)
                centre = 2.5 + 360 / counts.PHI_BINS * (phi + 0.5)
                rows.append((group, phi + 1, centre, threshold, *_fit_row(fit, threshold)))
        return self.table(
            "turn_on_by_phi", "Turn-on by azimuth in all rings of the lines of a threshold, photon gun",
            ("group", "phi_bin", "phi_deg", "threshold_gev", *_FIT_COLUMNS), rows,
        )  # fmt: skip

    def threshold_map(self) -> Table:
        """E50 / threshold per ring and azimuth with what the look-up alone predicts, gun."""
        rows: list[tuple[Value, ...]] = []
        found = self.counters["gun"]
        predicted = _look_up_ratio()
        for group, members in self.groups.items():
            for theta in sorted({theta for line in members for theta in line.theta_ids}):
                for phi in range(counts.MAP_PHI_BINS):
                    n, k = found[f"n_map/{group}"][theta, phi], found[f"k_map/{group}"][theta, phi]
                    fit = _fit(counts.MAP_EDGES, k, n) if n.sum() >= MAP_MIN_EVENTS else None
                    e50, error = (fit.e50, fit.e50_error) if fit is not None and fit.valid else (None, None)
                    centre = 2.5 + 360 / counts.MAP_PHI_BINS * (phi + 0.5)
                    rows.append((group, theta, phi + 1, centre, int(n.sum()), e50, error, float(predicted[theta, phi])))
        return self.table(
            "threshold_map", "E50 over threshold by theta id and azimuth, photon gun",
            ("group", "theta_id", "phi_bin", "phi_deg", "n", "e50_over_threshold", "error", "look_up_over_exact"), rows,
            "look_up_over_exact: mean over the cells of look-up factor / exact E_lab per E* at the cell centre",
        )  # fmt: skip

    def masses(self) -> Table:
        """Efficiency against the A' mass."""
        rows: list[tuple[Value, ...]] = []
        for sample, selection, found in self.selections(Kind.DARK_PHOTON):
            generator: Any = sample.generator
            for name, line in self.named_lines():
                rings = self.in_rings(line)
                n = int(found[f"n_theta/{selection}"][1:].sum())
                k = int(found[f"k_theta/{selection}/{name}"][1:].sum())
                own = int(found[f"n_theta/{selection}"][rings].sum()), int(found[f"k_theta/{selection}/{name}"][rings].sum())
                rows.append((generator.mass_gev, generator.e_star_gev, selection, name, *_eff_row(k, n), *own))
        return self.table(
            "mass_reach", "Efficiency for e+e- -> gamma A', A' invisible, against the A' mass",
            ("mass_gev", "e_star_gev", "selection", "line", *_EFF_COLUMNS, "n_in_rings", "k_in_rings"), rows,
            "all: photon flies into a trigger cell; offline: single-photon selection passed",
            "reach of 2, 1, 0.5 GeV: 8.34, 9.53, 10.07 GeV",
        )  # fmt: skip

    def float_against_fixed(self) -> Table:
        """Same events, hardware cut against each floating-point variant, within 30 % of the threshold."""
        rows: list[tuple[Value, ...]] = []
        for line in self.lines:
            for variant in Variant:
                if variant is not Variant.HARDWARE:
                    both, first, second, neither = (
                        int(v) for v in self.counters["gun"][f"paired/{line.name}/{variant.name.lower()}"]
                    )
                    p = paired(both, first, second, neither)
                    rows.append(
                        (line.name, variant.value, both, first, second, neither, p.difference, p.difference_sigma, p.p_value)
                    )
        return self.table(
            "float_against_fixed", "Hardware cut against floating-point cuts on the same photons, E* within 30 % of the threshold",
            ("line", "cut", "both", "hardware_only", "float_only", "neither", "difference", "sigma", "mcnemar_p"), rows,
            "difference: efficiency of the hardware minus that of the floating-point cut",
            "energies before truncation are drawn flat inside each count: the same distribution, not the same numbers",
        )  # fmt: skip

    def losses(self) -> Table:
        """What is left after each step, at each background level."""
        rows: list[tuple[Value, ...]] = []
        for sample in self.samples:
            if sample.kind in (Kind.GUN, Kind.MUMUGAMMA):
                for line in self.lines:
                    left = self.counters[sample.name][f"steps/{line.name}"]
                    for step, name in enumerate((*counts.STEPS, "bit, by whatever cluster")):
                        lost = int(left[step - 1] - left[step]) if 0 < step < len(counts.STEPS) else 0
                        rows.append((sample.name, _level(sample), line.name, step, name, *_eff_row(left[step], left[0]), lost))
        return self.table(
            "losses", f"Photons left after each step, E* above {counts.PLATEAU_ABOVE:g} times the threshold",
            ("sample", "background", "line", "step", "name", *_EFF_COLUMNS, "lost_here"), rows,
            "background levels are multiples of a GUESS: there is no public source of trigger-cell rates",
            "efficiency: fraction of step 0",
            "quiet: exactly one cluster above 300 MeV, or no 3D Bhabha, or nothing, as the line asks",
        )  # fmt: skip

    def timing(self) -> Table:
        """Chosen window and event time of photons well above 0.5 GeV."""
        rows: list[tuple[Value, ...]] = []
        centre = (counts.TIMING_EDGES_RAW[1:] + counts.TIMING_EDGES_RAW[:-1]) / 2
        for sample in self.samples:
            if sample.kind is Kind.GUN:
                found = self.counters[sample.name]
                start, time = found["window_start"], found["timing"].sum(axis=0)
                n = int(start.sum() + found["no_window"][0])
                for name, k in (
                    ("no hit in any window", found["no_window"][0]),
                    *zip(("start -1 clock", "start 0", "start +1 clock"), start, strict=True),
                ):
                    rows.append((sample.name, _level(sample), name, *_eff_row(int(k), n)))
                for limit in (16, 32, 64):
                    inside = int(time[np.abs(centre) < limit].sum())
                    rows.append((sample.name, _level(sample), f"|event time| < {limit * 0.98256:.0f} ns", *_eff_row(inside, n)))
        return self.table(
            "timing", "Window choice and event timing, photons with E* above 0.65 GeV in any trigger cell",
            ("sample", "background", "what", *_EFF_COLUMNS), rows,
            "event time: that of the most energetic cell in the window; background levels are multiples of a GUESS",
        )  # fmt: skip

    def kills(self) -> Table:
        """First failing condition of offline-selected photons that a line rejects."""
        rows: list[tuple[Value, ...]] = []
        names = counts.condition_names(self.trigger)
        for sample in self.samples:
            found = self.counters[sample.name]
            for line in self.lines:
                for selection in ("offline", "offline_quiet_muons", "offline_isolated"):
                    first = found.get(f"kills/{selection}/{line.name}")
                    if first is not None:
                        total = int(first.sum())
                        for name, k in zip((*names[line.name], "accepted"), first, strict=True):
                            rows.append((sample.name, _level(sample), selection, line.name, name, *_eff_row(int(k), total)))
        return self.table(
            "kill_attribution", f"First failed condition, offline-selected photons above {counts.PLATEAU_ABOVE:g} thresholds",
            ("sample", "background", "selection", "line", "first_failed", *_EFF_COLUMNS), rows,
        )  # fmt: skip

    def cut_flows(self) -> Table:
        """Offline selections, cut by cut, with the source of each cut and the parts that are left out."""
        rows: list[tuple[Value, ...]] = []
        for sample in self.samples:
            for key, cuts, left_out in (
                ("single_photon", single_photon.CUTS, single_photon.LEFT_OUT),
                ("mumugamma", mumugamma.CUTS, mumugamma.LEFT_OUT),
            ):
                flow = self.counters[sample.name].get(f"flow/{key}")
                if flow is not None:
                    rows.append((sample.name, key, "generated", "", "", "", *_eff_row(flow[0], flow[0])))
                    for cut, left in zip(cuts, flow[1:], strict=True):
                        rows.append(
                            (sample.name, key, cut.name, cut.asks, cut.source, cut.certainty.value, *_eff_row(left, flow[0]))
                        )
                    rows += [
                        (sample.name, key, f"not applied: {part.name}", part.reason, "", "", None, None, None, None, None)
                        for part in left_out
                    ]
        return self.table(
            "cut_flow", "Offline selections, cut by cut",
            ("sample", "selection", "cut", "asks", "source", "certainty", *_EFF_COLUMNS), rows,
        )  # fmt: skip


def _level(sample: Sample) -> str:
    """Background of a sample in words."""
    level = sample.background
    return "none" if level.rate_per_us == 0 else f"{level.preset.name.lower()} x{level.scale:g} (guess)"


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
                out[theta, bin_] = float(np.mean(ratio[here]))
    return out
