"""The torque tool over Open Protocol: a `drivers.api.Conversation` for serial and TCP controllers.

Source: Open Protocol release 2.8.0; sections are named where they are used.

- `ArmTool` is 0018 (select the parameter set), then 0043 (enable); done when both were accepted.
- `DisarmTool` is 0042 and waits for nothing: it overtakes what is outstanding, and an arming in progress fails. The
  controller works in order, so the disable is what holds.
- A result (0061) becomes a `TighteningResult` event at once; its acknowledgement (0062) goes out only on
  `AcknowledgeResult`, when the result is safely on disk. Every 0061 is delivered, repeats too: telling a second copy
  from a first is the station's work.
- Requests that act (0018, 0043) are sent once. Silence is a lost connection, and every new connection begins by
  disabling the tool, so an enable whose answer was lost never stays in force.
"""

from __future__ import annotations

from collections import deque

from drivers.api import (
    AcknowledgeResult,
    ArmTool,
    Command,
    CommandDone,
    CommandError,
    CommandFailed,
    Connected,
    DeviceHealth,
    DisarmTool,
    Disconnected,
    DriverEvent,
    Outcome,
)
from drivers.torque_tool.open_protocol.codes import refusal_text
from drivers.torque_tool.open_protocol.exchange import Exchange, Request
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.framing import Carriage
from drivers.torque_tool.open_protocol.gap import GapFill
from drivers.torque_tool.open_protocol.handshake import LINK_ACKS_REVISION, Handshake, Step
from drivers.torque_tool.open_protocol.messages import ACCEPTED, LAYOUTS, REFUSED, answered_mid, read, whole
from drivers.torque_tool.open_protocol.protocol import HeaderStyle, Message, MessageError
from drivers.torque_tool.open_protocol.results import tightening_result

SELECT = 18
DISABLE = 42
ENABLE = 43
RESULT = 61
OLD_RESULT = 65
_NOISE_EVERY_S = 1.0
_NAMES = {SELECT: "select the parameter set", DISABLE: "disable the tool", ENABLE: "enable the tool"}


