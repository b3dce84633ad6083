"""The three lanes to one controller: bytes in, reports and answers out, and who may overtake whom. Pure.

RTDE and the dashboard do not wait for each other. Of what is written together RTDE comes first, and in it the stop.
"""

from __future__ import annotations

import math

from drivers.api import ProtocolError
from drivers.channels import Untagger, opened, tagged
from drivers.cobot.universal_robots.dashboard import Ask, LineParser, in_remote_control, told_text
from drivers.cobot.universal_robots.exchange import Answer, DashboardLane, RtdeSetup
from drivers.cobot.universal_robots.line import Channel
from drivers.cobot.universal_robots.program import HEARTBEAT, SPEED_FACTOR, STOP_NUMBER
from drivers.cobot.universal_robots.report import Report, contradiction, report_of
from drivers.cobot.universal_robots.rtde import Kind, PackageParser, TextMessage, text_message

BEAT_S = 0.02
"""How often the heartbeat changes while a program has permission: fifteen times within the robot's patience."""
SILENCE_S = 0.5
"""Without data, or with data this late, nobody knows where the arm is."""
DRIFT = 0.001
"""How much faster than ours the controller's clock may be taken for, so that drift does not add up to lateness."""
GREET_LIMIT_S = 5.0
REMOTE_EVERY_S = 1.0
BEATS = 1_000_000_000
IDENTITY = {"model": Ask.MODEL, "serial": Ask.SERIAL, "software": Ask.VERSION}


