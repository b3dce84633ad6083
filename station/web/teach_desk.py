"""What the teaching of checks looks like from a page: kept by whoever runs the station.

Every method but those that say otherwise returns at once and may be called from the server's event loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One example that was taken."""

    id: str
    camera: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Examples of one state that were told to be another when the model was tried."""

    state: str
    told: str
    count: int
    of: int
    """Of how many that were tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What came of the last training for one camera."""

    camera: str
    usable: bool
    why: str
    """One sentence: what it was tried on and with what result, or why it cannot be used and what to do."""
    confusions: tuple[Confusion, ...]
    model: str
    """Id of the model in use; empty where none is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaughtNow:
    """One check and how far its teaching is."""

    check: str
    kind: str
    states: tuple[str, ...]
    cameras: tuple[str, ...]
    """Those that look at it."""
    examples: tuple[Example, ...]
    trained: tuple[Trained, ...]
    training: bool
    """Whether it is being trained at this moment."""


class TeachRefusedError(Exception):
    """An example was not taken, or a training could not begin. The text is one sentence: why, and what to do."""

    code = "teaching.refused"


class Teaching(Protocol):
    """The teaching of a station's checks."""

    def now(self) -> tuple[TaughtNow, ...]:
        """Every check of the work, in its order."""

    def patch(self, check: str, camera: str) -> bytes | None:
        """The region as the camera sees it now, rectified, as a JPEG; None where it is not seen or is old."""

    def example(self, example: str) -> bytes | None:
        """An example's picture as a JPEG; None where there is none. Reads the disk: not from the event loop."""

    def take(self, check: str, state: str, person: str) -> None:
        """Keep what is seen now as an example of a state. Raises TeachRefusedError. Writes to the disk."""

    def discard(self, example: str, person: str) -> None:
        """Forget an example. Raises TeachRefusedError. Writes to the disk."""

    def train(self, check: str, person: str) -> None:
        """Train and try a check on all its examples; takes seconds. Raises TeachRefusedError."""
