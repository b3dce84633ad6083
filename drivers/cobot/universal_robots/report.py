"""What the controller reports over RTDE, in our units, and what of it stops the arm, in words. Pure.

Numbers of the modes by the client interface manual (robot modes, safety modes) and the RTDE guide (runtime states).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from drivers.cobot.universal_robots.program import HEARTBEAT, NUMBER, STATE, TOOL, State
from drivers.cobot.universal_robots.rtde import Value

TCP_OFFSET = "tcp_offset"
OUTPUTS = (
    "timestamp",
    "actual_q",
    "actual_qd",
    "robot_mode",
    "safety_mode",
    "runtime_state",
    "target_speed_fraction",
    "actual_TCP_pose",
    "joint_temperatures",
    "actual_joint_voltage",
    "actual_current",
    HEARTBEAT,
    NUMBER,
    STATE,
    *TOOL,
)
"""What is asked for; `TCP_OFFSET` besides, where the controller has it."""
IMPOSSIBLE_DEG_S = 400.0
"""No joint of this family turns half as fast."""
LEAP_DEG = 10.0
REST_DEG_S = 0.3
"""A joint slower than this rests; the encoders' noise is below it."""


class RobotMode(IntEnum):
    """Power and brakes."""

    NO_CONTROLLER = -1
    DISCONNECTED = 0
    CONFIRM_SAFETY = 1
    BOOTING = 2
    POWER_OFF = 3
    POWER_ON = 4
    IDLE = 5
    BACKDRIVE = 6
    RUNNING = 7
    UPDATING_FIRMWARE = 8


class SafetyMode(IntEnum):
    """What the safety system says."""

    NORMAL = 1
    REDUCED = 2
    PROTECTIVE_STOP = 3
    RECOVERY = 4
    SAFEGUARD_STOP = 5
    SYSTEM_EMERGENCY_STOP = 6
    ROBOT_EMERGENCY_STOP = 7
    VIOLATION = 8
    FAULT = 9


class Runtime(IntEnum):
    """What the program interpreter does."""

    STOPPING = 0
    STOPPED = 1
    PLAYING = 2
    PAUSING = 3
    PAUSED = 4
    RESUMING = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One data package."""

    timestamp_s: float
    """The controller's own clock."""
    angles_deg: tuple[float, ...]
    speeds_deg_s: tuple[float, ...]
    robot_mode: int
    safety_mode: int
    runtime: int
    slider: float
    """The speed slider, 0 to 1."""
    tip: tuple[float, ...]
    """Pose of the tool's tip: metres and a rotation vector in radians, base frame."""
    temperatures_c: tuple[float, ...]
    voltages_v: tuple[float, ...]
    currents_a: tuple[float, ...]
    heartbeat: int
    """The last sign of life that anybody has written."""
    number: int
    """Of the program that said something last."""
    state: int
    """What it said: `program.State`."""
    tool: tuple[float, ...]
    """The tool that a program has found set: metres and a rotation vector."""
    tcp_offset: tuple[float, ...] | None
    """The tool that is set now, None where the controller does not tell."""

    @property
    def at_rest(self) -> bool:
        """No joint turns."""
        return all(abs(speed) < REST_DEG_S for speed in self.speeds_deg_s)

    @property
    def plays(self) -> bool:
        """A program has the arm, if only to pause."""
        return self.runtime != Runtime.STOPPED

    @property
    def held(self) -> bool:
        """The robot itself keeps its arm from moving, whatever a program wants."""
        return not self.powered or self.safety_mode not in (SafetyMode.NORMAL, SafetyMode.REDUCED)

    @property
    def powered(self) -> bool:
        """The joints have power and the brakes are released."""
        return self.robot_mode in (RobotMode.RUNNING, RobotMode.BACKDRIVE)


