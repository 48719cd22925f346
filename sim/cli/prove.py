"""`darktrigger prove`: formal proofs of the hardware, for all inputs and all times."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trigger.errors import InputError

if TYPE_CHECKING:
    from hdl.proofs.proof import Outcome

EXIT_FAILED = 1


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger prove klm --out proofs-klm.json")(prove)


def prove(
    block: Annotated[str, typer.Argument(help="menu, klm, ecl, tracks, grl, chain, displaced, all, or one proof by name.")],
    out: Annotated[Path, typer.Option(help="Record to write (.json).")] = Path("proofs.json"),
    products: Annotated[
        Path | None, typer.Option(help="menu: published sums of products of exp16 (CSV: bit, line, terms), proven as well.")
    ] = None,
    timeout: Annotated[int, typer.Option(min=1, help="Longest time of one run of the solver in seconds.")] = 600,
) -> None:
    """Prove claims about the RTL by k-induction (SymbiYosys, z3): all inputs, all times, reset at any moment.

    Each claim is also put to a component with one fault, which must be refuted. Results are kept by the digest of RTL and claim.
    The record has each proof's claim, depth, time, verdict and digest, and the counterexample of what failed; it can be replayed
    with `hdl.proofs.replay`. Status 1 if a proof fails, is left open or takes too long.
    """
    from hdl.proofs.blocks import proofs_of
    from hdl.proofs.proof import all_passed
    from hdl.proofs.proof import prove as prove_one
    from hdl.proofs.solver import ProofError, tool_versions
    from sim.cosim.record import write_record
    from sim.progress import progress
    from sim.provenance import stamp

    proofs = proofs_of(block, products)
    versions = tuple(tool_versions())
    outcomes: list[Outcome] = []
    try:
        with progress("proofs", len(proofs), unit="proofs") as advance:
            for proof in proofs:
                outcomes.append(prove_one(proof, timeout_s=timeout))
                advance(1)
    except ProofError as error:
        raise InputError(f"{proof.name}: {error}") from error
    passed = all_passed(outcomes)
    total_s, total_cpu_s = (round(sum(times), 1) for times in zip(*((one.wall_s, one.cpu_s) for one in outcomes), strict=True))
    made = stamp("prove", digests={outcome.name: outcome.rtl for outcome in outcomes}, packages=versions)
    times = {"wall_s": total_s, "cpu_s": total_cpu_s}
    write_record(out, {"passed": passed, **times, "proofs": [one.to_json() for one in outcomes], "stamp": made})
    _show(outcomes, f"{total_s:.0f} s in all, {total_cpu_s:.0f} s of CPU time; *: kept from an earlier run")
    typer.echo(f"record: {out}")
    if not passed:
        raise typer.Exit(EXIT_FAILED)


def _show(outcomes: list[Outcome], caption: str) -> None:
    """One row per proof, then what each says."""
    from rich.console import Console
    from rich.table import Table

    engines = ", ".join(sorted({one.engine for one in outcomes}))
    grid = Table(title=f"formal proofs, k-induction ({engines})", caption=caption)
    for head in ("proof", "k", "time", "CPU", "claim", "faulty", "RTL"):
        grid.add_column(head, justify="right" if head in ("k", "time", "CPU") else "left", overflow="fold")
    for one in outcomes:
        kept = "*" if one.was_kept else ""
        refuted = "refuted" if one.refuted.value == "fail" else one.refuted.value
        grid.add_row(
            one.name, str(one.depth), f"{one.wall_s:.1f} s{kept}", f"{one.cpu_s:.1f} s",
            "proven" if one.status.value == "pass" else one.status.value.upper(), refuted, one.rtl[:8],
        )  # fmt: skip
    console = Console()
    console.print(grid)
    for one in outcomes:
        console.print(f"{one.name}: {one.says}", highlight=False)
        if one.trace is not None:
            console.print(f"  counterexample of {len(one.trace.steps)} cycles in the record", highlight=False)
