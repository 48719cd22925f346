"""Logical blocks of events: a random stream of its own for every sample, stage and block.

A block holds the same events however many workers share the blocks and in whatever order they are made.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterator

import numpy as np

BLOCK_EVENTS = 65_536
"""Events of a full logical block (our choice: large enough for vectorised code, small enough for any memory)."""


class Stage(enum.IntEnum):
    """What a stream is for; the numbers enter the seed and never change."""

    GENERATE = 0
    RESPONSE = 1
    BACKGROUND = 2
    RECONSTRUCTION = 3
    STUDY = 4
    STIMULUS = 5
    DRIFT_CHAMBER = 6
    PRESCALE = 7
    KLM = 8
    INJECTION = 9


def sample_id(sample: str) -> int:
    """32-bit number of a sample name, the same on every machine: the first four bytes of its SHA-256."""
    return int.from_bytes(hashlib.sha256(sample.encode()).digest()[:4], "little")


def stream(seed: int, sample: str, stage: Stage, block: int) -> np.random.Generator:
    """Random generator (Philox) of one stage of one block of a sample.

    Streams of different seeds, samples, stages or blocks are independent; a stage that draws more numbers does not
    change any other stage. seed and block: non-negative; ValueError otherwise.
    Source: SIM section 6 (Philox, spawn key of sample, stage and block).
    """
    if seed < 0 or block < 0:
        msg = f"seed and block must be non-negative, not {seed} and {block}"
        raise ValueError(msg)
    sequence = np.random.SeedSequence(seed, spawn_key=(sample_id(sample), int(stage), block))
    return np.random.Generator(np.random.Philox(sequence))


def n_blocks(n_events: int) -> int:
    """Blocks that hold n_events events; the last one may be partial."""
    return -(-n_events // BLOCK_EVENTS)


def blocks(n_events: int, first: int = 0, stop: int | None = None) -> Iterator[tuple[int, int]]:
    """(block, events of that block) for the blocks first..stop-1 of a sample of n_events events, in order."""
    last = n_blocks(n_events) if stop is None else min(stop, n_blocks(n_events))
    for block in range(first, last):
        yield block, min(BLOCK_EVENTS, n_events - block * BLOCK_EVENTS)
