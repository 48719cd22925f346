# amaranth: UnusedElaboratable=no
"""Proofs about counts of neuro tracks, and the event that a wrong limit gives; events of the Hough plane; momenta of the claims."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hdl.cdc.hough.layout import Layout
from hdl.cdc.hough.votes import Votes
from hdl.cdc.track_counts import FitterCount
from hdl.proofs import momentum, track_counts
from hdl.proofs.bench import Reading
from hdl.proofs.proof import prove
from hdl.proofs.replay import replay
from hdl.proofs.solver import Mode, Trace, job
from trigger.cdc.hough.plane import HoughPlane
from trigger.cdc.single_track import SingleTrackCuts, SingleTrackTrigger
from trigger.cdc.track_counts import FitterCuts


def test_fitter_count_is_proven_and_its_event_separates_the_two(tmp_path: Path) -> None:
    """One centimetre more in the component: the counterexample goes through the shipped and the faulty one."""
    proof = next(one for one in track_counts.proofs() if one.name == "tracks.fitter_count")
    outcome = prove(proof, cache=tmp_path)
    assert outcome.passed
    trace = outcome.broken_trace
    assert trace is not None
    cuts = FitterCuts()
    right, wrong = (replay(FitterCount(one), trace)[-1]["out_t3"] for one in (cuts, replace(cuts, z_cm=cuts.z_cm + 1)))
    assert right != wrong


def test_claims_about_momenta_have_the_steps_and_momenta_of_the_model() -> None:
    """Every answer of a network and every row of the table: floats of the claim against exact numbers of the model."""
    cuts, trigger = SingleTrackCuts(), SingleTrackTrigger()
    angles = range(-momentum.ONE, momentum.ONE + 1)
    assert [momentum.theta_step(theta, cuts) for theta in angles] == trigger.theta_steps.tolist()
    table = [[momentum.momentum(omega, step, cuts, HoughPlane()) for step in range(momentum.STEPS)] for omega in range(34)]
    assert table == trigger.momentum_table.tolist()


@pytest.mark.usefixtures("not_elaborated")
def test_tables_become_logic_where_a_claim_is_about_them() -> None:
    assert "memory_map -rom-only" in job(Mode.INDUCTION, 3, 60, Reading(has_table=True))
    assert "memory_map" not in job(Mode.INDUCTION, 3, 60)
    assert [one.bench().reading.has_table for one in momentum.proofs()] == [False, True, True, True, True]


def test_event_that_separates_a_plane_that_asks_for_one_superlayer_more() -> None:
    """Cells in which exactly as many superlayers vote as are asked for; the shipped votes == the declared table."""
    path = Path(__file__).parent / "events" / "tracks_votes.json"
    trace = Trace.from_json(json.loads(path.read_text(encoding="utf-8"))["steps"])
    layout = Layout(HoughPlane())
    n_needed, n_omega, first = layout.plane.min_superlayers, layout.plane.n_omega, layout.vote_reach[0]
    hits = trace.steps[-1 - Votes.LATENCY]["hits"]
    crossed = {
        cell for cell, own in layout.votes.items() if any(hits >> (s - first) * layout.sector_bits + bit & 1 for s, bit in own)
    }
    cells = [(x, y) for x in range(layout.cells) for y in range(n_omega)]
    n_votes = [sum((superlayer, x, y) in crossed for superlayer in range(len(layout.per_sector))) for x, y in cells]
    assert n_needed in n_votes
    for wanted in (n_needed, n_needed + 1):
        dut = Votes(Layout(replace(layout.plane, min_superlayers=wanted)))
        assert replay(dut, trace)[-1]["candidates"] == sum((n >= wanted) << k for k, n in enumerate(n_votes))
