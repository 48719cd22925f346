"""How the pictures look: one style, one colour per trigger line, one way to save."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from sim.studies.tables import write_atomically

INK, MUTED, GRID = "#1f2430", "#6b7280", "#e3e6eb"
COLOURS = {
    "lml13": "#0072b2",
    "lml6": "#d55e00",
    "lml7": "#e69f00",
    "lml1": "#009e73",
    "lml2": "#56b4e9",
    "lml4": "#cc79a7",
    "or": INK,
}
"""Colour of each single-photon line: the Okabe-Ito set, told apart by every kind of colour vision."""
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", INK)
MARKERS = ("o", "s", "^", "D", "v", "p", "h")

_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelsize": 10.5,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
    "lines.markersize": 4,
    "figure.facecolor": "white",
    "savefig.dpi": 150,
    "svg.hashsalt": "darktrigger",
}


@contextmanager
def styled() -> Iterator[None]:
    """Applies the style inside the block only."""
    with mpl.rc_context(_RC):
        yield


def note(figure: Figure, text: str) -> None:
    """Small print at the foot of the figure: maker, seed, digests."""
    figure.text(0.995, 0.005, text, ha="right", va="bottom", fontsize=7.5, color=MUTED)


def save(figure: Figure, path: Path) -> Path:
    """Writes the figure as PNG in one step; the path."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": "darktrigger"})
    write_atomically(path, buffer.getvalue())
    return path
