"""myCobot 280 bytes: frames, the table of commands, and a parser that finds frames in noise. Pure.

Source: Elephant Robotics, "18-communication" (myCobot 280 M5 2023 documentation), and the vendor's Python client
pymycobot 4.0.7 where the document is silent or contradicts itself (joint limits are × 10, not × 100).

A frame is `FE FE LEN CMD payload FA`, LEN counting CMD, payload and FA. There is no checksum, and FA and FE FE occur
inside payloads: a frame is cut by LEN and believed only when FA stands at its end.

A *layout* is a string with one letter for each value of a payload; numbers are big-endian:

====  =======================================  =====
`b`   unsigned byte                            1
`v`   unsigned byte, tenths (voltage, version)  1
`h`   signed 16-bit, raw (encoder)             2
`a`   signed 16-bit, degrees × 100             2
`c`   signed 16-bit, millimetres × 10          2
`l`   signed 16-bit, degrees × 10 (limits)     2
`x`   `c` when the byte before it is 1, 2 or 3 (x y z), else `a` (rx ry rz)
====  =======================================  =====
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from drivers.api import CommandError, ProtocolError

HEADER = b"\xfe\xfe"
FOOTER = 0xFA
LONGEST_LEN = 0x1E
"""pymycobot rejects longer ones; the longest in the table (D5) is 1A."""

_SCALE = {"b": 1, "v": 10, "h": 1, "a": 100, "c": 10, "l": 10}


class Cmd(IntEnum):
    """Command numbers, named after what they do."""

    ROBOT_VERSION = 0x01
    SOFTWARE_VERSION = 0x02
    ERROR_INFORMATION = 0x07
    CLEAR_ERROR = 0x08
    ATOM_VERSION = 0x09
    POWER_ON = 0x10
    POWER_OFF = 0x11
    IS_POWERED_ON = 0x12
    RELEASE_ALL_SERVOS = 0x13
    IS_CONTROLLER_CONNECTED = 0x14
    READ_NEXT_ERROR = 0x15
    SET_FRESH_MODE = 0x16
    GET_FRESH_MODE = 0x17
    SET_FREE_MODE = 0x1A
    IS_FREE_MODE = 0x1B
    GET_ANGLES = 0x20
    SEND_ANGLE = 0x21
    SEND_ANGLES = 0x22
    GET_COORDS = 0x23
    SEND_COORD = 0x24
    SEND_COORDS = 0x25
    PAUSE = 0x26
    IS_PAUSED = 0x27
    RESUME = 0x28
    STOP = 0x29
    IS_IN_POSITION = 0x2A
    IS_MOVING = 0x2B
    JOG_JOINT = 0x30
    JOG_ABSOLUTE = 0x31
    JOG_COORD = 0x32
    JOG_INCREMENT = 0x33
    JOG_INCREMENT_COORD = 0x34
    SET_ENCODER = 0x3A
    GET_ENCODER = 0x3B
    SET_ENCODERS = 0x3C
    GET_ENCODERS = 0x3D
    GET_SPEED = 0x40
    SET_SPEED = 0x41
    GET_JOINT_MIN = 0x4A
    GET_JOINT_MAX = 0x4B
    SET_JOINT_MIN = 0x4C
    SET_JOINT_MAX = 0x4D
    IS_SERVO_ENABLED = 0x50
    ARE_ALL_SERVOS_ENABLED = 0x51
    SET_SERVO_PARAMETER = 0x52
    GET_SERVO_PARAMETER = 0x53
    SET_SERVO_ZERO = 0x54
    BRAKE_SERVO = 0x55
    RELEASE_SERVO = 0x56
    POWER_ON_SERVO = 0x57
    SET_PIN_MODE = 0x60
    SET_PIN_OUTPUT = 0x61
    GET_PIN_INPUT = 0x62
    GET_GRIPPER_VALUE = 0x65
    SET_GRIPPER_STATE = 0x66
    SET_GRIPPER_VALUE = 0x67
    SET_GRIPPER_ZERO = 0x68
    IS_GRIPPER_MOVING = 0x69
    SET_COLOUR = 0x6A
    SET_TOOL_REFERENCE = 0x81
    GET_TOOL_REFERENCE = 0x82
    SET_WORLD_REFERENCE = 0x83
    GET_WORLD_REFERENCE = 0x84
    SET_REFERENCE_FRAME = 0x85
    GET_REFERENCE_FRAME = 0x86
    SET_MOVEMENT_TYPE = 0x87
    GET_MOVEMENT_TYPE = 0x88
    SET_END_TYPE = 0x89
    GET_END_TYPE = 0x8A
    SET_BASE_OUTPUT = 0xA0
    GET_BASE_INPUT = 0xA1
    GET_WIFI_ACCOUNT = 0xB1
    GET_ANGLES_AND_COORDS = 0xD5
    GET_SERVO_SPEEDS = 0xE1
    GET_SERVO_CURRENTS = 0xE2
    GET_SERVO_VOLTAGES = 0xE3
    GET_SERVO_STATUS = 0xE4
    GET_SERVO_TEMPERATURES = 0xE5


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a command's payloads look like."""

    request: str = ""
    """Layout of the request's payload."""
    replies: tuple[str, ...] = ()
    """Layouts the reply may have, told apart by length; empty for a set command: its reply, if any, is an echo `b`."""
    free_text: bool = False
    """The reply is text without a documented layout."""


