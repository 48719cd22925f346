"""The digitised response: efficiency, drift times, order, dead wires, seeds, bad input."""

from dataclasses import replace

import numpy as np
import pytest

from sim.detector.cdc import CdcResponse, WireBackground, WirePreset, respond_cdc
from sim.detector.cdc.cells import room_for
from sim.detector.cdc.drift import drift_time_ns
from sim.detector.cdc.geometry import WINDOW_NS, wires
from sim.detector.cdc.response import LEFT, RIGHT, _crossed, simulate
from sim.detector.ecl.flight import flight_of
from trigger.cdc.mask import CdcMask
from trigger.errors import InputError
from trigger.events import validate
from trigger.geometry.cdc import TIME_NS, layers

LAYER_OF_WIRE = np.repeat(np.arange(56), layers().n_wires)
PERFECT = CdcResponse(efficiency=1.0)


def stream():
    return np.random.Generator(np.random.Philox(5))


def test_hand_worked_drift_times():
    # 0.1 cm at 50 um/ns: 20 ns, and 400 * 0.001; 0.8 cm: 160 ns, and 400 * 0.512.
    assert drift_time_ns(np.array([0.0, 0.1, 0.8]), cm_per_ns=5e-3, ns_per_cm3=400.0) == pytest.approx([0.0, 20.4, 364.8])


def drift_of(distance_cm):
    config = CdcResponse()
    return drift_time_ns(distance_cm, cm_per_ns=config.drift_cm_per_ns, ns_per_cm3=config.drift_ns_per_cm3)


@pytest.mark.parametrize(("time_ns", "distance_cm"), [(100, 0.347), (200, 0.574), (321.8, 0.732)])
def test_drift_against_the_public_function(time_ns, distance_cm):
    """Layer 28, 90 degrees, no incidence, right side: xt_v2.dat gives these distances, 0.732 cm at its end, close to the cell's."""
    assert abs(drift_of(distance_cm) - time_ns) < 10


def test_cells_of_priority_wires_end_within_what_is_read_out_and_corners_beyond():
    lines = wires(False)
    half = lines.cell * lines.radius_cm / 2
    first = np.array([3, 10, 16, 22, 28, 34, 40, 46, 52])
    assert (drift_of(half)[first] < 0.95 * WINDOW_NS[first, 1]).all()
    assert drift_of(half)[52] > 380
    assert (drift_of(np.hypot(half, lines.half_height_cm))[50:] > WINDOW_NS[50:, 1]).all()


def test_efficiency_of_full_cells(gun):
    """Straight tracks at 90 degrees: every layer has a hit with 98.5 %, or more where the track touches two cells."""
    n = 2000
    hits = simulate(gun(13, n, momentum_gev=20.0, theta_deg=(90, 90)), stream(), CdcResponse())
    event = np.repeat(np.arange(n), np.diff(hits.offsets))
    layer = LAYER_OF_WIRE[hits.wire_id]
    seen = len(np.unique(event * 56 + layer)) / (56 * n)
    assert 0.985 - 0.0015 < seen < 0.988
    assert len(np.unique(LAYER_OF_WIRE[simulate(gun(13, 5, momentum_gev=20.0), stream(), PERFECT).wire_id])) == 56


def test_efficiency_of_short_paths(gun):
    """A cell that is crossed by half its height is missed with the root of the probability: 0.4^0.5."""
    config = CdcResponse(efficiency=0.6, material_x0=0.0, energy_loss_gev=0.0)
    particles = gun(13, 400, momentum_gev=0.3, theta_deg=(80, 100))
    rows = np.arange(400)
    crossed = _crossed(flight_of(particles, rows), stream(), config, room_for(400))
    assert (crossed.path < 0.5).mean() > 0.1
    in_time = crossed.time_ns + drift_of(crossed.distance_cm) < WINDOW_NS[crossed.layer, 1]
    assert 0.02 < (~in_time).mean() < 0.2
    expected = (1 - 0.4 ** crossed.path[in_time]).sum()
    seen = len(simulate(particles, stream(), config).wire_id)
    # Second hits of a wire in one data clock are lost: some per mille.
    assert 0.985 * expected < seen < 1.005 * expected


def test_times_and_sides(gun):
    hits = simulate(gun(13, 500, momentum_gev=2.0), stream(), PERFECT)
    time_ns = hits.time_raw * TIME_NS
    assert time_ns.min() >= 0
    assert (time_ns < WINDOW_NS[LAYER_OF_WIRE[hits.wire_id], 1]).all()
    # 0.42 cm after 125 ns, and some 5 ns of flight and propagation.
    assert 115 < np.median(time_ns[LAYER_OF_WIRE[hits.wire_id] >= 8]) < 150
    assert set(hits.side) == {LEFT, RIGHT}
    assert abs((hits.side == LEFT).mean() - 0.5) < 0.02


def test_unit_of_time():
    """Half the TDC clock, which is twice the accelerator's frequency: 1.965 ns."""
    assert pytest.approx(1.96508, abs=1e-5) == TIME_NS


