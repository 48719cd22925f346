"""`darktrigger mutate`: deliberate faults in RTL and model, and how many of them the checks of the fast suite find."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from trigger.errors import InputError

EXIT_FAILED = 1
_SHOWN = 20
"""Survivors on the terminal; the record has all."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger mutate klm --mutants 60 --out mutation-klm.json")(mutate)


def mutate(
    block: Annotated[str, typer.Argument(help="ecl, klm[.line], grl, menu, chain, tracks[.{segments,...}], displaced[.{...}].")],
    mutants: Annotated[int, typer.Option(help="Number of mutants on each side.")] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the sample and of the stimuli.")] = 1,
    side: Annotated[str, typer.Option(help="rtl, model or both.")] = "both",
    events: Annotated[int | None, typer.Option(help="Events of the stimuli; as many as the fast suite has by default.")] = None,
    tests: Annotated[bool, typer.Option(help="What is left of the model's mutants meets the tests of the block.")] = True,
    out: Annotated[Path | None, typer.Option(help="Record to write (.json); mutation-BLOCK.json by default.")] = None,
    aim: Annotated[float, typer.Option(min=0, max=1, help="Part of the mutants that must be killed.")] = 0.98,
) -> None:
    """Put one fault at a time into RTL and model and see whether the checks notice.

    Faults: another comparison, a wrong constant, off by one, a bit stuck, operands swapped, a register left out; in the model's
    source also another operator. Those of the RTL are in one simulation model and chosen by an extra input; of a block that holds
    other blocks they are in what it adds to them. A mutant is killed if any value, result or cycle differs on the stimuli of
    the fast suite, in the model also by the tests of the block. What is left and proven to change nothing (z3) does not count.
    Wrong reset values are counted apart: most registers need none. An interrupted run goes on when the same command is given
    again. Status 1 if fewer are killed than aimed at.
    """
    from sim.cosim import mutation_campaign as campaign

    try:
        chosen = campaign.Side(side)
    except ValueError:
        raise InputError(f"--side must be {', '.join(each.value for each in campaign.Side)}, not {side!r}") from None
    target = out or Path(f"mutation-{block}.json")
    order = campaign.Order(block=block, mutants=mutants, seed=seed, side=chosen, events=events, tests=tests, out=target)
    record = campaign.mutate(order)
    for name, found in record["sides"].items():
        _show(name, found)
    typer.echo(f"{record['wall_s']:.0f} s; record {target}")
    if any(found["score"] is not None and found["score"] < aim for found in record["sides"].values()):
        raise typer.Exit(EXIT_FAILED)


def _show(side: str, found: dict[str, Any]) -> None:
    """The score of a side, and what survived."""
    score = "no mutants" if found["score"] is None else f"score {found['score']:.4f}"
    counts = (
        f"{found['killed']} of {found['mutants']} killed, {found['equivalent']} proven equivalent, {found['survived']} survived"
    )
    reset = found["reset_values"]
    more = f"; reset values: {reset['killed']} of {reset['mutants']} noticed" if reset["mutants"] else ""
    typer.echo(f"{side}: {counts}, {score}{more}")
    survived = [one for one in found["not_killed"] if one["outcome"] == "survived"]
    for one in survived[:_SHOWN]:
        typer.echo(f"  {one['file']}:{one['line']} {one['kind']}: {one['says']}" + (f" ({one['net']})" if "net" in one else ""))
    if len(survived) > _SHOWN:
        typer.echo(f"  and {len(survived) - _SHOWN} more, in the record")
