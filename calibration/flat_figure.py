"""What a flat board's corners in a picture say by themselves, without a lens: fit, tilt, order, and whose they are."""

from __future__ import annotations

import math

import numpy as np

from calibration.board import Board
from calibration.corner_refinement import Grey
from vision.geometry import Array


def through(homography: Array, points: Array) -> Array:
    """Points (N, 2) through a homography (3, 3)."""
    mapped = np.column_stack([points, np.ones(len(points))]) @ homography.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:])


def flat_fit(nominal_mm: Array, corners_px: Array) -> tuple[Array, float]:
    """(3, 3) picture from board, and the rms in pixels by which corners lie off it and a smooth surface over it.

    The surface takes up what any lens distorts; what is left is noise, wrong corners, or a board that is creased.
    """
    import cv2

    homography = np.asarray(cv2.findHomography(nominal_mm, corners_px)[0], dtype=np.float64)
    off = corners_px - through(homography, nominal_mm)
    if len(off) < 25:
        return homography, math.nan
    degree = 5 if len(off) >= 45 else 3
    x, y = ((nominal_mm - nominal_mm.mean(axis=0)) / np.ptp(nominal_mm, axis=0).max()).T
    terms = np.column_stack([x**i * y**j for i in range(degree + 1) for j in range(degree + 1 - i)])
    off -= terms @ np.linalg.lstsq(terms, off, rcond=None)[0]
    return homography, float(np.sqrt((off**2).sum() / (len(off) - terms.shape[1])))


def tilt_deg(homography: Array, at_mm: Array) -> float:
    """From the local affine map: a direction that is tilted away by t is cos(t) as long."""
    step = 1.0
    points = at_mm + np.array([[0.0, 0.0], [step, 0.0], [0.0, step]])
    mapped = through(homography, points)
    small, large = sorted(np.linalg.svd((mapped[1:] - mapped[0]).T, compute_uv=False))
    return math.degrees(math.acos(min(1.0, small / large)))


def outer_px(grid: Array) -> Array:
    """(4, 2) outer corners of a chessboard about its inner ones (rows, columns, 2), half a square to spare."""
    corners = np.array([grid[0, 0], grid[0, -1], grid[-1, -1], grid[-1, 0]])
    middle = corners.mean(axis=0)
    grow = 1.0 + 3.0 / (min(grid.shape[:2]) - 1)
    return np.asarray(middle + (corners - middle) * grow)


def right_way_up(grey: Grey, board: Board, corners: Array) -> Array:
    """In the order of the board: its first square is black. The detector may begin at either end."""
    if (board.columns + board.rows) % 2 == 0:
        return corners
    across, down = board.corners
    grid = corners.reshape(down, across, 2)
    a, b, c, d = grid[0, 0], grid[0, 1], grid[1, 0], grid[1, 1]
    inside, right = (a + b + c + d) / 4.0, (b + grid[0, 2] + d + grid[1, 2]) / 4.0
    first, second = (float(grey[round(at[1]), round(at[0])]) for at in (inside, right))
    # Inside the first corner lies the square below and right of the first one: it has the first one's colour.
    return corners if first < second else corners[::-1]


def other_squares(grey: Grey, wanted: tuple[int, int]) -> tuple[int, int] | None:
    """How many corners a chessboard has that is seen and is not the wanted one."""
    import cv2

    found, _, meta = cv2.findChessboardCornersSBWithMeta(grey, (3, 3), cv2.CALIB_CB_LARGER)
    if not found:
        return None
    rows, columns = meta.shape[:2]
    seen = (max(rows, columns), min(rows, columns))
    return None if seen == (max(wanted), min(wanted)) or min(seen) < 3 else seen
