"""A simulated controller with its arm: power, brakes, safety, registers, the program that runs. No bytes, no clock.

Behaviour by the manufacturer's manuals where they tell; where they do not, it is chosen: durations of powering on,
releasing and starting, and that a program sent in local control, or to an arm without power, is not run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from drivers.cobot.arm.model import ArmModel
from drivers.cobot.universal_robots.program import HEARTBEAT, NUMBER, SPEED_FACTOR, STATE, STOP_NUMBER, TOOL
from drivers.cobot.universal_robots.report import RobotMode, Runtime, SafetyMode
from drivers.cobot.universal_robots.rtde import Value
from drivers.cobot.universal_robots.simulated_joints import STEP_S, FollowingJoints
from drivers.cobot.universal_robots.simulated_program import ProgramText, Run, recognise

POWER_ON_S = 1.0
BRAKE_RELEASE_S = 0.5
START_S = 0.05
"""From the last byte of a program to its first step."""
UNLOCK_AFTER_S = 5.0
HARD_BRAKE_RAD_S2 = 20.0
WRONG_DEG = 7.0
PUSHED_RAD_S = 0.02
"""An obstructed arm that turns faster than this notices what it has met."""


class SimulatedController:
    """One controller. Time goes on in steps of 2 ms, so that nothing depends on how often `advance` is called."""

    def __init__(
        self,
        model: ArmModel,
        *,
        angles_deg: Sequence[float] = (0.0, -90.0, 90.0, -90.0, -90.0, 0.0),
        powered: bool = False,
        remote: bool = True,
        serial: str = "20235501234",
        version: tuple[int, int, int, int] = (5, 11, 1, 108318),
        boot_s: float = 3.0,
    ) -> None:
        """`powered`: the arm has power and its brakes are released already."""
        self.model = model
        self.serial = serial
        self.version = version
        self.remote = remote
        self.joints = FollowingJoints([math.radians(angle) for angle in angles_deg], model)
        self.robot_mode: RobotMode = RobotMode.RUNNING if powered else RobotMode.POWER_OFF
        self.now_s = 0.0
        self.generation = 0
        """Counts restarts: a session of an earlier one is over."""
        self.scripts_unread = 0
        """Programs that were not run: none of ours, or sent when none may run."""
        self.programs_run: list[int] = []
        """Numbers of our programs that were started."""
        self.dashboard_hangs = False
        """The dashboard takes commands and answers none."""
        self.wrong = False
        """The joints are reported where they are not."""
        self._step: int | None = None
        self._boot_s = boot_s
        self._obstructed = False
        self._emergency = False
        self._timer: tuple[float, RobotMode] | None = None
        self._start()

    def _start(self) -> None:
        """What a restart makes new."""
        self.safety_mode: SafetyMode = SafetyMode.NORMAL
        self.stopped_s = -math.inf
        self.popup = ""
        self.slider = 1.0
        self.tcp_offset: tuple[float, ...] = (0.0,) * 6
        self.free_drive = False
        self.inputs: dict[str, Value] = {HEARTBEAT: 0, STOP_NUMBER: 0, SPEED_FACTOR: 0.0}
        self.outputs: dict[str, Value] = {NUMBER: 0, STATE: 0, **dict.fromkeys(TOOL, 0.0)}
        self.input_owners: dict[str, object] = {}
        self._run: Run | None = None
        self._paused = False
        self._coming: tuple[float, ProgramText] | None = None

    @property
    def angles_deg(self) -> tuple[float, ...]:
        """Where the joints really are."""
        return tuple(math.degrees(angle) for angle in self.joints.angles_rad)

    @property
    def reported_rad(self) -> tuple[float, ...]:
        """Where the controller says that they are."""
        off = math.radians(WRONG_DEG) if self.wrong else 0.0
        return tuple(angle + off for angle in self.joints.angles_rad)

    @property
    def moving(self) -> bool:
        """Whether a joint turns."""
        return self.joints.moving

    @property
    def booting(self) -> bool:
        """Nothing answers."""
        return self.robot_mode is RobotMode.BOOTING

    @property
    def runtime(self) -> Runtime:
        """What the program interpreter does."""
        if self._run is None:
            return Runtime.STOPPED
        return Runtime.PAUSED if self._paused else Runtime.PLAYING

    # What people do.

    def press_emergency_stop(self) -> None:
        """Somebody presses the button on the pendant."""
        self._emergency = True
        self.safety_mode = SafetyMode.ROBOT_EMERGENCY_STOP
        self.popup = "Emergency stop"
        self._end_program()
        self.joints.brake(HARD_BRAKE_RAD_S2)
        self._timer = (self.now_s + 0.3, RobotMode.POWER_OFF)

    def release_emergency_stop(self) -> None:
        """Somebody turns the button; the arm stays without power."""
        self._emergency = False
        self.safety_mode = SafetyMode.NORMAL

    def obstruct(self, obstructed: bool = True) -> None:
        """Something stands in the way of every motion, or does not any more."""
        self._obstructed = obstructed

    def push(self, angles_deg: Sequence[float]) -> None:
        """A hand leads the arm there, if it may."""
        if self.free_drive:
            self.joints.lead([math.radians(angle) for angle in angles_deg])

    def restart(self) -> None:
        """Somebody switches the controller off and on: all lines drop, nothing is remembered, the arm has no power."""
        self.generation += 1
        self._start()
        self.joints.brake(HARD_BRAKE_RAD_S2)
        self.robot_mode = RobotMode.BOOTING
        self._timer = (self.now_s + self._boot_s, RobotMode.POWER_OFF)

    # What the dashboard does.

    def power_on(self) -> bool:
        """Give the arm power; False when it may not have it."""
        if self.safety_mode is not SafetyMode.NORMAL:
            return False
        if self.robot_mode is RobotMode.POWER_OFF and self._timer is None:
            self._timer = (self.now_s + POWER_ON_S, RobotMode.IDLE)
        return True

    def release_brakes(self) -> bool:
        """Power on where needed, and release the brakes; False when that may not be."""
        if self.safety_mode is not SafetyMode.NORMAL or self.robot_mode is RobotMode.POWER_OFF:
            return False
        if self.robot_mode is RobotMode.IDLE and self._timer is None:
            self._timer = (self.now_s + BRAKE_RELEASE_S, RobotMode.RUNNING)
        return True

    def power_off(self) -> None:
        """Brakes on, power off."""
        self._end_program()
        self.joints.brake(HARD_BRAKE_RAD_S2)
        self._timer = None
        self.robot_mode = RobotMode.POWER_OFF

    def unlock(self) -> bool:
        """End a protective stop; False while it is younger than 5 s."""
        if self.safety_mode is not SafetyMode.PROTECTIVE_STOP:
            return True
        if self.now_s < self.stopped_s + UNLOCK_AFTER_S:
            return False
        self.safety_mode = SafetyMode.NORMAL
        return True

    def stop_program(self) -> None:
        """End the program that runs."""
        self._end_program()
        self.joints.brake(HARD_BRAKE_RAD_S2)

    def pause(self, paused: bool) -> bool:
        """Pause or resume the program; False when there is none that may."""
        if self._run is None or self.safety_mode is not SafetyMode.NORMAL:
            return False
        self._paused = paused
        if paused:
            self.joints.brake(HARD_BRAKE_RAD_S2)
        return True

    # What a program and its sender do.

    def take_script(self, text: str) -> None:
        """A whole program has come in at a script port."""
        read = recognise(text)
        may_run = self.remote and self.robot_mode is RobotMode.RUNNING and self.safety_mode is SafetyMode.NORMAL
        if read is None or not may_run:
            self.scripts_unread += 1
            return
        self._end_program()
        self._coming = (self.now_s + START_S, read)

    def protective_stop(self, why: str) -> None:
        """The arm stops because it cannot go on; the program waits."""
        if self.safety_mode is SafetyMode.NORMAL:
            self.safety_mode, self.stopped_s, self.popup = SafetyMode.PROTECTIVE_STOP, self.now_s, why
            self._paused = True
            self.free_drive = False
            self.joints.brake(HARD_BRAKE_RAD_S2)

    def write_inputs(self, values: dict[str, Value]) -> None:
        """A client's data package."""
        self.inputs.update(values)
        fraction = values.get("speed_slider_fraction")
        if values.get("speed_slider_mask") == 1 and isinstance(fraction, float) and math.isfinite(fraction):
            self.slider = min(1.0, max(0.0, fraction))

    def _end_program(self) -> None:
        self._run = self._coming = None
        self._paused = self.free_drive = False

    def advance(self, now_s: float) -> None:
        """Let time pass."""
        step = math.floor(now_s / STEP_S + 1e-6)
        if self._step is None:
            self._step = step
        while self._step < step:
            if not (self._run or self._coming or self._timer or self.joints.busy):
                self._step = step
                break
            self._step += 1
            self.now_s = self._step * STEP_S
            self._turn()
        self.now_s = max(self.now_s, now_s)

    def _turn(self) -> None:
        if self._timer is not None and self.now_s >= self._timer[0]:
            (_, self.robot_mode), self._timer = self._timer, None
            if self._emergency:
                self.safety_mode = SafetyMode.ROBOT_EMERGENCY_STOP
        if self._coming is not None and self.now_s >= self._coming[0]:
            (_, text), self._coming = self._coming, None
            self.programs_run.append(text.number)
            self._run = Run(text, self)
        if self._run is not None and not self._paused:
            self._run.step()
            if self._run is not None and self._run.over:
                self._end_program()
        self.joints.step()
        if self._obstructed and any(abs(speed) > PUSHED_RAD_S for speed in self.joints.speeds_rad_s):
            self.protective_stop("the arm has met something")

    def next_wake_s(self) -> float | None:
        """When something happens by itself."""
        if self._run or self.joints.busy:
            return self.now_s + 0.02
        return min((timed[0] for timed in (self._timer, self._coming) if timed is not None), default=None)
