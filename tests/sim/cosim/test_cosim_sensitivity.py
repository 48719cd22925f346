"""The events of the verification notice every threshold of the ECL trigger that is off by one.

The model with one threshold moved stands for an RTL with a wrong comparison: its decisions must differ from those of the model.
"""

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
import pytest

from sim.cosim.stimulus.mix import ecl_mix
from trigger.ecl import EclThresholds, EclTrigger
from trigger.ecl.layout import DECISION_FIELDS
from trigger.ecl.thresholds import N_BHABHA2D, PairWindow, Window
from trigger.geometry.ecl import N_THETA, cells

N_EVENTS = 16_384
"""A sixtieth of the events of a full verification."""
THRESHOLDS = EclTrigger().thresholds
FACTORS = [int(factor) for factor in np.unique(cells().cm_energy_e)]
UNREACHABLE = {("lml_cm05_min", f"[{factor}]{step:+d}") for factor in (8, 13) for step in (-1, 1)}
"""lml13 counts theta ids 6..11 alone, where these look-up factors do not occur."""


def moved_window(window: Window) -> Iterator[tuple[str, Window]]:
    for edge in ("first", "last"):
        for step in (-1, 1):
            yield f"{edge}{step:+d}", replace(window, **{edge: getattr(window, edge) + step})


def moved(name: str) -> Iterator[tuple[str, object]]:
    """The threshold moved by one, in every way."""
    value = getattr(THRESHOLDS, name)
    if isinstance(value, PairWindow):
        for angle in ("phi_difference", "theta_sum"):
            yield from ((f"{angle}.{label}", replace(value, **{angle: new})) for label, new in moved_window(getattr(value, angle)))
    elif isinstance(value, Window):
        yield from moved_window(value)
    elif isinstance(value, tuple):
        for place in range(N_BHABHA2D) if len(value) == N_BHABHA2D else FACTORS:
            for step in (-1, 1):
                yield f"[{place}]{step:+d}", tuple(old + step * (k == place) for k, old in enumerate(value))
    elif name == "lml13_theta_mask":
        yield from ((f"theta id {theta}", value ^ 1 << (theta - 1)) for theta in range(1, N_THETA + 1))
    else:
        yield from ((f"{step:+d}", value + step) for step in (-1, 1))


@pytest.fixture(scope="module")
def hits():
    names = ("offsets", "tc_id", "adc", "time", "phase")
    return [[arrays.get(f"ecl_{name}") for name in names] for _, arrays in ecl_mix(THRESHOLDS).parts(1, 0, N_EVENTS)]


@pytest.fixture(scope="module")
def decisions(hits):
    return [EclTrigger().run(*each).arrays() for each in hits]


@pytest.mark.parametrize("name", [field.name for field in fields(EclThresholds)])
def test_a_threshold_that_is_off_by_one_is_noticed(name, hits, decisions, monkeypatch):
    unnoticed = set()
    for label, value in moved(name):
        wrong = replace(THRESHOLDS, **{name: value})
        monkeypatch.setattr(EclThresholds, "from_parameters", classmethod(lambda cls, parameters, wrong=wrong: wrong))
        other = EclTrigger()
        differs = (
            (expected[field.name] != array[field.name]).any()
            for each, expected in zip(hits, decisions, strict=True)
            for array in [other.run(*each).arrays()]
            for field in DECISION_FIELDS
        )
        if not any(differs):
            unnoticed.add((name, label))
    assert unnoticed == {case for case in UNREACHABLE if case[0] == name}
