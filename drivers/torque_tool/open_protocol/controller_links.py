"""The controller's side of the link level: sequence numbers, 9997 and 9998, retransmissions.

Source: Open Protocol release 2.8.0, section 3.2.2. Both sides number their messages from 01 after 0001 and 0002; 99 is
followed by 01. A numbered message is answered at once by 9997, whose sequence field is the number expected next; the
same number again gets the same answer and nothing else; any other number gets 9998 with code 3 and the expected number.
One message at a time waits for its 9997; it goes out again three times, and then the connection is taken for lost.
Sequence 00 opts out for one message. Without link level all this passes messages on as they are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from drivers.torque_tool.open_protocol.messages import LAYOUTS
from drivers.torque_tool.open_protocol.protocol import Message

LINK_ACCEPTED, LINK_REFUSED = 9997, 9998
LINK_ACKNOWLEDGE_S = 3.0
SENDS = 4
_INVALID_SEQUENCE = 3
_LAST_NUMBER = 99


class ControllerLink:
    """Not thread-safe; `send` gets every message that goes to the line, with the time.

    `note` gets a sentence for whatever the client does that the specification does not foresee.
    """

    def __init__(self, send: Callable[[Message, float], None], note: Callable[[str], None]) -> None:
        self._send = send
        self._note = note
        self._expected = 1
        self._own = 1
        self._waiting: deque[Message] = deque()
        self._sends = 0
        self._sent_s = 0.0
        self.numbered = False
        """Whether messages carry sequence numbers in this session."""
        self.broken: str | None = None
        """Why the connection must be given up, None while it need not."""

    def begin(self, *, numbered: bool) -> None:
        """After 0002: both sides begin with 01."""
        self.end()
        self.numbered = numbered

    def end(self) -> None:
        """Nothing waits any more, nothing is numbered any more."""
        self.numbered = False
        self.broken = None
        self._expected = self._own = 1
        self._waiting.clear()
        self._sends = 0

    def say(self, message: Message, now_s: float) -> None:
        """Send it, when its turn comes."""
        if not self.numbered:
            self._send(message, now_s)
            return
        self._waiting.append(message)
        if len(self._waiting) == 1:
            self._send_first(now_s)

    def say_last(self, message: Message, now_s: float) -> None:
        """Send the last message of a session: nobody waits for its acknowledgement."""
        if self.numbered:
            own = self._own if not self._waiting else _after(self._own)
            message = replace(message, sequence=own)
        self.end()
        self._send(message, now_s)

    def take(self, message: Message, now_s: float) -> bool:
        """Acknowledge what came; False when it goes no further: a link message, a repeated or an unexpected one.

        Raises MessageError for a link message that cannot be read.
        """
        if message.mid in (LINK_ACCEPTED, LINK_REFUSED):
            if self.numbered:
                self._answered(message, now_s)
            return False
        if not self.numbered or message.mid == 1 or message.sequence == 0:
            return True
        if message.sequence == self._expected:
            self._expected = _after(self._expected)
            self._acknowledge(message.mid, now_s)
            return True
        if _after(message.sequence) == self._expected:
            self._acknowledge(message.mid, now_s)
        else:
            self._note(
                f"MID {message.mid:04d} has sequence number {message.sequence:02d} where {self._expected:02d} is next."
            )
            data = LAYOUTS[LINK_REFUSED, 1].encode({"mid": message.mid, "error": _INVALID_SEQUENCE})
            self._send(Message(mid=LINK_REFUSED, sequence=self._expected, data=data), now_s)
        return False

    def advance(self, now_s: float) -> None:
        """Send again what was not acknowledged in time."""
        if self._waiting and now_s >= self._sent_s + LINK_ACKNOWLEDGE_S:
            self._again(now_s)

    def next_wake_s(self) -> float | None:
        """When the next repeat is due."""
        return self._sent_s + LINK_ACKNOWLEDGE_S if self._waiting else None

    def _acknowledge(self, mid: int, now_s: float) -> None:
        data = LAYOUTS[LINK_ACCEPTED, 1].encode({"mid": mid})
        self._send(Message(mid=LINK_ACCEPTED, sequence=self._expected, data=data), now_s)

    def _answered(self, message: Message, now_s: float) -> None:
        if not self._waiting:
            return
        if message.mid == LINK_ACCEPTED and message.sequence == _after(self._own):
            self._waiting.popleft()
            self._own = _after(self._own)
            self._sends = 0
            if self._waiting:
                self._send_first(now_s)
        elif message.mid == LINK_REFUSED:
            values = LAYOUTS[LINK_REFUSED, 1].decode(message.data)
            if values["error"] == _INVALID_SEQUENCE:
                self.broken = f"the client expects sequence {message.sequence:02d} and got {self._own:02d}"
            else:
                self._again(now_s)

    def _again(self, now_s: float) -> None:
        if self._sends >= SENDS:
            self.broken = f"MID {self._waiting[0].mid:04d} was not acknowledged on the link level"
        else:
            self._note(f"MID {self._waiting[0].mid:04d} number {self._own:02d} got no 9997 and goes out again.")
            self._send_first(now_s)

    def _send_first(self, now_s: float) -> None:
        self._sends += 1
        self._sent_s = now_s
        self._send(replace(self._waiting[0], sequence=self._own), now_s)


def _after(sequence: int) -> int:
    return sequence % _LAST_NUMBER + 1
