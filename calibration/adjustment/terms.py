"""What observations say of the unknowns: residuals in units of their own standard deviation, and derivatives.

A term's rows stand in segments (all corners of one view, one prior of one pose); the rows of a segment touch the same
blocks. Each row has `k` components (two of a corner, six of a pose) that are kept, weighted or rejected together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from calibration.adjustment.unknowns import Layout, Values
from vision.geometry import Array

Blocks = NDArray[np.int64]
Keep = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Part:
    """Derivatives of a term's residuals with respect to one family."""

    family: str
    blocks: Blocks
    """(S,) which block each segment touches."""
    jacobian: Array
    """(N, k, size)."""


@dataclass(frozen=True, slots=True)
class Linear:
    """A term at given values."""

    residuals: Array
    """(N, k), divided by their standard deviations; robust weights are not in them."""
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Robust:
    """How a row that fits badly counts. `keep` False: not at all. `cauchy`: less and less beyond so many sigmas."""

    keep: Keep
    cauchy: float | None = None

    @staticmethod
    def all_of(rows: int) -> Robust:
        """Plain least squares over all rows."""
        return Robust(np.ones(rows, dtype=bool))

    def weights(self, residuals: Array) -> Array:
        """(N,) 0 to 1."""
        keep = self.keep.astype(np.float64)
        if self.cauchy is None:
            return keep
        return np.asarray(keep / (1.0 + (residuals**2).sum(axis=1) / self.cauchy**2))

    def cost(self, residuals: Array) -> float:
        """Cauchy's `c^2 ln(1 + s / c^2)` of s, the squared length of a row, or s itself, over the kept rows."""
        squares = (residuals**2).sum(axis=1)[self.keep]
        if self.cauchy is not None:
            squares = self.cauchy**2 * np.log1p(squares / self.cauchy**2)
        return float(squares.sum())


class Term(Protocol):
    """Observations of one kind with one noise."""

    @property
    def name(self) -> str:
        """Of its variance component, for people and for `noise`."""

    @property
    def starts(self) -> Blocks:
        """(S + 1,) first row of each segment, and the number of rows."""

    @property
    def robust(self) -> Robust:
        """Weights of its rows."""

    def residuals(self, values: Values) -> Array:
        """(N, k) without derivatives."""

    def linear(self, values: Values, layout: Layout) -> Linear:
        """Residuals and derivatives by those families that the layout seeks."""
