"""A controller's side of one session: who subscribed to what, and the push that waits for its acknowledgement.

Source: Open Protocol release 2.8.0, sections 4.3.3, 5.2.4 and 5.2.5: one push at a time; without its own
acknowledgement, or 0005 or 0004 in its place, it goes out again three times, and then the connection is taken for
lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drivers.torque_tool.open_protocol.codes import REVISION_UNSUPPORTED
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.messages import (
    ACCEPTED,
    LAYOUTS,
    LIGHT_RESULT_REVISION,
    REFUSED,
    answered_mid,
)
from drivers.torque_tool.open_protocol.protocol import Message

ACKNOWLEDGE_S = 5.0
PUSHES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """The MIDs that belong together, and the 0004 codes when it exists already or does not exist."""

    begun_by: int
    pushed: int
    acknowledged_by: int
    ended_by: int
    exists: int
    missing: int
    revisions: tuple[int, ...]


_ALL = tuple(
    Subscription(
        begun_by=first, pushed=first + 1, acknowledged_by=first + 2, ended_by=first + 3,
        exists=exists, missing=exists + 1, revisions=revisions,
    )
    for first, exists, revisions in (
        (14, 13, (1, 2)),
        (34, 18, (1, 2, 3, 4)),
        (51, 6, (1, 2)),
        (60, 9, (1, 2, LIGHT_RESULT_REVISION)),
        (70, 11, (1, 2)),
    )
)  # fmt: skip
SUBSCRIBES = {subscription.begun_by: subscription for subscription in _ALL}
UNSUBSCRIBES = {subscription.ended_by: subscription for subscription in _ALL}
_PUSHES = {subscription.pushed: subscription for subscription in _ALL}
_ACKNOWLEDGES = {subscription.acknowledged_by: subscription for subscription in _ALL}


class ControllerSession:
    """Not thread-safe; `send` gets every message that goes out, with the time."""

    def __init__(self, send: Callable[[Message, float], None]) -> None:
        self._send = send
        self._subscribed: dict[int, Message] = {}
        self._pushes: deque[Message] = deque()
        self._sent_s = 0.0
        self._sends = 0
        self.open = False
        """Whether 0001 was answered and nothing ended the session since."""

    def begin(self) -> None:
        """0001: nothing of an earlier session is left."""
        self.end()
        self.open = True

    def end(self) -> None:
        """0003, silence or a lost line: what was to be pushed is not pushed any more; results can be asked back."""
        self.open = False
        self._subscribed.clear()
        self._pushes.clear()
        self._sends = 0

    def takes(self, mid: int) -> bool:
        """Whether this MID is about subscriptions and pushes."""
        return mid in (ACCEPTED, REFUSED) or any(mid in table for table in (SUBSCRIBES, UNSUBSCRIBES, _ACKNOWLEDGES))

    def answer(self, message: Message, now_s: float) -> int | None:
        """Take such a message: the 0004 code to answer it with, or None. Raises MessageError."""
        mid = message.mid
        if mid in SUBSCRIBES:
            return self._subscribe(message, SUBSCRIBES[mid])
        if mid in UNSUBSCRIBES:
            ended = UNSUBSCRIBES[mid]
            return None if self._subscribed.pop(ended.begun_by, None) else ended.missing
        self._acknowledged(_ACKNOWLEDGES[mid].pushed if mid in _ACKNOWLEDGES else answered_mid(message), now_s)
        return None

    def push(self, mid: int, values: Mapping[str, Value], now_s: float) -> None:
        """Send subscription data when its turn comes; nothing when nobody subscribed to it."""
        request = self._subscribed.get(_PUSHES[mid].begun_by)
        if request is None:
            return
        message = Message(mid=mid, revision=request.revision, data=LAYOUTS[mid, request.revision].encode(values))
        if request.no_ack:
            self._send(message, now_s)
            return
        self._pushes.append(message)
        if len(self._pushes) == 1:
            self._send_first(now_s)

    def advance(self, now_s: float) -> int | None:
        """Repeat what is not acknowledged; the MID of a push that was repeated often enough."""
        if not self._pushes or now_s < self._sent_s + ACKNOWLEDGE_S:
            return None
        if self._sends >= PUSHES:
            return self._pushes[0].mid
        self._send_first(now_s)
        return None

    def next_wake_s(self) -> float | None:
        """When the next repeat is due."""
        return self._sent_s + ACKNOWLEDGE_S if self._pushes else None

    def _subscribe(self, message: Message, subscription: Subscription) -> int | None:
        if message.revision not in subscription.revisions:
            return REVISION_UNSUPPORTED
        if message.mid in self._subscribed:
            return subscription.exists
        self._subscribed[message.mid] = message
        return None

    def _acknowledged(self, mid: int, now_s: float) -> None:
        if self._pushes and self._pushes[0].mid == mid:
            self._pushes.popleft()
            self._sends = 0
            if self._pushes:
                self._send_first(now_s)

    def _send_first(self, now_s: float) -> None:
        self._sends += 1
        self._sent_s = now_s
        self._send(self._pushes[0], now_s)
