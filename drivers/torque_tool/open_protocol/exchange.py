"""Line manners of an integrator: one outstanding request with its deadline, keep-alive, half messages. No I/O, no
clock.

Source: Open Protocol release 2.8.0, sections 3.2.1 and 5.28, and release 2.16.0, section 3.3.5: over TCP about 10 s
and no repeats; on a serial line, which repeats nothing by itself, a silent request is sent again three times. A
request that acts (`repeatable` False) is sent once on either: its answer may be lost and the act done.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.torque_tool.open_protocol.framing import Carriage, FrameParser, Side, frame
from drivers.torque_tool.open_protocol.protocol import HeaderStyle, Message

KEEP_ALIVE = 9999
SENDS = 4
"""A repeatable request goes out once and is sent again three times."""
HALF_MESSAGE_S = 1.0
"""The line is quiet for so long in the middle of a message: its rest is not coming."""
_ANSWER_S = {Carriage.SERIAL: 3.0, Carriage.TCP: 10.0}
_KEEP_ALIVE_S = {Carriage.SERIAL: 7.0, Carriage.TCP: 10.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked and is not answered yet."""

    message: Message
    repeatable: bool
    sent_s: float
    sends: int


class Exchange:
    """Bytes to messages and back for one connection."""

    def __init__(self, carriage: Carriage, style: HeaderStyle) -> None:
        self._carriage = carriage
        self._style = style
        self._parser = FrameParser(carriage, Side.CONTROLLER)
        self._output = bytearray()
        self._request: Request | None = None
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
        return self._parser.discarded

    def open(self, now_s: float) -> None:
        """A new connection: nothing is outstanding, nothing half received."""
        self.close()
        self._last_sent_s = self._last_received_s = now_s

    def close(self) -> None:
        """Forget everything that belongs to the old connection."""
        self._parser.clear()
        self._output.clear()
        self._request = None
        self._keep_alives.clear()

    def ask(self, message: Message, now_s: float, *, repeatable: bool = True) -> None:
        """Send a request and expect an answer. An older outstanding request is overtaken: nobody waits for it."""
        self._request = Request(message=message, repeatable=repeatable, sent_s=now_s, sends=1)
        self.tell(message, now_s)

    def tell(self, message: Message, now_s: float) -> None:
        """Send a message that has no answer of its own."""
        self._output += frame(message, self._carriage, Side.INTEGRATOR, self._style)
        self._last_sent_s = now_s

    def answered(self) -> None:
        """The outstanding request has its answer."""
        self._request = None

    def received(self, data: bytes, now_s: float) -> list[Message]:
        """Whole messages in these bytes; half ones are kept."""
        if not data:
            return []
        self._last_received_s = now_s
        messages = self._parser.feed(data)
        if messages:
            # Anything readable proves that the controller lives; noise does not.
            self._keep_alives.clear()
        return messages

    def advance(self, now_s: float) -> tuple[list[Message], Request | None]:
        """Let time pass: messages found behind a dead half message, and the request that stays unanswered, if any.

        A silent keep-alive is such a request too. After one the connection is to be given up.
        """
        found: list[Message] = []
        if self._parser.pending and now_s >= self._last_received_s + HALF_MESSAGE_S:
            found = self._parser.give_up()
        silent = self._request_overdue(now_s) or self._keep_alive_overdue(now_s)
        return found, silent

    def next_wake_s(self) -> float:
        """When `advance` has something to do."""
        times = [self._keep_alive_at_s()]
        if self._request is not None:
            times.append(self._request.sent_s + _ANSWER_S[self._carriage])
        if self._parser.pending:
            times.append(self._last_received_s + HALF_MESSAGE_S)
        return min(times)

    def take_output(self) -> bytes:
        """Bytes to write now."""
        data = bytes(self._output)
        self._output.clear()
        return data

    def _request_overdue(self, now_s: float) -> Request | None:
        request = self._request
        if request is None or now_s < request.sent_s + _ANSWER_S[self._carriage]:
            return None
        if self._carriage is Carriage.SERIAL and request.repeatable and request.sends < SENDS:
            self.tell(request.message, now_s)
            self._request = Request(message=request.message, repeatable=True, sent_s=now_s, sends=request.sends + 1)
            return None
        self._request = None
        return request

    def _keep_alive_at_s(self) -> float:
        if self._keep_alives:
            return self._keep_alives[-1] + _ANSWER_S[self._carriage]
        # Both directions count apart: the controller hangs up when it hears nothing, however much it says itself.
        return min(self._last_sent_s, self._last_received_s) + _KEEP_ALIVE_S[self._carriage]

    def _keep_alive_overdue(self, now_s: float) -> Request | None:
        if now_s < self._keep_alive_at_s():
            return None
        tries = SENDS if self._carriage is Carriage.SERIAL else 1
        message = Message(mid=KEEP_ALIVE)
        if len(self._keep_alives) >= tries:
            silent = Request(
                message=message, repeatable=True, sent_s=self._keep_alives[-1], sends=len(self._keep_alives)
            )
            self._keep_alives.clear()
            return silent
        self.tell(message, now_s)
        self._keep_alives.append(now_s)
        return None
