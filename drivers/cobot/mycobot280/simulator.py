"""A simulated myCobot 280 at the far end of the line: the vendor's bytes, motion that takes time, and its bad days.

The arm itself is `simulated_arm`, how its joints turn `simulated_joints`, what happens to its answers on the way
`simulated_answers`. Here commands are read and answered, as "18-communication" and pymycobot 4.0.7 have it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, MutableMapping, Sequence
from typing import Literal, TypeVar

from drivers.api import CommandError, ProtocolError
from drivers.cobot.mycobot280.kinematics import JOINTS, MODEL
from drivers.cobot.mycobot280.protocol import (
    SHAPES,
    Cmd,
    Frame,
    FrameParser,
    acknowledgement,
    reply,
    request_values,
)
from drivers.cobot.mycobot280.simulated_answers import FAULTS, Answers
from drivers.cobot.mycobot280.simulated_arm import WRONG_DEG, SimulatedArm

Values = tuple[float, ...]
K = TypeVar("K")
V = TypeVar("V")

LIMITS_DEG = MODEL.limits_deg
"""The document's joint ranges."""
LOOK_S = 0.02
"""How often a moving arm brings its posture up to date for those who draw it."""
BOOT_S = 1.5
IN_POSITION = 1.0
"""Degrees and millimetres."""
MOTIONS = frozenset(
    (
        Cmd.SEND_ANGLE,
        Cmd.SEND_ANGLES,
        Cmd.SEND_COORD,
        Cmd.SEND_COORDS,
        Cmd.JOG_JOINT,
        Cmd.JOG_ABSOLUTE,
        Cmd.JOG_COORD,
        Cmd.JOG_INCREMENT,
        Cmd.JOG_INCREMENT_COORD,
        Cmd.SET_ENCODER,
        Cmd.SET_ENCODERS,
    )
)
"""Commands that move the arm."""
_ENCODER_STEPS_PER_DEG = 4096 / 360

# What is set by one command and read back unchanged by another.
_REGISTERS: dict[Cmd, tuple[Cmd, Values]] = {
    Cmd.SET_FRESH_MODE: (Cmd.GET_FRESH_MODE, (0,)),
    Cmd.SET_SPEED: (Cmd.GET_SPEED, (50,)),
    Cmd.SET_MOVEMENT_TYPE: (Cmd.GET_MOVEMENT_TYPE, (0,)),
}


