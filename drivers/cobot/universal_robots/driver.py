"""An arm of Universal Robots as a `drivers.api.Conversation`, over three lines at once (`drivers.channels`).

RTDE reports and takes registers, the dashboard takes what a person decides, programs go to the script port: `lanes`. A
stop is an RTDE package that is written at once, whatever the dashboard does. Programs: `program`; one motion: `motion`;
making the arm ready: `clearing`. Programs are sent once and never repeated.

Nothing is cleared, unlocked, powered or resumed unless a `ClearStop` asks for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from drivers.api import (
    ClearStop,
    CobotCommand,
    CobotPosture,
    Command,
    CommandDone,
    CommandError,
    CommandFailed,
    Connected,
    DeviceHealth,
    Disconnected,
    DriverEvent,
    FreeDrive,
    LimitSpeed,
    MoveGripper,
    MoveJoints,
    Outcome,
    PowerOff,
    SetColour,
    SetToolFrame,
    StopMotion,
)
from drivers.cobot.arm.model import ArmModel
from drivers.cobot.universal_robots import program
from drivers.cobot.universal_robots.clearing import Clearing
from drivers.cobot.universal_robots.dashboard import TAKEN, Ask, is_family
from drivers.cobot.universal_robots.exchange import Answer
from drivers.cobot.universal_robots.lanes import Lanes
from drivers.cobot.universal_robots.motion import MotionWatch, check_move, knots_of
from drivers.cobot.universal_robots.program import State, Tool
from drivers.cobot.universal_robots.report import Report, RobotMode, stop_of
from drivers.cobot.universal_robots.rtde import TextMessage
from drivers.cobot.universal_robots.status import status_of
from drivers.cobot.universal_robots.stopping import Stopping
from drivers.cobot.universal_robots.waiting import StandingNotes, Waiting

STATUS_EVERY_S = 1.0
PROGRAM_LIMIT_S = 1.5
SLIDER_LIMIT_S = 1.0
OFF_LIMIT_S = 5.0
HEALTH_EVERY_S = 1.0
WARNING = 2
"""The level of a controller's message from which on, downwards, a technician wants to read it."""
LAST_NUMBER = 1_000_000_000
QUIET = frozenset({"cobot.dashboard_silent"})


