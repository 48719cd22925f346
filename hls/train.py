"""Training of the codesign network: seeded, resumable epoch by epoch, the same on every run of one machine and thread."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hls.distort import Distortion
from hls.drawing import EpochSets
from hls.fitting import EpochData, Fit, OnEpoch, Row, compiled
from hls.networks import CodesignDesign, bit_operations, build, build_float, set_up_tensorflow, take_over
from hls.ranges import check_ranges
from hls.sets import TrainingSet
from trigger.cdc.neuro.codesign import CLASS_SCALE
from trigger.digest import digest
from trigger.errors import InputError

if TYPE_CHECKING:
    import keras


class Schedule(Protocol):
    """Settings that say how long and how fast is trained: float_epochs at float_rate, then epochs with formats at rate."""

    @property
    def seed(self) -> int: ...
    @property
    def float_epochs(self) -> int: ...
    @property
    def epochs(self) -> int: ...
    @property
    def batch(self) -> int: ...
    @property
    def float_rate(self) -> float: ...
    @property
    def rate(self) -> float: ...


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
        check_ranges(
            self,
            ("seed", 0, 2**31 - 1),
            ("float_epochs", 1, 10_000),
            ("epochs", 1, 10_000),
            ("batch", 1, 1 << 20),
            ("float_rate", 1e-9, 1),
            ("rate", 1e-9, 1),
            ("real_repeats", 0, 1000),
            ("validation_share", 0, 0.9),
        )


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
    job = digest(design, training, *(getattr(part, name) for part in (simulated, real) for name in vars(part)))
    return fit_design(design, training, lambda: EpochSets.of(training, simulated, real), _loss(training), (job, folder), on_epoch)


def fit_design(
    design: CodesignDesign,
    schedule: Schedule,
    data_of: Callable[[], EpochData],
    loss: Callable[[Any, Any], Any],
    job_and_folder: tuple[str, Path],
    on_epoch: OnEpoch,
) -> Trained:
    """Fit the float network, hand it over to the one with formats, fit that; resumable, checkpoints of the job in the folder.

    data_of: makes the data once TensorFlow is set up. loss: of targets and answers, made of `keras.ops`.
    """
    runs_on = set_up_tensorflow(schedule.seed)
    job, folder = job_and_folder
    data = data_of()
    floating, model = compiled(build_float(design), loss), compiled(build(design), loss)
    history: list[Row] = []
    first = Fit(
        model=floating, epochs=schedule.float_epochs, rate=schedule.float_rate, batch=schedule.batch,
        checkpoint=folder / "float.npz",
    )  # fmt: skip
    resumed = first.run(data, job, history, on_epoch)
    take_over(model, floating, data.draw(0)[0][: 16 * schedule.batch], design)
    second = Fit(
        model=model, epochs=schedule.epochs, rate=schedule.rate, batch=schedule.batch,
        checkpoint=folder / "quantised.npz", first=schedule.float_epochs,
        costs=lambda trained: {"bit_operations": bit_operations(trained)},
    )  # fmt: skip
    resumed += second.run(data, job, history, on_epoch)
    return Trained(model=model, history=tuple(history), runs_on=runs_on, resumed=resumed)


def cross_entropy(logit: Any, truth: Any) -> Any:
    """Of odds, as their logarithm, and a truth of 0 or 1, element by element."""
    from keras import ops

    return ops.maximum(logit, 0) - logit * truth + ops.log1p(ops.exp(-ops.abs(logit)))


def _loss(training: Training) -> Callable[[Any, Any], Any]:
    def loss(target: Any, answer: Any) -> Any:
        from keras import ops

        distance = ops.abs(answer[:, 0] - target[:, 0]) + training.theta_weight * ops.abs(answer[:, 1] - target[:, 1])
        entropy = cross_entropy(CLASS_SCALE * answer[:, 2], target[:, 2])
        return ops.mean(target[:, 3] * distance + training.class_weight * target[:, 4] * entropy)

    return loss
