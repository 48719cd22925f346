"""Particles that start away from the interaction point: where, when and how they reach each subdetector, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from sim.detector.cdc import CdcResponse
from sim.detector.cdc.cells import room_for
from sim.detector.cdc.response import _crossed, simulate
from sim.detector.ecl import EclResponse, respond
from sim.detector.ecl.flight import flight_of
from sim.detector.klm import KlmResponse, respond_klm
from trigger.geometry.cdc import layers

LIGHT_CM_PER_NS = 29.9792458
MUON_BETA = 1 / np.hypot(1, 0.10565838)  # 1 GeV
PARENT_NS = 7.5
BARE = CdcResponse(efficiency=1.0, material_x0=0.0, energy_loss_gev=0.0)
SURE = KlmResponse(rpc_efficiency=1.0, scintillator_efficiency=1.0)
AT_90 = {"theta_deg": (90.0, 90.0)}


def crossed(particles, rng):
    n = len(particles.pdg)
    hits = _crossed(flight_of(particles, np.arange(n)), rng, BARE, room_for(n))
    return hits._replace(**{name: column.copy() for name, column in hits._asdict().items()})


def late(particles, time_ns=PARENT_NS):
    """The same particles, made after their parent has flown for some time."""
    return replace(particles, t=particles.t + time_ns)


def test_chamber_helix_starts_at_the_vertex(gun, rng):
    """A mu- of 1 GeV starts at (50, 0) cm along +y: R = 222.38 cm, centre at (-172.38, 0). It meets r = 107.5 cm (layer 53) where
    2 * 172.38 x = 222.38^2 - 172.38^2 - 107.5^2, at x = 23.73, y = 104.85 cm: azimuth 77.25 degrees, after 0.4910 rad of its
    circle, 109.2 cm."""
    muon = late(gun(13, 1, momentum_gev=1.0, phi_deg=(90, 90), vertex_cm=(50.0, 0.0, 0.0), **AT_90))
    hits = crossed(muon, rng)
    lines = layers()
    main = np.flatnonzero(hits.layer == 53)[np.argmax(hits.path[hits.layer == 53])]
    # Wire 0 of layer 53 stands half a cell from phi = 0.
    place = np.deg2rad(77.25) / (2 * np.pi / 384) - 0.5
    assert hits.wire[main] - lines.first_wire[53] == round(place)
    expected_ns = PARENT_NS + 109.2 / (LIGHT_CM_PER_NS * MUON_BETA) - lines.z_bwd_cm[53] / 27.25
    assert hits.time_ns[main] == pytest.approx(expected_ns, abs=0.02)
    # The track leaves the vertex across the radius, so 50 cm is its innermost point.
    assert set(hits.layer) == set(np.flatnonzero(lines.radius_cm > 50.1))


@pytest.mark.parametrize(("radius_cm", "first_layer"), [(5.0, 0), (20.0, 4), (41.0, 17), (81.0, 39), (106.0, 53)])
def test_chamber_layers_inside_the_vertex_are_silent(gun, rng, radius_cm, first_layer):
    """First axial layers outside, from the published radii: 16.80, 20.80, 41.98, 82.02 and 107.50 cm; all beyond are hit."""
    hits = crossed(gun(13, 1, momentum_gev=10.0, phi_deg=(0, 0), vertex_cm=(radius_cm, 0.0, 0.0), **AT_90), rng)
    assert set(hits.layer) == set(range(first_layer, 56))


def test_chamber_times_carry_the_flight_of_the_parent(gun):
    muons = gun(13, 200, momentum_gev=2.0, vertex_cm=(30.0, 10.0, -5.0))
    now, then = (
        simulate(particles, np.random.Generator(np.random.Philox(1)), BARE) for particles in (muons, late(muons, 4 * 1.96508))
    )
    first = np.minimum(np.bincount(np.repeat(np.arange(200), np.diff(now.offsets))).min(), 20)
    assert first == 20
    shift = [
        np.median(then.time_raw[a : a + 20] - now.time_raw[b : b + 20])
        for a, b in zip(then.offsets[:-1], now.offsets[:-1], strict=True)
    ]
    assert np.median(shift) == 4


QUIET = EclResponse(noise=False, upstream_x0=0.0)


def energies(particles, rng):
    return respond(particles, rng, QUIET)["true_particle_ecl_e"]


def test_calorimeter_cell_and_time_of_a_displaced_photon(gun, rng):
    """From (90, 0, 20) cm along +y the face at r = 125.9 cm is met at y = 88.0 cm, azimuth 44.4 degrees: column 5 (42.5 to 52.5
    degrees). z = 20 cm is in row 7 (29.2 to 5.6 cm) of 12: cell 80 + 4 * 12 + 7."""
    photons = gun(22, 200, momentum_gev=2.0, phi_deg=(90, 90), vertex_cm=(90.0, 0.0, 20.0), **AT_90)
    fields = [respond(p, np.random.Generator(np.random.Philox(3)), QUIET) for p in (photons, late(photons))]
    cell, adc = fields[0]["ecl_tc_id"], fields[0]["ecl_adc"]
    assert np.bincount(cell, adc).argmax() == 135
    assert (fields[1]["ecl_tc_id"] == cell).all()
    # 7.5 ns are 7.63 units of 0.983 ns.
    assert set(fields[1]["ecl_time"] - fields[0]["ecl_time"]) <= {7, 8}


@pytest.mark.parametrize(
    ("radius_cm", "low", "high"), [(60.0, 0.95, 1.0), (140.0, 0.6, 0.95), (150.0, 0.0, 0.3), (170.0, 0.0, 0.0)]
)
def test_showers_that_begin_in_or_behind_the_crystals_lose_energy(gun, rng, radius_cm, low, high):
    """The crystals end 30 cm behind r = 125.9 cm; the gamma law at 1 GeV has half of its energy after 12 cm."""
    photons = gun(
        22,
        300,
        momentum_gev=1.0,
        phi_deg=(20, 20),
        vertex_cm=(radius_cm * np.cos(np.deg2rad(20)), radius_cm * np.sin(np.deg2rad(20)), 20.0),
        **AT_90,
    )
    assert low <= energies(photons, rng).mean() <= high


def test_muon_paths_in_the_crystals_shorten(gun, rng):
    """At normal incidence a muon that starts 15 cm deep loses on average half of what one from outside does; behind, nothing."""
    start = [
        gun(13, 1000, momentum_gev=3.0, phi_deg=(20, 20), vertex_cm=(r * np.cos(0.349066), r * np.sin(0.349066), 20.0), **AT_90)
        for r in (100.0, 141.2, 160.0)
    ]
    full, half, none = (energies(muons, rng).mean() for muons in start)
    assert half == pytest.approx(full / 2, rel=0.06)
    assert none == 0


def test_muon_system_counts_layers_behind_the_vertex(gun):
    """Layers stand at 204.1 + 9.1 k cm: from x = 250 cm layers 6 (258.7 cm) to 14 are hit, from within the coil all 15."""
    for radius_cm, layers_hit in ((150.0, range(15)), (250.0, range(6, 15))):
        muon = gun(13, 20, momentum_gev=5.0, phi_deg=(0, 0), vertex_cm=(radius_cm, 0.0, 60.0), **AT_90)
        fields = respond_klm(muon, np.random.default_rng(1), SURE)
        assert set(fields["klm_layer"].tolist()) == set(layers_hit)
        assert set(fields["klm_sector"].tolist()) == {0}
        assert set(fields["klm_section"].tolist()) == {1}


def test_muon_behind_the_crystals_needs_less_momentum(gun):
    """30 cm of CsI take 0.17 GeV: a muon of 0.55 GeV from r = 160 cm comes as far as one of 0.72 GeV from the face."""
    along_x = {"phi_deg": (0, 0), **AT_90}
    behind, before, slow = (
        np.diff(
            respond_klm(gun(13, 1, momentum_gev=p, vertex_cm=(r, 0.0, 60.0), **along_x), np.random.default_rng(1), SURE)[
                "klm_offsets"
            ]
        )[0]
        for p, r in ((0.55, 160.0), (0.72, 120.0), (0.55, 120.0))
    )
    assert abs(int(behind) - int(before)) <= 1
    assert behind >= slow + 3
