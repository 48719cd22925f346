"""Pictures of searches say what they are drawn against, and draw the rows that belong to it."""

import numpy as np
import pytest

from sim.studies.channel_plots import Abscissa, draw
from sim.studies.searches import CHANNELS
from sim.studies.tables import Table

COLUMNS = ("sample", "background_scale", "entry", "kind", "lines", "variable", "low_edge", "high_edge", "total", "efficiency")
STAMP = {"command": "study x", "seed": 1, "digests": {"study": "0" * 64}, "versions": {}, "labels": {}}


def table(channel, samples, scale=0.0):
    """Efficiencies of one entry: of each sample as a whole, and in two bins of the first variable."""
    rows = []
    for number, sample in enumerate(samples, 1):
        bins = [("", None, None), (channel.variables[0].name, 0.0, 1.0), (channel.variables[0].name, 1.0, 3.0)]
        for variable, low, high in bins:
            efficiency = 0.1 * number + 0.01 * (high or 0.0)
            row = (sample, scale, "all", "all", "any", variable, low, high, 100, efficiency)
            rows.append((*row, efficiency - 0.01, efficiency + 0.01))
    return Table(name="x_efficiency", title="x", columns=(*COLUMNS, "low", "high"), rows=tuple(rows), notes=(), stamp=STAMP)


@pytest.mark.parametrize(
    ("name", "samples", "label", "x", "y"),
    [
        # All samples of the scan: their masses.
        ("e-gamma", ("e gamma, one lost",), "E* of the photon / GeV", [0.5, 2.0], [0.11, 0.13]),
        (
            "dark-higgsstrahlung-visible", ("0.3 GeV", "0.6 GeV", "1 GeV", "2 GeV"), "mass of the A' / GeV",
            [0.3, 0.6, 1.0, 2.0], [0.1, 0.2, 0.3, 0.4],
        ),
        # A user's file has no mass that the program knows.
        ("dark-higgsstrahlung-visible", ("mine.lhe",), "mass of the pairs / GeV", [0.5, 2.0], [0.11, 0.13]),
        # Samples that no scan tells apart: one of them, and which.
        (
            "e-gamma", ("e gamma, one lost", "e e gamma"), "E* of the photon / GeV, sample e gamma, one lost",
            [0.5, 2.0], [0.11, 0.13],
        ),
    ],
)  # fmt: skip
def test_label_and_points_belong_together(name, samples, label, x, y):
    channel = CHANNELS[name]
    drawn = table(channel, samples)
    figure = draw(channel, drawn)
    assert figure.get_supxlabel() == label
    (points,) = (np.array(line.get_xydata(), float) for line in figure.axes[0].lines if line.get_marker() == "o")
    assert points[:, 0].tolist() == pytest.approx(x)
    assert points[:, 1].tolist() == pytest.approx(y)
    assert Abscissa.of(channel, drawn).label == label


def test_a_level_of_the_user_is_drawn_and_named():
    channel = CHANNELS["e-gamma"]
    figure = draw(channel, table(channel, ("e e gamma",), scale=0.03))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["background x 0.03 (GUESS)"]
