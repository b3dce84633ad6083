"""A bench to calibrate, whole: the real driver on its simulated arm's bytes, rendered cameras, and a person's hands.

What the arm reports is what its simulator believes; where it truly is, and what the cameras see, follows from the
hidden truth. A `calibration.robot_run.Stand`, in simulated time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from calibration.board import Board
from calibration.robot_run import Picture
from drivers.api import (
    ClearStop,
    CobotPosture,
    CommandDone,
    CommandFailed,
    Connected,
    DriverEvent,
    MoveJoints,
    StopMotion,
)
from drivers.cobot.arm.forward import joint_frames
from drivers.cobot.arm.model import Angles
from drivers.session import PortOwner
from drivers.simulated_line import LockStep
from station.config.arm_models import ARM_MODELS
from station.config.scene_file import load_scene
from station.motion.plan import Leg
from station.runtime.cobot_port import cobot_driver
from station.runtime.setting import Files
from station.simulation.arms import SimulatedArm, simulated_arm
from station.simulation.calibration_truth import ENCODER_DEG, Truth
from station.simulation.line import SimulatedLine
from vision.geometry import Array, Transform
from vision.scene import DrawnArm, DrawnBoard, Scene
from vision.sim import SceneRenderer

STEP_S = 0.02
GREETS_WITHIN_S = 5.0
ENDS_WITHIN_S = 60.0
LINK_POINTS = 7


class CalibrationBench:
    """One bench with its truth. For one thread; `close` when done."""

    def __init__(self, files: Files, truth: Truth, boards: dict[str, Board], *, seed: int) -> None:
        """`boards` by name: `arm` is put on the flange, `lens` is held by hand."""
        config = files.station.cobot
        arm = simulated_arm(files.station, seed)
        if config is None or arm is None or files.station.scenes is None:
            raise ValueError(f"station {files.station.id} has no simulated arm or no `scenes` folder")
        self.truth = truth
        self.arm: SimulatedArm = arm
        self.nominal = ARM_MODELS[config.family]
        self.on_flange = "pointer"
        """`board`, `pointer`, or nothing."""
        self.in_hand: Transform | None = None
        """bench_from_board of the lens board, while somebody holds it."""
        self.moved_s = 0.0
        """For how long the arm has moved."""
        self.goes_on: Callable[[], bool] = lambda: True
        """Asked all the while the arm moves: once it says no, the arm is stopped."""
        self._boards = boards
        self._pointer_mm = config.pointer_mm
        self._seed = seed
        scene = load_scene(files.station.scenes / f"{files.procedure.id}.toml", files.station, files.procedure)
        self._static = scene.static
        self._renderers = {name: self._renderer(name) for name in truth.cameras}
        self._frames = dict.fromkeys(truth.cameras, 0)
        self._rng = np.random.default_rng([seed, 4])
        self.person = np.random.default_rng([seed, 5])
        """Of the technician's hands."""
        self._turning, self._here = False, arm.joints.angles_deg
        self._settled: Array | None = None
        self._held: Array | None = None
        self._now_s = 0.0
        self._numbers = 0
        self._posture: CobotPosture | None = None
        self._connected = False
        self._ends: dict[str, CommandDone | CommandFailed] = {}
        self.line = SimulatedLine("cobot", arm.simulator, self.now_s, in_memory=True, wants_hangup=arm.wants_hangup)
        self._owner = PortOwner(self.line.open, cobot_driver(config), self.now_s, self._heard)
        self._step = LockStep([(self._owner, self.line.port)])
        end_s = self._now_s + GREETS_WITHIN_S
        while (not self._connected or self._posture is None) and self._now_s < end_s:
            self.wait(STEP_S)

    def close(self) -> None:
        """Free the line."""
        self._owner.close()
        self.line.close()

    def now_s(self) -> float:
        """Simulated seconds."""
        return self._now_s

    def wait(self, seconds: float) -> None:
        """Let simulated time pass on both ends of the line."""
        for _ in range(max(1, round(seconds / STEP_S))):
            self._now_s += STEP_S
            self._step.settle(self._now_s)
            here = self.arm.joints.angles_deg
            self._turning, self._here = here != self._here, here
            if self._turning:
                self._settled = None
                self.moved_s += STEP_S

    def posture(self) -> CobotPosture | None:
        """What the driver said last."""
        return self._posture

    def go(self, leg: Leg) -> CommandFailed | None:
        """One leg through the real driver."""
        self._numbers += 1
        command = MoveJoints(
            command_id=f"calibration-{self._numbers}",
            angles_deg=leg.points_deg[-1],
            through_deg=leg.points_deg[1:-1],
            speed_percent=leg.speed_percent,
        )
        return self._end_of(command)

    def clear_stop(self) -> CommandFailed | None:
        """A technician has seen to the arm and lets it move again."""
        self._numbers += 1
        return self._end_of(ClearStop(command_id=f"calibration-{self._numbers}"))

    def _end_of(self, command: MoveJoints | ClearStop) -> CommandFailed | None:
        self._owner.submit(command)
        end_s = self._now_s + ENDS_WITHIN_S
        while command.command_id not in self._ends and self._now_s < end_s:
            if not self.goes_on():
                self.stop()
                break
            self._owner.renew_lease()
            self.wait(STEP_S)
        end = self._ends.get(command.command_id)
        return end if isinstance(end, CommandFailed) else None

    def stop(self) -> None:
        """Stand still."""
        self._numbers += 1
        self._owner.submit(StopMotion(command_id=f"calibration-{self._numbers}"))
        self.wait(0.3)

    def picture(self, camera: str) -> Picture:
        """What the camera truly sees now, grey."""
        self._frames[camera] += 1
        colour = self._renderers[camera].render(self.scene(), self._frames[camera])
        return Picture(grey=np.asarray(cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY), dtype=np.uint8), t_s=self._now_s)

    def joints_deg(self) -> Array:
        """(6,) where the joints truly are: what the servos hold is a step of their encoders beside what they tell."""
        here = np.array(self.arm.joints.angles_deg) + self.truth.joint_offset_deg
        if self._turning:
            return here
        if self._settled is None:
            self._settled = self.settling() if self._held is None else self._held
        return here + self._settled

    def settling(self) -> Array:
        """(6,) how far beside what they tell the servos come to rest, the next time."""
        return np.asarray(self._rng.uniform(-ENCODER_DEG / 2.0, ENCODER_DEG / 2.0, 6))

    def hold_at(self, settled: Array | None) -> None:
        """Somebody corrects until the arm rests where they want it: with this, and not with whatever comes."""
        self._held = settled

    def bench_from_flange(self) -> Transform:
        """Where the flange truly is."""
        flange = joint_frames(self.truth.arm, tuple(float(v) for v in self.joints_deg()))[-1]
        return self.truth.bench_from_base @ Transform(flange[:3, :3], flange[:3, 3])

    def tip_mm(self) -> Array:
        """(3,) where the pointer's tip truly is, bench frame."""
        return self.bench_from_flange().apply(self.truth.tip_mm)

    def scene(self) -> Scene:
        """What is there to see."""
        frames = joint_frames(self.truth.arm, tuple(float(v) for v in self.joints_deg()))
        points = [self.truth.bench_from_base.apply(frames[:LINK_POINTS, :3, 3])]
        if self.on_flange == "pointer":
            points.append(self.tip_mm()[None])
        board = None
        if self.in_hand is not None:
            board = self._drawn("lens", self.in_hand)
        elif self.on_flange == "board":
            board = self._drawn("arm", self.bench_from_flange() @ self.truth.flange_from_board)
        red, green, blue = self.arm.colour()
        return Scene(board=board, arm=DrawnArm(points_mm=np.vstack(points), lamp=(blue, green, red)))

    def bump(self, camera: str, *, mm: float, deg: float) -> None:
        """Knock against a camera."""
        model = self.truth.cameras[camera]
        knocked = model.camera_from_bench.inverse() @ Transform.of(mm, 0.0, 0.0, deg, deg, 0.0)
        cameras = {**self.truth.cameras, camera: replace(model, camera_from_bench=knocked.inverse())}
        self.truth = replace(self.truth, cameras=cameras)
        self._renderers[camera] = self._renderer(camera)

    def _renderer(self, camera: str) -> SceneRenderer:
        seed = self._seed * 100 + list(self.truth.cameras).index(camera)
        return SceneRenderer(self.truth.cameras[camera], self._static, seed=seed)

    def _drawn(self, name: str, pose: Transform) -> DrawnBoard:
        board = self._boards[name]
        return DrawnBoard(
            bench_from_board=pose,
            columns=board.columns,
            rows=board.rows,
            square_mm=board.square_mm,
            marker_mm=board.marker_mm,
            dictionary=board.dictionary,
            first_marker=board.first_marker,
            legacy=board.legacy,
            print_scale=self.truth.print_scale[name],
            bow_mm=self.truth.bow_mm[name],
        )

    def _heard(self, event: DriverEvent) -> None:
        match event:
            case Connected():
                self._connected = True
            case CobotPosture():
                self._posture = event
            case CommandDone() | CommandFailed():
                self._ends[event.command_id] = event
            case _:
                pass


def angles_of(bench: CalibrationBench) -> Angles:
    """Where the arm says it is. Raises ValueError while it does not tell."""
    posture = bench.posture()
    if posture is None:
        raise ValueError("the simulated arm does not tell where it is; let time pass, then ask again")
    return posture.angles_deg
