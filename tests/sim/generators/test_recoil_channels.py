"""Channels of three-body phase space: each one alone, and all together, fill the same volume with the same shape."""

import math
from dataclasses import replace

import numpy as np
import pytest

from sim.generators.decays import weighted_phase_space
from sim.generators.recoil_channels import RecoilChannel, draw_mixed

MASSES = (0.05, 0.2, 2.0)
BASE = RecoilChannel(sqrt_s=10.0, masses=MASSES, single=0, first=1, second=2, pole_gev=0.05)
CHANNELS = (
    BASE,
    replace(BASE, single=1, first=0, pole_gev=0.2),
    replace(BASE, forward_turn=0.02),
    replace(BASE, exchange=True),
    replace(BASE, exchange=True, forward_turn=0.02),
)


@pytest.mark.parametrize("channels", [*((channel,) for channel in CHANNELS), CHANNELS], ids=lambda channels: str(len(channels)))
def test_volume_and_moments(channels, rng):
    momenta, weight = draw_mixed(channels, 60_000, rng)
    flat, volume = weighted_phase_space(np.full(60_000, 10.0), MASSES, rng)
    np.testing.assert_allclose(momenta.sum(axis=1), np.array([[10.0], [0.0], [0.0], [0.0]]) * np.ones(60_000), atol=1e-9)
    for quantity in (
        lambda p: np.ones(60_000),
        lambda p: p[0, 1] ** 2,
        lambda p: p[3, 0] * p[3, 2],
        lambda p: p[1, 0] ** 2 * p[0, 2],
    ):
        ours, theirs = weight * quantity(momenta), volume * quantity(flat)
        error = math.hypot(ours.std(), theirs.std()) / math.sqrt(60_000)
        assert abs(ours.mean() - theirs.mean()) < 4.5 * error
        assert error < 0.05 * abs(theirs.mean())
