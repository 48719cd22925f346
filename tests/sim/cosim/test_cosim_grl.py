"""`verify grl`: it passes, says what was done, finds other parameters; its events reach every edge."""

import json
from fractions import Fraction

import numpy as np
import pytest
from typer.testing import CliRunner

import sim.cli
from sim.cosim import grl
from sim.cosim.campaign import Job
from sim.cosim.stimulus.grl import GrlEvents, grl_events
from sim.cosim.stimulus.grl_endcaps import endcap_events
from sim.cosim.stimulus.grl_pointed import phi_raw, pointed_events
from trigger.ecl.thresholds import MAX_CLUSTERS
from trigger.geometry.cdc import superlayers
from trigger.grl import GrlParameters, GrlTrigger
from trigger.grl.parameters import SECTORS_OF_BIN
from trigger.grl.patterns import Endcap, all_patterns, patterns
from trigger.grl.tables import N_KLM_SECTORS, N_PHI, azimuth, cell_tables, energy_counts
from trigger.grl.trigger import segment_sectors

PARAMETERS = GrlParameters()


def invoke(*arguments: object) -> tuple[int, str, str]:
    shown = CliRunner().invoke(sim.cli.build_app(), ["verify", *(str(argument) for argument in arguments)])
    return shown.exit_code, shown.stdout, shown.stderr


def test_it_passes_and_its_record_says_so(tmp_path):
    status, shown, _ = invoke("grl", "--events", 1500, "--out", tmp_path / "r.json")
    assert status == 0
    assert shown.startswith("passed: 1,500 events, 0 mismatched, 0 missing, 0 extra, 0 late")
    record = json.loads((tmp_path / "r.json").read_text())
    assert record["block"] == "grl"
    assert record["latency_measured"] == {str(record["latency_declared"]): 1500}


def test_other_parameters_fail(tmp_path):
    """The RTL of the experiment's parameters against models with another one each."""
    rtl, job = grl.grl_rtl(PARAMETERS), Job(n_events=1600, out=tmp_path / "r.json", workers=1)
    fewer, wider = GrlParameters(match_below_bins=1), GrlParameters(klm_deg=Fraction(40))
    for parameters, concerned in ((fewer, {"grl_cdcecl", "grl_c2gev"}), (wider, {"grl_cdcklm"})):
        record = grl.verify_grl(job, parameters, rtl=rtl)
        assert not record["passed"]
        assert record["mismatched_events"] > 10
        assert record["missing_events"] == record["extra_events"] == record["late_events"] == 0
        assert {row["field"] for row in record["differences"]} <= concerned


def test_events_hold_every_kind_and_edge():
    events = grl_events(np.random.default_rng(1), 20_000, PARAMETERS)
    decision = GrlTrigger(PARAMETERS).run(**events.arguments())
    assert decision.grl_n_full.max() == 24
    assert set(np.unique(decision.grl_n_full)) >= set(range(24))
    assert decision.grl_track_overflow.sum() > 500
    assert {0, 1, 2, 3, 4} <= set(np.unique(decision.grl_n_short))
    assert decision.grl_n_inner.max() == 64
    assert (np.diff(events.cdc_offsets) == 0).any()
    for cut in energy_counts(PARAMETERS):
        assert {cut - 1, cut, cut + 1} <= set(np.unique(events.ecl_cluster_adc))
    cells, event = cell_tables(PARAMETERS), np.repeat(np.arange(20_000), np.diff(events.track_offsets))
    tc = events.ecl_cluster_tc[event]
    place = (azimuth(events.track_phi_raw)[:, None] - cells.near_first[tc]) % 320
    inside = np.where(tc > 0, place - cells.near_count[tc], 999)
    theta = np.where(tc > 0, events.track_theta_raw[:, None] - cells.theta_last[tc].astype(int), 99_999)
    assert min((inside == edge).sum() for edge in (-1, 0)) > 100
    assert min((theta == edge).sum() for edge in (0, 1)) > 100


