"""Ring sums, their totals and the 2D Bhabha types: every cell counted once, every threshold one count below, on it, one above."""

import numpy as np
import pytest

from hdl.ecl.bhabha2d import Bhabha2d
from hdl.ecl.ring_sums import RING_BITS, RingSummer, ring_inputs
from hdl.ecl.sums import Sums
from trigger.ecl.calibration import ADC_MAX
from trigger.ecl.parameters import EclParameters
from trigger.ecl.thresholds import BHABHA2D_BACKWARD_RINGS, BHABHA2D_FORWARD_RINGS, N_BHABHA2D, EclThresholds
from trigger.geometry.ecl import N_CELLS, N_THETA, cells

THRESHOLDS = EclThresholds.from_parameters(EclParameters.default())


def packed(rings):
    """Ring sums {theta id: counts} as the port carries them."""
    return sum(counts << (RING_BITS * (theta_id - 1)) for theta_id, counts in rings.items())


def test_adder_inputs_take_every_cell_once():
    taken = [(beat, lane) for theta_id in range(1, N_THETA + 1) for one in ring_inputs(theta_id) for beat, lane in one.items()]
    assert sorted(taken) == [divmod(cell, 36) for cell in range(N_CELLS)]


def test_ring_sums(bench):
    """One cell alone in each window, random and full windows; back to back, so that windows must not mix."""
    rng = np.random.default_rng(1)
    adc = np.concatenate([bench.random_windows(rng, 24), np.full((1, N_CELLS), ADC_MAX)])
    stimulus = [row for counts in adc for row in bench.rows(counts)] + [{"row.valid": 0}] * 5
    trace = bench.trace(RingSummer(), stimulus, ["done", "rings"])
    done = [cycle for cycle, seen in enumerate(trace) if seen["done"]]
    assert done == [16 * k + 15 + RingSummer.LATENCY for k in range(len(adc))]
    for cycle, counts in zip(done, adc, strict=True):
        wanted = {t: int(counts[cells().theta_id == t].sum()) for t in range(1, N_THETA + 1)}
        assert trace[cycle]["rings"] == packed(wanted)


def test_gaps_do_not_add(bench):
    """A row that is held while not valid counts once."""
    adc = bench.random_windows(np.random.default_rng(2), 8)[6]
    stimulus = [one for row in bench.rows(adc) for one in (row, {"row.valid": 0}, {"row.valid": 0})]
    trace = bench.trace(RingSummer(), stimulus + [{}] * 3, ["done", "rings"])
    rings = [seen["rings"] for seen in trace if seen["done"]]
    assert rings == [packed({t: int(adc[cells().theta_id == t].sum()) for t in range(1, N_THETA + 1)})]


@pytest.mark.parametrize(
    ("name", "minimum", "ring"),
    [
        ("elow", THRESHOLDS.elow_min, 2),
        ("ehigh", THRESHOLDS.ehigh_min, 15),
        ("elum", THRESHOLDS.elum_min, 9),
        ("energetic", THRESHOLDS.physics_min, 7),
        ("burst", THRESHOLDS.burst_min, 17),
    ],
)
def test_total_thresholds(bench, name, minimum, ring):
    for counts in (minimum - 1, minimum, minimum + 1):
        seen = bench.trace(Sums(THRESHOLDS), [{"start": 1, "rings": packed({ring: counts})}, *[{"start": 0}] * 4], [name])
        assert [one[name] for one in seen[Sums.LATENCY :]] == [int(counts >= minimum)] * 2


def test_totals_stay_until_the_next_start(bench):
    """E_phys leaves out theta ids 1, 16 and 17; the answers ignore rings without a start."""
    rings = {theta_id: 1 << theta_id for theta_id in range(1, N_THETA + 1)}
    stimulus = [{"start": 1, "rings": packed(rings)}, {"start": 0, "rings": packed({5: 99})}, *[{}] * 20]
    seen = bench.trace(Sums(THRESHOLDS), stimulus, ["ephys", "etotal"])
    assert seen[Sums.LATENCY - 1] == {"ephys": 0, "etotal": 0}
    wanted = {"ephys": sum(1 << k for k in range(2, 16)), "etotal": sum(1 << k for k in range(1, 18))}
    assert seen[Sums.LATENCY :] == [wanted] * (len(seen) - Sums.LATENCY)


@pytest.mark.parametrize("kind", range(N_BHABHA2D))
def test_bhabha_types(bench, kind):
    """The sum of all rings of a side decides, on each side; a side below its threshold keeps the type off."""
    forward, backward = THRESHOLDS.bhabha2d_forward_min[kind], THRESHOLDS.bhabha2d_backward_min[kind]
    for down_f, down_b in ((0, 0), (1, 0), (0, 1)):
        rings: dict[int, int] = {}
        sides = ((BHABHA2D_FORWARD_RINGS[kind], forward - down_f), (BHABHA2D_BACKWARD_RINGS[kind], backward - down_b))
        for ids, counts in sides:
            shared = [theta_id for theta_id in ids if theta_id not in rings]
            rest = counts - sum(rings.get(theta_id, 0) for theta_id in ids)
            for place, theta_id in enumerate(shared):
                rings[theta_id] = rest // len(shared) + (rest % len(shared) if place == 0 else 0)
        assert [sum(rings[theta_id] for theta_id in ids) for ids, _ in sides] == [counts for _, counts in sides]
        seen = bench.trace(Bhabha2d(THRESHOLDS), [{"start": 1, "rings": packed(rings)}, *[{"start": 0}] * 2], ["types"])
        assert seen[Bhabha2d.LATENCY]["types"] >> kind & 1 == int(not down_f and not down_b)
