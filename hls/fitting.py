"""Fitting of one Keras model: data drawn per epoch, a falling learning rate, a checkpoint behind every epoch."""

import json
import math
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trigger.errors import InputError

if TYPE_CHECKING:
    import keras

Row = dict[str, float]
OnEpoch = Callable[[int, Row], None]
_EVALUATION_BATCH = 8192


class EpochData(Protocol):
    """Inputs and targets of a training, float32."""

    def draw(self, epoch: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Those of an epoch, shuffled; the same at every call."""

    def watched(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Those that are only looked at; there may be none."""


def compiled(model: "keras.Model", loss: Callable[[Any, Any], Any]) -> "keras.Model":
    """The model, ready for a `Fit`. loss: of targets and answers."""
    import keras

    optimizer = keras.optimizers.Adam()
    model.compile(optimizer, loss=loss, jit_compile=False)
    optimizer.build(model.trainable_variables)
    return model


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """One part of a training.

    model: compiled; a model may serve one fit after the other, each begins with a new optimizer. first: epochs of the parts before;
    epochs: of this one. rate: the first learning rate, which falls to 0 as a cosine. label: goes into every row of the history.
    costs: of the model as it stands, for the history.
    """

    model: "keras.Model"
    epochs: int
    rate: float
    batch: int
    checkpoint: Path
    first: int = 0
    label: Mapping[str, float] = field(default_factory=dict)
    costs: Callable[["keras.Model"], Row] = lambda model: {}

    def run(self, data: EpochData, job: str, history: list[Row], on_epoch: OnEpoch) -> int:
        """Fit to the end; rows of all epochs go to `history`. Returns how many were taken over from the checkpoint of this job.

        on_epoch(epochs done with those of the parts before, row of the history) is called after each epoch that is fitted.
        """
        optimizer: Any = self.model.optimizer
        for variable in optimizer.variables:
            variable.assign(np.zeros(variable.shape))
        variables = [*self.model.variables, *optimizer.variables]
        rows = _restore(self.checkpoint, job, variables)
        resumed = len(rows)
        watched = data.watched()
        for epoch in range(resumed, self.epochs):
            rate = self.rate * 0.5 * (1 + math.cos(math.pi * epoch / self.epochs))
            optimizer.learning_rate.assign(rate)
            x, targets = data.draw(self.first + epoch)
            loss = self.model.fit(x, targets, batch_size=self.batch, epochs=1, shuffle=False, verbose=0).history["loss"][0]
            row: Row = {**self.label, "epoch": self.first + epoch + 1, "learning_rate": rate, "loss": float(loss)}
            if len(watched[0]):
                row["validation_loss"] = float(self.model.evaluate(*watched, batch_size=_EVALUATION_BATCH, verbose=0))
            rows.append(row | self.costs(self.model))
            _save(self.checkpoint, job, rows, variables)
            on_epoch(self.first + epoch + 1, rows[-1])
        history += rows
        return resumed


def _save(path: Path, job: str, history: list[Row], variables: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.npz")
    arrays = {f"v{k}": np.asarray(variable) for k, variable in enumerate(variables)}
    np.savez(temporary, job=np.array(job), history=np.array(json.dumps(history)), allow_pickle=False, **arrays)
    temporary.replace(path)


def _restore(path: Path, job: str, variables: list[Any]) -> list[Row]:
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
