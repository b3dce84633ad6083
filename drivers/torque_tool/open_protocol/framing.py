"""Where a message begins and ends on the line: TCP and serial ASCII carriage, both directions.

Sources: Open Protocol release 2.8.0, sections 2.1.1 and 2.1.2.1; for the serial marks and the line settings the MT
Focus 6000 document 9839 0732 01, page 4::

    TCP, both directions            message NUL
    serial, integrator to controller  BEL HT BEL HT STX message NUL ETX
    serial, controller to integrator  STX message NUL ETX

The end is found by the Length field, never by looking for NUL or ETX, which binary data may contain; both are then
checked at their places, and in a trace, which has no NUL, its number of samples. There is no checksum: these checks are
all that the protocol has.
"""

from __future__ import annotations

import re
from enum import StrEnum

from drivers.torque_tool.open_protocol.protocol import (
    HEADER_LENGTH,
    HeaderStyle,
    Message,
    declared_length,
    decode,
    encode,
)

_NUL = b"\x00"
_ETX = b"\x03"
_STX = b"\x02"
_BEHIND_CONTROL = re.compile(rb"[\x00-\x1f\x7f-\xff](?=[0-9]{8})")
"""A byte that no text holds, and what may be the beginning of a message behind it."""
_LINKED = (b"2", b"3", b"4", b"5", b"6", b"7", b"8", b"9")
"""Number of parts in the header, when there are several."""
_DIGIT = re.compile(rb"[0-9]")
_INTEGRATOR_MARK = b"\x07\x09\x07\x09\x02"
_MID_WITHOUT_NUL = b"0900"
"""A trace ends with its binary samples: no NUL follows (release 2.8.0, section 3.8)."""


class Carriage(StrEnum):
    """What carries the messages."""

    SERIAL = "serial"
    TCP = "tcp"
    SERIAL_3964R = "3964r"
    """Serial ASCII frames inside the 3964R procedure (`carrier_3964r.py`); not for `frame` and `FrameParser`."""


class Side(StrEnum):
    """Who sends."""

    INTEGRATOR = "integrator"
    """The station."""
    CONTROLLER = "controller"


def frame(message: Message, carriage: Carriage, sender: Side, style: HeaderStyle = HeaderStyle.SPACES) -> bytes:
    """The bytes that `sender` puts on the line for this message."""
    body = encode(message, style)
    return _begin_mark(carriage, sender) + body + _end_mark(carriage, body[4:8])


class FrameParser:
    """Takes bytes in any split and gives back whole messages; finds the next message after garbage.

    Holds at most one frame (about 10 kB). It has no clock: a caller that sees `pending` for too long calls `give_up`,
    so that a Length larger than its message never blocks the line.
    """

    def __init__(self, carriage: Carriage, sender: Side) -> None:
        self._carriage = carriage
        self._begin = _begin_mark(carriage, sender)
        self._joint = _end_mark(carriage, b"") + self._begin
        """What stands between two messages, traces aside."""
        self._buffer = bytearray()
        self.discarded = 0
        """Bytes thrown away since the parser was made: noise, broken frames, unreadable headers."""

    @property
    def pending(self) -> bool:
        """Whether part of a message waits for its rest."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Message]:
        """Add bytes and take every message that is now whole, oldest first."""
        self._buffer += data
        return self._take_all()

    def give_up(self) -> list[Message]:
        """The line has been quiet: no half message gets its rest. Take the whole ones behind it, drop all else."""
        found: list[Message] = []
        while self._buffer:
            self._drop(1)
            found += self._take_all()
        return found

    def clear(self) -> None:
        """Forget what waits, for a new line."""
        self._buffer.clear()

    def _take_all(self) -> list[Message]:
        found: list[Message] = []
        while self._buffer:
            self._hunt()
            body_at = len(self._begin)
            head = bytes(self._buffer[body_at : body_at + HEADER_LENGTH])
            if len(head) < 4:
                if head and not head.isdigit():
                    self._drop(1)
                    continue
                break
            length = declared_length(head)
            if length is None:
                self._drop(1)
                continue
            end = _end_mark(self._carriage, head[4:8]) if len(head) >= 8 else _NUL
            total = body_at + length + len(end)
            if len(self._buffer) < total:
                break
            body = bytes(self._buffer[body_at : body_at + length])
            good_end = self._buffer[body_at + length : total] == end
            if not good_end or not _adds_up(body) or _swallows(body, self._joint):
                self._drop(1)
                continue
            found.append(decode(body))
            del self._buffer[:total]
        return found

    def _hunt(self) -> None:
        """Drop everything before the next place where a frame can begin."""
        if not self._begin:
            digit = _DIGIT.search(self._buffer)
            self._drop(digit.start() if digit else len(self._buffer))
            return
        at = self._buffer.find(self._begin)
        if at < 0:
            keep = next(n for n in range(len(self._begin) - 1, -1, -1) if self._buffer.endswith(self._begin[:n]))
            at = len(self._buffer) - keep
        self._drop(at)

    def _drop(self, count: int) -> None:
        count = min(count, len(self._buffer))
        self.discarded += count
        del self._buffer[:count]


def _adds_up(body: bytes) -> bool:
    """Whether a trace is as long as its number of samples says; for any other message the end mark is enough.

    Without an end mark any digits inside a damaged message could pass for a trace and swallow what follows it. Parts of
    a linked trace cannot be checked, and one without data is nobody's trace.
    """
    if body[4:8] != _MID_WITHOUT_NUL or body[18:19] in _LINKED or len(body) == HEADER_LENGTH:
        return True
    at = body.find(_NUL, HEADER_LENGTH)
    while at >= 0:
        count = body[at - 5 : at]
        if count.isdigit() and at + 1 + 2 * int(count) == len(body):
            return True
        at = body.find(_NUL, at + 1)
    return False


def _swallows(body: bytes, joint: bytes) -> bool:
    """Whether whole messages fill the end of this one: then its Length is damaged, or it began inside another.

    `joint` is what stands between two messages. Before the first of them stands its last byte, damaged or not.
    """
    for found in _BEHIND_CONTROL.finditer(body, HEADER_LENGTH):
        begin = found.end()
        while length := declared_length(body[begin : begin + HEADER_LENGTH]):
            begin += length
            if begin == len(body):
                return True
            if not body.startswith(joint, begin):
                break
            begin += len(joint)
    return False


def _begin_mark(carriage: Carriage, sender: Side) -> bytes:
    if carriage is Carriage.TCP:
        return b""
    return _INTEGRATOR_MARK if sender is Side.INTEGRATOR else _STX


def _end_mark(carriage: Carriage, mid: bytes) -> bytes:
    nul = b"" if mid == _MID_WITHOUT_NUL else _NUL
    return nul + (_ETX if carriage is Carriage.SERIAL else b"")
