"""The tool's tip in the flange frame, by pivoting about one fixed point. Pure.

Pivot: the tip touches one point in N orientations, `R_i t + p_i = c` with [R_i, p_i] the reported flange poses; linear
least squares over tip t and point c. Robust: re-weighted with `1 / sqrt(1 + (e / 2 s)^2)` a row, s = median(e) / 1.54.
The residual is small when there are few touches, whatever the tip: the covariance tells, not the residual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.observations import CalibrationError
from vision.geometry import Array, Transform

FEWEST_TOUCHES = 4
GOOD_TOUCHES = 10
GOOD_SPREAD_DEG = 30.0
REWEIGHTED = 30
MEDIAN_OF_LENGTH = 1.54
"""Median of the length of three unit normals."""
LARGEST_MM = 5.0
"""One sigma of a tip along an axis beyond which the touches tell nothing."""
TOUCHES_TO_JUDGE = 6
"""With fewer, nobody can say which of them is wrong."""
OFF_SIGMAS = 4.0
"""A touch that is off by more than this took no part to speak of; it is named."""
_UNTILTED = (
    "the tool was hardly tilted between the touches, so its tip cannot be told; touch the same point again with the "
    f"tool tilted {GOOD_SPREAD_DEG:.0f} degrees and more, each time another way"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ToolPoint:
    """A tip, and how well it is known."""

    tip_mm: Array
    """(3,) flange frame."""
    covariance: Array
    """(3, 3) mm^2, flange axes."""
    point_mm: Array
    """(3,) what was touched, in the frame of the flange poses."""
    rms_mm: float
    """Of the distances between tip and point: says little with few touches."""
    spread_deg: float
    """How far the tool leaned at most from its mean direction."""
    count: int
    """Of touches."""
    off: tuple[int, ...]
    """Indexes of touches that do not fit the others."""

    @property
    def sigma_mm(self) -> float:
        """Expected distance of the tip from the truth, root mean square."""
        return float(np.sqrt(np.trace(self.covariance)))

    @property
    def advice(self) -> str:
        """What would make it better; empty when nothing simple would."""
        words = []
        if self.count < GOOD_TOUCHES:
            words.append(f"touch the point {GOOD_TOUCHES} times or more")
        if self.spread_deg < GOOD_SPREAD_DEG:
            words.append(f"tilt the tool by {GOOD_SPREAD_DEG:.0f} degrees and more, in all directions")
        if self.off:
            numbers = ", ".join(str(index + 1) for index in self.off)
            words.append(f"repeat touch {numbers}, which did not fit the others")
        return f"For a better tip: {'; '.join(words)}." if words else ""


def pivot(base_from_flange: Sequence[Transform]) -> ToolPoint:
    """The tip from N touches of one point. Raises CalibrationError `calibration.too_few_touches`,
    `calibration.no_tip` when the tool was not tilted enough to tell.
    """
    count = len(base_from_flange)
    if count < FEWEST_TOUCHES:
        raise CalibrationError(
            "calibration.too_few_touches",
            f"{count} touches do not tell where the tip is; touch the same point {GOOD_TOUCHES} times, each time with "
            f"the tool tilted another way by {GOOD_SPREAD_DEG:.0f} degrees and more",
        )
    turns = np.array([pose.rotation for pose in base_from_flange])
    places = np.array([pose.translation_mm for pose in base_from_flange])
    matrix = np.concatenate([turns, np.broadcast_to(-np.eye(3), turns.shape)], axis=2)
    weights = np.ones(count)
    solution: Array = np.zeros(6)
    lengths: Array = np.zeros(count)
    scale = 0.0
    for _ in range(REWEIGHTED):
        rows = matrix * weights[:, None, None]
        found, _, rank, _ = np.linalg.lstsq(rows.reshape(-1, 6), -(places * weights[:, None]).ravel(), rcond=1e-9)
        solution = np.asarray(found, dtype=np.float64)
        if rank < 6:
            raise CalibrationError("calibration.no_tip", _UNTILTED)
        lengths = np.linalg.norm(turns @ solution[:3] + places - solution[3:], axis=1)
        scale = max(float(np.median(lengths)) / MEDIAN_OF_LENGTH, 1e-9)
        weights = 1.0 / np.sqrt(1.0 + (lengths / (2.0 * scale)) ** 2)
    normal = np.einsum("n,nki,nkj->ij", weights**2, matrix, matrix)
    variance = float((weights**2 * lengths**2).sum()) / max(3.0 * float((weights**2).sum()) - 6.0, 1.0)
    covariance = variance * np.linalg.inv(normal)
    if float(np.sqrt(np.linalg.eigvalsh(covariance[:3, :3])[-1])) > LARGEST_MM:
        raise CalibrationError("calibration.no_tip", _UNTILTED)
    return ToolPoint(
        tip_mm=solution[:3],
        covariance=covariance[:3, :3],
        point_mm=solution[3:],
        rms_mm=float(np.sqrt((lengths**2).mean())),
        spread_deg=_spread_deg(base_from_flange),
        count=count,
        off=tuple(int(k) for k in np.nonzero(lengths > OFF_SIGMAS * scale)[0]) if count >= TOUCHES_TO_JUDGE else (),
    )


def _spread_deg(poses: Sequence[Transform]) -> float:
    axes = np.array([pose.rotation[:, 2] for pose in poses])
    mean = axes.mean(axis=0)
    cosines = axes @ (mean / max(float(np.linalg.norm(mean)), 1e-9))
    return float(np.degrees(np.arccos(np.clip(cosines.min(), -1.0, 1.0))))
