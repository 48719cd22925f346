"""`verify grl`: it passes, says what was done, finds other parameters; its events reach every edge."""

import json
from fractions import Fraction

import numpy as np
from typer.testing import CliRunner

import sim.cli
from sim.cosim import grl
from sim.cosim.campaign import Job
from sim.cosim.stimulus.grl import grl_events
from trigger.geometry.cdc import superlayers
from trigger.grl import GrlParameters, GrlTrigger
from trigger.grl.patterns import all_patterns
from trigger.grl.tables import azimuth, cell_tables, energy_counts
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
    rtl, job = grl.grl_rtl(PARAMETERS), Job(n_events=800, out=tmp_path / "r.json", workers=1)
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
