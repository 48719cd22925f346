"""Proofs about counts of neuro tracks, and the event that a wrong limit gives."""

from dataclasses import replace
from pathlib import Path

from hdl.cdc.track_counts import FitterCount
from hdl.proofs import track_counts
from hdl.proofs.proof import prove
from hdl.proofs.replay import replay
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
