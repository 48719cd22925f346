"""Background hits of the drift chamber: occupancies of the presets, and a user's own hits from every kind of file."""

import numpy as np
import pytest
import uproot

from sim.detector.cdc import CdcResponse, WireBackground, WireHits, WirePreset, read_wire_hits, respond_cdc
from sim.detector.cdc.geometry import WINDOW_NS
from sim.files import write_events
from trigger.errors import InputError
from trigger.events import EventRecord
from trigger.geometry.cdc import layers

LINES = layers()
LAYER_OF_WIRE = np.repeat(np.arange(56), LINES.n_wires)


def stream():
    return np.random.Generator(np.random.Philox(9))


def test_occupancy_of_the_presets():
    """20 kHz and 200 kHz per wire are 1 % and 10 % in 500 ns, on average over all wires; layer 0 has (16.8 / 105.68)^-1.5 of 52."""
    for preset, share in ((WirePreset.LOW, 0.01), (WirePreset.HIGH, 0.1)):
        per_500_ns = WireBackground(preset=preset).occupancy() / (WINDOW_NS[:, 1] - WINDOW_NS[:, 0]) * 500
        assert np.average(per_500_ns, weights=LINES.n_wires) == pytest.approx(share)
        assert per_500_ns[0] / per_500_ns[52] == pytest.approx((105.68 / 16.8) ** 1.5)


def test_hits_follow_the_occupancy():
    background, n = WireBackground(preset=WirePreset.LOW, scale=0.5), 3000
    event, wire, time_ns = background.draw(n, stream())
    assert (np.diff(event) >= 0).all()
    layer = LAYER_OF_WIRE[wire]
    expected = background.occupancy() * LINES.n_wires * n
    assert (np.abs(np.bincount(layer, minlength=56) - expected) < 5 * np.sqrt(expected)).all()
    assert (time_ns >= WINDOW_NS[layer, 0]).all()
    assert (time_ns < WINDOW_NS[layer, 1]).all()
    in_layer = wire[layer == 0] - LINES.first_wire[0]
    assert np.bincount(in_layer, minlength=160).min() > 0


def test_no_background():
    assert [len(column) for column in WireBackground().draw(10, stream())] == [0, 0, 0]
    with pytest.raises(ValueError, match="scale must be within"):
        WireBackground(scale=-1.0)


def library():
    return {
        "wire_offsets": np.array([0, 2, 2, 3]),
        "wire_id": np.array([5, 14335, 7], np.int16),
        "wire_time": np.array([-3, 9, 250], np.int16),
    }


@pytest.mark.parametrize("suffix", ["npz", "parquet", "root"])
def test_own_hits_from_event_files(tmp_path, suffix):
    path = tmp_path / f"random.{suffix}"
    write_events(path, EventRecord(library()))
    hits = read_wire_hits(path)
    assert hits.offsets.tolist() == [0, 2, 2, 3]
    assert hits.wire_id.tolist() == [5, 14335, 7]
    assert hits.wire_time.tolist() == [-3, 9, 250]


def write_experiment(path, members, name="CDCHits"):
    import awkward as ak

    with uproot.recreate(path) as file:
        columns = {f"{name}.{key}": ak.Array(values) for key, values in members.items()}
        file.mktree("tree", {key: f"var * {kind}" for key, kind in zip(columns, ("uint16", "int16"), strict=True)})
        file["tree"].extend(columns)


def test_own_hits_of_the_experiment(tmp_path):
    """eWire is wire + 512 layer + 4096 superlayer. Times by hand: floor((t0 - count + 0.5) / 2)."""
    path = tmp_path / "cdc.root"
    encoded = [[3, 7 * 512 + 159], [], [4096 * 8 + 512 * 5 + 383]]
    write_experiment(path, {"m_eWire": encoded, "m_driftTime": [[4800, 4801], [], [4899]]})
    hits = read_wire_hits(path, t0_tdc=4900.0)
    assert hits.offsets.tolist() == [0, 2, 2, 3]
    assert hits.wire_id.tolist() == [3, 1120 + 159, 14335]
    assert hits.wire_time.tolist() == [50, 49, 0]
    with pytest.raises(InputError, match="TDC count of the event time must be given"):
        read_wire_hits(path)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"m_eWire": [[160]], "m_tdcCount": [[0]]}, "m_eWire, event 0: 160 is not a wire"),
        ({"m_eWire": [[], [4096 + 512 * 6]], "m_tdcCount": [[], [0]]}, "event 1: 7168 is not a wire"),
        ({"m_eWire": [[0]], "m_adcCount": [[0]]}, "must have branches"),
        ({"m_eWire": [[0, 1]], "m_tdcCount": [[0]]}, "event 0: 2 wires, but 1 TDC counts"),
    ],
)
def test_bad_hits_of_the_experiment_are_refused(tmp_path, members, message):
    path = tmp_path / "cdc.root"
    write_experiment(path, members)
    with pytest.raises(InputError, match=message):
        read_wire_hits(path, t0_tdc=0.0)


def test_bad_files_are_refused(tmp_path):
    text = tmp_path / "text.root"
    text.write_text("no")
    with pytest.raises(InputError, match="not a readable ROOT file"):
        read_wire_hits(text)
    with pytest.raises(InputError, match="no such file"):
        read_wire_hits(tmp_path / "absent.npz")
    with pytest.raises(InputError, match="at least two numbers"):
        WireHits(offsets=np.array([0]), wire_id=np.zeros(0, np.int16), wire_time=np.zeros(0, np.int16))
    with pytest.raises(InputError, match="event 1: must be 0..14335, not 20000"):
        WireHits(offsets=np.array([0, 0, 1]), wire_id=np.array([20000]), wire_time=np.array([0]))


def test_overlay_takes_whole_events(gun):
    """Photons leave nothing: every event is one of the library's three, and each is taken a third of the time."""
    hits = WireHits(offsets=library()["wire_offsets"], wire_id=library()["wire_id"], wire_time=library()["wire_time"])
    fields = respond_cdc(gun(22, 900, momentum_gev=1.0), stream(), CdcResponse(), hits)
    events = np.split(fields["wire_id"], fields["wire_offsets"][1:-1])
    kinds = [tuple(event.tolist()) for event in events]
    assert set(kinds) == {(5, 14335), (), (7,)}
    assert 240 < kinds.count(()) < 360
    assert set(fields["wire_time"][fields["wire_id"] == 7]) == {250}
