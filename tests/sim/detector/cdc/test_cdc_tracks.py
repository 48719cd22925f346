"""Helices in the drift chamber: layers against polar angle, hand-worked crossings, and a slow second calculation of distances."""

import numpy as np
import pytest

from sim.detector.cdc import CdcResponse
from sim.detector.cdc.cells import room_for
from sim.detector.cdc.geometry import wires
from sim.detector.cdc.response import _crossed
from sim.detector.ecl.flight import flight_of
from trigger.geometry.cdc import PT_RADIUS_GEV_PER_CM, layers

BARE = CdcResponse(material_x0=0.0, energy_loss_gev=0.0)
LINES = wires(False)


def hits_of(particles, rng, config=BARE):
    """Crossed cells of all particles, without digitiser."""
    n = len(particles.pdg)
    hits = _crossed(flight_of(particles, np.arange(n)), rng, config, room_for(n))
    return hits._replace(**{name: column.copy() for name, column in hits._asdict().items()})


def layers_crossed(hits, row=0):
    return np.unique(hits.layer[hits.row == row])


@pytest.mark.parametrize(
    ("theta", "expected"),
    [(17, 19), (20, 24), (25, 33), (30, 43), (35, 55), (40, 56), (90, 56), (122.9, 56), (130, 38), (140, 22), (150, 13)],
)
def test_layers_against_polar_angle(gun, rng, theta, expected):
    """pT = 2 GeV from the origin. Source: table of SOURCES 3.1."""
    hits = hits_of(gun(13, 20, momentum_gev=2 / np.sin(np.deg2rad(theta)), theta_deg=(theta, theta)), rng)
    assert [len(layers_crossed(hits, row)) for row in range(20)] == 20 * [expected]


@pytest.mark.parametrize(("pdg", "sign"), [(-13, 1), (13, -1)])
def test_hand_worked_axial_crossing(gun, rng, pdg, sign):
    """pT = 1 GeV, phi0 = 0: R = 222.38 cm. Layer 53, 107.5 cm: asin(107.5 / 444.75) = 0.24413 rad, 14.920 cells of 384 - 0.5."""
    hits = hits_of(gun(pdg, 1, momentum_gev=1.0, theta_deg=(90, 90), phi_deg=(0, 0)), rng)
    assert layers().radius_cm[53] == 107.5
    at = np.flatnonzero(hits.layer == 53)
    place = -sign * np.arcsin(107.5 * PT_RADIUS_GEV_PER_CM / 2) / (2 * np.pi / 384) - 0.5
    nearest = round(place)
    main = at[np.argmax(hits.path[at])]
    assert abs(place - (-sign * 14.92 - 0.5)) < 1e-3
    assert hits.wire[main] == layers().first_wire[53] + nearest % 384
    assert bool(hits.left[main]) == (place > nearest)
    # The track leans by the same angle against the radius: the distance is the arc times its cosine.
    arc = abs(place - nearest) * 2 * np.pi / 384 * 107.5
    assert hits.distance_cm[main] == pytest.approx(arc * np.cos(0.24413), rel=1e-4)


def test_times_are_flight_and_propagation(gun, rng):
    """A fast muon at 90 degrees: r / c plus the way to the backward end at z = 0; a slow proton takes longer by 1 / beta."""
    hits = hits_of(gun(13, 1, momentum_gev=50.0, theta_deg=(90, 90)), rng)
    lines = layers()
    expected = lines.radius_cm[hits.layer] / 29.9792458 - lines.z_bwd_cm[hits.layer] / 27.25
    axial = lines.n_shift_halfcells[hits.layer] == 0
    assert np.abs(hits.time_ns - expected)[axial].max() < 1e-3
    slow = hits_of(gun(2212, 1, momentum_gev=2.0, theta_deg=(90, 90)), rng)
    first = slow.layer == 0
    beta = 2 / np.hypot(2, 0.93827)
    # The material stands at 15 cm; here it does nothing.
    assert slow.time_ns[first][0] == pytest.approx(16.8 / (29.9792458 * beta) - lines.z_bwd_cm[0] / 27.25, abs=2e-3)