def _ask(reply: str, request: str = "", *others: str) -> Shape:
    return Shape(request=request, replies=(reply, *others))


def _tell(request: str = "") -> Shape:
    return Shape(request=request)


SHAPES: dict[Cmd, Shape] = {
    Cmd.ROBOT_VERSION: _ask("b"),
    Cmd.SOFTWARE_VERSION: _ask("v"),
    Cmd.ERROR_INFORMATION: _ask("b"),
    Cmd.CLEAR_ERROR: _tell(),
    Cmd.ATOM_VERSION: _ask("v"),
    Cmd.POWER_ON: _tell(),
    Cmd.POWER_OFF: _tell(),
    Cmd.IS_POWERED_ON: _ask("b"),
    Cmd.RELEASE_ALL_SERVOS: _tell(),
    Cmd.IS_CONTROLLER_CONNECTED: _ask("b"),
    Cmd.READ_NEXT_ERROR: _ask("hhhhhh", "", "bbbbbb"),
    Cmd.SET_FRESH_MODE: _tell("b"),
    Cmd.GET_FRESH_MODE: _ask("b"),
    Cmd.SET_FREE_MODE: _tell("b"),
    Cmd.IS_FREE_MODE: _ask("b"),
    Cmd.GET_ANGLES: _ask("aaaaaa"),
    Cmd.SEND_ANGLE: _tell("bab"),
    Cmd.SEND_ANGLES: _tell("aaaaaab"),
    Cmd.GET_COORDS: _ask("cccaaa"),
    Cmd.SEND_COORD: _tell("bxb"),
    Cmd.SEND_COORDS: _tell("cccaaabb"),
    Cmd.PAUSE: _tell(),
    Cmd.IS_PAUSED: _ask("b"),
    Cmd.RESUME: _tell(),
    Cmd.STOP: _tell(),
    # Six angles × 100 or six coordinates, by the last byte; left raw because the scale stands behind the values.
    Cmd.IS_IN_POSITION: _ask("b", "hhhhhhb"),
    Cmd.IS_MOVING: _ask("b"),
    Cmd.JOG_JOINT: _tell("bbb"),
    Cmd.JOG_ABSOLUTE: _tell("bab"),
    Cmd.JOG_COORD: _tell("bbb"),
    Cmd.JOG_INCREMENT: _tell("bab"),
    Cmd.JOG_INCREMENT_COORD: _tell("bxb"),
    Cmd.SET_ENCODER: _tell("bhb"),
    Cmd.GET_ENCODER: _ask("h", "b"),
    Cmd.SET_ENCODERS: _tell("hhhhhhb"),
    Cmd.GET_ENCODERS: _ask("hhhhhh"),
    Cmd.GET_SPEED: _ask("b"),
    Cmd.SET_SPEED: _tell("b"),
    Cmd.GET_JOINT_MIN: _ask("bl", "b"),
    Cmd.GET_JOINT_MAX: _ask("bl", "b"),
    Cmd.SET_JOINT_MIN: _tell("bl"),
    Cmd.SET_JOINT_MAX: _tell("bl"),
    Cmd.IS_SERVO_ENABLED: _ask("bb", "b"),
    Cmd.ARE_ALL_SERVOS_ENABLED: _ask("b"),
    Cmd.SET_SERVO_PARAMETER: _tell("bbb"),
    Cmd.GET_SERVO_PARAMETER: _ask("b", "bb"),
    Cmd.SET_SERVO_ZERO: _tell("b"),
    Cmd.BRAKE_SERVO: _tell("b"),
    Cmd.RELEASE_SERVO: _tell("b"),
    Cmd.POWER_ON_SERVO: _tell("b"),
    Cmd.SET_PIN_MODE: _tell("bb"),
    Cmd.SET_PIN_OUTPUT: _tell("bb"),
    Cmd.GET_PIN_INPUT: _ask("bb", "b"),
    Cmd.GET_GRIPPER_VALUE: _ask("b"),
    Cmd.SET_GRIPPER_STATE: _tell("bb"),
    Cmd.SET_GRIPPER_VALUE: _tell("bb"),
    Cmd.SET_GRIPPER_ZERO: _tell(),
    Cmd.IS_GRIPPER_MOVING: _ask("b"),
    Cmd.SET_COLOUR: _tell("bbb"),
    Cmd.SET_TOOL_REFERENCE: _tell("cccaaa"),
    Cmd.GET_TOOL_REFERENCE: _ask("cccaaa"),
    Cmd.SET_WORLD_REFERENCE: _tell("cccaaa"),
    Cmd.GET_WORLD_REFERENCE: _ask("cccaaa"),
    Cmd.SET_REFERENCE_FRAME: _tell("b"),
    Cmd.GET_REFERENCE_FRAME: _ask("b"),
    Cmd.SET_MOVEMENT_TYPE: _tell("b"),
    Cmd.GET_MOVEMENT_TYPE: _ask("b"),
    Cmd.SET_END_TYPE: _tell("b"),
    Cmd.GET_END_TYPE: _ask("b"),
    Cmd.SET_BASE_OUTPUT: _tell("bb"),
    Cmd.GET_BASE_INPUT: _ask("bb", "b"),
    Cmd.GET_WIFI_ACCOUNT: Shape(free_text=True),
    Cmd.GET_ANGLES_AND_COORDS: _ask("aaaaaacccaaa"),
    Cmd.GET_SERVO_SPEEDS: _ask("hhhhhh"),
    Cmd.GET_SERVO_CURRENTS: _ask("hhhhhh", "", "bbbbbb"),
    Cmd.GET_SERVO_VOLTAGES: _ask("vvvvvv"),
    Cmd.GET_SERVO_STATUS: _ask("bbbbbb"),
    Cmd.GET_SERVO_TEMPERATURES: _ask("bbbbbb"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame without its framing. `cmd` may be a number that this table does not know."""

    cmd: int
    payload: bytes


def encode(frame: Frame) -> bytes:
    """The bytes of a frame. Raises CommandError when the payload is too long for one."""
    length = len(frame.payload) + 2
    if length > LONGEST_LEN:
        raise CommandError(
            f"a myCobot payload of {len(frame.payload)} bytes is too long; at most {LONGEST_LEN - 2} fit"
        )
    return HEADER + bytes((length, frame.cmd)) + frame.payload + bytes((FOOTER,))


def request(cmd: Cmd, *values: float) -> bytes:
    """A whole request frame from values in degrees, millimetres, volts. Raises CommandError for what does not fit."""
    return encode(Frame(cmd=cmd, payload=pack(SHAPES[cmd].request, values)))


def reply(cmd: Cmd, *values: float) -> bytes:
    """A whole reply frame; the layout is the first of the command. Raises CommandError for what does not fit."""
    return encode(Frame(cmd=cmd, payload=pack(SHAPES[cmd].replies[0], values)))


def acknowledgement(cmd: int, accepted: bool) -> bytes:
    """The echo with which newer firmware answers a set command: 1 accepted, 0 refused."""
    return encode(Frame(cmd=cmd, payload=bytes((accepted,))))


def request_values(frame: Frame) -> tuple[float, ...]:
    """The values of a request. Raises ProtocolError for an unknown command or a payload of the wrong length."""
    return unpack(shape_of(frame).request, frame.payload)


def reply_values(frame: Frame) -> tuple[float, ...]:
    """The values of a reply or of an acknowledgement. Raises ProtocolError as `request_values` does."""
    for layout in shape_of(frame).replies or ("b",):
        if layout_bytes(layout) == len(frame.payload):
            return unpack(layout, frame.payload)
    raise ProtocolError(
        f"a myCobot reply to {frame.cmd:02X} has {len(frame.payload)} bytes, which fits no known layout; "
        "compare the arm's firmware with the documentation"
    )


def shape_of(frame: Frame) -> Shape:
    """The table's row. Raises ProtocolError for a command that is not in it."""
    shape = SHAPES.get(Cmd(frame.cmd)) if frame.cmd in SHAPES else None
    if shape is None:
        raise ProtocolError(f"myCobot command {frame.cmd:02X} is not in the table; compare the arm's firmware with it")
    return shape


def layout_bytes(layout: str) -> int:
    """Length of a payload of this layout."""
    return sum(1 if letter in "bv" else 2 for letter in layout)


def pack(layout: str, values: Sequence[float]) -> bytes:
    """Values to payload bytes. Raises CommandError when their number or a value does not fit the layout."""
    if len(values) != len(layout):
        raise CommandError(f"the layout {layout!r} takes {len(layout)} values, not {len(values)}")
    packed = bytearray()
    for index, (letter, value) in enumerate(zip(layout, values, strict=True)):
        scaled = value * _scale(letter, values[index - 1] if index else 0)
        signed, size = letter not in "bv", 1 if letter in "bv" else 2
        try:
            packed += round(scaled).to_bytes(size, "big", signed=signed)
        except (OverflowError, ValueError) as error:  # Too large for the field, or not a number.
            raise CommandError(f"{value} does not fit field {index + 1} of the layout {layout!r}") from error
    return bytes(packed)


def unpack(layout: str, payload: bytes) -> tuple[float, ...]:
    """Payload bytes to values. Raises ProtocolError when the length is not that of the layout."""
    if layout_bytes(layout) != len(payload):
        raise ProtocolError(f"a payload of {len(payload)} bytes does not fit the layout {layout!r}; it is noise or new")
    values: list[float] = []
    offset = 0
    for letter in layout:
        size = 1 if letter in "bv" else 2
        raw = int.from_bytes(payload[offset : offset + size], "big", signed=letter not in "bv")
        scale = _scale(letter, values[-1] if values else 0)
        values.append(raw if scale == 1 else raw / scale)
        offset += size
    return tuple(values)


def _scale(letter: str, before: float) -> int:
    if letter == "x":
        letter = "c" if before in (1, 2, 3) else "a"
    return _SCALE[letter]


class FrameParser:
    """Finds frames in bytes of any split, and counts what is none: servo-bus traffic, boot text, broken frames.

    Knowing which way the frames travel, it also takes a known command with a payload length that the command cannot
    have for noise; an unknown command is passed on.
    """

    def __init__(self, *, replies: bool) -> None:
        """`replies` is True on the station's side of the line and False on the arm's."""
        self._replies = replies
        self._buffer = bytearray()
        self.noise_bytes = 0
        """Bytes skipped since the beginning."""

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes, give the frames that are now complete."""
        self._buffer += data
        frames: list[Frame] = []
        while True:
            start = self._buffer.find(HEADER)
            if start < 0:
                keep = 1 if self._buffer[-1:] == HEADER[:1] else 0
                self._skip(len(self._buffer) - keep)
                return frames
            self._skip(start)
            if len(self._buffer) < 4:
                return frames
            length = self._buffer[2]
            if not self._plausible(length, self._buffer[3]):
                # One byte only: of `FE FE FE 0E` the header is the last two FE.
                self._skip(1)
                continue
            if len(self._buffer) < length + 3:
                return frames
            if self._buffer[length + 2] != FOOTER:
                self._skip(1)
                continue
            frames.append(Frame(cmd=self._buffer[3], payload=bytes(self._buffer[4 : length + 2])))
            del self._buffer[: length + 3]

    def forget(self) -> None:
        """Drop a half frame: the line was closed, or has been silent for longer than a frame takes."""
        self._skip(len(self._buffer))

    def _plausible(self, length: int, cmd: int) -> bool:
        if not 2 <= length <= LONGEST_LEN:
            return False
        if cmd not in SHAPES:
            return True
        shape = SHAPES[Cmd(cmd)]
        if not self._replies:
            return layout_bytes(shape.request) == length - 2
        if shape.free_text:
            return True
        # One byte is possible everywhere: newer firmware refuses a query with an echo of 0.
        return length == 3 or any(layout_bytes(layout) == length - 2 for layout in shape.replies)

    def _skip(self, count: int) -> None:
        self.noise_bytes += count
        del self._buffer[:count]
