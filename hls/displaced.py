"""Training of the network of displaced vertices: sets, schedule, loss; layers and fits are those of the codesign network."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hls.fitting import OnEpoch
from hls.freeze import freeze
from hls.networks import CodesignDesign
from hls.plans import Outcome
from hls.ranges import check_ranges
from hls.train import cross_entropy, fit_design
from trigger.cdc.neuro.codesign import CLASS_SCALE
from trigger.cdc.neuro.formats import NODE_ONE
from trigger.digest import digest
from trigger.displaced.features import VERTEX
from trigger.errors import InputError

_SHUFFLE, _VALIDATION = 0, 1
TARGETS = ("is_signal", "weight")


@dataclass(frozen=True, kw_only=True, eq=False)
class VertexSet:
    """n vertices: x_raw int16 (n, 16), NODE format; is_signal bool (n,); weight float32 (n,). InputError otherwise."""

    x_raw: NDArray[np.int16]
    is_signal: NDArray[np.bool_]
    weight: NDArray[np.float32]

    def __post_init__(self) -> None:
        n = len(self.is_signal)
        shapes = [self.x_raw.shape, self.weight.shape]
        if shapes != [(n, VERTEX.n_inputs), (n,)]:
            msg = f"a set of {n} vertices must have shapes ({n}, {VERTEX.n_inputs}), ({n},), not {shapes}"
            raise InputError(msg)

    def __len__(self) -> int:
        return len(self.is_signal)

    def select(self, rows: NDArray) -> "VertexSet":
        """Some of the vertices: indices, or one boolean per vertex."""
        return VertexSet(**{name: array[rows] for name, array in vars(self).items()})

    def inputs(self) -> NDArray[np.float32]:
        """What the network sees, float32 (n, 16)."""
        return (self.x_raw / NODE_ONE).astype(np.float32)

    def targets(self) -> NDArray[np.float32]:
        """Columns TARGETS, float32 (n, 2)."""
        return np.stack([self.is_signal, self.weight], axis=1).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class VertexTraining:
    """How the network is trained: float_epochs without formats, then epochs in which these are trained along.

    In each part the learning rate falls from float_rate or rate to 0 as a cosine. validation_share of the vertices are only looked
    at. Our choice. ValueError for an impossible number.
    """

    seed: int = 20261121
    float_epochs: int = 40
    epochs: int = 40
    batch: int = 512
    float_rate: float = 5e-3
    rate: float = 2e-3
    validation_share: float = 0.1

    def __post_init__(self) -> None:
        check_ranges(
            self,
            ("seed", 0, 2**31 - 1),
            ("float_epochs", 1, 10_000),
            ("epochs", 1, 10_000),
            ("batch", 1, 1 << 20),
            ("float_rate", 1e-9, 1),
            ("rate", 1e-9, 1),
            ("validation_share", 0, 0.9),
        )


@dataclass(frozen=True, eq=False)
class EpochVertices:
    """The vertices of every epoch, and those that are only looked at."""

    seed: int
    trained: VertexSet
    kept: VertexSet

    @classmethod
    def of(cls, training: VertexTraining, vertices: VertexSet) -> "EpochVertices":
        """Split the vertices."""
        order = np.random.default_rng([training.seed, _VALIDATION]).permutation(len(vertices))
        n = int(training.validation_share * len(vertices))
        return cls(training.seed, vertices.select(order[n:]), vertices.select(order[:n]))

    def draw(self, epoch: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Inputs and targets of an epoch, shuffled; the same at every call."""
        order = np.random.default_rng([self.seed, _SHUFFLE, epoch]).permutation(len(self.trained))
        return self.trained.inputs()[order], self.trained.targets()[order]

    def watched(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Inputs and targets of the vertices that are only looked at."""
        return self.kept.inputs(), self.kept.targets()


@dataclass(frozen=True, kw_only=True)
class VertexPlan:
    """The network of displaced vertices; ceilings of the formats are 8 bits, our choice."""

    design: CodesignDesign = field(
        default_factory=lambda: CodesignDesign(
            interface=VERTEX, hidden=(16, 8), input_fraction=7, lane_fraction=5, lane_integer=3, weight_fraction=5, bit_cost=1e-6
        )
    )
    training: VertexTraining = field(default_factory=VertexTraining)

    @property
    def epochs(self) -> int:
        """Epochs of the whole training."""
        return self.training.float_epochs + self.training.epochs

    def run(self, vertices: VertexSet, folder: Path, on_epoch: OnEpoch) -> Outcome:
        """Train and freeze; after an interruption the same call goes on behind the last whole epoch.

        InputError if there are fewer vertices than one batch.
        """
        if len(vertices) < self.training.batch:
            msg = f"training needs {self.training.batch} vertices or more (one batch), not {len(vertices)}"
            raise InputError(msg)
        job = digest(self.design, self.training, *vars(vertices).values())
        data = EpochVertices.of(self.training, vertices)
        trained = fit_design(self.design, self.training, lambda: data, _loss, (job, folder), on_epoch)
        return Outcome(network=freeze(trained.model, self.design), history=trained.history, runs_on=trained.runs_on)


def _loss(target: Any, answer: Any) -> Any:
    """Cross entropy, weighted."""
    from keras import ops

    return ops.mean(target[:, 1] * cross_entropy(CLASS_SCALE * answer[:, 0], target[:, 0]))
