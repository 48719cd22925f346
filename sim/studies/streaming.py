"""Runs the ECL model over a stream of random events and prints what it took: started as a process of its own.

`python -m sim.studies.streaming EVENTS HITS` writes one JSON object: events, seconds, and the largest resident memory.
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.blocks import BLOCK_EVENTS, Stage, blocks, stream
from trigger.ecl import EclTrigger
from trigger.geometry.ecl import N_CELLS

SEED = 1


def random_events(
    n_events: int, hits: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int16], NDArray[np.int16]]:
    """(offsets, tc_id, adc) of events with ``hits`` different cells each, cells ascending, counts 20..300."""
    offsets = np.arange(n_events + 1, dtype=np.int64) * hits
    # Floyd's sampling: the j-th draw from the first N - hits + j cells; a repeated one becomes the last of them.
    chosen = np.zeros((n_events, hits), np.int64)
    for j in range(hits):
        top = N_CELLS - hits + j
        drawn = rng.integers(0, top + 1, n_events)
        taken = (chosen[:, :j] == drawn[:, None]).any(axis=1)
        chosen[:, j] = np.where(taken, top, drawn)
    tc_id = np.sort(chosen, axis=1).ravel().astype(np.int16) + np.int16(1)
    return offsets, tc_id, rng.integers(20, 301, tc_id.size).astype(np.int16)


def run(n_events: int, hits: int) -> dict[str, float]:
    """Streams the events in blocks; the decisions of a block are counted and dropped."""
    trigger = EclTrigger()
    trigger.run(*random_events(16, hits, np.random.default_rng(SEED)))
    fired, seconds = 0, 0.0
    for block, size in blocks(n_events):
        events = random_events(size, hits, stream(SEED, "streaming", Stage.STUDY, block))
        start = time.perf_counter()
        fired += int(trigger.run(*events).ecl_lml.any(axis=1).sum())
        seconds += time.perf_counter() - start
    return {"events": n_events, "seconds": seconds, "peak_bytes": peak_bytes(), "fired": fired, "block_events": BLOCK_EVENTS}


def peak_bytes() -> int:
    """Largest resident memory of this process so far.

    Linux keeps `ru_maxrss` of the parent over fork and exec, so a child of a large process would report its parent: there the
    high-water mark of the process's own address space is read.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    json.dump(run(int(sys.argv[1]), int(sys.argv[2])), sys.stdout)
