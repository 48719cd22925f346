"""Integer thresholds: the hand-checked table of the 5.25 MeV LSB, and the cut's own definition one count around each."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trigger.ecl.parameters import ADC_LSB_GEV, EclParameters
from trigger.ecl.thresholds import EclThresholds, Window, above, at_least, below

ABOVE = {"0.12": 23, "0.14": 27, "0.162": 31, "0.25": 48, "0.3": 58, "0.5": 96, "1": 191, "3": 572, "4.5": 858, "20": 3810}
AT_LEAST = {"4.0": 762, "2.5": 477, "3.0": 572, "3.5": 667}
BELOW = {"1.9": 361, "7.0": 1333}
CM_ABOVE = {
    "0.5": (77, 86, 96, 105, 115, 124),
    "1.0": (153, 172, 191, 210, 229, 248),
    "2.0": (305, 343, 381, 420, 458, 496),
    "2.5": (381, 429, 477, 524, 572, 620),
    "3.0": (458, 515, 572, 629, 686, 743),
    "4.0": (610, 686, 762, 839, 915, 991),
    "4.5": (686, 772, 858, 943, 1029, 1115),
}
"""Smallest passing count for e = 8..13, worked out by hand from X e / 10 / 5.25 MeV."""


@pytest.mark.parametrize(("energy", "count"), ABOVE.items())
def test_above(energy: str, count: int) -> None:
    assert above(Fraction(energy)) == count


@pytest.mark.parametrize(("energy", "count"), AT_LEAST.items())
def test_at_least(energy: str, count: int) -> None:
    assert at_least(Fraction(energy)) == count


@pytest.mark.parametrize(("energy", "count"), BELOW.items())
def test_below(energy: str, count: int) -> None:
    assert below(Fraction(energy)) == count


@pytest.mark.parametrize(("energy", "counts"), CM_ABOVE.items())
def test_cm_cuts(energy: str, counts: tuple[int, ...]) -> None:
    assert tuple(above(Fraction(energy) * e / 10) for e in range(8, 14)) == counts


def test_default_set_uses_the_table() -> None:
    t = EclThresholds.from_parameters(EclParameters.default())
    assert t.lml_cm2_min[8:14] == CM_ABOVE["2.0"]
    assert t.lml_cm1_min[8:14] == CM_ABOVE["1.0"]
    assert t.lml_cm05_min[8:14] == CM_ABOVE["0.5"]
    assert t.bhabha3d_veto_low_min[8:14] == CM_ABOVE["3.0"]
    assert t.bhabha3d_veto_high_min[8:14] == CM_ABOVE["4.5"]
    assert t.bhabha3d_sel_low_min[8:14] == CM_ABOVE["2.5"]
    assert t.bhabha3d_sel_high_min[8:14] == CM_ABOVE["4.0"]
    assert (t.elow_min, t.ehigh_min, t.elum_min, t.burst_min) == (96, 191, 572, 3810)
    assert t.bhabha2d_forward_min == (762,) * 12 + (572, 667)
    assert t.bhabha2d_backward_min == (477,) * 12 + (572, 572)


@given(st.fractions(min_value=0, max_value=50))
def test_definition(energy: Fraction) -> None:
    n = above(energy)
    assert (n - 1) * ADC_LSB_GEV <= energy < n * ADC_LSB_GEV
    n = at_least(energy)
    assert (n - 1) * ADC_LSB_GEV < energy <= n * ADC_LSB_GEV
    n = below(energy)
    assert n * ADC_LSB_GEV < energy <= (n + 1) * ADC_LSB_GEV


def test_energy_on_a_multiple_of_the_lsb() -> None:
    exact = 100 * ADC_LSB_GEV
    assert (above(exact), at_least(exact), below(exact)) == (101, 100, 99)


def test_windows_are_strict() -> None:
    assert Window.strictly_inside(160, 200) == Window(first=161, last=199)
    assert Window.strictly_inside(Fraction(321, 2), Fraction(399, 2)) == Window(first=161, last=199)


@pytest.mark.parametrize(
    "key", [key for key in EclParameters.default() if key != "adc2energy" and not key.startswith("bha3dsel_ps")]
)
def test_every_key_moves_a_threshold(key: str) -> None:
    default = EclParameters.default()
    step = 1 if default[key] >= 1 else Fraction(1, 20)
    changed = default.replace(**{key: default[key] + step})
    assert EclThresholds.from_parameters(changed) != EclThresholds.from_parameters(default)


@pytest.mark.parametrize("key", ["adc2energy", "bha3dsel_ps_fw", "bha3dsel_ps_br", "bha3dsel_ps_bw"])
def test_inert_keys_move_nothing(key: str) -> None:
    default = EclParameters.default()
    changed = default.replace(**{key: 0})
    assert EclThresholds.from_parameters(changed) == EclThresholds.from_parameters(default)
