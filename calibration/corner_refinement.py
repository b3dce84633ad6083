"""Corners of a chessboard to a hundredth of a pixel: where the brightness has its saddle.

Round a chessboard's corner brightness is the same at opposite points, through every affine view and every symmetric
blur; so the saddle of a quadratic surface, fitted over a window that is symmetric, has no bias. (Lucchese and Mitra,
"Using saddle points for subpixel feature detection in camera calibration targets", APCCAS 2002.) Why this and not
`cv2.cornerSubPix`: `docs/decisions/0025-corners-are-saddle-points.md`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.board import Board
from vision.geometry import Array

Grey = NDArray[np.uint8]
SMOOTHING_PX = 1.0
"""Gaussian before the fit: single noisy pixels and steep edges would make the surface a poor one."""
ROUNDS = 12
STEP_PX = 1.0
"""The largest step of one round."""
SMALLEST, LARGEST = 2, 11


def half_window(board: Board, spacing_px: float) -> int:
    """Half the window's width in pixels where the closest corners are `spacing_px` apart.

    On a plain chessboard a fifth of a square; on a ChArUco board within the white between a square's edge and its
    marker, for two of the four squares at a corner hold markers.
    """
    share = 0.2 if board.marker_mm == 0.0 else 0.8 * (1.0 - board.marker_mm / board.square_mm) / 2.0
    return int(np.clip(round(min(0.2, share) * spacing_px), SMALLEST, LARGEST))


def spacing_px(board: Board, ids: NDArray[np.int64], corners_px: Array) -> float:
    """The smallest distance of two neighbouring corners; NaN where no two neighbours are seen."""
    across, down = board.corners
    flat = np.full((down * across, 2), np.nan)
    flat[ids] = corners_px
    grid = flat.reshape(down, across, 2)
    lengths = np.concatenate([np.linalg.norm(np.diff(grid, axis=axis), axis=-1).ravel() for axis in (0, 1)])
    lengths = lengths[np.isfinite(lengths)]
    return float(lengths.min()) if len(lengths) else float("nan")


def sampled(picture: NDArray[Any], x: Array, y: Array) -> Array:
    """Brightness of a picture (height, width) at places of any shape, linear between pixels, edges repeated.

    `cv2.remap` rounds places to a fraction of a pixel that costs most of the accuracy.
    """
    height, width = picture.shape
    x, y = np.clip(x, 0.0, width - 1.001), np.clip(y, 0.0, height - 1.001)
    column, row = x.astype(np.intp), y.astype(np.intp)
    right, down = x - column, y - row
    flat, at = picture.ravel(), row * width + column
    upper = flat[at] * (1.0 - right) + flat[at + 1] * right
    lower = flat[at + width] * (1.0 - right) + flat[at + width + 1] * right
    return np.asarray(upper * (1.0 - down) + lower * down)


def refined(grey: Grey, corners_px: Array, half: int) -> tuple[Array, NDArray[np.bool_]]:
    """(N, 2) saddle points near `corners_px`, and which of them are one: False where the search left its window."""
    import cv2

    smooth: Any = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), SMOOTHING_PX)
    reach = np.arange(-half, half + 1, dtype=np.float64)
    x, y = (axis.ravel() for axis in np.meshgrid(reach, reach))
    root = np.exp(-(x**2 + y**2) / (4.0 * (half / 1.5) ** 2))
    surface = np.column_stack([x * x, x * y, y * y, x, y, np.ones_like(x)])
    fit = np.linalg.pinv(surface * root[:, None]) * root
    start = np.asarray(corners_px, dtype=np.float64)
    at, good = start.copy(), np.ones(len(start), dtype=bool)
    height, width = grey.shape
    for _ in range(ROUNDS):
        window = sampled(smooth, at[:, :1] + x, at[:, 1:] + y)
        a, b, c, d, e, _ = (window @ fit.T).T
        # A saddle bends up one way and down the other.
        bend = 4.0 * a * c - b * b
        good &= bend < 0.0
        bend = np.where(bend < 0.0, bend, -1.0)
        step = np.column_stack([b * e - 2.0 * c * d, b * d - 2.0 * a * e]) / bend[:, None]
        length = np.linalg.norm(step, axis=1)
        at += step * np.minimum(1.0, STEP_PX / np.maximum(length, 1e-12))[:, None]
        if not good.any() or length[good].max() < 1e-3:
            break
    inside = (at.min(axis=1) >= half) & (at[:, 0] <= width - 1 - half) & (at[:, 1] <= height - 1 - half)
    return at, good & inside & (np.linalg.norm(at - start, axis=1) <= max(2.0, half))
