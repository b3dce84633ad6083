"""Cm, Cmk and scatter from readings in one run, with what n readings leave open. Pure; newton metres.

Cm and Cmk as machine capability is commonly computed. No standard's text was read: nothing here is a capability study
to one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.observations import CalibrationError
from vision.geometry import Array

Z_95 = 1.6448536269514722
"""One-sided 95 % of the normal distribution."""
NORMAL_ALPHA = 0.01
"""Readings that chance would spread like this less often are not taken for normal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """What one run of readings says of a tool and a tolerance."""

    n: int
    mean_nm: float
    s_nm: float
    """Standard deviation with n - 1."""
    cm: float
    """`(USL - LSL) / (6 s)`."""
    cmk: float
    """`min(USL - mean, mean - LSL) / (3 s)`."""
    cm_lower: float
    """95 % lower bound: chi-square of s, exact for normal readings."""
    cmk_lower: float
    """95 % lower bound after Bissell (1990, Applied Statistics 39, 331-340), an approximation."""
    scatter_6s_pct: float
    """`100 * 6 s / mean`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Normality:
    """Whether the readings may be spoken of with a mean and an s at all."""

    p: float
    """Of the Shapiro-Wilk test: how often chance alone spreads normal readings like this or worse."""
    farthest: int
    """Index of the reading farthest from the mean."""
    farthest_sigmas: float

    @property
    def normal(self) -> bool:
        """Whether nothing speaks against it."""
        return self.p >= NORMAL_ALPHA


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoJoints:
    """One tool on a hard and on a soft joint of the same target."""

    mean_hard_nm: float
    mean_soft_nm: float
    mean_shift_pct: float
    """`100 (mean_soft - mean_hard) / (0.5 (mean_soft + mean_hard))`."""
    combined_mean_nm: float
    """`(hi + lo) / 2`, hi = max(mean + 3 s), lo = min(mean - 3 s) over both."""
    combined_scatter_pct: float
    """`100 (hi - lo) / combined_mean`."""


def capability(readings_nm: Sequence[float], lsl_nm: float, usl_nm: float) -> Capability:
    """Of readings between a lower and an upper limit.

    Raises CalibrationError `torque.few_readings`, `torque.not_numbers`, `torque.no_scatter`, `torque.no_window`.
    """
    readings = checked(readings_nm, 2)
    if not lsl_nm < usl_nm:
        raise CalibrationError(
            "torque.no_window", f"the tolerance runs from {lsl_nm:g} to {usl_nm:g} N·m; write the lower limit first"
        )
    n, mean, s = len(readings), float(readings.mean()), float(readings.std(ddof=1))
    if s <= 1e-12 * max(1.0, abs(mean)):
        raise CalibrationError(
            "torque.no_scatter",
            f"all {n} readings are {mean:g} N·m, which no tool does; look whether the transducer holds an old peak",
        )
    cm = (usl_nm - lsl_nm) / (6.0 * s)
    cmk = min(usl_nm - mean, mean - lsl_nm) / (3.0 * s)
    return Capability(
        n=n,
        mean_nm=mean,
        s_nm=s,
        cm=cm,
        cmk=cmk,
        cm_lower=cm_lower(cm, n),
        cmk_lower=cmk_lower(cmk, n),
        scatter_6s_pct=100.0 * 6.0 * s / mean,
    )


def cm_lower(cm: float, n: int) -> float:
    """95 % lower bound of Cm from n normal readings: `Cm sqrt(chi2(5 %, n - 1) / (n - 1))`."""
    from scipy.stats import chi2

    return float(cm * math.sqrt(chi2.ppf(0.05, n - 1) / (n - 1)))


def cmk_lower(cmk: float, n: int) -> float:
    """95 % lower bound of Cmk after Bissell: `Cmk - 1.645 sqrt(1 / (9 n) + Cmk^2 / (2 n - 2))`. An approximation."""
    return cmk - Z_95 * math.sqrt(1.0 / (9.0 * n) + cmk * cmk / (2.0 * n - 2.0))


def normality(readings_nm: Sequence[float]) -> Normality:
    """Shapiro-Wilk, to be looked at before any capability. Raises CalibrationError as `capability` does."""
    from scipy.stats import shapiro

    readings = checked(readings_nm, 3)
    away = readings - readings.mean()
    s = float(readings.std(ddof=1))
    farthest = int(np.argmax(np.abs(away)))
    if s <= 1e-12 * max(1.0, abs(float(readings.mean()))):
        return Normality(p=0.0, farthest=farthest, farthest_sigmas=0.0)
    p = float(shapiro(readings).pvalue)
    return Normality(p=p, farthest=farthest, farthest_sigmas=float(abs(away[farthest]) / s))


def two_joints(hard_nm: Sequence[float], soft_nm: Sequence[float]) -> TwoJoints:
    """Of the readings on both. Raises CalibrationError `torque.few_readings`, `torque.not_numbers`."""
    hard, soft = checked(hard_nm, 2), checked(soft_nm, 2)
    means = np.array([hard.mean(), soft.mean()])
    reach = 3.0 * np.array([hard.std(ddof=1), soft.std(ddof=1)])
    high, low = float((means + reach).max()), float((means - reach).min())
    combined = (high + low) / 2.0
    return TwoJoints(
        mean_hard_nm=float(means[0]),
        mean_soft_nm=float(means[1]),
        mean_shift_pct=float(100.0 * (means[1] - means[0]) / means.mean()),
        combined_mean_nm=combined,
        combined_scatter_pct=100.0 * (high - low) / combined,
    )


def checked(readings_nm: Sequence[float], least: int) -> Array:
    """The readings (n,) as an array. Raises CalibrationError `torque.few_readings`, `torque.not_numbers`."""
    readings = np.asarray(readings_nm, dtype=np.float64)
    if readings.ndim != 1 or len(readings) < least:
        raise CalibrationError(
            "torque.few_readings", f"{readings.size} readings say nothing of scatter; take at least {least}"
        )
    if not np.isfinite(readings).all():
        raise CalibrationError("torque.not_numbers", "a reading is no number; take it out and measure again")
    return readings
