"""The errand that subscribes to everything that the station can do without: alarms, inputs, selections, curves.

Source: Open Protocol release 2.8.0, chapter 5. A controller that refuses one of them loses nothing but that: it becomes
a health note, said once. Every new connection subscribes to all of them again.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.torque_tool.open_protocol.asking import Ask, Refusal
from drivers.torque_tool.open_protocol.codes import ALREADY_THERE, GENERIC_REVISION_UNSUPPORTED, REVISION_UNSUPPORTED
from drivers.torque_tool.open_protocol.generic import GenericRequest, encode_generic, trace_extra
from drivers.torque_tool.open_protocol.handshake import highest
from drivers.torque_tool.open_protocol.profiles import ControllerProfile
from drivers.torque_tool.open_protocol.protocol import Message
from drivers.torque_tool.open_protocol.telling import Telling
from drivers.torque_tool.open_protocol.trace_pairs import TYPES

CODE = "tool.not_subscribed"
SUBSCRIBE = 8
TRACE = 900
_WITHOUT = {
    15: "nobody notices when another parameter set is selected at the controller",
    35: "nobody notices when another job is selected at the controller",
    71: "its alarms are not seen here",
    211: "what is wired to its inputs, such as a socket tray, is not seen here",
    TRACE: "no curves are kept",
}
"""Subscribed MIDs in the order in which they are subscribed to, and what is missing without each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    subject: int
    """The MID that reports."""
    by: int
    """Its own subscribing MID, or the generic 0008."""


class Subscriptions:
    """What is subscribed to, one request after the other."""

    def __init__(self, profile: ControllerProfile, telling: Telling, *, traces: bool) -> None:
        self._profile = profile
        self._telling = telling
        self._wanted = _wanted(profile, traces=traces)
        self._revisions = {
            wanted.subject: highest(profile, wanted.by, wanted.subject)
            if wanted.by != SUBSCRIBE
            else profile.subscribed[wanted.subject]
            for wanted in self._wanted
        }
        self._next = len(self._wanted)
        self._told: set[int] = set()

    def connected(self) -> None:
        """A new connection has no subscriptions."""
        self._next = 0

    def question(self, now_s: float) -> Ask | None:
        """The next subscription."""
        if self._next >= len(self._wanted):
            return None
        wanted = self._wanted[self._next]
        revision = self._revisions[wanted.subject]
        if wanted.by != SUBSCRIBE:
            return Ask(message=Message(mid=wanted.by, revision=revision))
        extra = trace_extra(TYPES) if wanted.subject == TRACE else b""
        request = GenericRequest(mid=wanted.subject, revision=revision, extra=extra)
        return Ask(message=Message(mid=SUBSCRIBE, data=encode_generic(request)))

    def answer(self, message: Message, now_s: float) -> bool:
        """Take the 0005."""
        self._next += 1
        return True

    def refused(self, refusal: Refusal, now_s: float) -> None:
        """Come down one revision, or do without."""
        subject = self._wanted[self._next].subject
        unsupported = refusal.error in (REVISION_UNSUPPORTED, GENERIC_REVISION_UNSUPPORTED)
        if unsupported and self._revisions[subject] > 1:
            # Remembered over the connections, like every revision.
            self._revisions[subject] -= 1
            return
        self._next += 1
        if refusal.error not in ALREADY_THERE and subject not in self._told:
            self._told.add(subject)
            self._telling.health(now_s, CODE, f"The tool controller {refusal.detail}; {_WITHOUT[subject]}.")


def _wanted(profile: ControllerProfile, *, traces: bool) -> tuple[_Wanted, ...]:
    wanted = []
    for subject in _WITHOUT:
        if subject - 1 in profile.revisions and subject != TRACE:
            wanted.append(_Wanted(subject=subject, by=subject - 1))
        elif subject in profile.subscribed and (subject != TRACE or traces):
            wanted.append(_Wanted(subject=subject, by=SUBSCRIBE))
    return tuple(wanted)
