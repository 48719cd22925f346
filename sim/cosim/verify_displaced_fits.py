"""Verification of fit and line of the displaced-vertex trigger: every seed of random windows, one per cycle."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np

from sim.blocks import Stage, stream
from sim.cosim import displaced_fits, hough, runner
from sim.cosim.campaign import Job, check_job
from sim.cosim.compare import Comparison, compare, merge
from sim.cosim.rtl import Rtl, rtl_of
from sim.cosim.stimulus import displaced_fits as stimulus
from sim.cosim.verify_tracks import recorded
from trigger.displaced import DisplacedParameters, DisplacedTrigger

FITS = "displaced.fits"
N_LANES = 1
"""Lanes of the bench: they are equal, and share tables and segments only."""
WINDOWS_PER_RUN = 4096
"""Windows that go through the RTL at once (our choice: some hundred MB)."""


def fits_rtl(trigger: DisplacedTrigger) -> Rtl:
    """RTL of the stage in its bench, generated in a minute: most of it is tables."""
    component, latency = displaced_fits.rtl(trigger, N_LANES)
    return rtl_of(component, latency, displaced_fits.ports(N_LANES, trigger), (trigger.parameters,))


def verify_fits(
    job: Job, *, parameters: DisplacedParameters | None = None, rtl: Rtl | None = None, cache: Path | None = None
) -> dict[str, Any]:
    """The record of a verification of fit and line; an event is a window, with some 26 seeds.

    Arguments, record and errors as for `verify_ecl`; the latencies are counted for each cycle with a seed.
    """
    check_job(job)
    trigger = DisplacedTrigger(parameters)
    rtl = rtl or fits_rtl(trigger)
    latency, fields = rtl.latency, displaced_fits.fields(N_LANES)

    def run(model: runner.Model, rng: np.random.Generator, n_windows: int, cancel: threading.Event) -> Comparison:
        windows = stimulus.windows(rng, n_windows, trigger.parameters.grid, N_LANES)
        wanted = displaced_fits.by_beat(displaced_fits.expected(trigger, windows), windows)
        answers = displaced_fits.simulate(model, windows, trigger, rng, latency, cancel)
        window = windows.beat // displaced_fits.BEATS - 1
        return hough.of_events(compare(wanted, answers, fields), window, n_windows)

    def check(model: runner.Model, block: int, n_events: int, cancel: threading.Event) -> Comparison:
        rng = stream(job.seed, f"verify.{FITS}", Stage.STIMULUS, block)
        starts = range(0, n_events, WINDOWS_PER_RUN)
        return merge([run(model, rng, min(WINDOWS_PER_RUN, n_events - start), cancel) for start in starts])

    more = {"seeds_per_window": displaced_fits.SEED_BEATS * N_LANES, "tracks_per_window": stimulus.TRACKS, "plain": stimulus.PLAIN}
    return recorded(job, FITS, rtl, check, more, cache)
