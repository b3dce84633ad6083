"""What is known of unknowns before anything is seen: a value with its spread, a pose with its covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.adjustment.terms import Blocks, Linear, Part, Robust
from calibration.adjustment.unknowns import Layout, Values
from calibration.rotations import left_jacobian, log
from vision.geometry import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VectorPrior:
    """Each parameter of a family's only block, around a value."""

    name: str
    family: str
    mean: Array
    """(size,)."""
    sigma: Array
    """(size,)."""

    @property
    def starts(self) -> Blocks:
        """One segment."""
        return np.array([0, 1])

    @property
    def robust(self) -> Robust:
        """Never doubted."""
        return Robust.all_of(1)

    def residuals(self, values: Values) -> Array:
        """(1, size)."""
        return np.asarray((values[self.family][0] - self.mean) / self.sigma)[None]

    def linear(self, values: Values, layout: Layout) -> Linear:
        """Residuals and derivatives."""
        if self.family not in layout.families:
            return Linear(self.residuals(values), ())
        return Linear(
            self.residuals(values), (Part(self.family, np.zeros(1, np.int64), np.diag(1.0 / self.sigma)[None]),)
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PosePrior:
    """Poses of a family that are near the identity: small errors, with a covariance each."""

    name: str
    family: str
    whitening: Array
    """(P, 6, 6) W with `W' W` the inverse covariance of (rotation vector rad, translation mm)."""
    robust: Robust

    @property
    def starts(self) -> Blocks:
        """A segment a pose."""
        return np.arange(len(self.whitening) + 1)

    def residuals(self, values: Values) -> Array:
        """(P, 6)."""
        return np.asarray((self.whitening @ errors_of(values[self.family])[:, :, None])[:, :, 0])

    def linear(self, values: Values, layout: Layout) -> Linear:
        """Residuals and derivatives."""
        residuals = self.residuals(values)
        if self.family not in layout.families:
            return Linear(residuals, ())
        poses = values[self.family]
        slope = np.zeros((len(poses), 6, 6))
        slope[:, :3, :3] = np.linalg.inv(left_jacobian(log(poses[:, :3, :3])))
        slope[:, 3:, 3:] = np.eye(3)
        t = poses[:, :3, 3]  # the step turns the translation too: d(exp(r) t) = r x t
        slope[:, 3, 1], slope[:, 3, 2] = t[:, 2], -t[:, 1]
        slope[:, 4, 0], slope[:, 4, 2] = -t[:, 2], t[:, 0]
        slope[:, 5, 0], slope[:, 5, 1] = t[:, 1], -t[:, 0]
        return Linear(residuals, (Part(self.family, np.arange(len(poses)), self.whitening @ slope),))


def errors_of(poses: Array) -> Array:
    """(P, 6) rotation vectors rad and translations mm of small poses (P, 4, 4)."""
    return np.concatenate([log(poses[:, :3, :3]), poses[:, :3, 3]], axis=1)
