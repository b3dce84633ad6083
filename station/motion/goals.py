"""Where a gesture ends: every posture of the arm that does it, and the straight line by which the tip comes there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivers.cobot.arm import inverse, paths
from drivers.cobot.arm.forward import flange
from drivers.cobot.arm.model import JOINTS, Angles, Array, Limits
from station.motion.gesture import Hold, PointAt, Present, Vector
from station.motion.plan import PlanError
from station.motion.refusals import reach_refusal
from station.motion.scene import MotionScene

ON_AXIS_MM = 1e-6
"""A tip nearer to the flange's axis than this needs no turn: joint 6 turns about it, and its angle is free."""
TURNS = 24
"""How many turns about the axis are tried for a tip beside the flange's axis."""
STRAIGHT_DEG = 170.0
"""Farther than this no joint turns on a straight line of some centimetres."""
ANY_TURN: Limits = ((-180.0, 180.0),) * JOINTS
"""Every angle once: what an arm without limits could do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Where the tip is to be and where the tool is to point, bench frame."""

    tip_at_mm: Vector
    axis: Vector
    """Unit vector."""
    approach_mm: float
    """Length of the straight line along the axis that ends there; 0 = however."""
    gentle_mm: float = 0.0
    """How much of its end is gone slowly."""
    near_deg: Angles | None = None


def goal_of(gesture: PointAt | Present | Hold, scene: MotionScene) -> Goal:
    """In figures of the bench. Raises PlanError for a joint that the procedure does not have."""
    match gesture:
        case PointAt():
            axis = _unit(gesture.axis)
            at = np.array(_pointed_at(gesture, scene)) - gesture.above_mm * axis
            return Goal(
                tip_at_mm=_vector(at), axis=_vector(axis), approach_mm=gesture.approach_mm, near_deg=gesture.near_deg
            )
        case Present():
            at = np.array([*gesture.at_mm, gesture.height_mm(scene.reach)])
            return Goal(
                tip_at_mm=_vector(at), axis=_vector(_unit(gesture.axis)), approach_mm=0.0, near_deg=gesture.near_deg
            )
        case Hold():
            axis = _unit(gesture.along)
            at = np.array(gesture.at_mm) + gesture.press_mm * axis
            return Goal(
                tip_at_mm=_vector(at),
                axis=_vector(axis),
                approach_mm=gesture.approach_mm + gesture.press_mm,
                gentle_mm=gesture.gentle_mm + gesture.press_mm,
                near_deg=gesture.near_deg,
            )


def postures(goal: Goal, scene: MotionScene, prefer_deg: Angles, limits_deg: Limits) -> tuple[Angles, ...]:
    """Every posture within limits that meets the goal; a free turn about the axis is chosen near `prefer_deg`.

    Of several turns by 360 degrees the one nearest to `prefer_deg` is given, unless only others are within the limits.
    """
    windows = zip(prefer_deg, limits_deg, strict=True)
    near = tuple((max(low, prefer - 180.0), min(high, prefer + 180.0)) for prefer, (low, high) in windows)
    return _within(goal, scene, prefer_deg, near) or _within(goal, scene, prefer_deg, limits_deg)


def nearest_first(goal: Goal, scene: MotionScene, prefer_deg: Angles, name: str) -> list[Angles]:
    """The postures that meet a goal, nearest to `prefer_deg` first. Raises PlanError when there are none."""
    found = postures(goal, scene, prefer_deg, scene.limits_deg)
    if not found:
        raise reach_refusal(name, solved_outside_limits=bool(postures(goal, scene, (0.0,) * JOINTS, ANY_TURN)))
    return sorted(found, key=lambda angles: float(np.abs(np.subtract(angles, prefer_deg)).max()))


def _within(goal: Goal, scene: MotionScene, prefer_deg: Angles, limits_deg: Limits) -> tuple[Angles, ...]:
    found: list[Angles] = []
    for base_from_flange in _flanges(goal, scene):
        found += inverse.solutions(scene.model, base_from_flange, limits_deg)
    if not _on_axis(scene):
        return tuple(found)
    # Joint 6 turns about the tool's axis, so any angle of it does.
    low, high = limits_deg[5]
    turn = min(max(prefer_deg[5], low), high)
    once = {tuple(round(angle, 6) for angle in angles[:5]): angles for angles in found}
    return tuple((*angles[:5], turn) for angles in once.values())


def straight(scene: MotionScene, start_deg: Angles, shift_mm: Array) -> tuple[Angles, ...] | None:
    """Postures along a straight line of the tip by a vector of the bench, the tool turned as it is; None when there are
    none. The first is `start_deg`.
    """
    pose = flange(scene.model, start_deg)
    pose[:3, 3] += pose[:3, :3] @ np.array(scene.tip_mm) + scene.bench_from_base.rotation.T @ shift_mm
    # A line of this length turns no joint by half a turn; to look for whole turns would only take time.
    windows = zip(start_deg, scene.limits_deg, strict=True)
    near = tuple((max(low, angle - STRAIGHT_DEG), min(high, angle + STRAIGHT_DEG)) for angle, (low, high) in windows)
    try:
        return paths.straight_line(scene.model, start_deg, pose, tip_mm=scene.tip_mm, limits_deg=near)
    except paths.PathError:
        return None


def _flanges(goal: Goal, scene: MotionScene) -> list[Array]:
    """(4, 4) base_from_flange for each turn about the axis that is worth trying."""
    base_from_bench = scene.bench_from_base.inverse()
    axis = base_from_bench.rotation @ np.array(goal.axis)
    at = base_from_bench.apply(goal.tip_at_mm)
    side = np.cross(axis, np.eye(3)[int(np.argmin(np.abs(axis)))])
    side /= np.linalg.norm(side)
    across = np.cross(axis, side)
    flanges = []
    for turn in np.arange(1 if _on_axis(scene) else TURNS) * (2.0 * np.pi / TURNS):
        x = np.cos(turn) * side + np.sin(turn) * across
        rotation = np.column_stack([x, np.cross(axis, x), axis])
        flange = np.eye(4)
        flange[:3, :3], flange[:3, 3] = rotation, at - rotation @ np.array(scene.tip_mm)
        flanges.append(flange)
    return flanges


def _on_axis(scene: MotionScene) -> bool:
    return float(np.hypot(*scene.tip_mm[:2])) < ON_AXIS_MM


def _pointed_at(gesture: PointAt, scene: MotionScene) -> Vector:
    if gesture.at_mm is not None:
        return gesture.at_mm
    at = scene.joints.get(gesture.joint or "")
    if at is None:
        known = ", ".join(scene.joints) or "none"
        raise PlanError(
            "motion.unknown_joint",
            f"{gesture.name} points at joint {gesture.joint}, which this procedure does not have (it has {known}); "
            "name one of them in the gestures file, or give `at_mm`",
        )
    return at


def _unit(vector: Vector) -> Array:
    array = np.array(vector, dtype=np.float64)
    return np.asarray(array / np.linalg.norm(array))


def _vector(array: Array) -> Vector:
    x, y, z = (float(v) for v in array)
    return (x, y, z)
