"""Poses as the arm tells them, x y z in mm and rx ry rz in degrees with R = Rz Ry Rx, to matrices and back. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from drivers.cobot.arm.model import Array
from drivers.cobot.mycobot280.kinematics import rotation_of

Pose = tuple[float, ...]
NO_OFFSET: Pose = (0.0,) * 6


def matrix_of(pose: Sequence[float]) -> Array:
    """(4, 4) matrix of a pose."""
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation_of(*pose[3:]), pose[:3]
    return matrix


def pose_of(matrix: Array) -> Pose:
    """The pose of a (4, 4) matrix. Where only rx and rz together are determined, it is all rz."""
    ry = math.asin(max(-1.0, min(1.0, -float(matrix[2, 0]))))
    if abs(math.cos(ry)) > 1e-9:
        rx = math.atan2(matrix[2, 1], matrix[2, 2])
        rz = math.atan2(matrix[1, 0], matrix[0, 0])
    else:
        rx, rz = 0.0, math.atan2(-matrix[0, 1], matrix[1, 1])
    x, y, z = (float(part) for part in matrix[:3, 3])
    return (x, y, z, math.degrees(rx), math.degrees(ry), math.degrees(rz))


def flange_of(tip: Sequence[float], tool: Sequence[float]) -> Pose:
    """Where the flange is when the tip of a tool is at `tip`; `tool` is the tip in the flange frame."""
    return pose_of(matrix_of(tip) @ np.linalg.inv(matrix_of(tool)))
