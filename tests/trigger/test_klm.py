"""KLM layer counting by hand, then against a plain count."""

import numpy as np
import pytest

from trigger.errors import InputError
from trigger.klm import FIRST_SECTOR, KlmDecision, KlmParameters, KlmTrigger

Hit = tuple[int, int, int]


def run(events: list[list[Hit]], parameters: KlmParameters | None = None) -> KlmDecision:
    hits = np.array([hit for event in events for hit in event], dtype=np.int8).reshape(-1, 3)
    offsets = np.cumsum([0, *(len(event) for event in events)])
    return KlmTrigger(parameters).run(offsets, hits[:, 0], hits[:, 1], hits[:, 2])


def sector(section: int, number: int, layers: range) -> list[Hit]:
    return [(section, number, layer) for layer in layers]


def test_five_layers_from_the_third_on_fire_a_sector() -> None:
    decision = run([sector(1, 3, range(2, 7)), sector(1, 3, range(2, 6)), sector(1, 3, range(0, 6)), []])
    np.testing.assert_array_equal(decision.klm_hit, [1, 0, 0, 0])
    assert decision.klm_fired[0].nonzero()[0].tolist() == [FIRST_SECTOR[1] + 3]


def test_a_layer_counts_once() -> None:
    assert run([sector(0, 0, range(2, 6)) * 3]).klm_hit[0] == 0


def test_layers_of_neighbouring_sectors_do_not_add() -> None:
    assert run([sector(0, 0, range(2, 6)) + sector(0, 1, range(6, 10))]).klm_hit[0] == 0


def test_counts_and_back_to_back() -> None:
    both = sector(0, 0, range(2, 8)) + sector(1, 4, range(5, 10)) + sector(3, 3, range(2, 12))
    decision = run([both, sector(2, 1, range(2, 8)) + sector(3, 2, range(2, 8))])
    np.testing.assert_array_equal(decision.klm_n_bklm, [2, 0])
    np.testing.assert_array_equal(decision.klm_n_eklm, [1, 2])
    np.testing.assert_array_equal(decision.klm_b2b, [1, 0])
    np.testing.assert_array_equal(decision.klm_eklm_b2b, [0, 1])
    np.testing.assert_array_equal(decision.klm_eklm_hit, [1, 1])


def test_parameters_change_the_answer() -> None:
    event = [sector(0, 0, range(8, 12))]
    assert run(event).klm_hit[0] == 0
    assert run(event, KlmParameters(min_layers=4)).klm_hit[0] == 1
    assert run(event, KlmParameters(min_layers=4, last_layer=10)).klm_hit[0] == 0


def test_random_events_against_a_plain_count() -> None:
    rng = np.random.default_rng(3)
    events = []
    for _ in range(300):
        sections = rng.integers(0, 4, rng.integers(0, 80))
        limits = np.array([(8, 15), (8, 15), (4, 12), (4, 14)])[sections]
        events.append([(int(s), int(rng.integers(a)), int(rng.integers(b))) for s, (a, b) in zip(sections, limits, strict=True)])
    decision = run(events)
    for number, event in enumerate(events):
        expected = set()
        for section, place in {(s, n) for s, n, _ in event}:
            if len({layer for s, n, layer in event if (s, n) == (section, place) and layer >= 2}) >= 5:
                expected.add(FIRST_SECTOR[section] + place)
        assert set(decision.klm_fired[number].nonzero()[0].tolist()) == expected
        assert decision.klm_n_bklm[number] == sum(place < 16 for place in expected)
        assert decision.klm_n_eklm[number] == sum(place >= 16 for place in expected)


@pytest.mark.parametrize(("hit", "field"), [((4, 0, 0), "klm_section"), ((2, 4, 0), "klm_sector"), ((0, 0, 15), "klm_layer")])
def test_out_of_range(hit: Hit, field: str) -> None:
    with pytest.raises(InputError, match=field):
        run([[], [hit]])


@pytest.mark.parametrize("bad", [{"min_layers": 0}, {"min_layers": 16}, {"first_layer": 5, "last_layer": 4}])
def test_bad_parameters(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="layers must be"):
        KlmParameters(**bad)
