"""The single-photon study: counters that add up, tables that do not depend on workers or interrupts, physics in its place."""

from dataclasses import replace

import numpy as np
import pytest

from sim.detector.background import BackgroundPreset
from sim.studies import single_photon
from sim.studies.block_study import tabulate
from sim.studies.photon_counts import STEPS
from sim.studies.single_photon import SinglePhotonStudy
from trigger.ecl import EclCalibration, EclParameters
from trigger.errors import InputError
from trigger.geometry.ecl import Region, cells


def rows(table, **where):
    chosen = table.where(**where)
    return [dict(zip(chosen.columns, row, strict=True)) for row in chosen.rows]


def test_every_table_is_written_with_its_stamp(small_tables, small_study):
    tables, folder = small_tables
    assert len(tables) == 13
    for name, table in tables.items():
        assert (folder / f"{name}.csv").exists()
        assert (folder / f"{name}.json").exists()
        assert table.stamp["seed"] == small_study.seed
        assert table.stamp["digests"]["study"] == small_study.digest()
        assert "GUESS" in table.stamp["labels"]["background_levels"]
    assert not (folder / ".blocks").exists()


def test_counts_are_possible_and_intervals_hold_them(small_tables):
    tables, _ = small_tables
    for name in ("efficiency", "plateaus", "efficiency_recoil", "mass_reach", "losses", "kill_attribution"):
        for row in rows(tables[name]):
            assert 0 <= row["k"] <= row["n"], name
            assert row["low"] <= row["high"]
            if row["n"]:
                assert row["low"] <= row["efficiency"] <= row["high"]


def test_efficiency_table_holds_every_photon_once(small_tables, small_study):
    tables, _ = small_tables
    everywhere = sum(row["n"] for row in rows(tables["efficiency"], sample="gun", selection="all", line="or"))
    assert 0.85 * small_study.events < everywhere < small_study.events
    for line in ("lml6", "lml13"):
        whole = rows(tables["efficiency"], sample="gun", selection="all", line=line)
        above = [row for row in whole if row["e_star_low"] > 1.5]
        assert np.mean([row["efficiency"] for row in above if row["n"]]) > 0.97
        assert sum(row["k"] for row in whole if row["e_star_high"] < 0.4) == 0


def test_turn_on_is_where_the_threshold_is(small_tables):
    tables, _ = small_tables
    found = rows(tables["turn_on_fits"], sample="gun", selection="all", cut="counts, look-up", region="rings of the line")
    assert [row["line"] for row in found] == ["lml13", "lml6", "lml7", "lml1", "lml2", "lml4"]
    for row in found:
        if row["events"] > 500:
            assert 1.0 < row["e50_over_threshold"] < 1.2
            assert 0.01 < row["width_over_threshold"] < 0.15
            assert row["e95_gev"] < row["e99_gev"]


def test_steps_only_lose_and_background_silences_the_exclusive_lines(small_tables):
    tables, _ = small_tables
    for sample in ("gun", "gun_x0.3", "gun_x1", "gun_x3", "mumugamma"):
        for line in ("lml13", "lml6", "lml7", "lml1", "lml2", "lml4"):
            left = [row["k"] for row in rows(tables["losses"], sample=sample, line=line)]
            chain = left[: len(STEPS)]
            assert chain == sorted(chain, reverse=True)
            assert left[-1] >= chain[-1]
    quiet = {
        sample: rows(tables["losses"], sample=sample, line="lml6", step=STEPS.index("quiet"))[0]["efficiency"]
        for sample in ("gun", "gun_x0.3", "gun_x1", "gun_x3")
    }
    assert quiet["gun"] > quiet["gun_x0.3"] > quiet["gun_x1"] > quiet["gun_x3"]
    assert quiet["gun"] > 0.99


def test_muon_clusters_explain_the_control_sample(small_tables):
    tables, _ = small_tables
    plateau = {
        selection: rows(tables["plateaus"], sample="mumugamma", selection=selection, line="lml6")[0]["efficiency"]
        for selection in ("offline", "offline_quiet_muons", "offline_isolated")
    }
    assert plateau["offline"] < plateau["offline_quiet_muons"] < plateau["offline_isolated"]
    assert plateau["offline_isolated"] > 0.97


def test_kills_add_up_to_the_selected_photons(small_tables):
    tables, _ = small_tables
    kills = tables["kill_attribution"]
    for line in ("lml6", "lml13"):
        found = rows(kills, sample="mumugamma", selection="offline", line=line)
        assert sum(row["k"] for row in found) == found[0]["n"]
        assert found[-1]["first_failed"] == "accepted"
        plateau = rows(tables["plateaus"], sample="mumugamma", selection="offline", line=line)[0]
        assert abs(found[-1]["efficiency"] - plateau["efficiency"]) < 0.02


