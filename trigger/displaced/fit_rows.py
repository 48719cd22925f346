"""The rows that the fit is linear around: cells of bend and impact of their own, so that seeds may have any grid."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trigger.displaced.formats import BEND, IMPACT
from trigger.displaced.grid import crossing_sine, inverse_stretch
from trigger.geometry.cdc import layers, superlayers

N_BEND, N_IMPACT = 32, 16
"""Rows of the fit. Our choice: with twice as many of both the impact is no better [SIM]."""
BEND_STEP_LOG2, IMPACT_STEP_LOG2 = 8, 9
"""Widths of a row are 2^this steps of BEND and of IMPACT: together +-0.0156 per cm (pT of 0.29 GeV) and +-32 cm. A track beyond is
fitted around the nearest row. Our choice: a row is then made of the upper bits of bend and impact."""
_STEEPEST = 0.98
"""Sine of the steepest crossing that tables are made for."""


class Rows(NamedTuple):
    """What is linear around tracks, float64 (rows, ...): centimetres and radians.

    bend, impact: (rows,), centres. stretch: (rows,), 1 / (1 + kappa d). azimuth: (rows, 5, 2 kinds), from phi0 to the crossing of
    an axial superlayer's first- and second-priority wires. along: (rows, 5), distance along the radius that an azimuth of 1 stands
    for. reached: bool (rows, 5). slopes: (rows, 5, 3), of the azimuth by bend, impact, phi0. stereo_azimuth, stereo_slopes, path:
    (rows, 4), (rows, 4, 3), (rows, 4) at the middle of the stereo wires, path from the perigee. stereo_along: (rows, 4).
    """

    bend: NDArray[np.float64]
    impact: NDArray[np.float64]
    stretch: NDArray[np.float64]
    azimuth: NDArray[np.float64]
    along: NDArray[np.float64]
    reached: NDArray[np.bool_]
    slopes: NDArray[np.float64]
    stereo_azimuth: NDArray[np.float64]
    stereo_slopes: NDArray[np.float64]
    stereo_along: NDArray[np.float64]
    path: NDArray[np.float64]


class StereoWires(NamedTuple):
    """First-priority wires of the stereo superlayers, float64 (4,): turn from the backward to the forward end in radians; cm.

    radius_cm: in the middle of the wire, where it is nearest to the axis.
    """

    twist: NDArray[np.float64]
    radius_cm: NDArray[np.float64]
    z_bwd_cm: NDArray[np.float64]
    length_cm: NDArray[np.float64]


def fit_centres() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bend and impact of the rows of the fit, (rows,) both; impact runs fastest."""
    bend, impact = (
        (np.arange(n) - (n - 1) / 2) * np.ldexp(format_.resolution, step)
        for n, format_, step in ((N_BEND, BEND, BEND_STEP_LOG2), (N_IMPACT, IMPACT, IMPACT_STEP_LOG2))
    )
    return np.repeat(bend, N_IMPACT), np.tile(impact, N_BEND)


def stereo_wires() -> StereoWires:
    """Return the stereo wires that segments are named after."""
    wires, stereo = layers(), np.flatnonzero(~superlayers().axial)
    layer = np.array([np.flatnonzero(wires.radius_cm == superlayers().radius_cm[s, 0])[0] for s in stereo])
    twist = wires.n_shift_halfcells[layer] * (np.pi / wires.n_wires[layer])
    return StereoWires(
        twist=twist,
        radius_cm=wires.radius_cm[layer] * np.cos(twist / 2),
        z_bwd_cm=wires.z_bwd_cm[layer],
        length_cm=wires.z_fwd_cm[layer] - wires.z_bwd_cm[layer],
    )


def rows_around(bend: NDArray[np.float64], impact: NDArray[np.float64]) -> Rows:
    """Return what is linear around tracks of some bend (1/cm) and impact (cm), (rows,) both."""
    lines = superlayers()
    radius, stereo = lines.radius_cm[lines.axial], stereo_wires().radius_cm
    stretch = inverse_stretch(bend, impact)
    safe = np.maximum(stretch, 1e-3)
    sine = crossing_sine(bend[:, None, None], impact[:, None, None], radius)
    stereo_sine = crossing_sine(bend[:, None], impact[:, None], stereo)
    along, stereo_along = radius[:, 0] * _cosine(sine[..., 0]), stereo * _cosine(stereo_sine)
    turned = np.clip(stereo_along * bend[:, None] / safe[:, None], -_STEEPEST, _STEEPEST)
    return Rows(
        bend=bend,
        impact=impact,
        stretch=stretch,
        azimuth=np.arcsin(np.clip(sine, -1, 1)),
        along=along,
        reached=np.abs(sine[..., 0]) < 1,
        slopes=_slopes(radius[:, 0], along),
        stereo_azimuth=np.arcsin(np.clip(stereo_sine, -1, 1)),
        stereo_slopes=_slopes(stereo, stereo_along),
        stereo_along=stereo_along,
        path=stereo_along * np.where(np.abs(turned) < 1e-6, 1.0, np.arcsin(turned) / np.where(turned == 0, 1.0, turned)),
    )


def _cosine(sine: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt(1 - np.clip(sine, -_STEEPEST, _STEEPEST) ** 2)


def _slopes(radius: NDArray[np.float64], along: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slopes of the azimuth at a radius by bend, impact and phi0: r sin(phi - phi0) = F r^2 / 2 + E [DERIVED]."""
    return np.stack([radius**2 / 2 / along, 1 / along, np.ones_like(along)], axis=-1)
