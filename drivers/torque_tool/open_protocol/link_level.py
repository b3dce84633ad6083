"""Link-level acknowledging: sequence numbers, 9997 and 9998. No I/O, no clock.

Source: Open Protocol release 2.8.0, section 3.2.2. It is active after a 0002 of revision 6 or more whose parameter 12
is 1. Each side numbers its own messages from 01 (99 is followed by 01). A numbered message is answered by 9997, whose
own sequence field is the number received plus one, or by 9998. One message is outstanding at a time; without its 9997
it goes out again, three times, and then the connection is to be given up.

Two things here are more than the text says:

- The 9997 of a result is held back until the result is safely on disk (`release`). With sequence numbers there is no
  0062, so this 9997 is all that tells the controller that it may forget the result; sent at once, it would say so of a
  result that a power cut can still take from us. The rules for a slow receiver make this possible: the controller
  sends the message again, and as long as it is held nothing answers it. When the station never gets it on disk, the
  controller drops the connection, and the result is asked back with MID 0064 on the next one.
- An urgent message (the disable) does not wait for the acknowledgement of the message before it: that one is given up
  and its number counts as used. Should the controller not have got it, its 9998 names the number that it expects, and
  the urgent message is sent again under that number.

A repeated copy of a request that acts is harmless here, unlike without numbers: a controller that has seen the number
answers and does nothing else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from drivers.torque_tool.open_protocol.messages import LAYOUTS, read, whole
from drivers.torque_tool.open_protocol.protocol import Message

ACKNOWLEDGED = 9997
REJECTED = 9998
INVALID_SEQUENCE = 3
ANSWER_S = 3.0
"""The specification gives no figure; this is what the serial line allows for any answer."""
SENDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outstanding:
    message: Message
    sent_s: float
    sends: int
    urgent: bool


class LinkLevel:
    """One connection's numbers, both ways. While it is not `active` everything passes as it is."""

    def __init__(self, put: Callable[[Message, float], None], holds: Callable[[Message], bool]) -> None:
        """`put` gets every message that goes out. `holds` says of a received one whether its 9997 is held back."""
        self._put = put
        self._holds = holds
        self._clear()

    def _clear(self) -> None:
        self.active = False
        """Whether messages are numbered."""
        self.broken: str | None = None
        """Why the connection must be given up, as a sentence."""
        self._number = 1
        self._expected = 1
        self._any_received = False
        self._held: Message | None = None
        self._queue: deque[Message] = deque()
        self._outstanding: _Outstanding | None = None

    def close(self) -> None:
        """A new connection begins without numbers."""
        self._clear()

    def activate(self) -> None:
        """0002 has demanded numbers: both sides begin at 01."""
        self._clear()
        self.active = True

    def send(self, message: Message, now_s: float, *, urgent: bool = False) -> None:
        """Send it when its turn comes; an urgent one now."""
        if not self.active:
            self._put(message, now_s)
        elif urgent:
            self._transmit(message, now_s, urgent=True)
        else:
            self._queue.append(message)
            self._send_next(now_s)

    def withdraw(self, message: Message) -> None:
        """Forget a message that is no longer wanted, if it was not sent yet, and never send it again."""
        self._queue = deque(waiting for waiting in self._queue if waiting is not message)
        outstanding = self._outstanding
        if outstanding is not None and outstanding.message == replace(message, sequence=outstanding.message.sequence):
            self._outstanding = None

    def received(self, message: Message, now_s: float) -> Message | None:
        """What the layers above are to see of a received message: itself, or None for a copy, a gap, or a link MID.

        Raises MessageError for a 9997 or 9998 that cannot be read.
        """
        if message.mid == ACKNOWLEDGED:
            self._acknowledged(message.sequence, now_s)
            return None
        if message.mid == REJECTED:
            self._rejected(message, now_s)
            return None
        if not self.active or message.sequence == 0:
            return message
        if message.sequence == self._expected:
            self._expected = following(self._expected)
            self._any_received = True
            if self._holds(message):
                self._held = message
            else:
                self._acknowledge(message, now_s)
            return message
        if self._any_received and following(message.sequence) == self._expected:
            if self._held is None:
                self._acknowledge(message, now_s)
            return None
        data = LAYOUTS[REJECTED, 1].encode({"mid": message.mid, "error": INVALID_SEQUENCE})
        self._put(Message(mid=REJECTED, sequence=self._expected, data=data), now_s)
        return None

    def release(self, now_s: float) -> None:
        """What was held back is safe: acknowledge it. Nothing when nothing is held."""
        if self._held is not None:
            self._acknowledge(self._held, now_s)
            self._held = None

    def advance(self, now_s: float) -> None:
        """Let time pass: repeats; `broken` after the last one."""
        outstanding = self._outstanding
        if outstanding is not None and now_s >= outstanding.sent_s + ANSWER_S:
            self._again(outstanding, now_s)

    def next_wake_s(self) -> float | None:
        """When the next repeat is due."""
        return None if self._outstanding is None else self._outstanding.sent_s + ANSWER_S

    def _send_next(self, now_s: float) -> None:
        if self._outstanding is None and self._queue:
            self._transmit(self._queue.popleft(), now_s, urgent=False)

    def _transmit(self, message: Message, now_s: float, *, urgent: bool) -> None:
        numbered = replace(message, sequence=self._number)
        self._number = following(self._number)
        self._outstanding = _Outstanding(message=numbered, sent_s=now_s, sends=1, urgent=urgent)
        self._put(numbered, now_s)

    def _again(self, outstanding: _Outstanding, now_s: float) -> None:
        if outstanding.sends >= SENDS:
            self.broken = (
                f"The tool controller did not acknowledge MID {outstanding.message.mid:04d} on the link level"
                f" ({outstanding.sends} sent); check its cable."
            )
            self._outstanding = None
            return
        self._outstanding = replace(outstanding, sent_s=now_s, sends=outstanding.sends + 1)
        self._put(outstanding.message, now_s)

    def _acknowledge(self, message: Message, now_s: float) -> None:
        data = LAYOUTS[ACKNOWLEDGED, 1].encode({"mid": message.mid})
        self._put(Message(mid=ACKNOWLEDGED, sequence=following(message.sequence), data=data), now_s)

    def _acknowledged(self, sequence: int, now_s: float) -> None:
        outstanding = self._outstanding
        if outstanding is not None and sequence == following(outstanding.message.sequence):
            self._outstanding = None
            self._send_next(now_s)

    def _rejected(self, message: Message, now_s: float) -> None:
        values = read(message)
        outstanding = self._outstanding
        if outstanding is None:
            return
        expected, number = message.sequence, outstanding.message.sequence
        if whole(values, "error") != INVALID_SEQUENCE or expected == number:
            self._again(outstanding, now_s)
        elif expected == following(number):
            self._acknowledged(expected, now_s)
        elif outstanding.urgent and outstanding.sends == 1:
            self._number = following(expected)
            self._again(replace(outstanding, message=replace(outstanding.message, sequence=expected)), now_s)
        else:
            self.broken = (
                f"The tool controller expects message {expected:02d} on the link level, but {number:02d} was sent;"
                " the connection is made anew."
            )


def following(sequence: int) -> int:
    """The number after this one: 99 is followed by 01."""
    return sequence % 99 + 1
