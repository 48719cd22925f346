"""Rates before and after a change: each the rate that its trigger has by itself, with what differs in gained and lost."""

import numpy as np
import pytest

from sim.studies.channel_rates import TOTAL, rate_change
from sim.studies.counting import run
from sim.studies.rate_counts import RateTask
from sim.studies.rate_samples import rate_samples
from sim.studies.rates import LUMINOSITIES, Counted, RateStudy
from trigger.chain import Chain
from trigger.ecl.parameters import EclParameters

SAMPLES = tuple(sample for sample in rate_samples() if sample.name in ("gamma-gamma", "background-frames", "background-stream"))


def test_rates_before_and_after_are_those_of_each_trigger(tmp_path):
    """A lower threshold of lml13 gains clusters of the stream; a higher one of lml1 loses photons."""
    changed = EclParameters.from_mapping({"lml_cl_e_cms_3": "0.3", "lml_cl_e_cms_1": "5.2"})
    chains = Chain(period="e18r781"), Chain(period="e18r781", parameters=changed)
    studies = [RateStudy(chain=chain, events=32, scales=(1.0,), samples=SAMPLES) for chain in chains]
    table = rate_change(studies[0], chains, tmp_path / "pair")
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    record = {row["line"]: row for row in rows if row["point"] == "record"}
    assert {"lml13", "lml1", TOTAL} <= set(record)
    assert record["lml1"]["lost_hz"] > record["lml1"]["gained_hz"] == 0
    assert record["lml13"]["gained_hz"] > 0
    for which, study in zip(("before", "after"), studies, strict=True):
        work = RateTask(samples=SAMPLES, seed=study.seed, preset=study.preset, chain=study.chain)
        alone = Counted(study=study, counters=run(study.jobs(), work, tmp_path / which, study.digest()))
        fired, kept, whole = (alone.rate(name, 1.0, LUMINOSITIES["record"]).hz for name in ("fired", "kept", "accepted"))
        for line, row in record.items():
            if line != TOTAL:
                place = study.chain.menu.line_names.index(line)
                assert row[f"{which}_hz"] == pytest.approx(fired[place], rel=1e-6)
                assert row[f"kept_{which}_hz"] == pytest.approx(kept[place], rel=1e-6)
        assert record[TOTAL][f"kept_{which}_hz"] == pytest.approx(whole[0], rel=1e-6)
    for row in rows:
        assert row["after_hz"] - row["before_hz"] == pytest.approx(row["gained_hz"] - row["lost_hz"], rel=1e-6, abs=1e-6)
        change = row["kept_gained_hz"] - row["kept_lost_hz"]
        assert row["kept_change_hz"] == pytest.approx(change, rel=1e-6, abs=1e-6 * row["kept_before_hz"] + 1e-6)
        assert np.isfinite([row["gained_low"], row["lost_high"]]).all()
