"""An arm as a chain of Denavit-Hartenberg links: where the flange is, and how that moves with joints and links.

Standard (distal) convention: `T = prod Rz(theta + offset) Tz(d) Tx(a) Rx(alpha)`; a row of the table is
(offset rad, d mm, a mm, alpha rad). All poses of a set are computed at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.rotations import cross, homogeneous
from vision.geometry import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmPoses:
    """The flange of an arm at P poses and its derivatives, in the base frame."""

    base_from_flange: Array
    """(P, 4, 4) mm."""
    joint_axes: Array
    """(P, 3, 6) the axis z of each joint: how fast a unit turn of the joint turns the flange (space Jacobian)."""
    joint_moments: Array
    """(P, 3, 6) o x z in mm: a point p fixed to the flange moves by `moment + axis x p` a radian."""
    d_directions: Array
    """(P, 3, 6) how the flange moves a millimetre of each d: along the joint's axis."""
    a_directions: Array
    """(P, 3, 6) how the flange moves a millimetre of each a: along the link's x axis."""

    def body_jacobian(self) -> Array:
        """(P, 6, 6) columns by joint: turn (rad) and move (mm) of the flange in its own frame, a radian."""
        turned = np.swapaxes(self.base_from_flange[:, :3, :3], 1, 2)
        origin = self.base_from_flange[:, :3, 3]
        at_origin = self.joint_moments + np.swapaxes(
            cross(np.swapaxes(self.joint_axes, 1, 2), origin[:, None, :]), 1, 2
        )
        return np.concatenate([turned @ self.joint_axes, turned @ at_origin], axis=1)


def arm_poses(
    table: Array, joints_rad: Array, d_off_mm: Array | None = None, a_off_mm: Array | None = None
) -> ArmPoses:
    """The flange for joints (P, 6) rad; `d_off_mm` and `a_off_mm` (6,) are added to the table's d and a."""
    count, links = len(joints_rad), len(table)
    d = table[:, 1] + (0.0 if d_off_mm is None else d_off_mm)
    a = table[:, 2] + (0.0 if a_off_mm is None else a_off_mm)
    rotation, origin = np.broadcast_to(np.eye(3), (count, 3, 3)), np.zeros((count, 3))
    axes, moments = np.empty((count, 3, links)), np.empty((count, 3, links))
    along = np.empty((count, 3, links))
    for j in range(links):
        theta, alpha = joints_rad[:, j] + table[j, 0], table[j, 3]
        ct, st, ca, sa = np.cos(theta), np.sin(theta), np.cos(alpha), np.sin(alpha)
        axes[:, :, j], moments[:, :, j] = rotation[:, :, 2], cross(origin, rotation[:, :, 2])
        x_axis = rotation[:, :, 0] * ct[:, None] + rotation[:, :, 1] * st[:, None]
        y_axis = rotation[:, :, 1] * ct[:, None] - rotation[:, :, 0] * st[:, None]
        along[:, :, j] = x_axis
        origin = origin + d[j] * rotation[:, :, 2] + a[j] * x_axis
        z_axis = rotation[:, :, 2]
        rotation = np.stack([x_axis, ca * y_axis + sa * z_axis, ca * z_axis - sa * y_axis], axis=2)
    return ArmPoses(
        base_from_flange=homogeneous(rotation, origin),
        joint_axes=axes,
        joint_moments=moments,
        d_directions=axes,
        a_directions=along,
    )
