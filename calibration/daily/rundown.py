"""Does the torque tool still do what it did: one test rundown on the test joint against its own earlier ones.

`t = (x - mean) / (s sqrt(1 + 1/n))`, Student with n - 1 degrees of freedom: what one more reading of the same process
does. x is what the reference transducer read, or the deviation in percent where the tool's own figure stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.daily.power import FALSE_ALARMS, SURE
from calibration.observations import CalibrationError

LEAST_HISTORY = 8
"""Fewer rundowns tell no scatter worth comparing with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RundownShift:
    """What the test rundown says."""

    value: float
    mean: float
    sigma: float
    history: int
    statistic: float
    """|t|."""
    limit: float
    notices: float
    """A change of the tool that one rundown notices in 95 of 100 checks, in the value's unit."""

    @property
    def moved(self) -> bool:
        """Whether it is another tool than it was."""
        return self.statistic > self.limit


def rundown_shift(value: float, history: Sequence[float]) -> RundownShift:
    """Compare one test rundown with the earlier ones. Raises CalibrationError `daily.history`."""
    from scipy import stats
    from scipy.optimize import brentq

    count = len(history)
    if count < LEAST_HISTORY:
        raise CalibrationError(
            "daily.history",
            f"there are {count} test rundowns to compare with and {LEAST_HISTORY} are needed; "
            "verify the tool with `station calibrate torque`, or take more test rundowns",
        )
    mean, sigma = float(np.mean(history)), float(np.std(history, ddof=1))
    if sigma == 0.0:
        raise CalibrationError(
            "daily.history", "all earlier test rundowns read the same; read the transducer with more digits"
        )
    spread = math.sqrt(1.0 + 1.0 / count)
    over = float(stats.t.isf(FALSE_ALARMS / 2.0, count - 1))

    def short(shift: float) -> float:
        # `nct` of a shift in standard deviations of the difference; the other tail adds nothing there.
        return float(stats.nct.sf(over, count - 1, shift)) - SURE

    return RundownShift(
        value=value,
        mean=mean,
        sigma=sigma,
        history=count,
        statistic=abs(value - mean) / (sigma * spread),
        limit=over,
        notices=float(brentq(short, 0.0, 100.0)) * sigma * spread,
    )
