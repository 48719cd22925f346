"""Conditions of the single-photon lines: hand-worked kills, and their AND against the bit on random events and parameters."""

import numpy as np
import pytest

from trigger.ecl import EclParameters, EclTrigger
from trigger.ecl.conditions import conditions


def failures(line: str, adc: dict[int, int], trigger: EclTrigger | None = None) -> list[str]:
    """Names of the failing conditions of one event, in order."""
    trigger = trigger or EclTrigger()
    ids = sorted(adc)
    decision = trigger.run([0, len(ids)], ids, [adc[tc] for tc in ids])
    return [name for name, passed in conditions(decision, trigger.thresholds)[line] if not passed[0]]


def test_a_silent_event_fails_everything_but_the_upper_limits() -> None:
    assert failures("lml6", {}) == [
        "a stored cluster",
        "a cluster in theta id 4..15",
        "a cluster above lml_cl_e_cms_2 in theta id 4..15",
        "a cluster above lml_cl_e_lab_2",
    ]


@pytest.mark.parametrize(
    ("line", "event", "wanted"),
    [
        ("lml6", {(8, 18): 191}, []),
        ("lml6", {(8, 18): 190}, ["a cluster above lml_cl_e_cms_2 in theta id 4..15"]),
        ("lml6", {(3, 5): 400}, ["a cluster in theta id 4..15", "a cluster above lml_cl_e_cms_2 in theta id 4..15"]),
        ("lml6", {(8, 18): 300, (8, 30): 58}, ["only one cluster above lml_cl_e_lab_2"]),
        (
            "lml6",
            {(8, 18): 300, (8, 30): 300},
            ["only one cluster above lml_cl_e_cms_2 in theta id 4..15", "only one cluster above lml_cl_e_lab_2"],
        ),
        ("lml7", {(16, 5): 200}, []),
        ("lml7", {(16, 5): 200, (8, 5): 58}, ["only one cluster above lml_cl_e_lab_2"]),
        ("lml13", {(6, 5): 150}, []),
        ("lml13", {(5, 5): 150}, ["a cluster in theta id 6..11", "a cluster above lml_cl_e_cms_3 in theta id 6..11"]),
        ("lml1", {(8, 18): 381, (8, 30): 4000}, []),
        ("lml1", {(8, 18): 380}, ["a cluster above lml_cl_e_cms_1 in theta id 4..14"]),
        ("lml2", {(15, 5): 4000}, []),
        ("lml4", {(17, 5): 4000}, []),
        (
            "lml4",
            {(16, 5): 4000},
            ["a cluster in theta id 1, 17", "a cluster above lml_cl_e_cms_1 in theta id 1, 17"],
        ),
    ],
)
def test_kills_by_hand(line: str, event: dict[tuple[int, int], int], wanted: list[str], cell) -> None:
    assert failures(line, {cell(*place): adc for place, adc in event.items()}) == wanted


@pytest.mark.parametrize(("line", "pair"), [("lml2", (3, 546)), ("lml4", (1, 545))])
def test_the_veto_kills(line: str, pair: tuple[int, int]) -> None:
    assert failures(line, dict.fromkeys(pair, 2000)) == ["no 3D Bhabha veto"]


def test_names_follow_a_users_mask(cell) -> None:
    trigger = EclTrigger(EclParameters.default().replace(lml13_theta_id=0b1011))
    assert failures("lml13", {cell(4, 5): 300}, trigger) == []
    wanted = ["a cluster in theta id 1..2, 4", "a cluster above lml_cl_e_cms_3 in theta id 1..2, 4"]
    assert failures("lml13", {cell(5, 5): 300}, trigger) == wanted


def test_together_they_are_the_bit() -> None:
    """Random events of one to eight cells, with the experiment's and with random cuts."""
    rng = np.random.default_rng(5)
    for round_ in range(6):
        changes = {} if round_ == 0 else {f"lml_cl_e_cms_{k}": float(rng.integers(2, 25)) / 10 for k in (1, 2, 3)}
        if round_:
            changes |= {"lml_cl_e_lab_2": 0.05 * round_, "bha3dveto_e_l": 0.5, "bha3dveto_e_h": 0.5}
        trigger = EclTrigger(EclParameters.default().replace(**changes))
        counts = rng.integers(1, 9, size=4000)
        ids = np.concatenate([np.sort(rng.choice(576, size=n, replace=False)) + 1 for n in counts])
        decision = trigger.run(np.cumsum([0, *counts]), ids, rng.integers(1, 700, size=len(ids)))
        for line, parts in conditions(decision, trigger.thresholds).items():
            together = np.logical_and.reduce([passed for _, passed in parts])
            assert np.array_equal(together, decision.ecl_lml[:, int(line.removeprefix("lml"))] == 1), (line, changes)
            assert together.any(), line
            assert all(passed.dtype == bool and passed.shape == (4000,) for _, passed in parts)
