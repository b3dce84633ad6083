"""What the simulated controller tells of its client: every message both ways, and every mistake as a sentence."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

from drivers.torque_tool.open_protocol.framing import Carriage
from drivers.torque_tool.open_protocol.profiles import ControllerProfile
from drivers.torque_tool.open_protocol.protocol import HEADER_LENGTH, Message

_KEPT = 200
_HEAD = re.compile(rb"([0-9 ]{4})([0-9 ]{4})")
_INTEGRATOR_MARK = b"\x07\x09\x07\x09\x02"
_WITHOUT_ANSWER = frozenset({4, 5, 9997, 9998})


class Watcher(Protocol):
    """Somebody who looks on. All three are called inside `received` and `advance` of the simulator."""

    def heard(self, message: Message) -> None:
        """The client has sent this, whole."""

    def said(self, message: Message) -> None:
        """The controller sends this; what a fault word makes of its bytes afterwards is not told."""

    def breach(self, sentence: str) -> None:
        """The client did what the specification does not foresee."""


class Notes:
    """Keeps the last sentences, and hands each to the watcher at once. Not thread-safe."""

    def __init__(self, watcher: Watcher | None) -> None:
        self._watcher = watcher
        self._kept: deque[str] = deque(maxlen=_KEPT)

    def append(self, sentence: str) -> None:
        """One more."""
        self._kept.append(sentence)
        if self._watcher is not None:
            self._watcher.breach(sentence)

    def take(self) -> tuple[str, ...]:
        """All since the last call."""
        notes = tuple(self._kept)
        self._kept.clear()
        return notes


def sent_too_early(messages: Sequence[Message], profile: ControllerProfile, acknowledges: frozenset[int]) -> list[str]:
    """Sentences about requests that came together with one that was not answered yet (section 3.2.1: one at a time).

    What comes in one piece was sent before any answer could be read. `acknowledges` are the MIDs that ask for nothing.
    """
    asking = [m for m in messages if m.mid not in acknowledges and m.mid not in _WITHOUT_ANSWER]
    if not profile.wants_acknowledgement:
        asking = [message for message in asking if message.mid in profile.revisions]
    return [
        f"MID {later.mid:04d} was sent before MID {earlier.mid:04d} was answered: one request at a time."
        for earlier, later in pairwise(asking)
    ]


def why_dropped(data: bytes, count: int, carriage: Carriage) -> str:
    """A sentence about `count` bytes that made no message; `data` is what came since the last whole one."""
    return f"{count} bytes make no message and are dropped{_reason(data, carriage)}."


def _reason(data: bytes, carriage: Carriage) -> str:
    at = 0
    while carriage is not Carriage.SERIAL_3964R and (head := _HEAD.search(data, at)) is not None:
        reason = _wrong_with(data, head.start(), carriage)
        if reason is not None:
            return f": MID {head[2].decode('ascii')} {reason}"
        at = head.start() + int(head[1])
    return ""


def _wrong_with(data: bytes, at: int, carriage: Carriage) -> str | None:
    """What keeps the bytes from this place on from being a message; None when nothing does."""
    body, nul = data[at:], data.find(b"\x00", at) - at
    if not body[:8].isdigit():
        return f"after Length {body[:4].decode('ascii')!r}: both must be four digits"
    length = int(body[:4])
    if carriage is Carriage.SERIAL and not data[:at].endswith(_INTEGRATOR_MARK):
        return "does not begin with BEL HT BEL HT STX"
    if length < HEADER_LENGTH:
        return f"says Length {length}, and the header alone has {HEADER_LENGTH} bytes"
    if not set(body[8 : min(HEADER_LENGTH, nul if nul >= 0 else len(body))]) <= set(b"0123456789 "):
        return "has something else than digits and spaces in its header"
    if nul < 0 and len(body) < length:
        return f"says Length {length}, but only {len(body)} bytes came"
    if nul < 0 or (nul > length and body[length : length + 1] != b"\x00" and _HEAD.match(body, length)):
        return f"has no NUL after its {length} bytes"
    if nul != length and body[length : length + 1] != b"\x00":
        return f"says Length {length}, but its NUL comes after {nul} bytes"
    if carriage is Carriage.SERIAL and body[length + 1 : length + 2] != b"\x03":
        return "has no ETX after its NUL"
    return None
