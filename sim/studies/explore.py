"""Exploration of neuro-trigger networks: what each design resolves, what it triggers on, and what it costs, in one table."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.detector.cdc.config import CdcResponse
from sim.parts import Interrupted
from sim.progress import progress
from sim.provenance import stamp
from sim.studies.costs import REUSES, Built, Design, cost_table, designs
from sim.studies.explore_networks import label, trained_network
from sim.studies.explore_samples import BACKGROUND_PER_EVENT, SCALE, candidates
from sim.studies.explore_scores import score
from sim.studies.explore_table import Point, table_of
from sim.studies.neuro_samples import FLAT_RECIPE, NeuroRecipe, training_sample
from sim.studies.tables import Table
from sim.studies.tracks_samples import Kind
from trigger.cdc.neuro.experts import ClassicExperts
from trigger.digest import digest
from trigger.errors import InputError
from trigger.networks import CLASSIC, CODESIGN, FrozenNetwork, load_network

if TYPE_CHECKING:
    from hls.networks import CodesignDesign
    from hls.train import Training

MIN_EVENTS = 100
HIDDEN = ((8,), (16,), (32, 16))
WEIGHT_FRACTIONS = (4, 6, 8)
"""Shapes and weight bits of the grid unless the user names others. Our choice: what one core trains and synthesises in an hour;
the shipped network stands for larger shapes."""
DESIGN_REUSES = (1, 4)
"""Reuse factors of the designs' RTL. Our choice: a track per cycle, and a track per data clock."""
NETWORKS, SAMPLES = "networks", "samples"
"""Folders of what is made once: frozen networks, and the tracks that they are trained and scored on."""


@dataclass(frozen=True, kw_only=True)
class Exploration:
    """Everything that the table depends on, but for the shipped networks that stand beside the designs.

    reuses: of the designs' RTL. blocks: of training events; float_epochs, epochs: see `Training`. events: muons that the networks
    are scored on. background_share: part of the background particles with a 2D track that passes as single tracks, about what the
    shipped codesign network lets pass at the experiment's cut. InputError for an impossible number, no design, or one twice.
    """

    designs: tuple[CodesignDesign, ...]
    reuses: tuple[int, ...] = DESIGN_REUSES
    blocks: int = 12
    float_epochs: int = 8
    epochs: int = 4
    events: int = 40_000
    background_share: Fraction = Fraction(1, 200)
    seed: int = 20261121

    def __post_init__(self) -> None:
        if not self.designs or not self.reuses:
            msg = f"an exploration must have one design and one reuse at least, not {len(self.designs)} and {len(self.reuses)}"
            raise InputError(msg)
        for what, values in (("design", [label(design) for design in self.designs]), ("reuse", self.reuses)):
            twice = [value for value in values if list(values).count(value) > 1]
            if twice:
                msg = f"every {what} must be there once, not {twice[0]} twice"
                raise InputError(msg)
        for name, value, least in (
            ("reuse", min(self.reuses), 1),
            ("blocks", self.blocks, 1),
            ("events", self.events, MIN_EVENTS),
            ("seed", self.seed, 0),
        ):
            if value < least:
                msg = f"{name} must be at least {least}, not {value}"
                raise InputError(msg)
        if not 0 < self.background_share < 1:
            msg = f"background_share must be between 0 and 1, not {float(self.background_share):g}"
            raise InputError(msg)
        try:
            _ = self.training
        except ValueError as error:
            raise InputError(str(error)) from error

    @property
    def training(self) -> Training:
        """How every design is trained."""
        from hls.train import Training

        return Training(seed=self.seed, float_epochs=self.float_epochs, epochs=self.epochs)

    @property
    def recipe(self) -> NeuroRecipe:
        """What every design is trained on: nothing of real tracks."""
        return replace(FLAT_RECIPE, blocks=self.blocks, seed=self.seed)


