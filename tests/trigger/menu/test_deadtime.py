"""Dead time by hand and against exact formulas; windows of the injection veto by hand and by counting."""

import numpy as np
import pytest

from trigger.menu.deadtime import MAX_RATE_HZ, DeadTime
from trigger.menu.injection import REVOLUTION_US, InjectionVeto


def accepted(dead: DeadTime, *times_ns: int) -> list[int]:
    return dead.accepted(np.array(times_ns, dtype=np.int64)).astype(int).tolist()


def test_hold_off_by_hand() -> None:
    dead = DeadTime(spacing_ns=100, buffers=9, readout_ns=0)
    assert accepted(dead, 0, 99, 100, 150, 199, 200, 500) == [1, 0, 1, 0, 0, 1, 1]
    assert accepted(dead) == []


def test_buffers_by_hand() -> None:
    """Two buffers, 1000 ns each: events at 0 and 10 are done at 1000 and 2000; one at 1000 finds a place, and is done at 3000."""
    dead = DeadTime(spacing_ns=0, buffers=2, readout_ns=1000)
    assert accepted(dead, 0, 10, 20, 999, 1000, 1500, 1999, 2000, 2500, 3000) == [1, 1, 0, 0, 1, 0, 0, 1, 0, 1]


@pytest.mark.parametrize("rate_hz", [5_000, 30_000, 200_000])
def test_one_buffer_and_hold_off_lose_what_the_formula_says(rate_hz: int) -> None:
    """A dead time t that is not prolonged loses r t/(1 + r t) of a Poisson stream (exact; for one server Erlang's formula)."""
    rng = np.random.default_rng(rate_hz)
    for dead in (DeadTime(spacing_ns=20_000, buffers=1, readout_ns=0), DeadTime(spacing_ns=0, buffers=1, readout_ns=20_000)):
        load = rate_hz * 20e-6
        expected = load / (1 + load)
        assert dead.lost_fraction(rate_hz, rng, 200_000) == pytest.approx(expected, abs=5 * np.sqrt(expected / 200_000))


def test_more_buffers_lose_less_and_the_design_rate_loses_per_cents() -> None:
    """Published: several per cent at 30 kHz (abstract of JINST 5 C12004)."""
    losses = [DeadTime(buffers=n).lost_fraction(MAX_RATE_HZ, np.random.default_rng(1), 200_000) for n in (1, 2, 3, 5, 8)]
    assert losses == sorted(losses, reverse=True)
    assert 0.01 < losses[3] < 0.08
    assert DeadTime().lost_fraction(1000, np.random.default_rng(2), 200_000) < 0.001


@pytest.mark.parametrize("bad", [{"spacing_ns": -1}, {"buffers": 0}, {"readout_ns": -5}])
def test_impossible_dead_times(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        DeadTime(**bad)
    with pytest.raises(ValueError, match="ascending"):
        accepted(DeadTime(), 5, 4)


def test_turn_of_the_ring() -> None:
    assert pytest.approx(10.0613, abs=1e-4) == REVOLUTION_US


def test_windows_by_hand() -> None:
    veto = InjectionVeto(full_us=100, gated_us=1000, gate_us=2)
    turn = 50 * REVOLUTION_US
    times = [-1, 0, 99.9, turn - 1.1, turn - 0.9, turn, turn + 0.9, turn + 1.1, 1000.1, 100 * REVOLUTION_US]
    assert veto.vetoed(times).tolist() == [False, True, True, False, True, True, True, False, False, False]


def test_dead_fraction_is_the_counted_one() -> None:
    veto = InjectionVeto()
    since = np.random.default_rng(3).uniform(0, 1e6 / 50, 400_000)
    assert veto.vetoed(since).mean() == pytest.approx(veto.dead_fraction(50), abs=0.003)
    assert veto.dead_fraction(0) == 0


def test_impossible_windows() -> None:
    for bad in ({"full_us": 2000.0, "gated_us": 1000.0}, {"gate_us": 11.0}, {"full_us": -1.0}):
        with pytest.raises(ValueError, match="need 0 <= full_us"):
            InjectionVeto(**bad)
    with pytest.raises(ValueError, match="overlap at 200 Hz"):
        InjectionVeto().dead_fraction(200)
