"""Where the myCobot 280's links are, and which joint angles bring its flange somewhere. Pure; millimetres and degrees.

Standard Denavit-Hartenberg table of the vendor's documentation ("SDH", product parameters of the myCobot 280):
`T_i = Rz(q_i + offset_i) Tz(d_i) Tx(a_i) Rx(alpha_i)`. Arm base frame: z up through joint 1, x forward at zero angles.
The vendor's coordinates are the flange position and R = Rz(rz) Ry(ry) Rx(rx).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_HALF = math.pi / 2
# d (mm), a (mm), alpha (rad), offset (rad) of each joint
_DH: tuple[tuple[float, float, float, float], ...] = (
    (131.22, 0.0, _HALF, 0.0),
    (0.0, -110.4, 0.0, -_HALF),
    (0.0, -96.0, 0.0, 0.0),
    (63.4, 0.0, _HALF, -_HALF),
    (75.05, 0.0, -_HALF, _HALF),
    (45.6, 0.0, 0.0, 0.0),
)
JOINTS = len(_DH)

_RAD_MM = 100.0
"""How many millimetres of error one radian of error weighs in the inverse."""
_STEPS = 150
_CLOSE_MM = 0.01
_DAMPING = 4.0
_LARGEST_STEP_RAD = 0.3
# Where the search starts again when it ends in a corner of the joint range: elbow, wrist and base turned.
_RESTARTS_DEG = (
    (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    (0.0, -40.0, 80.0, -40.0, 0.0, 0.0),
    (0.0, 40.0, -80.0, 40.0, 0.0, 0.0),
    (90.0, -40.0, 80.0, -40.0, 60.0, 0.0),
    (-90.0, -40.0, 80.0, -40.0, -60.0, 0.0),
    (150.0, -60.0, 100.0, -40.0, 90.0, 90.0),
    (-150.0, -60.0, 100.0, -40.0, -90.0, -90.0),
    (0.0, -40.0, 80.0, -40.0, 90.0, 90.0),
    (0.0, -40.0, 80.0, -40.0, -90.0, -90.0),
    (0.0, 60.0, 60.0, -120.0, 90.0, 0.0),
    (0.0, -60.0, -60.0, 120.0, 90.0, 0.0),
)

Limits = Sequence[tuple[float, float]]
"""Lowest and highest angle of each joint, degrees."""


def joint_frames(angles_deg: Sequence[float]) -> Array:
    """(7, 4, 4) matrices `base_from_frame`: the base, then the frame behind each joint; the last is the flange."""
    frames = np.empty((JOINTS + 1, 4, 4))
    frames[0] = np.eye(4)
    for index, ((d, a, alpha, offset), angle) in enumerate(zip(_DH, angles_deg, strict=True)):
        q = math.radians(angle) + offset
        cq, sq, ca, sa = math.cos(q), math.sin(q), math.cos(alpha), math.sin(alpha)
        step = np.array(
            [
                [cq, -sq * ca, sq * sa, a * cq],
                [sq, cq * ca, -cq * sa, a * sq],
                [0.0, sa, ca, d],
                [0.0, 0.0, 0.0, 1.0],
            ]
        )
        frames[index + 1] = frames[index] @ step
    return frames


def link_points_mm(angles_deg: Sequence[float]) -> Array:
    """(7, 3) points of the arm in its base frame, mm: base, the origin behind each joint, the last one the flange."""
    return np.array(joint_frames(angles_deg)[:, :3, 3])


def coords(angles_deg: Sequence[float]) -> tuple[float, float, float, float, float, float]:
    """Flange pose as the arm reports it: x, y, z in mm and rx, ry, rz in degrees."""
    flange = joint_frames(angles_deg)[-1]
    x, y, z = (float(v) for v in flange[:3, 3])
    ry = math.asin(max(-1.0, min(1.0, -float(flange[2, 0]))))
    if abs(math.cos(ry)) > 1e-9:
        rx = math.atan2(flange[2, 1], flange[2, 2])
        rz = math.atan2(flange[1, 0], flange[0, 0])
    else:  # Only rx and rz together are determined; give it all to rz.
        rx = 0.0
        rz = math.atan2(-flange[0, 1], flange[1, 1])
    return (x, y, z, math.degrees(rx), math.degrees(ry), math.degrees(rz))


def rotation_of(rx_deg: float, ry_deg: float, rz_deg: float) -> Array:
    """(3, 3) rotation of the vendor's angles: R = Rz(rz) Ry(ry) Rx(rx)."""
    (cx, sx), (cy, sy), (cz, sz) = (
        (math.cos(math.radians(v)), math.sin(math.radians(v))) for v in (rx_deg, ry_deg, rz_deg)
    )
    return np.array(
        [
            [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
            [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
            [-sy, cy * sx, cy * cx],
        ]
    )


def solve(
    position_mm: Sequence[float],
    axis: Sequence[float] | None,
    start_angles_deg: Sequence[float],
    limits_deg: Limits,
    *,
    tip_mm: Sequence[float] = (0.0, 0.0, 0.0),
) -> tuple[float, ...] | None:
    """Joint angles that bring the tip to `position_mm`, its z axis along `axis` (any direction when None).

    Position and axis are in the arm's base frame; `tip_mm` is the tip in the flange frame. Of several solutions the one
    nearest the start that the search finds. None when the point cannot be reached within the limits.
    """
    wanted = None if axis is None else np.asarray(axis, dtype=np.float64) / np.linalg.norm(np.asarray(axis))

    def turn(rotation: Array) -> Array:
        return np.zeros(3) if wanted is None else _between(rotation[:, 2], wanted)

    orientation_rows = 0 if wanted is None else 3
    return _search(
        np.asarray(position_mm, float),
        turn=turn,
        orientation_rows=orientation_rows,
        start_angles_deg=start_angles_deg,
        limits_deg=limits_deg,
        tip_mm=tip_mm,
    )


def solve_coords(
    target: Sequence[float], start_angles_deg: Sequence[float], limits_deg: Limits
) -> tuple[float, ...] | None:
    """Joint angles for a flange pose x, y, z (mm), rx, ry, rz (degrees), as in `coords`; None when there are none."""
    wanted = rotation_of(*target[3:])

    def turn(rotation: Array) -> Array:
        return _rotation_vector(wanted @ rotation.T)

    return _search(
        np.asarray(target[:3], float),
        turn=turn,
        orientation_rows=3,
        start_angles_deg=start_angles_deg,
        limits_deg=limits_deg,
        tip_mm=(0.0, 0.0, 0.0),
    )


def _search(
    position_mm: Array,
    *,
    turn: Callable[[Array], Array],
    orientation_rows: int,
    start_angles_deg: Sequence[float],
    limits_deg: Limits,
    tip_mm: Sequence[float],
) -> tuple[float, ...] | None:
    """Damped least squares (Wampler 1986) from the start, then from other postures; joint limits by clamping."""
    low, high = np.radians(np.asarray(limits_deg, dtype=np.float64)).T
    tip = np.asarray(tip_mm, dtype=np.float64)
    for start in (start_angles_deg, *_RESTARTS_DEG):
        angles = np.clip(np.radians(np.asarray(start, dtype=np.float64)), low, high)
        for _ in range(_STEPS):
            frames = joint_frames(np.degrees(angles))
            point = frames[-1, :3, 3] + frames[-1, :3, :3] @ tip
            error = np.concatenate([position_mm - point, _RAD_MM * turn(frames[-1, :3, :3])])[: 3 + orientation_rows]
            if np.linalg.norm(error) < _CLOSE_MM:
                return tuple(float(v) for v in np.degrees(angles))
            axes = frames[:-1, :3, 2]
            linear = np.cross(axes, point - frames[:-1, :3, 3])
            jacobian = np.vstack([linear.T, _RAD_MM * axes.T])[: 3 + orientation_rows]
            # Damping grows with the error: steady from afar, quick in the end, also next to singular postures.
            damping = min(_DAMPING**2, float(np.linalg.norm(error)) * 0.5) + 1e-6
            step = jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + damping * np.eye(len(error)), error)
            step *= min(1.0, _LARGEST_STEP_RAD / max(1e-12, float(np.abs(step).max())))
            angles = np.clip(angles + step, low, high)
    return None


def _between(have: Array, want: Array) -> Array:
    """The rotation vector (rad) that turns one unit vector into another."""
    across = np.cross(have, want)
    sine, cosine = float(np.linalg.norm(across)), float(have @ want)
    if sine < 1e-9:
        # Opposite directions: any perpendicular will do to get away from there.
        return np.zeros(3) if cosine > 0 else math.pi * np.cross(have, np.eye(3)[int(np.argmin(np.abs(have)))])
    return across * (math.atan2(sine, cosine) / sine)


def _rotation_vector(rotation: Array) -> Array:
    """The rotation vector (rad) of a rotation matrix; near half a turn only its direction is approximate."""
    skew = np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]])
    sine, cosine = float(np.linalg.norm(skew)) / 2, (float(np.trace(rotation)) - 1) / 2
    if sine < 1e-9:
        return np.zeros(3) if cosine > 0 else np.array([math.pi, 0.0, 0.0])
    return skew * (math.atan2(sine, cosine) / (2 * sine))
