"""The classic networks: five experts of dense layers with tanh(x/2), trained in float, then rounded to the declared formats.

Ref: basf2 trg/cdc CDCTriggerNeuroTrainerModule.cc (read in public source) [SIM]: targets cut to -1..1, weights kept within +-63, a
track trains every expert whose superlayers it has. Adam in place of iRPROP-, the loss and the first weights are our choice.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hls.distort import Distortion
from hls.drawing import EpochSets
from hls.fitting import Fit, OnEpoch, Row, compiled
from hls.networks import set_up_tensorflow
from hls.ranges import check_ranges
from hls.sets import TrainingSet
from trigger.cdc.neuro.experts import ClassicExperts
from trigger.cdc.neuro.formats import NODE_ONE, WEIGHT
from trigger.cdc.neuro.inputs import EXPERT_MISSING, STEREO_PATTERN
from trigger.cdc.neuro.mlp import N_INPUTS, N_OUTPUTS, ClassicMlp
from trigger.digest import digest
from trigger.errors import InputError
from trigger.geometry.cdc import N_SUPERLAYERS

if TYPE_CHECKING:
    import keras

WEIGHT_LIMIT = 63.0
"""Largest size of a weight or bias. Source: CDCTriggerNeuroTrainerModule.cc [SIM]."""
_UNDISTORTED = Distortion(no_side=0, late=0, foreign=0, no_axial=0, no_stereo=0, shift_wires=0)


@dataclass(frozen=True, kw_only=True)
class ClassicDesign:
    """hidden: nodes of the hidden layers; the default is the experiment's [SIM]. ValueError unless all are positive."""

    hidden: tuple[int, ...] = (81,)

    def __post_init__(self) -> None:
        if not self.hidden or min(self.hidden) < 1:
            msg = f"hidden must be one or more positive numbers of nodes, not {self.hidden}"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True)
class ClassicTraining:
    """How the experts are trained; our choice, by the validation part.

    epochs of the expert for tracks with all stereo superlayers; the others start from its weights and have more_epochs. In each the
    learning rate falls from rate or more_rate to 0 as a cosine. first_spread: width of the Gaussian that weights of hidden layers
    start from; from small ones the training takes long to leave the linear part of tanh. Loss: |z| + theta_weight |theta|. The
    rest is as for the codesign network. ValueError for an impossible number.
    """

    seed: int = 20261121
    epochs: int = 40
    more_epochs: int = 10
    batch: int = 1024
    rate: float = 1.2e-2
    more_rate: float = 6e-3
    first_spread: float = 2.0
    theta_weight: float = 0.5
    real_repeats: int = 5
    validation_share: float = 0.05
    distortion: Distortion = field(default_factory=lambda: _UNDISTORTED)
    real_distortion: Distortion = field(default_factory=lambda: _UNDISTORTED)

    def __post_init__(self) -> None:
        check_ranges(
            self,
            ("seed", 0, 2**31 - 1),
            ("epochs", 1, 10_000),
            ("more_epochs", 1, 10_000),
            ("batch", 1, 1 << 20),
            ("rate", 1e-9, 1),
            ("more_rate", 1e-9, 1),
            ("first_spread", 1e-3, 10),
            ("theta_weight", 0, 100),
            ("real_repeats", 0, 1000),
            ("validation_share", 0, 0.9),
        )

    @property
    def all_epochs(self) -> int:
        """Epochs of all experts together."""
        return self.epochs + (len(EXPERT_MISSING) - 1) * self.more_epochs


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassicTrained:
    """Trained experts, in the order of EXPERT_MISSING.

    weights: arrays of each, for `model`. watched: of each, the tracks that it was not trained on. history: one row per expert and
    epoch; the rest as for `Trained`.
    """

    model: "keras.Model"
    weights: tuple[list[NDArray[np.float32]], ...]
    watched: tuple[TrainingSet, ...]
    history: tuple[Row, ...]
    runs_on: dict[str, Any]
    resumed: int


