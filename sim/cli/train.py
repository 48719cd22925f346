"""`darktrigger train`: a neuro-trigger network from simulated and real tracks, frozen to integers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: darktrigger train tracks.csv.gz --out network.npz --blocks 2 --float-epochs 4 --epochs 2")(train)


def train(
    tracks: Annotated[Path, typer.Argument(metavar="FILE", help="Real tracks: tab-separated text, plain or gzip.")],
    out: Annotated[Path, typer.Option(help="Frozen network to write (.npz); learning curves go beside it.")],
    hidden: Annotated[str, typer.Option(help="Nodes of the hidden layers.")] = "64,32,32",
    float_epochs: Annotated[int, typer.Option(help="Epochs without formats.")] = 25,
    epochs: Annotated[int, typer.Option(help="Epochs in which the formats are trained along.")] = 5,
    blocks: Annotated[int, typer.Option(help="Blocks of 4000 simulated events.")] = 66,
    seed: Annotated[int, typer.Option(help="Seed of simulation and training.")] = 20261121,
    runs: Annotated[str | None, typer.Option(help="Only real events of these runs, as 639,738.")] = None,
    everything: Annotated[bool, typer.Option("--everything", help="Train on the events that are kept aside, too.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")] = False,
) -> None:
    """Train the codesign network: simulated tracks with the kinematics of the real ones, and the real ones themselves.

    Three tenths of the real events are kept aside for `evaluate`. The same seed gives the same network on one machine; a GPU
    is used where TensorFlow finds one. An interrupted training goes on when the same command is given again.
    """
    from hls.networks import CodesignDesign
    from hls.train import Training
    from sim.studies.neuro_samples import NeuroRecipe
    from sim.studies.neuro_training import TrainRequest, train_network
    from trigger.errors import InputError

    try:
        request = TrainRequest(
            tracks=tracks,
            out=out,
            design=CodesignDesign(hidden=_numbers("--hidden", hidden)),
            training=Training(seed=seed, float_epochs=float_epochs, epochs=epochs),
            recipe=NeuroRecipe(seed=seed, blocks=blocks),
            runs=() if runs is None else _numbers("--runs", runs),
            everything=everything,
            overwrite=overwrite,
        )
    except InputError:
        raise
    except ValueError as error:
        raise InputError(str(error)) from error
    frozen = train_network(request)
    counts, last = frozen.record["counts"], frozen.record["history"][-1]
    typer.echo(
        f"{counts['simulated_tracks']:,} simulated tracks, {counts['real_tracks']:,} real ones of {counts['real_events']} events"
    )
    typer.echo(f"{frozen.codesign.multiplications} multiplications, {last['bit_operations']:,} bit operations")
    typer.echo(f"loss {last['loss']:.4f}, validation {last.get('validation_loss', float('nan')):.4f}")
    typer.echo(f"network {frozen.digest[:12]}, seed {seed} -> {out}")


def _numbers(option: str, text: str) -> tuple[int, ...]:
    from trigger.errors import InputError

    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        msg = f"{option} must be whole numbers with commas, not {text!r}"
        raise InputError(msg) from error
