"""The digitised response: efficiency, drift times, order, dead wires, seeds, bad input."""

from dataclasses import replace

import numpy as np
import pytest

from sim.detector.cdc import CdcResponse, WireBackground, WirePreset, respond_cdc
from sim.detector.cdc.cells import room_for
from sim.detector.cdc.drift import cell_size_cm, drift_time_ns
from sim.detector.cdc.geometry import WINDOW_NS, wires
from sim.detector.cdc.response import LEFT, RIGHT, TIME_LSB_NS, _crossed, simulate
from sim.detector.ecl.flight import flight_of
from trigger.cdc.mask import CdcMask
from trigger.errors import InputError
from trigger.events import validate
from trigger.geometry.cdc import layers

LAYER_OF_WIRE = np.repeat(np.arange(56), layers().n_wires)
PERFECT = CdcResponse(efficiency=1.0)


def stream():
    return np.random.Generator(np.random.Philox(5))


def drift(distance, half, **change):
    numbers = {"velocity_cm_per_ns": 4e-3, "linear_fraction": 0.7, "tail": 1.4} | change
    return drift_time_ns(np.asarray(distance, float), np.asarray(half, float), **numbers)


def test_hand_worked_drift_times():
    # 0.4 cm: linear, 100 ns. 0.9 cm in a half cell of 0.9: (0.9 + 1.4 * 0.27^2 / 0.9) / 0.004 = 253.35 ns.
    assert drift([0.0, 0.4, 0.9], [0.9, 0.9, 0.9]) == pytest.approx([0.0, 100.0, 253.35])


def test_drift_is_monotonic_and_ends_within_the_window():
    distance = np.linspace(0, 1.3, 500)
    time = drift(distance, np.full(500, 0.9))
    assert (np.diff(time) > 0).all()
    lines = wires(False)
    corner = np.hypot(lines.cell * lines.radius_cm / 2, np.where(layers().superlayer == 0, 0.5, 0.91))
    corners = drift(corner, cell_size_cm())
    # Beyond 225 ns, where the linear drift of a 1.8 cm cell ends, and within what is read out.
    assert (corners[8:] > 350).all()
    assert (corners < WINDOW_NS[:, 1]).all()


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
    expected = (1 - 0.4**crossed.path).sum()
    seen = len(simulate(particles, stream(), config).wire_id)
    # Late hits and second hits of a wire in one data clock are lost: some per mille.
    assert 0.985 * expected < seen < 1.005 * expected


def test_times_and_sides(gun):
    hits = simulate(gun(13, 500, momentum_gev=2.0), stream(), PERFECT)
    time_ns = hits.time_raw * TIME_LSB_NS
    assert time_ns.min() >= 0
    assert (time_ns < WINDOW_NS[LAYER_OF_WIRE[hits.wire_id], 1]).all()
    # 0.45 cm at 40 um/ns, and some 5 ns of flight and propagation.
    assert 105 < np.median(time_ns[LAYER_OF_WIRE[hits.wire_id] >= 8]) < 140
    assert set(hits.side) == {LEFT, RIGHT}
    assert abs((hits.side == LEFT).mean() - 0.5) < 0.02


def test_unit_of_time():
    """Half the TDC clock, which is twice the accelerator's frequency: 1.965 ns."""
    assert pytest.approx(1.96508, abs=1e-5) == TIME_LSB_NS


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
    moved = respond_cdc(replace(particles, t=particles.t + 10 * TIME_LSB_NS), stream(), PERFECT)
    low = still["wire_time"] < 100
    assert len(still["wire_id"]) - len(moved["wire_id"]) < 30
    if len(still["wire_id"]) == len(moved["wire_id"]):
        assert (moved["wire_time"] - still["wire_time"])[low] == pytest.approx(10, abs=1)
    spread = simulate(particles, stream(), CdcResponse(efficiency=1.0, event_time_sigma_ns=20.0))
    starts = [np.repeat(np.arange(200), np.diff(h)) for h in (still["wire_offsets"], spread.offsets)]
    means = [np.bincount(e, t) / np.bincount(e) for e, t in zip(starts, (still["wire_time"], spread.time_raw), strict=True)]
    assert np.std(means[1] - means[0]) * TIME_LSB_NS == pytest.approx(20.0, rel=0.25)


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
        ({"tail": float("nan")}, "tail"),
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
