"""Training of the codesign network: seeded, resumable epoch by epoch, the same on every run of one machine and thread."""

import json
import math
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hls.distort import Distortion
from hls.networks import (
    CodesignDesign,
    bit_operations,
    build,
    build_float,
    dense_layers,
    set_up_tensorflow,
    take_over,
)
from hls.sets import TrainingSet
from trigger.cdc.neuro.codesign import CLASS_SCALE
from trigger.cdc.neuro.formats import NODE_ONE
from trigger.digest import digest
from trigger.errors import InputError

if TYPE_CHECKING:
    import keras

_SHUFFLE, _VALIDATION = 0, 1
_EVALUATION_BATCH = 8192


@dataclass(frozen=True, kw_only=True)
class Training:
    """How a network is trained; our choice among about twenty settings, by their score on the training part of the real tracks.

    float_epochs without formats, then epochs with formats that are trained along. Every epoch sees all simulated tracks and the
    real ones real_repeats times, distorted anew. In each part the learning rate falls from float_rate or rate to 0 as a cosine.
    Loss: |z| + theta_weight |theta| + class_weight cross entropy. validation_share of the simulated tracks are only looked at.
    ValueError for an impossible number.
    """

    seed: int = 20261121
    float_epochs: int = 25
    epochs: int = 5
    batch: int = 1024
    float_rate: float = 3e-3
    rate: float = 1e-3
    theta_weight: float = 0.5
    class_weight: float = 0.2
    real_repeats: int = 5
    validation_share: float = 0.02
    distortion: Distortion = field(default_factory=Distortion)
    real_distortion: Distortion = field(
        default_factory=lambda: Distortion(no_side=0.02, late=0.01, foreign=0.02, no_axial=0.05, no_stereo=0.05, shift_wires=0.05)
    )

    def __post_init__(self) -> None:
        for name, low, high in (
            ("seed", 0, 2**31 - 1),
            ("float_epochs", 1, 10_000),
            ("epochs", 1, 10_000),
            ("batch", 1, 1 << 20),
            ("float_rate", 1e-9, 1),
            ("rate", 1e-9, 1),
            ("real_repeats", 0, 1000),
            ("validation_share", 0, 0.9),
        ):
            if not low <= getattr(self, name) <= high:
                msg = f"{name} must be {low}..{high}, not {getattr(self, name)}"
                raise ValueError(msg)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """A trained network. history: one row per epoch. runs_on: devices and threads of TensorFlow. resumed: epochs taken over."""

    model: "keras.Model"
    history: tuple[dict[str, float], ...]
    runs_on: dict[str, Any]
    resumed: int


def train(
    design: CodesignDesign,
    training: Training,
    simulated: TrainingSet,
    real: TrainingSet,
    folder: Path,
    on_epoch: Callable[[int, dict[str, float]], None] = lambda epoch, row: None,
) -> Trained:
    """Train a network on simulated and real tracks; after an interruption the same call goes on behind the last whole epoch.

    folder: where the checkpoints lie; those of another job are not looked at. on_epoch(epochs done, row of the history) is called
    after each epoch that is trained. On one thread the outcome is the same to the last bit, interrupted or not.
    InputError if there are fewer simulated tracks than one batch.
    """
    if len(simulated) < training.batch:
        msg = f"training needs {training.batch} simulated tracks or more (one batch), not {len(simulated)}"
        raise InputError(msg)
    runs_on = set_up_tensorflow(training.seed)
    job = digest(design, training, *(getattr(part, name) for part in (simulated, real) for name in vars(part)))
    data = _Data.of(training, simulated, real)
    floating, model = build_float(design), build(design)
    history: list[dict[str, float]] = []
    first = _Part(floating, 0, training.float_epochs, training.float_rate, folder / "float.npz")
    resumed = first.fit(training, data, job, history, on_epoch)
    take_over(model, floating, data.draw(0)[0][: 16 * training.batch], design)
    second = _Part(model, training.float_epochs, training.epochs, training.rate, folder / "quantised.npz")
    resumed += second.fit(training, data, job, history, on_epoch)
    return Trained(model=model, history=tuple(history), runs_on=runs_on, resumed=resumed)


