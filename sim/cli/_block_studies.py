"""How every verb runs a study of logical blocks: whole, on any engine, or in parts for `darktrigger merge`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sim.studies.asked import Asked

Workers = Annotated[int, typer.Option(help="Processes; the numbers do not depend on it.")]
Scheduler = Annotated[str | None, typer.Option(help="Address of a dask.distributed scheduler, which does the work.")]
EventBlocks = Annotated[
    str | None, typer.Option(help="Blocks a:b of the study, b excluded: writes their counters alone, for `darktrigger merge`.")
]


def run(asked: Asked[Any], out: Path, workers: int, scheduler: str | None, event_blocks: str | None) -> None:
    """Runs what was asked for, shows its progress, writes it to `out` and prints it; with `event_blocks` the counters alone."""
    from sim.cli._options import parse_event_blocks
    from sim.progress import progress
    from sim.studies.block_study import forget, run_study
    from sim.studies.partial import Part, write_part

    study = asked.study()
    jobs = study.jobs()
    blocks = None if event_blocks is None else parse_event_blocks(event_blocks, len(jobs))
    chosen = jobs if blocks is None else jobs[blocks.start : blocks.stop]
    with progress(f"study {asked.name}", sum(job.events for job in chosen)) as advance:
        counters = run_study(study, out, blocks=blocks, workers=workers, scheduler=scheduler, done=lambda job: advance(job.events))
    if blocks is not None:
        path = out / f"{asked.name}-{blocks.start}-{blocks.stop}.part.npz"
        part = Part(
            study=study.digest(),
            recipe=asked.to_json(),
            first=blocks.start,
            stop=blocks.stop,
            n_blocks=len(jobs),
            counters=counters,
        )
        write_part(path, part)
        forget(out, blocks)
        typer.echo(f"blocks {blocks.start}:{blocks.stop} of {len(jobs)}, {sum(job.events for job in chosen):,} events -> {path}")
        return
    texts = asked.finish(study, counters, out, workers, scheduler)
    forget(out)
    for text in texts:
        typer.echo(text)


def full_path(path: Path | None) -> str | None:
    """The full path of a file of the options, so that they can be read from anywhere."""
    return None if path is None else str(path.resolve())
