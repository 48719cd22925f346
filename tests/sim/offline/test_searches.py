"""Every selection on events made by hand: one passes, and for each cut there is one that fails it."""

import cases_charged
import cases_neutral
import numpy as np
import pytest
from hand_made import named

from sim.offline.reco import nothing

CASES = cases_charged.CASES | cases_neutral.CASES


@pytest.mark.parametrize("name", CASES)
def test_one_event_passes_with_the_values_that_were_put_in(name, offline):
    case = CASES[name]
    selected = case.select(offline([case.good]))
    assert named(selected.flow) == set()
    for value, expected in case.values.items():
        assert selected.values[value].shape == (1,)
        if expected is not None:
            assert selected.values[value][0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_every_cut_can_fail(name, offline):
    case = CASES[name]
    assert set(case.bad) == {cut.name for cut in case.cuts}
    for cut, event in case.bad.items():
        assert cut in named(case.select(offline([event])).flow), cut


@pytest.mark.parametrize("name", CASES)
def test_events_do_not_mix_and_empty_ones_fail(name, offline):
    """The same answers in any company; an empty event never passes, no event gives no answer."""
    case = CASES[name]
    events = [case.good, ([], []), *case.bad.values(), case.good]
    together = case.select(offline(events))
    assert together.flow.cuts == case.cuts
    alone = [case.select(offline([event])) for event in events]
    assert together.flow.passed.tolist() == [bool(one.flow.passed[0]) for one in alone]
    assert together.flow.passed.tolist() == [True, *(False for _ in events[1:-1]), True]
    for value, column in together.values.items():
        np.testing.assert_array_equal(column, [one.values[value][0] for one in alone])
    assert case.select(nothing()).flow.passed.shape == (0,)
