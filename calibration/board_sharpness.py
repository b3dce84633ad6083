"""How blurred and how well lit a picture of a board is, told at the edges between its squares.

A step that a Gaussian of standard deviation s has blurred is steepest by contrast / (s sqrt(2 pi)). Blur across edges
of different directions gives an ellipse: long and thin where the board moved, round where the lens is out of focus.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.board import Board
from calibration.corner_refinement import Grey, sampled
from vision.api import TagObservation
from vision.bench import Body, TagMount
from vision.geometry import Array, Transform
from vision.sharpness import blur_px

WHITE = 253.0
"""A grey level from which a camera has probably cut off."""
LEAST_EDGES = 8
ALONG = np.linspace(0.3, 0.7, 5)
ACROSS = np.arange(-2.0, 2.01, 0.5)
INSIDE = np.linspace(0.1, 0.9, 9)
ROUND_WISH = 0.003
"""Share of all edges' weight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Of the board's squares in one picture."""

    blur_px: float
    """One standard deviation along the worst direction; NaN where too few edges are seen."""
    least_blur_px: float
    """Across it."""
    contrast: float
    """White minus black, median, in grey levels."""
    white_share: float
    """Of the white squares, how many are cut off."""


def look_at(grey: Grey, board: Board, ids: NDArray[np.int64], corners_px: Array) -> Look | None:
    """Measured over squares whose four corners are seen; None without a black and a white one."""
    across, down = board.corners
    flat = np.full((down * across, 2), np.nan)
    flat[ids] = corners_px
    grid = flat.reshape(down, across, 2)
    levels = _levels(grey, grid)
    # The square right and below the corner (row r, column c) is (r + 1, c + 1) of the board; (0, 0) is black but on
    # the legacy pattern with an even number of rows.
    parity = np.add.outer(np.arange(down - 1), np.arange(across - 1)) % 2
    black_parity = 1 if board.legacy and board.rows % 2 == 0 else 0
    seen = np.isfinite(levels[..., 0])
    is_black = parity == black_parity
    blacks, whites = levels[seen & is_black][:, 0], levels[seen & ~is_black][:, 1]
    if not len(blacks) or not len(whites):
        return None
    level = np.where(is_black, levels[..., 0], levels[..., 1])
    normals, blurs = _edges(grey, grid, level)
    major, minor = _ellipse(normals, blurs) if len(blurs) >= LEAST_EDGES else (math.nan, math.nan)
    return Look(
        blur_px=major,
        least_blur_px=minor,
        contrast=float(np.median(whites) - np.median(blacks)),
        white_share=float(np.mean(whites >= WHITE)),
    )


def marker_blur_px(grey: Grey, ids: NDArray[np.int64], corners_px: Array) -> float | None:
    """The same from the edges of markers (N, 4, 2), for a picture too blurred to find squares; None if none tells."""
    seen = tuple(TagObservation(tag_id=int(tag_id), corners_px=at) for tag_id, at in zip(ids, corners_px, strict=True))
    mounts = {tag.tag_id: TagMount(tag_id=tag.tag_id, size_mm=1.0, body_from_tag=Transform.identity()) for tag in seen}
    return blur_px(grey, seen, Body(name="board", tags=tuple(mounts.values())))


def _levels(grey: Grey, grid: Array) -> Array:
    """(rows, columns, 2) of each square inside the corners: its median, and what a twentieth is brighter than."""
    a, b, c, d = grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]
    u, v = np.meshgrid(INSIDE, INSIDE)
    u, v = u.ravel()[:, None], v.ravel()[:, None]
    whole = np.isfinite(a + b + c + d).all(axis=-1)
    levels = np.full((*whole.shape, 2), np.nan)
    if whole.any():
        a, b, c, d = (corner[whole][:, None, :] for corner in (a, b, c, d))
        points = a * (1 - u) * (1 - v) + b * u * (1 - v) + c * (1 - u) * v + d * u * v
        seen = sampled(grey, points[..., 0], points[..., 1])
        levels[whole] = np.column_stack([np.median(seen, axis=1), np.percentile(seen, 95, axis=1)])
    return levels


def _edges(grey: Grey, grid: Array, level: Array) -> tuple[Array, Array]:
    """(N, 2) normals of the edges between two squares that are seen, and (N,) blur across each."""
    starts, ends, steps = [], [], []
    for axis in (0, 1):
        first, second = (level[:-1, :], level[1:, :]) if axis == 0 else (level[:, :-1], level[:, 1:])
        start, end = (grid[1:-1, :-1], grid[1:-1, 1:]) if axis == 0 else (grid[:-1, 1:-1], grid[1:, 1:-1])
        known = np.isfinite(first + second)
        starts.append(start[known])
        ends.append(end[known])
        steps.append(np.abs(first - second)[known])
    start, end, step = np.concatenate(starts), np.concatenate(ends), np.concatenate(steps)
    if not len(step):
        return np.empty((0, 2)), np.empty(0)
    along = end - start
    normal = np.column_stack([-along[:, 1], along[:, 0]]) / np.linalg.norm(along, axis=1)[:, None]
    points = (
        start[:, None, None]
        + along[:, None, None] * ALONG[None, :, None, None]
        + normal[:, None, None] * ACROSS[None, None, :, None]
    )
    profiles = sampled(grey, points[..., 0], points[..., 1]).mean(axis=1)
    # Over a whole pixel: what is finer is the sampling's.
    slope = np.abs(profiles[:, 2:] - profiles[:, :-2]).max(axis=1)
    good = (slope > 1.0) & (step > 10.0)
    return normal[good], step[good] / (slope[good] * math.sqrt(2.0 * math.pi))


def _ellipse(normals: Array, blurs: Array) -> tuple[float, float]:
    """Axes of the blur: least squares of `blur^2 = n' S n` over the edges.

    A board that is seen straight has edges of two directions only: a weak wish for a round blur says the third figure.
    """
    x, y = normals.T
    wish = math.sqrt(ROUND_WISH * len(blurs))
    rows = np.vstack([np.column_stack([x * x, 2 * x * y, y * y]), [[wish, 0.0, -wish], [0.0, 2.0 * wish, 0.0]]])
    xx, xy, yy = np.linalg.lstsq(rows, np.append(blurs**2, [0.0, 0.0]), rcond=None)[0]
    low, high = np.linalg.eigvalsh(np.array([[xx, xy], [xy, yy]]))
    return math.sqrt(max(high, 0.0)), math.sqrt(max(low, 0.0))
