"""A controller's side of one session: who subscribed to what, and the push that waits for its acknowledgement.

Source: Open Protocol release 2.8.0, sections 4.3.3, 5.2.4 and 5.2.5: one push at a time; without its own
acknowledgement, or 0005 or 0004 in its place, it goes out again three times, and then the connection is taken for
lost. With sequence numbers (section 3.2.2) the link acknowledges, and no push waits here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from drivers.torque_tool.open_protocol.messages import answered_mid
from drivers.torque_tool.open_protocol.protocol import Message

ACKNOWLEDGE_S = 5.0
PUSHES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """The MIDs that belong together, and the 0004 codes when it exists already or does not exist."""

    begun_by: int
    pushed: int
    ended_by: int
    exists: int
    missing: int


_ALL = tuple(
    Subscription(begun_by=first, pushed=first + 1, ended_by=first + 3, exists=exists, missing=exists + 1)
    for first, exists in (
        (14, 13), (21, 90), (34, 18), (51, 6), (60, 9), (70, 11), (90, 31), (100, 33), (151, 43), (210, 50),
    )
)  # fmt: skip
SUBSCRIBES = {subscription.begun_by: subscription for subscription in _ALL}
UNSUBSCRIBES = {subscription.ended_by: subscription for subscription in _ALL}
_ACKNOWLEDGES: dict[int, tuple[int, ...]] = {
    **{subscription.pushed + 1: (subscription.pushed,) for subscription in _ALL},
    75: (74,),
    77: (76,),
    1203: (1201, 1202),
}
_ANSWERS = (4, 5)
ACKNOWLEDGEMENTS = frozenset(_ACKNOWLEDGES)
"""MIDs that only say that a push has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a client asked for when it subscribed."""

    revision: int = 1
    no_ack: bool = False
    details: tuple[int, ...] = ()
    """Trace types of 0900; empty elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Push:
    message: Message
    acknowledged: bool
    subscription: int


class ControllerSession:
    """Not thread-safe; `send` gets every push that goes out, with the time, when `flush` is called.

    `note` gets a sentence for whatever the client does that the specification does not foresee.
    """

    def __init__(self, send: Callable[[Message, float], None], note: Callable[[str], None]) -> None:
        self._send = send
        self._note = note
        self._wishes: dict[int, Wish] = {}
        self._pushes: deque[_Push] = deque()
        self._sent_s = 0.0
        self._sends = 0
        self._acknowledges = True
        self.open = False
        """Whether 0001 was answered and nothing ended the session since."""

    def begin(self, *, acknowledges: bool) -> None:
        """0001: nothing of an earlier session is left. `acknowledges`: whether pushes wait for an acknowledgement."""
        self.end()
        self._acknowledges = acknowledges
        self.open = True

    def end(self) -> None:
        """0003, silence or a lost line: what was to be pushed is not pushed any more; results can be asked back."""
        self.open = False
        self._wishes.clear()
        self._pushes.clear()
        self._sends = 0

    def wish(self, pushed: int) -> Wish | None:
        """How this MID is to be pushed; None when nobody subscribed to it."""
        return self._wishes.get(pushed)

    @property
    def subscribed(self) -> tuple[int, ...]:
        """What is pushed, ascending."""
        return tuple(sorted(self._wishes))

    def subscribe(self, pushed: int, wish: Wish) -> bool:
        """False when that subscription exists."""
        if pushed in self._wishes:
            return False
        self._wishes[pushed] = wish
        return True

    def change(self, pushed: int, wish: Wish) -> None:
        """Put another wish in the place of the one that exists."""
        self._wishes[pushed] = wish

    def unsubscribe(self, pushed: int) -> bool:
        """False when there is no such subscription. What of it was not sent or acknowledged yet is forgotten."""
        if self._wishes.pop(pushed, None) is None:
            return False
        if self._pushes and self._pushes[0].subscription == pushed:
            self._sends = 0
        self._pushes = deque(push for push in self._pushes if push.subscription != pushed)
        return True

    def push(self, message: Message, *, subscription: int | None = None, acknowledged: bool = True) -> None:
        """Send this when its turn comes: after the answer that is being made, and after earlier pushes.

        `subscription` is the MID whose subscription it belongs to, where that is not its own.
        """
        pushed = message.mid if subscription is None else subscription
        wish = self._wishes.get(pushed, Wish())
        acknowledged = acknowledged and self._acknowledges and not wish.no_ack
        self._pushes.append(_Push(message=message, acknowledged=acknowledged, subscription=pushed))

    def flush(self, now_s: float) -> None:
        """Send what may go out now."""
        while self._pushes and self._sends == 0:
            first = self._pushes[0]
            self._send_first(now_s)
            if not first.acknowledged:
                self._pushes.popleft()
                self._sends = 0

    def acknowledges(self, mid: int) -> bool:
        """Whether this MID answers a push."""
        return mid in _ANSWERS or mid in _ACKNOWLEDGES

    def acknowledged(self, message: Message) -> None:
        """Take such an answer; one that nothing waits for means nothing. Raises MessageError."""
        mids = (answered_mid(message),) if message.mid in _ANSWERS else _ACKNOWLEDGES[message.mid]
        if self._sends and self._pushes[0].message.mid in mids:
            self._pushes.popleft()
            self._sends = 0
        else:
            self._note(f"MID {message.mid:04d} acknowledges nothing: no {mids[0]:04d} waits for it.")

    def advance(self, now_s: float) -> int | None:
        """Repeat what is not acknowledged; the MID of a push that was repeated often enough."""
        if not self._sends or now_s < self._sent_s + ACKNOWLEDGE_S:
            return None
        if self._sends >= PUSHES:
            return self._pushes[0].message.mid
        first = f"MID {self._pushes[0].message.mid:04d}"
        self._note(f"{first} was not acknowledged within 5 s and goes out again ({self._sends + 1} of {PUSHES}).")
        self._send_first(now_s)
        return None

    def next_wake_s(self) -> float | None:
        """When the next repeat is due."""
        return self._sent_s + ACKNOWLEDGE_S if self._sends else None

    def _send_first(self, now_s: float) -> None:
        self._sends += 1
        self._sent_s = now_s
        self._send(self._pushes[0].message, now_s)
