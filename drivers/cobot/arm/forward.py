"""Where an arm's frames are for given joint angles, and how its tip moves with each joint. Pure; millimetres, degrees.

Convention of `model`: `T_i = Rz(q_i + offset_i) Tz(d_i) Tx(a_i) Rx(alpha_i)`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from drivers.cobot.arm.model import JOINTS, ArmModel, Array

Vector = tuple[float, float, float]
Frame = tuple[Vector, Vector, Vector, Vector]
"""x, y and z axis (unit vectors) and origin (mm) of a frame, in the arm's base frame."""

BASE: Frame = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, 0.0))


def walk(model: ArmModel, angles_rad: Sequence[float]) -> list[Frame]:
    """Seven frames in plain floats, the base first and the flange last; `angles_rad` without the table's offsets.

    Plain floats because the inverse asks for it thousands of times: an array of this size costs more than its sums.
    """
    frames = [BASE]
    (ax, ay, az), (bx, by, bz), (cx, cy, cz), (px, py, pz) = BASE
    for row, angle in zip(model.rows, angles_rad, strict=True):
        q = angle + row.offset_rad
        c, s = math.cos(q), math.sin(q)
        px, py, pz = px + row.d_mm * cx, py + row.d_mm * cy, pz + row.d_mm * cz
        ax, ay, az, bx, by, bz = (
            c * ax + s * bx, c * ay + s * by, c * az + s * bz,
            c * bx - s * ax, c * by - s * ay, c * bz - s * az,
        )  # fmt: skip
        px, py, pz = px + row.a_mm * ax, py + row.a_mm * ay, pz + row.a_mm * az
        if row.alpha_rad:
            c, s = math.cos(row.alpha_rad), math.sin(row.alpha_rad)
            bx, by, bz, cx, cy, cz = (
                c * bx + s * cx, c * by + s * cy, c * bz + s * cz,
                c * cx - s * bx, c * cy - s * by, c * cz - s * bz,
            )  # fmt: skip
        frames.append(((ax, ay, az), (bx, by, bz), (cx, cy, cz), (px, py, pz)))
    return frames


def joint_frames(model: ArmModel, angles_deg: Sequence[float]) -> Array:
    """(7, 4, 4) matrices `base_from_frame`: the base, then the frame behind each joint; the last is the flange."""
    frames = np.zeros((JOINTS + 1, 4, 4))
    frames[:, :3] = np.array(walk(model, [math.radians(angle) for angle in angles_deg])).transpose(0, 2, 1)
    frames[:, 3, 3] = 1.0
    return frames


def flange(model: ArmModel, angles_deg: Sequence[float]) -> Array:
    """(4, 4) `base_from_flange`."""
    return np.array(joint_frames(model, angles_deg)[-1])


def jacobian(model: ArmModel, angles_deg: Sequence[float], tip_mm: Sequence[float] = (0.0, 0.0, 0.0)) -> Array:
    """(6, 6): how fast the tip moves (mm/rad, rows 0-2) and turns (rad/rad, rows 3-5) with each joint, base frame.

    `tip_mm` is the tip in the flange frame. Joint n turns about the z axis of frame n - 1.
    """
    frames = joint_frames(model, angles_deg)
    tip = frames[-1, :3, 3] + frames[-1, :3, :3] @ np.asarray(tip_mm, dtype=np.float64)
    axes = frames[:-1, :3, 2]
    return np.vstack([np.cross(axes, tip - frames[:-1, :3, 3]).T, axes.T])
