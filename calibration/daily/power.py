"""How small a change a test notices: detection power of `d' C^-1 d` for a difference d with covariance C.

With C known the statistic is chi-square with p degrees of freedom; with C estimated from n pictures (nu degrees of
freedom) it is Hotelling's T2, `p nu / (nu - p + 1) F(p, nu - p + 1)` (Anderson, An Introduction to Multivariate
Statistical Analysis, 5.2). A real change d makes it non-central with `lambda = d' C^-1 d`; the power is the upper tail.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from vision.geometry import Array

FALSE_ALARMS = 0.005
"""Of one test of one device on a day on which nothing has moved: half of the one percent that is promised."""
SURE = 0.95
"""A change is said to be noticeable when it is noticed so often."""


def limit(count: int, *, freedom: int | None = None, false_alarms: float = FALSE_ALARMS) -> float:
    """What `d' C^-1 d` of `count` figures stays below when nothing moved. `freedom` None: C is known.

    Raises ValueError when `freedom` is less than `count`: so few pictures tell no covariance.
    """
    from scipy import stats

    if freedom is None:
        return float(stats.chi2.isf(false_alarms, count))
    scale, second = _hotelling(count, freedom)
    return float(scale * stats.f.isf(false_alarms, count, second))


def power(noncentrality: float, count: int, *, freedom: int | None = None, false_alarms: float = FALSE_ALARMS) -> float:
    """How often a change of that `lambda` is noticed, 0 to 1. Arguments as in `limit`."""
    from scipy import stats

    over = limit(count, freedom=freedom, false_alarms=false_alarms)
    if freedom is None:
        return float(stats.ncx2.sf(over, count, max(noncentrality, 1e-12)))
    scale, second = _hotelling(count, freedom)
    return float(stats.ncf.sf(over / scale, count, second, max(noncentrality, 1e-12)))


@lru_cache(maxsize=32)
def needed(count: int, *, freedom: int | None = None, false_alarms: float = FALSE_ALARMS, sure: float = SURE) -> float:
    """The `lambda` that is noticed with the probability `sure`."""
    from scipy.optimize import brentq

    def short(noncentrality: float) -> float:
        return power(noncentrality, count, freedom=freedom, false_alarms=false_alarms) - sure

    high = 10.0
    while short(high) < 0.0:
        high *= 2.0
    return float(brentq(short, 0.0, high))


def noticeable(covariance: Array, block: slice, *, freedom: int | None = None) -> float:
    """The smallest change within `block` of d, in its worst direction, that is noticed for sure (`SURE`).

    `covariance` is (p, p); the answer has the unit of the block. Other figures of d do not change with it.
    """
    weakest = float(np.linalg.eigvalsh(np.linalg.inv(covariance)[block, block])[0])
    return math.sqrt(needed(len(covariance), freedom=freedom) / weakest)


def power_at(covariance: Array, block: slice, size: float, *, freedom: int | None = None) -> float:
    """How often a change of `size` within `block` of d is noticed, in its worst direction."""
    weakest = float(np.linalg.eigvalsh(np.linalg.inv(covariance)[block, block])[0])
    return power(size**2 * weakest, len(covariance), freedom=freedom)


def _hotelling(count: int, freedom: int) -> tuple[float, int]:
    second = freedom - count + 1
    if second < 1:
        raise ValueError(f"{freedom} degrees of freedom tell no covariance of {count} figures; take more pictures")
    return count * freedom / second, second
