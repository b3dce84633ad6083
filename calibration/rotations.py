"""Rotation vectors and rigid transforms as arrays, many at once: what the adjustment is written in.

Shapes: (..., 3) rotation vectors in rad, (..., 3, 3) rotations, (..., 4, 4) homogeneous transforms in mm.
Formulas: Rodrigues; the left Jacobian as in Barfoot, State Estimation for Robotics, 7.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vision.geometry import Array, Transform

_SMALL_RAD = 1e-5


def cross_matrix(vectors: Any) -> Array:
    """(..., 3) -> (..., 3, 3) with `cross_matrix(v) @ w == cross(v, w)`."""
    v = np.asarray(vectors, dtype=np.float64)
    out = np.zeros((*v.shape, 3))
    out[..., 0, 1], out[..., 0, 2] = -v[..., 2], v[..., 1]
    out[..., 1, 0], out[..., 1, 2] = v[..., 2], -v[..., 0]
    out[..., 2, 0], out[..., 2, 1] = -v[..., 1], v[..., 0]
    return out


def cross(a: Array, b: Array) -> Array:
    """Cross product of (..., 3) and (..., 3), broadcast; several times quicker than numpy's."""
    x = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    y = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    z = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return np.stack([x, y, z], axis=-1)


def exp(vectors: Any) -> Array:
    """(..., 3) rotation vectors, rad -> (..., 3, 3) rotations."""
    v = np.asarray(vectors, dtype=np.float64)
    square = (v * v).sum(axis=-1)
    angle = np.sqrt(square)
    small = angle < _SMALL_RAD
    safe = np.where(small, 1.0, angle)
    first = np.where(small, 1.0 - square / 6.0, np.sin(safe) / safe)[..., None, None]
    second = np.where(small, 0.5 - square / 24.0, (1.0 - np.cos(safe)) / safe**2)[..., None, None]
    k = cross_matrix(v)
    return np.asarray(np.eye(3) + first * k + second * (k @ k))


def log(rotations: Any) -> Array:
    """(..., 3, 3) rotations -> (..., 3) rotation vectors, rad, of length 0 to pi.

    By way of the unit quaternion, which is accurate at every angle, half turns included.
    """
    r = np.asarray(rotations, dtype=np.float64)
    m = [[r[..., i, j] for j in range(3)] for i in range(3)]
    trace = m[0][0] + m[1][1] + m[2][2]
    # Four times the outer product of the quaternion (w, x, y, z) with itself; its longest row is the best conditioned.
    rows = np.stack(
        [
            np.stack([1 + trace, m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]], -1),
            np.stack([m[2][1] - m[1][2], 1 + 2 * m[0][0] - trace, m[0][1] + m[1][0], m[0][2] + m[2][0]], -1),
            np.stack([m[0][2] - m[2][0], m[0][1] + m[1][0], 1 + 2 * m[1][1] - trace, m[1][2] + m[2][1]], -1),
            np.stack([m[1][0] - m[0][1], m[0][2] + m[2][0], m[1][2] + m[2][1], 1 + 2 * m[2][2] - trace], -1),
        ],
        axis=-2,
    )
    longest = np.argmax(np.stack([rows[..., i, i] for i in range(4)], -1), axis=-1)
    q = np.take_along_axis(rows, longest[..., None, None], axis=-2)[..., 0, :]
    q = q / np.linalg.norm(q, axis=-1, keepdims=True)
    q = np.where(q[..., :1] < 0.0, -q, q)
    sine = np.linalg.norm(q[..., 1:], axis=-1)
    angle = 2.0 * np.arctan2(sine, q[..., 0])
    factor = np.where(sine < 1e-9, 2.0, angle / np.where(sine < 1e-9, 1.0, sine))
    return np.asarray(q[..., 1:] * factor[..., None])


def left_jacobian(vectors: Any) -> Array:
    """(..., 3) -> (..., 3, 3) with `exp(v + dv) = exp(left_jacobian(v) @ dv) @ exp(v)` to first order."""
    v = np.asarray(vectors, dtype=np.float64)
    square = (v * v).sum(axis=-1)
    angle = np.sqrt(square)
    small = angle < _SMALL_RAD
    safe = np.where(small, 1.0, angle)
    first = np.where(small, 0.5 - square / 24.0, (1.0 - np.cos(safe)) / safe**2)[..., None, None]
    second = np.where(small, 1.0 / 6.0 - square / 120.0, (safe - np.sin(safe)) / safe**3)[..., None, None]
    k = cross_matrix(v)
    return np.asarray(np.eye(3) + first * k + second * (k @ k))


def homogeneous(rotation: Any, translation_mm: Any) -> Array:
    """(..., 3, 3) and (..., 3) mm -> (..., 4, 4)."""
    r, t = np.asarray(rotation, dtype=np.float64), np.asarray(translation_mm, dtype=np.float64)
    out = np.zeros((*np.broadcast_shapes(r.shape[:-2], t.shape[:-1]), 4, 4))
    out[..., :3, :3], out[..., :3, 3], out[..., 3, 3] = r, t, 1.0
    return out


def inverse(transforms: Array) -> Array:
    """(..., 4, 4) -> (..., 4, 4)."""
    turned = np.swapaxes(transforms[..., :3, :3], -1, -2)
    return homogeneous(turned, -(turned @ transforms[..., :3, 3:])[..., 0])


def moved(transforms: Array, steps: Array) -> Array:
    """Left perturbation `[exp(r), t] @ T` of (..., 4, 4) by (..., 6) = (r rad, t mm)."""
    return np.asarray(homogeneous(exp(steps[..., :3]), steps[..., 3:]) @ transforms)


def deviation(true: Array, estimated: Array) -> Array:
    """(..., 6) = (r rad, t mm) with `true = [exp(r), t] @ estimated`: the inverse of `moved`."""
    between = true @ inverse(estimated)
    return np.concatenate([log(between[..., :3, :3]), between[..., :3, 3]], axis=-1)


def adjoint(transforms: Array) -> Array:
    """(..., 6, 6) that carries a left perturbation from the source into the target frame: `T [xi] T^-1 = [adjoint xi]`.

    Rows and columns in the order rotation, translation.
    """
    r, t = transforms[..., :3, :3], transforms[..., :3, 3]
    out = np.zeros((*transforms.shape[:-2], 6, 6))
    out[..., :3, :3] = out[..., 3:, 3:] = r
    out[..., 3:, :3] = cross_matrix(t) @ r
    return out


def as_array(transform: Transform) -> Array:
    """A Transform as (4, 4), mm."""
    return homogeneous(transform.rotation, transform.translation_mm)


def as_transform(matrix: Array) -> Transform:
    """A (4, 4) as a Transform, its rotation made orthonormal again (sums of many small turns drift)."""
    u, _, vt = np.linalg.svd(matrix[:3, :3])
    return Transform(u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt, matrix[:3, 3])
