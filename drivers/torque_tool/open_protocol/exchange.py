"""Line manners of an integrator: one outstanding request with its deadline, keep-alive, link level. No I/O, no clock.

Source: Open Protocol release 2.8.0, sections 3.2.1 and 5.28, and release 2.16.0, section 3.3.5: over TCP about 10 s
and no repeats; on a serial line, which repeats nothing by itself, a silent request is sent again three times. A
request that acts (`repeatable` False) is sent once on either: its answer may be lost and the act done. Where messages
are numbered, or 3964R carries them, the layer below repeats, and nothing is repeated here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from drivers.torque_tool.open_protocol.asking import Ask, answers
from drivers.torque_tool.open_protocol.carrier import make_carrier
from drivers.torque_tool.open_protocol.framing import Carriage, Side
from drivers.torque_tool.open_protocol.link_level import LinkLevel
from drivers.torque_tool.open_protocol.linking import Linker
from drivers.torque_tool.open_protocol.protocol import HeaderStyle, Message, MessageError

KEEP_ALIVE = 9999
SENDS = 4
"""A repeatable request goes out once and is sent again three times."""
SERIAL_ANSWER_S = 3.0
ANSWER_S = 10.0
_KEEP_ALIVE_S = {Carriage.TCP: 10.0}
_SERIAL_KEEP_ALIVE_S = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked and is not answered yet."""

    message: Message
    repeatable: bool
    sent_s: float
    sends: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Echo:
    """An answer that may come again, because its request was sent more than once."""

    message: Message
    copies: int
    until_s: float


