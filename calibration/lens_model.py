"""OpenCV's five-parameter lens with its derivatives: nine numbers fx fy cx cy k1 k2 p1 p2 k3.

Formula: the OpenCV manual, calib3d. Pixels: (0, 0) is the centre of the first one. Millimetres in the camera frame.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vision.geometry import Array

LENS_NAMES = ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2", "k3")
NEAREST_MM = 1.0
"""Points nearer than this, or behind the camera, are projected as if they were this far: a bad step stays finite."""


def camera_matrix(lens: Array) -> Array:
    """(3, 3) of a lens (9,)."""
    return np.array([[lens[0], 0.0, lens[2]], [0.0, lens[1], lens[3]], [0.0, 0.0, 1.0]])


def lens_of(matrix: Any, distortion: Any) -> Array:
    """(9,) of a (3, 3) matrix and up to five distortion coefficients."""
    k, d = np.asarray(matrix, dtype=np.float64), np.zeros(5)
    given = np.asarray(distortion, dtype=np.float64).ravel()[:5]
    d[: len(given)] = given
    return np.array([k[0, 0], k[1, 1], k[0, 2], k[1, 2], *d])


def project(points_mm: Array, lens: Array) -> Array:
    """Camera points (N, 3) mm -> pixels (N, 2)."""
    depth = np.maximum(points_mm[:, 2], NEAREST_MM)
    x, y = points_mm[:, 0] / depth, points_mm[:, 1] / depth
    fx, fy, cx, cy, k1, k2, p1, p2, k3 = lens
    r2 = x * x + y * y
    radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
    u = fx * (x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x)) + cx
    v = fy * (y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y) + cy
    return np.stack([u, v], axis=1)


def project_with_derivatives(points_mm: Array, lens: Array) -> tuple[Array, Array, Array]:
    """Pixels (N, 2) of camera points (N, 3) mm, d pixels / d point (N, 2, 3), d pixels / d lens (N, 2, 9)."""
    count = len(points_mm)
    inv = 1.0 / np.maximum(points_mm[:, 2], NEAREST_MM)
    x, y = points_mm[:, 0] * inv, points_mm[:, 1] * inv
    fx, fy, cx, cy, k1, k2, p1, p2, k3 = lens
    r2 = x * x + y * y
    r4, xy = r2 * r2, x * y
    radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
    slope = k1 + r2 * (2.0 * k2 + 3.0 * r2 * k3)
    xd = x * radial + 2.0 * p1 * xy + p2 * (r2 + 2.0 * x * x)
    yd = y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * xy
    mixed = 2.0 * xy * slope + 2.0 * p1 * x + 2.0 * p2 * y
    by_point = np.empty((count, 2, 3))
    by_point[:, 0, 0] = fx * (radial + 2.0 * x * x * slope + 2.0 * p1 * y + 6.0 * p2 * x) * inv
    by_point[:, 0, 1] = fx * mixed * inv
    by_point[:, 1, 0] = fy * mixed * inv
    by_point[:, 1, 1] = fy * (radial + 2.0 * y * y * slope + 6.0 * p1 * y + 2.0 * p2 * x) * inv
    by_point[:, :, 2] = -(by_point[:, :, 0] * x[:, None] + by_point[:, :, 1] * y[:, None])
    by_lens = np.zeros((count, 2, 9))
    by_lens[:, 0, 0], by_lens[:, 1, 1], by_lens[:, 0, 2], by_lens[:, 1, 3] = xd, yd, 1.0, 1.0
    for column, power in ((4, r2), (5, r4), (8, r4 * r2)):
        by_lens[:, 0, column], by_lens[:, 1, column] = fx * x * power, fy * y * power
    by_lens[:, 0, 6], by_lens[:, 1, 6] = fx * 2.0 * xy, fy * (r2 + 2.0 * y * y)
    by_lens[:, 0, 7], by_lens[:, 1, 7] = fx * (r2 + 2.0 * x * x), fy * 2.0 * xy
    return np.stack([fx * xd + cx, fy * yd + cy], axis=1), by_point, by_lens


def rays(pixels: Array, lens: Array) -> tuple[Array, Array]:
    """Pixels (N, 2) -> points (N, 3) at depth 1 on their rays, and (N,) whether the lens can be undone there.

    Newton's method on the two distorted coordinates; far outside the picture a fitted polynomial can fold over.
    """
    normal = np.array([1.0, 1.0, 0.0, 0.0, *lens[4:]])
    wanted = (pixels - lens[2:4]) / lens[:2]
    points = np.column_stack([wanted, np.ones(len(wanted))])
    for _ in range(30):
        seen, by_point, _ = project_with_derivatives(points, normal)
        off = wanted - seen
        (a, b), (c, d) = (by_point[:, 0, 0], by_point[:, 0, 1]), (by_point[:, 1, 0], by_point[:, 1, 1])
        det = a * d - b * c
        det = np.where(np.abs(det) < 1e-9, 1e-9, det)
        points[:, 0] += np.clip((d * off[:, 0] - b * off[:, 1]) / det, -0.5, 0.5)
        points[:, 1] += np.clip((a * off[:, 1] - c * off[:, 0]) / det, -0.5, 0.5)
        if float(np.abs(off).max(initial=0.0)) < 1e-13:
            break
    missed = np.linalg.norm((project(points, normal) - wanted) * lens[:2], axis=1)
    return points, missed < 1e-3
