"""Training sets of the codesign network: integer inputs, true z and theta, weights, and what the loss makes of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hls.data import THETA_CENTRE_DEG, THETA_SCALE_DEG, Z_SCALE_CM, RealTracks
from trigger.errors import InputError

SIGNAL_CM, BACKGROUND_CM = 1.0, 30.0
"""|z| below and above which a track is from the interaction point and from elsewhere. Source: the project's figure of merit."""
SIGNAL_Z_WEIGHT = 0.25
"""Our choice: tracks from the interaction point count less in the loss of z, lest their number alone pulls the answers to 0."""
TARGETS = ("z", "theta", "is_signal", "weight_regression", "weight_class")


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingSet:
    """n tracks: x_raw int16 (n, 27), NODE format; z_cm, theta_deg float32 (n,); weight float32 (n,). InputError otherwise."""

    x_raw: NDArray[np.int16]
    z_cm: NDArray[np.float32]
    theta_deg: NDArray[np.float32]
    weight: NDArray[np.float32]

    def __post_init__(self) -> None:
        n = len(self.z_cm)
        shapes = [self.x_raw.shape, self.theta_deg.shape, self.weight.shape]
        if shapes != [(n, 27), (n,), (n,)]:
            msg = f"a training set of {n} tracks must have shapes ({n}, 27), ({n},), ({n},), not {shapes}"
            raise InputError(msg)

    def __len__(self) -> int:
        return len(self.z_cm)

    @classmethod
    def empty(cls) -> "TrainingSet":
        """A set without tracks."""
        zero = np.zeros(0, np.float32)
        return cls(x_raw=np.zeros((0, 27), np.int16), z_cm=zero, theta_deg=zero, weight=zero)

    def select(self, rows: NDArray) -> "TrainingSet":
        """Some of the tracks: indices, or one boolean per track."""
        return TrainingSet(**{name: array[rows] for name, array in vars(self).items()})

    def targets(self) -> NDArray[np.float32]:
        """Columns TARGETS, float32 (n, 5): z and theta are cut to -1..1; tracks between signal and background have no class."""
        distance = np.abs(self.z_cm)
        signal, background = distance < SIGNAL_CM, distance > BACKGROUND_CM
        z = np.clip(self.z_cm / Z_SCALE_CM, -1, 1)
        theta = np.clip((self.theta_deg - THETA_CENTRE_DEG) / THETA_SCALE_DEG, -1, 1)
        regression = self.weight * np.where(signal, SIGNAL_Z_WEIGHT, 1)
        return np.stack([z, theta, signal, regression, self.weight * (signal | background)], axis=1).astype(np.float32)


def real_training_set(tracks: RealTracks) -> TrainingSet:
    """All candidates of real tracks; those of one reconstructed track share the weight 1."""
    number = tracks.true_track
    return TrainingSet(
        x_raw=tracks.x_raw,
        z_cm=(tracks.target[:, 0] * Z_SCALE_CM).astype(np.float32),
        theta_deg=(THETA_CENTRE_DEG + tracks.target[:, 1] * THETA_SCALE_DEG).astype(np.float32),
        weight=(1 / np.bincount(number)[number]).astype(np.float32),
    )
