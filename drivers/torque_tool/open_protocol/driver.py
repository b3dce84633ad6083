"""The torque tool over Open Protocol: a `drivers.api.Conversation` for serial and TCP controllers of every profile.

Source: Open Protocol release 2.8.0; sections are named where they are used.

This is where the parts meet: bytes become messages (`exchange.py`), and each message is an answer to the one
outstanding question or a push. Questions come from errands, one at a time and in this order: the handshake of a new
connection, the disable, an arming that has begun, what is being worked on, subscriptions, results to ask back, the
clock, the next arming. What each does stands in its own file.

- `DisarmTool` waits for nothing: it overtakes what is outstanding, and an arming in progress fails. The controller
  works in order, so the disable is what holds. Any other question that was overtaken is asked again.
- Requests that act are sent once. Silence is a lost connection, and every new connection begins by disabling the tool,
  so an enable whose answer was lost never stays in force.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo

from drivers.api import (
    AcknowledgeResult,
    ArmTool,
    Command,
    CommandError,
    Connected,
    DisarmTool,
    Disconnected,
    DriverEvent,
    IdentifyWork,
    Outcome,
)
from drivers.torque_tool.open_protocol.arming import Arming
from drivers.torque_tool.open_protocol.asking import Errand, refusal_of, unreadable
from drivers.torque_tool.open_protocol.clock_check import ClockCheck
from drivers.torque_tool.open_protocol.codes import refusal_text
from drivers.torque_tool.open_protocol.disabling import Disabling
from drivers.torque_tool.open_protocol.exchange import Exchange, Request
from drivers.torque_tool.open_protocol.framing import Carriage
from drivers.torque_tool.open_protocol.handshake import (
    HIGHEST_START,
    Handshake,
    Step,
    first_start_revision,
    switching,
)
from drivers.torque_tool.open_protocol.messages import REFUSED, answered_mid, read, whole
from drivers.torque_tool.open_protocol.profiles import GENERIC, ControllerProfile
from drivers.torque_tool.open_protocol.protocol import HeaderStyle, Message, MessageError
from drivers.torque_tool.open_protocol.pushes import ACKNOWLEDGEMENTS, RESULTS, Pushes
from drivers.torque_tool.open_protocol.result_desk import ResultDesk
from drivers.torque_tool.open_protocol.results import UNKNOWN_SERIAL
from drivers.torque_tool.open_protocol.subscriptions import Subscriptions
from drivers.torque_tool.open_protocol.telling import Telling
from drivers.torque_tool.open_protocol.work_identity import WorkIdentity

_NOISE_EVERY_S = 1.0


def nothing_recorded(_controller_serial: str) -> None:
    """For a station without a memory: only what was missed since this driver began is asked back."""


class OpenProtocolTool:
    """One controller with one tool. See the module for how it works."""

    def __init__(
        self,
        device: str = "tool",
        *,
        carriage: Carriage | str = Carriage.SERIAL,
        profile: ControllerProfile = GENERIC,
        start_revision: int | None = None,
        header_style: HeaderStyle = HeaderStyle.SPACES,
        last_seen_id: Callable[[str], int | None] = nothing_recorded,
        wall_clock: Callable[[], datetime] | None = None,
        time_zone: tzinfo | None = None,
        set_clock: bool = False,
        traces: bool = True,
    ) -> None:
        """`last_seen_id` gives the last tightening id on disk for a controller's serial number: what came after it is
        asked back on connecting. `start_revision` of 0001 is where the fall-back begins; None: the profile's.

        `wall_clock` gives the time with its zone, and `time_zone` is the controller's (None: the same); without a wall
        clock the controller's is not checked. `set_clock`: set it where the profile allows that.

        Raises CommandError for a start revision that is not spoken here.
        """
        if start_revision is not None and not 1 <= start_revision <= HIGHEST_START:
            raise CommandError(
                f"{device}: start revision {start_revision} is not spoken here; set 1 to {HIGHEST_START}, or leave it"
                " out."
            )
        self.device = device
        self._profile = profile
        self._telling = telling = Telling(device)
        self._exchange = Exchange(Carriage(carriage), header_style, holds=self._holds)
        self._handshake = Handshake(
            profile, start_revision=first_start_revision(profile) if start_revision is None else start_revision
        )
        self._disabling = Disabling(profile, telling)
        self._arming = Arming(profile, telling)
        self._work = WorkIdentity(profile, telling)
        self._subscriptions = Subscriptions(profile, telling, traces=traces)
        self._desk = ResultDesk(profile, telling, self._exchange, recorded=last_seen_id)
        sets = set_clock and profile.clock_may_be_set
        self._clock = ClockCheck(telling, wall_clock=wall_clock, zone=time_zone, sets=sets)
        self._pushes = Pushes(profile, telling, self._exchange)
        self._errand: Errand | None = None
        self._up = False
        self._connected = False
        self._loss_told = False
        self._profile_told = False
        self._hangup: str | None = None
        self._noise_told_s: float | None = None
        self._noise_told = 0

    def link_up(self, now_s: float) -> None:
        """The line is open: begin the handshake."""
        self._up = True
        self._hangup = None
        self._exchange.open(now_s)
        self._handshake.begin()
        self._ask_next(now_s)

    def link_down(self, now_s: float, reason: str) -> None:
        """The line is gone: fail what is in flight, emit `Disconnected` once."""
        self._up = self._connected = False
        self._hangup = None
        self._errand = None
        self._exchange.close()
        self._desk.disconnected()
        self._pushes.disconnected()
        self._arming.disconnected()
        self._clock.disconnected()
        self._end_commands(now_s, "link.lost", f"The line to the torque tool was lost: {reason}")
        if not self._loss_told:
            self._loss_told = True
            self._telling.put(Disconnected(device=self.device, t_mono_s=now_s, reason=reason))

    def received(self, data: bytes, now_s: float) -> None:
        """Take bytes in any split."""
        if not self._up or self._hangup is not None:
            return
        messages, errors = self._exchange.received(data, now_s)
        for error in errors:
            self._telling.health(now_s, "tool.unreadable", str(error))
        self._take(messages, now_s)

    def advance(self, now_s: float) -> None:
        """Let time pass: deadlines, repeats, keep-alive, half messages, what is due."""
        if not self._up or self._hangup is not None:
            return
        messages, silent = self._exchange.advance(now_s)
        if silent is not None:
            self._gone_silent(silent, now_s)
            return
        self._desk.advance(now_s)
        self._pushes.advance(now_s)
        self._take(messages, now_s)
        if self._hangup is None:
            self._ask_next(now_s)

    def next_wake_s(self) -> float | None:
        """When `advance` must be called at the latest."""
        if not self._up or self._hangup is not None:
            return None
        times = [self._exchange.next_wake_s(), self._desk.next_wake_s(), self._pushes.next_wake_s()]
        if self._connected and self._exchange.request is None:
            times.append(self._clock.next_wake_s())
        return min(time for time in times if time is not None)

    def submit(self, command: Command, now_s: float) -> None:
        """Take a command. Raises CommandError for one that is not a tool's, or that no message can carry."""
        if not isinstance(command, ArmTool | DisarmTool | AcknowledgeResult | IdentifyWork):
            raise CommandError(f"{self.device}: {type(command).__name__} is no command for a torque tool.")
        if not self._connected or self._hangup is not None:
            detail = "The torque tool is not connected; its first act on a new connection is to disable itself."
            self._telling.failed(command.command_id, now_s, Outcome.REFUSED, "tool.not_connected", detail)
        elif isinstance(command, DisarmTool):
            self._arming.drop(now_s, "tool.interrupted", "Arming was overtaken by a disable, which is what holds.")
            self._disable(now_s, command.command_id)
        elif isinstance(command, AcknowledgeResult):
            self._desk.acknowledge(command.tightening_id, now_s)
            self._telling.done(command.command_id, now_s)
        elif isinstance(command, IdentifyWork):
            self._work.take(command)
        else:
            self._arming.take(command)
        self._ask_next(now_s)

    def renew_lease(self, now_s: float) -> None:
        """No meaning for a tool."""

    def take_output(self) -> bytes:
        """Bytes to write now."""
        return self._exchange.take_output()

    def take_events(self) -> tuple[DriverEvent, ...]:
        """Events since the last call, oldest first."""
        return self._telling.take()

    def wants_hangup(self) -> str | None:
        """Why the line is to be closed and opened again, or None."""
        return self._hangup

    def farewell(self, now_s: float) -> bytes:
        """Switch the tool off if we switched it on, and end the session (0003), so that the next client is let in."""
        if not self._connected:
            return b""
        # A disable that nobody has answered may not have arrived.
        if self._arming.live or self._disabling.wanted:
            self._exchange.tell(switching(self._profile, enable=False), now_s, urgent=True)
        self._exchange.tell(Message(mid=3), now_s, urgent=True)
        return self._exchange.take_output()

    def _holds(self, message: Message) -> bool:
        return self._desk.holds(message)

    def _take(self, messages: list[Message], now_s: float) -> None:
        for message in messages:
            if self._hangup is None:
                self._on_message(message, now_s)
        if self._hangup is None:
            self._hangup = self._exchange.broken
        self._tell_noise(now_s)

    def _on_message(self, message: Message, now_s: float) -> None:
        try:
            if self._exchange.answers(message, now_s):
                self._on_answer(message, now_s)
            elif message.mid == REFUSED:
                self._on_stray_refusal(message, now_s)
            elif message.mid in RESULTS:
                self._desk.take(message, now_s)
            else:
                self._on_push(message, now_s)
        except MessageError as error:
            self._telling.health(now_s, "tool.unreadable", str(error))
        if self._hangup is None:
            self._ask_next(now_s)

    def _on_answer(self, message: Message, now_s: float) -> None:
        request, errand = self._exchange.request, self._errand
        if request is None or errand is None:
            return
        if message.mid == REFUSED:
            refusal = refusal_of(request.message, whole(read(message), "error"))
            self._exchange.answered(message, now_s)
            errand.refused(refusal, now_s)
        else:
            try:
                complete = errand.answer(message, now_s)
            except MessageError as error:
                complete = True
                errand.refused(unreadable(request.message, error), now_s)
            if complete:
                self._exchange.answered(message, now_s)
        self._after(errand, now_s)

    def _after(self, errand: Errand, now_s: float) -> None:
        if errand is self._handshake:
            self._after_handshake(now_s)
        elif errand is self._disabling and self._disabling.refusal is not None:
            self._hangup = self._disabling.refusal
        elif errand is self._arming and not self._arming.busy and self._arming.refused_while_live:
            self._disable(now_s)

    def _after_handshake(self, now_s: float) -> None:
        handshake = self._handshake
        if handshake.numbered and not self._exchange.numbered:
            self._exchange.number_messages()
        if handshake.step is Step.FAILED:
            self._hangup = handshake.failure
        elif handshake.step is Step.DONE:
            self._connected = True
            self._loss_told = False
            self._telling.put(Connected(device=self.device, t_mono_s=now_s, identity=dict(handshake.identity)))
            wrong = handshake.wrong_profile()
            if wrong is not None:
                self._telling.health(now_s, "tool.profile", wrong)
            self._work.connected()
            self._subscriptions.connected()
            self._pushes.connected(handshake.identity.get("controller_serial") or UNKNOWN_SERIAL)
            self._desk.connected(handshake.identity, now_s)

    def _on_stray_refusal(self, message: Message, now_s: float) -> None:
        error, mid = whole(read(message), "error"), answered_mid(message)
        code = f"tool.refused.{error:02d}"
        detail = f"The tool controller refused MID {mid:04d}: {refusal_text(error)} (code {error:02d})."
        if self._arming.busy and mid not in ACKNOWLEDGEMENTS:
            # Any refusal ends the sequence (section 3.7.2). One that answers something else says nothing about the
            # tool, so the tool is switched off.
            self._arming.fail(now_s, Outcome.UNKNOWN, code, detail)
            self._disable(now_s)
        else:
            self._telling.health(now_s, code, detail)

    def _on_push(self, message: Message, now_s: float) -> None:
        selected = self._pushes.take(message, now_s)
        if selected is None:
            return
        if selected.is_job:
            self._arming.job_told(selected.number, over=selected.over)
        contradiction = self._arming.contradiction(selected.number, is_job=selected.is_job)
        if contradiction is None:
            return
        if self._arming.busy:
            self._arming.fail(now_s, Outcome.UNKNOWN, "tool.other_selected", contradiction)
        else:
            self._telling.health(now_s, "tool.other_selected", contradiction)
        self._disable(now_s)

    def _disable(self, now_s: float, command_id: str | None = None) -> None:
        self._arming.disabled()
        asked_already = self._errand is self._disabling and self._exchange.request is not None
        self._disabling.want(command_id)
        if not asked_already:
            self._errand = self._disabling
            self._exchange.ask(self._disabling.ask(), now_s, urgent=True)

    def _ask_next(self, now_s: float) -> None:
        if self._exchange.request is not None:
            return
        errands: list[Errand] = [self._handshake]
        if self._connected:
            begun: list[Errand] = [self._arming] if self._arming.busy else []
            errands = [
                self._disabling, *begun, self._work, self._subscriptions, self._desk, self._clock, self._arming,
            ]  # fmt: skip
        for errand in errands:
            ask = errand.question(now_s)
            if ask is not None:
                self._errand = errand
                self._exchange.ask(ask, now_s)
                return

    def _gone_silent(self, silent: Request, now_s: float) -> None:
        mid = silent.message.mid
        detail = self._handshake.silence(
            f"The tool controller did not answer MID {mid:04d} ({silent.sends} sent); check its power and its cable."
        )
        self._end_commands(now_s, "tool.silent", detail)
        self._hangup = detail

    def _end_commands(self, now_s: float, code: str, detail: str) -> None:
        self._arming.drop(now_s, code, detail)
        self._disabling.fail(now_s, Outcome.UNKNOWN, code, detail)
        self._work.fail(now_s, code, detail)

    def _tell_noise(self, now_s: float) -> None:
        bytes_lost = self._exchange.discarded - self._noise_told
        if bytes_lost and (self._noise_told_s is None or now_s >= self._noise_told_s + _NOISE_EVERY_S):
            self._noise_told += bytes_lost
            self._noise_told_s = now_s
            detail = (
                f"{bytes_lost} bytes from the tool controller made no message; check the cable and the line settings."
            )
            self._telling.health(now_s, "tool.noise", detail)
