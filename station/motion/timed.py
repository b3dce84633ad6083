"""A way as the arm will go it: legs with their speeds, and the clearance of the motion itself, rounded corners too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from drivers.cobot.arm import timing
from drivers.cobot.arm.model import ArmModel, Array
from station.motion.clearance_check import Clearance
from station.motion.plan import Leg, MotionPlan
from station.motion.refusals import near_refusal
from station.motion.room import RESOLUTION_MM, Room
from station.motion.scene import MotionScene

SAMPLE_MM = 8.0
"""How far a part of the arm moves at most between two samples of a motion, on the average over the motion."""
FEWEST_SAMPLES = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """Joint lines that are gone one after another without resting."""

    points: Array
    """(n, 6), n >= 2."""
    speed_percent: int
    touches: str | None = None
    """The obstacle that the tool alone may touch on it."""
    press_mm: float = 0.0
    """How far beyond the surface it may go there."""


def as_plan(name: str, lines: Sequence[Line], here_deg: Array, scene: MotionScene, room: Room) -> MotionPlan:
    """Lines as legs. The motion of each is looked at as it will be timed; where a rounded corner takes it too near
    something, the arm rests in the corners instead. Raises PlanError when even that does not keep clear.
    """
    legs: list[Leg] = []
    duration_s = 0.0
    nearest: Clearance | None = None
    start = room.check.matrix(here_deg[None])[0]
    within = float(room.required.max()) + 1.0
    for line in lines:
        wanted = room.required if line.touches is None else room.touching(line.touches, line.press_mm)
        # What is too near at the very start is left; the lines were made so that it is. It need only not get worse.
        wanted = np.minimum(wanted, start) - RESOLUTION_MM
        whole = _motion(scene.model, line.points, line.speed_percent, room)
        pieces = [line.points]
        if len(line.points) > 2 and float((room.check.matrix(whole, within) - wanted).min()) < 0.0:
            pieces = [np.array(pair) for pair in pairwise(line.points)]
            whole = np.concatenate([_motion(scene.model, piece, line.speed_percent, room) for piece in pieces])
        worst = room.check.smallest(room.check.matrix(whole, within) - wanted)
        if worst.mm < 0.0:
            raise near_refusal(name, "on its way", room.nearest(whole, wanted), float(wanted[worst.pair]), no_way=True)
        found = room.check.nearest(whole, line.touches)
        nearest = found if nearest is None or found.mm < nearest.mm else nearest
        for piece in pieces:
            points = tuple(tuple(float(angle) for angle in row) for row in piece)
            legs.append(Leg(points_deg=points, speed_percent=line.speed_percent))
            duration_s += timing.trajectory(scene.model, points, line.speed_percent).duration_s
    if nearest is None:
        nearest = room.check.nearest(here_deg[None])
    return MotionPlan(
        gesture=name, legs=tuple(legs), clearance_mm=nearest.mm, between=nearest.between, duration_s=duration_s
    )


def _motion(model: ArmModel, points: Array, speed_percent: int, room: Room) -> Array:
    """(m, 6) postures of the motion through points, its ends included."""
    travel = float(room.travel_mm(points[:-1], points[1:]).sum())
    count = max(FEWEST_SAMPLES, int(np.ceil(travel / SAMPLE_MM)))
    if len(points) == 2:
        # Without a corner it is the line itself, which was looked at whole when it was found.
        return np.asarray(points[0] + np.arange(count + 1)[:, None] / count * (points[1] - points[0]))
    motion = timing.trajectory(model, points.tolist(), speed_percent)
    return np.array([motion.at(motion.duration_s * step / count)[0] for step in range(count + 1)])
