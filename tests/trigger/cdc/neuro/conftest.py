"""What the tests of the neuro trigger share: the outside reference and its network."""

from pathlib import Path

import numpy as np
import pytest

from trigger.cdc import ClassicMlp

REFERENCE = Path(__file__).parents[3] / "reference" / "neuro_fixed.npz"


@pytest.fixture(scope="session")
def reference() -> dict[str, np.ndarray]:
    """The published simulation's answers, see tests/reference/README.md."""
    with np.load(REFERENCE, allow_pickle=False) as data:
        return {name: data[name] for name in data}


@pytest.fixture(scope="session")
def network(reference: dict[str, np.ndarray]) -> ClassicMlp:
    """The reference's network: each node its inputs and then its bias."""
    hidden = reference["net_weight_int"][: 81 * 28].reshape(81, 28)
    output = reference["net_weight_int"][81 * 28 :].reshape(2, 82)
    return ClassicMlp((hidden[:, :-1], output[:, :-1]), (hidden[:, -1], output[:, -1]))
