"""`study generators`: cross-sections of the generators against references, drawn angles and energies against their formulas."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from sim.blocks import Stage, stream
from sim.generators import Bhabha, DarkPhoton, PhotonPair
from sim.generators import beams as frames
from sim.generators.beams import NOMINAL
from sim.generators.bhabha import density_nb
from sim.generators.comparison import Comparison
from sim.generators.missing import MISSING
from sim.generators.validation import validate_generators
from sim.progress import progress
from sim.provenance import describe, stamp
from sim.studies.style import INK, MUTED, SERIES, note, save, styled
from sim.studies.tables import Table, write

N_DRAWN = 1 << 18
"""Events drawn of each process for the spectra. Our choice: 1 % per bin."""
N_BINS = 40
DARK_PHOTON_MASSES_GEV = (5.0, 9.5)
"""Masses of the shown gamma A' samples. Our choice."""


@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """Drawn events of one process in bins of cos theta* of the first particle, and the formula that they must follow."""

    name: str
    process: Any
    edges: np.ndarray
    density: Callable[[np.ndarray], np.ndarray]


def spectra() -> tuple[Spectrum, ...]:
    """Return the processes whose angles have a closed form (SOURCES 1.3 items 1, 2, 7)."""
    limit = float(np.cos(np.radians(10.0)))
    edges = np.linspace(-limit, limit, N_BINS + 1)
    s = NOMINAL.s_gev2

    def dark_photon(mass_gev: float) -> Spectrum:
        shift = 4 * s * mass_gev**2 / (s - mass_gev**2) ** 2
        name = f"gamma A', {mass_gev:g} GeV"
        process = DarkPhoton(mass_gev=mass_gev)
        return Spectrum(name=name, process=process, edges=edges, density=lambda c: (1 + c * c + shift) / (1 - c * c))

    def bhabha(c: np.ndarray) -> np.ndarray:
        v = 1 / (1 - c)
        return density_nb(v.ravel(), s).reshape(c.shape) * v**2

    return (
        Spectrum(name="gamma gamma", process=PhotonPair(), edges=edges, density=lambda c: (1 + c * c) / (1 - c * c)),
        Spectrum(name="Bhabha", process=Bhabha(), edges=edges, density=bhabha),
        *(dark_photon(mass) for mass in DARK_PHOTON_MASSES_GEV),
    )


def cross_sections(comparisons: tuple[Comparison, ...], meta: dict[str, Any]) -> Table:
    """Return one row per number of ours with its reference."""
    rows = tuple(
        (c.name, c.ours, c.error, c.reference, c.ours / c.reference, c.tolerance / c.reference, c.unit, c.agrees, c.source)
        for c in comparisons
    )
    columns = ("quantity", "ours", "error", "reference", "ratio", "relative_tolerance", "unit", "agrees", "source")
    notes = ("errors are one standard deviation; a tolerance says how far the two may differ for the reason in `source`",)
    title = "Cross-sections of the generators against published and independently derived numbers"
    return Table(name="cross_sections", title=title, columns=columns, rows=rows, notes=notes, stamp=meta)


def missing_channels(meta: dict[str, Any]) -> Table:
    """Return one row per channel that no generator makes."""
    rows = tuple((missing.channel, missing.reason, missing.instead) for missing in MISSING)
    title = "Channels that no generator makes: use LHE or HepMC files"
    return Table(name="missing_channels", title=title, columns=("channel", "reason", "instead"), rows=rows, stamp=meta)