def test_every_pattern_is_planted_complete_and_without_one_superlayer():
    events = grl_events(np.random.default_rng(1), 20_000, PARAMETERS)
    event, ids = np.repeat(np.arange(20_000), np.diff(events.cdc_offsets)), events.cdc_ts_id
    hit = np.zeros((5, 20_000), np.uint64)
    kept = superlayers().of_segment[ids] < 5
    np.bitwise_or.at(hit, (superlayers().of_segment[ids][kept], event[kept]), segment_sectors()[ids][kept])
    sparse = np.bincount(event, minlength=20_000) < 60

    def turned(words: np.ndarray, sectors: int) -> np.ndarray:
        places = np.uint64(sectors % 64), np.uint64(-sectors % 64)
        return words >> places[0] | words << places[1] if sectors % 64 else words

    for pattern in all_patterns():
        shifts = (pattern.sl0, pattern.sl1, 0, pattern.sl3, pattern.sl4)
        found = np.stack([turned(words, shift) for words, shift in zip(hit, shifts, strict=True)])[:, sparse]
        assert np.count_nonzero(np.bitwise_and.reduce(found, axis=0)) > 20, pattern
        for lacking in range(5):
            rest = np.bitwise_and.reduce(np.delete(found, lacking, axis=0), axis=0)
            assert np.count_nonzero(rest & ~found[lacking]) > 5, (pattern, lacking)


