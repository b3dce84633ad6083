"""What our own URScript programs mean, for a simulated controller that cannot read URScript. Pure.

A text is recognised when it is, letter for letter, what `program` writes for the values found in it; anything else is a
program that this controller cannot run. Step by step it does what the text says, on joints that follow `servoj`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from drivers.cobot.universal_robots import program
from drivers.cobot.universal_robots.program import (
    ELSEWHERE_RAD,
    FACTOR_PER_S,
    HEARTBEAT,
    KNOT_S,
    LEASE_S,
    NUMBER,
    SETTLE_S,
    SPEED_FACTOR,
    STATE,
    STOP_NUMBER,
    STOP_RAD_S2,
    TOOL,
    Knot,
    State,
    Tool,
)
from drivers.cobot.universal_robots.rtde import Value
from drivers.cobot.universal_robots.simulated_joints import STEP_S, FollowingJoints

_NAME = re.compile(r"\Adef (\w+)\(\):\n  global abm_number = (\d+)\n(?:  set_tcp\(p\[(.*)\]\)\n)?")
_START = re.compile(r"^    if abm_is_elsewhere\(\[(.*)\]\):$", re.MULTILINE)
_KNOT = re.compile(r"^    abm_go\(\[(.*)\], \[(.*)\]\)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramText:
    """A text of ours, read."""

    kind: str
    number: int
    tool: Tool | None = None
    start_rad: tuple[float, ...] = ()
    knots: tuple[Knot, ...] = ()


def recognise(text: str) -> ProgramText | None:
    """The program that this text is, None when it is none of ours."""
    head = _NAME.match(text)
    if head is None:
        return None
    kind, number = head.group(1), int(head.group(2))
    x, y, z, rx, ry, rz = _numbers(head.group(3)) if head.group(3) else (0.0,) * 6
    tool = Tool(pose=(x, y, z, rx, ry, rz)) if head.group(3) else None
    start = _START.search(text)
    knots = tuple(
        Knot(angles_rad=_numbers(found.group(1)), speeds_rad_s=_numbers(found.group(2)))
        for found in _KNOT.finditer(text)
    )
    read = ProgramText(
        kind=kind, number=number, tool=tool, start_rad=_numbers(start.group(1)) if start else (), knots=knots
    )
    return read if _written(read) == text else None


def _written(read: ProgramText) -> str | None:
    match read.kind:
        case "abm_motion" if read.knots and read.start_rad:
            return program.motion(read.number, read.start_rad, read.knots, read.tool)
        case "abm_free_drive":
            return program.free_drive(read.number, read.tool)
        case "abm_set_tool" if read.tool is not None:
            return program.set_tool(read.number, read.tool)
        case _:
            return None


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


class Robot(Protocol):
    """What a program can touch of its controller."""

    joints: FollowingJoints
    inputs: dict[str, Value]
    outputs: dict[str, Value]
    tcp_offset: tuple[float, ...]
    free_drive: bool

    def protective_stop(self, why: str) -> None:
        """The arm cannot do what the program tells it."""


class Run:
    """One program from its start to its end; a step is one control period of 2 ms."""

    def __init__(self, text: ProgramText, robot: Robot) -> None:
        self._text = text
        self._robot = robot
        self._end = State.NONE
        self._seen = self._first = robot.inputs[HEARTBEAT]
        self._silent_s = 0.0
        self._at_s = 0.0
        self._factor = 0.0
        self._settled_s = 0.0
        self._knots = list(text.knots)
        self._last = Knot(angles_rad=tuple(robot.joints.targets_rad), speeds_rad_s=(0.0,) * 6)
        self._braking = False
        self.over = False
        """It has ended."""
        self._begin()

    def _begin(self) -> None:
        robot, text = self._robot, self._text
        if text.tool is not None:
            robot.tcp_offset = text.tool.pose
        if text.kind == "abm_set_tool":
            robot.outputs.update(dict(zip(TOOL, robot.tcp_offset, strict=True)))
            self._say(State.TOOL_SET)
            self.over = True
        elif robot.outputs[NUMBER] == text.number:
            self.over = True
        else:
            self._say(State.RUNNING)
            if text.kind == "abm_motion":
                ways = zip(self._last.angles_rad, text.start_rad, strict=True)
                if any(abs(a - b) > ELSEWHERE_RAD for a, b in ways):
                    self._end = State.ELSEWHERE

    def _say(self, state: State) -> None:
        self._robot.outputs[STATE] = int(state)
        self._robot.outputs[NUMBER] = self._text.number

    def _wanted(self) -> bool:
        inputs = self._robot.inputs
        if inputs[STOP_NUMBER] == self._text.number:
            self._end = State.STOPPED
        beat = inputs[HEARTBEAT]
        if beat == self._seen:
            self._silent_s += STEP_S
        else:
            self._seen, self._silent_s = beat, 0.0
        if self._end is State.NONE and self._silent_s > LEASE_S:
            self._end = State.LEASE_EXPIRED
        return self._end is State.NONE

    def step(self) -> None:
        """Two milliseconds pass, while the program is not paused."""
        if self.over:
            return
        if self._braking:
            if not self._robot.joints.busy:
                self._say(State.DONE if self._end is State.NONE else self._end)
                self.over = True
            return
        if self._text.kind == "abm_free_drive":
            self._free_drive()
        elif not self._wanted():
            self._brake()
        elif self._seen != self._first:
            self._follow()

    def _free_drive(self) -> None:
        wanted = self._wanted()
        if wanted and self._seen != self._first and not self._robot.free_drive:
            self._robot.free_drive = True
            self._say(State.FREE_DRIVE)
        if not wanted:
            self._robot.free_drive = False
            self._brake()

    def _brake(self) -> None:
        self._braking = True
        self._robot.joints.brake(STOP_RAD_S2)

    def _follow(self) -> None:
        if not self._knots:
            if self._settled_s >= SETTLE_S:
                self._brake()
                return
            self._settled_s += STEP_S
            self._servo(self._last.angles_rad)
            return
        self._servo(_between(self._last, self._knots[0], self._at_s / KNOT_S))
        wanted = self._robot.inputs[SPEED_FACTOR]
        if not isinstance(wanted, tuple):
            most = FACTOR_PER_S * STEP_S
            self._factor += min(most, max(-most, wanted - self._factor))
        self._at_s += self._factor * STEP_S
        while self._knots and self._at_s >= KNOT_S:
            self._at_s -= KNOT_S
            self._last = self._knots.pop(0)

    def _servo(self, angles_rad: Sequence[float]) -> None:
        why = self._robot.joints.servo(angles_rad)
        if why is not None:
            self._robot.protective_stop(why)


def _between(last: Knot, knot: Knot, u: float) -> tuple[float, ...]:
    """The cubic between two knots at share `u` of the way."""
    a, b = (1 + 2 * u) * (1 - u) ** 2, u * (1 - u) ** 2 * KNOT_S
    c, d = u * u * (3 - 2 * u), u * u * (u - 1) * KNOT_S
    return tuple(
        a * q0 + b * v0 + c * q1 + d * v1
        for q0, v0, q1, v1 in zip(last.angles_rad, last.speeds_rad_s, knot.angles_rad, knot.speeds_rad_s, strict=True)
    )