def report_of(values: Mapping[str, Value]) -> Report:
    """A report from the values of a data package that holds `OUTPUTS`."""

    def one(name: str) -> float:
        value = values[name]
        return math.nan if isinstance(value, tuple) else value

    def several(name: str) -> tuple[float, ...]:
        value = values[name]
        return value if isinstance(value, tuple) else (value,)

    return Report(
        timestamp_s=one("timestamp"),
        angles_deg=tuple(math.degrees(angle) for angle in several("actual_q")),
        speeds_deg_s=tuple(math.degrees(speed) for speed in several("actual_qd")),
        robot_mode=int(one("robot_mode")),
        safety_mode=int(one("safety_mode")),
        runtime=int(one("runtime_state")),
        slider=one("target_speed_fraction"),
        tip=several("actual_TCP_pose"),
        temperatures_c=several("joint_temperatures"),
        voltages_v=several("actual_joint_voltage"),
        currents_a=several("actual_current"),
        heartbeat=int(one(HEARTBEAT)),
        number=int(one(NUMBER)),
        state=int(one(STATE)),
        tool=tuple(one(name) for name in TOOL),
        tcp_offset=several(TCP_OFFSET) if TCP_OFFSET in values else None,
    )


def contradiction(report: Report, last: Report | None) -> str | None:
    """What no robot could report, on its own or after the last report; None when it may be true.

    A connection that says such things is not read any further: RTDE has no checksum, and what is taken apart at the
    wrong byte looks like data.
    """
    numbers = (report.timestamp_s, report.slider, *report.angles_deg, *report.speeds_deg_s, *report.tip, *report.tool)
    if not all(math.isfinite(number) for number in numbers):
        return "what is no number"
    if not (-1 <= report.robot_mode <= 20 and 0 <= report.safety_mode <= 20 and 0 <= report.runtime <= 5):
        return "modes that there are not"
    if not 0.0 <= report.slider <= 1.0 or max(map(abs, report.speeds_deg_s)) > IMPOSSIBLE_DEG_S:
        return "speeds that there cannot be"
    if last is not None:
        passed_s = report.timestamp_s - last.timestamp_s
        leap_deg = max(abs(a - b) for a, b in zip(report.angles_deg, last.angles_deg, strict=True))
        if passed_s < 0 or leap_deg > LEAP_DEG + IMPOSSIBLE_DEG_S * passed_s:
            return "that it has leapt in time or space"
    return None


_SAFETY: dict[int, tuple[str, str]] = {
    SafetyMode.PROTECTIVE_STOP: (
        "cobot.protective_stop",
        "the robot made a protective stop: it met something or was pushed off its way; look at the arm, make it free, "
        "then clear the stop",
    ),
    SafetyMode.SAFEGUARD_STOP: (
        "cobot.safeguard_stop",
        "a safeguard of the cell holds the robot; close the gate or leave the field, and reset the safeguard",
    ),
    SafetyMode.SYSTEM_EMERGENCY_STOP: (
        "cobot.emergency_stop",
        "the cell's emergency stop is pressed; find out why, release the button, then clear the stop",
    ),
    SafetyMode.ROBOT_EMERGENCY_STOP: (
        "cobot.emergency_stop",
        "the emergency stop button on the robot's teach pendant is pressed; find out why, turn the button to release "
        "it, then clear the stop",
    ),
    SafetyMode.RECOVERY: (
        "cobot.safety_fault",
        "the robot is in recovery mode, outside its safety limits; move it back by hand with the teach pendant",
    ),
}


def stop_of(report: Report, remote: bool | None) -> dict[str, str]:
    """What keeps the arm from moving now: code -> sentence. `remote` is None while nobody has said."""
    found: dict[str, str] = {}
    if report.safety_mode not in (SafetyMode.NORMAL, SafetyMode.REDUCED):
        code, detail = _SAFETY.get(
            report.safety_mode,
            (
                "cobot.safety_fault",
                f"the robot's safety system reports mode {report.safety_mode}, a violation or a fault; read the "
                "message on the teach pendant",
            ),
        )
        found[code] = detail
    if not report.powered:
        found["cobot.not_powered"] = (
            "the robot's controller is on, but its arm has no power or its brakes are closed; clear the stop here, or "
            "switch the arm on at the teach pendant"
        )
    if remote is False:
        found["cobot.local_control"] = (
            "the robot is in local control; press the button at the top right of the teach pendant and choose remote "
            "control"
        )
    if report.state == State.FREE_DRIVE and report.plays:
        found["cobot.free_drive"] = "a person may move the arm by hand; end the free drive before it moves by itself"
    return found
