"""What is calibrated on a bench, who helps, and what comes of it. Values only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from calibration.arm_returns import Returns
from calibration.bench_set import BenchResult, BenchSet, KnownLens
from calibration.board import Board
from calibration.intrinsics import LensResult
from calibration.robot_poses import board_capsules
from calibration.robot_run import RunEnd, TakenPose
from calibration.tool_point import ToolPoint
from drivers.cobot.arm.model import Angles
from station.motion.gesture import Vector
from station.motion.scene import MotionScene
from vision.bench import TagMount
from vision.geometry import Array, CameraModel, Transform

Say = Callable[[str], None]
Progress = Callable[[tuple[TakenPose, ...], int], None]
"""The poses that were taken so far, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchGoal:
    """A point for the tip, and how the tool is to lean there."""

    place: str
    at_mm: Vector
    """As far as it is known: what the technician sees counts."""
    lean_deg: float = 0.0
    towards_deg: float = 0.0
    """Direction of the lean about the vertical."""
    as_it_stands: bool = False
    """The arm has been brought over the point; the tool keeps its turn, and is only moved."""


class Technician(Protocol):
    """What a person does when asked. Calls return when it is done. Raises CalibrationError when it cannot be done."""

    def hold_board(self, camera: str, number: int, of: int) -> None:
        """Hold the lens board where the camera's outline asks for it, for the `number`-th time from 0."""

    def on_flange(self) -> str:
        """What is on the flange now: `board`, as it was left, or `pointer`. Nothing else tells a program that."""

    def stand_clear(self, where: str) -> None:
        """Take the hands away: the arm goes to `where` by itself as soon as this returns."""

    def put_on(self, what: str) -> None:
        """`board` or `pointer` onto the flange, where the arm stands now; or take the lens `board away`."""

    def lead_to(self, goal: TouchGoal) -> None:
        """Jog or lead the tip onto a point, and let it stand there."""

    def lead_off(self) -> None:
        """Draw the tip back from the point, or let go of the arm: what was touched is taken."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BenchPlan:
    """What is to be calibrated, by the files."""

    cameras: tuple[CameraModel, ...]
    """As the station file has them: good enough to choose poses."""
    fixture: tuple[TagMount, ...]
    lens_board: Board
    arm_board: Board
    flange_from_board: Transform
    """By the drawing."""
    scene: MotionScene
    """The bench with the arm as it works, its pointer on the flange."""
    joints_mm: Mapping[str, Vector]
    """Reference points on the part, by joint: where the tip can touch it."""
    over_joints_deg: Mapping[str, Angles]
    """Joint -> the posture in which the arm comes to it in the work, a little higher. Not every joint need have one."""
    home_deg: Angles
    pivot_tag: int
    """The fixture tag whose middle is touched again and again."""
    known_lenses: Mapping[str, KnownLens] = field(default_factory=dict)
    """Cameras with a lens from before: for them nobody holds the board up."""
    lens_views: int = 14
    poses: int = 24
    pivot_touches: int = 12
    joint_touches: int = 3
    returns: int = 0
    """How often the arm comes back to one pose, to see how well it does; 0: it is not tried."""
    speed_percent: int = 25
    seed: int = 0
    touch_sigma_mm: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BenchOutcome:
    """What a calibration of a bench brought."""

    bench: BenchSet
    lenses: tuple[LensResult, ...]
    result: BenchResult
    pivot: ToolPoint
    run: RunEnd
    returns: Returns | None
    """How well the arm comes back; None when it was not tried."""
    expected_mm: float
    """What the choice of poses promised for the tip, one sigma."""
    phases_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds of the stand's clock: `lens` is a person's time, the others the arm's."""

    @property
    def robot_s(self) -> float:
        """For how long the arm was needed to be calibrated; trying how well it comes back is no part of that."""
        return sum(seconds for phase, seconds in self.phases_s.items() if phase not in ("lens", "returns"))


def carrying(scene: MotionScene, board: Board, flange_from_board: Transform) -> MotionScene:
    """The same bench with the board on the flange instead of the pointer."""
    return replace(scene, tool=board_capsules(board, flange_from_board))


def touch_goals(work: BenchPlan, middle_mm: Array) -> list[TouchGoal]:
    """Every touch in order: the fixture tag's middle (3,) first, then the joints of the part."""
    x, y, z = (float(v) for v in middle_mm)
    goals = [
        TouchGoal(place=f"tag {work.pivot_tag}", at_mm=(x, y, z), lean_deg=lean, towards_deg=towards)
        for lean, towards in pivot_leans(work.pivot_touches)
    ]
    # Joints are touched as the arm will come to them: what is wrong with it then is wrong alike, and cancels.
    return goals + [
        TouchGoal(place=joint, at_mm=at, as_it_stands=joint in work.over_joints_deg)
        for joint, at in work.joints_mm.items()
        for _ in range(work.joint_touches)
    ]


def pivot_leans(count: int) -> list[tuple[float, float]]:
    """Lean and its direction, degrees, for touches of one point: all round, up to 35 degrees and more steeply."""
    return [((14.0, 26.0, 36.0)[number % 3], 360.0 * number / count) for number in range(count)]
