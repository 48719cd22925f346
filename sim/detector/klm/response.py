"""Hits of KLM sectors and layers from particles: the door of the KLM model.

Charged particles range out by their mean ionisation loss. Hadrons, a GUESS, also interact: see `KlmResponse`. Layers are hit with
their efficiency; times and the electrons of showers are left out, scattering moves nothing but strips. A muon that starts where
cosmic muons enter the drift chamber and flies inward has come through the KLM: it hits the layers behind its start, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.detector.ecl.flight import Flight, flight_of
from sim.detector.ecl.geometry import BACKWARD_Z0, BARREL_R0, CRYSTAL_LENGTH_CM, FORWARD_Z0
from sim.detector.ecl.species import Kind, kinds
from sim.detector.klm.config import KlmBackground, KlmResponse
from sim.detector.klm.flight import Legs, legs
from sim.detector.klm.geometry import Crossings, crossings
from sim.detector.klm.materials import ALUMINIUM, CSI, IRON, QUARTZ, range_cm, slowed
from sim.detector.klm.photons import layer_efficiency, photon_hits
from sim.detector.klm.strips import STRIP_RADIX, background_strips, displaced, track_strips
from sim.generators.cosmics import ENTRY_RADIUS_CM
from sim.generators.particles import PHOTON, Particles
from trigger.errors import InputError
from trigger.fields import KLM_LIMITS
from trigger.geometry.klm import FIRST_SECTOR, N_LAYERS, N_PLANES, N_SECTORS, SECTORS

_DECAYS = {Kind.PION: 780.45, Kind.KAON: 371.1}
"""c tau in cm. Source: Particle Data Group."""
_NEUTRAL = (Kind.NEUTRAL, Kind.ANTINEUTRON)
_UNSEEN = (Kind.INVISIBLE, Kind.SHOWER)
_AT_ENTRY_CM = 0.1
_LEAST_SINE = 0.1
"""Our choice: the coil is at most ten times as thick as at normal incidence."""
_CHUNK = 4096
"""Particles that are followed together. Our choice: their crossings stay in a few MB; part of what a seed means."""
_NUMBERS = ("px", "py", "pz", "vx", "vy", "vz")


@dataclass(frozen=True, kw_only=True)
class _Fate:
    """How far particles get, arrays (n,): beta gamma at the start, 0 for neutral ones; interaction lengths at which they begin
    and cease to hit layers."""

    beta_gamma: NDArray[np.float64]
    first_lambda: NDArray[np.float64]
    last_lambda: NDArray[np.float64]


def respond_klm(
    particles: Particles, rng: np.random.Generator, config: KlmResponse, ecl_e: NDArray[np.float64] | None = None
) -> dict[str, np.ndarray]:
    """Event-file fields of the KLM: `klm_offsets`, `klm_section`, `klm_sector`, `klm_layer`; with strips `klm_plane`, `klm_strip`.

    ecl_e: energy in GeV that each particle left in the crystals; photons that missed them hit layers. Without it photons hit none.
    Hits are ordered by section, sector, layer, plane and strip, each at most once. Tracks, background and strips have streams of
    their own, spawned from `rng`: the same tracks come with any background, the same layers with strips, but for those where no
    strip lies. InputError for non-finite numbers and for particles that the generator must decay. No events: empty arrays.
    """
    _check(particles)
    track_rng, background_rng, strip_rng, photon_rng = rng.spawn(4)
    n_events = particles.n_events
    background = _background_keys(n_events, background_rng, config.background)
    found = list(_track_keys(particles, track_rng, config, strip_rng))
    if ecl_e is not None:
        found.append(_photon_keys(particles, ecl_e, photon_rng, config, strip_rng))
    if config.strips:
        keys = [strips for _, strips in found]
        key, rest = np.divmod(np.unique(np.concatenate([*keys, background_strips(strip_rng, background)])), N_PLANES * STRIP_RADIX)
        plane, strip = np.divmod(rest, STRIP_RADIX)
        fields = {"klm_plane": plane.astype(np.int8), "klm_strip": strip.astype(np.int8)}
    else:
        keys = [layers for layers, _ in found]
        key, fields = np.unique(np.concatenate([*keys, background])), {}
    event, place = np.divmod(key, N_SECTORS * N_LAYERS)
    sector, layer = np.divmod(place, N_LAYERS)
    section = np.searchsorted(FIRST_SECTOR, sector, side="right") - 1
    return {
        "klm_offsets": np.searchsorted(event, np.arange(n_events + 1)).astype(np.int64),
        "klm_section": section.astype(np.int8),
        "klm_sector": (sector - np.array(FIRST_SECTOR)[section]).astype(np.int8),
        "klm_layer": layer.astype(np.int8),
        **fields,
    }


def _check(particles: Particles) -> None:
    for name in _NUMBERS:
        values = getattr(particles, name)
        bad = ~np.isfinite(values)
        if bad.any():
            row = int(bad.argmax())
            event = int(np.searchsorted(particles.offsets, row, side="right")) - 1
            raise InputError(f"particles: field {name}, event {event}: must be finite, not {values[row]}")


def _track_keys(
    particles: Particles, rng: np.random.Generator, config: KlmResponse, strip_rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Keys of the hit layers and, where they are wanted, strips of all particles that can reach the KLM, chunk by chunk."""
    kind = kinds(particles.pdg, particles.offsets)
    seen = np.flatnonzero(~np.isin(kind, _UNSEEN))
    event = particles.event_index()
    for first in range(0, seen.size, _CHUNK):
        rows = seen[first : first + _CHUNK]
        flight = flight_of(particles, rows)
        fate = _fates(rng, kind[rows], flight.kinetic_gev, flight.mass_gev, config)
        paths = legs(flight.start, flight.direction, flight.turn)
        inside = _before_field(fate, paths, flight, config)
        behind = _behind_field(fate, paths, inside, flight, config)
        for hits in (inside.hits, behind, _before_start(kind[rows], flight)):
            is_seen = rng.random(len(hits.row)) < layer_efficiency(hits.section, hits.layer, config)
            key = _layer_keys(event[rows], hits)[is_seen]
            strips = np.zeros(0, np.int64)
            if config.strips:
                mass_gev, beta_gamma = flight.mass_gev[hits.row], fate.beta_gamma[hits.row]
                moved = displaced(strip_rng, hits, beta_gamma, mass_gev, config) if hits is behind else hits
                strips = track_strips(strip_rng, key, moved.select(is_seen), config)
            yield key, strips


