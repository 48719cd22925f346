"""Work for the counting tests, in a module that worker processes can import."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.blocks import Stage, stream


def count(job):
    """Counters of random numbers that belong to the block."""
    values = stream(7, job.sample, Stage.STUDY, job.block).integers(0, 5, job.events)
    return {"n": np.array([job.events]), "histogram": np.bincount(values, minlength=5)}


def failing(job):
    """Fails in block 1."""
    return {"n": np.array([1 // (job.block - 1)])}


@dataclass(frozen=True, kw_only=True)
class Fragile:
    """Counts, but block `block` of the gun kills the process that first works on it. folder: where tries are noted."""

    folder: str
    block: int

    def __call__(self, job):
        """Counters of the job, if this process survives."""
        if job.sample == "gun" and job.block == self.block:
            first = not any(Path(self.folder).iterdir())
            (Path(self.folder) / str(os.getpid())).touch()
            if first:
                os.kill(os.getpid(), signal.SIGKILL)
        return count(job)
