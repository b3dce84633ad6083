"""How noisy the observations were, from themselves: variance components (Foerstner; Koch, Parameter Estimation, 3.6).

`sigma^2 <- sigma^2 * (squares of the weighted residuals) / (redundancy)`; the redundancy of a term is the number of its
residuals less the trace of its normal matrix with the covariance of the unknowns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from calibration.adjustment.levenberg import Solution
from calibration.adjustment.normal_equations import Covariance, Normal
from calibration.adjustment.terms import Keep, Term
from vision.geometry import Array

_SLOWEST, _QUICKEST = 0.05, 20.0


def variance_factor(solution: Solution, covariance: Covariance, term: Term) -> float:
    """By how much a term's variance is to be multiplied; 1 where it was stated rightly, 0.05 to 20."""
    linear = term.linear(solution.values, solution.layout)
    weights = term.robust.weights(linear.residuals)
    alone = Normal.empty(solution.layout)
    alone.add(term, linear)
    redundancy = weights.sum() * linear.residuals.shape[1] - trace_of(alone, covariance)
    squares = float(((linear.residuals**2).sum(axis=1) * weights).sum())
    return float(np.clip(squares / max(redundancy, 1.0), _SLOWEST, _QUICKEST))


def trace_of(normal: Normal, covariance: Covariance) -> float:
    """Trace of a term's normal matrix times the covariance of all unknowns: how many unknowns it determines."""
    total = float((normal.main * covariance.main).sum())
    for name, part in normal.locals.items():
        total += float((part.own * covariance.own[name]).sum())
        total -= 2.0 * float((part.main * (covariance.gains[name] @ covariance.main)).sum())
    return total


@dataclass(frozen=True, slots=True)
class ErrorComponents:
    """The covariance of pose errors as a sum: `sum of variance_c V_c`, V_c by pose."""

    shapes: Mapping[str, Array]
    """By component (P, 6, 6), order turn (rad), move (mm)."""
    variances: Mapping[str, float]

    def covariances(self) -> Array:
        """(P, 6, 6)."""
        return np.asarray(sum(self.variances[name] * shape for name, shape in self.shapes.items()))

    def whitening(self) -> Array:
        """(P, 6, 6) W with `W' W` the inverse covariance."""
        return np.linalg.inv(np.linalg.cholesky(self.covariances()))

    def updated(self, errors: Array, own: Array, keep: Keep) -> ErrorComponents:
        """One step of the same rule for several components of one error.

        `errors` (P, 6) as estimated, `own` (P, 6, 6) their covariance after the adjustment, `keep` (P,) which count:
        `v_c <- v_c * sum e' Q V_c Q e / sum tr(Q V_c - Q V_c Q S)` with Q the inverse covariance before it.
        """
        inverse = np.linalg.inv(self.covariances())
        weighted = (inverse @ errors[:, :, None])[:, :, 0]
        variances = {}
        for name, shape in self.shapes.items():
            squares = np.einsum("pi,pij,pj->p", weighted, shape, weighted)
            redundancy = np.einsum("pij,pji->p", inverse @ shape, np.eye(6) - inverse @ own)
            factor = float(squares[keep].sum()) / max(float(redundancy[keep].sum()), 1e-300)
            variances[name] = self.variances[name] * float(np.clip(factor, _SLOWEST, _QUICKEST))
        return ErrorComponents(self.shapes, variances)