def train_classic(
    design: ClassicDesign,
    training: ClassicTraining,
    simulated: TrainingSet,
    real: TrainingSet,
    folder: Path,
    on_epoch: OnEpoch = lambda epoch, row: None,
) -> ClassicTrained:
    """Train the five experts; arguments, interruption, reproducibility and errors as for `hls.train.train`.

    InputError if an expert has fewer simulated tracks than one batch.
    """
    runs_on = set_up_tensorflow(training.seed)
    job = digest(design, training, *(getattr(part, name) for part in (simulated, real) for name in vars(part)))
    model = compiled(build_classic(design, training.first_spread), _loss(training))
    history: list[Row] = []
    weights: list[list[NDArray[np.float32]]] = []
    watched: list[TrainingSet] = []
    resumed = 0
    for expert, missing in enumerate(EXPERT_MISSING):
        chosen = expert_set(simulated, missing)
        if len(chosen) < training.batch:
            msg = f"training needs {training.batch} simulated tracks or more (one batch) for expert {expert}, not {len(chosen)}"
            raise InputError(msg)
        if weights:
            model.set_weights(weights[0])
        fit = Fit(
            model=model, batch=training.batch, checkpoint=folder / f"expert{expert}.npz", first=len(history),
            epochs=training.more_epochs if weights else training.epochs, rate=training.more_rate if weights else training.rate,
            label={"expert": expert},
        )  # fmt: skip
        data = EpochSets.of(training, chosen, expert_set(real, missing))
        resumed += fit.run(data, job, history, on_epoch)
        weights.append(model.get_weights())
        watched.append(data.kept)
    return ClassicTrained(
        model=model, weights=tuple(weights), watched=tuple(watched), history=tuple(history), runs_on=runs_on, resumed=resumed
    )


def expert_set(tracks: TrainingSet, missing: int | None) -> TrainingSet:
    """Tracks that have the stereo superlayers of an expert, with its inputs: those of the missing superlayer are 0."""
    x = tracks.x_raw.reshape(-1, N_SUPERLAYERS, 3).copy()
    if missing is not None:
        x[:, missing] = 0
    wanted = [s for s in range(N_SUPERLAYERS) if STEREO_PATTERN >> s & 1 and s != missing]
    has_all = (x[:, wanted] != 0).any(axis=2).all(axis=1)
    parts = {name: array[has_all] for name, array in vars(tracks).items()}
    return TrainingSet(**parts | {"x_raw": x[has_all].reshape(-1, N_INPUTS)})


def build_classic(design: ClassicDesign, first_spread: float) -> "keras.Model":
    """An untrained expert: float inputs (n, 27), outputs (n, 2). first_spread: see ClassicTraining."""
    import keras
    from keras import ops

    def half_tanh(value: Any) -> Any:
        return ops.tanh(0.5 * value)

    def limited(value: Any) -> Any:
        return ops.clip(value, -WEIGHT_LIMIT, WEIGHT_LIMIT)

    x = entry = keras.Input((N_INPUTS,), name="inputs")
    for k, nodes in enumerate((*design.hidden, N_OUTPUTS)):
        spread = keras.initializers.RandomNormal(stddev=first_spread)
        x = keras.layers.Dense(
            nodes,
            activation=half_tanh,
            kernel_initializer=spread if k < len(design.hidden) else "glorot_uniform",
            kernel_constraint=limited,
            bias_constraint=limited,
            name=f"layer_{k}",
        )(x)
    return keras.Model(entry, x, name="classic")


def freeze_classic(trained: ClassicTrained) -> ClassicExperts:
    """Round weights and biases to the WEIGHT format, the nearest value, halves away from zero."""
    experts = []
    for weights in trained.weights:
        arrays = [WEIGHT.quantise(array.astype(np.float64)) for array in weights]
        experts.append(ClassicMlp([kernel.T for kernel in arrays[::2]], arrays[1::2]))
    return ClassicExperts(experts)


def rounding_effect(trained: ClassicTrained, frozen: ClassicExperts) -> list[Row]:
    """What integers change on the tracks that each expert was not trained on: a row per expert, in raw output units (2^-12).

    Root mean square and largest size of the difference of z and of theta.
    """
    rows = []
    for expert, (weights, tracks) in enumerate(zip(trained.weights, trained.watched, strict=True)):
        trained.model.set_weights(weights)
        answers = frozen.answer(tracks.x_raw, np.full(len(tracks), expert))
        exact = np.asarray(trained.model((tracks.x_raw / NODE_ONE).astype(np.float32)), np.float64) * NODE_ONE
        difference = np.abs(answers - exact)
        row: Row = {"expert": expert, "tracks": len(tracks)}
        for column, name in enumerate(("z", "theta")[:N_OUTPUTS]):
            row |= {f"{name}_rms": _rms(difference[:, column]), f"{name}_largest": float(difference[:, column].max(initial=0))}
        rows.append(row)
    return rows


def _rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2))) if len(values) else 0.0


def _loss(training: ClassicTraining) -> Callable[[Any, Any], Any]:
    from keras import ops

    def loss(target: Any, answer: Any) -> Any:
        distance = ops.abs(answer - target[:, :N_OUTPUTS])
        return ops.mean(target[:, 3] * (distance[:, 0] + training.theta_weight * distance[:, 1]))

    return loss
