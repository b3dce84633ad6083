"""A held button: how far the arm may go one way from where it stands, along an axis or about it. Pure.

The way is planned whole before it begins, so that letting the button go late, or a line that is lost, ends at a place
that was checked.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drivers.cobot.arm import paths
from drivers.cobot.arm.forward import flange
from drivers.cobot.arm.model import JOINTS, Angles, Array
from station.motion.plan import MotionPlan, PlanError
from station.motion.refusals import near_refusal, start_refusal
from station.motion.room import Room
from station.motion.scene import MotionScene
from station.motion.timed import Line, as_plan

CLEARANCE_MM = 4.0
"""What a jog keeps from everything: a technician looks on, and wants to come near."""
FARTHEST_MM = 150.0
FARTHEST_DEG = 45.0
FARTHEST_JOINT_DEG = 60.0
STEP_MM = 5.0
STEP_DEG = 3.0
LEAST_STEPS = 0.2
"""A way shorter than this share of a step is none."""


def jog(
    frame: str, axis: int, direction: int, speed_percent: int, *, here_deg: Sequence[float], scene: MotionScene
) -> MotionPlan:
    """The longest free way from where the arm stands, at most 150 mm, 45 degrees, or 60 degrees of one joint.

    `frame` is `joint` (axis 1 to 6 is the joint), `tool` or `bench` (1 to 3 is along x, y, z; 4 to 6 is about them,
    through the tip); the direction is that of the sign of `direction`. Raises PlanError when not even the first step
    is free, and ValueError for another frame or axis.
    """
    if frame not in ("joint", "tool", "bench") or not 1 <= axis <= JOINTS or direction == 0:
        raise ValueError(f"there is no jog along axis {axis} of frame {frame!r} in direction {direction}")
    room = Room(scene, CLEARANCE_MM)
    here = np.array(here_deg, dtype=np.float64)
    sign = 1.0 if direction > 0 else -1.0
    name = f"jog {frame} {'+' if sign > 0 else '-'}{axis}"
    overlap = room.stands_in(here)
    if overlap is not None:
        raise start_refusal(name, overlap)
    if frame == "joint":
        points = _one_joint(name, here, axis - 1, sign, room)
    else:
        points = _one_line(name, here, _shift_and_turn(frame, axis - 1, sign, here, scene), scene)
    free = room.free_until(points)
    if free < LEAST_STEPS:
        raise near_refusal(name, "in its first step", *room.short_of(points[:2]))
    whole = int(free)
    line = list(points[: whole + 1])
    if free > whole:
        line.append(points[whole] + (free - whole) * (points[whole + 1] - points[whole]))
    # A joint by itself goes straight without postures on the way.
    row = np.array([line[0], line[-1]] if frame == "joint" else line)
    return as_plan(name, [Line(points=row, speed_percent=speed_percent)], here, scene, room)


def _one_joint(name: str, here: Array, joint: int, sign: float, room: Room) -> Array:
    """(n, 6) postures with one joint turned further and further, within its limits."""
    limit = float(room.high_deg[joint] if sign > 0 else room.low_deg[joint])
    angles = sign * np.arange(0.0, FARTHEST_JOINT_DEG + STEP_DEG / 2, STEP_DEG)
    turned = np.tile(here, (len(angles), 1))
    turned[:, joint] += angles
    within = turned[:, joint] * sign <= limit * sign
    if not within[1]:
        raise PlanError(
            "motion.limit",
            f"{name}: joint {joint + 1} stands at {here[joint]:.1f} deg and its range ends at {limit:g}; turn it back",
        )
    return np.asarray(turned[within])


def _one_line(name: str, here: Array, steps: list[Array], scene: MotionScene) -> Array:
    """(n, 6) postures that take the tip from pose to pose (4, 4), as far as the arm can."""
    line: list[Angles] = [tuple(float(angle) for angle in here)]
    for pose in steps:
        try:
            piece = paths.straight_line(
                scene.model, line[-1], pose, tip_mm=scene.tip_mm, limits_deg=scene.limits_deg, step_mm=STEP_MM
            )
        except paths.PathError as error:
            if len(line) == 1:
                raise PlanError(error.code.replace("path.", "motion."), f"{name}: {error}") from error
            break
        line += piece[1:]
    return np.array(line)


def _shift_and_turn(frame: str, axis: int, sign: float, here: Array, scene: MotionScene) -> list[Array]:
    """(4, 4) base_from_tip of each step along an axis or about it."""
    start = flange(scene.model, tuple(float(angle) for angle in here))
    start[:3, 3] += start[:3, :3] @ np.array(scene.tip_mm)
    axes = start[:3, :3] if frame == "tool" else scene.bench_from_base.rotation.T
    along = sign * axes[:, axis % 3]
    poses = []
    if axis < 3:
        for step in np.arange(STEP_MM, FARTHEST_MM + STEP_MM / 2, STEP_MM):
            pose = start.copy()
            pose[:3, 3] += step * along
            poses.append(pose)
        return poses
    for turn in np.radians(np.arange(STEP_DEG, FARTHEST_DEG + STEP_DEG / 2, STEP_DEG)):
        pose = start.copy()
        pose[:3, :3] = _rotation(along, float(turn)) @ start[:3, :3]
        poses.append(pose)
    return poses


def _rotation(axis: Array, turn_rad: float) -> Array:
    """(3, 3) turn about a unit axis."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + np.sin(turn_rad) * cross + (1.0 - np.cos(turn_rad)) * (cross @ cross))
