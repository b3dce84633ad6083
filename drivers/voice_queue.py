"""What waits to be said, and what gives way to what. Pure: no lock, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Priority(StrEnum):
    """Why something is said, the most urgent first."""

    SAFETY = "safety"
    CORRECTION = "correction"
    INSTRUCTION = "instruction"
    CHATTER = "chatter"

    def outranks(self, other: Priority) -> bool:
        """Whether this one interrupts the other."""
        ranks = tuple(Priority)
        return ranks.index(self) < ranks.index(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One sentence for the voice."""

    utterance_id: str
    """The caption on the screen carries the same."""
    text: str
    """As it is to be read aloud; Japanese in kana only."""
    lang: str
    """Language code, such as `en` or `ja`."""
    priority: Priority


@dataclass(slots=True)
class SpeechQueue:
    """Sentences that wait. A newer one replaces an older one of its priority; sentences of safety all stay."""

    _waiting: list[Utterance] = field(default_factory=list)

    def put(self, utterance: Utterance) -> tuple[Utterance, ...]:
        """Add a sentence; returns those that it replaced, which are never said."""
        replaced = [
            other
            for other in self._waiting
            if other.priority is utterance.priority and utterance.priority is not Priority.SAFETY
        ]
        self._waiting = [other for other in self._waiting if other not in replaced]
        at = sum(not utterance.priority.outranks(other.priority) for other in self._waiting)
        self._waiting.insert(at, utterance)
        return tuple(replaced)

    def take(self) -> Utterance | None:
        """The most urgent sentence, the oldest of its priority; None when nothing waits."""
        return self._waiting.pop(0) if self._waiting else None

    def outranks(self, speaking: Utterance) -> bool:
        """Whether something waits that must not wait for the end of `speaking`."""
        return bool(self._waiting) and self._waiting[0].priority.outranks(speaking.priority)

    def hush(self) -> tuple[Utterance, ...]:
        """Drop everything but safety; returns what was dropped."""
        dropped = tuple(other for other in self._waiting if other.priority is not Priority.SAFETY)
        self._waiting = [other for other in self._waiting if other.priority is Priority.SAFETY]
        return dropped
