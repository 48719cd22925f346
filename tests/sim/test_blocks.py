"""Logical blocks: the streams are fixed for ever, independent of each other and of the order in which they are used."""

import numpy as np
import pytest

from sim.blocks import BLOCK_EVENTS, Stage, blocks, n_blocks, sample_id, stream


def test_streams_are_frozen():
    """Published samples are named by seed and block: these numbers must never change."""
    assert sample_id("photon-gun") == 0xC8F9AF5A  # sha256sum, first four bytes, little-endian
    assert stream(1, "photon-gun", Stage.RESPONSE, 5).integers(1 << 32, size=3).tolist() == [1365488979, 2884196786, 4001355953]


def test_every_part_of_the_key_matters():
    keys = [
        (1, "a", Stage.GENERATE, 0),
        (2, "a", Stage.GENERATE, 0),
        (1, "b", Stage.GENERATE, 0),
        (1, "a", Stage.RESPONSE, 0),
        (1, "a", Stage.GENERATE, 1),
    ]
    first = [tuple(stream(*key).integers(1 << 62, size=2)) for key in keys]
    assert len(set(first)) == len(keys)
    assert first == [tuple(stream(*key).integers(1 << 62, size=2)) for key in keys]


def test_streams_are_uncorrelated():
    n = 20_000
    numbers = np.stack([stream(7, "x", Stage.GENERATE, block).standard_normal(n) for block in range(6)])
    correlation = np.corrcoef(numbers) - np.eye(6)
    assert np.abs(correlation).max() < 5 / np.sqrt(n)


@pytest.mark.parametrize(("seed", "block"), [(-1, 0), (0, -1)])
def test_negative_keys_are_refused(seed, block):
    with pytest.raises(ValueError, match="non-negative"):
        stream(seed, "x", Stage.GENERATE, block)


def test_blocks_of_a_sample():
    assert n_blocks(0) == 0
    assert n_blocks(1) == n_blocks(BLOCK_EVENTS) == 1
    assert list(blocks(2 * BLOCK_EVENTS + 5)) == [(0, BLOCK_EVENTS), (1, BLOCK_EVENTS), (2, 5)]
    assert list(blocks(2 * BLOCK_EVENTS + 5, 1, 2)) == [(1, BLOCK_EVENTS)]
    assert list(blocks(2 * BLOCK_EVENTS + 5, 2, 9)) == [(2, 5)]
