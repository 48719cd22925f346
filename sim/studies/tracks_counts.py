"""Integer counters of the track study, made slice by slice from truth, 2D tracks and answers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.studies.counting import Counters
from sim.studies.tracks_samples import Kind, Slice
from trigger.cdc import SingleTrackCuts
from trigger.cdc.neuro.formats import NODE_ONE

PT_EDGES = np.array([0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.7, 1.0, 1.5, 2.5, 5.0, 10.0])
P_EDGES = np.array([0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.5, 2.0, 3.0, 5.0, 50.0])
THETA_EDGES = np.array([17.0, 25.0, 30.0, 35.0, 45.0, 60.0, 75.0, 90.0, 105.0, 115.0, 125.0, 135.0, 150.0])
Z_EDGES = np.array([-100, -75, -60, -50, -40, -30, -25, -20, -15, -10, -5, 0, 5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 100.0])
Z_RESIDUAL_EDGES = np.linspace(-200.0, 200.0, 4001)
"""Residuals of z, cm: steps of 1 mm, a fortieth of the best resolution."""
THETA_RESIDUAL_EDGES = np.linspace(-160.0, 160.0, 3201)
"""Residuals of theta, degrees."""
P_PLATEAU_GEV = 1.0
"""Single tracks are counted above this momentum, above the turn-on of the momentum cut."""
FAR_FROM_CM = 30.0
"""Background tracks start at least so far from the interaction point. Source: the project's figure of merit."""
LINES = ("t2>=2", "ffo", "fyo", "stt")
"""ffo: also two open tracks (90 degrees, by the GRL); fyo: ffo and a y track; stt: a single track. Vetoes are left out."""
ACCEPTANCES = ("all", "both muons 17-150 deg", "both muons 35-123 deg, pT > 0.5 GeV")
EVERY, FAST = "every 2D track", "momentum of a single track"
"""Tracks among which cuts are compared: all, and those that pass the momentum cut of the single-track trigger."""


def in_bins(values: NDArray, edges: NDArray) -> NDArray[np.int64]:
    """Bin of each value, 0.. number of bins - 1; -1 outside, and NaN is outside."""
    place = np.searchsorted(edges, values, side="right") - 1
    return np.where((values >= edges[0]) & (values < edges[-1]), place, -1)


