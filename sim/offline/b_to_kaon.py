# Ref: public basf2 skim BtoKplusLLP; Belle II, Phys. Rev. D 108, L111104; Belle, B -> K a (talks); what is recalled is unverified.
"""B -> K S with a long-lived scalar S to two tracks, and B -> K a with a -> gamma gamma: one B found whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from sim.offline import objects
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut, Selected
from sim.offline.objects import Arrays, Flags, Floats, Indices
from sim.offline.vertices import Vertices, vertices
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration


@dataclass(frozen=True, kw_only=True)
class BToKaonCuts:
    """Values of the selections; GeV, cm. Recalled ones are unverified."""

    kaon_pt: float = 0.1
    track_dr: float = 0.5
    track_dz: float = 2.0
    k_star_mass: tuple[float, float] = (0.796, 0.996)
    vertex_radius: float = 0.05
    m_bc: float = 5.27
    delta_e: float = 0.05
    short_mass: tuple[float, float] = (0.478, 0.518)
    photon_e: float = 0.1
    alp_delta_e: tuple[float, float] = (-0.2, 0.1)


_skim = partial(Cut, source="BtoKplusLLP skim", certainty=Certainty.SKIM)
_recalled = partial(Cut, source="Phys. Rev. D 108, L111104, recalled", certainty=Certainty.UNVERIFIED)
_KAON = _skim(
    name="kaon",
    asks="an identified kaon with pT > 0.1 GeV, |dr| < 0.5 cm, |dz| < 2 cm, alone or as K* with a pion at 0.796 < M < 0.996 GeV",
)
CUTS = (
    _KAON,
    _skim(name="displaced_pair", asks="two tracks of opposite charge from a common origin more than 0.05 cm from the beams"),
    _recalled(name="not_k_short", asks="such a pair not at 0.478 < M(pi pi) < 0.518 GeV"),
    _recalled(name="b_meson", asks="with a kaon M_bc > 5.27 GeV and |Delta E| < 0.05 GeV"),
)
LEFT_OUT = (
    LeftOut(name="pointing of S and continuum suppression", reason="numbers not public; they act on events that fired already"),
    LeftOut(name="final states one by one", reason="kind of the pair from identification, pions by default"),
)
ALP_CUTS = (
    _KAON,
    Cut(name="photons", asks="two photons above 0.1 GeV", source="our choice", certainty=Certainty.OURS),
    Cut(
        name="b_meson",
        asks="with a kaon M_bc > 5.27 GeV and -0.2 < Delta E < 0.1 GeV",
        source="recalled from the analysis of Belle",
        certainty=Certainty.UNVERIFIED,
    ),
)
ALP_LEFT_OUT = (
    LeftOut(name="vetoes of pi0, eta and eta'", reason="mass windows of the search itself: they leave out masses, not events"),
    LeftOut(name="continuum suppression", reason="not public; it acts on events that fired already"),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Kaons:
    """Kaon sides of B mesons: event, momentum (k, 4), the tracks used (k, 2), -1 for none."""

    event: Indices
    momentum: Floats
    tracks: Indices


def select(arrays: Arrays, cuts: BToKaonCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks of B -> K S from the `off_track_*` fields.

    Values of the candidate with the smallest |Delta E|, NaN without one: `pair_mass` and `reduced_mass`, sqrt(M^2 - 4 m^2), in GeV,
    `radius` in cm.
    """
    cut = cuts or BToKaonCuts()
    offsets = arrays["off_track_offsets"]
    events = offsets.size - 1
    kaons = _kaons(arrays, cut)
    masses = _masses(arrays)
    every = np.ones(offsets[-1], bool)
    as_pions = vertices(arrays, every)
    found = vertices(arrays, every, masses)
    displaced = found.radius_cm > cut.vertex_radius
    other = displaced & ~objects.inside(as_pions.mass_gev, cut.short_mass)
    rows, columns = _joined(kaons, found, other, events)
    m_bc, delta_e = _b_meson(kaons.momentum[rows] + found.momentum[columns], beams)
    event = kaons.event[rows]
    good = (m_bc > cut.m_bc) & (np.abs(delta_e) < cut.delta_e)
    masks = (
        np.bincount(kaons.event, minlength=events) > 0,
        found.pairs.any(displaced, events),
        found.pairs.any(other, events),
        np.bincount(event[good], minlength=events) > 0,
    )
    best = objects.smallest(event, np.abs(delta_e), events)
    chosen = objects.take(columns, best, -1)
    mass = found.mass_gev
    threshold = np.square(masses[found.pairs.first] + masses[found.pairs.second])
    reduced = np.sqrt(np.maximum(mass**2 - threshold, 0.0))
    values = {
        name: objects.take(of_pair, chosen)
        for name, of_pair in (("pair_mass", mass), ("reduced_mass", reduced), ("radius", found.radius_cm))
    }
    return Selected(flow=CutFlow(cuts=CUTS, masks=masks, left_out=LEFT_OUT), values=values)


