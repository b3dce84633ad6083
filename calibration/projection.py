"""What a lens's error means in pixels at a distance: two lenses compared, and one lens's own doubt.

Parameters of a lens trade against each other and against the camera's pose, so they are never compared one by one: a
grid over the picture is projected at a distance, and what a rigid motion explains is taken out first (mrcal's idea).
"""

from __future__ import annotations

import numpy as np

from calibration.lens_model import project_with_derivatives, rays
from calibration.rotations import cross, exp
from vision.geometry import Array

GRID = (25, 16)
"""Points across and down."""


def picture_grid(size: tuple[int, int], grid: tuple[int, int] = GRID) -> Array:
    """(rows * columns, 2) pixels over the whole picture of (width, height), row after row."""
    across, down = np.meshgrid(np.linspace(0, size[0] - 1, grid[0]), np.linspace(0, size[1] - 1, grid[1]))
    return np.column_stack([across.ravel(), down.ravel()])


def projection_difference_px(lens_a: Array, lens_b: Array, size: tuple[int, int], distance_mm: float) -> Array:
    """(16, 25) px by which lens `a` (9,) puts what lens `b` sees elsewhere, after the best rigid motion at a distance.

    NaN where lens `b` cannot be undone.
    """
    pixels = picture_grid(size)
    points, good = rays(pixels, lens_b)
    points, wanted = points[good] * distance_mm, pixels[good]
    turn, move = np.eye(3), np.zeros(3)
    for _ in range(20):
        turned = points @ turn.T
        seen, by_point, _ = project_with_derivatives(turned + move, lens_a)
        slope = np.concatenate([cross(turned[:, None, :], by_point), by_point], axis=2).reshape(-1, 6)
        step = np.linalg.lstsq(slope, (wanted - seen).ravel(), rcond=None)[0]
        turn, move = exp(step[:3]) @ turn, move + step[3:]
        if float(np.abs(step[:3]).max()) < 1e-12:
            break
    seen, _, _ = project_with_derivatives(points @ turn.T + move, lens_a)
    out = np.full(len(pixels), np.nan)
    out[good] = np.linalg.norm(seen - wanted, axis=1)
    return out.reshape(GRID[1], GRID[0])


def projection_sigma_px(
    lens: Array, covariance: Array, pixels: Array, distance_mm: float, size: tuple[int, int] | None = None
) -> Array:
    """(N,) px: standard deviation an axis of where a lens (9,) with a covariance (9, 9) projects, at a distance.

    What a rigid motion of the camera explains is taken out, as the best motion over the whole picture of `size`
    (width, height), or over `pixels` (N, 2) where it is not given. NaN where the lens cannot be undone.
    """
    fitted, _ = _slopes(lens, pixels if size is None else picture_grid(size), distance_mm)
    by_motion, by_lens = fitted
    explained = np.linalg.lstsq(by_motion.reshape(-1, 6), by_lens.reshape(-1, 9), rcond=None)[0]
    (by_motion, by_lens), good = _slopes(lens, pixels, distance_mm)
    left = by_lens - by_motion @ explained
    out = np.full(len(pixels), np.nan)
    out[good] = np.sqrt(np.einsum("nki,ij,nkj->n", left, covariance, left) / 2.0)
    return out


def _slopes(lens: Array, pixels: Array, distance_mm: float) -> tuple[tuple[Array, Array], Array]:
    points, good = rays(np.asarray(pixels, dtype=np.float64), lens)
    points = points[good] * distance_mm
    _, by_point, by_lens = project_with_derivatives(points, lens)
    return (np.concatenate([cross(points[:, None, :], by_point), by_point], axis=2), by_lens), np.asarray(good)
