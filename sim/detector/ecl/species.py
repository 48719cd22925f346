"""Which particles the calorimeter sees, and how."""

import enum
from typing import NamedTuple

import numpy as np

from trigger.errors import InputError


class Kind(enum.IntEnum):
    """Response model of a particle."""

    INVISIBLE = 0
    SHOWER = 1
    MUON = 2
    PION = 3
    KAON = 4
    PROTON = 5
    ANTIPROTON = 6
    NEUTRAL = 7  # neutron and K_L
    ANTINEUTRON = 8


class TrackKind(NamedTuple):
    """What the track model must know about one kind of particle."""

    ionises: bool
    lambda_cm: float  # infinite: never interacts
    annihilates_gev: float  # energy set free when it interacts or stops


PHOTON = 22
# Interaction lengths in CsI. Source: Particle Data Group; that of K_L is a guess.
PROTON_LAMBDA_CM, PION_LAMBDA_CM = 38.0, 44.0
_PROTON_GEV = 0.93827209
# PDG code: model, mass in GeV, charge. Source: Particle Data Group.
_SEEN = {
    22: (Kind.SHOWER, 0.0, 0),
    11: (Kind.SHOWER, 0.51099895e-3, -1),
    -11: (Kind.SHOWER, 0.51099895e-3, 1),
    13: (Kind.MUON, 0.10565838, -1),
    -13: (Kind.MUON, 0.10565838, 1),
    211: (Kind.PION, 0.13957039, 1),
    -211: (Kind.PION, 0.13957039, -1),
    321: (Kind.KAON, 0.493677, 1),
    -321: (Kind.KAON, 0.493677, -1),
    2212: (Kind.PROTON, _PROTON_GEV, 1),
    -2212: (Kind.ANTIPROTON, _PROTON_GEV, -1),
    130: (Kind.NEUTRAL, 0.497611, 0),
    2112: (Kind.NEUTRAL, 0.93956542, 0),
    -2112: (Kind.ANTINEUTRON, 0.93956542, 0),
}
# Visible only through their decay products; any other code leaves nothing (neutrinos, dark sector).
_MUST_DECAY = frozenset(
    {15, 111, 113, 213, 221, 223, 310, 311, 313, 323, 331, 333, 411, 421, 431, 443, 511, 521, 531, 553}
    | {3112, 3122, 3212, 3222, 3312, 3322, 3334, 4122, 300553}
)
_TRACK_KINDS = {
    Kind.MUON: TrackKind(True, np.inf, 0.0),
    Kind.PION: TrackKind(True, PION_LAMBDA_CM, 0.0),
    Kind.KAON: TrackKind(True, PION_LAMBDA_CM, 0.0),
    Kind.PROTON: TrackKind(True, PROTON_LAMBDA_CM, 0.0),
    Kind.ANTIPROTON: TrackKind(True, PROTON_LAMBDA_CM, 2 * _PROTON_GEV),
    Kind.NEUTRAL: TrackKind(False, PROTON_LAMBDA_CM, 0.0),
    Kind.ANTINEUTRON: TrackKind(False, PROTON_LAMBDA_CM, 2 * _PROTON_GEV),
}


def kinds(pdg: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """`Kind` of every particle, int64. InputError with the first event that holds a particle which should have decayed."""
    result = np.zeros(pdg.size, np.int64)
    for code in np.unique(pdg):
        if abs(int(code)) in _MUST_DECAY:
            row = int((pdg == code).argmax())
            event = int(np.searchsorted(offsets, row, side="right")) - 1
            raise InputError(f"particles: field pdg, event {event}: {code} must be decayed by the generator")
        if int(code) in _SEEN:
            result[pdg == code] = _SEEN[int(code)][0]
    return result


def masses_gev(pdg: np.ndarray) -> np.ndarray:
    """Mass of every visible particle, float64."""
    return _look_up(pdg, 1)


def charges(pdg: np.ndarray) -> np.ndarray:
    """Charge of every visible particle, float64."""
    return _look_up(pdg, 2)


def _look_up(pdg: np.ndarray, column: int) -> np.ndarray:
    result = np.zeros(pdg.size)
    for code, values in _SEEN.items():
        result[pdg == code] = values[column]
    return result


def track_kind(kind: Kind) -> TrackKind:
    """What the track model must know about `kind`, which must not be INVISIBLE or SHOWER."""
    return _TRACK_KINDS[kind]