def test_a_lone_short_track_decides_at_both_ends_of_every_endcap_window():
    """Its cluster lies in a bin that the window sets, or just does not: one sector more or less is another answer."""
    sectors, tc, adc = endcap_events(np.random.default_rng(3), 6000, PARAMETERS)
    last = (tc > 0).sum(axis=1) - 1
    centre, counts = tc[np.arange(6000), last], adc[np.arange(6000), last]
    for cut in energy_counts(PARAMETERS):
        for offset in (-1, 0, 1):
            assert np.bincount(last[counts == cut + offset], minlength=MAX_CLUSTERS).min() > 100
    pointing = [pattern for pattern in patterns() if pattern.endcap is not Endcap.NONE]
    own = {(p.sl1 - p.sl0) % 64 << 18 | -p.sl0 % 64 << 12 | (p.sl3 - p.sl0) % 64 << 6 | (p.sl4 - p.sl0) % 64: p for p in pointing}
    cells, met = cell_tables(PARAMETERS), set()
    for (start, *rest), cell in zip(sectors.tolist(), centre, strict=True):
        key = 0
        for sector in rest:
            key = key << 6 | (sector - start) % 64
        pattern = own[key]
        azimuth_bin = int(cells.azimuth_bin[cell])
        setting = {16 * (azimuth_bin // 9) + s for s in SECTORS_OF_BIN[azimuth_bin % 9]}
        window = [(start + place) % 64 for place in range(pattern.first, pattern.last + 1)]
        inside = setting & set(window)
        assert (cells.is_forward if pattern.endcap is Endcap.FORWARD else cells.is_backward)[cell]
        if inside in ({window[0]}, {window[-1]}):
            met.add((pattern.number, start % 4, "last" if inside == {window[-1]} else "first"))
        elif not inside and setting & {(window[0] - 1) % 64, (window[-1] + 1) % 64}:
            met.add((pattern.number, start % 4, "outside"))
    assert len(met) > 0.75 * len(pointing) * 4 * 3


def test_some_events_have_a_short_track_and_a_cluster_alone():
    events = grl_events(np.random.default_rng(1), 20_000, PARAMETERS)
    decision = GrlTrigger(PARAMETERS).run(**events.arguments())
    lone = (np.diff(events.cdc_offsets) == 5) & (np.diff(events.track_offsets) == 0)
    lone &= (events.ecl_cluster_tc[:, 0] > 0) & (decision.grl_n_short == 1)
    assert lone.sum() > 2000
    assert 0.3 < decision.grl_secl[lone].mean() < 0.7


@pytest.fixture(scope="module")
def pointed() -> tuple[GrlEvents, np.ndarray]:
    """Events without segments in which one comparison decides, and the lane of the decisive track."""
    n = 3000
    made = pointed_events(np.random.default_rng(8), n, PARAMETERS)
    events = GrlEvents(
        cdc_offsets=np.zeros(n + 1, np.int64),
        cdc_ts_id=np.zeros(0, np.int16),
        track_offsets=np.searchsorted(made.event, np.arange(n + 1)),
        track_phi_raw=phi_raw(made.half_cell).astype(np.int16),
        track_omega_raw=made.omega.astype(np.int8),
        track_expert=made.expert.astype(np.int8),
        track_theta_raw=made.theta.astype(np.int16),
        ecl_cluster_tc=made.tc.astype(np.uint16),
        ecl_cluster_adc=made.adc.astype(np.uint16),
        ecl_bhabha3d_veto=made.veto.astype(np.uint8),
        klm_fired=made.fired.astype(np.uint8),
    )
    _, slot, _ = grl.track_slots(events)
    return events, slot[decisive(events)] % 2


def decisive(events: GrlEvents) -> np.ndarray:
    """Numbers of the decisive tracks: the last ones, but for the KLM, where no cluster is."""
    return events.track_offsets[1:] - 1 - (events.ecl_cluster_tc[:, 0] == 0)


def test_every_place_decides_for_tracks_of_both_lanes(pointed):
    """A cluster of one place alone goes to the other side and loses its energy: answers change, for every place and lane."""
    events, lane = pointed
    cells = cell_tables(PARAMETERS)
    middle = cells.near_first[1:].astype(int) + cells.near_count[1:] // 2
    away = (middle[None, :] - middle[:, None] - N_PHI // 2) % N_PHI
    opposite = np.concatenate(
        [[0], np.argmin(np.where(cells.is_barrel[1:] == 0, np.minimum(away, N_PHI - away), N_PHI), axis=1) + 1]
    )
    before = GrlTrigger(PARAMETERS).run(**events.arguments()).arrays()
    for place in range(MAX_CLUSTERS):
        tc, adc = events.ecl_cluster_tc.copy(), events.ecl_cluster_adc.copy()
        tc[:, place] = opposite[tc[:, place]]
        adc[:, place] = tc[:, place] > 0
        after = GrlTrigger(PARAMETERS).run(**events.arguments() | {"ecl_cluster_tc": tc, "ecl_cluster_adc": adc}).arrays()
        for name in ("cdcecl", "c2gev", "samhem", "opohem", "trkbha1"):
            changed = (before[f"grl_{name}"] != after[f"grl_{name}"]).reshape(len(lane), -1).any(axis=1)
            assert np.bincount(lane[changed], minlength=2).min() >= 10, (name, place)


def test_every_klm_sector_is_met_at_its_edges_in_both_lanes(pointed):
    """A turn of the decisive track by half a cell changes what it matches, in both lanes, around every sector."""
    events, lane = pointed
    of_klm = events.ecl_cluster_tc[:, 0] == 0
    before = GrlTrigger(PARAMETERS).run(**events.arguments()).grl_cdcklm
    changed = np.zeros(len(lane), bool)
    for step in (-1, 1):
        phi = events.track_phi_raw.copy()
        at = decisive(events)[of_klm]
        phi[at] = (phi[at] + step) % N_PHI
        after = GrlTrigger(PARAMETERS).run(**events.arguments() | {"track_phi_raw": phi}).grl_cdcklm
        changed |= (before != after).reshape(len(lane), -1).any(axis=1)
    for number in range(N_KLM_SECTORS):
        fired = events.klm_fired[:, number] | events.klm_fired[:, N_KLM_SECTORS + number]
        assert np.bincount(lane[changed & of_klm & (fired == 1)], minlength=2).min() >= 3, number
