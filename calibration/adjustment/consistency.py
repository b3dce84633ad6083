"""Whether a stated covariance is true: normalised squared errors, and what chance allows of them."""

from __future__ import annotations

import numpy as np

from vision.geometry import Array


def nees(error: Array, covariance: Array) -> float:
    """`e' C^-1 e`: chi-square with as many degrees of freedom as `error` has numbers, when the covariance is honest."""
    return float(error @ np.linalg.solve(covariance, error))


def chi_square_limit(freedom: int, probability: float) -> float:
    """What a chi-square of so many degrees of freedom exceeds with a probability of `1 - probability`."""
    # scipy.stats has it by name, but takes over a second to load.
    from scipy.special import gammaincinv

    return 2.0 * float(gammaincinv(freedom / 2.0, probability))
