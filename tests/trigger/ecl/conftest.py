"""What the ECL tests share: cells by place, single events as dictionaries, the outside reference."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trigger.ecl import EclDecision, EclParameters, EclTrigger
from trigger.geometry.ecl import cells

Cell = Callable[[int, int], int]
Decide = Callable[..., dict[str, Any]]
REFERENCE = Path(__file__).parents[2] / "reference" / "ecl_decisions.npz"


@pytest.fixture(scope="session")
def cell() -> Cell:
    """Cell at (theta id, phi id)."""
    c = cells()
    place = {(int(t), int(p)): k + 1 for k, (t, p) in enumerate(zip(c.theta_id, c.phi_id, strict=True))}
    return lambda theta_id, phi_id: place[theta_id, phi_id]


@pytest.fixture(scope="session")
def decide() -> Decide:
    """Decision of one event {tc_id: adc}: field -> number or list, without the prefix ecl_."""

    default = EclTrigger()

    def run(adc: dict[int, int], parameters: EclParameters | None = None) -> dict[str, Any]:
        ids = sorted(adc)
        trigger = default if parameters is None else EclTrigger(parameters)
        decision = trigger.run([0, len(ids)], ids, [adc[tc] for tc in ids])
        return {name.removeprefix("ecl_"): array[0].tolist() for name, array in decision.arrays().items()}

    return run


@pytest.fixture(scope="session")
def reference() -> dict[str, np.ndarray]:
    """The published simulation's answers, see tests/reference/README.md."""
    with np.load(REFERENCE, allow_pickle=False) as data:
        return {name: data[name] for name in data}


@pytest.fixture(scope="session")
def reference_decision(reference: dict[str, np.ndarray]) -> EclDecision:
    """Our decision on the reference events."""
    return EclTrigger().run(reference["offsets"], reference["tc_id"], reference["adc"])
