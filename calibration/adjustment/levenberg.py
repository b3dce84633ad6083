"""Levenberg-Marquardt on block normal equations, steps accepted on the robust cost itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calibration.adjustment.normal_equations import Covariance, Normal, SingularError, normal_of
from calibration.adjustment.terms import Term
from calibration.adjustment.unknowns import Family, Layout, Values
from vision.geometry import Array

_FIRST_DAMPING = 1e-6
_LEAST_DAMPING = 1e-9
_TRIES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Values at which the cost is least, and the normal equations there."""

    layout: Layout
    terms: tuple[Term, ...]
    values: dict[str, Array]
    normal: Normal
    cost: float
    rounds: int
    converged: bool

    def covariance(self) -> Covariance:
        """Of the unknowns, for the noise that the terms state. Raises SingularError."""
        return self.normal.covariance()


def solve(
    families: Sequence[Family],
    terms: Sequence[Term],
    start: Values,
    *,
    rounds: int = 50,
    tolerance: float = 1e-9,
) -> Solution:
    """Values of the families that minimise the sum of the terms' costs, from a start that is roughly right.

    `start` has a value for every family that a term reads, sought or not. Ends when a step lowers the cost by a
    `tolerance` of it or less, or after `rounds` steps. Raises ValueError for a family listed twice.
    """
    layout = Layout.of(tuple(families))
    values, damping, converged, taken = dict(start), _FIRST_DAMPING, False, 0
    normal, cost = normal_of(terms, values, layout)
    while taken < rounds:
        taken += 1
        found = _better(normal, terms, values, cost, damping)
        if found is None:
            converged = True
            break
        candidate, lower, damping = found
        gain = cost - lower
        values = candidate
        normal, cost = normal_of(terms, values, layout)
        if gain <= tolerance * max(cost, 1e-12):
            converged = True
            break
    return Solution(
        layout=layout,
        terms=tuple(terms),
        values=values,
        normal=normal,
        cost=cost,
        rounds=taken,
        converged=converged,
    )


def _better(
    normal: Normal, terms: Sequence[Term], values: Values, cost: float, damping: float
) -> tuple[dict[str, Array], float, float] | None:
    """Values of a lower cost, that cost and the next damping; None where no step lowers it."""
    for _ in range(_TRIES):
        try:
            candidate = normal.layout.stepped(values, *normal.step(damping))
        except SingularError:
            candidate = None
        if candidate is not None:
            reached = sum(term.robust.cost(term.residuals(candidate)) for term in terms)
            if reached <= cost:
                return candidate, reached, damping / 5.0
        damping = max(10.0 * damping, _LEAST_DAMPING)
    return None
