# Ref: Belle II, Phys. Rev. Lett. 125, 161806 (values recalled, unverified); basf2 skim ALP3Gamma; collaboration talks.
"""Axion-like particle -> gamma gamma beside a photon: three photons, two where the pair merges, or three not from the origin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from sim.offline import jagged, objects
from sim.offline.cuts import Certainty, Cut, CutFlow, LeftOut, Selected
from sim.offline.merging import merged
from sim.offline.objects import Arrays, Floats, inside
from trigger.geometry.beams import Y4S_BEAMS, BeamDeclaration


@dataclass(frozen=True, kw_only=True)
class ThreeGammaCuts:
    """Values of the selections; GeV, degrees in the laboratory, cm. Recalled ones are unverified."""

    theta: tuple[float, float] = (37.3, 123.7)
    energy: float = 0.65
    energy_light: float = 1.0
    light_below: float = 4.0
    mass: tuple[float, float] = (0.88, 1.03)
    skim_theta: tuple[float, float] = (17.0, 150.0)
    skim_energy: float = 0.1
    skim_mass: tuple[float, float] = (0.8, 1.05)
    track_dr: float = 0.5
    track_dz: float = 2.0
    merge_deg: float = 4.0
    merged_e_star: float = 4.0


_PAPER = "Phys. Rev. Lett. 125, 161806, recalled"
_recalled = partial(Cut, source=_PAPER, certainty=Certainty.UNVERIFIED)
_skim = partial(Cut, source="ALP3Gamma skim", certainty=Certainty.SKIM)
_ours = partial(Cut, source="our choice: no analysis of this topology is public", certainty=Certainty.OURS)
_NO_TRACKS = _recalled(name="no_tracks", asks="no track with |dr| < 0.5 cm and |dz| < 2 cm")
_MERGE = LeftOut(
    name="shower shapes",
    reason="a photon's width in the crystals is not simulated: closer than 4 degrees (talks: 3 to 5) two photons are one",
)
CUTS = (
    _recalled(name="three_photons", asks="the three hardest photons (E*) at 37.3 < theta < 123.7 deg"),
    Cut(
        name="energy",
        asks="each above 0.65 GeV where two of them weigh more than 4 GeV, else above 1 GeV",
        source=f"switch at 4 GeV: talks; energies: {_PAPER}",
        certainty=Certainty.UNVERIFIED,
    ),
    _recalled(name="mass", asks="0.88 < M(3 gamma) / sqrt(s) < 1.03"),
    _NO_TRACKS,
)
LEFT_OUT = (
    LeftOut(name="timing", reason="its window is not public; all photons of an event are in time here"),
    LeftOut(name="choice of the pair", reason="the search keeps all three; lightest and heaviest pair are given"),
    _MERGE,
)
SKIM_CUTS = (
    _skim(name="three_photons", asks="the three hardest photons (E*) at 17 < theta < 150 deg"),
    _skim(name="energy", asks="each above 0.1 GeV"),
    _skim(name="mass", asks="0.8 < M(3 gamma) / sqrt(s) < 1.05"),
    _NO_TRACKS,
)
MERGED_CUTS = (
    _ours(name="two_photons", asks="exactly two photons above 0.65 GeV after merging, at 37.3 < theta < 123.7 deg"),
    _ours(name="energy", asks="both with E* above 4 GeV"),
    _ours(name="mass", asks="0.88 < M(2 gamma) / sqrt(s) < 1.03"),
    _NO_TRACKS,
)
MERGED_LEFT_OUT = (_MERGE,)


def select(arrays: Arrays, cuts: ThreeGammaCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks of three resolved photons from the `off_photon_*` and `off_track_*` fields.

    Values: `light_pair_mass`, `heavy_pair_mass` of two of the three photons in GeV, NaN where there are not three.
    """
    cut = cuts or ThreeGammaCuts()
    close = merged(arrays, cut.merge_deg)
    three, pair_masses, ratio = _three(close, beams)
    limit = np.where(pair_masses.max(axis=1) > cut.light_below, cut.energy, cut.energy_light)
    masks = (
        np.all(inside(_theta(three), cut.theta), axis=1),
        np.all(three[:, :, 0] > limit[:, None], axis=1),
        inside(ratio, cut.mass),
        _no_tracks(arrays, cut),
    )
    return _answer(CUTS, LEFT_OUT, masks, pair_masses)


