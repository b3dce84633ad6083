"""Slow drift over many daily checks: an exponentially weighted mean of d, with a limit that knows its noise.

One check asks whether there is a jump; drift is below its limit every day and adds up. `z_t = (1 - w) z_(t-1) + w d_t`
(Roberts 1959; Lowry et al. 1992 for several figures). Each d is a difference from the same reference, so its noise does
not average out: `cov z_t = sum (w (1-w)^k)^2 N_(t-k) + (1 - (1-w)^t)^2 R`, N of that day's own noise, R of the
reference. The statistic `z' cov^-1 z` is chi-square on each day by itself.

An exponentially weighted mean was chosen before a cumulative sum since people can read it: it is a line in
millimetres that bends where the device drifts, and limits of today can be drawn beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.daily.power import limit
from vision.geometry import Array, frozen

WEIGHT = 0.25
"""Of the newest check: the mean looks back over about four."""
FALSE_ALARMS = 0.002
"""Of the drift line on one day. It moves slowly, so that its alarms come in bunches: rarer than this counts them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DayPoint:
    """One daily check of one device."""

    utc: str
    difference: Array
    """(p,) from the reference."""
    noise: Array
    """(p, p) of this check alone."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "difference", frozen(self.difference, (-1,)))
        object.__setattr__(self, "noise", frozen(self.noise, (len(self.difference), len(self.difference))))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DriftPoint:
    """The drift line on one day."""

    utc: str
    mean: Array
    """(p,)."""
    covariance: Array
    """(p, p)."""
    statistic: float
    limit: float

    @property
    def drifts(self) -> bool:
        """Whether the line has left its limit."""
        return self.statistic > self.limit


def drift_line(days: Sequence[DayPoint], reference: Array, *, weight: float = WEIGHT) -> tuple[DriftPoint, ...]:
    """One point a day, oldest first. `reference` (p, p) is the covariance of the reference itself.

    Raises ValueError when days have different numbers of figures.
    """
    if not days:
        return ()
    count = len(days[0].difference)
    if any(len(day.difference) != count for day in days):
        raise ValueError("the daily checks are not of one kind")
    over = limit(count, false_alarms=FALSE_ALARMS)
    mean, own, kept = np.zeros(count), np.zeros((count, count)), 0.0
    line = []
    for day in days:
        mean = (1.0 - weight) * mean + weight * day.difference
        own = (1.0 - weight) ** 2 * own + weight**2 * day.noise
        kept = (1.0 - weight) * kept + weight
        covariance = own + kept**2 * reference
        line.append(
            DriftPoint(
                utc=day.utc,
                mean=mean,
                covariance=covariance,
                statistic=float(mean @ np.linalg.solve(covariance, mean)),
                limit=over,
            )
        )
    return tuple(line)


def standardised(point: DriftPoint) -> float:
    """Where the point is between 0 and its limit (1), for a chart whose limit is a straight line."""
    return math.sqrt(point.statistic / point.limit)