class MyCobot280Simulator:
    """A `drivers.api.DeviceSimulator`. Readable for a picture of the arm: `angles_deg`, `moving`, `colour`.

    What can happen to the arm besides the seven words of `fail` are methods here and those of `arm` and `answers`.
    """

    def __init__(
        self,
        rng: random.Random,
        *,
        ack: Literal["modern", "legacy"] = "modern",
        powered: bool = False,
        angles_deg: Sequence[float] = (0.0,) * JOINTS,
        limits_deg: Sequence[tuple[float, float]] = LIMITS_DEG,
        reply_s: float = 0.02,
        firmware: float = 7.3,
    ) -> None:
        """`rng` spoils bytes on a bad day; `reply_s` is how long the firmware takes for an answer."""
        self._ack = ack
        self._firmware = firmware
        self._parser = FrameParser(replies=False)
        self._now_s = 0.0
        self._dead_until_s = 0.0
        self._pins: dict[tuple[Cmd, float], float] = {}
        self._servo: dict[tuple[float, float], float] = {}
        self._registers: dict[Cmd, Values] = dict(_REGISTERS.values())
        self._queries = self._query_table()
        self._settings = self._setting_table()
        self.arm = SimulatedArm(angles_deg, limits_deg, powered)
        """The arm behind the bytes."""
        self.answers = Answers(rng, reply_s)
        """What it says and how that goes wrong."""
        self.colour: tuple[int, int, int] = (0, 0, 0)
        """What the lamp shows, red, green, blue."""
        self.heard = 0
        """How many frames it has heard."""
        self.stops = 0
        """How many stops it has heard."""
        self.motions: list[bytes] = []
        """Every command to move that it has heard, as bytes, oldest first."""

    @property
    def angles_deg(self) -> Values:
        """Where the joints really are, at the last time handed in."""
        return self.arm.joints.angles_deg

    @property
    def moving(self) -> bool:
        """Whether a joint turns or is about to."""
        return self.arm.joints.moving

    @property
    def powered(self) -> bool:
        """Whether the servos are on."""
        return self.arm.powered

    def fail(self, word: str) -> None:
        """Begin to fail in one of the seven ways of `drivers.api`; "ok" ends it. Raises ValueError for another word."""
        if word not in FAULTS:
            raise ValueError(f"the simulated arm cannot fail as {word!r}; choose one of {', '.join(FAULTS)}")
        self.answers.fault = FAULTS[FAULTS.index(word)]
        self.arm.off_deg = WRONG_DEG if word == "wrong" else 0.0
        self.arm.joints.seize(word == "stuck")
        if word == "off":
            self.answers.clear()
            self.arm.joints.stop()

    def obstruct(self, joint: int, at_deg: float | None = None) -> None:
        """Put something in the way of a joint at an angle, or close to it on both sides: it will strike against it."""
        self.arm.joints.wall(joint, at_deg)

    def clear_way(self) -> None:
        """Take everything out of the way again. The error stays until it is cleared."""
        self.arm.joints.clear_way()

    def push(self, joint: int, by_deg: float) -> bool:
        """Turn a joint by hand. False when it holds."""
        return self.arm.joints.push(joint, by_deg)

    def restart(self, boot_s: float = BOOT_S) -> None:
        """Panic: text on the line, deaf for a while, then there again without power and memory."""
        self.arm.restart()
        self._registers = dict(_REGISTERS.values())
        self._parser.forget()
        self.colour = (0, 0, 0)
        self.answers.boot(self._now_s, boot_s)
        self._dead_until_s = self._now_s + boot_s

    def forget(self, cmd: Cmd) -> None:
        """An older firmware, which does not know this question: refused if it acknowledges, else no answer."""
        self._queries.pop(cmd)

    def disturb(self, cmd: Cmd, *values: float) -> None:
        """Answer this question once with these values: bytes that were changed on the way."""
        honest = self._queries[cmd]

        def once(_: Values) -> Values:
            self._queries[cmd] = honest
            return values

        self._queries[cmd] = once

    def received(self, data: bytes, now_s: float) -> None:
        """Take bytes from the station's side."""
        self.advance(now_s)
        if self.answers.fault == "off" or self._now_s < self._dead_until_s:
            return
        if self.answers.wrong_baud:
            self.answers.misread(data, self._now_s)
            return
        for frame in self._parser.feed(data):
            self.heard += 1
            self.stops += frame.cmd == Cmd.STOP
            if frame.cmd in MOTIONS:
                self.motions.append(bytes((frame.cmd,)) + frame.payload)
            if frame.cmd in SHAPES:
                self._answer(Cmd(frame.cmd), frame)

    def advance(self, now_s: float) -> None:
        """Let time pass."""
        self._now_s = max(self._now_s, now_s)
        self.arm.advance(self._now_s)

    def next_wake_s(self) -> float | None:
        """When the next byte is due, or the arm has moved on far enough to be looked at again."""
        due_s = self.answers.next_due_s()
        wakes = [] if due_s is None else [due_s]
        if self.moving or self.arm.gripper.moving:
            wakes.append(self._now_s + LOOK_S)
        return min(wakes, default=None)

    def take_output(self) -> bytes:
        """Bytes for the station's side that are due."""
        return self.answers.take(self._now_s)

    def _answer(self, cmd: Cmd, frame: Frame) -> None:
        try:
            values = request_values(frame)
            if cmd in self._queries:
                self._reply(reply(cmd, *self._queries[cmd](values)))
            elif cmd in self._settings:
                accepted = self._settings[cmd](values)
                if self._ack == "modern":
                    self._reply(acknowledgement(cmd, accepted))
            elif self._ack == "modern":
                self._reply(acknowledgement(cmd, False))
        except (ProtocolError, CommandError, IndexError):  # A joint that the arm does not have, and the like.
            if self._ack == "modern":
                self._reply(acknowledgement(cmd, False))

    def _reply(self, data: bytes) -> None:
        self.answers.reply(data, self._now_s)

    def _query_table(self) -> dict[Cmd, Callable[[Values], Values]]:
        def encoder(joint: int) -> int:
            return round(2048 + self.arm.reported_deg[joint] * _ENCODER_STEPS_PER_DEG)

        return {
            Cmd.ROBOT_VERSION: lambda v: (1,),
            Cmd.SOFTWARE_VERSION: lambda v: (self._firmware,),
            Cmd.ATOM_VERSION: lambda v: (self._firmware,),
            Cmd.ERROR_INFORMATION: lambda v: (self.arm.error,),
            Cmd.IS_POWERED_ON: lambda v: (self.powered,),
            Cmd.IS_CONTROLLER_CONNECTED: lambda v: (1,),
            Cmd.READ_NEXT_ERROR: lambda v: tuple(self.arm.servo_errors),
            Cmd.IS_FREE_MODE: lambda v: (self.arm.free,),
            Cmd.GET_ANGLES: lambda v: self.arm.reported_deg,
            Cmd.GET_COORDS: lambda v: self.arm.coords,
            Cmd.GET_ANGLES_AND_COORDS: lambda v: (*self.arm.reported_deg, *self.arm.coords),
            Cmd.IS_PAUSED: lambda v: (self.arm.joints.paused,),
            Cmd.IS_MOVING: lambda v: (self.moving,),
            Cmd.IS_IN_POSITION: self._in_position,
            Cmd.GET_ENCODER: lambda v: (encoder(_joint(v[0]) - 1),),
            Cmd.GET_ENCODERS: lambda v: tuple(encoder(joint) for joint in range(JOINTS)),
            Cmd.GET_JOINT_MIN: lambda v: (v[0], self.arm.limits_deg[_joint(v[0]) - 1][0]),
            Cmd.GET_JOINT_MAX: lambda v: (v[0], self.arm.limits_deg[_joint(v[0]) - 1][1]),
            Cmd.IS_SERVO_ENABLED: lambda v: (v[0], self.arm.enabled[_joint(v[0]) - 1]),
            Cmd.ARE_ALL_SERVOS_ENABLED: lambda v: (all(self.arm.enabled),),
            Cmd.GET_SERVO_PARAMETER: lambda v: (self._servo.get((v[0], v[1]), 0),),
            Cmd.GET_PIN_INPUT: lambda v: (v[0], self._pins.get((Cmd.SET_PIN_OUTPUT, v[0]), 0)),
            Cmd.GET_BASE_INPUT: lambda v: (v[0], self._pins.get((Cmd.SET_BASE_OUTPUT, v[0]), 0)),
            Cmd.GET_GRIPPER_VALUE: lambda v: (round(self.arm.gripper.open_percent),),
            Cmd.IS_GRIPPER_MOVING: lambda v: (self.arm.gripper.moving,),
            Cmd.GET_SERVO_SPEEDS: lambda v: tuple(
                speed * _ENCODER_STEPS_PER_DEG for speed in self.arm.joints.speeds_deg_s
            ),
            Cmd.GET_SERVO_CURRENTS: lambda v: tuple(40 if speed else 5 for speed in self.arm.joints.speeds_deg_s),
            Cmd.GET_SERVO_VOLTAGES: lambda v: (7.4 if self.powered else 0.0,) * JOINTS,
            Cmd.GET_SERVO_STATUS: lambda v: self.arm.servo_status,
            Cmd.GET_SERVO_TEMPERATURES: lambda v: tuple(self.arm.temperatures_c),
            Cmd.GET_TOOL_REFERENCE: lambda v: self.arm.tool,
            Cmd.GET_WORLD_REFERENCE: lambda v: self.arm.world,
            Cmd.GET_REFERENCE_FRAME: lambda v: (self.arm.in_world,),
            Cmd.GET_END_TYPE: lambda v: (self.arm.at_tip,),
            **{get: self._register(get) for get, _ in _REGISTERS.values()},
        }

    def _register(self, get: Cmd) -> Callable[[Values], Values]:
        return lambda v: self._registers[get]

    def _setting_table(self) -> dict[Cmd, Callable[[Values], bool]]:
        return {
            Cmd.CLEAR_ERROR: lambda v: self.arm.clear_error(),
            Cmd.POWER_ON: lambda v: self.arm.power_on(),
            Cmd.POWER_OFF: lambda v: self.arm.power_off(),
            Cmd.RELEASE_ALL_SERVOS: lambda v: self.arm.power_off(),
            Cmd.SET_FREE_MODE: lambda v: self.arm.set_free(bool(v[0])),
            Cmd.SEND_ANGLE: lambda v: self.arm.go_joint(_joint(v[0]), v[1], v[2]),
            Cmd.SEND_ANGLES: lambda v: self.arm.go(v[:6], v[6]),
            Cmd.SEND_COORD: lambda v: self.arm.go_coord(_joint(v[0]), v[1], v[2]),
            Cmd.SEND_COORDS: lambda v: self.arm.go_coords(v[:6], v[6], straight=v[7] == 1),
            Cmd.PAUSE: lambda v: _accepted(self.arm.joints.pause),
            Cmd.RESUME: lambda v: _accepted(self.arm.joints.resume),
            Cmd.STOP: lambda v: _accepted(self.arm.joints.stop),
            Cmd.JOG_JOINT: lambda v: self.arm.go_joint(
                _joint(v[0]), self.arm.limits_deg[_joint(v[0]) - 1][v[1] != 0], v[2]
            ),
            Cmd.JOG_ABSOLUTE: lambda v: self.arm.go_joint(_joint(v[0]), v[1], v[2]),
            Cmd.JOG_INCREMENT: lambda v: self.arm.go_joint(
                _joint(v[0]), self.angles_deg[_joint(v[0]) - 1] + v[1], v[2]
            ),
            Cmd.JOG_COORD: lambda v: self.arm.jog_coord(_joint(v[0]), v[1] != 0, v[2]),
            Cmd.JOG_INCREMENT_COORD: lambda v: self.arm.go_coord(
                _joint(v[0]), self.arm.coords[_joint(v[0]) - 1] + v[1], v[2]
            ),
            Cmd.SET_ENCODER: lambda v: self.arm.go_joint(_joint(v[0]), (v[1] - 2048) / _ENCODER_STEPS_PER_DEG, v[2]),
            Cmd.SET_ENCODERS: lambda v: self.arm.go([(e - 2048) / _ENCODER_STEPS_PER_DEG for e in v[:6]], v[6]),
            Cmd.SET_JOINT_MIN: lambda v: self._limit(v[0], low=v[1]),
            Cmd.SET_JOINT_MAX: lambda v: self._limit(v[0], high=v[1]),
            Cmd.SET_SERVO_PARAMETER: lambda v: _stored(self._servo, (v[0], v[1]), v[2]),
            Cmd.SET_SERVO_ZERO: lambda v: True,
            Cmd.BRAKE_SERVO: lambda v: _accepted(self.arm.joints.stop),
            Cmd.RELEASE_SERVO: lambda v: self.arm.enable(_joint(v[0]), False),
            Cmd.POWER_ON_SERVO: lambda v: self.arm.enable(_joint(v[0]), True),
            Cmd.SET_PIN_MODE: lambda v: True,
            Cmd.SET_PIN_OUTPUT: lambda v: _stored(self._pins, (Cmd.SET_PIN_OUTPUT, v[0]), v[1]),
            Cmd.SET_BASE_OUTPUT: lambda v: _stored(self._pins, (Cmd.SET_BASE_OUTPUT, v[0]), v[1]),
            Cmd.SET_GRIPPER_STATE: lambda v: self._grip(0.0 if v[0] else 100.0, v[1]),
            Cmd.SET_GRIPPER_VALUE: lambda v: self._grip(v[0], v[1]),
            Cmd.SET_GRIPPER_ZERO: lambda v: True,
            Cmd.SET_COLOUR: self._show,
            Cmd.SET_TOOL_REFERENCE: self._tool_reference,
            Cmd.SET_WORLD_REFERENCE: self._world_reference,
            Cmd.SET_REFERENCE_FRAME: self._reference_frame,
            Cmd.SET_END_TYPE: self._end_type,
            **{set_: self._keep(get) for set_, (get, _) in _REGISTERS.items()},
        }

    def _keep(self, get: Cmd) -> Callable[[Values], bool]:
        return lambda v: _stored(self._registers, get, v)

    def _in_position(self, values: Values) -> Values:
        here, position_scale = (self.arm.coords, 10) if values[6] else (self.arm.reported_deg, 100)
        wanted = [raw / (position_scale if index < 3 else 100) for index, raw in enumerate(values[:6])]
        return (all(abs(a - b) <= IN_POSITION for a, b in zip(wanted, here, strict=True)),)

    def _show(self, values: Values) -> bool:
        self.colour = (int(values[0]), int(values[1]), int(values[2]))
        return True

    def _grip(self, open_percent: float, speed_percent: float) -> bool:
        self.arm.gripper.go(open_percent, speed_percent)
        return True

    def _limit(self, joint: float, *, low: float | None = None, high: float | None = None) -> bool:
        index = _joint(joint) - 1
        old_low, old_high = self.arm.limits_deg[index]
        self.arm.limits_deg[index] = (old_low if low is None else low, old_high if high is None else high)
        return True

    def _tool_reference(self, values: Values) -> bool:
        self.arm.tool = values
        return True

    def _world_reference(self, values: Values) -> bool:
        self.arm.world = values
        return True

    def _reference_frame(self, values: Values) -> bool:
        self.arm.in_world = bool(values[0])
        return True

    def _end_type(self, values: Values) -> bool:
        self.arm.at_tip = bool(values[0])
        return True


def _joint(number: float) -> int:
    """Joint or axis 1 to 6. Raises IndexError for any other, which a negative index would not."""
    if not 1 <= number <= JOINTS:
        raise IndexError(f"the arm has joints and axes 1 to {JOINTS}, not {number:g}")
    return int(number)


def _accepted(act: Callable[[], None]) -> bool:
    act()
    return True


def _stored(store: MutableMapping[K, V], key: K, value: V) -> bool:
    store[key] = value
    return True
