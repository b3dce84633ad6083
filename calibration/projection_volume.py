"""How well a lens projects where the work is: over the whole picture, and over a depth about the part.

A lens's errors that one rigid motion of the camera explains do no harm, for the camera's place is measured with the
same lens. At a single distance a wrong focal length is such an error; over a depth, as parts and tool move in, it is
not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.lens_model import project_with_derivatives, rays
from calibration.rotations import cross
from vision.geometry import Array

DEPTHS = (0.85, 1.0, 1.15)
"""Shares of the part's distance."""
GRID = (9, 6)
"""Points across and down."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sensitivity:
    """What the nine lens values do to pixels, less what a motion explains."""

    slopes: Array
    """(depths, rows, columns, 2, 9) px a unit of each value; NaN where the lens cannot be undone."""

    def sigma_px(self, covariance: Array) -> Array:
        """(rows, columns) standard deviation an axis for a covariance (9, 9): of each place its worst depth."""
        both = np.einsum("dhwki,ij,dhwkj->dhw", self.slopes, covariance, self.slopes) / 2.0
        return np.asarray(np.sqrt(np.maximum(both, 0.0).max(axis=0)))

    def rms_px(self, covariance: Array) -> float:
        """Root mean square of the standard deviation an axis over picture and depth."""
        flat = self.slopes.reshape(-1, 9)
        flat = flat[np.isfinite(flat).all(axis=1)]
        return float(np.sqrt(max(0.0, np.einsum("ni,ij,nj->", flat, covariance, flat) / len(flat))))


def sensitivity(lens: Array, size: tuple[int, int], distance_mm: float) -> Sensitivity:
    """Of a lens (9,) over a picture of (width, height), for a part at a distance."""
    across, down = np.meshgrid(np.linspace(0, size[0] - 1, GRID[0]), np.linspace(0, size[1] - 1, GRID[1]))
    pixels = np.column_stack([across.ravel(), down.ravel()])
    at_one, good = rays(pixels, lens)
    count = int(good.sum())
    points = np.concatenate([at_one[good] * distance_mm * depth for depth in DEPTHS])
    _, by_point, by_lens = project_with_derivatives(points, lens)
    motion = by_motion(points, by_point).reshape(-1, 6)
    # Millimetres and radians differ by orders of magnitude.
    motion = motion / np.linalg.norm(motion, axis=0)
    basis, _ = np.linalg.qr(motion)
    flat = by_lens.reshape(-1, 9)
    left = flat - basis @ (basis.T @ flat)
    slopes = np.full((len(DEPTHS), len(pixels), 2, 9), np.nan)
    slopes[:, good] = left.reshape(len(DEPTHS), count, 2, 9)
    return Sensitivity(slopes=slopes.reshape(len(DEPTHS), GRID[1], GRID[0], 2, 9))


def by_motion(points: Array, by_point: Array) -> Array:
    """(N, 2, 6) pixels by a turn about the points' middle (rad) and a move (mm); `by_point` (N, 2, 3) is by a point."""
    turns = cross((points - points.mean(axis=0))[:, None, :], by_point)
    return np.concatenate([turns, by_point], axis=2)