def test_fields_pass_the_door_and_are_ordered(gun):
    config = CdcResponse(background=WireBackground(preset=WirePreset.HIGH))
    fields = respond_cdc(gun(13, 50, momentum_gev=1.0), stream(), config)
    assert {name: array.dtype.name for name, array in fields.items()} == {
        "wire_offsets": "int64",
        "wire_id": "int16",
        "wire_time": "int16",
    }
    validate(fields, "test")
    event = np.repeat(np.arange(50), np.diff(fields["wire_offsets"]))
    clock = fields["wire_time"].astype(np.int64) >> 4
    key = (event * 14336 + fields["wire_id"]) * 4096 + clock
    # One hit per wire and data clock, in order.
    assert (np.diff(key) > 0).all()


def test_same_seed_same_hits_and_tracks_do_not_depend_on_background(gun):
    particles = gun(211, 300, momentum_gev=0.8)
    plain, again = (respond_cdc(particles, stream(), CdcResponse()) for _ in range(2))
    assert all((plain[name] == again[name]).all() for name in plain)
    noisy = simulate(particles, stream(), CdcResponse(background=WireBackground(preset=WirePreset.LOW)))
    event = np.repeat(np.arange(300), np.diff(noisy.offsets))
    of_plain = np.repeat(np.arange(300), np.diff(plain["wire_offsets"])) * 14336 + plain["wire_id"]
    assert np.isin(of_plain, event * 14336 + noisy.wire_id).all()
    other = respond_cdc(particles, np.random.Generator(np.random.Philox(6)), CdcResponse())
    assert len(other["wire_id"]) != len(plain["wire_id"]) or (other["wire_time"] != plain["wire_time"]).any()


def test_events_of_several_chunks(gun):
    """More events than are sorted together: the hits of the first ones are those of a shorter sample."""
    particles = gun(13, 5000, momentum_gev=5.0)
    hits = simulate(particles, stream(), PERFECT)
    assert len(hits.offsets) == 5001
    assert (np.diff(hits.offsets) > 20).all()
    short = simulate(particles.first(4096), stream(), PERFECT)
    assert (hits.offsets[:4097] == short.offsets).all()
    assert (hits.wire_id[: short.offsets[-1]] == short.wire_id).all()
    assert (hits.time_raw[: short.offsets[-1]] == short.time_raw).all()


def test_event_time_moves_all_hits_of_an_event(gun):
    particles = gun(13, 200, momentum_gev=5.0)
    still = respond_cdc(particles, stream(), PERFECT)
    moved = respond_cdc(replace(particles, t=particles.t + 10 * TIME_NS), stream(), PERFECT)
    low = still["wire_time"] < 100
    assert len(still["wire_id"]) - len(moved["wire_id"]) < 30
    if len(still["wire_id"]) == len(moved["wire_id"]):
        assert (moved["wire_time"] - still["wire_time"])[low] == pytest.approx(10, abs=1)
    spread = simulate(particles, stream(), CdcResponse(efficiency=1.0, event_time_sigma_ns=20.0))
    starts = [np.repeat(np.arange(200), np.diff(h)) for h in (still["wire_offsets"], spread.offsets)]
    means = [np.bincount(e, t) / np.bincount(e) for e, t in zip(starts, (still["wire_time"], spread.time_raw), strict=True)]
    assert np.std(means[1] - means[0]) * TIME_NS == pytest.approx(20.0, rel=0.25)


def test_dead_wires_are_silent(gun):
    dead = np.zeros(14336, bool)
    dead[layers().first_wire[20] : layers().first_wire[21]] = True
    config = CdcResponse(efficiency=1.0, mask=CdcMask(dead_wires=dead), background=WireBackground(preset=WirePreset.HIGH))
    fields = respond_cdc(gun(13, 50, momentum_gev=2.0), stream(), config)
    assert set(LAYER_OF_WIRE[fields["wire_id"]]) == set(range(56)) - {20}


def test_neutral_particles_and_empty_events(gun):
    photons = gun(22, 10, momentum_gev=1.0)
    assert respond_cdc(photons, stream(), CdcResponse())["wire_offsets"].tolist() == 11 * [0]
    nothing = photons.select(np.zeros(10, bool))
    assert respond_cdc(nothing, stream(), CdcResponse())["wire_offsets"].tolist() == [0]


def test_bad_particles_are_refused(gun):
    muons = gun(13, 3, momentum_gev=1.0)
    muons.px[1] = np.nan
    with pytest.raises(InputError, match="field px, event 1: must be finite"):
        respond_cdc(muons, stream(), CdcResponse())
    kaons = gun(321, 2, momentum_gev=1.0)
    kaons.pdg[1] = 310
    with pytest.raises(InputError, match="event 1: 310 must be decayed"):
        respond_cdc(kaons, stream(), CdcResponse())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"efficiency": 1.1}, "efficiency must be within 0.0..1.0, not 1.1"),
        ({"drift_cm_per_ns": 0.0}, "drift_cm_per_ns"),
        ({"drift_ns_per_cm3": float("nan")}, "drift_ns_per_cm3"),
    ],
)
def test_impossible_choices_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        CdcResponse(**change)


def test_meta_calls_guesses_guesses():
    meta = CdcResponse(background=WireBackground(preset=WirePreset.LOW, scale=3.0)).meta()
    assert meta["cdc_background"].startswith("GUESS: preset low x 3.0")
    assert "unverified" in meta["cdc_shorten_wires"]
    assert CdcResponse().meta()["cdc_background"] == "none"
