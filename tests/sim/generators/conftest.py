"""Streams and files that the generator tests share."""

import numpy as np
import pytest

from sim.blocks import Stage, stream


@pytest.fixture
def rng() -> np.random.Generator:
    return stream(20260, "tests", Stage.GENERATE, 0)