def select_alp(arrays: Arrays, cuts: BToKaonCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks of B -> K a from the `off_track_*` and `off_photon_*` fields; values: `pair_mass` of the two photons in GeV of the
    candidate with the smallest |Delta E|, NaN without one."""
    cut = cuts or BToKaonCuts()
    photons = objects.photons(arrays, beams)
    events = photons.offsets.size - 1
    kaons = _kaons(arrays, cut)
    pairs = objects.pairs(photons.offsets, photons.lab[:, 0] > cut.photon_e)
    both = photons.lab[pairs.first] + photons.lab[pairs.second]
    rows, columns = objects.product(kaons.event, pairs.event, events)
    m_bc, delta_e = _b_meson(kaons.momentum[rows] + both[columns], beams)
    event = kaons.event[rows]
    good = (m_bc > cut.m_bc) & objects.inside(delta_e, cut.alp_delta_e)
    masks = (
        np.bincount(kaons.event, minlength=events) > 0,
        np.bincount(pairs.event, minlength=events) > 0,
        np.bincount(event[good], minlength=events) > 0,
    )
    best = objects.smallest(event[good], np.abs(delta_e[good]), events)
    mass = objects.take(objects.mass(both[columns[good]]), best)
    return Selected(flow=CutFlow(cuts=ALP_CUTS, masks=masks, left_out=ALP_LEFT_OUT), values={"pair_mass": mass})


def _kaons(arrays: Arrays, cut: BToKaonCuts) -> _Kaons:
    """Charged kaons, and K*0 -> K+ pi-."""
    good = objects.good_tracks(arrays, cut.track_dr, cut.track_dz)
    transverse = np.hypot(arrays["off_track_px"], arrays["off_track_py"])
    is_kaon = good & arrays["off_track_is_kaon"].astype(bool) & (transverse > cut.kaon_pt)
    mass = np.where(is_kaon, objects.KAON_MASS_GEV, objects.PION_MASS_GEV)
    tracks = objects.tracks(arrays, mass)
    single = np.flatnonzero(is_kaon)
    event = np.repeat(np.arange(tracks.offsets.size - 1), np.diff(tracks.offsets))[single]
    charge = arrays["off_track_charge"]
    pairs = objects.pairs(tracks.offsets, good)
    both = tracks.lab[pairs.first] + tracks.lab[pairs.second]
    right = (is_kaon[pairs.first] != is_kaon[pairs.second]) & (charge[pairs.first] * charge[pairs.second] < 0)
    pairs, both = pairs.select(right), both[right]
    in_window = objects.inside(objects.mass(both), cut.k_star_mass)
    pairs, both = pairs.select(in_window), both[in_window]
    return _Kaons(
        event=np.concatenate([event, pairs.event]),
        momentum=np.concatenate([tracks.lab[single], both]),
        tracks=np.concatenate([np.stack([single, np.full(single.size, -1)], 1), np.stack([pairs.first, pairs.second], 1)]),
    )


def _masses(arrays: Arrays) -> Floats:
    """Mass of each track as identified: muon, electron, kaon in this order, else pion."""
    kinds = (("muon", objects.MUON_MASS_GEV), ("electron", objects.ELECTRON_MASS_GEV), ("kaon", objects.KAON_MASS_GEV))
    flags = [arrays[f"off_track_is_{name}"].astype(bool) for name, _ in kinds]
    return np.asarray(np.select(flags, [mass for _, mass in kinds], objects.PION_MASS_GEV), dtype=np.float64)


def _joined(kaons: _Kaons, found: Vertices, which: Flags, events: int) -> tuple[Indices, Indices]:
    """Kaon sides and marked vertices of one event without a common track."""
    marked = np.flatnonzero(which)
    rows, columns = objects.product(kaons.event, found.pairs.event[marked], events)
    columns = marked[columns]
    used = kaons.tracks[rows]
    shared = np.zeros(rows.size, bool)
    for track in (found.pairs.first[columns], found.pairs.second[columns]):
        shared |= np.any(used == track[:, None], axis=1)
    return rows[~shared], columns[~shared]


def _b_meson(momentum: Floats, beams: BeamDeclaration) -> tuple[Floats, Floats]:
    """M_bc and Delta E in GeV."""
    star = objects.to_star(momentum, beams)
    half = objects.sqrt_s(beams) / 2
    return np.sqrt(np.maximum(half**2 - np.sum(star[:, 1:] ** 2, axis=1), 0.0)), star[:, 0] - half
