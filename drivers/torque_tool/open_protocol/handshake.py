"""From an open line to a controller that is identified, whose tool is off, and that reports its results.

The order is 0001, 0042, 0040, 0060 (Open Protocol release 2.8.0, chapter 5). The tool is
disabled before anything else is asked: whatever enabled it before the line was lost, nobody vouches for it now.
"""

from __future__ import annotations

from enum import StrEnum

from drivers.torque_tool.open_protocol.codes import (
    ALREADY_SUBSCRIBED,
    CLIENT_ALREADY_CONNECTED,
    REVISION_UNSUPPORTED,
    refusal_text,
)
from drivers.torque_tool.open_protocol.exchange import Exchange
from drivers.torque_tool.open_protocol.messages import ACCEPTED, REFUSED, answered_mid, read, whole
from drivers.torque_tool.open_protocol.protocol import Message, MessageError

LINK_ACKS_REVISION = 6
"""From this revision of 0001 on a controller may demand sequence numbers (section 3.2.2), which are not spoken here."""


class Step(StrEnum):
    """What the handshake waits for."""

    LEAVE = "leave"
    START = "start"
    DISABLE = "disable"
    IDENTIFY = "identify"
    SUBSCRIBE = "subscribe"
    DONE = "done"
    FAILED = "failed"


_MIDS = {Step.LEAVE: 3, Step.START: 1, Step.DISABLE: 42, Step.IDENTIFY: 40, Step.SUBSCRIBE: 60}


class Handshake:
    """One handshake after the other on the same exchange; remembers the start revision that the controller took."""

    def __init__(self, exchange: Exchange, *, start_revision: int, result_revision: int) -> None:
        self._exchange = exchange
        self._first_revision = start_revision
        self._revision = start_revision
        self._first_result_revision = result_revision
        self._result_revision = result_revision
        self._may_leave = True
        self.step = Step.FAILED
        self.failure = ""
        """Why it failed: one sentence, when `step` is FAILED."""
        self.identity: dict[str, str] = {}

    def begin(self, now_s: float) -> None:
        """Start on a fresh connection."""
        self.identity = {}
        self.failure = ""
        self._may_leave = True
        self._result_revision = self._first_result_revision
        self._go(Step.START, now_s)

    def answer(self, message: Message, now_s: float) -> None:
        """Take a message that arrived during the handshake; one that answers nothing is left alone."""
        mid = _MIDS.get(self.step)
        if mid is None:
            return
        try:
            if message.mid == REFUSED and answered_mid(message) == mid:
                self._refused(whole(read(message), "error"), now_s)
            elif message.mid == ACCEPTED and answered_mid(message) == mid:
                self._accepted(now_s)
            elif (message.mid, self.step) in ((2, Step.START), (41, Step.IDENTIFY)):
                self._identified(message, now_s)
        except MessageError as error:
            self._fail(f"The tool controller's answer to MID {mid:04d} cannot be read: {error}")

    def _go(self, step: Step, now_s: float) -> None:
        self.step = step
        mid = _MIDS.get(step)
        if mid is None:
            self._exchange.answered()
            return
        revision = {Step.START: self._revision, Step.SUBSCRIBE: self._result_revision}.get(step, 1)
        self._exchange.ask(Message(mid=mid, revision=revision), now_s)

    def _accepted(self, now_s: float) -> None:
        following = {Step.LEAVE: Step.START, Step.DISABLE: Step.IDENTIFY, Step.SUBSCRIBE: Step.DONE}
        if self.step in following:
            self._go(following[self.step], now_s)

    def _identified(self, message: Message, now_s: float) -> None:
        values = read(message)
        for name, value in values.items():
            if value is not None:
                self.identity.setdefault(name, str(value))
        if self.step is Step.IDENTIFY:
            self._go(Step.SUBSCRIBE, now_s)
            return
        self.identity["start_revision"] = str(message.revision)
        if values.get("sequence_numbers") == 1:
            self._revision = min(self._revision, LINK_ACKS_REVISION) - 1
            self._leave(now_s, "demands sequence numbers in a revision that has none")
            return
        self._go(Step.DISABLE, now_s)

    def _refused(self, error: int, now_s: float) -> None:
        if self.step is Step.LEAVE:
            self._go(Step.START, now_s)
        elif self.step is Step.IDENTIFY:
            self._go(Step.SUBSCRIBE, now_s)
        elif self.step is Step.START and error == REVISION_UNSUPPORTED and self._revision > 1:
            # Remembered beyond this connection: some controllers hang up after this answer.
            self._revision -= 1
            self._go(Step.START, now_s)
        elif self.step is Step.START and error == CLIENT_ALREADY_CONNECTED:
            self._leave(now_s, "says that another client is connected; disconnect that one")
        elif self.step is Step.SUBSCRIBE and error == ALREADY_SUBSCRIBED:
            self._go(Step.DONE, now_s)
        elif self.step is Step.SUBSCRIBE and error == REVISION_UNSUPPORTED and self._result_revision > 1:
            self._result_revision -= 1
            self._go(Step.SUBSCRIBE, now_s)
        else:
            self._revision = self._first_revision
            mid = _MIDS[self.step]
            self._fail(
                f"The tool controller refused MID {mid:04d} with code {error:02d} ({refusal_text(error)});"
                " check its Open Protocol settings."
            )

    def _leave(self, now_s: float, why: str) -> None:
        """End a session that the controller believes in, once: it may be our own from before a restart."""
        if not self._may_leave:
            self._fail(f"The tool controller {why}.")
            return
        self._may_leave = False
        self._go(Step.LEAVE, now_s)

    def _fail(self, why: str) -> None:
        self.step = Step.FAILED
        self.failure = why
        self._exchange.answered()