def test_paired_table_agrees_with_itself(small_tables):
    tables, _ = small_tables
    for row in rows(tables["float_against_fixed"]):
        total = row["both"] + row["hardware_only"] + row["float_only"] + row["neither"]
        if total:
            assert np.isclose(row["difference"], (row["hardware_only"] - row["float_only"]) / total)
    only_lsb = rows(tables["float_against_fixed"], cut="energy, look-up")
    assert all(row["hardware_only"] == 0 for row in only_lsb if row["line"] in ("lml1", "lml2", "lml4"))


def test_mass_reach(small_tables):
    tables, _ = small_tables
    light, heavy = (rows(tables["mass_reach"], mass_gev=mass, selection="all", line="lml1")[0] for mass in (0.0, 9.0))
    assert light["efficiency"] > 0.3
    assert heavy["k"] == 0
    offline = rows(tables["mass_reach"], mass_gev=9.0, selection="offline", line="or")[0]
    assert offline["efficiency"] > 0.9


def test_cut_flow_names_sources_and_what_is_left_out(small_tables):
    tables, _ = small_tables
    flow = rows(tables["cut_flow"], sample="dark_photon_9.00")
    assert flow[0]["cut"] == "generated"
    left = [row["k"] for row in flow if row["k"] is not None]
    assert left == sorted(left, reverse=True)
    assert {row["cut"] for row in flow if row["k"] is None} == {
        "not applied: Zernike moment > 0.5",
        "not applied: KLM veto",
        "not applied: BDT of 12 variables",
    }
    assert all(row["source"] and row["certainty"] for row in flow[1:] if row["k"] is not None)


def test_workers_and_interrupts_do_not_change_a_byte(small_tables, small_study, tmp_path):
    _, reference = small_tables
    made = []

    def interrupt(job):
        made.append(job)
        if len(made) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tabulate(small_study, tmp_path, done=interrupt)
    assert len(list((tmp_path / ".blocks").iterdir())) == 4
    tabulate(small_study, tmp_path, workers=2)
    names = sorted(path.name for path in reference.iterdir() if path.suffix in (".csv", ".json"))
    assert names == sorted(path.name for path in tmp_path.iterdir())
    for name in names:
        assert (tmp_path / name).read_bytes() == (reference / name).read_bytes(), name


def test_a_dead_ring_and_a_parameter_reach_the_counters():
    dead = EclCalibration(dead=cells().region == Region.BRL)
    study = SinglePhotonStudy(events=400, calibration=dead, masses_gev=())
    job = next(job for job in study.jobs() if job.sample == "gun")
    counters = single_photon.CountBlock(study=study)(job)
    assert counters["k_theta/all/lml6"].sum() == 0
    assert counters["k_theta/all/lml2"].sum() > 0
    strict = replace(study, calibration=EclCalibration(), parameters=EclParameters.default().replace(lml_cl_e_cms_2="5"))
    assert single_photon.CountBlock(study=strict)(job)["k_theta/all/lml6"].sum() < 10


def test_digest_follows_every_choice(small_study):
    others = [
        replace(small_study, seed=6),
        replace(small_study, events=4001),
        replace(small_study, background=BackgroundPreset.HIGH),
        replace(small_study, parameters=EclParameters.default().replace(hie="1.1")),
        replace(small_study, calibration=EclCalibration(dead=np.arange(576) == 7)),
    ]
    assert len({study.digest() for study in [small_study, *others]}) == 6


NO_CUT = EclParameters.default().replace(lml_cl_e_cms_1=0)


@pytest.mark.parametrize(
    ("choice", "match"),
    [({"events": 50}, "--events"), ({"seed": -1}, "--seed"), ({"parameters": NO_CUT}, "lml_cl_e_cms_1 must be above 0")],
)
def test_impossible_study_is_refused(choice, match):
    with pytest.raises(InputError, match=match):
        SinglePhotonStudy(**choice)


def test_limit_lies_below_the_interval(small_tables):
    tables, _ = small_tables
    for row in rows(tables["plateaus"], sample="gun"):
        assert row["lower_limit_95"] < row["low"] <= row["efficiency"]


@pytest.mark.parametrize("threshold", ["0.06", "5.5", "9"])
def test_thresholds_at_and_beyond_the_photons_give_tables_too(tmp_path, threshold):
    parameters = EclParameters.default().replace(lml_cl_e_cms_1=threshold)
    tables = tabulate(SinglePhotonStudy(events=100, parameters=parameters, masses_gev=()), tmp_path)
    found = rows(tables["turn_on_fits"], sample="gun", line="lml1")
    assert found[0]["threshold_gev"] == float(threshold)
    assert (found[0]["e50_gev"], found[0]["valid"]) == (None, False)
