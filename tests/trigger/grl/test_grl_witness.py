"""The GRL model == a slow one that is written from the description of the rules, on random events of every filling."""

import numpy as np
import slow_grl

from trigger.grl import GrlTrigger
from trigger.grl.layout import DECISION_FIELDS, NOT_MODELLED


def random_event(rng: np.random.Generator) -> slow_grl.Event:
    """Segments from few to all, bundles of neighbouring ones, up to 40 tracks, six clusters of any kind, any sectors."""
    segments = rng.choice(992, rng.integers(0, 992 if rng.random() < 0.2 else 60), replace=False).tolist()
    for _ in range(rng.integers(0, 4)):
        row, at = slow_grl.PATTERNS[rng.integers(len(slow_grl.PATTERNS))], rng.integers(64)
        shift = {0: int(row["dSL0"]), 1: int(row["dSL1"]), 2: 0, 3: int(row["dSL3"]), 4: int(row["dSL4"])}
        for sl in range(5):
            n = slow_grl.FIRST_SEGMENT[sl + 1] - slow_grl.FIRST_SEGMENT[sl]
            segments.append(int(slow_grl.FIRST_SEGMENT[sl] + (at + shift[sl]) % 64 * n // 64))
    n_tracks = rng.integers(0, 41) if rng.random() < 0.2 else rng.integers(0, 4)
    tracks = np.column_stack(
        [
            rng.integers(0, 320, n_tracks),
            rng.integers(-33, 34, n_tracks),
            np.where(rng.random(n_tracks) < 0.5, -1, rng.integers(0, 5, n_tracks)),
            rng.integers(-4096, 4097, n_tracks),
        ]
    )
    n_clusters = rng.integers(0, 7)
    clusters = np.column_stack([rng.integers(1, 577, n_clusters), rng.integers(1, 1200, n_clusters)])
    return slow_grl.Event(
        segments=segments,
        tracks=[tuple(track) for track in tracks.tolist()],
        clusters=[tuple(cluster) for cluster in clusters.tolist()],
        klm=np.flatnonzero(rng.random(24) < rng.choice([0, 0.1, 0.5])).tolist(),
        bhabha=bool(rng.random() < 0.5),
    )


def test_model_equals_the_slow_one():
    rng = np.random.default_rng(11)
    events = [random_event(rng) for _ in range(500)]
    decision = GrlTrigger().run(**slow_grl.arguments(events)).arrays()
    absent = {one.name for one in NOT_MODELLED}
    seen: dict[str, set[int]] = {}
    for number, event in enumerate(events):
        wanted = slow_grl.answer(event)
        for field in DECISION_FIELDS:
            name = field.name.removeprefix("grl_")
            for element, value in enumerate(np.atleast_1d(decision[field.name][number]).tolist()):
                label = name if field.length == 1 else f"{name}_{element}"
                assert value == (0 if field.name in absent else wanted[label]), (number, label, event)
                seen.setdefault(label, set()).add(value)
    constant = {label for label, values in seen.items() if len(values) == 1}
    assert {label for label in constant if f"grl_{label}" not in absent and not label.startswith("cdctop")} == set()