def select_displaced(arrays: Arrays, cuts: ThreeGammaCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks of the skim, wide enough for photons that do not come from the origin; values as `select`."""
    cut = cuts or ThreeGammaCuts()
    three, pair_masses, ratio = _three(merged(arrays, cut.merge_deg), beams)
    masks = (
        np.all(inside(_theta(three), cut.skim_theta), axis=1),
        np.all(three[:, :, 0] > cut.skim_energy, axis=1),
        inside(ratio, cut.skim_mass),
        _no_tracks(arrays, cut),
    )
    return _answer(SKIM_CUTS, LEFT_OUT, masks, pair_masses)


def select_merged(arrays: Arrays, cuts: ThreeGammaCuts | None = None, beams: BeamDeclaration = Y4S_BEAMS) -> Selected:
    """Masks of events in which the pair is one cluster; values: `photon_theta` of the hardest photon in degrees or NaN."""
    cut = cuts or ThreeGammaCuts()
    photons = objects.photons(merged(arrays, cut.merge_deg), beams)
    seen = (photons.lab[:, 0] > cut.energy) & inside(objects.theta_deg(photons.lab), cut.theta)
    chosen = objects.leading(photons.offsets, photons.star[:, 0], seen, 2)
    star = objects.take(photons.star[:, 0], chosen)
    pair = objects.take(photons.lab, chosen, 0.0).sum(axis=1)
    masks = (
        (jagged.count(photons.offsets, seen) == 2) & (jagged.count(photons.offsets, photons.lab[:, 0] > cut.energy) == 2),
        np.all(star > cut.merged_e_star, axis=1),
        inside(objects.mass(pair) / objects.sqrt_s(beams), cut.mass),
        _no_tracks(arrays, cut),
    )
    theta = objects.take(objects.theta_deg(photons.lab), chosen[:, 0])
    flow = CutFlow(cuts=MERGED_CUTS, masks=masks, left_out=MERGED_LEFT_OUT)
    return Selected(flow=flow, values={"photon_theta": theta})


def _three(arrays: Arrays, beams: BeamDeclaration) -> tuple[Floats, Floats, Floats]:
    """Hardest photons (events, 3, 4), masses of their pairs (events, 3), mass of all over the CM energy; NaN where fewer."""
    photons = objects.photons(arrays, beams)
    every = np.ones(photons.lab.shape[0], bool)
    three = objects.take(photons.lab, objects.leading(photons.offsets, photons.star[:, 0], every, 3))
    with np.errstate(invalid="ignore"):
        pair_masses = np.stack([objects.mass(three[:, a] + three[:, b]) for a, b in ((0, 1), (0, 2), (1, 2))], axis=1)
        return three, pair_masses, objects.mass(three.sum(axis=1)) / objects.sqrt_s(beams)


def _theta(three: Floats) -> Floats:
    return np.degrees(np.arctan2(np.hypot(three[..., 1], three[..., 2]), three[..., 3]))


def _no_tracks(arrays: Arrays, cut: ThreeGammaCuts) -> objects.Flags:
    good = objects.good_tracks(arrays, cut.track_dr, cut.track_dz)
    return jagged.count(arrays["off_track_offsets"], good) == 0


def _answer(cuts: tuple[Cut, ...], left_out: tuple[LeftOut, ...], masks: tuple[objects.Flags, ...], pairs: Floats) -> Selected:
    values = {"light_pair_mass": pairs.min(axis=1), "heavy_pair_mass": pairs.max(axis=1)}
    return Selected(flow=CutFlow(cuts=cuts, masks=masks, left_out=left_out), values=values)
