"""A lens that was calibrated before, as knowledge in an adjustment: its nine numbers with their whole covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.adjustment.terms import Blocks, Linear, Part, Robust
from calibration.adjustment.unknowns import Layout, Values
from vision.geometry import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LensPrior:
    """One camera's lens."""

    name: str
    family: str
    block: int
    mean: Array
    """(9,)."""
    whitening: Array
    """(9, 9) W with `W' W` the inverse covariance."""

    @staticmethod
    def of(family: str, block: int, mean: Array, covariance: Array) -> LensPrior:
        """From the covariance (9, 9). Raises numpy.linalg.LinAlgError where that is none."""
        # Pixels and distortion coefficients differ by powers of ten: scaled first, so that nothing is lost.
        scale = np.sqrt(np.diag(covariance))
        lower = np.linalg.cholesky(covariance / scale[:, None] / scale)
        return LensPrior(
            name=f"lens {block}", family=family, block=block, mean=mean, whitening=np.linalg.inv(lower) / scale
        )

    @property
    def starts(self) -> Blocks:
        """One segment."""
        return np.array([0, 1])

    @property
    def robust(self) -> Robust:
        """Never doubted."""
        return Robust.all_of(1)

    def residuals(self, values: Values) -> Array:
        """(1, 9)."""
        return np.asarray(self.whitening @ (values[self.family][self.block] - self.mean))[None]

    def linear(self, values: Values, layout: Layout) -> Linear:
        """Residuals and derivatives."""
        if self.family not in layout.families:
            return Linear(self.residuals(values), ())
        return Linear(self.residuals(values), (Part(self.family, np.array([self.block]), self.whitening[None]),))