class Exchange:
    """Bytes to messages and back for one connection after the other."""

    def __init__(self, carriage: Carriage, style: HeaderStyle, *, holds: Callable[[Message], bool]) -> None:
        """`holds`: see `LinkLevel`."""
        self._serial = carriage is Carriage.SERIAL
        self._keep_alive_s = _KEEP_ALIVE_S.get(carriage, _SERIAL_KEEP_ALIVE_S)
        self._carrier = make_carrier(carriage, Side.INTEGRATOR, style)
        self._link = LinkLevel(self._put, holds)
        self._linker = Linker()
        self._request: Request | None = None
        self._echo: _Echo | None = None
        self._last_sent_s = 0.0
        self._last_received_s = 0.0
        self._keep_alives: list[float] = []

    @property
    def request(self) -> Request | None:
        """The outstanding request."""
        return self._request

    @property
    def discarded(self) -> int:
        """Bytes of noise since the exchange was made."""
        return self._carrier.discarded

    @property
    def numbered(self) -> bool:
        """Whether messages carry sequence numbers on this connection."""
        return self._link.active

    @property
    def broken(self) -> str | None:
        """Why the connection must be given up although the controller is not silent, as a sentence."""
        return self._link.broken or self._carrier.broken

    def open(self, now_s: float) -> None:
        """A new connection: nothing is outstanding, nothing half received, nothing numbered."""
        self.close()
        self._last_sent_s = self._last_received_s = now_s

    def close(self) -> None:
        """Forget everything that belongs to the old connection."""
        self._carrier.clear()
        self._link.close()
        self._linker.clear()
        self._request = self._echo = None
        self._keep_alives.clear()

    def number_messages(self, numbered: bool = True) -> None:
        """The controller has demanded sequence numbers: both sides begin at 01 now. False: the session has ended."""
        if numbered:
            self._link.activate()
        else:
            self._link.close()

    def ask(self, ask: Ask, now_s: float, *, urgent: bool = False) -> None:
        """Send a request and expect an answer. An older outstanding request is overtaken: nobody waits for it."""
        if self._request is not None:
            self._link.withdraw(self._request.message)
        self._request = Request(message=ask.message, repeatable=ask.repeatable, sent_s=now_s, sends=1)
        self._link.send(ask.message, now_s, urgent=urgent)

    def tell(self, message: Message, now_s: float, *, urgent: bool = False) -> None:
        """Send a message whose answer nobody waits for; an urgent one waits for no acknowledgement before it."""
        self._link.send(message, now_s, urgent=urgent)

    def acknowledge(self, acknowledgement: Message, now_s: float) -> None:
        """Acknowledge subscription data by this message; on the link level that has been done already."""
        if not self._link.active:
            self.tell(acknowledgement, now_s)

    def acknowledge_held(self, acknowledgement: Message, now_s: float) -> None:
        """Acknowledge a result, whose acknowledgement the link level may have held back."""
        if self._link.active:
            self._link.release(now_s)
        else:
            self.tell(acknowledgement, now_s)

    def release_held(self, now_s: float) -> None:
        """Let the link level go on although a result is not on disk yet."""
        self._link.release(now_s)

    def answers(self, message: Message, now_s: float) -> bool:
        """Whether this message answers the outstanding request. Raises MessageError.

        A request that was sent twice may be answered twice: the second answer is not one to the next request.
        """
        echo = self._echo
        if echo is not None and now_s <= echo.until_s and echo.copies > 0 and message.same_content(echo.message):
            self._echo = replace(echo, copies=echo.copies - 1)
            return False
        return self._request is not None and answers(self._request.message, message)

    def answered(self, message: Message, now_s: float) -> None:
        """The outstanding request has its answer, which is this message."""
        request, self._request = self._request, None
        if request is not None and request.sends > 1:
            self._echo = _Echo(message=message, copies=request.sends - 1, until_s=now_s + SERIAL_ANSWER_S)

    def received(self, data: bytes, now_s: float) -> tuple[list[Message], list[MessageError]]:
        """Whole messages in these bytes, and what could not be read of the link level; half ones are kept."""
        if not data:
            return [], []
        self._last_received_s = now_s
        return self._passed(self._carrier.received(data, now_s), now_s)

    def advance(self, now_s: float) -> tuple[list[Message], Request | None]:
        """Let time pass: messages found behind a dead half message, and the request that stays unanswered, if any.

        A silent keep-alive is such a request too. After one the connection is to be given up.
        """
        found, _ = self._passed(self._carrier.advance(now_s), now_s)
        self._link.advance(now_s)
        return found, self._request_overdue(now_s) or self._keep_alive_overdue(now_s)

    def next_wake_s(self) -> float:
        """When `advance` has something to do."""
        times = [self._keep_alive_at_s(), self._carrier.next_wake_s(), self._link.next_wake_s()]
        if self._request is not None:
            times.append(self._request.sent_s + self._answer_s())
        return min(time for time in times if time is not None)

    def take_output(self) -> bytes:
        """Bytes to write now."""
        return self._carrier.take_output()

    def _passed(self, messages: list[Message], now_s: float) -> tuple[list[Message], list[MessageError]]:
        if messages:
            # Anything readable proves that the controller lives; noise does not.
            self._keep_alives.clear()
        passed: list[Message] = []
        errors: list[MessageError] = []
        for message in messages:
            try:
                seen = self._link.received(message, now_s)
            except MessageError as error:
                errors.append(error)
                continue
            joined = self._linker.take(seen) if seen is not None else None
            if joined is not None:
                passed.append(joined)
        return passed, errors

    def _put(self, message: Message, now_s: float) -> None:
        self._carrier.send(message, now_s)
        self._last_sent_s = now_s

    def _repeats(self) -> bool:
        return self._serial and not self._link.active

    def _answer_s(self) -> float:
        return SERIAL_ANSWER_S if self._repeats() else ANSWER_S

    def _request_overdue(self, now_s: float) -> Request | None:
        request = self._request
        if request is None or now_s < request.sent_s + self._answer_s():
            return None
        if self._repeats() and request.repeatable and request.sends < SENDS:
            self.tell(request.message, now_s)
            self._request = Request(message=request.message, repeatable=True, sent_s=now_s, sends=request.sends + 1)
            return None
        self._request = None
        return request

    def _keep_alive_at_s(self) -> float:
        if self._keep_alives:
            return self._keep_alives[-1] + self._answer_s()
        # Both directions count apart: the controller hangs up when it hears nothing, however much it says itself.
        return min(self._last_sent_s, self._last_received_s) + self._keep_alive_s

    def _keep_alive_overdue(self, now_s: float) -> Request | None:
        if now_s < self._keep_alive_at_s():
            return None
        message = Message(mid=KEEP_ALIVE)
        if len(self._keep_alives) >= (SENDS if self._repeats() else 1):
            silent = Request(
                message=message, repeatable=True, sent_s=self._keep_alives[-1], sends=len(self._keep_alives)
            )
            self._keep_alives.clear()
            return silent
        self.tell(message, now_s)
        self._keep_alives.append(now_s)
        return None
