"""A simulated myCobot 280 at the far end of the line: the vendor's bytes, motion that takes time, and seven bad days.

Behaviour by "18-communication" and the measured demands of pymycobot 4.0.7; motion by `simulated_joints`, coordinates
by `kinematics`. What the document leaves open is chosen: motion while the servos are off is refused (echo 0).
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, MutableMapping, Sequence
from typing import Literal, TypeVar

from drivers.api import CommandError, ProtocolError
from drivers.cobot.mycobot280.kinematics import JOINTS, coords, solve_coords
from drivers.cobot.mycobot280.protocol import (
    SHAPES,
    Cmd,
    Frame,
    FrameParser,
    acknowledgement,
    reply,
    request_values,
)
from drivers.cobot.mycobot280.simulated_joints import SimulatedJoints

Values = tuple[float, ...]
K = TypeVar("K")
V = TypeVar("V")
Fault = Literal["ok", "off", "stuck", "garbage", "wrong", "slow", "delayed", "intermittent"]

FAULTS: tuple[Fault, ...] = ("ok", "off", "stuck", "garbage", "wrong", "slow", "delayed", "intermittent")
LIMITS_DEG: tuple[tuple[float, float], ...] = (
    (-168.0, 168.0),
    (-135.0, 135.0),
    (-150.0, 150.0),
    (-145.0, 145.0),
    (-165.0, 165.0),
    (-180.0, 180.0),
)
"""The document's joint ranges."""

LATE_S = 0.7
LOOK_S = 0.02
"""How often a moving arm brings its posture up to date for those who draw it."""
BYTE_GAP_S = 0.005
WRONG_DEG = 7.0
IN_POSITION = 1.0
"""Degrees and millimetres."""
JOG_MM = 50.0
JOG_DEG = 20.0
_ENCODER_STEPS_PER_DEG = 4096 / 360

# What is set by one command and read back unchanged by another.
_REGISTERS: dict[Cmd, tuple[Cmd, Values]] = {
    Cmd.SET_FRESH_MODE: (Cmd.GET_FRESH_MODE, (0,)),
    Cmd.SET_SPEED: (Cmd.GET_SPEED, (50,)),
    Cmd.SET_TOOL_REFERENCE: (Cmd.GET_TOOL_REFERENCE, (0.0,) * 6),
    Cmd.SET_WORLD_REFERENCE: (Cmd.GET_WORLD_REFERENCE, (0.0,) * 6),
    Cmd.SET_REFERENCE_FRAME: (Cmd.GET_REFERENCE_FRAME, (0,)),
    Cmd.SET_MOVEMENT_TYPE: (Cmd.GET_MOVEMENT_TYPE, (0,)),
    Cmd.SET_END_TYPE: (Cmd.GET_END_TYPE, (0,)),
}