@dataclass(frozen=True, eq=False)
class _Data:
    """The data of every epoch, drawn from a random stream of its own, and the tracks that are only looked at."""

    training: Training
    simulated: TrainingSet
    real: TrainingSet
    watched: TrainingSet

    @classmethod
    def of(cls, training: Training, simulated: TrainingSet, real: TrainingSet) -> "_Data":
        order = np.random.default_rng([training.seed, _VALIDATION]).permutation(len(simulated))
        n = int(training.validation_share * len(simulated))
        chosen = [
            TrainingSet(**{name: getattr(simulated, name)[rows] for name in vars(simulated)}) for rows in (order[n:], order[:n])
        ]
        return cls(training, chosen[0], real, chosen[1])

    def draw(self, epoch: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Inputs and targets of an epoch, shuffled."""
        rng = np.random.default_rng([self.training.seed, _SHUFFLE, epoch])
        parts = [(self.simulated, self.training.distortion)]
        parts += [(self.real, self.training.real_distortion)] * (self.training.real_repeats if len(self.real) else 0)
        x = np.concatenate([distortion.apply(part.x_raw, rng) for part, distortion in parts])
        order = rng.permutation(len(x))
        return x[order], np.concatenate([part.targets() for part, _ in parts])[order]


@dataclass(frozen=True, eq=False)
class _Part:
    """One part of the training: a model, its first epoch, how many, the first learning rate, and where its checkpoint lies."""

    model: "keras.Model"
    first: int
    epochs: int
    rate: float
    checkpoint: Path

    def fit(
        self,
        training: Training,
        data: _Data,
        job: str,
        history: list[dict[str, float]],
        on_epoch: Callable[[int, dict[str, float]], None],
    ) -> int:
        """Train to the end; rows of all epochs go to `history`. Returns how many were taken over from the checkpoint."""
        optimizer = _compile(self.model, training)
        variables = [*self.model.variables, *optimizer.variables]
        rows = _restore(self.checkpoint, job, variables)
        resumed = len(rows)
        watched = (data.watched.x_raw / NODE_ONE).astype(np.float32), data.watched.targets()
        for epoch in range(resumed, self.epochs):
            rate = self.rate * 0.5 * (1 + math.cos(math.pi * epoch / self.epochs))
            optimizer.learning_rate.assign(rate)
            x, targets = data.draw(self.first + epoch)
            loss = self.model.fit(x, targets, batch_size=training.batch, epochs=1, shuffle=False, verbose=0).history["loss"][0]
            row = {"epoch": self.first + epoch + 1, "learning_rate": rate, "loss": float(loss)}
            if len(data.watched):
                row["validation_loss"] = float(self.model.evaluate(*watched, batch_size=_EVALUATION_BATCH, verbose=0))
            if dense_layers(self.model):
                row["bit_operations"] = bit_operations(self.model)
            rows.append(row)
            _save(self.checkpoint, job, rows, variables)
            on_epoch(self.first + epoch + 1, row)
        history += rows
        return resumed


def _compile(model: "keras.Model", training: Training) -> Any:
    import keras
    from keras import ops

    def loss(target: Any, answer: Any) -> Any:
        distance = ops.abs(answer[:, 0] - target[:, 0]) + training.theta_weight * ops.abs(answer[:, 1] - target[:, 1])
        logit = CLASS_SCALE * answer[:, 2]
        entropy = ops.maximum(logit, 0) - logit * target[:, 2] + ops.log1p(ops.exp(-ops.abs(logit)))
        return ops.mean(target[:, 3] * distance + training.class_weight * target[:, 4] * entropy)

    optimizer = keras.optimizers.Adam(training.rate)
    model.compile(optimizer, loss=loss, jit_compile=False)
    optimizer.build(model.trainable_variables)
    return optimizer


def _save(path: Path, job: str, history: list[dict[str, float]], variables: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.npz")
    arrays = {f"v{k}": np.asarray(variable) for k, variable in enumerate(variables)}
    np.savez(temporary, job=np.array(job), history=np.array(json.dumps(history)), allow_pickle=False, **arrays)
    temporary.replace(path)


def _restore(path: Path, job: str, variables: list[Any]) -> list[dict[str, float]]:
    """Bring all variables to where the checkpoint of this job stands; its history, empty if there is none."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            if str(archive["job"]) != job:
                return []
            for k, variable in enumerate(variables):
                variable.assign(archive[f"v{k}"])
            return list(json.loads(str(archive["history"])))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        msg = f"{path}: not a checkpoint of a training ({error}); remove it to begin anew"
        raise InputError(msg) from error
