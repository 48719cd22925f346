"""Tabulated densities: exact quadrature where it must be, samples that follow, densities that cannot be."""

import numpy as np
import pytest

from sim.generators.sampling import Table


def test_one_cell_integrates_polynomials_of_degree_five():
    """Three-point Gauss quadrature: integral of x^5 over 0..2 is 64 / 6."""
    assert Table.of(lambda x: x**5, np.array([0.0, 2.0])).integral == pytest.approx(64 / 6, rel=1e-14)


def test_samples_invert_the_integral():
    """Density 2x on 0..1: the median is at sqrt(1/2), the ends are the ends."""
    table = Table.of(lambda x: 2 * x, np.linspace(0, 1, 2001))
    assert table.integral == pytest.approx(1)
    np.testing.assert_allclose(table.sample(np.array([0.0, 0.25, 0.5, 1.0])), [0, 0.5, np.sqrt(0.5), 1], atol=1e-7)


@pytest.mark.parametrize("density", [lambda x: -x, lambda x: np.full_like(x, np.nan)])
def test_impossible_densities_are_refused(density):
    with pytest.raises(ValueError, match="finite and non-negative"):
        Table.of(density, np.array([0.0, 1.0]))