def helix_points(particles, row, path_cm):
    """Points of a helix by its formula, float64 (n, 3)."""
    p = np.array([particles.px[row], particles.py[row], particles.pz[row]])
    start = np.array([particles.vx[row], particles.vy[row], particles.vz[row]])
    charge = -1 if particles.pdg[row] > 0 else 1
    pt, size = np.hypot(*p[:2]), np.linalg.norm(p)
    turn = -charge * PT_RADIUS_GEV_PER_CM / pt * path_cm * pt / size
    radius = pt / PT_RADIUS_GEV_PER_CM * -charge
    phi = np.arctan2(p[1], p[0])
    x = start[0] + radius * (np.sin(phi + turn) - np.sin(phi))
    y = start[1] - radius * (np.cos(phi + turn) - np.cos(phi))
    return np.stack([x, y, start[2] + p[2] / size * path_cm], axis=1)


def wire_ends(layer, wire):
    cell = 2 * np.pi / LINES.n_wires[layer]
    backward = cell * (wire + layers().phi_offset_cells[layer])
    forward = backward + cell * layers().n_shift_halfcells[layer] / 2
    radius = LINES.radius_cm[layer]
    return (
        np.array([radius * np.cos(backward), radius * np.sin(backward), LINES.z_bwd_cm[layer]]),
        np.array([radius * np.cos(forward), radius * np.sin(forward), LINES.z_fwd_cm[layer]]),
    )


def radial_part(points):
    """Cosine of the angle between a piece of track and the radius, in the transverse plane."""
    step = points[-1, :2] - points[0, :2]
    return points[0, :2] @ step / np.linalg.norm(points[0, :2]) / np.linalg.norm(step)


@pytest.mark.parametrize("vertex", [(0.0, 0.0, 0.0), (0.0, 0.0, 30.0), (30.0, -5.0, 10.0), (-80.0, 20.0, 0.0)])
def test_distances_against_a_slow_calculation(gun, rng, vertex):
    """Every wire is as far from the helix as its points say, to less than the resolution of 130 um.

    Left out: cells whose nearest point may lie outside, tracks that graze the layer, and the first centimetre of a track.
    """
    particles = gun(13, 6, momentum_gev=np.array([0.35, 0.5, 0.8, 1.5, 3.0, 8.0]), theta_deg=(50, 110), vertex_cm=vertex)
    hits = hits_of(particles, rng)
    path = np.arange(0.0, 260.0, 0.02)
    checked = 0
    for row in range(6):
        points = helix_points(particles, row, path)
        for i in np.flatnonzero(hits.row == row):
            layer = hits.layer[i]
            low, high = wire_ends(layer, hits.wire[i] - LINES.first_wire[layer])
            along = (high - low) / np.linalg.norm(high - low)
            nearest = path[np.linalg.norm(np.cross(points - low, along), axis=1).argmin()]
            close = helix_points(particles, row, nearest + np.linspace(-0.05, 0.05, 501))
            distance = np.linalg.norm(np.cross(close - low, along), axis=1).min()
            size = np.sqrt(LINES.cell[layer] * LINES.radius_cm[layer] / 2 * LINES.half_height_cm[layer])
            if hits.distance_cm[i] > 0.7 * size or abs(radial_part(close)) < 0.5 or nearest < 1:
                continue
            assert hits.distance_cm[i] == pytest.approx(distance, abs=0.01), (row, layer, hits.path[i])
            checked += 1
    assert checked > 80