def _layer_keys(event: NDArray, hits: Crossings) -> NDArray[np.int64]:
    """One number per layer of an event; event: of each row of the crossings."""
    sector = np.array(FIRST_SECTOR)[hits.section] + hits.sector
    return (event[hits.row] * N_SECTORS + sector) * N_LAYERS + hits.layer


def _photon_keys(
    particles: Particles, ecl_e: NDArray[np.float64], rng: np.random.Generator, config: KlmResponse, strip_rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Keys of the layers and, where they are wanted, strips that photons hit which missed the crystals."""
    rows = np.flatnonzero(particles.pdg == PHOTON)
    flight = flight_of(particles, rows)
    hits = photon_hits(flight.start, flight.direction, particles.energy[rows], particles.energy[rows] - ecl_e[rows], rng, config)
    key = _layer_keys(particles.event_index()[rows], hits)
    return key, track_strips(strip_rng, key, hits, config) if config.strips else np.zeros(0, np.int64)


def _fates(rng: np.random.Generator, kind: NDArray, kinetic_gev: NDArray, mass_gev: NDArray, config: KlmResponse) -> _Fate:
    n = len(kind)
    momentum = np.sqrt(kinetic_gev * (kinetic_gev + 2 * mass_gev))
    decay, depth, tail = rng.random(n), rng.exponential(size=n), rng.exponential(size=n)
    meson, neutral = np.isin(kind, list(_DECAYS)), np.isin(kind, _NEUTRAL)
    first = np.where(meson, config.pion_free_path, 1.0) * depth
    last = first + np.where(neutral, config.neutral_shower_lambda, config.shower_lambda) * tail
    is_muon = kind == Kind.MUON
    for meson_kind, c_tau_cm in _DECAYS.items():
        chance = -np.expm1(-config.decay_path_cm * mass_gev / (c_tau_cm * np.maximum(momentum, 1e-9)))
        is_muon |= (kind == meson_kind) & (decay < chance)
    return _Fate(
        beta_gamma=np.where(neutral, 0.0, momentum / mass_gev),
        first_lambda=np.where(neutral, first, 0.0),
        last_lambda=np.where(is_muon, np.inf, last),
    )


@dataclass(frozen=True, kw_only=True)
class _Inside:
    """Particles as they enter the field, with the hits before: beta gamma and interaction lengths, arrays (n,)."""

    hits: Crossings
    beta_gamma: NDArray[np.float64]
    depth_lambda: NDArray[np.float64]


def _before_field(fate: _Fate, paths: Legs, flight: Flight, config: KlmResponse) -> _Inside:
    """Hits of particles that come from outside, on the straight line to the field or past it."""
    outside = np.flatnonzero(paths.first_cm)
    found = crossings(flight.start[outside], flight.direction[outside])
    found = replace(found, row=outside[found.row])
    found = found.select(found.path_cm < paths.first_cm[found.row])
    before = found.iron_before_cm()
    in_range = range_cm(IRON, fate.beta_gamma, flight.mass_gev)
    total = np.bincount(found.row, weights=found.iron_cm, minlength=len(fate.beta_gamma)).astype(np.float64)
    return _Inside(
        hits=found.select(_reaches(fate, in_range, found.row, before, before / config.iron_lambda_cm)),
        beta_gamma=slowed(IRON, fate.beta_gamma, flight.mass_gev, total),
        depth_lambda=total / config.iron_lambda_cm,
    )


def _before_start(kind: NDArray, flight: Flight) -> Crossings:
    """All layers that cosmic muons have crossed on the way to their start."""
    x, y = flight.start[:, 0], flight.start[:, 1]
    inward = x * flight.direction[:, 0] + y * flight.direction[:, 1] < 0
    cosmic = np.flatnonzero((kind == Kind.MUON) & inward & (np.abs(np.hypot(x, y) - ENTRY_RADIUS_CM) < _AT_ENTRY_CM))
    paths = legs(flight.start[cosmic], -flight.direction[cosmic], -flight.turn[cosmic])
    came = np.flatnonzero(paths.leaves)
    found = crossings(paths.start[came], paths.direction[came])
    return replace(found, row=cosmic[came[found.row]])


def _behind_field(fate: _Fate, paths: Legs, inside: _Inside, flight: Flight, config: KlmResponse) -> Crossings:
    """Hits behind the field."""
    leaves = np.flatnonzero(paths.leaves)
    found = crossings(paths.start[leaves], paths.direction[leaves])
    found = replace(found, row=leaves[found.row])
    passages = np.where(paths.entered, 2.0, _crystals_ahead(flight.start))
    coil_passages = np.where(paths.entered, 2.0, 1.0)
    sine = np.maximum(np.hypot(paths.direction[:, 0], paths.direction[:, 1]), _LEAST_SINE)
    coils = np.where(paths.through_coil, coil_passages / sine, 0.0)
    # The quartz bars stand before the crystals.
    bars = np.where(passages >= 1.0, coils, 0.0)
    beta_gamma = inside.beta_gamma
    layers = ((QUARTZ, bars * config.quartz_cm), (CSI, passages * config.csi_cm), (ALUMINIUM, coils * config.coil_aluminium_cm))
    for material, path_cm in layers:
        beta_gamma = slowed(material, beta_gamma, flight.mass_gev, path_cm)
    depth = inside.depth_lambda + passages * config.ecl_lambda + coils * config.coil_lambda
    before = found.iron_before_cm()
    depths = depth[found.row] + before / config.iron_lambda_cm
    return found.select(_reaches(fate, range_cm(IRON, beta_gamma, flight.mass_gev), found.row, before, depths))


def _crystals_ahead(start: NDArray) -> NDArray[np.float64]:
    """Part 0..1 of the crystals' length that lies ahead of particles which start at (n, 3) cm inside the field."""
    beyond = np.maximum(
        np.hypot(start[:, 0], start[:, 1]) - BARREL_R0, np.maximum(start[:, 2] - FORWARD_Z0, BACKWARD_Z0 - start[:, 2])
    )
    return 1.0 - np.clip(beyond / CRYSTAL_LENGTH_CM, 0.0, 1.0)


def _reaches(fate: _Fate, range_left_cm: NDArray, row: NDArray, iron_cm: NDArray, depth_lambda: NDArray) -> NDArray[np.bool_]:
    """Whether the particle of each row, or its shower, is there after this iron and at this depth."""
    in_range = (fate.beta_gamma[row] == 0) | (iron_cm < range_left_cm[row])
    return in_range & (fate.first_lambda[row] <= depth_lambda) & (depth_lambda < fate.last_lambda[row])


def _background_keys(n_events: int, rng: np.random.Generator, background: KlmBackground) -> np.ndarray:
    """Keys of uncorrelated hits, Poisson numbers over all layers that exist."""
    exists = np.arange(N_LAYERS) <= np.repeat(KLM_LIMITS["klm_layer"], SECTORS)[:, None]
    places = np.flatnonzero(exists)
    event = np.repeat(np.arange(n_events), rng.poisson(background.level * places.size, n_events))
    return event * (N_SECTORS * N_LAYERS) + places[rng.integers(places.size, size=event.size)]
