"""Work for the counting tests, in a module that worker processes can import."""

import numpy as np

from sim.blocks import Stage, stream


def count(job):
    """Counters of random numbers that belong to the block."""
    values = stream(7, job.sample, Stage.STUDY, job.block).integers(0, 5, job.events)
    return {"n": np.array([job.events]), "histogram": np.bincount(values, minlength=5)}


def failing(job):
    """Fails in block 1."""
    return {"n": np.array([1 // (job.block - 1)])}
