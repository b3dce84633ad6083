"""The simulated arm behind its bytes: power, torque, limits, collisions, servos, gripper, frames. No clock, no bytes.

Behaviour by "18-communication"; coordinates by `kinematics`. What the document leaves open is chosen, for the worse:
motion is refused without power, in free mode and after a collision; a servo that gets its torque back turns to the
target it was given last; the world reference is the pose of the world's frame in the arm's base.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drivers.cobot.arm.model import Array
from drivers.cobot.arm.paths import PathError, straight_line
from drivers.cobot.mycobot280.joint_path import JointPath, largest
from drivers.cobot.mycobot280.kinematics import JOINTS, MODEL, joint_frames, solve_coords
from drivers.cobot.mycobot280.poses import NO_OFFSET, Pose, matrix_of, pose_of
from drivers.cobot.mycobot280.simulated_joints import FULL_SPEED_DEG_S, SimulatedJoints

Values = tuple[float, ...]
COLLISION = 16
NO_INVERSE = 32
NO_STRAIGHT_LINE = 33
WARM_C = 31.0
TOO_HOT_C = 75.0
FULL_SPEED_MM_S = 100.0
GRIPPER_PERCENT_S = 120.0
"""At full speed."""
JOG_MM = 50.0
JOG_DEG = 20.0
SHORTEST_JOG = 1.0
"""Millimetres or degrees; a jog in space goes as far as the arm can, in halves of its way."""
WRONG_DEG = 7.0


class SimulatedGripper:
    """Fingers that take time, and something they may hold."""

    def __init__(self) -> None:
        self.open_percent = 100.0
        """How far it is open."""
        self.holds_percent = 0.0
        """It cannot close further than this."""
        self._target = 100.0
        self._percent_s = 0.0
        self._now_s: float | None = None

    @property
    def moving(self) -> bool:
        """Whether the fingers move."""
        return self.open_percent != max(self._target, self.holds_percent)

    def go(self, open_percent: float, speed_percent: float) -> None:
        """Open or close."""
        self._target = min(100.0, open_percent)
        self._percent_s = GRIPPER_PERCENT_S * max(1.0, min(100.0, speed_percent)) / 100

    def advance(self, now_s: float) -> None:
        """Let time pass until `now_s`."""
        step = self._percent_s * (now_s - (now_s if self._now_s is None else self._now_s))
        self._now_s = now_s
        way = max(self._target, self.holds_percent) - self.open_percent
        self.open_percent += min(step, max(-step, way))


class SimulatedArm:
    """One arm. What happens to it from outside are the methods of the last part."""

    def __init__(self, angles_deg: Sequence[float], limits_deg: Sequence[tuple[float, float]], powered: bool) -> None:
        self.joints = SimulatedJoints(angles_deg)
        self.limits_deg = list(limits_deg)
        self.gripper = SimulatedGripper()
        self.free = False
        self.error = 0
        """The number of its error information."""
        self.servo_errors = [0] * JOINTS
        """What "read next error" tells."""
        self.enabled = [powered] * JOINTS
        """Which servos have torque."""
        self.temperatures_c = [WARM_C] * JOINTS
        self.tool: Pose = NO_OFFSET
        self.world: Pose = NO_OFFSET
        self.at_tip = False
        """Coordinates are the tip's and not the flange's."""
        self.in_world = False
        """Coordinates are in the world's frame and not the base's."""
        self.off_deg = 0.0
        """How wrong the angles are that it reports."""
        self.ignores_motion = False
        """It accepts targets, reports to be there, and does not move (field report)."""
        self.overloaded = False
        """Its servos complain of their load and go on."""
        self._powered = powered
        self._emergency = False
        self._broken: dict[int, int] = {}
        self._claimed_deg: Values | None = None
        self.joints.limp(not powered)

    @property
    def powered(self) -> bool:
        """Whether the servos have power."""
        return self._powered

    @property
    def reported_deg(self) -> Values:
        """The angles that it tells."""
        if self._claimed_deg is not None:
            return self._claimed_deg
        return tuple(angle + self.off_deg for angle in self.joints.angles_deg)

    @property
    def coords(self) -> Pose:
        """The coordinates that it tells."""
        return pose_of(np.linalg.inv(self._world()) @ joint_frames(self.reported_deg)[-1] @ self._tool())

    @property
    def servo_status(self) -> Values:
        """Trouble with voltage, sensor, temperature, current, angle, overload: 0 or 1 each."""
        hot = any(heat >= TOO_HOT_C for heat in self.temperatures_c)
        return (0, 0, hot, 0, 0, self.overloaded or 3 in self.servo_errors)

    def _tool(self) -> Array:
        return matrix_of(self.tool if self.at_tip else NO_OFFSET)

    def _world(self) -> Array:
        return matrix_of(self.world if self.in_world else NO_OFFSET)

    def advance(self, now_s: float) -> None:
        """Let time pass until `now_s`."""
        self.joints.advance(now_s)
        self.gripper.advance(now_s)
        if self.joints.struck is not None:
            self.error, self.joints.struck = COLLISION, None

    # What it is told. False: refused.

    def power_on(self) -> bool:
        """Power for all servos; not while the emergency stop is pressed."""
        if self._emergency:
            return False
        self._powered, self.free = True, False
        self.joints.limp(False)
        for joint in range(1, JOINTS + 1):
            self.enable(joint, True)
        return True

    def power_off(self) -> bool:
        """No power for any servo."""
        self._powered = False
        self.enabled = [False] * JOINTS
        self.joints.limp(True)
        return True

    def enable(self, joint: int, on: bool) -> bool:
        """Torque of one servo. A broken or overheated one does not take it."""
        mended = self._broken.get(joint, 0) in (0, 2)
        good = self._powered and mended and self.temperatures_c[joint - 1] < TOO_HOT_C
        self.enabled[joint - 1] = on and good
        self.joints.kill(joint, not self.enabled[joint - 1])
        return good

    def set_free(self, free: bool) -> bool:
        """Let go of all joints, or hold them again."""
        if not self._powered:
            return False
        self.free = free
        self.joints.limp(free)
        return True

    def clear_error(self) -> bool:
        """Forget errors whose cause is gone."""
        self.error = 0
        self.servo_errors = [self._broken.get(joint, 0) for joint in range(1, JOINTS + 1)]
        return True

    def go(self, targets_deg: Sequence[float], speed_percent: float) -> bool:
        """All joints to these angles."""
        if not self._may_go(targets_deg):
            return False
        if self.ignores_motion:
            self._claimed_deg = tuple(targets_deg)
            return True
        self.joints.go(targets_deg, speed_percent)
        return True

    def _may_go(self, targets_deg: Sequence[float]) -> bool:
        if not self._powered or self.free or self.error == COLLISION:
            return False
        for joint, (angle, (low, high)) in enumerate(zip(targets_deg, self.limits_deg, strict=True), start=1):
            if not low <= angle <= high:
                self.error = joint
                return False
        return True

    def go_joint(self, joint: int, angle_deg: float, speed_percent: float) -> bool:
        """One joint, from 1, to this angle."""
        targets = list(self.joints.angles_deg)
        targets[joint - 1] = angle_deg
        return self.go(targets, speed_percent)

    def go_coords(self, target: Sequence[float], speed_percent: float, *, straight: bool) -> bool:
        """To these coordinates, in the frames that are set; straight at the tip, or as the joints like."""
        flange = self._world() @ matrix_of(target) @ np.linalg.inv(self._tool())
        here = self.joints.angles_deg
        angles = solve_coords(pose_of(flange), here, self.limits_deg)
        if angles is None:
            self.error = NO_INVERSE
            return False
        if not straight or self.ignores_motion or largest(angles, here) == 0:
            return self.go(angles, speed_percent)
        if not self._may_go(angles):
            return False
        tool = self._tool()
        try:
            points = straight_line(
                MODEL, here, flange @ tool, tip_mm=tuple(tool[:3, 3]), limits_deg=tuple(self.limits_deg)
            )
        except PathError:
            self.error = NO_STRAIGHT_LINE
            return False
        begin = joint_frames(here)[-1] @ tool
        way_mm = float(np.linalg.norm((flange @ tool - begin)[:3, 3]))
        limit = FULL_SPEED_DEG_S
        if way_mm > 0:
            limit = min(limit, JointPath(points).length_deg * FULL_SPEED_MM_S / way_mm)
        self.joints.follow(points, limit * max(1.0, min(100.0, speed_percent)) / 100)
        return True

    def go_coord(self, axis: int, value: float, speed_percent: float) -> bool:
        """One coordinate, from 1, to this value."""
        target = list(self.coords)
        target[axis - 1] = value
        return self.go_coords(target, speed_percent, straight=False)

    def jog_coord(self, axis: int, forward: bool, speed_percent: float) -> bool:
        """Along one axis, as far as the arm can go up to 50 mm or 20 degrees."""
        way = JOG_MM if axis <= 3 else JOG_DEG
        error = self.error
        while way >= SHORTEST_JOG:
            if self.go_coord(axis, self.coords[axis - 1] + (way if forward else -way), speed_percent):
                self.error = error
                return True
            way /= 2
        return False

    # What happens to it.

    def emergency_stop(self, pressed: bool) -> None:
        """Press or release the button that takes the power off the servos."""
        self._emergency = pressed
        if pressed:
            self.power_off()

    def break_servo(self, joint: int, error: int) -> None:
        """1: it does not answer, 2: unreliably, but it turns, 3: abnormal. 0 mends it; told until it is cleared."""
        if error:
            self._broken[joint] = self.servo_errors[joint - 1] = error
            self.enable(joint, error == 2)
        else:
            self._broken.pop(joint, None)

    def heat(self, joint: int, celsius: float) -> None:
        """How hot a servo is; too hot, it lets go."""
        self.temperatures_c[joint - 1] = celsius
        if celsius >= TOO_HOT_C:
            self.enable(joint, False)

    def restart(self) -> None:
        """Its firmware starts anew and has forgotten everything; its servos are off."""
        self.power_off()
        self.free = self.at_tip = self.in_world = False
        self.tool = self.world = NO_OFFSET
        self.error = 0
