"""Is an uncertain quantity surely inside its tolerance, surely outside, or too close to call?

The truth is d = x + n with n normal, mean zero and known covariance; the tolerance is a ball |d| <= r. One rule each
way, for offsets anywhere, so also near zero, where the offset has no direction of its own:

- Inside: for every direction u, u.x + z sqrt(u'Cu) <= r with z the one-sided quantile. If d lies outside, its own
  direction alone breaks that with probability `confidence`. It says that the ellipsoid x + z C^(1/2) b, |b| <= 1, lies
  in the ball; the largest norm in it is bounded from above by Lagrange duality (the S-lemma: exact at the best
  multiplier, never too small at another one).
- Outside: the ellipsoid that holds d with probability `confidence` (chi-square) has no point in the ball. A plane
  between the two shows it.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist

import numpy as np

from vision.api import worst_sigma
from vision.geometry import Array, Transform
from vision.pose_fit import rotation_vector

_STEPS = np.concatenate([np.geomspace(1e-4, 0.05, 6), np.linspace(0.1, 1.0, 16)])
"""Multipliers that are tried, as shares of the one that an isotropic covariance would want."""


@cache
def one_sided(confidence: float) -> float:
    """z with P(n <= z) = confidence for a standard normal n. Raises ValueError outside of (0, 1)."""
    return NormalDist().inv_cdf(confidence)


@cache
def chi_radius(confidence: float, dimensions: int) -> float:
    """r with P(|n| <= r) = confidence for a standard normal n of so many dimensions."""
    from scipy.special import gammaincinv

    return math.sqrt(2.0 * float(gammaincinv(dimensions / 2.0, confidence)))


def farthest(offset: Array, covariance: Array, z: float) -> float:
    """An upper bound, tight to some thousandths, of |d| over the ellipsoid of `z` standard deviations about `offset`.

    Any dimension: (n,) and (n, n). With C = V diag(c) V' and a = V'x, for every m > max c,
    max |d|^2 <= m z^2 + sum a_i^2 m / (m - c_i).
    """
    spread, axes = np.linalg.eigh(covariance)
    spread = np.maximum(spread, 0.0)
    away = float(np.linalg.norm(offset))
    widest = float(spread[-1])
    if away < 1e-9 or widest < 1e-18 or z <= 0.0:
        return away + max(z, 0.0) * math.sqrt(widest)
    squares = (axes.T @ offset) ** 2
    multipliers = widest + math.sqrt(widest) * away / z * _STEPS
    bounds = multipliers * z * z + (squares * multipliers[:, None] / (multipliers[:, None] - spread)).sum(axis=1)
    return math.sqrt(float(bounds.min()))


def nearest(offset: Array, covariance: Array, radius: float) -> float:
    """A lower bound of |d| over the ellipsoid of `radius` standard deviations about `offset`; 0 if it may hold zero."""
    best = 0.0
    away = math.sqrt(float(offset @ offset))
    if away == 0.0:
        return best
    try:
        by_spread = np.linalg.solve(covariance + 1e-12 * np.eye(len(offset)), offset)
    except np.linalg.LinAlgError:
        by_spread = offset
    for towards in (offset, by_spread):
        unit = towards / np.linalg.norm(towards)
        best = max(best, float(unit @ offset) - radius * math.sqrt(max(0.0, float(unit @ covariance @ unit))))
    return best


def surely_within(offset: Array, covariance: Array, limit: float, confidence: float) -> bool:
    """Whether |d| <= limit; wrong with a probability below 1 - confidence for every d beyond it."""
    away, z = math.sqrt(float(offset @ offset)), one_sided(confidence)
    if away > limit or away + z * math.sqrt(max(0.0, float(covariance.trace()))) <= limit:
        return away <= limit
    return farthest(offset, covariance, z) <= limit


def surely_beyond(offset: Array, covariance: Array, limit: float, confidence: float) -> bool:
    """Whether |d| > limit; wrong with a probability below 1 - confidence for every d within it."""
    away, radius = math.sqrt(float(offset @ offset)), chi_radius(confidence, len(offset))
    # Most things are plainly elsewhere, or plainly here: no direction is less sure than the trace says.
    if away <= limit or away - radius * math.sqrt(max(0.0, float(covariance.trace()))) > limit:
        return away > limit
    return nearest(offset, covariance, radius) > limit


def pose_surely_within(
    seen: Transform, covariance: Array, wanted: Transform, within_mm: float, within_deg: float, confidence: float
) -> bool:
    """Whether position and rotation are both within; wrong with a probability below 1 - confidence if one is not.

    Rotation vectors are treated as flat: angles in the curved space of rotations are smaller than that, so "inside"
    errs on the careful side.
    """
    return surely_within(seen.translation_mm - wanted.translation_mm, covariance[:3, :3], within_mm, confidence) and (
        within_deg >= 180.0
        or surely_within(
            rotation_vector(seen.rotation @ wanted.rotation.T),
            covariance[3:, 3:],
            math.radians(within_deg),
            confidence,
        )
    )


def pose_surely_beyond(
    seen: Transform, covariance: Array, wanted: Transform, within_mm: float, within_deg: float, confidence: float
) -> bool:
    """Whether position or rotation is beyond; wrong with a probability below 1 - confidence if both are within.

    Either may err, so each gets half of the doubt. For the rotation the triangle inequality on the sphere of rotations
    is used, which holds for angles of any size.
    """
    each = 1.0 - (1.0 - confidence) / 2.0
    if surely_beyond(seen.translation_mm - wanted.translation_mm, covariance[:3, :3], within_mm, each):
        return True
    turned_deg = seen.angle_to_deg(wanted)
    return (
        turned_deg > within_deg
        and turned_deg - math.degrees(chi_radius(each, 3) * worst_sigma(covariance[3:, 3:])) > within_deg
    )
