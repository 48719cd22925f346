"""What is to be trained, family by family, behind one call: from sets to the integers of a frozen network."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hls.classic import ClassicDesign, ClassicTraining, freeze_classic, rounding_effect, train_classic
from hls.fitting import OnEpoch, Row
from hls.freeze import freeze
from hls.networks import CodesignDesign
from hls.sets import TrainingSet
from hls.train import Training, train
from trigger.cdc.neuro.codesign import CodesignNetwork
from trigger.cdc.neuro.experts import ClassicExperts


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """A trained network in integers. history: one row per epoch. runs_on: devices and threads. notes: what a family adds."""

    network: ClassicExperts | CodesignNetwork
    history: tuple[Row, ...]
    runs_on: dict[str, Any]
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CodesignPlan:
    """The codesign network."""

    design: CodesignDesign = field(default_factory=CodesignDesign)
    training: Training = field(default_factory=Training)

    @property
    def epochs(self) -> int:
        """Epochs of the whole training."""
        return self.training.float_epochs + self.training.epochs

    def run(self, simulated: TrainingSet, real: TrainingSet, folder: Path, on_epoch: OnEpoch) -> Outcome:
        """Train and freeze; arguments and errors as for `hls.train.train` and `hls.freeze.freeze`."""
        trained = train(self.design, self.training, simulated, real, folder, on_epoch)
        return Outcome(network=freeze(trained.model, self.design), history=trained.history, runs_on=trained.runs_on)


@dataclass(frozen=True, kw_only=True)
class ClassicPlan:
    """The five classic experts. The notes hold what rounding to integers changes."""

    design: ClassicDesign = field(default_factory=ClassicDesign)
    training: ClassicTraining = field(default_factory=ClassicTraining)

    @property
    def epochs(self) -> int:
        """Epochs of the whole training."""
        return self.training.all_epochs

    def run(self, simulated: TrainingSet, real: TrainingSet, folder: Path, on_epoch: OnEpoch) -> Outcome:
        """Train and freeze; arguments and errors as for `hls.classic.train_classic`."""
        trained = train_classic(self.design, self.training, simulated, real, folder, on_epoch)
        network = freeze_classic(trained)
        notes = {"rounding": rounding_effect(trained, network)}
        return Outcome(network=network, history=trained.history, runs_on=trained.runs_on, notes=notes)


Plan = CodesignPlan | ClassicPlan