def explore(exploration: Exploration, folder: Path, *, only_done: bool = False) -> Table:
    """The table of all networks, trained, scored and synthesised; the caller writes it.

    Samples and networks stay in the folder and synthesis in its own cache, so that an interrupted exploration goes on, and a wider
    one only does what is new. only_done: costs that are not known yet stay empty. InputError if the folder cannot be written.
    """
    for part in (NETWORKS, SAMPLES):
        _make(folder / part)
    try:
        points = _scored(exploration, [*_trained(exploration, folder), *shipped()], folder / SAMPLES)
        costs = cost_table([design for point in points for design in point.built], only_done=only_done)
    except KeyboardInterrupt as error:
        msg = f"interrupted; what is done is kept in {folder}: the same command goes on"
        raise Interrupted(msg) from error
    training = (
        f"{exploration.blocks} blocks of simulated tracks, {exploration.float_epochs} epochs without formats and "
        f"{exploration.epochs} with them"
    )
    return table_of(points, costs, float(exploration.background_share), training, _stamp(exploration, points, costs))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Network:
    """A point before it is scored."""

    name: str
    frozen: FrozenNetwork
    built: tuple[Design, ...]
    shipped: bool


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{folder}: cannot be made: {error.strerror}"
        raise InputError(msg) from error
    if not os.access(folder, os.W_OK):
        msg = f"{folder}: cannot be written"
        raise InputError(msg)


def _trained(exploration: Exploration, folder: Path) -> list[_Network]:
    training = exploration.training
    sample = training_sample(exploration.recipe, None, folder / SAMPLES)
    networks = []
    with progress("training", len(exploration.designs) * (training.float_epochs + training.epochs), unit="epochs") as advance:
        for design in exploration.designs:
            frozen = trained_network(design, training, exploration.recipe, sample, folder / NETWORKS, advance)
            built = tuple(
                Design(block=label(design), variant="", reuse=reuse, build=partial(_built, frozen, reuse))
                for reuse in exploration.reuses
            )
            networks.append(_Network(name=label(design), frozen=frozen, built=built, shipped=False))
    return networks


def shipped() -> list[_Network]:
    """The shipped networks with every reuse that `synth` counts; of the classic one all experts together."""
    classic, codesign = load_network(CLASSIC), load_network(CODESIGN)
    assert isinstance(classic.network, ClassicExperts)
    experts = f"{len(classic.network.experts)} experts"
    whole = tuple(design for design in designs(("tracks.neuro",), REUSES) if design.variant.startswith(experts))
    alone = tuple(designs(("tracks.codesign",), REUSES))
    return [
        _Network(name=f"shipped {name}", frozen=frozen, built=built, shipped=True)
        for name, frozen, built in ((CLASSIC, classic, whole), (CODESIGN, codesign, alone))
    ]


def _built(frozen: FrozenNetwork, reuse: int) -> Built:
    from sim.cosim.verify_codesign import codesign_rtl

    rtl, interval = codesign_rtl(frozen.codesign, reuse=reuse)
    return Built(
        verilog=rtl.design.verilog, top=rtl.design.ports.module, latency=rtl.latency, interval=interval, made_from=frozen.digest
    )


def _scored(exploration: Exploration, networks: list[_Network], folder: Path) -> list[Point]:
    muons = candidates(Kind.PROMPT, exploration.events, exploration.seed, folder)
    background = candidates(Kind.BACKGROUND, BACKGROUND_PER_EVENT * exploration.events, exploration.seed, folder)
    return [
        Point(
            score=score(one.frozen.network, muons, background, exploration.background_share, exploration.seed),
            **vars(one),
        )
        for one in networks
    ]


def _stamp(exploration: Exploration, points: list[Point], costs: Table) -> dict[str, Any]:
    meta = CdcResponse().meta()
    meta.pop("cdc_background")
    return stamp(
        "explore",
        seed=exploration.seed,
        digests={"exploration": digest(exploration), **{point.name: point.frozen.digest for point in points}},
        labels={
            "muons": exploration.events,
            "background_tracks": BACKGROUND_PER_EVENT * exploration.events,
            **meta,
            "background": f"GUESS: wire hits at x{SCALE:g} of preset nominal (60 kHz per wire)",
            "interval": "Clopper-Pearson, 68.27 %",
            **costs.stamp["labels"],
        },
        packages=("scipy", "tensorflow", "keras", "HGQ2"),
    )