class OpenProtocolTool:
    """One controller with one tool. See the module for what each command does."""

    def __init__(
        self,
        device: str = "tool",
        *,
        carriage: Carriage | str = Carriage.SERIAL,
        start_revision: int = 5,
        result_revision: int = 2,
        header_style: HeaderStyle = HeaderStyle.SPACES,
        last_seen_id: int | None = None,
    ) -> None:
        """`last_seen_id` is the last tightening id in the journal: what came after it is asked back on connecting.

        `start_revision` of 0001 (1 to 6) and `result_revision` of 0060 (1 or 2) are where the fall-back begins.

        Raises CommandError for revisions outside these.
        """
        if not 1 <= start_revision <= LINK_ACKS_REVISION or result_revision not in (1, 2):
            raise CommandError(
                f"{device}: start revision {start_revision} or result revision {result_revision} is not spoken here;"
                f" set 1 to {LINK_ACKS_REVISION} and 1 or 2."
            )
        self.device = device
        self._result_revision = result_revision
        self._exchange = Exchange(Carriage(carriage), header_style)
        self._handshake = Handshake(self._exchange, start_revision=start_revision, result_revision=result_revision)
        self._up = False
        self._connected = False
        self._loss_told = False
        self._hangup: str | None = None
        self._arm: ArmTool | None = None
        self._waiting: deque[ArmTool] = deque()
        self._disarm_ids: list[str] = []
        self._unacknowledged_id: int | None = None
        self._last_seen_id = last_seen_id
        self._gap: GapFill | None = None
        self._noise_told_s: float | None = None
        self._noise_told = 0
        self._events: list[DriverEvent] = []

    def link_up(self, now_s: float) -> None:
        """The line is open: begin the handshake."""
        self._up = True
        self._hangup = None
        self._exchange.open(now_s)
        self._handshake.begin(now_s)

    def link_down(self, now_s: float, reason: str) -> None:
        """The line is gone: fail what is in flight, emit `Disconnected` once."""
        self._up = self._connected = False
        self._hangup = None
        self._exchange.close()
        self._unacknowledged_id = None
        if self._gap is not None:
            self._last_seen_id = self._gap.fetched_to_id
            self._gap = None
        detail = f"The line to the torque tool was lost: {reason}"
        if self._arm is not None:
            self._fail(self._arm.command_id, now_s, Outcome.UNKNOWN, "link.lost", detail)
            self._arm = None
        for command_id in self._disarm_ids:
            self._fail(command_id, now_s, Outcome.UNKNOWN, "link.lost", detail)
        self._disarm_ids.clear()
        self._refuse_waiting(now_s, "link.lost", detail)
        if not self._loss_told:
            self._loss_told = True
            self._events.append(Disconnected(device=self.device, t_mono_s=now_s, reason=reason))

    def received(self, data: bytes, now_s: float) -> None:
        """Take bytes in any split."""
        if not self._up or self._hangup is not None:
            return
        self._take(self._exchange.received(data, now_s), now_s)

    def advance(self, now_s: float) -> None:
        """Let time pass: deadlines, repeats, keep-alive, half messages."""
        if not self._up or self._hangup is not None:
            return
        messages, silent = self._exchange.advance(now_s)
        if silent is not None:
            self._gone_silent(silent, now_s)
            return
        self._take(messages, now_s)

    def next_wake_s(self) -> float | None:
        """When `advance` must be called at the latest."""
        return self._exchange.next_wake_s() if self._up and self._hangup is None else None

    def submit(self, command: Command, now_s: float) -> None:
        """Take a command. Raises CommandError for one that is not a tool's or a parameter set that cannot exist."""
        if not isinstance(command, ArmTool | DisarmTool | AcknowledgeResult):
            raise CommandError(f"{self.device}: {type(command).__name__} is no command for a torque tool.")
        if isinstance(command, ArmTool) and not 1 <= command.pset <= 999:
            raise CommandError(f"{self.device}: parameter set {command.pset} cannot exist; use 1 to 999.")
        if not self._connected or self._hangup is not None:
            detail = "The torque tool is not connected; its first act on a new connection is to disable itself."
            self._fail(command.command_id, now_s, Outcome.REFUSED, "tool.not_connected", detail)
        elif isinstance(command, DisarmTool):
            self._disarm(command, now_s)
        elif isinstance(command, AcknowledgeResult):
            self._acknowledge(command, now_s)
        else:
            self._waiting.append(command)
            self._ask_next(now_s)

    def renew_lease(self, now_s: float) -> None:
        """No meaning for a tool."""

    def take_output(self) -> bytes:
        """Bytes to write now."""
        return self._exchange.take_output()

    def take_events(self) -> tuple[DriverEvent, ...]:
        """Events since the last call, oldest first."""
        events = tuple(self._events)
        self._events.clear()
        return events

    def wants_hangup(self) -> str | None:
        """Why the line is to be closed and opened again, or None."""
        return self._hangup

    def farewell(self, now_s: float) -> bytes:
        """MID 0003 when a session is open: a controller that counts clients is free for the next one at once."""
        if not self._connected:
            return b""
        self._exchange.tell(Message(mid=3), now_s)
        return self._exchange.take_output()

    def _take(self, messages: list[Message], now_s: float) -> None:
        for message in messages:
            if self._hangup is None:
                self._on_message(message, now_s)
        self._tell_noise(now_s)

    def _on_message(self, message: Message, now_s: float) -> None:
        if message.mid == RESULT:
            self._on_result(message, None, now_s)
        elif not self._connected:
            self._handshake.answer(message, now_s)
            self._after_handshake(now_s)
        elif message.mid in (REFUSED, ACCEPTED, OLD_RESULT, 13):
            try:
                self._on_answer(message, now_s)
            except MessageError as error:
                self._health(now_s, "tool.unreadable", str(error))
                if self._gap is not None and message.mid in (OLD_RESULT, 13):
                    self._gap.give_up()
            self._ask_next(now_s)

    def _after_handshake(self, now_s: float) -> None:
        if self._handshake.step is Step.FAILED:
            self._hangup = self._handshake.failure
        elif self._handshake.step is Step.DONE:
            self._connected = True
            self._loss_told = False
            identity = dict(self._handshake.identity)
            self._events.append(Connected(device=self.device, t_mono_s=now_s, identity=identity))
            if self._last_seen_id is not None:
                self._gap = GapFill(last_seen_id=self._last_seen_id, result_revision=self._result_revision)
            self._ask_next(now_s)

    def _on_answer(self, message: Message, now_s: float) -> None:
        outstanding = self._exchange.request
        asked = outstanding.message.mid if outstanding is not None else None
        if message.mid in (OLD_RESULT, 13):
            if self._gap is not None and (asked, message.mid) in ((64, OLD_RESULT), (12, 13)):
                self._exchange.answered()
                filled = self._gap.answer(message)
                if filled is not None:
                    self._on_result(*filled, now_s)
            return
        mid = answered_mid(message)
        matches = mid == asked
        if matches:
            self._exchange.answered()
        if message.mid == ACCEPTED:
            if matches:
                self._accepted(mid, now_s)
            return
        error = whole(read(message), "error")
        if matches and self._gap is not None and mid in (12, 64):
            self._gap.refused(mid, error)
        else:
            self._refused(mid, error, matches, now_s)

    def _accepted(self, mid: int, now_s: float) -> None:
        if mid == SELECT and self._arm is not None:
            self._exchange.ask(Message(mid=ENABLE), now_s, repeatable=False)
        elif mid == ENABLE and self._arm is not None:
            self._done(self._arm.command_id, now_s)
            self._arm = None
        elif mid == DISABLE:
            for command_id in self._disarm_ids:
                self._done(command_id, now_s)
            self._disarm_ids.clear()

    def _refused(self, mid: int, error: int, matches: bool, now_s: float) -> None:
        code = f"tool.refused.{error:02d}"
        what = f"MID {mid:04d}" + (f" ({_NAMES[mid]})" if mid in _NAMES else "")
        detail = f"The tool controller refused {what}: {refusal_text(error)} (code {error:02d})."
        if matches and mid == DISABLE:
            for command_id in self._disarm_ids:
                self._fail(command_id, now_s, Outcome.REFUSED, code, detail)
            self._disarm_ids.clear()
            # A tool that does not let itself be switched off is nothing to go on with.
            self._hangup = f"{detail} Take the tool out of use and check the controller."
        elif self._arm is not None:
            # Any refusal ends the sequence (section 3.7.2). One that answers something else says nothing about the
            # tool, so the tool is switched off.
            outcome = Outcome.REFUSED if matches else Outcome.UNKNOWN
            self._fail(self._arm.command_id, now_s, outcome, code, detail)
            self._arm = None
            if not matches:
                self._ask_disable(now_s)
        else:
            self._health(now_s, code, detail)

    def _gone_silent(self, silent: Request, now_s: float) -> None:
        mid = silent.message.mid
        detail = (
            f"The tool controller did not answer MID {mid:04d} ({silent.sends} sent); check its power and its cable."
        )
        if self._arm is not None:
            self._fail(self._arm.command_id, now_s, Outcome.UNKNOWN, "tool.silent", detail)
            self._arm = None
        for command_id in self._disarm_ids:
            self._fail(command_id, now_s, Outcome.UNKNOWN, "tool.silent", detail)
        self._disarm_ids.clear()
        self._hangup = detail

    def _disarm(self, command: DisarmTool, now_s: float) -> None:
        detail = "Arming was overtaken by a disable, which is what holds."
        if self._arm is not None:
            self._fail(self._arm.command_id, now_s, Outcome.UNKNOWN, "tool.interrupted", detail)
            self._arm = None
        self._refuse_waiting(now_s, "tool.interrupted", detail)
        outstanding = self._exchange.request
        if outstanding is None or outstanding.message.mid != DISABLE:
            self._ask_disable(now_s)
        self._disarm_ids.append(command.command_id)

    def _ask_disable(self, now_s: float) -> None:
        # The one acting request that is repeated on a silent serial line: disabling twice is disabling once, and no
        # enable is ever sent while a disable is outstanding.
        self._exchange.ask(Message(mid=DISABLE), now_s)

    def _acknowledge(self, command: AcknowledgeResult, now_s: float) -> None:
        # 0062 names no result: it always means the one that the controller waits with. For any other id it would
        # release a result that is not on disk yet.
        if command.tightening_id == self._unacknowledged_id:
            self._unacknowledged_id = None
            self._exchange.tell(Message(mid=62), now_s)
        self._done(command.command_id, now_s)

    def _on_result(self, message: Message, limits: dict[str, Value] | None, now_s: float) -> None:
        identity = self._handshake.identity
        try:
            result = tightening_result(
                message,
                device=self.device,
                t_mono_s=now_s,
                controller_serial=identity.get("controller_serial", ""),
                tool_serial=identity.get("tool_serial", ""),
                limits=limits,
            )
        except MessageError as error:
            self._health(
                now_s, "tool.unreadable", f"A tightening result cannot be read and is not acknowledged: {error}"
            )
            return
        if message.mid == RESULT:
            self._unacknowledged_id = result.tightening_id
        if self._last_seen_id is None or result.tightening_id > self._last_seen_id:
            self._last_seen_id = result.tightening_id
        self._events.append(result)

    def _ask_next(self, now_s: float) -> None:
        if self._hangup is not None or self._exchange.request is not None:
            return
        if self._gap is not None:
            question = self._gap.question()
            if question is not None:
                self._exchange.ask(question, now_s)
                return
            if self._gap.missed is not None:
                first, last = self._gap.missed
                detail = (
                    f"Tightening results {first} to {last} were measured without a line; read them at the controller."
                )
                self._health(now_s, "tool.results_missed", detail)
            self._gap = None
        if self._waiting:
            self._arm = self._waiting.popleft()
            data = LAYOUTS[SELECT, 1].encode({"pset": self._arm.pset})
            self._exchange.ask(Message(mid=SELECT, data=data), now_s, repeatable=False)

    def _refuse_waiting(self, now_s: float, code: str, detail: str) -> None:
        for command in self._waiting:
            self._fail(command.command_id, now_s, Outcome.REFUSED, code, detail)
        self._waiting.clear()

    def _tell_noise(self, now_s: float) -> None:
        bytes_lost = self._exchange.discarded - self._noise_told
        if bytes_lost and (self._noise_told_s is None or now_s >= self._noise_told_s + _NOISE_EVERY_S):
            self._noise_told += bytes_lost
            self._noise_told_s = now_s
            detail = (
                f"{bytes_lost} bytes from the tool controller made no message; check the cable and the line settings."
            )
            self._health(now_s, "tool.noise", detail)

    def _health(self, now_s: float, code: str, detail: str) -> None:
        self._events.append(DeviceHealth(device=self.device, t_mono_s=now_s, code=code, detail=detail))

    def _done(self, command_id: str, now_s: float) -> None:
        self._events.append(CommandDone(device=self.device, command_id=command_id, t_mono_s=now_s))

    def _fail(self, command_id: str, now_s: float, outcome: Outcome, code: str, detail: str) -> None:
        self._events.append(
            CommandFailed(
                device=self.device, command_id=command_id, t_mono_s=now_s, outcome=outcome, code=code, detail=detail
            )
        )
