"""All postures of an arm that have its flange in one place, in closed form. Pure; plain floats, degrees outside.

Joints 2, 3 and 4 turn about parallel axes, all square to joint 1's. So, with t_i = q_i + offset_i and everything read
along or across those axes:

1. The wrist (frame 5's origin) is at a fixed distance along them: two angles for joint 1.
2. The flange's z makes the angle t_5 with them: two angles for joint 5.
3. Their direction as the flange sees it is joint 6. At t_5 = 0 or 180 degrees joint 6 turns about them as well and is
   free: the wrist is singular, and whoever asks says which joint 6 to take.
4. What is left is a chain of two links in the plane across: two angles for joint 3, then joints 2 and 4.

The steps are those of every text on this structure, e.g. K. P. Hawkins, "Analytic Inverse Kinematics for the Universal
Robots UR-5/UR-10 Arms", Georgia Tech, 2013. Each result goes forwards again before it is returned, and is dropped
where it misses the pose. None needs polishing: they hit it to a millionth of a millionth of a millimetre.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from drivers.cobot.arm.forward import Frame, Vector, walk
from drivers.cobot.arm.model import Angles, ArmModel, Array

_SINGULAR = 5e-8
"""Below this sine of t_5 joint 6 counts as free: the direction that would tell it is lost in rounding."""
_ONE_RAD = 1e-7
"""Two branches nearer than this are one."""
EDGE_MM = 1e-6
"""How far beyond the arm's reach a place may be, by rounding, for the edge to be taken for it."""
_MISS_EDGES = 10.0
"""A result that misses by more than this times the edge is dropped."""
_RAD_MM = 100.0
"""How many millimetres one radian of turn counts as in a miss."""
_ROUGH = 1e-3
"""Axes that are further than this from square are none of a pose."""


def pose_frame(matrix: Array) -> Frame:
    """A (4, 4) pose as plain floats, its axes made square to each other and of length 1 to the last digit.

    Raises ValueError where they are not so to a thousandth: then it is no pose.
    """
    (xx, yx, zx, px), (xy, yy, zy, py), (xz, yz, zz, pz), _ = np.asarray(matrix, dtype=np.float64).tolist()
    z = _unit((zx, zy, zz))
    y = _unit(_cross(z, (xx, xy, xz)))
    x = _cross(y, z)
    if not max(math.dist(x, (xx, xy, xz)), math.dist(y, (yx, yy, yz)), math.dist(z, (zx, zy, zz))) < _ROUGH:
        raise ValueError("the axes of this pose are not square to each other: compute it again from a rotation")
    return x, y, z, (px, py, pz)


def postures(
    model: ArmModel, pose: Frame, free_joint6_rad: Sequence[float], edge_mm: float = EDGE_MM
) -> Iterator[Angles]:
    """Each posture once, degrees within +-180, whatever the limits.

    `free_joint6_rad` are the angles for joint 6 where the wrist is singular. A place at most `edge_mm` beyond the arm's
    reach gets the edge.
    """
    offsets = [row.offset_rad for row in model.rows]
    for thetas in _closed(model, pose, [angle + offsets[5] for angle in free_joint6_rad], edge_mm):
        angles = [theta - offset for theta, offset in zip(thetas, offsets, strict=True)]
        if _miss_mm(model, pose, angles) < _MISS_EDGES * edge_mm:
            yield tuple(math.degrees(math.remainder(angle, 2 * math.pi)) for angle in angles)


