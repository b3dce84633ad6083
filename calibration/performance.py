"""How well an arm comes back to a pose, after the formulas that ISO 9283 is known for. Pure; millimetres and degrees.

The standard's text was not read: the formula of repeatability is as in public programs, the others as commonly taught.
Nothing here says that load, speed, poses or instrument are what the standard asks for; `described` words it so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calibration.observations import CalibrationError
from vision.geometry import Array

CHANCE_DRAWS = 2000
"""Repetitions that are drawn to say how far a figure from n readings scatters by chance."""
INSTRUMENT_SHARE = 0.25
"""Largest own scatter of the instrument, as a share of the figure that it measures."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PosePerformance:
    """One commanded position, reached n times."""

    n: int
    ap_mm: float
    """Accuracy: distance from the commanded position to the barycentre of those reached."""
    ap_xyz_mm: tuple[float, float, float]
    """The same per axis, reached minus commanded."""
    ap_sigma_mm: float
    """Of `ap_mm`, one standard deviation, from the scatter of the n readings alone."""
    rp_mm: float
    """Repeatability: mean distance to the barycentre plus three standard deviations of it."""
    rp_interval_mm: tuple[float, float]
    """95 %: what n readings of this scatter leave open, see `rp_ratios`."""
    l_mean_mm: float
    l_s_mm: float
    """Standard deviation of the distances, with n - 1."""
    barycentre_mm: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnglePerformance:
    """One commanded orientation, reached n times; three angles in the order in which they were handed in."""

    n: int
    ap_deg: tuple[float, float, float]
    """Mean minus commanded, each."""
    rp_deg: tuple[float, float, float]
    """Plus and minus three standard deviations (n - 1), each."""


def pose_performance(commanded_mm: Any, reached_mm: Any) -> PosePerformance:
    """AP and RP of one position: commanded (3,), reached (n, 3), both in one frame. Source: ISO 9283's formulas.

    `l_j = |P_j - mean P|`, `RP = mean(l) + 3 S_l`, `AP = |mean P - commanded|`.
    Raises CalibrationError `performance.few_readings`, `performance.not_numbers`.
    """
    commanded, reached = _checked(commanded_mm, reached_mm)
    n = len(reached)
    barycentre = reached.mean(axis=0)
    off = barycentre - commanded
    l_mean, l_s, rp = (float(value) for value in _repeatability(reached))
    ap = float(np.linalg.norm(off))
    spread = np.cov(reached.T) / n
    # Along the deviation; where there is none, along the direction that scatters most.
    ap_sigma = np.sqrt(off @ spread @ off) / ap if ap > 0 else np.sqrt(np.linalg.eigvalsh(spread)[-1])
    low, high = rp_ratios(np.cov(reached.T), n)
    return PosePerformance(
        n=n,
        ap_mm=ap,
        ap_xyz_mm=_three(off),
        ap_sigma_mm=float(ap_sigma),
        rp_mm=rp,
        rp_interval_mm=(rp / high, rp / low),
        l_mean_mm=l_mean,
        l_s_mm=l_s,
        barycentre_mm=_three(barycentre),
    )


def angle_performance(commanded_deg: Any, reached_deg: Any) -> AnglePerformance:
    """AP_a and RP_a of three angles: commanded (3,), reached (n, 3), degrees. `AP_a = mean a - a_c`, `RP_a = +-3 S_a`.

    Differences are taken the short way round, so -179 and 179 are 2 apart.
    Raises CalibrationError `performance.few_readings`, `performance.not_numbers`.
    """
    commanded, reached = _checked(commanded_deg, reached_deg)
    off = (reached - commanded + 180.0) % 360.0 - 180.0
    return AnglePerformance(n=len(off), ap_deg=_three(off.mean(axis=0)), rp_deg=_three(3.0 * off.std(axis=0, ddof=1)))


def multi_directional_variation(clouds_mm: Sequence[Any]) -> float:
    """vAP in mm: the largest distance between the barycentres of one pose reached from several directions, (n, 3) each.

    Raises CalibrationError `performance.few_readings`, `performance.not_numbers`.
    """
    if len(clouds_mm) < 2:
        raise CalibrationError(
            "performance.few_readings", "one direction shows no variation; reach the pose from two or three directions"
        )
    middles = np.array([_checked(np.zeros(3), cloud)[1].mean(axis=0) for cloud in clouds_mm])
    return float(np.linalg.norm(middles[:, None] - middles[None, :], axis=2).max())


def rp_ratios(covariance_mm2: Array, n: int) -> tuple[float, float]:
    """Where 95 % of the RP of n Gaussian readings lie, over the RP of endless many: (low, high).

    `covariance_mm2` is (3, 3); only its proportions matter. The draws are always the same, so the same readings give
    the same interval. It is an approximation: the covariance is itself taken from the readings.
    """
    values, axes = np.linalg.eigh(covariance_mm2)
    scale = values.max()
    if scale <= 0.0:
        return 1.0, 1.0
    root = axes * np.sqrt(np.clip(values / scale, 0.0, None))
    draws = np.random.default_rng(9283).standard_normal((CHANCE_DRAWS, n, 3)) @ root.T
    l_all = np.linalg.norm(draws, axis=2)
    endless = l_all.mean() + 3.0 * l_all.std()
    low, high = np.quantile(_repeatability(draws)[2] / endless, (0.025, 0.975))
    return float(low), float(high)


def instrument_is_fine(own_rp_mm: float, rp_mm: float) -> bool:
    """Whether the instrument's own scatter, as RP of a target that stands still, is at most a quarter of the figure."""
    return own_rp_mm <= INSTRUMENT_SHARE * rp_mm


def described(performance: PosePerformance, own_rp_mm: float) -> str:
    """What may be said of it, and no more. `own_rp_mm` is the RP of a target that stands still."""
    low, high = performance.rp_interval_mm
    text = (
        f"Repeatability {performance.rp_mm:.3f} mm ({low:.3f} to {high:.3f} mm, 95 %), computed as mean + 3 S of "
        f"{performance.n} readings, measured with the station's cameras, own scatter {own_rp_mm:.3f} mm. "
        f"Mean deviation from the commanded position {performance.ap_mm:.3f} mm."
    )
    if instrument_is_fine(own_rp_mm, performance.rp_mm):
        return text
    return f"{text} The own scatter is more than a quarter of the figure: part of it comes from the cameras."


def _repeatability(reached_mm: Array) -> tuple[Array, Array, Array]:
    """Mean and standard deviation of the distances to the barycentre, and RP; (..., n, 3) to (...) each."""
    away = np.linalg.norm(reached_mm - reached_mm.mean(axis=-2, keepdims=True), axis=-1)
    l_mean, l_s = away.mean(axis=-1), away.std(axis=-1, ddof=1)
    return l_mean, l_s, l_mean + 3.0 * l_s


def _checked(commanded: Any, reached: Any) -> tuple[Array, Array]:
    target, found = np.asarray(commanded, dtype=np.float64), np.asarray(reached, dtype=np.float64)
    if target.shape != (3,) or found.ndim != 2 or found.shape[1] != 3 or len(found) < 2:
        raise CalibrationError(
            "performance.few_readings",
            f"performance needs three commanded figures and rows of three (got {target.shape} and {found.shape}); "
            "give at least 2 readings, better 30",
        )
    if not (np.isfinite(target).all() and np.isfinite(found).all()):
        raise CalibrationError(
            "performance.not_numbers", "a reading is no number; take the poses that were not measured out"
        )
    return target, found


def _three(values: Array) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z
