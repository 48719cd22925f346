"""Simulated training sets of the neuro trigger: events of several tracks, from the drift chamber to the network's inputs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.blocks import Stage, stream
from sim.detector.cdc.background import WireBackground, WirePreset
from sim.detector.cdc.config import CdcResponse
from sim.detector.cdc.response import simulate
from sim.generators.guns import mass_gev
from sim.generators.particles import Particles
from sim.progress import progress
from sim.studies.kept import Arrays, joined, kept
from trigger import __version__
from trigger.cdc import HoughFinder, NeuroInputs, SegmentFinder
from trigger.digest import digest
from trigger.geometry.cdc import PT_RADIUS_GEV_PER_CM

if TYPE_CHECKING:
    from hls.data import RealTracks
    from hls.sets import TrainingSet

SAMPLE = "neuro training"
PION, PROTON = 211, 2212
NEGATIVE = (11, 13)
"""Particle codes whose positive number means a negative charge."""


@dataclass(frozen=True, kw_only=True)
class Kinematics:
    """What tracks look like, arrays of one shape: z in cm, theta in rad, signed curvature in 1/cm."""

    z_cm: NDArray[np.float64]
    theta_rad: NDArray[np.float64]
    omega_per_cm: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class NeuroRecipe:
    """How the sample is made; our choice, compared with the training part of the real tracks.

    blocks of block_events events with `tracks` particles each. real_share: probability that a particle has z, theta and curvature
    of a real track, smeared; the others are flat in z, cos(theta) and 1/pT in the ranges given, but that signal_share of them come
    from the interaction point. backgrounds: levels of the wire background, one block after the other (guesses). species: codes
    and shares; protons are positive. max_distance: largest distance of 2D track and particle, in widths of azimuth and curvature.
    """

    seed: int = 20261121
    blocks: int = 66
    block_events: int = 4000
    tracks: int = 5
    real_share: float = 0.75
    signal_share: float = 0.3
    signal_z_cm: float = 0.05
    z_cm: float = 100.0
    theta_deg: tuple[float, float] = (18.0, 150.0)
    pt_gev: tuple[float, float] = (0.25, 6.0)
    smear_z_cm: float = 2.0
    smear_theta_rad: float = 0.05
    smear_omega_per_cm: float = 3e-4
    least_omega_per_cm: float = 1.8e-4
    backgrounds: tuple[tuple[WirePreset, float], ...] = ((WirePreset.NOMINAL, 1.0), (WirePreset.HIGH, 0.8), (WirePreset.HIGH, 1.2))
    species: tuple[tuple[int, float], ...] = ((PION, 0.5), (13, 0.15), (PROTON, 0.25), (11, 0.1))
    width_phi_rad: float = 0.015
    width_omega_per_cm: float = 4.4e-4
    max_distance: float = 4.0


FLAT_RECIPE = NeuroRecipe(blocks=40, real_share=0.0)
"""The recipe of a sample that owes nothing to real tracks; about 400,000 tracks."""


def real_kinematics(tracks: RealTracks) -> Kinematics:
    """The reconstructed tracks; curvature from the crossing angles that the network saw."""
    from hls.data import THETA_CENTRE_DEG, THETA_SCALE_DEG, Z_SCALE_CM
    from trigger.cdc.neuro.formats import NODE
    from trigger.geometry.cdc import superlayers

    chosen = tracks.select(tracks.first_of_track)
    x = chosen.x_raw.reshape(len(chosen), 9, 3)
    present = (x != 0).any(axis=2)
    sine = np.sin(2 * NODE.to_float(x[..., 2]))
    omega = (2 * sine * present).sum(axis=1) / np.maximum((superlayers().radius_cm[:, 0] * present).sum(axis=1), 1)
    return Kinematics(
        z_cm=chosen.target[:, 0] * Z_SCALE_CM,
        theta_rad=np.radians(THETA_CENTRE_DEG + THETA_SCALE_DEG * chosen.target[:, 1]),
        omega_per_cm=omega,
    )


def make_block(recipe: NeuroRecipe, real: Kinematics | None, block: int) -> TrainingSet:
    """The tracks of one block that have an expert and belong to a particle.

    real: what real_share of the recipe is drawn from; without, all particles are flat.
    """
    from hls.sets import TrainingSet

    rng = stream(recipe.seed, SAMPLE, Stage.GENERATE, block)
    drawn = _draw(recipe, real, rng)
    phi = rng.uniform(-np.pi, np.pi, drawn.z_cm.shape)
    particles = _particles(recipe, drawn, phi, rng)
    preset, scale = recipe.backgrounds[block % len(recipe.backgrounds)]
    response = CdcResponse(background=WireBackground(preset=preset, scale=scale))
    hits = simulate(particles, stream(recipe.seed, SAMPLE, Stage.RESPONSE, block), response)
    segments = SegmentFinder().run(hits.offsets, hits.wire_id, hits.time_raw).arrays()
    found = HoughFinder().run(segments["cdc_offsets"], segments["cdc_ts_id"], segments["cdc_priority"])
    vectors = NeuroInputs().run(found, *segments.values())
    event = np.repeat(np.arange(recipe.block_events), np.diff(found.track_offsets))
    turn = found.plane.phi0_rad(found.track_phi_raw)[:, None] - phi[event]
    turn = np.remainder(turn + np.pi, 2 * np.pi) - np.pi
    bend = found.plane.omega_per_cm(found.track_omega_raw)[:, None] - drawn.omega_per_cm[event]
    distance = np.hypot(turn / recipe.width_phi_rad, bend / recipe.width_omega_per_cm)
    nearest = distance.argmin(axis=1)
    good = (vectors.track_expert >= 0) & (distance.min(axis=1) < recipe.max_distance)
    return TrainingSet(
        x_raw=vectors.x_raw[good],
        z_cm=drawn.z_cm[event, nearest][good].astype(np.float32),
        theta_deg=np.degrees(drawn.theta_rad[event, nearest][good]).astype(np.float32),
        weight=np.ones(int(good.sum()), np.float32),
    )


def training_sample(recipe: NeuroRecipe, real: Kinematics | None, folder: Path) -> TrainingSet:
    """The whole sample; blocks that an earlier call left in the folder are read back."""
    from hls.sets import TrainingSet

    job = digest(recipe, *(() if real is None else (real.z_cm, real.theta_rad, real.omega_per_cm)), __version__)[:16]
    parts: list[Arrays] = []
    with progress("simulated tracks", recipe.blocks, unit="blocks") as advance:
        for block in range(recipe.blocks):

            def make(block: int = block) -> Arrays:
                return dict(vars(make_block(recipe, real, block)))

            parts.append(kept(folder / f"sample-{job}-{block:04d}.npz", make))
            advance(1)
    return TrainingSet(**joined(parts))


def _draw(recipe: NeuroRecipe, real: Kinematics | None, rng: np.random.Generator) -> Kinematics:
    """Kinematics (events, tracks): smeared real ones and flat ones."""
    shape = (recipe.block_events, recipe.tracks)
    flat = _flat(recipe, rng, shape)
    if real is None:
        return flat
    row = rng.integers(0, len(real.z_cm), shape)
    z_cm, theta, omega = real.z_cm[row], real.theta_rad[row], real.omega_per_cm[row]
    z_cm = z_cm + np.where(np.abs(z_cm) < 1, 0, recipe.smear_z_cm * rng.standard_normal(shape))
    theta = np.clip(theta + recipe.smear_theta_rad * rng.standard_normal(shape), *np.radians(recipe.theta_deg))
    omega = omega + recipe.smear_omega_per_cm * rng.uniform(-1, 1, shape)
    omega = np.where(omega < 0, -1, 1) * np.maximum(np.abs(omega), recipe.least_omega_per_cm)
    is_real = rng.random(shape) < recipe.real_share
    return Kinematics(
        z_cm=np.where(is_real, z_cm, flat.z_cm),
        theta_rad=np.where(is_real, theta, flat.theta_rad),
        omega_per_cm=np.where(is_real, omega, flat.omega_per_cm),
    )


def _flat(recipe: NeuroRecipe, rng: np.random.Generator, shape: tuple[int, int]) -> Kinematics:
    """Kinematics flat in z, cos(theta) and curvature, but for the tracks of the interaction point."""
    signal = rng.random(shape) < recipe.signal_share
    forward, backward = np.cos(np.radians(recipe.theta_deg))
    stiff, soft = (PT_RADIUS_GEV_PER_CM / pt for pt in recipe.pt_gev[::-1])
    return Kinematics(
        z_cm=np.where(signal, recipe.signal_z_cm * rng.standard_normal(shape), rng.uniform(-recipe.z_cm, recipe.z_cm, shape)),
        theta_rad=np.arccos(rng.uniform(backward, forward, shape)),
        omega_per_cm=rng.uniform(stiff, soft, shape) * rng.choice([-1, 1], shape),
    )


def _particles(recipe: NeuroRecipe, drawn: Kinematics, phi: NDArray[np.float64], rng: np.random.Generator) -> Particles:
    """Particles of these kinematics; positive ones have positive curvature."""
    codes, shares = zip(*recipe.species, strict=True)
    positive = drawn.omega_per_cm > 0
    code = rng.choice(codes, phi.shape, p=shares)
    code = np.where((code == PROTON) & ~positive, PION, code)
    mass = np.select([code == kind for kind in codes], [mass_gev(kind) for kind in codes])
    charge = np.where(np.isin(code, NEGATIVE), -1, 1)
    pt = PT_RADIUS_GEV_PER_CM / np.abs(drawn.omega_per_cm)
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt / np.tan(drawn.theta_rad)
    columns: dict[str, NDArray] = {
        "pdg": (code * charge * np.where(positive, 1, -1)).astype(np.int32),
        "px": px,
        "py": py,
        "pz": pz,
        "energy": np.sqrt(mass**2 + px**2 + py**2 + pz**2),
        "vz": drawn.z_cm,
        **{name: np.zeros(phi.shape) for name in ("vx", "vy", "t")},
    }
    n_events, n_tracks = phi.shape
    return Particles(
        offsets=np.arange(n_events + 1, dtype=np.int64) * n_tracks,
        weight=np.ones(n_events),
        **{name: column.ravel() for name, column in columns.items()},
    )
