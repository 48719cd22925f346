"""Tables of the single-photon study, made from its counters."""

from typing import Any

import numpy as np

from sim.offline import mumugamma, single_photon
from sim.studies import photon_counts as counts
from sim.studies import photon_fits as fits
from sim.studies.float_cut import Variant
from sim.studies.photon_chain import Kind
from sim.studies.photon_reading import EFFICIENCY_COLUMNS, Counted, efficiency_row, in_rings, level
from sim.studies.statistics import lower_limit, paired
from sim.studies.tables import Table, Value

REBIN = 2
"""Bins of E* that are joined for the efficiency tables. Our choice: two thirds of the narrowest turn-on."""
BACKGROUND_CUT_STEP = counts.STEPS.index("quiet")
"""Step of the loss table at which other clusters are counted."""


def tables(c: Counted) -> list[Table]:
    """All tables of the study."""
    make = (
        fits.fits, efficiencies, plateaus, recoil, fits.by_ring, fits.by_phi, fits.threshold_map,
        masses, float_against_fixed, losses, timing, kills, cut_flows,
    )  # fmt: skip
    return [table(c) for table in make]


def efficiencies(c: Counted) -> Table:
    """Efficiency against true E*."""
    rows: list[tuple[Value, ...]] = []
    edges = counts.E_EDGES[::REBIN]
    for sample, selection, found in c.selections(Kind.GUN, Kind.MUMUGAMMA):
        for name, line in c.named_lines:
            rings = in_rings(line)
            n = found[f"n_theta/{selection}"][rings].sum(axis=0).reshape(-1, REBIN).sum(axis=1)
            k = found[f"k_theta/{selection}/{name}"][rings].sum(axis=0).reshape(-1, REBIN).sum(axis=1)
            rows += [
                (sample.name, selection, name, float(edges[i]), float(edges[i + 1]), *efficiency_row(k[i], n[i]))
                for i in range(n.size)
            ]
    return c.table(
        "efficiency", "Efficiency against the photon's true E*",
        ("sample", "selection", "line", "e_star_low", "e_star_high", *EFFICIENCY_COLUMNS), rows,
        "photons that fly into a ring of the line; for `or` into any trigger cell",
    )  # fmt: skip


def plateaus(c: Counted) -> Table:
    """Efficiency well above threshold."""
    rows: list[tuple[Value, ...]] = []
    for sample, selection, found in c.selections(Kind.GUN, Kind.MUMUGAMMA):
        for line in c.lines:
            rings = in_rings(line)
            above = counts.E_EDGES[:-1] > counts.PLATEAU_ABOVE * line.threshold_gev - 1e-9
            n = int(found[f"n_theta/{selection}"][rings][:, above].sum())
            k = int(found[f"k_theta/{selection}/{line.name}"][rings][:, above].sum())
            limit = float(lower_limit(k, n))
            rows.append((sample.name, level(sample), selection, line.name, *efficiency_row(k, n), limit))
    return c.table(
        "plateaus", f"Efficiency for E* above {counts.PLATEAU_ABOVE:g} times the threshold",
        ("sample", "background", "selection", "line", *EFFICIENCY_COLUMNS, "lower_limit_95"), rows,
        "published: about 0.99 on mu mu gamma data; its background and its cuts on the muon clusters are not public",
        "offline_quiet_muons: both muon clusters below 0.25 GeV offline (our choice)",
        "offline_isolated: also muons and predicted photon more than 30 deg apart from each other (our choice)",
    )  # fmt: skip


def recoil(c: Counted) -> Table:
    """Efficiency of the control sample against the predicted E*, as data can measure it."""
    rows: list[tuple[Value, ...]] = []
    edges = counts.E_EDGES[::REBIN]
    for sample in c.samples:
        if sample.kind is Kind.MUMUGAMMA:
            found = c.counters[sample.name]
            for name, line in c.named_lines:
                rings = in_rings(line)
                n = found["n_recoil"][rings].sum(axis=0).reshape(-1, REBIN).sum(axis=1)
                k = found[f"k_recoil/{name}"][rings].sum(axis=0).reshape(-1, REBIN).sum(axis=1)
                rows += [
                    (sample.name, name, float(edges[i]), float(edges[i + 1]), *efficiency_row(k[i], n[i])) for i in range(n.size)
                ]
    return c.table(
        "efficiency_recoil", "Efficiency against the E* that the two muons predict, mu mu gamma control sample",
        ("sample", "line", "e_star_low", "e_star_high", *EFFICIENCY_COLUMNS), rows,
        "every selected event counts: the calorimeter runs alone here; with a reference line of tracks: `study mu-mu-gamma`",
        "smeared by the momentum resolution",
    )  # fmt: skip


def masses(c: Counted) -> Table:
    """Efficiency against the A' mass."""
    rows: list[tuple[Value, ...]] = []
    for sample, selection, found in c.selections(Kind.DARK_PHOTON):
        generator: Any = sample.generator
        for name, line in c.named_lines:
            rings = in_rings(line)
            n = int(found[f"n_theta/{selection}"][1:].sum())
            k = int(found[f"k_theta/{selection}/{name}"][1:].sum())
            own = int(found[f"n_theta/{selection}"][rings].sum()), int(found[f"k_theta/{selection}/{name}"][rings].sum())
            rows.append((generator.mass_gev, generator.e_star_gev, selection, name, *efficiency_row(k, n), *own))
    return c.table(
        "mass_reach", "Efficiency for e+e- -> gamma A', A' invisible, against the A' mass",
        ("mass_gev", "e_star_gev", "selection", "line", *EFFICIENCY_COLUMNS, "n_in_rings", "k_in_rings"), rows,
        "all: photon flies into a trigger cell; offline: single-photon selection passed",
        "reach of 2, 1, 0.5 GeV: 8.34, 9.53, 10.07 GeV",
    )  # fmt: skip


