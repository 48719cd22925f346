"""Training of the codesign network: seeded, resumable epoch by epoch, the same on every run of one machine and thread."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hls.distort import Distortion
from hls.drawing import EpochSets
from hls.fitting import Fit, OnEpoch, Row, compiled
from hls.networks import CodesignDesign, bit_operations, build, build_float, set_up_tensorflow, take_over
from hls.sets import TrainingSet
from trigger.cdc.neuro.codesign import CLASS_SCALE
from trigger.digest import digest
from trigger.errors import InputError

if TYPE_CHECKING:
    import keras


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
    history: tuple[Row, ...]
    runs_on: dict[str, Any]
    resumed: int


def train(
    design: CodesignDesign,
    training: Training,
    simulated: TrainingSet,
    real: TrainingSet,
    folder: Path,
    on_epoch: OnEpoch = lambda epoch, row: None,
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
    data = EpochSets.of(training, simulated, real)
    loss = _loss(training)
    floating, model = compiled(build_float(design), loss), compiled(build(design), loss)
    history: list[Row] = []
    first = Fit(
        model=floating, epochs=training.float_epochs, rate=training.float_rate, batch=training.batch,
        checkpoint=folder / "float.npz",
    )  # fmt: skip
    resumed = first.run(data, job, history, on_epoch)
    take_over(model, floating, data.draw(0)[0][: 16 * training.batch], design)
    second = Fit(
        model=model, epochs=training.epochs, rate=training.rate, batch=training.batch,
        checkpoint=folder / "quantised.npz", first=training.float_epochs,
        costs=lambda trained: {"bit_operations": bit_operations(trained)},
    )  # fmt: skip
    resumed += second.run(data, job, history, on_epoch)
    return Trained(model=model, history=tuple(history), runs_on=runs_on, resumed=resumed)


def _loss(training: Training) -> Callable[[Any, Any], Any]:
    from keras import ops

    def loss(target: Any, answer: Any) -> Any:
        distance = ops.abs(answer[:, 0] - target[:, 0]) + training.theta_weight * ops.abs(answer[:, 1] - target[:, 1])
        logit = CLASS_SCALE * answer[:, 2]
        entropy = ops.maximum(logit, 0) - logit * target[:, 2] + ops.log1p(ops.exp(-ops.abs(logit)))
        return ops.mean(target[:, 3] * distance + training.class_weight * target[:, 4] * entropy)

    return loss
