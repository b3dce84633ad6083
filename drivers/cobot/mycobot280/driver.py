"""The myCobot 280 as a `drivers.api.Conversation`: greeting, polls, guarded motion, and a stop that waits for nothing.

Bytes: `protocol`. Reads: `reads`. One motion: `motion`. Motion commands are sent once and never repeated; whether they
were carried out is concluded from what the arm reports afterwards. A stop is idempotent, so it alone is sent again.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from drivers.api import (
    CobotPosture,
    Command,
    CommandDone,
    CommandError,
    CommandFailed,
    Connected,
    DeviceHealth,
    Disconnected,
    DriverEvent,
    MoveJoints,
    Outcome,
    ProtocolError,
    SetColour,
    StopMotion,
)
from drivers.cobot.mycobot280.errors import error_words
from drivers.cobot.mycobot280.greeting import Greeting, Setting
from drivers.cobot.mycobot280.kinematics import JOINTS
from drivers.cobot.mycobot280.motion import MotionWatch, check_move
from drivers.cobot.mycobot280.posture import PostureFilter
from drivers.cobot.mycobot280.protocol import Cmd, Frame, FrameParser, reply_values, request, shape_of
from drivers.cobot.mycobot280.reads import TRIES, Asking, Question

Dialect = Literal["modern", "legacy"]

POLL_S = 0.05
"""20 reads a second: the firmware answers 50 at most, and commands must fit between them."""
ERROR_EVERY_POLLS = 20
ECHO_S = 0.15
"""How long the greeting waits for the echo of a set command: a reply that comes at all comes within 30 ms."""
COLOUR_LIMIT_S = 0.5
STOP_AGAIN_S = 0.25
AFTER_STOP_S = 0.005
STOP_LIMIT_S = 2.0
STALE_S = 0.5
"""A posture that may be older than this is not reported: nobody knows where the arm is."""
HEALTH_EVERY_S = 1.0


@dataclass(slots=True)
class _Stopping:
    """A stop that was sent and not yet seen to take effect."""

    asked_s: float
    sent_s: float
    command_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outgoing:
    data: bytes
    command_id: str | None = None


class MyCobot280:
    """Conversation with one arm. Besides those of `drivers.api` its events carry these codes.

    Refused: `cobot.not_ready`, `cobot.busy`, `cobot.joint_limit`, `cobot.refused`. Unknown: `cobot.no_motion`,
    `cobot.not_arrived`, `cobot.interrupted`, `cobot.lease_expired`, `cobot.still_moving`, `cobot.no_answer`,
    `link.lost`. Health: `cobot.noise`, `cobot.slow_answers`, `cobot.device_error`, `cobot.still_moving`.
    """

    def __init__(self, device: str = "cobot", *, ack: Literal["auto"] | Dialect = "auto") -> None:
        """`ack`: newer firmware echoes set commands ("modern"), older does not ("legacy"); "auto" finds out."""
        self.device = device
        self._ack = ack
        self._events: list[DriverEvent] = []
        self._loss_told = False
        self._reset(up=False)

    def _reset(self, *, up: bool) -> None:
        self._up = up
        self._greeting: Greeting | None = Greeting() if up else None
        self._dialect: Dialect = "legacy" if self._ack == "auto" else self._ack
        self._parser = FrameParser(replies=True)
        self._asking = Asking()
        self._out: list[_Outgoing] = []
        self._hangup: str | None = None
        self._limits_deg: tuple[tuple[float, float], ...] = ()
        self._postures: PostureFilter | None = None
        self._angles_deg: tuple[float, ...] | None = None
        self._moving = False
        self._error = 0
        self._poll = 0
        self._next_poll_s = 0.0
        self._watch: MotionWatch | None = None
        self._stopping: _Stopping | None = None
        self._colours: deque[tuple[str, float]] = deque()
        self._moves_unechoed: deque[str] = deque()
        self._noise_told = 0
        self._health_s: dict[str, float] = {}

    def link_up(self, now_s: float) -> None:
        """The line is open: begin the greeting."""
        self._reset(up=True)
        self._next_poll_s = now_s
        self.advance(now_s)

    def link_down(self, now_s: float, reason: str) -> None:
        """The line is gone: fail what is in flight, say `Disconnected` once until the arm has answered again."""
        unsent = {item.command_id for item in self._out}
        in_flight = [command_id for command_id, _ in self._colours]
        in_flight += [] if self._watch is None else [self._watch.command.command_id]
        in_flight += [] if self._stopping is None else self._stopping.command_ids
        for command_id in in_flight:
            outcome = Outcome.REFUSED if command_id in unsent else Outcome.UNKNOWN
            self._fail(command_id, now_s, outcome, "link.lost", reason)
        self._reset(up=False)
        if not self._loss_told:
            self._loss_told = True
            self._events.append(Disconnected(device=self.device, t_mono_s=now_s, reason=reason))

    def received(self, data: bytes, now_s: float) -> None:
        """Take bytes in any split."""
        for frame in self._parser.feed(data):
            try:
                values = reply_values(frame)
                is_setting = not shape_of(frame).replies
            except ProtocolError:
                self._parser.noise_bytes += len(frame.payload) + 5
                continue
            if is_setting:
                self._echo(frame, bool(values[0]), now_s)
            else:
                self._answer(frame, values, now_s)
        noise = self._parser.noise_bytes
        detail = f"{noise} bytes on the arm's line were no frames so far; check cable and ground if that grows"
        if noise > self._noise_told and self._health("cobot.noise", detail, now_s):
            self._noise_told = noise
        self.advance(now_s)

    def _echo(self, frame: Frame, accepted: bool, now_s: float) -> None:
        if self._ack == "auto":
            self._dialect = "modern"
        if self._greeting is not None:
            self._greeting.not_before_s = now_s
        if frame.cmd == Cmd.SET_COLOUR and self._colours:
            command_id, _ = self._colours.popleft()
            if accepted:
                self._done(command_id, now_s)
            else:
                self._fail(command_id, now_s, Outcome.REFUSED, "cobot.refused", "the arm refused to show the colour")
        elif frame.cmd == Cmd.SEND_ANGLES and self._moves_unechoed:
            command_id = self._moves_unechoed.popleft()
            if not accepted and self._watch is not None and self._watch.command.command_id == command_id:
                self._watch = None
                detail = f"the arm refused to move{self._error_words()}; check that its servos have power"
                self._fail(command_id, now_s, Outcome.REFUSED, "cobot.refused", detail)

    def _answer(self, frame: Frame, values: tuple[float, ...], now_s: float) -> None:
        cmd = Cmd(frame.cmd)
        about_joint = cmd in (Cmd.GET_JOINT_MIN, Cmd.GET_JOINT_MAX)
        question = Question(cmd=cmd, arguments=(int(values[0]),) if about_joint else ())
        if len(values) == 1 and cmd in (Cmd.GET_ANGLES, Cmd.GET_JOINT_MIN, Cmd.GET_JOINT_MAX):
            return  # The echo form: the arm refuses to answer; asking again decides.
        as_of_s = self._asking.answered(question, now_s)
        if as_of_s is None:
            return
        if self._greeting is not None:
            self._hangup = self._hangup or self._greeting.answered(question, values, now_s)
        if cmd is Cmd.GET_ANGLES:
            self._posture(values, as_of_s, now_s)
        elif cmd is Cmd.IS_MOVING and values[0] in (0, 1):
            self._motion(bool(values[0]), as_of_s, now_s)
        elif cmd is Cmd.ERROR_INFORMATION:
            self._device_error(int(values[0]), now_s)

    def _posture(self, angles_deg: tuple[float, ...], as_of_s: float, now_s: float) -> None:
        if self._postures is None and self._greeting is not None:
            self._limits_deg = self._greeting.limits_deg()
            self._postures = PostureFilter(self._limits_deg)
        if self._postures is None or not self._postures.believes(angles_deg, as_of_s, now_s):
            self._parser.noise_bytes += 2 * JOINTS + 5
            if self._greeting is not None:
                self._greeting.again(Question(cmd=Cmd.GET_ANGLES))
            return
        self._angles_deg = angles_deg
        if self._watch is not None:
            self._watch.angles(angles_deg, as_of_s, now_s)
        if now_s - as_of_s > STALE_S:
            detail = "the arm answers so late that its posture is not known; check its line and power-cycle it"
            self._health("cobot.slow_answers", detail, now_s)
            return
        self._events.append(
            CobotPosture(device=self.device, t_mono_s=now_s, angles_deg=angles_deg, moving=self._moving)
        )

    def _motion(self, moving: bool, as_of_s: float, now_s: float) -> None:
        self._moving = moving
        if self._watch is not None:
            self._watch.moving(moving, as_of_s, now_s)
        if self._stopping is not None and not moving and as_of_s > self._stopping.asked_s:
            for command_id in self._stopping.command_ids:
                self._done(command_id, now_s)
            self._stopping = None

    def _device_error(self, number: int, now_s: float) -> None:
        if number not in (0, self._error):
            self._events.append(
                DeviceHealth(
                    device=self.device,
                    t_mono_s=now_s,
                    code="cobot.device_error",
                    detail=f"the arm reports: {error_words(number)}; remove the cause and move it again",
                )
            )
        self._error = number

    def advance(self, now_s: float) -> None:
        """Let time pass: questions asked again, polls, leases, stops that take too long."""
        if not self._up:
            return
        self._send(self._asking.again(now_s))
        if self._asking.exhausted(now_s):
            self._hangup = self._hangup or (
                f"the arm does not answer ({TRIES} questions in a row); check its cable and power, or power-cycle it"
            )
        if self._watch is not None and (verdict := self._watch.verdict(now_s)) is not None:
            command_id, self._watch = self._watch.command.command_id, None
            if verdict.code is None:
                self._done(command_id, now_s)
            else:
                detail = verdict.detail + self._error_words()
                self._fail(command_id, now_s, Outcome.UNKNOWN, verdict.code, detail)
                self._stop(None, now_s)
        self._press_stop(now_s)
        while self._colours and now_s >= self._colours[0][1] + COLOUR_LIMIT_S:
            command_id, _ = self._colours.popleft()
            detail = "the arm did not acknowledge the colour; look at its lamp"
            self._fail(command_id, now_s, Outcome.UNKNOWN, "cobot.no_answer", detail)
        if self._greeting is not None:
            self._greet(self._greeting, now_s)
        elif self._asking.open is None and now_s >= self._next_poll_s:
            self._next_poll_s = now_s + POLL_S
            self._send(self._asking.ask(Question(cmd=self._next_poll()), now_s))

    def _next_poll(self) -> Cmd:
        self._poll += 1
        if self._poll % ERROR_EVERY_POLLS == 0:
            return Cmd.ERROR_INFORMATION
        return Cmd.GET_ANGLES if self._poll % 2 else Cmd.IS_MOVING

    def _greet(self, greeting: Greeting, now_s: float) -> None:
        if self._asking.open is not None or now_s < greeting.not_before_s:
            return
        step = greeting.step()
        if isinstance(step, Setting):
            greeting.not_before_s = now_s + ECHO_S
            self._send(request(step.cmd, *step.arguments))
        elif step is not None:
            self._send(self._asking.ask(step, now_s))
        else:
            self._greeting = None
            self._loss_told = False
            self._next_poll_s = now_s + POLL_S
            ranges = ", ".join(f"{low:g}..{high:g}" for low, high in self._limits_deg)
            identity = {"firmware": greeting.firmware, "dialect": self._dialect, "joint_limits_deg": ranges}
            self._events.insert(0, Connected(device=self.device, t_mono_s=now_s, identity=identity))

    def _press_stop(self, now_s: float) -> None:
        """Send a stop again while the arm is not known to rest; give up loudly."""
        if self._stopping is None:
            return
        if now_s >= self._stopping.asked_s + STOP_LIMIT_S:
            command_ids, self._stopping = self._stopping.command_ids, None
            detail = "the arm was told to stop and does not report rest; press the emergency stop and look at the arm"
            for command_id in command_ids:
                self._fail(command_id, now_s, Outcome.UNKNOWN, "cobot.still_moving", detail)
            if not command_ids:
                self._health("cobot.still_moving", detail, now_s)
        elif now_s >= self._stopping.sent_s + STOP_AGAIN_S:
            self._stopping.sent_s = now_s
            self._out.insert(0, _Outgoing(data=request(Cmd.STOP)))

    def submit(self, command: Command, now_s: float) -> None:
        """Take a command. Raises CommandError for one that no arm should get."""
        if not isinstance(command, MoveJoints | StopMotion | SetColour):
            raise CommandError(f"{type(command).__name__} is not a command of an arm; send it to its own device")
        if isinstance(command, MoveJoints):
            check_move(command)
        if isinstance(command, SetColour) and not all(0 <= part <= 255 for part in command.rgb):
            raise CommandError(f"the colour {command.rgb} is out of range; each part is 0 to 255")
        if not self._up:
            self._fail(command.command_id, now_s, Outcome.REFUSED, "link.down", "the arm has no line; wait for it")
        elif isinstance(command, StopMotion):
            self._stop(command.command_id, now_s)
        elif self._greeting is not None:
            detail = "the arm has not finished its greeting; wait until it is connected"
            self._fail(command.command_id, now_s, Outcome.REFUSED, "cobot.not_ready", detail)
        elif isinstance(command, MoveJoints):
            self._move(command, now_s)
        else:
            self._send(request(Cmd.SET_COLOUR, *command.rgb), command.command_id)
            if self._dialect == "modern":
                self._colours.append((command.command_id, now_s))
            else:
                self._done(command.command_id, now_s)

    def _move(self, command: MoveJoints, now_s: float) -> None:
        if self._watch is not None or self._stopping is not None or self._angles_deg is None:
            detail = "the arm is still moving or stopping; wait for the end of that"
            self._fail(command.command_id, now_s, Outcome.REFUSED, "cobot.busy", detail)
            return
        for joint, (angle, (low, high)) in enumerate(zip(command.angles_deg, self._limits_deg, strict=True), start=1):
            if not low <= angle <= high:
                detail = f"joint {joint} cannot go to {angle:g}°: the arm allows {low:g}° to {high:g}°; teach it again"
                self._fail(command.command_id, now_s, Outcome.REFUSED, "cobot.joint_limit", detail)
                return
        self._send(request(Cmd.SEND_ANGLES, *command.angles_deg, command.speed_percent), command.command_id)
        self._watch = MotionWatch(command, self._angles_deg, now_s)
        if self._dialect == "modern":
            self._moves_unechoed.append(command.command_id)

    def _stop(self, command_id: str | None, now_s: float) -> None:
        """Put a stop in front of everything, and end the motion. A motion that has not left yet does not leave."""
        if self._watch is not None:
            moving_id, self._watch = self._watch.command.command_id, None
            unsent = any(item.command_id == moving_id for item in self._out)
            outcome = Outcome.REFUSED if unsent else Outcome.UNKNOWN
            detail = "a stop ended the motion; look where the arm stands before it moves again"
            self._fail(moving_id, now_s, outcome, "cobot.interrupted", detail)
        self._out = [item for item in self._out if item.data[3] != Cmd.SEND_ANGLES]
        self._out.insert(0, _Outgoing(data=request(Cmd.STOP)))
        waiting = [] if self._stopping is None else self._stopping.command_ids
        if command_id is not None:
            waiting.append(command_id)
        self._stopping = _Stopping(asked_s=now_s, sent_s=now_s, command_ids=waiting)
        # The next question is whether it rests: soon, and later than the stop, so that its answer counts.
        self._poll |= 1
        self._next_poll_s = now_s + AFTER_STOP_S

    def renew_lease(self, now_s: float) -> None:
        """The caller is alive and still wants the motion that it asked for."""
        if self._watch is not None:
            self._watch.renew(now_s)

    def next_wake_s(self) -> float | None:
        """When `advance` must be called at the latest."""
        if not self._up:
            return None
        idle_s = self._next_poll_s if self._greeting is None else self._greeting.not_before_s
        wakes = [idle_s if (deadline_s := self._asking.deadline_s()) is None else deadline_s]
        if self._watch is not None:
            wakes.append(self._watch.next_wake_s())
        if self._stopping is not None:
            wakes.append(min(self._stopping.sent_s + STOP_AGAIN_S, self._stopping.asked_s + STOP_LIMIT_S))
        if self._colours:
            wakes.append(self._colours[0][1] + COLOUR_LIMIT_S)
        return min(wakes)

    def take_output(self) -> bytes:
        """Bytes to write now, a stop first; taking them empties the store."""
        data = b"".join(item.data for item in self._out)
        self._out.clear()
        return data

    def take_events(self) -> tuple[DriverEvent, ...]:
        """Events since the last call, oldest first."""
        events, self._events = tuple(self._events), []
        return events

    def wants_hangup(self) -> str | None:
        """A reason to open the line anew: the arm does not answer, or contradicts itself."""
        return self._hangup

    def farewell(self, now_s: float) -> bytes:
        """Nothing: this protocol has no sessions, so none has to be ended."""
        return b""

    def _send(self, data: bytes, command_id: str | None = None) -> None:
        if data:
            self._out.append(_Outgoing(data=data, command_id=command_id))

    def _error_words(self) -> str:
        return f" (the arm reports: {error_words(self._error)})" if self._error else ""

    def _done(self, command_id: str, now_s: float) -> None:
        self._events.append(CommandDone(device=self.device, command_id=command_id, t_mono_s=now_s))

    def _fail(self, command_id: str, now_s: float, outcome: Outcome, code: str, detail: str) -> None:
        self._events.append(
            CommandFailed(
                device=self.device,
                command_id=command_id,
                t_mono_s=now_s,
                outcome=outcome,
                code=code,
                detail=detail,
            )
        )

    def _health(self, code: str, detail: str, now_s: float) -> bool:
        """Tell the technician, at most once a second each. True when told."""
        if now_s < self._health_s.get(code, -math.inf) + HEALTH_EVERY_S:
            return False
        self._health_s[code] = now_s
        self._events.append(DeviceHealth(device=self.device, t_mono_s=now_s, code=code, detail=detail))
        return True
