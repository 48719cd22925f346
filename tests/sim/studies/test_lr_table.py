"""The recipe of the left/right table: mirror images, decisions by hand, and that the shipped table is its work."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from sim.studies.lr_table import SHAPES, Recipe, count_block, decide, make, mirror, symmetric, write
from trigger.cdc.segments import LeftRightTable
from trigger.cdc.segments.lr_table import LEFT, RIGHT, UNKNOWN, training_record
from trigger.cdc.segments.shapes import HOURGLASS, PYRAMID
from trigger.digest import digest

RECIPE = Recipe()
SMALL = replace(RECIPE, blocks=2, block_events=64)


def address(shape, wires, second_left):
    return 2 * sum(1 << shape.wires.index(wire) for wire in wires) + second_left


def test_hand_worked_mirror_images():
    image = mirror(PYRAMID)
    one = [(-2, 0), (-1, -1), (0, 1), (1, -2), (2, 2)]
    other = [(-2, 0), (-1, 0), (0, -1), (1, 1), (2, -2)]
    assert image[address(PYRAMID, one, 0)] == address(PYRAMID, other, 0)
    image = mirror(HOURGLASS)
    assert image[address(HOURGLASS, [(1, -1), (2, 1)], 0)] == address(HOURGLASS, [(1, 0), (2, -1)], 1)
    assert image[address(HOURGLASS, [(1, -1), (1, 0)], 0)] == address(HOURGLASS, [(1, -1), (1, 0)], 1)


@pytest.mark.parametrize("shape", SHAPES.values())
def test_mirror_of_the_mirror(shape):
    image = mirror(shape)
    assert (image[image] == np.arange(2 << shape.bits)).all()


def test_shipped_table_is_symmetric():
    table = LeftRightTable.default()
    for name, shape in SHAPES.items():
        values = getattr(table, name)
        assert (np.array([0, 2, 1, 3])[values] == values[mirror(shape)]).all()


def test_decisions_at_the_edges():
    """Columns: background, right, left. Shares of 0.7 and 0.8 by hand; four layers fire."""
    at = address(HOURGLASS, [(-2, 0), (-1, 0), (0, 0), (1, 0)], 0)
    recipe = Recipe(least_count=10, purity=Fraction(7, 10), background_limit=Fraction(8, 10))
    cases = [
        ((0, 7, 3), RIGHT),
        ((0, 69, 31), UNKNOWN),
        ((0, 3, 7), LEFT),
        ((39, 0, 10), LEFT),
        ((40, 0, 10), UNKNOWN),
        ((0, 9, 0), UNKNOWN),
        ((0, 10, 0), RIGHT),
    ]
    for counts, expected in cases:
        table = {name: np.zeros((2 << shape.bits, 3), np.int64) for name, shape in SHAPES.items()}
        table["outer"][at] = counts
        assert decide(table, recipe).outer[at] == expected
        assert (decide(table, recipe).inner == LeftRightTable.undecided().inner).all()


def test_symmetric_counts_swap_sides():
    counts = {name: np.zeros((2 << shape.bits, 3), np.int64) for name, shape in SHAPES.items()}
    at = address(HOURGLASS, [(-2, 0), (-1, 0), (0, 0), (1, 0)], 0)
    counts["outer"][at] = (1, 20, 300)
    both = symmetric(counts)["outer"]
    assert both[at].tolist() == [1, 20, 300]
    assert both[mirror(HOURGLASS)[at]].tolist() == [1, 300, 20]


def test_shipped_table_comes_from_this_recipe():
    """The first of the blocks, made again, is the one of the record."""
    record = training_record()
    assert record["recipe_digest"] == digest(RECIPE)
    assert record["tracks"] == RECIPE.blocks * RECIPE.block_events * RECIPE.tracks_per_event
    assert record["first_block_digest"] == digest(count_block(RECIPE, 0))


def test_shipped_table_answers_for_a_fresh_block():
    """A block that the table has not seen: the sides are right as often as the record says."""
    table, counts = LeftRightTable.default(), count_block(RECIPE, RECIPE.blocks)
    for name in SHAPES:
        right, left = counts[name][:, 1], counts[name][:, 2]
        values = getattr(table, name)
        correct = right[values == RIGHT].sum() + left[values == LEFT].sum()
        share = record_share(training_record()["sides"][name])
        n = (right + left).sum()
        assert abs(correct / n - share) < 5 * np.sqrt(share * (1 - share) / n)


def record_share(sides):
    return sides["correct"] / sum(sides.values())


def test_same_seed_same_table(tmp_path):
    table, record = make(SMALL)
    assert (table, record) == make(SMALL)
    assert make(replace(SMALL, seed=1))[0] != table
    write(tmp_path / "table.npz", table, record)
    with np.load(tmp_path / "table.npz") as stored:
        assert (stored["outer"] == table.outer).all()
