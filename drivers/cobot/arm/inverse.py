"""Which joint angles bring an arm's flange somewhere: all of them, the nearest, or the nearest with its turn left free.

Pure; millimetres and degrees. The postures themselves come from `measured`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np

from drivers.cobot.arm.closed_form import EDGE_MM, pose_frame
from drivers.cobot.arm.forward import Frame, flange
from drivers.cobot.arm.measured import all_postures
from drivers.cobot.arm.model import Angles, ArmModel, Array, Limits

Accept = Callable[[Angles], bool]
"""Whether a posture may be taken, for instance because it is free of the bench."""

WEIGHTS = (1.0, 1.0, 0.8, 0.6, 0.5, 0.3)
"""What a degree of each joint costs when the nearest posture is chosen: the further out, the less moves with it."""

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
        for posture in all_postures(model, pose_frame(base_from_flange), (0.0,))
        for turned in itertools.product(*(_turns(q, *limit) for q, limit in zip(posture, limits, strict=True)))
    )


def nearest(
    model: ArmModel,
    base_from_flange: Array,
    start_deg: Sequence[float],
    limits_deg: Limits | None = None,
    accept: Accept | None = None,
    edge_mm: float = EDGE_MM,
) -> Angles | None:
    """The posture within the limits that has the flange there and is nearest to `start_deg`; None when there is none.

    Nearness is the sum of squared joint angles, weighted by `WEIGHTS`. `accept` is asked from the nearest posture on,
    once for each: turns by 360 degrees leave the arm where it is. Where the wrist is singular, joint 6 is tried where
    it is, and in steps all around. A place at most `edge_mm` beyond the arm's reach gets the edge of it.
    """
    limits = model.limits_deg if limits_deg is None else limits_deg
    for _, posture in sorted(_ranked(model, pose_frame(base_from_flange), start_deg, limits, edge_mm)):
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
        return _ranked(model, pose_frame(pose), start_deg, limits)

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


def _ranked(
    model: ArmModel, pose: Frame, start_deg: Sequence[float], limits_deg: Limits, edge_mm: float = EDGE_MM
) -> list[tuple[float, Angles]]:
    """Each posture within the limits, turned as near to the start as they let it, with its cost."""
    free = [math.radians(start_deg[5] + away) for away in range(0, 360, _FREE_STEP_DEG)]
    ranked = []
    for posture in all_postures(model, pose, free, edge_mm):
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


def _turned_along(rotation: Array, axis: Array) -> Array:
    """(3, 3) a rotation whose z axis is along `axis`, its turn about it near the given one's where that tells any."""
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