def float_against_fixed(c: Counted) -> Table:
    """Same events, hardware cut against each floating-point variant, within 30 % of the threshold."""
    rows: list[tuple[Value, ...]] = []
    for line in c.lines:
        for variant in Variant:
            if variant is not Variant.HARDWARE:
                both, first, second, neither = (int(v) for v in c.counters["gun"][f"paired/{line.name}/{variant.name.lower()}"])
                p = paired(both, first, second, neither)
                rows.append((line.name, variant.value, both, first, second, neither, p.difference, p.difference_sigma, p.p_value))
    return c.table(
        "float_against_fixed", "Hardware cut against floating-point cuts on the same photons, E* within 30 % of the threshold",
        ("line", "cut", "both", "hardware_only", "float_only", "neither", "difference", "sigma", "mcnemar_p"), rows,
        "difference: efficiency of the hardware minus that of the floating-point cut",
        "energies before truncation are drawn flat inside each count: the same distribution, not the same numbers",
    )  # fmt: skip


def losses(c: Counted) -> Table:
    """What is left after each step, at each background level."""
    rows: list[tuple[Value, ...]] = []
    for sample in c.samples:
        if sample.kind in (Kind.GUN, Kind.MUMUGAMMA):
            for line in c.lines:
                left = c.counters[sample.name][f"steps/{line.name}"]
                for step, name in enumerate((*counts.STEPS, "bit, by whatever cluster")):
                    lost = int(left[step - 1] - left[step]) if 0 < step < len(counts.STEPS) else 0
                    rows.append((sample.name, level(sample), line.name, step, name, *efficiency_row(left[step], left[0]), lost))
    return c.table(
        "losses", f"Photons left after each step, E* above {counts.PLATEAU_ABOVE:g} times the threshold",
        ("sample", "background", "line", "step", "name", *EFFICIENCY_COLUMNS, "lost_here"), rows,
        "background levels are multiples of a GUESS: there is no public source of trigger-cell rates",
        "efficiency: fraction of step 0",
        "quiet: exactly one cluster above 300 MeV, or no 3D Bhabha, or nothing, as the line asks",
    )  # fmt: skip


def timing(c: Counted) -> Table:
    """Chosen window and event time of photons well above 0.5 GeV."""
    rows: list[tuple[Value, ...]] = []
    centre = (counts.TIMING_EDGES_RAW[1:] + counts.TIMING_EDGES_RAW[:-1]) / 2
    for sample in c.samples:
        if sample.kind is Kind.GUN:
            found = c.counters[sample.name]
            start, time = found["window_start"], found["timing"].sum(axis=0)
            n = int(start.sum() + found["no_window"][0])
            for name, k in (
                ("no hit in any window", found["no_window"][0]),
                *zip(("start -1 clock", "start 0", "start +1 clock"), start, strict=True),
            ):
                rows.append((sample.name, level(sample), name, *efficiency_row(int(k), n)))
            for limit in (16, 32, 64):
                inside = int(time[np.abs(centre) < limit].sum())
                rows.append((sample.name, level(sample), f"|event time| < {limit * 0.98256:.0f} ns", *efficiency_row(inside, n)))
    return c.table(
        "timing", "Window choice and event timing, photons with E* above 0.65 GeV in any trigger cell",
        ("sample", "background", "what", *EFFICIENCY_COLUMNS), rows,
        "event time: that of the most energetic cell in the window; background levels are multiples of a GUESS",
    )  # fmt: skip


def kills(c: Counted) -> Table:
    """First failing condition of offline-selected photons that a line rejects."""
    rows: list[tuple[Value, ...]] = []
    names = counts.condition_names(c.trigger)
    for sample in c.samples:
        found = c.counters[sample.name]
        for line in c.lines:
            for selection in ("offline", "offline_quiet_muons", "offline_isolated"):
                first = found.get(f"kills/{selection}/{line.name}")
                if first is not None:
                    total = int(first.sum())
                    for name, k in zip((*names[line.name], "accepted"), first, strict=True):
                        rows.append((sample.name, level(sample), selection, line.name, name, *efficiency_row(int(k), total)))
    return c.table(
        "kill_attribution", f"First failed condition, offline-selected photons above {counts.PLATEAU_ABOVE:g} thresholds",
        ("sample", "background", "selection", "line", "first_failed", *EFFICIENCY_COLUMNS), rows,
    )  # fmt: skip


def cut_flows(c: Counted) -> Table:
    """Offline selections, cut by cut, with the source of each cut and the parts that are left out."""
    rows: list[tuple[Value, ...]] = []
    for sample in c.samples:
        for key, cuts, left_out in (
            ("single_photon", single_photon.CUTS, single_photon.LEFT_OUT),
            ("mumugamma", mumugamma.CUTS, mumugamma.LEFT_OUT),
        ):
            flow = c.counters[sample.name].get(f"flow/{key}")
            if flow is not None:
                rows.append((sample.name, key, "generated", "", "", "", *efficiency_row(flow[0], flow[0])))
                for cut, left in zip(cuts, flow[1:], strict=True):
                    rows.append(
                        (sample.name, key, cut.name, cut.asks, cut.source, cut.certainty.value, *efficiency_row(left, flow[0]))
                    )
                rows += [
                    (sample.name, key, f"not applied: {part.name}", part.reason, "", "", None, None, None, None, None)
                    for part in left_out
                ]
    return c.table(
        "cut_flow", "Offline selections, cut by cut",
        ("sample", "selection", "cut", "asks", "source", "certainty", *EFFICIENCY_COLUMNS), rows,
    )  # fmt: skip