class MyCobot280Simulator:
    """A `drivers.api.DeviceSimulator`. Readable for a picture of the arm: `angles_deg`, `moving`, `colour`."""

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
        self._rng = rng
        self._ack = ack
        self._powered = powered
        self._joints = SimulatedJoints(angles_deg)
        self._limits_deg = list(limits_deg)
        self._reply_s = reply_s
        self._firmware = firmware
        self._fault: Fault = "ok"
        self._answers = 0
        self._parser = FrameParser(replies=False)
        self._out: deque[tuple[float, bytes]] = deque()
        self._now_s = 0.0
        self._error = 0
        self._free = False
        self._gripper = 100.0
        self._pins: dict[tuple[Cmd, float], float] = {}
        self._servo: dict[tuple[float, float], float] = {}
        self._registers: dict[Cmd, Values] = dict(_REGISTERS.values())
        self._queries = self._query_table()
        self._settings = self._setting_table()
        self.colour: tuple[int, int, int] = (0, 0, 0)
        """What the lamp shows, red, green, blue."""

    @property
    def angles_deg(self) -> Values:
        """Where the joints really are, at the last time handed in."""
        return self._joints.angles_deg

    @property
    def moving(self) -> bool:
        """Whether a joint turns or is about to."""
        return self._joints.moving

    @property
    def powered(self) -> bool:
        """Whether the servos are on."""
        return self._powered

    def fail(self, word: str) -> None:
        """Begin to fail in one of the seven ways of `drivers.api`; "ok" ends it. Raises ValueError for another word."""
        if word not in FAULTS:
            raise ValueError(f"the simulated arm cannot fail as {word!r}; choose one of {', '.join(FAULTS)}")
        self._fault = FAULTS[FAULTS.index(word)]
        self._joints.seize(word == "stuck")
        if word == "off":
            self._out.clear()
            self._joints.stop()

    def received(self, data: bytes, now_s: float) -> None:
        """Take bytes from the station's side."""
        self.advance(now_s)
        if self._fault == "off":
            return
        for frame in self._parser.feed(data):
            if frame.cmd in SHAPES:
                self._answer(Cmd(frame.cmd), frame)

    def advance(self, now_s: float) -> None:
        """Let time pass."""
        self._now_s = max(self._now_s, now_s)
        self._joints.advance(self._now_s)

    def next_wake_s(self) -> float | None:
        """When the next byte is due, or the arm has moved on far enough to be looked at again."""
        wakes = [self._out[0][0]] if self._out else []
        if self._joints.moving:
            wakes.append(self._now_s + LOOK_S)
        return min(wakes, default=None)

    def take_output(self) -> bytes:
        """Bytes for the station's side that are due."""
        due = bytearray()
        while self._out and self._out[0][0] <= self._now_s:
            due += self._out.popleft()[1]
        return bytes(due)

    def _answer(self, cmd: Cmd, frame: Frame) -> None:
        try:
            values = request_values(frame)
            if cmd in self._queries:
                self._reply(reply(cmd, *self._queries[cmd](values)))
            elif cmd in self._settings:
                accepted = self._settings[cmd](values)
                if self._ack == "modern":
                    self._reply(acknowledgement(cmd, accepted))
        except (ProtocolError, CommandError, IndexError):  # A joint that the arm does not have, and the like.
            if self._ack == "modern":
                self._reply(acknowledgement(cmd, False))

    def _reply(self, data: bytes) -> None:
        self._answers += 1
        if self._fault == "intermittent" and self._answers % 3 == 0:
            return
        due_s = self._now_s + self._reply_s + (LATE_S if self._fault == "delayed" else 0.0)
        if self._out:
            due_s = max(due_s, self._out[-1][0])
        if self._fault == "garbage":
            data = self._spoil(data)
        if self._fault == "slow":
            self._out.extend((due_s + index * BYTE_GAP_S, bytes((byte,))) for index, byte in enumerate(data))
        else:
            self._out.append((due_s, data))

    def _spoil(self, data: bytes) -> bytes:
        spoilt = bytearray(data)
        for _ in range(self._rng.randint(1, 3)):
            spoilt[self._rng.randrange(len(spoilt))] = self._rng.randrange(256)
        return bytes(spoilt)

    def _reported_deg(self) -> Values:
        if self._fault != "wrong":
            return self._joints.angles_deg
        return tuple(angle + WRONG_DEG for angle in self._joints.angles_deg)

    def _query_table(self) -> dict[Cmd, Callable[[Values], Values]]:
        angles = self._reported_deg

        def encoder(joint: int) -> int:
            return round(2048 + angles()[joint] * _ENCODER_STEPS_PER_DEG)

        return {
            Cmd.ROBOT_VERSION: lambda v: (1,),
            Cmd.SOFTWARE_VERSION: lambda v: (self._firmware,),
            Cmd.ATOM_VERSION: lambda v: (self._firmware,),
            Cmd.ERROR_INFORMATION: lambda v: (self._error,),
            Cmd.IS_POWERED_ON: lambda v: (self._powered,),
            Cmd.IS_CONTROLLER_CONNECTED: lambda v: (1,),
            Cmd.READ_NEXT_ERROR: lambda v: (0,) * 6,
            Cmd.IS_FREE_MODE: lambda v: (self._free,),
            Cmd.GET_ANGLES: lambda v: angles(),
            Cmd.GET_COORDS: lambda v: coords(angles()),
            Cmd.GET_ANGLES_AND_COORDS: lambda v: (*angles(), *coords(angles())),
            Cmd.IS_PAUSED: lambda v: (self._joints.paused,),
            Cmd.IS_MOVING: lambda v: (self._joints.moving,),
            Cmd.IS_IN_POSITION: self._in_position,
            Cmd.GET_ENCODER: lambda v: (encoder(_index(v[0])),),
            Cmd.GET_ENCODERS: lambda v: tuple(encoder(joint) for joint in range(JOINTS)),
            Cmd.GET_JOINT_MIN: lambda v: (v[0], self._limits_deg[_index(v[0])][0]),
            Cmd.GET_JOINT_MAX: lambda v: (v[0], self._limits_deg[_index(v[0])][1]),
            Cmd.IS_SERVO_ENABLED: lambda v: (v[0], self._powered),
            Cmd.ARE_ALL_SERVOS_ENABLED: lambda v: (self._powered,),
            Cmd.GET_SERVO_PARAMETER: lambda v: (self._servo.get((v[0], v[1]), 0),),
            Cmd.GET_PIN_INPUT: lambda v: (v[0], self._pins.get((Cmd.SET_PIN_OUTPUT, v[0]), 0)),
            Cmd.GET_BASE_INPUT: lambda v: (v[0], self._pins.get((Cmd.SET_BASE_OUTPUT, v[0]), 0)),
            Cmd.GET_GRIPPER_VALUE: lambda v: (self._gripper,),
            Cmd.IS_GRIPPER_MOVING: lambda v: (0,),
            Cmd.GET_SERVO_SPEEDS: lambda v: tuple(
                speed * _ENCODER_STEPS_PER_DEG for speed in self._joints.speeds_deg_s
            ),
            Cmd.GET_SERVO_CURRENTS: lambda v: tuple(40 if speed else 5 for speed in self._joints.speeds_deg_s),
            Cmd.GET_SERVO_VOLTAGES: lambda v: (7.4,) * JOINTS,
            Cmd.GET_SERVO_STATUS: lambda v: (0,) * JOINTS,
            Cmd.GET_SERVO_TEMPERATURES: lambda v: (31,) * JOINTS,
            **{get: self._register(get) for get, _ in _REGISTERS.values()},
        }

    def _register(self, get: Cmd) -> Callable[[Values], Values]:
        return lambda v: self._registers[get]

    def _setting_table(self) -> dict[Cmd, Callable[[Values], bool]]:
        return {
            Cmd.CLEAR_ERROR: self._clear_error,
            Cmd.POWER_ON: self._power_on,
            Cmd.POWER_OFF: self._power_off,
            Cmd.RELEASE_ALL_SERVOS: self._power_off,
            Cmd.SET_FREE_MODE: self._set_free,
            Cmd.SEND_ANGLE: lambda v: self._go_joint(v[0], v[1], v[2]),
            Cmd.SEND_ANGLES: lambda v: self._go(v[:6], v[6]),
            Cmd.SEND_COORD: lambda v: self._go_coord(v[0], v[1], v[2], relative=False),
            Cmd.SEND_COORDS: lambda v: self._go_coords(v[:6], v[6]),
            Cmd.PAUSE: lambda v: _accepted(self._joints.pause),
            Cmd.RESUME: lambda v: _accepted(self._joints.resume),
            Cmd.STOP: lambda v: _accepted(self._joints.stop),
            Cmd.JOG_JOINT: lambda v: self._go_joint(v[0], self._limits_deg[_index(v[0])][v[1] != 0], v[2]),
            Cmd.JOG_ABSOLUTE: lambda v: self._go_joint(v[0], v[1], v[2]),
            Cmd.JOG_INCREMENT: lambda v: self._go_joint(v[0], self.angles_deg[_index(v[0])] + v[1], v[2]),
            Cmd.JOG_COORD: self._jog_coord,
            Cmd.JOG_INCREMENT_COORD: lambda v: self._go_coord(v[0], v[1], v[2], relative=True),
            Cmd.SET_ENCODER: lambda v: self._go_joint(v[0], (v[1] - 2048) / _ENCODER_STEPS_PER_DEG, v[2]),
            Cmd.SET_ENCODERS: lambda v: self._go([(e - 2048) / _ENCODER_STEPS_PER_DEG for e in v[:6]], v[6]),
            Cmd.SET_JOINT_MIN: lambda v: self._limit(v[0], low=v[1]),
            Cmd.SET_JOINT_MAX: lambda v: self._limit(v[0], high=v[1]),
            Cmd.SET_SERVO_PARAMETER: lambda v: _stored(self._servo, (v[0], v[1]), v[2]),
            Cmd.SET_SERVO_ZERO: lambda v: True,
            Cmd.BRAKE_SERVO: lambda v: _accepted(self._joints.stop),
            Cmd.RELEASE_SERVO: lambda v: True,
            Cmd.POWER_ON_SERVO: lambda v: True,
            Cmd.SET_PIN_MODE: lambda v: True,
            Cmd.SET_PIN_OUTPUT: lambda v: _stored(self._pins, (Cmd.SET_PIN_OUTPUT, v[0]), v[1]),
            Cmd.SET_BASE_OUTPUT: lambda v: _stored(self._pins, (Cmd.SET_BASE_OUTPUT, v[0]), v[1]),
            Cmd.SET_GRIPPER_STATE: lambda v: self._grip(0.0 if v[0] else 100.0),
            Cmd.SET_GRIPPER_VALUE: lambda v: self._grip(v[0]),
            Cmd.SET_GRIPPER_ZERO: lambda v: True,
            Cmd.SET_COLOUR: self._show,
            **{set_: self._keep(get) for set_, (get, _) in _REGISTERS.items()},
        }

    def _keep(self, get: Cmd) -> Callable[[Values], bool]:
        return lambda v: _stored(self._registers, get, v)

    def _in_position(self, values: Values) -> Values:
        angles = self._reported_deg()
        here, position_scale = (coords(angles), 10) if values[6] else (angles, 100)
        wanted = [raw / (position_scale if index < 3 else 100) for index, raw in enumerate(values[:6])]
        return (all(abs(a - b) <= IN_POSITION for a, b in zip(wanted, here, strict=True)),)

    def _clear_error(self, _: Values) -> bool:
        self._error = 0
        return True

    def _power_on(self, _: Values) -> bool:
        self._powered, self._free = True, False
        return True

    def _power_off(self, _: Values) -> bool:
        self._powered = False
        self._joints.stop()
        return True

    def _set_free(self, values: Values) -> bool:
        self._free = bool(values[0])
        if self._free:
            self._joints.stop()
        return True

    def _show(self, values: Values) -> bool:
        self.colour = (int(values[0]), int(values[1]), int(values[2]))
        return True

    def _grip(self, value: float) -> bool:
        self._gripper = min(100.0, value)
        return True

    def _limit(self, joint: float, *, low: float | None = None, high: float | None = None) -> bool:
        old_low, old_high = self._limits_deg[_index(joint)]
        self._limits_deg[_index(joint)] = (old_low if low is None else low, old_high if high is None else high)
        return True

    def _go(self, targets_deg: Sequence[float], speed_percent: float) -> bool:
        if not self._powered or self._free:
            return False
        for joint, (angle, (low, high)) in enumerate(zip(targets_deg, self._limits_deg, strict=True), start=1):
            if not low <= angle <= high:
                self._error = joint
                return False
        if self._fault != "stuck":
            self._joints.go(targets_deg, speed_percent)
        return True

    def _go_joint(self, joint: float, angle_deg: float, speed_percent: float) -> bool:
        targets = list(self.angles_deg)
        targets[_index(joint)] = angle_deg
        return self._go(targets, speed_percent)

    def _go_coords(self, target: Sequence[float], speed_percent: float) -> bool:
        angles = solve_coords(target, self.angles_deg, self._limits_deg)
        if angles is None:
            self._error = 32
            return False
        return self._go(angles, speed_percent)

    def _go_coord(self, axis: float, value: float, speed_percent: float, *, relative: bool) -> bool:
        target = list(coords(self.angles_deg))
        index = _index(axis)
        target[index] = target[index] + value if relative else value
        return self._go_coords(target, speed_percent)

    def _jog_coord(self, values: Values) -> bool:
        axis, direction, speed_percent = values
        way = JOG_MM if axis <= 3 else JOG_DEG
        return self._go_coord(axis, way if direction else -way, speed_percent, relative=True)


def _index(number: float) -> int:
    """Joint or axis 1 to 6 as an index. Raises IndexError for any other, which a negative index would not."""
    if not 1 <= number <= JOINTS:
        raise IndexError(f"the arm has joints and axes 1 to {JOINTS}, not {number:g}")
    return int(number) - 1


def _accepted(act: Callable[[], None]) -> bool:
    act()
    return True


def _stored(store: MutableMapping[K, V], key: K, value: V) -> bool:
    store[key] = value
    return True