def test_displaced_tracks_start_where_they_start(gun, rng):
    """From (50, 0) outward only layers beyond 50 cm; inward, across the axis, all of them and again on the other side."""
    outward = hits_of(gun(13, 1, momentum_gev=5.0, theta_deg=(90, 90), phi_deg=(0, 0), vertex_cm=(50.0, 0.0, 0.0)), rng)
    assert layers_crossed(outward).tolist() == np.flatnonzero(layers().radius_cm > 50.1).tolist()
    inward = hits_of(gun(13, 1, momentum_gev=5.0, theta_deg=(90, 90), phi_deg=(180, 180), vertex_cm=(50.0, 0.0, 0.0)), rng)
    assert layers_crossed(inward).tolist() == list(range(56))
    main = inward.path > 0.5
    assert (inward.layer[main] == 0).sum() == 2


def test_slow_tracks_return(gun, rng):
    """pT = 0.2 GeV turns at 2 R = 88.95 cm: two crossings of each layer below, none above, and later in time on the way back."""
    hits = hits_of(gun(13, 1, momentum_gev=0.2, theta_deg=(88, 88)), rng)
    crossed = layers_crossed(hits)
    assert layers().radius_cm[crossed].max() < 88.95
    for layer in crossed[:40]:
        times = np.sort(hits.time_ns[hits.layer == layer])
        assert times[-1] - times[0] > 1.0


def test_neighbour_cells_at_large_incidence(gun, rng):
    """A stiff track stays in one cell or at the border of two; at its turning point a slow one touches several."""
    stiff = hits_of(gun(13, 50, momentum_gev=20.0, theta_deg=(90, 90)), rng)
    slow = hits_of(gun(13, 50, momentum_gev=0.3, theta_deg=(90, 90)), rng)
    per_layer = [np.bincount(h.layer[h.layer >= 50]).sum() / (50 * 6) for h in (stiff, slow)]
    assert per_layer[0] < 1.1
    assert per_layer[1] > 1.5
    assert (stiff.path <= 1).all()


def test_scattering_is_that_of_the_formula(gun, rng):
    """1 GeV muons and 4 % of a radiation length: 13.6 MeV / (beta p) sqrt(0.04) = 2.735 mrad, seen from 15 cm at 105.68 cm."""
    n = 4000
    flown = {}
    for material in (0.0, 0.04):
        particles = gun(13, n, momentum_gev=1.0, theta_deg=(90, 90), phi_deg=(10, 10))
        hits = hits_of(particles, rng, CdcResponse(material_x0=material, energy_loss_gev=0.0))
        main = (hits.layer == 52) & (hits.path > 0.5)
        wire = hits.wire[main] - LINES.first_wire[52]
        side = np.where(hits.left[main], 1, -1)
        flown[material] = wire * LINES.cell[52] * 105.68 + side * hits.distance_cm[main] / np.cos(0.2399)
    assert np.ptp(flown[0.0]) < 1e-9
    # A kick at 15 cm moves the arrival by the length of the chord, over the cosine of the incidence.
    expected = 0.002735 * (105.68 - 15.0)
    assert np.std(flown[0.04]) == pytest.approx(expected, rel=0.06)


def test_energy_loss_stops_slow_particles(gun, rng):
    """A proton of 60 MeV/c has 1.9 MeV: it stops in 2 MeV / beta^2 of material, and flies without."""
    protons = gun(2212, 5, momentum_gev=0.06, theta_deg=(90, 90), vertex_cm=(14.0, 0.0, 0.0), phi_deg=(0, 0))
    assert len(hits_of(protons, rng, CdcResponse()).row) == 0
    assert len(hits_of(protons, rng).row) > 0


def test_short_wires_see_less(gun, rng):
    """Feed-throughs of 2 to 3 cm: a track at the forward end of layer 0 (57.21 - 2.82 cm) is lost."""
    theta = np.rad2deg(np.arctan2(16.8, 56.0))
    particles = gun(13, 1, momentum_gev=100.0, theta_deg=(theta, theta))
    assert 0 in layers_crossed(hits_of(particles, rng))
    assert 0 not in layers_crossed(hits_of(particles, rng, CdcResponse(shorten_wires=True)))
