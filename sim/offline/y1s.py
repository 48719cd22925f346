# Ref: collaboration talks (slow-pion tag of Y(2S) -> Y(1S) pi pi; gamma A0); PDG 2024. No selection is public.
"""Y(1S) tagged by two slow pions: nothing else (invisible), or a photon and two muons or tracks (CP-odd Higgs boson A0)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from sim.offline import jagged, objects
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut, Selected
from sim.offline.objects import Arrays, Flags, Floats
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration

UPSILON_1S_GEV, UPSILON_2S_GEV, UPSILON_3S_GEV = 9.4604, 10.0234, 10.3551
"""Source: PDG 2024."""


@dataclass(frozen=True, kw_only=True)
class SlowPionCuts:
    """Values of the selections; GeV, cm; all our choice."""

    track_dr: float = 0.5
    track_dz: float = 2.0
    slow_p_star: float = 0.8
    recoil_within: float = 0.01
    extra_energy: float = 0.4
    photon_e_star: float = 0.15


_ours = partial(Cut, source="our choice; talks name the slow-pion tag alone", certainty=Certainty.OURS)
_PAIR = (
    _ours(name="slow_pions", asks="two tracks of opposite charge with p* < 0.8 GeV, |dr| < 0.5 cm, |dz| < 2 cm"),
    _ours(name="tag", asks="recoil of such a pair within 0.01 GeV of the Y(1S)"),
)
INVISIBLE_CUTS = (
    *_PAIR,
    _ours(name="no_other_track", asks="no other track with |dr| < 0.5 cm and |dz| < 2 cm"),
    _ours(name="no_photons", asks="less than 0.4 GeV in photons"),
)
CP_ODD_CUTS = (
    *_PAIR,
    _ours(name="photon", asks="a photon with E* above 0.15 GeV"),
    _ours(name="two_more_tracks", asks="exactly two other tracks, of opposite charge, with |dr| < 0.5 cm and |dz| < 2 cm"),
)
LEFT_OUT = (LeftOut(name="fit of the recoil mass", reason="statistics of the search, not a cut on events"),)


def resonance_beams(mass_gev: float) -> BeamDeclaration:
    """Beams that make a resonance: both energies of the Y(4S) scaled by one factor, as in the generator. Our choice."""
    factor = mass_gev / objects.sqrt_s(Y4S_BEAMS)
    return BeamDeclaration(
        electron_gev=Y4S_BEAMS.electron_gev * factor,
        positron_gev=Y4S_BEAMS.positron_gev * factor,
        half_crossing_rad=Y4S_BEAMS.half_crossing_rad,
    )


UPSILON_2S_BEAMS, UPSILON_3S_BEAMS = resonance_beams(UPSILON_2S_GEV), resonance_beams(UPSILON_3S_GEV)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tag:
    """slow, tagged: events; used: tracks of the pair closest to the Y(1S); recoil_mass: of it, NaN without a pair."""

    slow: Flags
    tagged: Flags
    used: Flags
    recoil_mass: Floats


def select_invisible(arrays: Arrays, cuts: SlowPionCuts | None = None, beams: BeamDeclaration = UPSILON_3S_BEAMS) -> Selected:
    """Masks of Y(1S) -> invisible at the Y(3S) from the `off_track_*` and `off_photon_*` fields.

    Values: `recoil_mass` of the pair closest to the Y(1S) in GeV, `fast_pion_pt`, the larger pT of the two; NaN without a pair.
    """
    cut = cuts or SlowPionCuts()
    tag, good = _tag(arrays, cut, beams)
    offsets = arrays["off_track_offsets"]
    masks = (
        tag.slow,
        tag.tagged,
        jagged.count(offsets, good & ~tag.used) == 0,
        objects.extra_energy(arrays) < cut.extra_energy,
    )
    transverse = np.hypot(arrays["off_track_px"], arrays["off_track_py"])
    values = {
        "recoil_mass": tag.recoil_mass,
        "fast_pion_pt": objects.take(transverse, objects.leading(offsets, transverse, tag.used, 1)[:, 0]),
    }
    return Selected(flow=CutFlow(cuts=INVISIBLE_CUTS, masks=masks, left_out=LEFT_OUT), values=values)


def select_cp_odd(arrays: Arrays, cuts: SlowPionCuts | None = None, beams: BeamDeclaration = UPSILON_2S_BEAMS) -> Selected:
    """Masks of Y(1S) -> gamma A0 at the Y(2S), A0 to two charged particles, from the `off_track_*` and `off_photon_*` fields.

    Values: `photon_e_star` of the hardest photon, `pair_mass` of the two other tracks as muons, GeV, NaN where there are none.
    """
    cut = cuts or SlowPionCuts()
    tag, good = _tag(arrays, cut, beams)
    offsets = arrays["off_track_offsets"]
    other = good & ~tag.used
    photons = objects.photons(arrays, beams)
    e_star = photons.star[:, 0]
    two = (jagged.count(offsets, other) == 2) & (objects.charge(arrays, other) == 0) & tag.slow
    masks = (tag.slow, tag.tagged, jagged.count(photons.offsets, e_star > cut.photon_e_star) > 0, two)
    hardest = objects.leading(photons.offsets, e_star, np.ones(e_star.size, bool), 1)[:, 0]
    pair = objects.tracks(arrays, objects.MUON_MASS_GEV, beams).total(other)
    values = {"photon_e_star": objects.take(e_star, hardest), "pair_mass": np.where(two, objects.mass(pair), np.nan)}
    return Selected(flow=CutFlow(cuts=CP_ODD_CUTS, masks=masks, left_out=LEFT_OUT), values=values)


def _tag(arrays: Arrays, cut: SlowPionCuts, beams: BeamDeclaration) -> tuple[_Tag, Flags]:
    """The slow pions of each event, and its good tracks."""
    good = objects.good_tracks(arrays, cut.track_dr, cut.track_dz)
    tracks = objects.tracks(arrays, objects.PION_MASS_GEV, beams)
    events = tracks.offsets.size - 1
    charge = arrays["off_track_charge"]
    pairs = objects.pairs(tracks.offsets, good & (objects.momentum(tracks.star) < cut.slow_p_star))
    pairs = pairs.select(charge[pairs.first] * charge[pairs.second] < 0)
    mass = objects.mass(objects.recoil(tracks.lab[pairs.first] + tracks.lab[pairs.second], beams))
    best = objects.smallest(pairs.event, np.abs(mass - UPSILON_1S_GEV), events)
    recoil_mass = objects.take(mass, best)
    used = np.zeros(tracks.lab.shape[0], bool)
    chosen = best[best >= 0]
    used[pairs.first[chosen]] = used[pairs.second[chosen]] = True
    tagged = np.abs(recoil_mass - UPSILON_1S_GEV) < cut.recoil_within
    return _Tag(slow=best >= 0, tagged=tagged, used=used, recoil_mass=recoil_mass), good
