"""Strips that the hits of the KLM fire: where a particle crosses a layer after its scattering, to the strips that lie there.

Ref: Particle Data Group, "Passage of particles through matter": multiple scattering (Highland, without the logarithm), radiation
lengths. Strips: `trigger.geometry.klm`.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim.detector.klm.config import KlmResponse
from sim.detector.klm.geometry import IRON_CM, Crossings
from sim.detector.klm.materials import CSI, IRON, slowed
from trigger.geometry.klm import (
    ENDCAP_EDGE_CM,
    ENDCAP_GAP_CM,
    ENDCAP_GROUP,
    ENDCAP_WIDTH_CM,
    FIRST_SECTOR,
    LAYERS,
    N_BARREL_SECTIONS,
    N_LAYERS,
    N_PLANES,
    N_SECTORS,
    SECTORS,
    strip_line,
    strip_table,
)

STRIP_RADIX = 128
"""More than the strips of any plane, to number them all."""
IRON_X0_CM, CSI_X0_CM, QUARTZ_X0_CM, ALUMINIUM_X0_CM = 1.757, 1.86, 12.29, 8.897
"""Source: Particle Data Group, atomic and nuclear properties."""
_HIGHLAND_GEV = 0.0136
_N_BARREL_SECTORS = sum(SECTORS[:N_BARREL_SECTIONS])


@lru_cache(maxsize=1)
def _lines() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(middle of the first strip, signed pitch) in cm of every plane, (24, 15, 2); pitch 1 where there is no layer."""
    first, pitch = np.zeros((2, N_SECTORS, N_LAYERS, N_PLANES))
    pitch += 1
    for section, (n_sectors, n_layers) in enumerate(zip(SECTORS, LAYERS, strict=True)):
        for where in np.ndindex(n_sectors, n_layers, N_PLANES):
            _, first_cm, pitch_cm = strip_line(section, *where)
            place = (FIRST_SECTOR[section] + where[0], *where[1:])
            first[place], pitch[place] = float(first_cm), float(pitch_cm)
    return first, pitch


def strip_at(sector: NDArray, layer: NDArray, plane: NDArray, coordinate_cm: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the strip at a coordinate, -1 where there is none; sector: of all 24. In the endcaps beside the gaps of the groups."""
    first, pitch = (lines[sector, layer, plane] for lines in _lines())
    strip = np.floor((coordinate_cm - first) / pitch + 0.5)
    width, gap = float(ENDCAP_WIDTH_CM), float(ENDCAP_GAP_CM)
    group, inside = np.divmod(coordinate_cm - float(ENDCAP_EDGE_CM), ENDCAP_GROUP * width + gap)
    in_group = np.floor(inside / width)
    in_endcap = np.where(in_group < ENDCAP_GROUP, group * ENDCAP_GROUP + in_group, -1)
    strip = np.where(sector >= _N_BARREL_SECTORS, in_endcap, strip)
    return np.where((strip >= 0) & (strip < strip_table().n_strips[sector, layer, plane]), strip, -1).astype(np.int64)


def displaced(
    rng: np.random.Generator,
    hits: Crossings,
    beta_gamma: NDArray[np.float64],
    mass_gev: NDArray[np.float64],
    config: KlmResponse,
) -> Crossings:
    """Return the crossings behind the field, moved by multiple scattering before the KLM and in its plates.

    hits: all crossings of each line, as `crossings` orders them. beta_gamma, mass_gev: of the particle of each crossing at its
    start, 0 for neutral ones, which go straight. A plate bends by a random angle in each of the two coordinates; what lies before
    the KLM does so at the start of the line. Obliquity enters as in the iron's thickness.
    """
    n = len(hits.row)
    before_x0 = config.csi_cm / CSI_X0_CM + config.quartz_cm / QUARTZ_X0_CM + config.coil_aluminium_cm / ALUMINIUM_X0_CM
    opens = np.ones(n, bool)
    opens[1:] = hits.row[1:] != hits.row[:-1]
    entering = slowed(CSI, beta_gamma, mass_gev, config.csi_cm)
    in_plate = slowed(IRON, entering, mass_gev, hits.iron_before_cm())
    moved = {}
    for name in ("first_cm", "second_cm"):
        bend = _angle(in_plate, mass_gev, hits.iron_cm / IRON_X0_CM) * rng.normal(size=n)
        bend_before = np.where(opens, _angle(beta_gamma, mass_gev, before_x0) * rng.normal(size=n), 0.0)
        angle, moment = _since_start(hits.row, bend + bend_before), _since_start(hits.row, bend * hits.path_cm)
        moved[name] = getattr(hits, name) + (angle * hits.path_cm - moment) * hits.iron_cm.clip(IRON_CM) / IRON_CM
    return Crossings(**(vars(hits) | moved))


def _angle(beta_gamma: NDArray[np.float64], mass_gev: NDArray[np.float64], x0: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Width of the angle in a plane in rad, 0 for neutral and for stopped particles."""
    beta_p_gev = mass_gev * beta_gamma**2 / np.sqrt(1 + beta_gamma**2)
    return np.where(beta_gamma > 0, _HIGHLAND_GEV * np.sqrt(x0) / np.maximum(beta_p_gev, 0.01), 0.0)


def _since_start(row: NDArray, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of the values of the same row up to each one."""
    total = np.cumsum(values)
    first = np.searchsorted(row, row)
    return total - np.where(first > 0, total[first - 1], 0.0)


def track_strips(rng: np.random.Generator, key: NDArray[np.int64], hits: Crossings, config: KlmResponse) -> NDArray[np.int64]:
    """Return the numbers of strips, STRIP_RADIX (N_PLANES key + plane) + strip, of hit layers; key: of event, sector and layer.

    In each plane the strip where the particle crosses, and with the probability `neighbour_strip` also that half a pitch to one
    side of it, which is the same one or its neighbour.
    """
    sector, layer = np.divmod(key % (N_SECTORS * N_LAYERS), N_LAYERS)
    found = []
    for plane, coordinate_cm in enumerate((hits.first_cm, hits.second_cm)):
        planes = np.full(len(key), plane)
        strip = strip_at(sector, layer, planes, coordinate_cm)
        width = np.abs(_lines()[1][sector, layer, planes])
        side = np.where(rng.random(len(key)) < 0.5, -0.5, 0.5) * width
        beside = strip_at(sector, layer, planes, coordinate_cm + side)
        shared = (rng.random(len(key)) < config.neighbour_strip) & (beside >= 0)
        for which, strips in ((strip >= 0, strip), (shared, beside)):
            found.append((N_PLANES * key[which] + plane) * STRIP_RADIX + strips[which])
    return np.concatenate(found)


def background_strips(rng: np.random.Generator, key: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of strips, as `track_strips`, of uncorrelated hits: any strip of one plane of the layer, a GUESS."""
    sector, layer = np.divmod(key % (N_SECTORS * N_LAYERS), N_LAYERS)
    plane = rng.integers(0, N_PLANES, len(key))
    strip = rng.integers(0, strip_table().n_strips[sector, layer, plane])
    return (N_PLANES * key + plane) * STRIP_RADIX + strip
