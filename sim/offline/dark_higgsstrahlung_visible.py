# Ref: collaboration talks (three pairs of equal mass); public basf2 skim for A'h' (mass that recoils against the leptons).
"""Dark Higgsstrahlung with h' -> A'A': three pairs of opposite charge and equal mass that hold all the energy of the beams."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import partial

import numpy as np

from sim.offline import jagged, objects
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut, Selected
from sim.offline.objects import Arrays, Floats, Indices
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration


@dataclass(frozen=True, kw_only=True)
class SixTrackCuts:
    """Values of the selection; GeV, cm. mass_spread: of the three pairs, relative to their mean."""

    track_dr: float = 0.5
    track_dz: float = 2.0
    lepton_recoil_below: float = 8.5
    total_mass_within: float = 0.5
    mass_spread: float = 0.1


_ours = partial(Cut, source="our choice; talks give no number", certainty=Certainty.OURS)
CUTS = (
    _ours(name="six_tracks", asks="exactly six tracks of no charge with |dr| < 0.5 cm and |dz| < 2 cm"),
    Cut(
        name="lepton_pair",
        asks="two electrons or two muons of opposite charge against which less than 8.5 GeV recoils",
        source="skim of A'h'",
        certainty=Certainty.SKIM,
    ),
    _ours(name="whole_event", asks="M(6 tracks) within 0.5 GeV of the CM energy"),
    Cut(
        name="equal_masses",
        asks="a way to pair them with all three masses within 10 % of their mean",
        source="talks: three pairs at equal mass; 10 % is our choice",
        certainty=Certainty.TALK,
    ),
)
LEFT_OUT = (LeftOut(name="kinds of the pairs", reason="tracks have the pion's mass; searches differ in the pairs that they allow"),)
_ORDERS = np.array(list(itertools.permutations(range(3))))


def select(arrays: Arrays, cuts: SixTrackCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks from the `off_track_*` fields.

    Values: `pair_mass`, the mean of the three masses that are closest to each other, GeV; NaN where there are not six tracks.
    """
    cut = cuts or SixTrackCuts()
    good = objects.good_tracks(arrays, cut.track_dr, cut.track_dz)
    tracks = objects.tracks(arrays, objects.PION_MASS_GEV, beams)
    events = tracks.offsets.size - 1
    sign = arrays["off_track_charge"]
    six = (jagged.count(tracks.offsets, good) == 6) & (objects.charge(arrays, good) == 0)
    pairs = objects.pairs(tracks.offsets, good)
    pairs = pairs.select(sign[pairs.first] * sign[pairs.second] < 0)
    is_electron, is_muon = (arrays[f"off_track_is_{name}"].astype(bool) for name in ("electron", "muon"))
    leptons = (is_electron[pairs.first] & is_electron[pairs.second]) | (is_muon[pairs.first] & is_muon[pairs.second])
    against = objects.mass(objects.recoil(tracks.lab[pairs.first] + tracks.lab[pairs.second], beams))
    mean, spread = _three_pairs(tracks, good & (sign > 0), good & (sign < 0), six)
    masks = (
        six,
        pairs.any(leptons & (against < cut.lepton_recoil_below), events),
        np.abs(objects.mass(tracks.total(good)) - objects.sqrt_s(beams)) < cut.total_mass_within,
        spread < cut.mass_spread,
    )
    return Selected(flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT), values={"pair_mass": mean})


def _three_pairs(tracks: objects.Group, plus: objects.Flags, minus: objects.Flags, six: objects.Flags) -> tuple[Floats, Floats]:
    """Mean mass and largest deviation from it over it, of the pairing with the smallest deviation; NaN without six tracks."""
    size = objects.momentum(tracks.lab)
    three_plus: Indices = objects.leading(tracks.offsets, size, plus, 3)[six]
    three_minus: Indices = objects.leading(tracks.offsets, size, minus, 3)[six]
    mean, spread = np.full(six.size, np.nan), np.full(six.size, np.nan)
    partner = three_minus[:, _ORDERS]
    pair = tracks.lab[three_plus[:, None, :]] + tracks.lab[partner]
    masses = np.sqrt(np.maximum(pair[..., 0] ** 2 - np.sum(pair[..., 1:] ** 2, axis=-1), 0.0))
    means = masses.mean(axis=-1)
    spreads = np.abs(masses - means[..., None]).max(axis=-1, initial=0.0) / np.maximum(means, np.finfo(float).tiny)
    best = spreads.argmin(axis=1)
    rows = np.arange(best.size)
    mean[six], spread[six] = means[rows, best], spreads[rows, best]
    return mean, spread
