"""Timed hits of the 576 trigger cells from particles: the door of the calorimeter model."""

from __future__ import annotations

import numpy as np

from sim.detector.background_hits import BackgroundHits
from sim.detector.ecl import fast, shower, tracks, waveform
from sim.detector.ecl.config import DigitiserMode, EclResponse
from sim.detector.ecl.deposits import Deposits, join
from sim.detector.ecl.fam import collect_pulses
from sim.detector.ecl.flight import flight_of
from sim.detector.ecl.geometry import CrystalMap, crystal_map
from sim.detector.ecl.species import PHOTON, Kind, kinds, track_kind
from sim.generators.particles import Particles
from trigger.errors import InputError

_NUMBERS = ("px", "py", "pz", "energy", "vx", "vy", "vz", "t")


def respond(
    particles: Particles,
    rng: np.random.Generator,
    config: EclResponse,
    background_hits: BackgroundHits | None = None,
) -> dict[str, np.ndarray]:
    """Event-file fields of the calorimeter: `ecl_offsets`, `ecl_tc_id`, `ecl_adc`, `ecl_time`, `ecl_phase` and truth.

    Hits are ordered by cell and time. `ecl_phase` (int16, -127..0, flat) is the clock edge before the nominal event time. Per
    particle, in the order of `particles`: `true_particle_ecl_e` (float64, GeV in active crystals, before noise and gain) and
    `true_particle_converted` (bool: a photon that converted before the crystals; its energy stays in the calorimeter).
    background_hits: a user's own hits, one random event of them over every event, on top of `config.background`.

    Showers, background and digitiser have streams of their own, spawned from `rng`: the same showers come with any digitiser.
    InputError for non-finite numbers and for particles that the generator must decay. No events: empty arrays.
    """
    _check(particles)
    shower_rng, background_rng, digitiser_rng = rng.spawn(3)
    crystals = crystal_map(config.gaps)
    n_events = particles.n_events
    signal, converted = _signal(particles, shower_rng, crystals, config)
    event_of_row = particles.event_index()
    overlay = [config.background.draw(n_events, background_rng)]
    if background_hits is not None:
        overlay.append(background_hits.draw(n_events, background_rng))
    pulses = collect_pulses(
        np.concatenate([event_of_row[signal.row], *(extra[0] for extra in overlay)]),
        np.concatenate([signal.cell, *(extra[1] for extra in overlay)]),
        np.concatenate([signal.energy_gev, *(extra[2] for extra in overlay)]),
        np.concatenate([signal.time_ns, *(extra[3] for extra in overlay)]),
        n_events,
    )
    phase = digitiser_rng.integers(-127, 1, n_events, dtype=np.int16)
    digitise = fast.digitise if config.mode is DigitiserMode.FAST else waveform.digitise
    hits = digitise(pulses, phase, digitiser_rng, threshold_gev=config.threshold_gev, gain=config.gain, noise=config.noise)
    return {
        "ecl_offsets": np.searchsorted(hits.event, np.arange(n_events + 1)).astype(np.int64),
        "ecl_tc_id": hits.cell.astype(np.int16),
        "ecl_adc": hits.adc,
        "ecl_time": hits.time_raw,
        "ecl_phase": phase,
        "true_particle_ecl_e": np.bincount(signal.row, signal.energy_gev, minlength=particles.pdg.size),
        "true_particle_converted": converted,
    }


def _check(particles: Particles) -> None:
    for name in _NUMBERS:
        values = getattr(particles, name)
        bad = ~np.isfinite(values)
        if bad.any():
            row = int(bad.argmax())
            event = int(np.searchsorted(particles.offsets, row, side="right")) - 1
            raise InputError(f"particles: field {name}, event {event}: must be finite, not {values[row]}")


def _signal(
    particles: Particles, rng: np.random.Generator, crystals: CrystalMap, config: EclResponse
) -> tuple[Deposits, np.ndarray]:
    """Deposits of all particles, and the conversion flag per particle."""
    shower_rng, track_rng, conversion_rng = rng.spawn(3)
    kind = kinds(particles.pdg, particles.offsets)
    converted = np.zeros(kind.size, dtype=bool)
    photons = np.flatnonzero(particles.pdg == PHOTON)
    converted[photons] = _converts(particles, photons, config.upstream_x0, conversion_rng)
    parts = [shower.deposit(shower_rng, crystals, flight_of(particles, np.flatnonzero(kind == Kind.SHOWER)))]
    for species in Kind:
        if species not in (Kind.SHOWER, Kind.INVISIBLE):
            flight = flight_of(particles, np.flatnonzero(kind == species))
            parts.append(tracks.deposit(track_rng, crystals, flight, track_kind(species)))
    return join(parts), converted


def _converts(particles: Particles, photons: np.ndarray, upstream_x0: float, rng: np.random.Generator) -> np.ndarray:
    """Whether each photon converts before the crystals: 7/9 of the radiation lengths crossed, a cylinder of material."""
    sine = np.hypot(particles.px[photons], particles.py[photons]) / np.maximum(particles.energy[photons], 1e-9)
    return rng.random(photons.size) < -np.expm1(-7 / 9 * upstream_x0 / np.maximum(sine, 0.05))