def drawn_angles(seed: int, meta: dict[str, Any]) -> Table:
    """Return counts of drawn events per bin of cos theta* and what the formula expects for the same total."""
    rows: list[tuple[str, float, float, int, float]] = []
    for spectrum in spectra():
        particles = spectrum.process.generate(N_DRAWN, stream(seed, "study generators", Stage.GENERATE, 0))
        first = particles.offsets[:-1]
        lab = np.stack([particles.energy, particles.px, particles.py, particles.pz])[:, first]
        momentum = frames.lab_to_generator(lab)[1:]
        counts = np.histogram(momentum[2] / np.linalg.norm(momentum, axis=0), spectrum.edges)[0]
        low, high = spectrum.edges[:-1], spectrum.edges[1:]
        points = low[:, None] + (high - low)[:, None] * (np.arange(200) + 0.5) / 200
        expected = spectrum.density(points).mean(axis=1)
        expected *= counts.sum() / expected.sum()
        rows += [(spectrum.name, *row) for row in zip(low.tolist(), high.tolist(), counts.tolist(), expected.tolist(), strict=True)]
    columns = ("process", "cos_theta_star_low", "cos_theta_star_high", "drawn", "expected")
    title = "cos theta* of the first particle: drawn events and the closed formula, same total"
    return Table(name="drawn_angles", title=title, columns=columns, rows=tuple(rows), stamp=meta)


def run_study(seed: int, out: Path, n_weighted: int = 1 << 20) -> tuple[Table, Table]:
    """Write the tables and the picture into `out`; return those of cross-sections and of angles."""
    meta = stamp("study generators", seed=seed, labels={"n_drawn": N_DRAWN, "n_weighted": n_weighted})
    with progress("generators", 2) as advance:
        table = cross_sections(validate_generators(seed, n_weighted), meta)
        advance(1)
        angles = drawn_angles(seed, meta)
        advance(1)
    out.mkdir(parents=True, exist_ok=True)
    write(table, out)
    write(angles, out)
    write(missing_channels(meta), out)
    with styled():
        save(picture(table, angles), out / "generators.png")
    return table, angles


def picture(table: Table, angles: Table) -> Figure:
    """Return the figure: ratios to the references on the left, angles on the right."""
    figure = Figure(figsize=(13, 11), layout=ConstrainedLayoutEngine(rect=(0, 0.03, 1, 0.97)))
    left, *right = figure.subplot_mosaic([["ratios", "0", "1"], ["ratios", "2", "3"]], width_ratios=(1.35, 1, 1)).values()
    _ratios(left, table)
    for axes, spectrum, colour in zip(right, spectra(), SERIES, strict=False):
        _angles(axes, angles.where(process=spectrum.name), colour)
    note(figure, describe(table.stamp))
    return figure


def _ratios(axes: Axes, table: Table) -> None:
    names = [str(name) for name in table.column("quantity")]
    ratio, tolerance, error, reference = (
        np.array(table.column(name), dtype=float) for name in ("ratio", "relative_tolerance", "error", "reference")
    )
    place = np.arange(len(names))[::-1]
    axes.barh(place, 200 * tolerance, left=100 * (1 - tolerance), height=0.6, color="#dbe9f5", label="tolerance of the comparison")
    axes.errorbar(100 * ratio, place, xerr=100 * error / reference, fmt="o", color=SERIES[0], label="ours / reference")
    axes.axvline(100, color=MUTED, linewidth=1)
    axes.set_yticks(place, names, fontsize=7.5)
    axes.set_xlim(94, 106)
    axes.set_ylim(-1, len(names) + 1.5)
    axes.set_xlabel("ours / reference [%]")
    axes.set_title("Cross-sections")
    axes.legend(loc="upper right", fontsize=8)


def _angles(axes: Axes, angles: Table, colour: str) -> None:
    low, high, drawn, expected = (
        np.array(angles.column(name), dtype=float) for name in ("cos_theta_star_low", "cos_theta_star_high", "drawn", "expected")
    )
    middle = (low + high) / 2
    axes.stairs(expected, np.append(low, high[-1]), color=INK, linewidth=1.2, baseline=None, label="formula")
    axes.errorbar(middle, drawn, yerr=np.sqrt(drawn), fmt="o", markersize=3, color=colour, label="drawn")
    axes.set_yscale("log")
    chi2 = float(((drawn - expected) ** 2 / expected).sum())
    axes.set_title(str(angles.column("process")[0]))
    axes.set_xlabel("cos theta*")
    axes.set_ylabel("events")
    axes.legend(title=f"chi2 {chi2:.0f} / {len(drawn) - 1}", fontsize=8)
