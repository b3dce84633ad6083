"""A myCobot at the simulated bench, people as plain outlines, and a reaction time that was measured."""

from __future__ import annotations

import numpy as np

from drivers.api import CobotPosture
from drivers.cobot.arm.model import Capsule
from drivers.cobot.mycobot280.kinematics import MODEL
from station.motion.moving_arm import ArmWatch
from station.motion.people import People, Person
from station.motion.reaction import Reaction
from station.motion.supervision import SupervisorConfig
from vision.geometry import Transform

BENCH_FROM_BASE = Transform.of(300, 110, 0, yaw_deg=180)
POINTER = (Capsule(frame=6, start_mm=(0, 0, 0), end_mm=(0, 0, 85), radius_mm=6, name="pointer"),)
HOME = (-30.0, -13.0, -51.0, -85.0, 0.0, 0.0)
POINT_J1 = (32.9, -43.0, -37.0, -10.0, 0.0, 0.0)
CONFIG = SupervisorConfig()


def measured(*cameras: str, wait_s: float = 0.1, look_s: float = 0.04, act_s: float = 0.003) -> Reaction:
    """A reaction time with enough figures behind it."""
    reaction = Reaction(CONFIG.reaction)
    for index in range(30):
        for camera in cameras or ("top",):
            reaction.judged(camera, index * wait_s, index * wait_s + look_s)
        reaction.written(0.0, act_s)
    return reaction


def posture(t_s: float, angles_deg: tuple[float, ...], *, moving: bool = False) -> CobotPosture:
    """What the driver says."""
    return CobotPosture(device="cobot", t_mono_s=t_s, angles_deg=angles_deg, moving=moving)


def between(share: float) -> tuple[float, ...]:
    """A posture on the way from home to the first joint."""
    return tuple((1 - share) * a + share * b for a, b in zip(HOME, POINT_J1, strict=True))


def watch() -> ArmWatch:
    """The arm with its pointer, nothing known of it."""
    return ArmWatch(MODEL, BENCH_FROM_BASE, POINTER)


def moving(at_s: float, *, percent: float = 30.0, share: float = 0.5, shown: float = 1.0) -> ArmWatch:
    """On the way from home to the first joint at `percent`; its postures show `shown` of that speed."""
    arm = watch()
    arm.asks((POINT_J1,), percent)
    longest = max(abs(a - b) for a, b in zip(HOME, POINT_J1, strict=True))
    ahead = shown * percent / 100.0 * MODEL.speed_deg_s[0] * 0.02 / longest
    arm.posture(posture(at_s - 0.02, between(share - ahead), moving=True))
    arm.posture(posture(at_s, between(share), moving=True))
    return arm


def fingers(x: float, y: float, *, t_s: float = 0.0, camera: str = "top", top_mm: float = 300.0) -> Person:
    """A hand with its tips at (x, y) and a forearm that leaves towards the visitor."""
    outline = np.array([[x - 45, y - 400], [x + 45, y - 400], [x + 45, y - 20], [x, y], [x - 45, y - 20]], dtype=float)
    return Person(outline_mm=outline, top_mm=top_mm, camera=camera, t_mono_s=t_s)


def people(*persons: Person, t_s: float = 0.0) -> People:
    """These, and nobody else."""
    return People(known=True, why="", persons=persons, t_mono_s=t_s)
