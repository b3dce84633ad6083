"""From a station's files to what is calibrated on its bench, and the boards that are used for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calibration.bench_flow import OVER_CLEARANCE_MM
from calibration.bench_work import BenchPlan
from calibration.board import Board
from calibration.observations import CalibrationError
from drivers.cobot.arm.model import Angles
from station.config.motion_scene import motion_scene
from station.config.station_values import StationConfig
from station.core.procedure import PartAt, Procedure
from station.motion.gesture import PointAt, TaughtPosture
from station.motion.plan import PlanError
from station.motion.planner import plan
from station.motion.scene import MotionScene
from vision.bench import TagMount
from vision.geometry import Transform

LENS_BOARD = Board(name="lens", columns=9, rows=6, square_mm=36.0, marker_mm=27.0, print_scale_sigma=0.0002)
"""Held by hand: on A3, on a flat plate."""
ARM_BOARD = Board(
    name="arm",
    columns=5,
    rows=4,
    square_mm=24.0,
    marker_mm=18.0,
    dictionary="DICT_4X4_50",
    print_scale_sigma=0.0002,
)
"""On the flange: 120 x 96 mm, large marks for cameras a metre away."""
STAND_OFF_MM = 20.0
"""From the flange to the board."""
TOUCH_ABOVE_MM = 20.0
"""From a joint's position (where its fastener sits) to the end of its stud, along its axis."""
OVER_MM = 42.0
"""From a joint's position to the tip before it is led down."""
SHARE_OF_TOLERANCE = 3.0
"""A calibration is enough when its 95 % error is at most this share of the tightest tolerance: the rest is for seeing
and moving."""


def mount_by_drawing(board: Board) -> Transform:
    """flange_from_board of a board in the middle of the flange, its print facing away from the arm."""
    turn = np.diag([1.0, -1.0, -1.0])
    return Transform(turn, np.array([0.0, 0.0, STAND_OFF_MM]) - turn @ board.nominal_mm().mean(axis=0))


def bench_plan(
    station: StationConfig,
    procedure: Procedure,
    *,
    lens_views: int = 14,
    poses: int = 24,
    pivot_touches: int = 12,
    joint_touches: int = 3,
    seed: int = 0,
    touch_sigma_mm: float = 0.2,
) -> BenchPlan:
    """What is to be calibrated. Raises CalibrationError `calibration.no_arm`, `calibration.no_tags`."""
    cobot = station.cobot
    if cobot is None or not station.cameras:
        raise CalibrationError(
            "calibration.no_arm",
            f"station {station.id} has no [cobot] or no [[camera]]; there is nothing to tie together",
        )
    scene = motion_scene(station, procedure)
    home = station.gestures.by_name.get("home")
    if not isinstance(home, TaughtPosture):
        raise CalibrationError(
            "calibration.no_home", f"the gestures of station {station.id} have no posture `home`; teach it first"
        )
    return BenchPlan(
        cameras=tuple(camera.model for camera in station.cameras),
        fixture=station.fixture.tags,
        lens_board=LENS_BOARD,
        arm_board=ARM_BOARD,
        flange_from_board=mount_by_drawing(ARM_BOARD),
        scene=scene,
        joints_mm={joint.id: _lifted(joint.position_mm, joint.axis) for joint in procedure.joints},
        over_joints_deg=_over_joints(scene, home.angles_deg),
        home_deg=home.angles_deg,
        pivot_tag=_pivot_tag(station.fixture.tags, scene),
        lens_views=lens_views,
        poses=poses,
        pivot_touches=pivot_touches,
        joint_touches=joint_touches,
        seed=seed,
        touch_sigma_mm=touch_sigma_mm,
    )


def tightest(procedure: Procedure, tool_within_mm: float) -> tuple[float, str]:
    """The smallest tolerance that any step of the work has, mm, and what it is of."""
    found = [(tool_within_mm, "the tool on its joint")] if procedure.joints else []
    for step in procedure.steps:
        found += [(demand.within_mm, f"step {step.id}") for demand in step.demands if isinstance(demand, PartAt)]
    return min(found) if found else (tool_within_mm, "the tool on its joint")


def _lifted(at: tuple[float, float, float], axis: tuple[float, float, float]) -> tuple[float, float, float]:
    unit = np.array(axis) / np.linalg.norm(axis)
    x, y, z = (float(v) for v in np.array(at) + TOUCH_ABOVE_MM * unit)
    return (x, y, z)


def _over_joints(scene: MotionScene, home_deg: Angles) -> dict[str, Angles]:
    """A posture over each joint that the arm can reach: as its gesture comes there, but higher."""
    found: dict[str, Angles] = {}
    for joint in scene.joints:
        gestures = (g for g in scene.gestures.values() if isinstance(g, PointAt) and g.joint == joint)
        gesture = next(gestures, PointAt(name=f"over {joint}", joint=joint))
        over = replace(gesture, above_mm=OVER_MM, approach_mm=0.0, clearance_mm=OVER_CLEARANCE_MM)
        try:
            way = plan(over, here_deg=home_deg, scene=scene)
        except PlanError:  # a joint that the arm never goes to has no say in its calibration
            continue
        if way.goal_deg is not None:
            found[joint] = tuple(round(angle, 2) for angle in way.goal_deg)
    return found


def _pivot_tag(tags: tuple[TagMount, ...], scene: MotionScene) -> int:
    """The fixture tag that the arm reaches best: the one nearest to its base, but not beneath it."""
    base = scene.bench_from_base.translation_mm[:2]
    far = {tag.tag_id: float(np.linalg.norm(tag.body_from_tag.translation_mm[:2] - base)) for tag in tags}
    fit = [tag for tag, distance in far.items() if 120.0 < distance < scene.model.reach_mm]
    if not fit:
        raise CalibrationError(
            "calibration.no_tags", "no fixture tag lies within the arm's reach; glue one to the table near it"
        )
    return min(fit, key=lambda tag: far[tag])
