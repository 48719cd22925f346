"""`darktrigger verify all`: every block and the chain, then one evidence report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from sim.cosim.campaign import Job

ALL = "all"
FOLDER = Path("build/evidence")
RECORDS = Path("docs/records")


def verify_everything(job: Job, folder: Path, records: Path, *, only_done: bool) -> bool:
    """Verify what has no record of today in `folder`, write the report there; whether all of it passed.

    records: folder with the records of other tools (costs, proofs, mutation scores, netlists), as they are. only_done: nothing is
    run, the largest verifications in `records` are reported.
    """
    from sim.cosim.simulators import versions
    from sim.cosim.verify_all import BLOCKS, verify_all
    from sim.provenance import package_digest, stamp
    from sim.sources import PACKAGES
    from sim.studies.evidence_records import Run, done_runs, read_stored
    from sim.studies.evidence_report import write_evidence

    stored = read_stored(records)
    units = {block.name: block.unit for block in BLOCKS}
    runs = done_runs(stored, units) if only_done else []
    folder.mkdir(parents=True, exist_ok=True)
    for one in () if only_done else verify_all(job, folder):
        record = one.record
        how = "kept" if one.was_kept else f"{record['wall_s']:.1f} s"
        verdict = "passed" if record["passed"] else "FAILED"
        typer.echo(f"{one.block.name}: {verdict}, {record['n_events']:,} {one.block.unit}, {how}; {one.path}")
        runs.append(Run(record=record, file=one.path.name, unit=one.block.unit, was_kept=one.was_kept))
    made = stamp(
        "verify all", seed=job.seed, digests={name: package_digest(name) for name in PACKAGES}, labels={"events": job.n_events}
    )
    made["versions"] |= versions(job.simulator)
    missing = [name for name in units if name not in {run.record["block"] for run in runs}]
    data, page = write_evidence(folder, runs, stored, made, missing)
    if missing:
        typer.echo(f"not verified: {', '.join(missing)}", err=True)
    typer.echo(f"evidence: {page}, {data}")
    return not missing and all(run.record["passed"] for run in runs)
