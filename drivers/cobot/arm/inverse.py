"""Which joint angles bring an arm's flange somewhere: all of them, in closed form. Pure; millimetres and degrees.

Joints 2, 3 and 4 turn about parallel axes, all square to joint 1's. So, with t_i = q_i + offset_i and everything read
along or across those axes:

1. The wrist (frame 5's origin) is at a fixed distance along them: two angles for joint 1.
2. The flange's z makes the angle t_5 with them: two angles for joint 5.
3. Their direction as the flange sees it is joint 6. At t_5 = 0 or 180 degrees joint 6 turns about them as well and is
   free: the wrist is singular, and whoever asks says which joint 6 to take.
4. What is left is a chain of two links in the plane across: two angles for joint 3, then joints 2 and 4.

The steps are those of every text on this structure, e.g. K. P. Hawkins, "Analytic Inverse Kinematics for the Universal
Robots UR-5/UR-10 Arms", Georgia Tech, 2013. Each result goes forwards again before it is returned, and is dropped
where it misses the pose.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from drivers.cobot.arm.forward import Frame, flange, jacobian, walk
from drivers.cobot.arm.model import Angles, ArmModel, Array, Limits

Accept = Callable[[Angles], bool]
"""Whether a posture may be taken, for instance because it is free of the bench."""

WEIGHTS = (1.0, 1.0, 0.8, 0.6, 0.5, 0.3)
"""What a degree of each joint costs when the nearest posture is chosen: the further out, the less moves with it."""

_SINGULAR = 1e-7
"""Below this sine of t_5 joint 6 counts as free: the direction that would tell it is lost in rounding."""
_ONE_RAD = 1e-7
"""Two branches nearer than this are one."""
_EDGE_MM = 1e-6
"""How far beyond its reach a point may be and still count as on the edge."""
_CLOSE_MM = 1e-9
"""Below this miss a result is not polished."""
_MISS_MM = 1e-5
"""Above this miss, after polishing, a result is dropped."""
_POLISHES = 2
_RAD_MM = 100.0
"""How many millimetres one radian of turn counts as in a miss."""
_LIMIT_DEG = 1e-7
"""How far beyond a limit an angle may be by rounding; it is then set to the limit."""
_FREE_STEP_DEG = 10
"""How finely joint 6 is tried where it is free."""
_AXIS_STEP_DEG = 15
_AXIS_NARROWINGS = 14
_SAME_BRANCH_DEG = 60.0
"""Further than this from the accepted posture, one for a turn nearby is of another branch."""
_GOLDEN = (math.sqrt(5) - 1) / 2


def solutions(model: ArmModel, base_from_flange: Array, limits_deg: Limits | None = None) -> tuple[Angles, ...]:
    """Every posture within the limits that has the flange there, turns by 360 degrees included; empty when none.

    Where the wrist is singular, and so the postures without number, those with joint 6 at 0.
    """
    limits = model.limits_deg if limits_deg is None else limits_deg
    return tuple(
        turned
        for posture in _postures(model, _frame(base_from_flange), (0.0,))
        for turned in itertools.product(*(_turns(q, *limit) for q, limit in zip(posture, limits, strict=True)))
    )


def nearest(
    model: ArmModel,
    base_from_flange: Array,
    start_deg: Sequence[float],
    limits_deg: Limits | None = None,
    accept: Accept | None = None,
) -> Angles | None:
    """The posture within the limits that has the flange there and is nearest to `start_deg`; None when there is none.

    Nearness is the sum of squared joint angles, weighted by `WEIGHTS`. `accept` is asked from the nearest posture on,
    once for each: turns by 360 degrees leave the arm where it is. Where the wrist is singular, joint 6 is tried where
    it is, and in steps all around.
    """
    limits = model.limits_deg if limits_deg is None else limits_deg
    for _, posture in sorted(_ranked(model, _frame(base_from_flange), start_deg, limits)):
        if accept is None or accept(posture):
            return posture
    return None


def along_axis(
    model: ArmModel,
    tip_at_mm: Sequence[float],
    axis: Sequence[float],
    start_deg: Sequence[float],
    *,
    tip_mm: Sequence[float],
    limits_deg: Limits | None = None,
    accept: Accept | None = None,
) -> Angles | None:
    """The nearest accepted posture with the tip at a point and the flange's z along `axis`, the turn about it free.

    `tip_at_mm` and `axis` (any length but 0) are in the base frame, `tip_mm` is the tip in the flange frame. The turn
    is sampled all around, then narrowed down beside the best one that is accepted. None when there is none.
    Raises ValueError for an axis of length 0.
    """
    limits = model.limits_deg if limits_deg is None else limits_deg
    upright = _turned_along(flange(model, start_deg)[:3, :3], np.asarray(axis, dtype=np.float64))
    at, tip = np.asarray(tip_at_mm, dtype=np.float64), np.asarray(tip_mm, dtype=np.float64)

    def ranked(turn_deg: float) -> list[tuple[float, Angles]]:
        c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
        pose = np.eye(4)
        pose[:3, :3] = upright @ np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        pose[:3, 3] = at - pose[:3, :3] @ tip
        return _ranked(model, _frame(pose), start_deg, limits)

    sampled = sorted((*row, float(turn)) for turn in range(0, 360, _AXIS_STEP_DEG) for row in ranked(turn))
    best = next((row for row in sampled if accept is None or accept(row[1])), None)
    if best is None:
        return None
    cost, posture, middle = best

    def beside(turn_deg: float) -> tuple[float, Angles]:
        # Only the accepted posture's own branch is followed: another may be nearer here, but was not accepted.
        same = (row for row in ranked(turn_deg) if _furthest_deg(row[1], posture) < _SAME_BRANCH_DEG)
        return min(same, default=(math.inf, posture))

    # Golden section: each narrowing keeps one of the two inner turns, and needs one more.
    low, high = middle - _AXIS_STEP_DEG, middle + _AXIS_STEP_DEG
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = beside(left), beside(right)
    for _ in range(_AXIS_NARROWINGS):
        nearer = min(at_left, at_right)
        if nearer[0] < cost and (accept is None or accept(nearer[1])):
            cost, posture = nearer
        if at_left[0] < at_right[0]:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = beside(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = beside(right)
    return posture


def _ranked(model: ArmModel, pose: Frame, start_deg: Sequence[float], limits_deg: Limits) -> list[tuple[float, Angles]]:
    """Each posture within the limits, turned as near to the start as they let it, with its cost."""
    free = [math.radians(start_deg[5] + away) for away in range(0, 360, _FREE_STEP_DEG)]
    ranked = []
    for posture in _postures(model, pose, free):
        turned, cost = [], 0.0
        for q, start, weight, (low, high) in zip(posture, start_deg, WEIGHTS, limits_deg, strict=True):
            near = min(_turns(q, low, high), key=lambda angle: abs(angle - start), default=None)
            if near is None:
                break
            turned.append(near)
            cost += weight * (near - start) ** 2
        else:
            ranked.append((cost, tuple(turned)))
    return ranked


def _turns(angle_deg: float, low_deg: float, high_deg: float) -> list[float]:
    """The angle and all that differ from it by whole turns, within the limits."""
    first = math.ceil((low_deg - _LIMIT_DEG - angle_deg) / 360)
    last = math.floor((high_deg + _LIMIT_DEG - angle_deg) / 360)
    return [min(max(angle_deg + 360.0 * turn, low_deg), high_deg) for turn in range(first, last + 1)]


def _postures(model: ArmModel, pose: Frame, free_joint6_rad: Sequence[float]) -> Iterator[Angles]:
    """Each posture once, degrees within +-180, whatever the limits.

    `free_joint6_rad` are the angles for joint 6 where the wrist is singular.
    """
    offsets = [row.offset_rad for row in model.rows]
    for thetas in _closed(model, pose, [angle + offsets[5] for angle in free_joint6_rad]):
        angles = [theta - offset for theta, offset in zip(thetas, offsets, strict=True)]
        miss = _miss_mm(model, pose, angles)
        for _ in range(_POLISHES):
            if miss < _CLOSE_MM:
                break
            polished = _polished(model, pose, angles)
            miss, angles = min((miss, angles), (_miss_mm(model, pose, polished), polished))
        if miss < _MISS_MM:
            yield tuple(math.degrees(math.remainder(angle, 2 * math.pi)) for angle in angles)


def _closed(model: ArmModel, pose: Frame, free_theta6: Sequence[float]) -> Iterator[tuple[float, ...]]:
    """The angles t_1 to t_6 (rad) of every branch, by the steps above."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz), (px, py, pz) = pose
    d5, d6 = model.rows[4].d_mm, model.rows[5].d_mm
    wrist_x, wrist_y, wrist_z = px - d6 * zx, py - d6 * zy, pz - d6 * zz
    along = model.rows[1].d_mm + model.rows[2].d_mm + model.rows[3].d_mm
    away = math.hypot(wrist_x, wrist_y)
    if away < abs(along) - _EDGE_MM or away < _EDGE_MM:
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
                for theta2, theta3 in _two_links(model.rows[1].a_mm, model.rows[2].a_mm, u, v):
                    yield theta1, theta2, theta3, theta234 - theta2 - theta3, theta5, theta6