def histogram(sizes: tuple[int, ...], *bins: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts in a grid; entries with a bin of -1 are left out."""
    inside = np.all([b >= 0 for b in bins], axis=0)
    flat = np.ravel_multi_index(tuple(b[inside] for b in bins), sizes)
    return np.bincount(flat, minlength=int(np.prod(sizes))).reshape(sizes).astype(np.int64)


def z_of(raw: NDArray) -> NDArray[np.float64]:
    """z in cm of network outputs."""
    return raw[:, 0] * (float(SingleTrackCuts().z_range_cm[1]) / NODE_ONE)


def theta_of(raw: NDArray) -> NDArray[np.float64]:
    """theta in degrees of network outputs."""
    low, high = (float(angle) for angle in SingleTrackCuts().theta_range_deg)
    return low + (high - low) * (raw[:, 1] / NODE_ONE + 1) / 2


def count(part: Slice, kind: Kind) -> Counters:
    """Counters of a slice of a sample of this kind."""
    found = _tracks(part)
    for name in part.answers:
        found |= {f"{key}/{name}": value for key, value in _answers(part, name, kind).items()}
    if part.reference is not None:
        found |= _lines(part, part.reference)
    return found


def _bins(part: Slice) -> dict[str, NDArray[np.int64]]:
    truth = part.truth
    return {
        "pt": in_bins(truth.pt_gev, PT_EDGES),
        "theta": in_bins(truth.theta_deg, THETA_EDGES),
        "p": in_bins(truth.p_gev, P_EDGES),
        "z": in_bins(truth.z_cm, Z_EDGES),
    }


def _tracks(part: Slice) -> Counters:
    """Particles, those with a 2D track, and tracks without a particle."""
    bins, has_track = _bins(part), part.matched.track >= 0
    found: Counters = {}
    for first, second, sizes in (
        ("pt", "theta", (len(PT_EDGES) - 1, len(THETA_EDGES) - 1)),
        ("p", "z", (len(P_EDGES) - 1, len(Z_EDGES) - 1)),
    ):
        for name, chosen in (("particles", np.ones_like(has_track)), ("2D", has_track)):
            found[f"{name}/{first}_{second}"] = histogram(sizes, bins[first][chosen], bins[second][chosen])
    alone = part.matched.particle < 0
    found["tracks"] = np.array([len(part.truth.offsets) - 1, len(alone), int(alone.sum())])
    return found


def _answers(part: Slice, name: str, kind: Kind) -> Counters:
    """What one network makes of the particles that have a 2D track."""
    truth, track, particle = part.truth, part.matched.track, part.matched.particle
    raw, single, bins = part.answers[name].raw, part.answers[name].single, _bins(part)
    expert = part.vectors.track_expert
    found: Counters = {}
    with_track = np.flatnonzero(track >= 0)
    answered = with_track[expert[track[with_track]] >= 0]
    shape = (len(PT_EDGES) - 1, len(THETA_EDGES) - 1)
    for key, residual, edges in (
        ("z", z_of(raw)[track[answered]] - truth.z_cm[answered], Z_RESIDUAL_EDGES),
        ("theta", theta_of(raw)[track[answered]] - truth.theta_deg[answered], THETA_RESIDUAL_EDGES),
    ):
        if kind is Kind.PROMPT:
            where = (bins["pt"][answered], bins["theta"][answered], in_bins(residual, edges))
            found[f"residual_{key}"] = histogram((*shape, len(edges) - 1), *where)
    if kind is Kind.ALONG:
        place = in_bins(z_of(raw)[track[answered]] - truth.z_cm[answered], Z_RESIDUAL_EDGES)
        fast = np.where(truth.p_gev[answered] > P_PLATEAU_GEV, place, -1)
        found["residual_along"] = histogram((len(Z_EDGES) - 1, len(Z_RESIDUAL_EDGES) - 1), bins["z"][answered], fast)
    # A particle passes if any of the tracks that belong to it does.
    for key, passes in (("answered", expert >= 0), ("stt", single.track_stt > 0), ("y", single.track_y > 0)):
        passed = np.zeros(len(track), bool)
        passed[particle[passes & (particle >= 0)]] = True
        for first, second in (("pt", "theta"), ("p", "z")):
            sizes = shape if first == "pt" else (len(P_EDGES) - 1, len(Z_EDGES) - 1)
            found[f"{key}/{first}_{second}"] = histogram(sizes, bins[first][passed], bins[second][passed])
    found["stt_alone"] = np.array([int((single.track_stt[particle < 0] > 0).sum())])
    if kind in (Kind.PROMPT, Kind.BACKGROUND):
        found |= _outputs(
            part, name, with_track if kind is Kind.PROMPT else with_track[np.abs(truth.z_cm[with_track]) >= FAR_FROM_CM]
        )
    return found


def _outputs(part: Slice, name: str, particles: NDArray[np.int64]) -> Counters:
    """Histograms of |z| and class of the tracks of these particles; index -1 of the last axis: no answer."""
    track = part.matched.track[particles]
    raw, single = part.answers[name].raw[track].astype(np.int64), part.answers[name].single
    none = part.vectors.track_expert[track] < 0
    fast = single.track_p_raw[track] > SingleTrackCuts().p_above_raw
    found: Counters = {}
    for key, values, size in (("abs_z", np.abs(raw[:, 0]), NODE_ONE + 1), ("class", raw[:, -1] + NODE_ONE, 2 * NODE_ONE + 1)):
        if key == "abs_z" or raw.shape[1] > 2:
            values = np.where(none, size, values)
            found[f"{key}/{EVERY}"] = np.bincount(values, minlength=size + 1)
            found[f"{key}/{FAST}"] = np.bincount(values[fast], minlength=size + 1)
    return found


def _lines(part: Slice, reference: NDArray[np.bool_]) -> Counters:
    """(acceptances, 4) by line and network, which is empty for lines without one.

    Events, those that the line takes, those that the reference takes, those that both take.
    """
    truth = part.truth
    inside = {
        ACCEPTANCES[1]: (truth.theta_deg > THETA_EDGES[0]) & (truth.theta_deg < THETA_EDGES[-1]),
        ACCEPTANCES[2]: (truth.theta_deg > 35) & (truth.theta_deg < 123) & (truth.pt_gev > 0.5),
    }
    n_events = len(truth.offsets) - 1
    event = np.repeat(np.arange(n_events), np.diff(truth.offsets))
    accepted = {ACCEPTANCES[0]: np.ones(n_events, bool)} | {
        name: np.bincount(event[chosen], minlength=n_events) == 2 for name, chosen in inside.items()
    }
    two = np.diff(part.tracks.track_offsets) >= 2
    opened = two & part.opened
    fired = {"t2>=2/": two, "ffo/": opened}
    for network, answers in part.answers.items():
        fired[f"fyo/{network}"] = opened & answers.single.grl_ty.any(axis=1)
        fired[f"stt/{network}"] = answers.single.grl_typ > 0
    found: Counters = {}
    for line, passed in fired.items():
        taken = (np.ones(n_events, bool), passed, reference, passed & reference)
        found[f"lines/{line}"] = np.array([[(chosen & by).sum() for by in taken] for chosen in accepted.values()], np.int64)
    return found
