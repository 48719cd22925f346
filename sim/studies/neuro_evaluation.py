"""A frozen network on a file of real tracks, next to the network that ran in the trigger: tables of figures with uncertainties."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.blocks import Stage, stream
from sim.provenance import file_digest, stamp
from sim.studies.neuro_score import BACKGROUND_CM, METRICS, SIGNAL_CM, Answer, Comparison, compare
from sim.studies.tables import Table
from trigger.cdc.neuro.mlp import N_OUTPUTS
from trigger.errors import InputError
from trigger.networks import load_network

SAMPLE = "neuro evaluation"
UNSEEN, SEEN = "not in training", "in training"
DEPLOYED, BY_Z, BY_CLASS = "deployed |z|", "ours |z|", "ours class"


def evaluate(path: Path, network: str | Path, *, replicas: int, seed: int) -> Table:
    """Figures of merit of the network that ran and of ours, a row per part of the file, answer and metric.

    One row of the file per true track; a network without a class is scored by z alone. Parts: events that the training of the
    network saw and did not see, and the runs of the latter.
    InputError for a bad file or network, fewer than two replicas, and a file without signal or background.
    """
    from hls.data import Z_SCALE_CM, read_tracks

    if replicas < 2 or seed < 0:
        msg = f"replicas must be 2 or more and the seed 0 or more, not {replicas} and {seed}"
        raise InputError(msg)
    frozen = load_network(network)
    tracks = read_tracks(path)
    tracks = tracks.select(tracks.first_of_track)
    z_reco_cm = tracks.target[:, 0] * Z_SCALE_CM
    ours = frozen.network.answer(tracks.x_raw, tracks.expert).astype(np.float64)
    answers = (
        Answer(name=DEPLOYED, z=tracks.deployed_raw[:, 0].astype(np.float64)),
        Answer(name=BY_Z, z=ours[:, 0]),
        *(Answer(name=BY_CLASS, z=ours[:, 0], likeness=likeness) for likeness in ours.T[N_OUTPUTS:]),
    )
    seen = np.isin(tracks.event_hash, frozen.seen_events)
    parts = {UNSEEN: ~seen, SEEN: seen}
    if len(set(tracks.run[~seen].tolist())) > 1:
        parts |= {f"{UNSEEN}, run {run}": ~seen & (tracks.run == run) for run in sorted(set(tracks.run[~seen].tolist()))}
    rows: list[tuple[str | float | int, ...]] = []
    for name, chosen in parts.items():
        z = z_reco_cm[chosen]
        if chosen.any():
            found = compare(
                z,
                [answer.select(chosen) for answer in answers],
                tracks.event_number[chosen],
                replicas=replicas,
                rng=stream(seed, f"{SAMPLE} {name}", Stage.STUDY, 0),
            )
            rows += _rows(name, tracks.event_number[chosen], z, answers, found)
    if not any(np.isfinite(float(row[6])) for row in rows):
        msg = f"{path}: has no tracks with |z_reco| < 1 cm, or none with |z_reco| > 30 cm: there is nothing to score"
        raise InputError(msg)
    digests = {"network": frozen.digest, "input": file_digest(path)}
    return Table(
        name="neuro_scores",
        title="Neuro trigger: tracks of the interaction point against others, on real tracks",
        columns=(
            "part", "answer", "events", "signal", "background", "metric", "value", "error", "difference", "low", "high",
        ),
        rows=tuple(rows),
        notes=(
            "signal: |z_reco| < 1 cm; background: |z_reco| > 30 cm; one row per true track",
            "difference to the deployed network with its central 95 %, from a paired bootstrap by event",
            "widths are of z - centre over response; elsewhere: 1 to 30 cm; events in training give optimistic figures",
        ),
        stamp=stamp("evaluate", seed=seed, digests=digests, labels={"replicas": replicas}),
    )  # fmt: skip


def _rows(
    part: str, event: NDArray[np.int64], z_cm: NDArray[np.float64], answers: tuple[Answer, ...], found: Comparison
) -> list[tuple[str | float | int, ...]]:
    """A row per answer and metric."""
    counts = (len(np.unique(event)), int((np.abs(z_cm) < SIGNAL_CM).sum()), int((np.abs(z_cm) > BACKGROUND_CM).sum()))
    columns = (found.value, found.error, found.difference, found.difference_low, found.difference_high)
    return [
        (part, answer.name, *counts, metric, *(float(column[a, k]) for column in columns))
        for a, answer in enumerate(answers)
        for k, metric in enumerate(METRICS)
    ]
