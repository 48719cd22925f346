# Ref: public HLT filter code FilterCalculator (filters and vetoes of low multiplicity, read in public source).
"""Software trigger behind the hardware trigger: the low-multiplicity filters, and what any of them keeps.

Filters with a prescale in the experiment are left out, since their prescales are not public; so is what bears a name there whose
definition was not read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.offline import jagged, objects
from sim.offline.cuts import Certainty, Cut, LeftOut
from sim.offline.hlt_objects import LOOSE_Z_CM, TIGHT_Z_CM, Clusters, Two, clusters, two
from sim.offline.objects import Arrays, Flags, Floats, inside
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration

OUTPUT_KHZ = 10.0
"""Largest output rate of the software trigger. Source: collaboration talks."""
_SOURCE = "HLT FilterCalculator"


@dataclass(frozen=True, kw_only=True)
class HltCuts:
    """Values of the filters; GeV and degrees, `star` and angles between objects in the CM frame, theta in the laboratory.

    muon_p: of the faster and of the slower track. tag_e_star: at least in GeV, at most in parts of the CM energy.
    """

    other_e_star: float = 0.3
    barrel: tuple[float, float] = (32.0, 130.0)
    central: tuple[float, float] = (44.0, 98.0)
    endcaps: tuple[tuple[float, float], ...] = ((22.0, 32.0), (130.0, 145.0))
    barrel_e_star: float = 1.0
    central_e_star: float = 0.5
    energetic: float = 2.0
    rings: tuple[float, float] = (18.5, 139.3)
    counted_e: float = 0.18
    of_three_e: float = 0.5
    of_four_e: float = 0.3
    pair_delta_phi: float = 165.0
    pair_e: float = 0.25
    pair_theta: tuple[float, float] = (17.0, 150.0)
    pair_e_star_max: float = 4.0
    gg_e_star: float = 4.0
    gg_delta_phi: float = 177.0
    slow: float = 0.8
    fast: float = 4.5
    muon_e_cluster: tuple[float, float] = (0.0, 1.0)
    muon_p: tuple[float, float] = (3.0, 2.5)
    muon_delta_phi: float = 165.0
    cluster_muon_e: tuple[float, float] = (0.15, 0.5)
    cluster_muon_delta_phi: float = 155.0
    cluster_muon_theta_sum: tuple[float, float] = (165.0, 195.0)
    tag_p: float = 0.8
    tag_e_star: tuple[float, float] = (1.0, 0.525)
    tag_delta_phi: float = 160.0


@dataclass(frozen=True, kw_only=True)
class HltVetoes:
    """Values of the vetoes; GeV and degrees in the CM frame. leg: both energies of a pair above the first, one above the second.
    eexx: (largest p* below, dphi* above), either of two."""

    leg: tuple[float, float] = (3.0, 4.5)
    track_p: float = 3.0
    tracks_delta_phi: float = 175.0
    theta_sum_within: float = 15.0
    ee_delta_phi: tuple[float, float] = (160.0, 178.0)
    gg_delta_phi: float = 178.0
    missing_theta: tuple[float, float] = (20.0, 160.0)
    eexx: tuple[tuple[float, float], ...] = ((1.2, 150.0), (2.0, 175.0))


def _filter(name: str, asks: str, certainty: Certainty = Certainty.SKIM) -> Cut:
    source = _SOURCE if certainty is Certainty.SKIM else f"{_SOURCE}; some of its numbers were not read"
    return Cut(name=name, asks=asks, source=source, certainty=certainty)


FILTERS = (
    _filter("photon_1gev", "one photon with E* > 1 GeV at 32-130 deg, no other cluster with E* > 0.3 GeV"),
    _filter("photon_500mev", "one photon with E* > 0.5 GeV at 44-98 deg, no other cluster with E* > 0.3 GeV"),
    _filter("photon_2gev_barrel", "a photon with E* > 2 GeV at 32-130 deg, no gg or e track veto", Certainty.UNVERIFIED),
    _filter("photon_2gev_endcap", "a photon with E* > 2 GeV at 22-32 or 130-145 deg, no gg or ee veto", Certainty.UNVERIFIED),
    _filter("three_clusters", "three clusters above 0.18 GeV, one above 0.5 GeV, none with E* > 2 GeV, at 18.5-139.3 deg"),
    _filter("four_clusters", "four clusters above 0.18 GeV, one above 0.3 GeV, none with E* > 2 GeV, at 18.5-139.3 deg"),
    _filter("photon_pair_phi", "the two hardest clusters photons back to back in azimuth, E* < 4 GeV", Certainty.UNVERIFIED),
    _filter("gg_barrel", "two clusters with E* > 2 GeV, one > 4 GeV, dphi* > 177 deg, one neutral, one in the barrel"),
    _filter("two_tracks_slow", "two tracks of no charge, p* below 0.8 GeV, no eexx veto"),
    _filter("two_tracks_middle", "two tracks, larger p* at 0.8-4.5 GeV, no ee2leg, ee1leg1trk, eexx veto"),
    _filter("two_tracks_fast", "two tracks, larger p* above 4.5 GeV, no ee2leg, ee1leg1trk veto", Certainty.UNVERIFIED),
    _filter("three_tracks", "three tracks, one from the interaction point, no ee2leg veto"),
    _filter("single_muon", "the track with the largest pT has p* > 3 GeV and 0 < E_cluster < 1 GeV"),
    _filter("mu_mu", "p* > 3 and 2.5 GeV, dphi* > 165 deg, one with 0 < E_cluster < 1 GeV"),
    _filter("ecl_muon_pair", "two clusters of 0.15-0.5 GeV, dphi* > 155 deg, 165 < theta sum < 195 deg"),
    _filter("single_tag", "one track with p* > 0.8 GeV, two photons of 1 < E* < 0.525 sqrt(s), dphi* > 160 deg to it"),
)
LEFT_OUT = (
    LeftOut(name="prescaled filters", reason="one electron, photons of 1 GeV outside the barrel: prescales are not public"),
    LeftOut(name="eeBrem, muonPairV, ee1leg, ee1leg1clst, ee1leg1e", reason="vetoes whose definitions were not read"),
    LeftOut(name="Zernike moment > 0.5", reason="needs shower shapes by crystal, which are not simulated"),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class HltDecision:
    """masks: bool (filters, events) in the order of `FILTERS`."""

    masks: Flags

    @property
    def passed(self) -> Flags:
        """Events that any filter keeps."""
        return np.asarray(self.masks.any(axis=0))

    def mask(self, name: str) -> Flags:
        """Events that this filter keeps; KeyError for an unknown one."""
        for cut, mask in zip(FILTERS, self.masks, strict=True):
            if cut.name == name:
                return mask
        raise KeyError(name)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tracks:
    """Loose tracks: the group as pions, marks, momentum and cluster energy in the CM frame, the two fastest."""

    four: objects.Group
    loose: Flags
    tight: Flags
    cluster_star: Floats
    fastest: Two
    rows: objects.Indices


def decide(arrays: Arrays, cuts: HltCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> HltDecision:
    """Filters from the `off_photon_*` and `off_track_*` fields."""
    cut = cuts or HltCuts()
    found, tracks = clusters(arrays, beams), _tracks(arrays, beams)
    hard, hard_rows = two(found.four, found.star, np.ones(found.lab.size, bool))
    vetoes = _vetoes(tracks, hard, HltVetoes(), beams)
    masks = (*_photons(found, cut, vetoes), *_clusters(found, hard, hard_rows, cut), *_two_tracks(arrays, tracks, cut, vetoes))
    return HltDecision(masks=np.stack([*masks, *_muons(arrays, tracks, hard, cut), _single_tag(arrays, tracks, cut, beams)]))


def _tracks(arrays: Arrays, beams: BeamDeclaration) -> _Tracks:
    four = objects.tracks(arrays, objects.PION_MASS_GEV, beams)
    loose = np.abs(arrays["off_track_dz"]) < LOOSE_Z_CM
    direction = four.lab[:, 1:] / np.maximum(objects.momentum(four.lab), np.finfo(float).tiny)[:, None]
    deposit = np.asarray(arrays["off_track_e_cluster"], dtype=np.float64)
    cluster = objects.group(four.offsets, deposit, deposit[:, None] * direction, beams)
    fastest, rows = two(four, objects.momentum(four.star), loose)
    tight = np.abs(arrays["off_track_dz"]) < TIGHT_Z_CM
    return _Tracks(four=four, loose=loose, tight=tight, cluster_star=cluster.star[:, 0], fastest=fastest, rows=rows)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Vetoes:
    ee2leg: Flags
    ee1leg1trk: Flags
    ee2clst: Flags
    gg2clst: Flags
    eexx: Flags


def _vetoes(tracks: _Tracks, hard: Two, cut: HltVetoes, beams: BeamDeclaration) -> _Vetoes:
    pair = tracks.fastest
    both, one = cut.leg
    deposit = objects.take(tracks.cluster_star, tracks.rows)
    momenta = np.sqrt(np.sum(pair.star[:, :, 1:] ** 2, axis=2))
    opposite = (pair.delta_phi > cut.tracks_delta_phi) & (np.abs(pair.theta_sum - 180.0) < cut.theta_sum_within)
    one_leg = ((deposit[:, 0] > one) & (momenta[:, 1] > cut.track_p)) | ((deposit[:, 1] > one) & (momenta[:, 0] > cut.track_p))
    energies = hard.star[:, :, 0]
    energetic = np.abs(hard.theta_sum - 180.0) < cut.theta_sum_within
    energetic &= np.all(energies > both, axis=1) & np.any(energies > one, axis=1)
    missing = np.array([objects.sqrt_s(beams), 0.0, 0.0, 0.0]) - np.where(pair.exist[:, None], pair.star.sum(axis=1), 0.0)
    along = pair.exist & ~inside(objects.theta_deg(missing), cut.missing_theta)
    largest = momenta.max(axis=1)
    flat = np.any([(largest < p) & (pair.delta_phi > angle) for p, angle in cut.eexx], axis=0)
    return _Vetoes(
        ee2leg=opposite & np.all(deposit > both, axis=1) & np.any(deposit > one, axis=1),
        ee1leg1trk=opposite & one_leg,
        ee2clst=inside(hard.delta_phi, cut.ee_delta_phi) & energetic,
        gg2clst=(hard.delta_phi > cut.gg_delta_phi) & energetic,
        eexx=along & flat,
    )


def _photons(found: Clusters, cut: HltCuts, vetoes: _Vetoes) -> tuple[Flags, ...]:
    alone = found.count(found.star > cut.other_e_star) == 1
    neutral = ~found.charged
    barrel, central = (inside(found.theta_deg, limits) for limits in (cut.barrel, cut.central))
    endcaps = np.any([inside(found.theta_deg, limits) for limits in cut.endcaps], axis=0)
    energetic = neutral & (found.star > cut.energetic)
    return (
        alone & (found.count(neutral & barrel & (found.star > cut.barrel_e_star)) == 1),
        alone & (found.count(neutral & central & (found.star > cut.central_e_star)) == 1),
        (found.count(energetic & barrel) > 0) & ~vetoes.gg2clst & ~vetoes.ee1leg1trk,
        (found.count(energetic & endcaps) > 0) & ~vetoes.gg2clst & ~vetoes.ee2clst,
    )


def _clusters(found: Clusters, hard: Two, rows: objects.Indices, cut: HltCuts) -> tuple[Flags, ...]:
    ring = inside(found.theta_deg, cut.rings)
    quiet = found.count(found.star > cut.energetic) == 0
    some = found.count(ring & (found.lab > cut.counted_e))
    neutral = objects.take((~found.charged).astype(np.int64), rows, 0) == 1
    lab = objects.take(found.lab, rows)
    theta = objects.take(found.theta_deg, rows)
    energies = hard.star[:, :, 0]
    pair = np.all(neutral & (lab > cut.pair_e) & inside(theta, cut.pair_theta), axis=1)
    gg = np.all(energies > cut.energetic, axis=1) & np.any(energies > cut.gg_e_star, axis=1) & (hard.delta_phi > cut.gg_delta_phi)
    return (
        quiet & (some >= 3) & (found.count(ring & (found.lab > cut.of_three_e)) > 0),
        quiet & (some >= 4) & (found.count(ring & (found.lab > cut.of_four_e)) > 0),
        pair & (hard.delta_phi > cut.pair_delta_phi) & (found.count(found.star > cut.pair_e_star_max) == 0),
        gg & np.any(neutral, axis=1) & np.any(inside(theta, cut.barrel), axis=1),
    )


def _two_tracks(arrays: Arrays, tracks: _Tracks, cut: HltCuts, vetoes: _Vetoes) -> tuple[Flags, ...]:
    n_loose = jagged.count(tracks.four.offsets, tracks.loose)
    largest = np.sqrt(np.sum(tracks.fastest.star[:, 0, 1:] ** 2, axis=1))
    is_two = n_loose == 2
    electrons = vetoes.ee2leg | vetoes.ee1leg1trk
    return (
        is_two & (objects.charge(arrays, tracks.loose) == 0) & (largest < cut.slow) & ~vetoes.eexx,
        is_two & inside(largest, (cut.slow, cut.fast)) & ~electrons & ~vetoes.eexx,
        is_two & (largest > cut.fast) & ~electrons,
        (n_loose >= 3) & (jagged.count(tracks.four.offsets, tracks.tight) > 0) & ~vetoes.ee2leg,
    )


def _muons(arrays: Arrays, tracks: _Tracks, hard: Two, cut: HltCuts) -> tuple[Flags, ...]:
    deposit = np.asarray(arrays["off_track_e_cluster"], dtype=np.float64)
    small = inside(deposit, cut.muon_e_cluster)
    size = objects.momentum(tracks.four.star)
    top = objects.leading(tracks.four.offsets, objects.pt(tracks.four.lab), tracks.loose, 1)[:, 0]
    momenta = objects.take(size, tracks.rows)
    any_small = np.any(objects.take(small.astype(np.int64), tracks.rows, 0) == 1, axis=1)
    quiet = np.all(inside(hard.star[:, :, 0], cut.cluster_muon_e), axis=1)
    return (
        (objects.take(size, top) > cut.muon_p[0]) & (objects.take(small.astype(np.int64), top, 0) == 1),
        np.all(momenta > np.array(cut.muon_p), axis=1) & (tracks.fastest.delta_phi > cut.muon_delta_phi) & any_small,
        quiet & (hard.delta_phi > cut.cluster_muon_delta_phi) & inside(hard.theta_sum, cut.cluster_muon_theta_sum),
    )


def _single_tag(arrays: Arrays, tracks: _Tracks, cut: HltCuts, beams: BeamDeclaration) -> Flags:
    photons = objects.photons(arrays, beams)
    limits = (cut.tag_e_star[0], cut.tag_e_star[1] * objects.sqrt_s(beams))
    chosen = objects.leading(photons.offsets, photons.star[:, 0], np.ones(photons.star.shape[0], bool), 2)
    star = objects.take(photons.star, chosen)
    track = objects.take(tracks.four.star, tracks.rows[:, 0])
    fast = np.sqrt(np.sum(track[:, 1:] ** 2, axis=1)) > cut.tag_p
    both = star.sum(axis=1)
    one = jagged.count(tracks.four.offsets, tracks.loose) == 1
    return np.asarray(one & fast & inside(both[:, 0], limits) & (objects.delta_phi_deg(both, track) > cut.tag_delta_phi))
