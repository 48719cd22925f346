"""Straight lines in the KLM by hand, then against an independent witness with fractions; bad input."""

from collections import defaultdict
from fractions import Fraction

import numpy as np
import pytest

from trigger import klm_line
from trigger.errors import InputError
from trigger.geometry.klm import FIRST_SECTOR, N_SECTORS, SECTORS, strip_table
from trigger.klm import KlmDecision
from trigger.klm_line import KlmLineParameters, KlmLineTrigger

FORWARD_ENDCAP = 3
Hit = tuple[int, int, int, int, int]


def run(events: list[list[Hit]], parameters: KlmLineParameters | None = None) -> KlmDecision:
    hits = np.array([hit for event in events for hit in event], dtype=np.int8).reshape(-1, 5)
    return KlmLineTrigger(parameters).run(np.cumsum([0, *map(len, events)]), *hits.T)


def plane(number: int, strips: dict[int, int], section: int = FORWARD_ENDCAP, sector: int = 0) -> list[Hit]:
    """One strip in each of some layers."""
    return [(section, sector, layer, number, strip) for layer, strip in strips.items()]


def test_a_line_on_the_cut_and_one_beside_it() -> None:
    """Layers 0 and 4 lie at x = 2119 and 2410, strips 47 and 56 at y = 1615 and 1906: b = 1615 - 2119 (1906 - 1615) / 291 = -504.

    In the other plane strip 11 in both layers: y = 451, b = 451.
    """
    event = plane(0, {0: 47, 4: 56}) + plane(1, {0: 11, 4: 11})
    table = strip_table()
    assert table.x_raw[20, [0, 4], 0].tolist() == [2119, 2410]
    assert [int(table.y_raw(20, layer, 0, strip)) for layer, strip in ((0, 47), (4, 56), (4, 11))] == [1615, 1906, 451]
    assert run([event], KlmLineParameters(intercept_raw=504)).klm_fired[0].nonzero()[0].tolist() == [20]
    assert run([event], KlmLineParameters(intercept_raw=503)).klm_eklm_hit[0] == 0


def test_both_planes_and_two_layers_are_needed() -> None:
    both = plane(0, {0: 11, 1: 11}) + plane(1, {2: 10, 5: 10})
    decision = run([both, plane(0, {0: 11, 1: 11}), plane(0, {0: 11}) + plane(1, {0: 11}), plane(0, {0: 11, 1: 11}) * 2, []])
    np.testing.assert_array_equal(decision.klm_eklm_hit, [1, 0, 0, 0, 0])


def test_planes_of_neighbouring_sectors_do_not_add() -> None:
    assert run([plane(0, {0: 11, 1: 11}) + plane(1, {0: 11, 1: 11}, sector=1)]).klm_eklm_hit[0] == 0


def test_strips_of_a_layer_that_lie_apart_are_two_tracks() -> None:
    """Strips 11 and 60 are 1584 units apart: two lines of b = 451 and 2035, or one of b = 1243."""
    layers = range(4)
    event = plane(1, dict.fromkeys(layers, 11))
    event += plane(0, dict.fromkeys(layers, 11)) + plane(0, dict.fromkeys(layers, 60))
    decisions = [run([event], KlmLineParameters(gap_raw=gap)).klm_eklm_hit[0] for gap in (500, 1584, 1585, 4095)]
    assert decisions == [1, 1, 0, 0]


def test_number_of_layers() -> None:
    event = plane(0, dict.fromkeys(range(5), 11)) + plane(1, dict.fromkeys(range(6), 11))
    passed = [run([event], KlmLineParameters(min_layers=n)).klm_eklm_hit[0] for n in (2, 5, 6)]
    assert passed == [1, 1, 0]


def test_counts_and_back_to_back_follow_from_the_sectors() -> None:
    """Planes across a barrel sector fan out: the same strip points to the axis; z strips 1 (forward) and 10 (backward) do, too."""
    layers = range(6, 12)
    forward = plane(1, dict.fromkeys(layers, 20), 1, 3) + plane(0, dict.fromkeys(layers, 1), 1, 3)
    backward = plane(1, dict.fromkeys(layers, 20), 0, 7) + plane(0, dict.fromkeys(layers, 10), 0, 7)
    endcap = plane(0, {0: 5, 1: 5}) + plane(1, {0: 5, 1: 5})
    decision = run([forward + backward + endcap, forward])
    assert decision.klm_fired[0].nonzero()[0].tolist() == [7, FIRST_SECTOR[1] + 3, FIRST_SECTOR[3]]
    np.testing.assert_array_equal(decision.klm_n_bklm, [2, 1])
    np.testing.assert_array_equal(decision.klm_n_eklm, [1, 0])
    np.testing.assert_array_equal(decision.klm_b2b, [1, 0])
    np.testing.assert_array_equal(decision.klm_eklm_b2b, [0, 0])