def _two_links(upper_mm: float, fore_mm: float, u_mm: float, v_mm: float) -> Iterator[tuple[float, float]]:
    """The angles (rad) of a chain of two links in a plane, from its root to (u, v)."""
    away = math.hypot(u_mm, v_mm)
    longest, shortest = abs(upper_mm) + abs(fore_mm), abs(abs(upper_mm) - abs(fore_mm))
    if not shortest - _EDGE_MM <= away <= longest + _EDGE_MM:
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


def _polished(model: ArmModel, pose: Frame, angles_rad: Sequence[float]) -> list[float]:
    """One step of Newton's towards the pose; least squares, so that a singular posture keeps what it can."""
    here, want = np.array(walk(model, angles_rad)[-1]), np.array(pose)
    turn = np.cross(here[:3], want[:3]).sum(axis=0) / 2
    rows = jacobian(model, np.degrees(angles_rad).tolist())
    scale = np.array([1.0] * 3 + [_RAD_MM] * 3)
    step = np.linalg.lstsq(rows * scale[:, None], np.concatenate([want[3] - here[3], turn]) * scale, rcond=1e-6)[0]
    return [angle + float(more) for angle, more in zip(angles_rad, step, strict=True)]


def _frame(matrix: Array) -> Frame:
    """A (4, 4) matrix as plain floats."""
    (xx, yx, zx, px), (xy, yy, zy, py), (xz, yz, zz, pz), _ = np.asarray(matrix, dtype=np.float64).tolist()
    return (xx, xy, xz), (yx, yy, yz), (zx, zy, zz), (px, py, pz)


def _turned_along(rotation: Array, axis: Array) -> Array:
    """(3, 3) the rotation, turned the shortest way so that its z axis is along `axis`."""
    length = float(np.linalg.norm(axis))
    if length < 1e-9:
        raise ValueError("an axis needs a length: give a direction in the arm's base frame")
    z, x = axis / length, rotation[:, 0]
    if abs(float(z @ x)) > 0.9:
        x = rotation[:, 1]
    y = np.cross(z, x)
    y /= np.linalg.norm(y)
    return np.column_stack([np.cross(y, z), y, z])


def _furthest_deg(one: Angles, other: Angles) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
