"""Outliers are rejected, not down-weighted: what is left is plain least squares, whose covariance is honest.

A soft loss finds a place from which outliers are seen for what they are; it takes no part in the result.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calibration.adjustment.consistency import chi_square_limit
from calibration.adjustment.corner_term import CornerTerm
from calibration.adjustment.terms import Keep, Robust
from calibration.adjustment.unknowns import Values

CORNER_CHANCE = 1e-5
"""How often a good corner is rejected: once in fifty views of a large board."""
VIEW_SHARE = 0.3
"""A view that loses more of its corners than this is not believed at all."""


def robust_sigma(residuals: np.ndarray, keep: Keep) -> float:
    """Standard deviation an axis of rows (N, k) from the median of their squared lengths: half may be outliers."""
    squares = (residuals**2).sum(axis=1)[keep]
    if not len(squares):
        return 1.0
    return float(np.sqrt(np.median(squares) / chi_square_limit(residuals.shape[1], 0.5)))


def with_soft_loss(term: CornerTerm, values: Values) -> CornerTerm:
    """The term with Cauchy's loss and the noise that most of its rows show at these values."""
    sigma = max(robust_sigma(term.residuals(values), term.robust.keep) * term.sigma_px, 1e-4)
    return replace(term, sigma_px=sigma, robust=Robust(term.robust.keep, cauchy=3.0))


def without_outliers(term: CornerTerm, values: Values, *, judged: Keep | None = None) -> CornerTerm:
    """The term without corners that chance does not explain, and without views that lose too many of them.

    The noise is what most rows show at these values. Rows that were rejected before come back when they fit now;
    rows outside `judged` stay as they are.
    """
    scaled = term.residuals(values)
    trusted = term.robust.keep if judged is None else term.robust.keep & judged
    sigma = max(robust_sigma(scaled, trusted), 1e-4 / term.sigma_px)
    keep = (scaled**2).sum(axis=1) <= chi_square_limit(2, 1.0 - CORNER_CHANCE) * sigma**2
    lost = np.add.reduceat(~keep, term.starts[:-1]) > VIEW_SHARE * np.diff(term.starts)
    keep &= ~lost[term.rows]
    if judged is not None:
        keep = np.where(judged, keep, term.robust.keep)
    return replace(term, sigma_px=term.sigma_px * sigma, robust=Robust(keep))