class UniversalRobot:
    """Conversation with one arm. Besides those of `drivers.api` its events carry these codes.

    Refused: `cobot.not_ready`, `cobot.busy`, `cobot.joint_limit`, `cobot.unsupported`, and the code of whatever stops
    the arm. Unknown: `cobot.no_motion`, `cobot.not_arrived`, `cobot.interrupted`, `cobot.lease_expired`,
    `cobot.still_moving`, `cobot.no_answer`, `link.lost`, and the code of what stopped the arm. Health, standing:
    `cobot.protective_stop`, `cobot.emergency_stop`, `cobot.safeguard_stop`, `cobot.safety_fault`, `cobot.not_powered`,
    `cobot.local_control`, `cobot.free_drive`, `cobot.wrong_model`, `cobot.dashboard_silent`; said once:
    `cobot.still_moving`, `cobot.controller_message`.
    """

    def __init__(self, model: ArmModel, device: str = "cobot") -> None:
        """`model` is the arm that the station is set up for; another one at the line is not moved."""
        self.device = device
        self._model = model
        self._events: list[DriverEvent] = []
        self._loss_told = False
        self._last_number = 0
        self._slider_lowered = False
        self._reset(None)

    def _reset(self, lanes: Lanes | None) -> None:
        self._lanes = lanes
        self._connected = False
        self._hangup: str | None = None
        self._report: Report | None = None
        self._report_s = 0.0
        self._limit_percent = 100
        self._watch: MotionWatch | None = None
        self._stopping: Stopping | None = None
        self._free_number: int | None = None
        self._waiting: list[Waiting] = []
        self._tool: Tool | None = None
        self._clearing: Clearing | None = None
        self._stops: dict[str, str] = {}
        self._notes = StandingNotes(self.device)
        self._status_key: object = None
        self._next_status_s = 0.0
        self._health_s: dict[str, float] = {}

    def link_up(self, now_s: float) -> None:
        """The lines are open: set RTDE up and ask the dashboard who it is."""
        self._reset(Lanes(now_s))
        self.advance(now_s)

    def link_down(self, now_s: float, reason: str) -> None:
        """The lines are gone: fail what is in flight, say `Disconnected` once until the arm has answered again."""
        unsent = self._lanes is not None and self._lanes.program_waits
        if self._watch is not None:
            outcome = Outcome.REFUSED if unsent else Outcome.UNKNOWN
            self._fail(self._watch.command.command_id, now_s, outcome, "link.lost", reason)
        for waiting in self._waiting:
            outcome = Outcome.REFUSED if unsent and waiting.uploads else Outcome.UNKNOWN
            self._fail(waiting.command_id, now_s, outcome, "link.lost", reason)
        rest = [] if self._stopping is None else self._stopping.command_ids
        rest += [] if self._clearing is None else [self._clearing.command_id]
        for command_id in rest:
            self._fail(command_id, now_s, Outcome.UNKNOWN, "link.lost", reason)
        self._reset(None)
        if not self._loss_told:
            self._loss_told = True
            self._events.append(Disconnected(device=self.device, t_mono_s=now_s, reason=reason))

    def received(self, data: bytes, now_s: float) -> None:
        """Take bytes in any split."""
        if self._lanes is not None:
            for told in self._lanes.received(data, now_s):
                self._take(told, now_s)
        self.advance(now_s)

    def _take(self, told: Report | Answer | TextMessage, now_s: float) -> None:
        match told:
            case Report():
                self._take_report(told, now_s)
            case Answer():
                if self._clearing is not None and told.ask in TAKEN:
                    self._clearing.answered(told)
            case TextMessage() if told.level <= WARNING:
                said = f"{told.source}: {told.text}" if told.source else told.text
                self._health("cobot.controller_message", f"the robot's controller says: {said}", now_s)

    def _take_report(self, report: Report, now_s: float) -> None:
        first = self._report is None
        self._report, self._report_s = report, now_s
        if first and self._lanes is not None:
            # Whatever runs, or is about to begin, from an earlier connection shall not go on: it is told to stop, and
            # the heartbeat stands still.
            self._lanes.stop_number = self._last_number or report.number
            self._last_number = max(self._last_number, report.number) % LAST_NUMBER
            self._lanes.go_on_from(report.heartbeat)
            self._lanes.control(self._factor(), now_s)
        if self._connected:
            self._events.append(
                CobotPosture(
                    device=self.device, t_mono_s=now_s, angles_deg=report.angles_deg, moving=not report.at_rest
                )
            )
            self._see_effects(report, now_s)

    def _see_effects(self, report: Report, now_s: float) -> None:
        for waiting in [waiting for waiting in self._waiting if waiting.seen(report)]:
            self._waiting.remove(waiting)
            self._done(waiting.command_id, now_s)
        if self._free_number is not None and not report.plays and not any(w.uploads for w in self._waiting):
            self._free_number = None  # Ended at the controller: by a stop, or for want of a heartbeat.

    def advance(self, now_s: float) -> None:
        """Let time pass: setup, heartbeat, leases, questions to the dashboard, what takes too long."""
        lanes = self._lanes
        if lanes is None:
            return
        for told in lanes.advance(now_s):
            self._take(told, now_s)
        self._hangup = self._hangup or lanes.hangup(now_s)
        report = self._report
        if report is None or not lanes.known:
            return
        if not self._connected:
            self._connect(lanes, now_s)
        self._note(lanes, report, now_s)
        self._judge_motion(report, now_s)
        self._press_stop(lanes, report, now_s)
        self._clear(lanes, report, now_s)
        for waiting in [waiting for waiting in self._waiting if now_s >= waiting.until_s]:
            self._waiting.remove(waiting)
            self._fail(waiting.command_id, now_s, Outcome.UNKNOWN, "cobot.no_answer", waiting.otherwise)
            if self._clearing is None:
                lanes.forget_questions()  # What comes too late for its command shall not come at all.
            if waiting.uploads:
                self._stop(None, now_s)
        if self._beating(now_s):
            lanes.beat(self._factor(), now_s)
        self._tell_status(report, now_s)

    def _connect(self, lanes: Lanes, now_s: float) -> None:
        self._connected = True
        self._loss_told = False
        if self._slider_lowered:
            self._slide(lanes, 100)
        identity = {**lanes.identity, "controller": lanes.version, "driven_as": self._model.name}
        self._events.append(Connected(device=self.device, t_mono_s=now_s, identity=identity))

    def _note(self, lanes: Lanes, report: Report, now_s: float) -> None:
        self._stops = stop_of(report, lanes.remote)
        said = lanes.identity["model"]
        if not is_family(self._model.name, said, lanes.version):
            self._stops["cobot.wrong_model"] = (
                f"the robot says that it is a {said} with software {lanes.version}, but the station is set up for a "
                f"{self._model.name}; correct the station's settings"
            )
        notes = dict(self._stops)
        if lanes.dashboard_silent:
            notes["cobot.dashboard_silent"] = (
                "the robot's dashboard does not answer, so stops cannot be cleared from here; look at the teach pendant"
            )
        self._events += self._notes.changes(notes, QUIET, now_s)

    def _judge_motion(self, report: Report, now_s: float) -> None:
        if self._watch is None:
            return
        if self._stops:
            code, detail = next(iter(self._stops.items()))
            self._end_motion(now_s, code, detail)
            self._stop(None, now_s)
            return
        verdict = self._watch.verdict(report, self._factor(), now_s)
        if verdict is None:
            return
        if verdict.code is None:
            command_id, self._watch = self._watch.command.command_id, None
            self._done(command_id, now_s)
            return
        self._end_motion(now_s, verdict.code, verdict.detail, verdict.outcome)
        self._stop(None, now_s)

    def _end_motion(self, now_s: float, code: str, detail: str, outcome: Outcome = Outcome.UNKNOWN) -> None:
        """End the motion with this; a program that has not left yet does not leave, so nothing happened."""
        if self._watch is None:
            return
        command_id, self._watch = self._watch.command.command_id, None
        self._fail(command_id, now_s, Outcome.REFUSED if self._drop_program() else outcome, code, detail)

    def _drop_program(self) -> bool:
        """Keep a program that has not left yet from leaving; whether there was one."""
        if self._lanes is None or not self._lanes.program_waits:
            return False
        self._lanes.drop_program()
        return True

    def _stop(self, command_id: str | None, now_s: float) -> None:
        """Write the stop before everything else, and end what has the arm."""
        detail = "a stop ended the motion; look where the arm stands before it moves again"
        self._end_motion(now_s, "cobot.interrupted", detail)
        for waiting in [waiting for waiting in self._waiting if waiting.uploads]:
            self._waiting.remove(waiting)
            outcome = Outcome.REFUSED if self._drop_program() else Outcome.UNKNOWN
            self._fail(waiting.command_id, now_s, outcome, "cobot.interrupted", "a stop ended it; try it again")
        self._free_number = None
        self._stopping = self._stopping or Stopping(now_s)
        self._stopping.command_ids += [] if command_id is None else [command_id]
        if self._lanes is None:
            return
        self._lanes.stop_number = self._last_number
        self._lanes.control(self._factor(), now_s, first=True)
        if self._report is None or (self._report.plays and self._report.number != self._last_number):
            # Not our program, or nobody knows: it need not read our registers.
            self._lanes.stop_by_dashboard(now_s)

    def _press_stop(self, lanes: Lanes, report: Report, now_s: float) -> None:
        """See a stop take effect; say it again, in the second way too; give up loudly."""
        stopping = self._stopping
        if stopping is None:
            return
        if stopping.is_seen(report, self._report_s):
            self._stopping = None
            for command_id in stopping.command_ids:
                self._done(command_id, now_s)
        elif stopping.is_given_up(now_s):
            self._stopping = None
            detail = "the arm was told to stop and does not report rest; press the emergency stop and look at the arm"
            for command_id in stopping.command_ids:
                self._fail(command_id, now_s, Outcome.UNKNOWN, "cobot.still_moving", detail)
            if not stopping.command_ids:
                self._health("cobot.still_moving", detail, now_s)
        elif stopping.is_due_again(now_s):
            lanes.control(self._factor(), now_s, first=True)
            if report.plays:
                lanes.stop_by_dashboard(now_s)

    def _clear(self, lanes: Lanes, report: Report, now_s: float) -> None:
        clearing = self._clearing
        if clearing is None:
            return
        end = clearing.end(report, self._stops, now_s)
        if end is None:
            if lanes.dashboard_idle:
                lanes.ask(*clearing.asks(report, now_s))
                lanes.advance(now_s)
            return
        self._clearing = None
        lanes.forget_questions()
        if end.code is None:
            self._done(clearing.command_id, now_s)
        else:
            self._fail(clearing.command_id, now_s, end.outcome, end.code, end.detail)

    def _beating(self, now_s: float) -> bool:
        moves = self._watch is not None and self._watch.lease_holds(now_s)
        return moves or self._free_number is not None

    def _factor(self) -> float:
        slider = 0.0 if self._report is None else self._report.slider
        return min(1.0, max(0.0, min(self._limit_percent / 100, slider)))

    def _slide(self, lanes: Lanes, percent: int) -> None:
        self._slider_lowered = percent < 100
        lanes.slide(percent)

    def submit(self, command: Command, now_s: float) -> None:
        """Take a command. Raises CommandError for one that no arm should get."""
        if not isinstance(command, CobotCommand):
            raise CommandError(f"{type(command).__name__} is not a command of an arm; send it to its own device")
        if isinstance(command, MoveJoints):
            check_move(command)
        if isinstance(command, LimitSpeed) and not 1 <= command.percent <= 100:
            raise CommandError(f"a speed limit of {command.percent} % is out of range; choose 1 to 100")
        if isinstance(command, SetToolFrame) and not all(map(math.isfinite, (*command.at_mm, *command.rpy_deg))):
            raise CommandError("a tool frame needs six numbers; correct it")
        if self._lanes is None:
            self._refuse(command, now_s, "link.down", "the arm has no line; wait for it")
        elif isinstance(command, StopMotion):
            self._stop(command.command_id, now_s)
        elif isinstance(command, SetColour | MoveGripper):
            what = "lamp" if isinstance(command, SetColour) else "gripper"
            self._refuse(command, now_s, "cobot.unsupported", f"this robot has no {what} of its own; leave that out")
        elif self._report is None or not self._connected:
            self._refuse(command, now_s, "cobot.not_ready", "the arm has not answered yet; wait until it is connected")
        else:
            self._carry_out(command, self._lanes, self._report, now_s)

    def _carry_out(self, command: CobotCommand, lanes: Lanes, report: Report, now_s: float) -> None:
        match command:
            case LimitSpeed():
                self._limit_percent = command.percent
                self._slide(lanes, command.percent)
                lanes.control(self._factor(), now_s)
                # A limit that is replaced at once is in force when its successor is.
                self._wait_for(
                    command,
                    now_s + SLIDER_LIMIT_S,
                    lambda seen: abs(seen.slider * 100 - self._limit_percent) < 0.5,
                    "the robot's speed slider did not follow; look at the teach pendant",
                )
            case ClearStop() if self._clearing is not None:
                self._refuse(command, now_s, "cobot.busy", "the arm is being made ready already; wait for that")
            case ClearStop():
                self._clearing = Clearing(command.command_id, now_s)
            case PowerOff():
                self._stop(None, now_s)
                lanes.ask(Ask.POWER_OFF)
                off = "the robot did not switch its arm off; do it at the teach pendant"
                self._wait_for(command, now_s + OFF_LIMIT_S, lambda seen: seen.robot_mode <= RobotMode.POWER_OFF, off)
            case FreeDrive(on=False):
                self._stop(command.command_id, now_s)
            case _ if (refusal := self._why_not(report)) is not None:
                self._refuse(command, now_s, *refusal)
            case MoveJoints():
                self._move(command, lanes, report, now_s)
            case FreeDrive():
                number = self._free_number = self._next_number(report)
                self._upload(
                    command,
                    program.free_drive(number, self._tool),
                    lambda seen: (seen.number, seen.state) == (number, State.FREE_DRIVE),
                    "the robot did not begin the free drive; look at the teach pendant",
                    now_s,
                )
            case SetToolFrame():
                self._set_tool(command, report, now_s)

    def _why_not(self, report: Report) -> tuple[str, str] | None:
        """Why no program can be sent now, as code and sentence."""
        for code, detail in self._stops.items():
            return code, detail
        busy = any(item is not None for item in (self._watch, self._stopping, self._free_number, self._clearing))
        if busy or any(waiting.uploads for waiting in self._waiting):
            return "cobot.busy", "the arm is still moving, stopping or being set up; wait for the end of that"
        if report.plays:
            return "cobot.busy", "another program has the arm; stop it at the teach pendant"
        return None

    def _move(self, command: MoveJoints, lanes: Lanes, report: Report, now_s: float) -> None:
        for angles_deg in (*command.through_deg, command.angles_deg):
            for joint, (angle, (low, high)) in enumerate(zip(angles_deg, self._model.limits_deg, strict=True), start=1):
                if not low <= angle <= high:
                    detail = f"joint {joint} cannot go to {angle:g}°: the arm allows {low:g}° to {high:g}°; teach again"
                    self._refuse(command, now_s, "cobot.joint_limit", detail)
                    return
        knots, duration_s = knots_of(command, self._model, report.angles_deg)
        number = self._next_number(report)
        start_rad = [math.radians(angle) for angle in report.angles_deg]
        self._watch = MotionWatch(command, number, duration_s, now_s)
        lanes.send_program(program.motion(number, start_rad, knots, self._tool))

    def _set_tool(self, command: SetToolFrame, report: Report, now_s: float) -> None:
        x, y, z = (part / 1000 for part in command.at_mm)
        tool = Tool(pose=(x, y, z, *program.rotation_vector(command.rpy_deg)))
        number = self._next_number(report)

        def confirmed(seen: Report) -> bool:
            near = max(abs(a - b) for a, b in zip(tool.pose, seen.tool, strict=True)) < 1e-5
            if not near or (seen.number, seen.state) != (number, State.TOOL_SET):
                return False
            self._tool = tool
            return True

        otherwise = "the robot did not confirm its tool; look at the teach pendant"
        self._upload(command, program.set_tool(number, tool), confirmed, otherwise, now_s)

    def _upload(
        self, command: CobotCommand, text: str, seen: Callable[[Report], bool], otherwise: str, now_s: float
    ) -> None:
        if self._lanes is not None:
            self._lanes.send_program(text)
        self._wait_for(command, now_s + PROGRAM_LIMIT_S, seen, otherwise, uploads=True)

    def _wait_for(
        self,
        command: CobotCommand,
        until_s: float,
        seen: Callable[[Report], bool],
        otherwise: str,
        *,
        uploads: bool = False,
    ) -> None:
        self._waiting.append(
            Waiting(command_id=command.command_id, until_s=until_s, seen=seen, otherwise=otherwise, uploads=uploads)
        )

    def _next_number(self, report: Report) -> int:
        """A number that no program had before, as far back as the controller remembers."""
        self._last_number = max(self._last_number, report.number) % LAST_NUMBER + 1
        return self._last_number

    def renew_lease(self, now_s: float) -> None:
        """The caller is alive and still wants the motion that it asked for."""
        if self._watch is not None:
            self._watch.renew(now_s)

    def next_wake_s(self) -> float | None:
        """When `advance` must be called at the latest."""
        if self._lanes is None:
            return None
        beating = self._watch is not None or self._free_number is not None
        wakes = [self._lanes.next_wake_s(beating=beating), *(waiting.until_s for waiting in self._waiting)]
        if self._connected:
            wakes.append(self._next_status_s)
        if self._watch is not None:
            wakes.append(self._watch.next_wake_s())
        if self._stopping is not None:
            wakes.append(self._stopping.next_wake_s())
        if self._clearing is not None and self._lanes.dashboard_idle:
            wakes.append(self._clearing.next_wake_s())
        return min(wakes)

    def take_output(self) -> bytes:
        """Bytes to write now as chunks, stops first; taking them empties the store."""
        return b"" if self._lanes is None else self._lanes.take_output()

    def take_events(self) -> tuple[DriverEvent, ...]:
        """Events since the last call, oldest first."""
        events, self._events = tuple(self._events), []
        return events

    def wants_hangup(self) -> str | None:
        """A reason to open the lines anew: the controller is silent, late, or not to be understood."""
        return self._hangup

    def farewell(self, now_s: float) -> bytes:
        """The stop, for a program that may still have the arm."""
        if self._lanes is None:
            return b""
        self._lanes.drop_program()
        self._lanes.stop_number = self._last_number
        self._lanes.control(self._factor(), now_s, first=True)
        return self._lanes.take_output()

    def _tell_status(self, report: Report, now_s: float) -> None:
        ready, limit = self._why_not(report) is None, round(100 * self._factor())
        key = (report.powered, ready, tuple(self._stops), limit)
        if key != self._status_key or now_s >= self._next_status_s:
            self._status_key, self._next_status_s = key, now_s + STATUS_EVERY_S
            self._events.append(status_of(self.device, now_s, report, self._stops, ready=ready, limit=limit))

    def _done(self, command_id: str, now_s: float) -> None:
        self._events.append(CommandDone(device=self.device, command_id=command_id, t_mono_s=now_s))

    def _refuse(self, command: CobotCommand, now_s: float, code: str, detail: str) -> None:
        self._fail(command.command_id, now_s, Outcome.REFUSED, code, detail)

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

    def _health(self, code: str, detail: str, now_s: float) -> None:
        """Tell the technician, at most once a second each."""
        if now_s >= self._health_s.get(code, -math.inf) + HEALTH_EVERY_S:
            self._health_s[code] = now_s
            self._events.append(DeviceHealth(device=self.device, t_mono_s=now_s, code=code, detail=detail))
