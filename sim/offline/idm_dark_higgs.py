# Ref: public basf2 skim InelasticDarkMatterWithDarkHiggs; collaboration talks; what is recalled of the analysis is unverified.
"""Inelastic dark matter with a dark Higgs boson: a pair that points back, an electron pair that does not, missing energy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from sim.offline import jagged, objects
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut, Selected
from sim.offline.objects import Arrays
from sim.offline.vertices import vertices


@dataclass(frozen=True, kw_only=True)
class IdmDarkHiggsCuts:
    """Values of the selection; GeV, degrees in the laboratory, cm. extra_photon_e: the skim has 0.08, 0.07 and 0.10
    in the forward endcap, the barrel and the backward endcap."""

    tracks_below: int = 5
    least_hits: int = 20
    least_distance: float = 0.05
    higgs_radius: float = 0.2
    pointing_deg: float = 5.0
    extra_photon_e: float = 0.08
    extra_energy: float = 2.0
    short_mass: tuple[float, float] = (0.478, 0.518)


_SKIM = "InelasticDarkMatterWithDarkHiggs skim"
_skim = partial(Cut, source=_SKIM, certainty=Certainty.SKIM)
CUTS = (
    _skim(name="few_tracks", asks="fewer than five tracks, at least four of them"),
    _skim(name="hits", asks="four tracks with more than 20 CDC layers"),
    _skim(name="vertices", asks="two vertices without a common track, one of two electrons, one farther than 0.05 cm"),
    Cut(
        name="pointing",
        asks="the other one farther than 0.2 cm, its momentum within 5 deg of its way from the origin",
        source="recalled; the angle is our choice",
        certainty=Certainty.UNVERIFIED,
    ),
    Cut(
        name="no_k_short",
        asks="the other one not at 0.478 < M(pi pi) < 0.518 GeV",
        source="recalled; the window is our choice",
        certainty=Certainty.UNVERIFIED,
    ),
    _skim(name="extra_energy", asks="less than 2 GeV in photons above 0.08 GeV"),
)
_ours = partial(Cut, source="our choice: the search's own cuts on the other vertex", certainty=Certainty.OURS)
ALONE_CUTS = (
    _ours(name="two_tracks", asks="two tracks, both with more than 20 CDC layers"),
    _ours(
        name="pointing",
        asks="a common origin farther than 0.2 cm, the momentum of the pair within 5 deg of its way from the origin",
    ),
    _ours(name="no_k_short", asks="the pair not at 0.478 < M(pi pi) < 0.518 GeV"),
    _ours(name="extra_energy", asks="less than 2 GeV in photons above 0.08 GeV"),
)
LEFT_OUT = (
    LeftOut(name="vertex fit chi2", reason="there are no wrong vertices here: the pairs come from true common origins"),
    LeftOut(name="missing energy and M(xx) windows", reason="not public; they act on events that fired already"),
    LeftOut(name="Lambda and conversion vetoes", reason="protons are not identified, conversions leave no tracks here"),
)


def select(arrays: Arrays, cuts: IdmDarkHiggsCuts | None = None) -> Selected:
    """Masks from the `off_track_*` and `off_photon_*` fields.

    Values of the pair that points best, NaN without vertices: `higgs_radius` in cm; of the other vertex `chi_radius` in cm.
    """
    cut = cuts or IdmDarkHiggsCuts()
    offsets = arrays["off_track_offsets"]
    events = offsets.size - 1
    every = np.ones(offsets[-1], bool)
    found = vertices(arrays, every)
    electrons = np.logical_and(*found.of_track(arrays["off_track_is_electron"].astype(bool)))
    combined = _without_common_track(found.pairs, events)
    # Ordered: the dark Higgs boson first, the electrons of the excited state second.
    higgs, chi = (np.concatenate([combined[a], combined[b]]) for a, b in ((0, 1), (1, 0)))
    higgs, chi = higgs[electrons[chi]], chi[electrons[chi]]
    event = found.pairs.event[chi]
    far = np.maximum(found.radius_cm[higgs], found.radius_cm[chi]) > cut.least_distance
    points = far & (found.radius_cm[higgs] > cut.higgs_radius) & (found.pointing_deg[higgs] < cut.pointing_deg)
    mass = found.mass_gev[higgs]
    k_short = objects.inside(mass, cut.short_mass)
    n_tracks = jagged.count(offsets, every)
    masks = (
        (n_tracks < cut.tracks_below) & (n_tracks >= 4),
        jagged.count(offsets, arrays["off_track_n_cdc"] > cut.least_hits) >= 4,
        np.bincount(event[far], minlength=events) > 0,
        np.bincount(event[points], minlength=events) > 0,
        np.bincount(event[points & ~k_short], minlength=events) > 0,
        objects.extra_energy(arrays, cut.extra_photon_e) < cut.extra_energy,
    )
    best = objects.smallest(event, found.pointing_deg[higgs], events)
    values = {
        "higgs_radius": objects.take(found.radius_cm[higgs], best),
        "chi_radius": objects.take(found.radius_cm[chi], best),
    }
    return Selected(flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT), values=values)


def select_alone(arrays: Arrays, cuts: IdmDarkHiggsCuts | None = None) -> Selected:
    """Masks where the excited state escapes and the dark Higgs boson's pair is all that there is; no search is public.

    Values, NaN without a vertex: `higgs_radius` in cm.
    """
    cut = cuts or IdmDarkHiggsCuts()
    offsets = arrays["off_track_offsets"]
    events = offsets.size - 1
    found = vertices(arrays, np.ones(offsets[-1], bool))
    points = (found.radius_cm > cut.higgs_radius) & (found.pointing_deg < cut.pointing_deg)
    short = objects.inside(found.mass_gev, cut.short_mass)
    layers = jagged.count(offsets, arrays["off_track_n_cdc"] > cut.least_hits)
    masks = (
        (np.diff(offsets) == 2) & (layers == 2),
        found.pairs.any(points, events),
        found.pairs.any(points & ~short, events),
        objects.extra_energy(arrays, cut.extra_photon_e) < cut.extra_energy,
    )
    return Selected(flow=CutFlow(cuts=ALONE_CUTS, masks=masks, left_out=LEFT_OUT), values={"higgs_radius": found.farthest(events)})


def _without_common_track(pairs: objects.Pairs, events: int) -> tuple[objects.Indices, objects.Indices]:
    """Numbers of all two vertices of one event that share no track."""
    offsets = np.concatenate([[0], np.cumsum(np.bincount(pairs.event, minlength=events))])
    two = objects.pairs(offsets, np.ones(pairs.event.size, bool))
    shared = np.zeros(two.first.size, bool)
    for one in (pairs.first, pairs.second):
        for other in (pairs.first, pairs.second):
            shared |= one[two.first] == other[two.second]
    return two.first[~shared], two.second[~shared]