class Lanes:
    """One connection, from its opening to its loss."""

    def __init__(self, now_s: float) -> None:
        self._up_s = now_s
        self._untagger = Untagger()
        self._packages = PackageParser()
        self._lines = LineParser()
        self._setup = RtdeSetup(now_s)
        self._lane = DashboardLane(now_s)
        self._lane.ask((*IDENTITY.values(), Ask.REMOTE))
        self._next_remote_s = now_s + REMOTE_EVERY_S
        self._heard_s = now_s
        self._last: Report | None = None
        self._offset_s = math.inf
        self._offset_at_s = now_s
        self._late_s = 0.0
        self._openings = b"".join(opened(channel) for channel in Channel)
        self._rtde_out = [self._setup.begin()]
        self._dashboard_out: list[bytes] = []
        self._script_out = b""
        self._broken: str | None = None
        self._beat = 0
        self._next_beat_s = now_s
        self.identity: dict[str, str] = {}
        """Model, serial and software, as far as the dashboard has told them."""
        self.remote: bool | None = None
        """Whether the robot is in remote control; None while nobody has said."""
        self.dashboard_silent = False
        """The last question to the dashboard was not answered."""
        self.stop_number = 0
        """The program that shall end, as written in its register."""

    @property
    def known(self) -> bool:
        """Data come, and the dashboard has said who this is."""
        return self._setup.done and self.remote is not None and len(self.identity) == len(IDENTITY)

    @property
    def version(self) -> str:
        """The controller's software, as RTDE tells it."""
        return self._setup.version

    @property
    def dashboard_idle(self) -> bool:
        """Nothing is asked or waits to be."""
        return self._lane.idle

    def received(self, data: bytes, now_s: float) -> list[Report | Answer | TextMessage]:
        """Take chunks in any split; what they say, oldest first."""
        told: list[Report | Answer | TextMessage] = []
        try:
            for channel, part in self._untagger.feed(data):
                if channel == Channel.RTDE:
                    self._take_rtde(part, now_s, told)
                elif channel == Channel.DASHBOARD:
                    for line in self._lines.feed(part):
                        self._take_answer(self._lane.line(line, now_s), told)
                # What the script port sends is the same state in another form; reading it keeps the port open.
        except ProtocolError as error:
            self._broken = self._broken or str(error)
        return told

    def _take_rtde(self, data: bytes, now_s: float, told: list[Report | Answer | TextMessage]) -> None:
        for package in self._packages.feed(data):
            if package.kind == Kind.TEXT_MESSAGE:
                told.append(text_message(package.payload))
            elif package.kind == Kind.DATA and self._setup.outputs is not None and self._setup.done:
                self._heard_s = now_s
                report = report_of(self._setup.outputs.unpack(package.payload))
                if (impossible := contradiction(report, self._last)) is not None:
                    raise ProtocolError(f"the robot reports {impossible}; the connection must begin anew")
                self._last = report
                if not self._is_late(report, now_s):
                    told.append(report)
            else:
                answer = self._setup.answered(package, now_s)
                self._rtde_out += [answer] if answer else []
                self._heard_s = now_s

    def _is_late(self, report: Report, now_s: float) -> bool:
        """Measured by the controller's own clock against the quickest that a report has been."""
        self._offset_s = min(self._offset_s + DRIFT * (now_s - self._offset_at_s), now_s - report.timestamp_s)
        self._offset_at_s = now_s
        self._late_s = now_s - report.timestamp_s - self._offset_s
        return self._late_s > SILENCE_S

    def _take_answer(self, answer: Answer | None, told: list[Report | Answer | TextMessage]) -> None:
        if answer is None:
            return
        told.append(answer)
        self.dashboard_silent = answer.line is None
        if answer.line is None:
            return
        if answer.ask is Ask.REMOTE:
            remote = in_remote_control(answer.line)
            self.remote = self.remote if remote is None else remote
        for key, ask in IDENTITY.items():
            if answer.ask is ask:
                self.identity[key] = told_text(ask, answer.line)

    def advance(self, now_s: float) -> list[Report | Answer | TextMessage]:
        """Let time pass: questions that are due, and those that nobody has answered."""
        told: list[Report | Answer | TextMessage] = []
        self._take_answer(self._lane.unanswered(now_s), told)
        if now_s >= self._next_remote_s and self._lane.idle:
            self._next_remote_s = now_s + REMOTE_EVERY_S
            self._lane.ask((Ask.REMOTE,))
        self._dashboard_out += [question] if (question := self._lane.output(now_s)) else []
        return told

    def hangup(self, now_s: float) -> str | None:
        """Why this connection is of no use any more, for the technician; None while it is."""
        setup_s = self._setup.deadline_s()
        if self._broken is not None:
            return self._broken
        if self._late_s > SILENCE_S:
            return (
                f"the robot's data arrive {self._late_s:.1f} s late; check the network to the controller for load and "
                "faults"
            )
        if setup_s is not None and now_s >= setup_s:
            return "the robot's controller takes the connection and does not answer on the RTDE port; restart it"
        if setup_s is None and now_s >= self._heard_s + SILENCE_S:
            return (
                "the robot's controller sends no data any more, although the connection stands; check its network "
                "cable and that it is switched on"
            )
        if not self.known and now_s >= self._up_s + GREET_LIMIT_S:
            return (
                "the robot's dashboard does not answer; enable it in the robot's settings under services, or restart "
                "the controller"
            )
        return None

    def ask(self, *asks: Ask) -> None:
        """Ask the dashboard, behind what waits already."""
        self._lane.ask(asks)

    def forget_questions(self) -> None:
        """Ask none of what still waits."""
        self._lane.forget()

    def stop_by_dashboard(self, now_s: float) -> None:
        """End whatever program runs, without waiting for an answer to anything."""
        self._dashboard_out.append(self._lane.at_once(Ask.STOP, now_s))

    def go_on_from(self, heartbeat: int) -> None:
        """Take over the heartbeat as it stands, so that the first package written is no sign of life."""
        self._beat = heartbeat

    def beat(self, factor: float, now_s: float) -> None:
        """A sign of life for the program that runs, when it is due."""
        if now_s >= self._next_beat_s:
            self._beat = (self._beat + 1) % BEATS
            self.control(factor, now_s)

    def control(self, factor: float, now_s: float, *, first: bool = False) -> None:
        """Write the registers that programs read: heartbeat, number to stop, speed factor. `first` overtakes."""
        if self._setup.control is None:
            return
        self._next_beat_s = now_s + BEAT_S
        values = {HEARTBEAT: self._beat, STOP_NUMBER: self.stop_number, SPEED_FACTOR: factor}
        self._rtde_out.insert(0 if first else len(self._rtde_out), self._setup.control.pack(values))

    def slide(self, percent: int) -> None:
        """Set the robot's speed slider."""
        if self._setup.slider is not None:
            values = {"speed_slider_mask": 1, "speed_slider_fraction": percent / 100}
            self._rtde_out.append(self._setup.slider.pack(values))

    def send_program(self, text: str) -> None:
        """Hand a program to the controller with the next output."""
        self._script_out = text.encode("ascii")

    @property
    def program_waits(self) -> bool:
        """A program has been handed over and has not left yet."""
        return bool(self._script_out)

    def drop_program(self) -> None:
        """Do not send the program that has not left yet."""
        self._script_out = b""

    def take_output(self) -> bytes:
        """Chunks to write now; taking them empties the store."""
        data = self._openings + b"".join(tagged(Channel.RTDE, item) for item in self._rtde_out)
        data += b"".join(tagged(Channel.DASHBOARD, item) for item in self._dashboard_out)
        data += tagged(Channel.SCRIPT, self._script_out)
        self._openings = self._script_out = b""
        self._rtde_out.clear()
        self._dashboard_out.clear()
        return data

    def next_wake_s(self, *, beating: bool) -> float:
        """When `advance`, `hangup` or `beat` may have something to say."""
        wakes = [self._lane.deadline_s() or self._next_remote_s]
        wakes.append(self._setup.deadline_s() or self._heard_s + SILENCE_S)
        wakes += [] if self.known else [self._up_s + GREET_LIMIT_S]
        wakes += [self._next_beat_s] if beating else []
        return min(wakes)
