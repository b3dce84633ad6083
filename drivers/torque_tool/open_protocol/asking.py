"""Questions to a controller: what one is, who asks them, and which message answers which.

Source: Open Protocol release 2.8.0, section 3.2.1 and chapter 5. 0004 and 0005 name the MID that they answer. For the
generic MIDs 0006, 0008 and 0009 some controllers name the MID that was asked for instead, and both count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from drivers.torque_tool.open_protocol.codes import refusal_text
from drivers.torque_tool.open_protocol.messages import ACCEPTED, REFUSED, answered_mid
from drivers.torque_tool.open_protocol.protocol import Message, MessageError

GENERIC_MIDS = (6, 8, 9)
_DATA = {
    1: (2,), 6: (1201, 1202), 10: (11,), 12: (13,), 30: (31,), 32: (33,), 40: (41,), 64: (65,), 80: (81,),
    9999: (9999,),
}  # fmt: skip
"""Requests that are answered by data, and the MIDs of the data; all others are answered by 0005."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question. One that acts is sent once: its answer may be lost and the act done."""

    message: Message
    repeatable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A 0004, or an answer that cannot be read."""

    error: int | None
    """The code of the 0004; None for an unreadable answer."""
    detail: str
    """What was refused and why: the rest of a sentence that begins with "The tool controller"."""

    @property
    def code(self) -> str:
        """The stable code of an event about it."""
        return "tool.unreadable" if self.error is None else f"tool.refused.{self.error:02d}"


class Errand(Protocol):
    """Somebody who asks one question after the other."""

    def question(self, now_s: float) -> Ask | None:
        """What to ask now; the same until it is answered or refused. None when there is nothing to ask."""

    def answer(self, message: Message, now_s: float) -> bool:
        """Take an answer (0005 or data). False when more of it has to come. Raises MessageError."""

    def refused(self, refusal: Refusal, now_s: float) -> None:
        """Take the refusal of the present question, or hear that its answer cannot be read."""


def answers(asked: Message, message: Message) -> bool:
    """Whether `message` is an answer to `asked`. Raises MessageError for a 0004 or 0005 that names no MID."""
    if message.mid in (ACCEPTED, REFUSED):
        return answered_mid(message) in names_of(asked)
    return message.mid in _DATA.get(asked.mid, ())


def names_of(asked: Message) -> tuple[int, ...]:
    """The MIDs under which a 0004 or 0005 may answer this request."""
    subject = asked.data[:4]
    return (asked.mid, int(subject)) if asked.mid in GENERIC_MIDS and subject.isdigit() else (asked.mid,)


def refusal_of(asked: Message, error: int) -> Refusal:
    """The refusal that a 0004 with this code says."""
    named = " for ".join(f"MID {mid:04d}" for mid in names_of(asked))
    return Refusal(error=error, detail=f"refused {named}: {refusal_text(error)} (code {error:02d})")


def unreadable(asked: Message, error: MessageError) -> Refusal:
    """The answer came and cannot be read."""
    return Refusal(error=None, detail=f"answered MID {asked.mid:04d} with something that cannot be read: {error}")