def by_fractions(hits: list[Hit], parameters: KlmLineParameters) -> list[int]:
    """Sectors, of all 24, that fire: the rule once more, strip by strip, with storage of tracks by layer as in klmtrgLinearFit."""
    table = strip_table()
    last_y: dict[tuple[int, ...], int] = {}
    points: dict[tuple[int, int, int], list[tuple[int, int, int]]] = defaultdict(list)
    for section, sector, plane, layer, strip in sorted({(hit[0], hit[1], hit[3], hit[2], hit[4]) for hit in hits}):
        place = FIRST_SECTOR[section] + sector
        x, y = int(table.x_raw[place, layer, plane]), int(table.y_raw(place, layer, plane, strip))
        tracks = [(place, plane, layer, number) for number in range(4)]
        joined = next((key for key in tracks if key not in last_y or abs(last_y[key] - y) < parameters.gap_raw), tracks[-1])
        last_y[joined] = y
        points[place, plane, joined[-1]].append((layer, x, y))
    planes = defaultdict(set)
    for (place, plane, _), found in points.items():
        if len({layer for layer, _, _ in found}) >= parameters.min_layers and abs(intercept(found)) <= parameters.intercept_raw:
            planes[place].add(plane)
    return [place for place, with_line in planes.items() if with_line == {0, 1}]


def intercept(points: list[tuple[int, int, int]]) -> Fraction:
    """Least squares by means and deviations."""
    mean_x = Fraction(sum(x for _, x, _ in points), len(points))
    mean_y = Fraction(sum(y for _, _, y in points), len(points))
    slope = sum((x - mean_x) * (y - mean_y) for _, x, y in points) / sum((x - mean_x) ** 2 for _, x, _ in points)
    return mean_y - slope * mean_x


@pytest.mark.parametrize(
    "cuts", [{}, {"gap_raw": 100, "intercept_raw": 300, "min_layers": 3}, {"gap_raw": 40}, {"intercept_raw": 1500, "gap_raw": 4095}]
)
def test_random_events_against_fractions(cuts: dict[str, int]) -> None:
    """Few sectors, so that tracks run full, and any number of strips."""
    rng, parameters = np.random.default_rng(7), KlmLineParameters(**cuts)
    n_strips, events = strip_table().n_strips, []
    for _ in range(250):
        sections = rng.integers(0, 4, 2)
        event = []
        for section in sections:
            sector = int(rng.integers(SECTORS[section]))
            for layer, number in rng.integers(0, (6, 2), (rng.integers(0, 40), 2)).tolist():
                most = n_strips[FIRST_SECTOR[section] + sector, layer, number]
                event.append((int(section), sector, layer, number, int(rng.integers(most))))
        events.append(event)
    decision = run(events, parameters)
    expected = np.zeros((len(events), N_SECTORS), np.uint8)
    for number, event in enumerate(events):
        expected[number, by_fractions(event, parameters)] = 1
    np.testing.assert_array_equal(decision.klm_fired, expected)
    assert 0.02 < expected.any(axis=1).mean() < 0.95


def test_nothing_outside_the_hits_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled code would go on behind the last hit, of this event and of the last of many; plain Python raises IndexError."""
    monkeypatch.setattr(klm_line, "_find_lines", klm_line._find_lines.py_func)
    event = plane(0, {0: 11, 1: 11}) + plane(1, {2: 10, 5: 10})
    np.testing.assert_array_equal(run([event]).klm_eklm_hit, [1])
    np.testing.assert_array_equal(run([event, [], event]).klm_eklm_hit, [1, 0, 1])


@pytest.mark.parametrize(
    ("hit", "reason"),
    [
        ((3, 0, 14, 0, 0), "klm_layer, event 1: must be 0..13 in section 3, not 14"),
        ((0, 0, 0, 2, 0), "klm_plane, event 1: must be 0..1, not 2"),
        ((1, 0, 0, 1, 37), "klm_strip, event 1: must be 0..36 in section 1, sector 0, layer 0, plane 1, not 37"),
        ((0, 2, 5, 0, 34), "klm_strip, event 1: must be 0..33 in section 0, sector 2, layer 5, plane 0, not 34"),
        ((3, 3, 5, 0, 75), "klm_strip, event 1: must be 0..74, not 75"),
    ],
)
def test_strips_that_do_not_exist(hit: Hit, reason: str) -> None:
    with pytest.raises(InputError) as refusal:
        run([[], [hit]])
    assert reason in str(refusal.value)


def test_columns_of_unequal_length() -> None:
    with pytest.raises(InputError, match="klm_strip, event 0: has 1 entries, but klm_offsets ends at 2"):
        KlmLineTrigger().run([0, 2], [0, 0], [0, 0], [0, 0], [0, 0], [0])


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"gap_raw": 0}, "gap_raw must be 1..4095, not 0"),
        ({"intercept_raw": 4096}, "intercept_raw must be 0..4095, not 4096"),
        ({"min_layers": 1}, "min_layers must be 2..15, not 1"),
    ],
)
def test_impossible_cuts(bad: dict[str, int], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        KlmLineParameters(**bad)