def _closed(model: ArmModel, pose: Frame, free_theta6: Sequence[float], edge_mm: float) -> Iterator[tuple[float, ...]]:
    """The angles t_1 to t_6 (rad) of every branch, by the steps above."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz), (px, py, pz) = pose
    d5, d6 = model.rows[4].d_mm, model.rows[5].d_mm
    wrist_x, wrist_y, wrist_z = px - d6 * zx, py - d6 * zy, pz - d6 * zz
    along = model.rows[1].d_mm + model.rows[2].d_mm + model.rows[3].d_mm
    away = math.hypot(wrist_x, wrist_y)
    if away < abs(along) - edge_mm or away < EDGE_MM:
        return
    lean = math.asin(max(-1.0, min(1.0, along / away)))
    for theta1 in _both(math.pi / 2 - lean, math.pi / 2 + math.atan2(wrist_y, wrist_x)):
        c1, s1 = math.cos(theta1), math.sin(theta1)
        # The flange's axes, and the wrist, along the parallel axes (s1, -c1, 0) and across: u is (c1, s1, 0), v is z.
        x_along, y_along, z_along = s1 * xx - c1 * xy, s1 * yx - c1 * yy, s1 * zx - c1 * zy
        x_u, y_u, z_u, wrist_u = (
            c1 * xx + s1 * xy, c1 * yx + s1 * yy, c1 * zx + s1 * zy, c1 * wrist_x + s1 * wrist_y,
        )  # fmt: skip
        sine = math.hypot(z_u, zz)
        for s5 in (sine, -sine) if sine > _SINGULAR else (0.0,):
            theta5 = math.atan2(s5, z_along)
            for theta6 in (math.atan2(-y_along / s5, x_along / s5),) if s5 else free_theta6:
                c5, c6, s6 = math.cos(theta5), math.cos(theta6), math.sin(theta6)
                # Frame 4's x axis: t_2 + t_3 + t_4 is its angle in the plane.
                x4_u = c5 * (c6 * x_u - s6 * y_u) - s5 * z_u
                x4_v = c5 * (c6 * xz - s6 * yz) - s5 * zz
                theta234 = math.atan2(x4_v, x4_u)
                u = wrist_u - d5 * math.sin(theta234)
                v = wrist_z - model.rows[0].d_mm + d5 * math.cos(theta234)
                for theta2, theta3 in _two_links(model.rows[1].a_mm, model.rows[2].a_mm, u, v, edge_mm):
                    yield theta1, theta2, theta3, theta234 - theta2 - theta3, theta5, theta6


def _two_links(
    upper_mm: float, fore_mm: float, u_mm: float, v_mm: float, edge_mm: float
) -> Iterator[tuple[float, float]]:
    """The angles (rad) of a chain of two links in a plane, from its root to (u, v)."""
    away = math.hypot(u_mm, v_mm)
    longest, shortest = abs(upper_mm) + abs(fore_mm), abs(abs(upper_mm) - abs(fore_mm))
    if not shortest - edge_mm <= away <= longest + edge_mm:
        return
    cosine = (away**2 - upper_mm**2 - fore_mm**2) / (2 * upper_mm * fore_mm)
    for theta3 in _both(math.acos(max(-1.0, min(1.0, cosine))), 0.0):
        bend = math.atan2(fore_mm * math.sin(theta3), upper_mm + fore_mm * math.cos(theta3))
        yield math.atan2(v_mm, u_mm) - bend, theta3


def _both(angle: float, middle: float) -> tuple[float, ...]:
    """The two angles (rad) at either side of a middle, or the one where they meet: in the middle or opposite."""
    if angle < _ONE_RAD:
        return (middle,)
    if angle > math.pi - _ONE_RAD:
        return (middle + math.pi,)
    return (middle + angle, middle - angle)


def _miss_mm(model: ArmModel, pose: Frame, angles_rad: Sequence[float]) -> float:
    """How far from the pose these angles have the flange, its turn counted by `_RAD_MM`."""
    here = walk(model, angles_rad)[-1]
    turn = max(
        abs(a - b) for have, want in zip(here[:3], pose[:3], strict=True) for a, b in zip(have, want, strict=True)
    )
    return max(math.dist(here[3], pose[3]), _RAD_MM * turn)


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _unit(vector: Vector) -> Vector:
    length = math.hypot(*vector) or math.nan
    return vector[0] / length, vector[1] / length, vector[2] / length
