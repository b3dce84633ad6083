"""The myCobot 280 as a `drivers.api.Conversation`: greeting, polls, guarded motion, and a stop that waits for nothing.

Here the parts are wired. Bytes: `protocol`. Reads: `reads`, in the order of `polls`. Motion and stop: `moving`,
`motion`. All other commands: `plans`, `in_flight`. What the arm says of itself: `status`, `watching`, `notes`.
Commands are sent once and never repeated; whether they were carried out is concluded from what the arm reports
afterwards. A stop is idempotent, so it alone is sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from drivers.api import (
    SWITCHED_ON,
    ClearStop,
    CobotPosture,
    Command,
    CommandError,
    Connected,
    Disconnected,
    DriverEvent,
    FreeDrive,
    LimitSpeed,
    MoveGripper,
    MoveJoints,
    Outcome,
    PowerOff,
    ProtocolError,
    SetColour,
    SetToolFrame,
    StopMotion,
)
from drivers.cobot.mycobot280.errors import error_words
from drivers.cobot.mycobot280.greeting import Greeting, Setting
from drivers.cobot.mycobot280.in_flight import InFlight
from drivers.cobot.mycobot280.joint_path import largest
from drivers.cobot.mycobot280.kinematics import JOINTS
from drivers.cobot.mycobot280.listening import Listening
from drivers.cobot.mycobot280.motion import check_move
from drivers.cobot.mycobot280.moving import Moving
from drivers.cobot.mycobot280.notes import Notes
from drivers.cobot.mycobot280.outgoing import Outgoing
from drivers.cobot.mycobot280.plans import Planned, plan_of, tool_frame
from drivers.cobot.mycobot280.polls import ANGLES, FLAGS, MOVING, POLL_S, Polls
from drivers.cobot.mycobot280.poses import Pose
from drivers.cobot.mycobot280.posture import PostureFilter
from drivers.cobot.mycobot280.protocol import SHAPES, Cmd, Frame, FrameParser, reply_values, request, shape_of
from drivers.cobot.mycobot280.reads import TRIES, Asking, Question
from drivers.cobot.mycobot280.status import ArmStatus
from drivers.cobot.mycobot280.stopping import AFTER_STOP_S
from drivers.cobot.mycobot280.telling import Telling
from drivers.cobot.mycobot280.watching import NOT_POWERED, Watching

Dialect = Literal["modern", "legacy"]
MODEL = "myCobot 280"
ECHO_S = 0.15
"""How long the greeting waits for the echo of a set command: a reply that comes at all comes within 30 ms."""
PATIENCE_S = 5.0
"""How long a line on which nobody answers is kept before it is opened anew."""
STALE_S = 0.5
"""A posture that may be older than this is not reported: nobody knows where the arm is."""
STILL_DEG = 0.5


class MyCobot280:
    """Conversation with one arm. Besides those of `drivers.api` its events carry these codes.

    Refused: `cobot.not_ready`, `cobot.busy`, `cobot.joint_limit`, `cobot.refused`, and each standing note that stops.
    Unknown: `cobot.no_motion`, `cobot.not_arrived`, `cobot.interrupted`, `cobot.lease_expired`, `cobot.still_moving`,
    `cobot.no_answer`, `cobot.not_confirmed`, `cobot.gripper`, `cobot.moved`, `link.lost`, and each note that stops.
    Health, standing and stopping: `cobot.not_powered`, `cobot.servo_error`, `cobot.free_drive`; standing: `cobot.hot`,
    `cobot.servo_status`, `cobot.coords_differ`; said: `cobot.noise`, `cobot.slow_answers`, `cobot.device_error`,
    `cobot.still_moving`.
    """

    def __init__(self, device: str = "cobot", *, ack: Literal["auto"] | Dialect = "auto") -> None:
        """`ack`: newer firmware echoes set commands ("modern"), older does not ("legacy"); "auto" finds out."""
        self.device = device
        self._ack = ack
        self._telling = Telling(device)
        self._loss_told = False
        self._tool: SetToolFrame | None = None
        """The tool frame that the arm has confirmed, on whichever line."""
        self._tool_asked: SetToolFrame | None = None
        self._reset(up=False)

    def _reset(self, *, up: bool) -> None:
        self._up = up
        self._greeting = self._new_greeting() if up else None
        self._dialect: Dialect = "legacy" if self._ack == "auto" else self._ack
        self._parser = FrameParser(replies=True)
        self._listening = Listening()
        self._asking = Asking()
        self._polls = Polls()
        self._outgoing = Outgoing()
        self._moving = Moving(self._outgoing, self._telling)
        self._works = InFlight(self._outgoing, self._telling)
        self._status = ArmStatus()
        self._notes = Notes(self.device)
        self._watching = Watching(self._status, self._notes, self._telling)
        self._hangup: str | None = None
        self._limits_deg: tuple[tuple[float, float], ...] = ()
        self._postures: PostureFilter | None = None
        self._angles_deg: tuple[float, ...] | None = None
        self._before_deg: tuple[float, ...] | None = None
        self._reports_moving = False
        self._next_poll_s = self._up_s = 0.0
        self._noise_told = 0
        self._limit_percent = 100

    def _new_greeting(self) -> Greeting:
        return Greeting(tool_frame(self._tool).stages[0].sends if self._tool else ())

    def link_up(self, now_s: float) -> None:
        """The line is open: begin the greeting."""
        self._reset(up=True)
        self._next_poll_s = self._up_s = now_s
        self.advance(now_s)

    def link_down(self, now_s: float, reason: str) -> None:
        """The line is gone: fail what is in flight, say `Disconnected` once until the arm has answered again."""
        self._works.lost(now_s, reason)
        self._moving.lost(now_s, reason)
        self._reset(up=False)
        self._tell_loss(reason, now_s)

    def received(self, data: bytes, now_s: float) -> None:
        """Take bytes in any split."""
        restarted = self._listening.heard(data)
        if restarted is not None and self._greeting is None:
            self._hangup = self._hangup or restarted
        for frame in self._parser.feed(data):
            self._listening.frames += 1
            self._frame(frame, now_s)
        noise = self._parser.noise_bytes
        detail = f"{noise} bytes on the arm's line were no frames so far; check cable and ground if that grows"
        if noise > self._noise_told and self._notes.say("cobot.noise", detail, now_s):
            self._noise_told = noise
        self.advance(now_s)

    def _frame(self, frame: Frame, now_s: float) -> None:
        try:
            is_setting = not shape_of(frame).replies
            values = reply_values(frame)
        except ProtocolError:
            if len(frame.payload) == 1 and frame.cmd in SHAPES:  # The echo form: the arm refuses to answer.
                self._asking.refused(Cmd(frame.cmd))
            self._parser.noise_bytes += len(frame.payload) + 5
            return
        if is_setting:
            self._echo(Cmd(frame.cmd), bool(values[0]), now_s)
        else:
            self._answer(Cmd(frame.cmd), values, now_s)

    def _echo(self, cmd: Cmd, accepted: bool, now_s: float) -> None:
        if self._ack == "auto":
            self._dialect = "modern"
        if self._greeting is not None:
            self._greeting.not_before_s = now_s
        elif cmd is not Cmd.SEND_ANGLES:
            self._works.echoed(cmd, accepted)
        elif not self._moving.echoed(accepted, now_s):
            self._polls.soon(*(Question(cmd=flag) for flag in FLAGS for _ in range(2)))

    def _answer(self, cmd: Cmd, values: tuple[float, ...], now_s: float) -> None:
        about_joint = cmd in (Cmd.GET_JOINT_MIN, Cmd.GET_JOINT_MAX)
        question = Question(cmd=cmd, arguments=(int(values[0]),) if about_joint else ())
        if about_joint and len(values) == 1:
            return  # The echo form: the arm refuses to answer; asking again decides.
        as_of_s = self._asking.answered(question, now_s)
        if as_of_s is None:
            return
        if self._greeting is not None:
            self._hangup = self._hangup or self._greeting.answered(question, values, now_s)
        self._works.answered(question, values, as_of_s)
        if cmd is Cmd.GET_ANGLES:
            self._posture(values, as_of_s, now_s)
        elif cmd is Cmd.IS_MOVING and values[0] in (0, 1):
            self._reports_moving = bool(values[0])
            self._moving.reported(self._reports_moving, as_of_s, now_s)
        elif cmd is Cmd.GET_COORDS:
            self._coordinates(values)
        elif len(values) > 0:
            self._polls.soon(*self._status.take(cmd, values))

    def _posture(self, angles_deg: tuple[float, ...], as_of_s: float, now_s: float) -> None:
        if self._postures is None and self._greeting is not None:
            self._limits_deg = self._greeting.limits_deg()
            self._postures = PostureFilter(self._limits_deg)
        if self._postures is None or not self._postures.believes(angles_deg, as_of_s, now_s):
            self._parser.noise_bytes += 2 * JOINTS + 5
            if self._greeting is not None:
                self._greeting.again(ANGLES)
            return
        self._before_deg, self._angles_deg = self._angles_deg, angles_deg
        self._moving.posture(angles_deg, as_of_s, now_s)
        if self._moving.motion is not None and self._moving.motion.wants_rest:
            self._polls.first(MOVING)
        if not self._works.posture(angles_deg):
            self._stop(None, now_s)
        if now_s - as_of_s > STALE_S:
            detail = "the arm answers so late that its posture is not known; check its line and power-cycle it"
            self._notes.say("cobot.slow_answers", detail, now_s)
            return
        self._telling.events.append(
            CobotPosture(device=self.device, t_mono_s=now_s, angles_deg=angles_deg, moving=self._reports_moving)
        )

    def _coordinates(self, tip: Pose) -> None:
        here, before = self._angles_deg, self._before_deg
        if here is None or before is None or self._reports_moving or largest(here, before) > STILL_DEG:
            return
        if self._works.busy("tool"):
            return
        tool = None if self._tool is None else (*self._tool.at_mm, *self._tool.rpy_deg)
        self._status.coordinates(tip, here, tool)

    def advance(self, now_s: float) -> None:
        """Let time pass: questions asked again, polls, leases, stops that take too long."""
        if not self._up:
            return
        self._outgoing.put(self._asking.again(now_s))
        if self._asking.exhausted(now_s):
            self._silent(self._listening.why_silent(TRIES), now_s)
        if self._greeting is None:
            self._watching.look(now_s, self._limit_percent)
        error = f" (the arm reports: {error_words(self._status.error)})" if self._status.error else ""
        stopping = self._moving.stopping
        self._moving.judge(now_s, self._watching.blocked(), error)
        self._moving.go_on(now_s)
        if self._moving.stopping is not stopping:
            self._after_stop(now_s)
        if unstopped := self._moving.press(now_s):
            self._notes.say("cobot.still_moving", unstopped, now_s)
        if any(work.plan.lane == "tool" for work in self._works.advance(now_s)):
            self._tool = self._tool_asked
        if self._greeting is not None:
            self._greet(self._greeting, now_s)
        elif self._asking.open is None and now_s >= self._next_poll_s:
            self._next_poll_s = now_s + POLL_S
            question = self._polls.next(self._works.wants(self._asking.answerable))
            if self._asking.answerable(question):
                self._outgoing.put(self._asking.ask(question, now_s))

    def _silent(self, reason: str, now_s: float) -> None:
        """Nothing answers. A line just opened is kept: opening it makes some boards start anew, each time."""
        if self._greeting is None or now_s >= self._up_s + PATIENCE_S:
            self._hangup = self._hangup or reason
            return
        self._tell_loss(reason, now_s)
        self._asking.give_up()
        self._greeting = self._new_greeting()

    def _tell_loss(self, reason: str, now_s: float) -> None:
        if not self._loss_told:
            self._loss_told = True
            self._telling.events.append(Disconnected(device=self.device, t_mono_s=now_s, reason=reason))

    def _greet(self, greeting: Greeting, now_s: float) -> None:
        if self._asking.open is not None or now_s < greeting.not_before_s:
            return
        step = greeting.step()
        if isinstance(step, Setting):
            greeting.not_before_s = now_s + ECHO_S
            for send in step.sends:
                self._outgoing.put(send.data())
        elif step is not None:
            self._outgoing.put(self._asking.ask(step, now_s))
        else:
            self._greeting = None
            self._loss_told = False
            self._next_poll_s = now_s + POLL_S
            ranges = ", ".join(f"{low:g}..{high:g}" for low, high in self._limits_deg)
            identity = {
                "model": MODEL,
                "firmware": greeting.firmware,
                "dialect": self._dialect,
                "joint_limits_deg": ranges,
                "power": SWITCHED_ON if greeting.switched_on else "on",
            }
            self._telling.events.insert(0, Connected(device=self.device, t_mono_s=now_s, identity=identity))

    def submit(self, command: Command, now_s: float) -> None:
        """Take a command. Raises CommandError for one that no arm should get."""
        match command:
            case StopMotion():
                self._stop_asked(command, now_s)
            case LimitSpeed():
                self._limit_speed(command, now_s)
            case MoveJoints():
                check_move(command)
                if not self._refused(command.command_id, now_s):
                    self._move(command, now_s)
            case SetColour() | MoveGripper() | FreeDrive() | ClearStop() | PowerOff() | SetToolFrame():
                self._set(command, now_s)
            case _:
                raise CommandError(f"{type(command).__name__} is not a command of an arm; send it to its own device")

    def _refuse(self, command_id: str, now_s: float, code: str, detail: str) -> None:
        self._telling.failed(command_id, now_s, Outcome.REFUSED, code, detail)

    def _refused(self, command_id: str, now_s: float) -> bool:
        """Whether it is too early for any command; told if so."""
        if not self._up:
            self._refuse(command_id, now_s, "link.down", "the arm has no line; wait for it")
        elif self._greeting is not None:
            detail = "the arm has not finished its greeting; wait until it is connected"
            self._refuse(command_id, now_s, "cobot.not_ready", detail)
        return not self._up or self._greeting is not None

    def _stop_asked(self, command: StopMotion, now_s: float) -> None:
        if self._up:
            self._stop(command.command_id, now_s)
        else:
            self._refuse(command.command_id, now_s, "link.down", "the arm has no line; wait for it")

    def _stop(self, command_id: str | None, now_s: float) -> None:
        self._moving.stop(command_id, now_s)
        self._after_stop(now_s)

    def _after_stop(self, now_s: float) -> None:
        """The next question is whether it rests: soon, and later than the stop, so that its answer counts."""
        if self._moving.stopping is not None:
            self._polls.first(MOVING)
            self._next_poll_s = now_s + AFTER_STOP_S

    def _limit_speed(self, command: LimitSpeed, now_s: float) -> None:
        if not 1 <= command.percent <= 100:
            raise CommandError(f"a speed limit of {command.percent} % is out of range; choose 1 to 100")
        if not self._up:
            self._refuse(command.command_id, now_s, "link.down", "the arm has no line; wait for it")
            return
        self._limit_percent = command.percent
        if self._moving.motion is not None:
            self._moving.motion.limit(command.percent)
            self._moving.go_on(now_s)
        self._telling.done(command.command_id, now_s)

    def _move(self, command: MoveJoints, now_s: float) -> None:
        if self._moving.busy or self._works.busy("power") or self._angles_deg is None:
            detail = "the arm is still moving, stopping or being switched; wait for the end of that"
            self._refuse(command.command_id, now_s, "cobot.busy", detail)
        elif (blocked := self._watching.blocked()) is not None:
            self._refuse(command.command_id, now_s, *blocked)
        elif wrong := self._beyond_limits((*command.through_deg, command.angles_deg)):
            self._refuse(command.command_id, now_s, "cobot.joint_limit", wrong)
        else:
            self._moving.begin(command, self._angles_deg, self._limit_percent, now_s)

    def _beyond_limits(self, postures_deg: Sequence[Sequence[float]]) -> str:
        for angles_deg in postures_deg:
            for joint, (angle, (low, high)) in enumerate(zip(angles_deg, self._limits_deg, strict=True), start=1):
                if not low <= angle <= high:
                    return (
                        f"joint {joint} cannot go to {angle:g}°: the arm allows {low:g}° to {high:g}°; teach it again"
                    )
        return ""

    def _set(self, command: Planned, now_s: float) -> None:
        plan = plan_of(command, free=self._status.free, echoes=self._dialect == "modern")
        if self._refused(command.command_id, now_s):
            return
        if isinstance(command, PowerOff):  # Power goes off whatever else is wanted.
            self._works.supersede(plan.lane, now_s)
            if self._moving.motion is not None:
                self._stop(None, now_s)
        elif plan.lane in ("power", "tool") and self._moving.busy:
            detail = "the arm is moving or stopping; wait for the end of that, or stop it"
            self._refuse(command.command_id, now_s, "cobot.busy", detail)
            return
        elif plan.lane != "lamp" and self._works.busy(plan.lane):
            detail = "the arm has not ended the last command of this kind; wait for the end of that"
            self._refuse(command.command_id, now_s, "cobot.busy", detail)
            return
        elif isinstance(command, FreeDrive | MoveGripper) and self._status.powered is False:
            self._refuse(command.command_id, now_s, "cobot.not_powered", NOT_POWERED)
            return
        if isinstance(command, SetToolFrame):
            self._tool_asked = command
        self._works.begin(command.command_id, plan, now_s)

    def renew_lease(self, now_s: float) -> None:
        """The caller is alive and still wants the motion that it asked for."""
        if self._moving.motion is not None:
            self._moving.motion.renew(now_s)

    def next_wake_s(self) -> float | None:
        """When `advance` must be called at the latest."""
        if not self._up:
            return None
        idle_s = self._next_poll_s if self._greeting is None else self._greeting.not_before_s
        asked_s = idle_s if (deadline_s := self._asking.deadline_s()) is None else deadline_s
        return min(asked_s, self._moving.next_wake_s(), self._works.next_wake_s())

    def take_output(self) -> bytes:
        """Bytes to write now, a stop first; taking them empties the store."""
        return self._outgoing.take()

    def take_events(self) -> tuple[DriverEvent, ...]:
        """Events since the last call, oldest first; what the arm says of itself after the ends of commands."""
        return (*self._telling.take(), *self._notes.take())

    def wants_hangup(self) -> str | None:
        """A reason to open the line anew: the arm does not answer, contradicts itself, or has started anew."""
        return self._hangup

    def farewell(self, now_s: float) -> bytes:
        """A stop while a motion is under way; else nothing, for this protocol has no sessions to end."""
        return request(Cmd.STOP) if self._moving.busy else b""
